//! The code's own lists, from where it has them: constants, what the program prints, the schema of records, the
//! manifests, and, where there is nothing but an `enum`, its source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use dedup_decide::NEEDS;
use dedup_harness::strategies::{STRATEGIES, conformance::LAWS};
use dedup_harness::talk;
use dedup_records::metrics::ALL;
use dedup_stream::faults::{FAULTS, Hits};
use regex::Regex;
use serde_json::Value;

use super::read;
use crate::tool::Tool;
use crate::workspace::{self, root};

type Names = BTreeSet<String>;

/// Every list, by the name that documents mark it with.
pub(super) fn lists(tool: &Tool) -> BTreeMap<&'static str, Names> {
    let constants = [
        ("strategies", STRATEGIES.iter().map(|definition| definition.name.to_string()).collect()),
        ("requirements", NEEDS.iter().map(|need| need.name.to_string()).collect()),
        ("laws", LAWS.iter().map(|law| law.name.to_string()).collect()),
        ("exit codes", exit_codes()),
        ("usual names of the id", literals("harness", "USUAL_ID_FIELDS")),
        ("files with unsafe", files_with_unsafe()),
        ("deeper checks", deeper_checks()),
        ("libraries", libraries()),
        ("features", features()),
        ("packages", packages()),
        ("fields of a profile", fields_of_a_profile()),
        ("sub-commands", commands(tool)),
        ("sections of a page", sections()),
        ("figures of the exact gate", figures_of_the_exact_gate()),
        ("faults of a server", faults_of_a_server()),
        ("fields of a promise", fields("dedup-strategies", "Promise")),
        ("streams of the talk", streams_of_the_talk()),
        ("strategies of the talk", strategies_of_the_talk()),
        ("columns of the talk", columns_of_the_talk()),
        ("numbers", numbers_that_people_read()),
        ("scenarios", listed(tool, "scenarios")),
        ("faults", listed(tool, "faults")),
    ];
    let enums = [
        ("windows", "Window"),
        ("bounds", "Bound"),
        ("memory", "Memory"),
        ("verdicts of a strategy", "Verdict"),
        ("routing", "Routing"),
        ("roles", "Role"),
        ("ways to forget", "Forgets"),
    ];
    let choices = [
        ("passes", "run", "--pass"),
        ("nightly jobs", "run", "--nightly"),
        ("time units", "run", "--time-unit"),
        ("formats of compare", "compare", "--format"),
        ("formats of report", "report", "--format"),
        ("SQL dialects", "nightly", "--emit-sql"),
        ("engines of a profile", "profile", "--emit-sql"),
    ];
    let fields = [
        ("fields at the top", "unknown = 1"),
        ("fields of pipeline", "[pipeline]\nunknown = 1"),
        ("fields of bad_id", "[bad_id]\nunknown = 1"),
        ("fields of nightly", "[nightly]\nunknown = 1"),
        ("fields of clients", "[clients]\nunknown = 1"),
        ("fields of repeat", "[[repeat]]\nunknown = 1"),
        ("arrival processes", "[arrival]\nprocess = 'unknown'"),
        ("lags", "[[repeat]]\ncause = 'c'\nlag.unknown = 1"),
    ];
    let records = [
        ("fields of a run", "RunRecord"),
        ("fields of a cell", "CellRecord"),
        ("results of a cell", "CellResult"),
        ("roles in records", "Role"),
        ("verdicts of a run", "Verdict"),
        ("ways to fail", "Failure"),
        ("figures of verify", "VerifyFigures"),
        ("figures of stable", "StableFigures"),
        ("figures of time", "TimeFigures"),
        ("figures of weigh", "WeighFigures"),
        ("figures of scale", "ScaleFigures"),
        ("figures of impact", "ImpactFigures"),
        ("fields of a number", "NumberFigures"),
        ("fields of a point", "ScalePoint"),
    ];
    let schema = serde_json::from_str(&read(&root().join("docs/results.schema.json"))).unwrap();
    let all = constants.into_iter();
    let all = all.chain(enums.map(|(list, name)| (list, variants("dedup-strategies", name))));
    let all =
        all.chain(choices.map(|(list, command, option)| (list, possible_values(tool, command, option))));
    let all = all.chain(fields.map(|(list, toml)| (list, allowed(tool, toml))));
    let all = all.chain(records.map(|(list, definition)| (list, of_schema(&schema, definition))));
    let all: BTreeMap<_, Names> = all.collect();
    all.iter().for_each(|(list, names)| assert!(!names.is_empty(), "nothing was found for {list:?}"));
    all
}

pub(super) fn exit_codes() -> Names {
    let code = Regex::new(r"(?m)^\s*\w+ = (\d+),").unwrap();
    captured(&code, &declaration("harness", "pub enum Exit {"))
}

fn captured(pattern: &Regex, text: &str) -> Names {
    pattern.captures_iter(text).map(|found| found[1].to_string()).collect()
}

fn variants(package: &str, name: &str) -> Names {
    let variant = Regex::new(r"(?m)^    ([A-Z]\w*)").unwrap();
    captured(&variant, &declaration(package, &format!("pub enum {name} {{")))
}

fn fields(package: &str, name: &str) -> Names {
    let field = Regex::new(r"(?m)^    pub (\w+):").unwrap();
    captured(&field, &declaration(package, &format!("pub struct {name} {{")))
}

/// Of tables with a funnel of three steps.
fn numbers_that_people_read() -> Names {
    let shape = dedup_impact::Shape {
        first_day: dedup_impact::Day(0),
        days: 1,
        clients: 1,
        dimensions: Vec::new(),
        steps: vec![String::new(); 3],
        newcomers: dedup_impact::Newcomers::ByPing,
    };
    dedup_impact::numbers(&shape).into_iter().map(dedup_impact::Number::name).collect()
}

/// What happens to a server or its clock, and not to the pipeline alone.
fn faults_of_a_server() -> Names {
    let faults = FAULTS.iter().filter(|fault| fault.hits != Hits::Pipeline);
    faults.map(|fault| fault.name.to_string()).collect()
}

/// Its own by name, those of faults by their folder.
fn streams_of_the_talk() -> Names {
    let streams = talk::parts(talk::Scale::Full).unwrap().into_iter();
    streams.map(|part| if part.is_own() { part.scenario.name } else { "faults/*".to_string() }).collect()
}

fn strategies_of_the_talk() -> Names {
    talk::strategies(STRATEGIES).into_iter().map(|definition| definition.name.to_string()).collect()
}

/// But for the name of the strategy.
fn columns_of_the_talk() -> Names {
    let title = Regex::new(r#"(?m)^    \("([^"]+)","#).unwrap();
    let mut columns = captured(&title, &declaration("harness/report", "const COLUMNS: &[Column] = &["));
    columns.remove("strategy");
    columns
}

fn sections() -> Names {
    captured(&Regex::new(r"(\w+)::section\(").unwrap(), &declaration("harness/report", "pub(super) fn all("))
}

fn literals(package: &str, constant: &str) -> Names {
    captured(
        &Regex::new(r#"(?m)^    "(.+)",$"#).unwrap(),
        &declaration(package, &format!("const {constant}:")),
    )
}

/// What stands from the only line that begins so, wherever in the package, to the end of the block that it opens.
fn declaration(package: &str, begins: &str) -> String {
    let holds =
        |text: &String| text.lines().any(|line| line.trim_start_matches("pub(crate) ").starts_with(begins));
    let found: Vec<String> =
        sources(&root().join(package)).iter().map(|path| read(path)).filter(holds).collect();
    assert_eq!(found.len(), 1, "{begins:?} stands {} times in {package}", found.len());
    let (_, rest) = found[0].split_once(begins).unwrap();
    rest.lines()
        .take_while(|line| !line.starts_with(['}', ']']))
        .fold(String::new(), |text, line| text + line + "\n")
}

/// Every source file of a package and of those inside it, but for tests beside the source.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let files = entries.flat_map(|path| match path.is_dir() {
        true if ["tests", "target"].iter().any(|name| path.ends_with(name)) => Vec::new(),
        true => sources(&path),
        false => vec![path],
    });
    files.filter(|path| path.extension().is_some_and(|ending| ending == "rs")).collect()
}

fn deeper_checks() -> Names {
    let scripts = std::fs::read_dir(root().join("checks")).unwrap().flatten();
    scripts.map(|script| script.file_name().into_string().unwrap()).collect()
}

fn files_with_unsafe() -> Names {
    let code = Regex::new(r"(?m)^[^/\n]*\bunsafe\b").unwrap();
    let all =
        ["dedup-strategies", "harness", "benches"].iter().flat_map(|package| sources(&root().join(package)));
    let unsafe_ones = all.filter(|path| code.is_match(&read(path)));
    unsafe_ones.map(|path| path.strip_prefix(root()).unwrap().display().to_string()).collect()
}

fn manifest(path: &str) -> toml::Table {
    read(&root().join(path)).parse().unwrap()
}

fn figures_of_the_exact_gate() -> Names {
    let held = ALL.iter().filter(|metric| metric.tolerance.is_some());
    held.map(|metric| metric.name.to_string()).collect()
}

/// What a service may choose of the strategies' package.
fn features() -> Names {
    let manifest = manifest("dedup-strategies/Cargo.toml");
    let named = manifest["features"].as_table().unwrap().keys();
    named.filter(|name| *name != "default").cloned().collect()
}

/// The libraries that the workspace names, without its own packages.
fn libraries() -> Names {
    let manifest = manifest("Cargo.toml");
    let named = manifest["workspace"]["dependencies"].as_table().unwrap().keys();
    named.filter(|name| !name.starts_with("dedup-")).cloned().collect()
}

/// Each package and those of the workspace that it depends on, as Cargo has it.
fn packages() -> Names {
    workspace::packages().iter().map(arrow).collect()
}

fn arrow(package: &Value) -> String {
    let name = package["name"].as_str().unwrap();
    let known = package["dependencies"].as_array().unwrap().iter().filter(|known| known["path"].is_string());
    let known: BTreeSet<&str> =
        known.map(|known| known["name"].as_str().unwrap()).filter(|known| *known != name).collect();
    match known.is_empty() {
        true => name.to_string(),
        false => format!("{name} ─► {}", Vec::from_iter(known).join(", ")),
    }
}

fn commands(tool: &Tool) -> Names {
    let help = tool.prints(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    let names = captured(&Regex::new(r"(?m)^  (\w+)").unwrap(), list);
    names.into_iter().filter(|name| name != "help").collect()
}

/// The names in `list WHAT`: what begins a line, but for the heading.
fn listed(tool: &Tool, what: &str) -> Names {
    let printed = tool.prints(&["list", what]);
    let (_heading, list) = printed.split_once('\n').unwrap();
    captured(&Regex::new(r"(?m)^(\S+)").unwrap(), list)
}

fn possible_values(tool: &Tool, command: &str, option: &str) -> Names {
    let help = tool.prints(&[command, "--help"]);
    let (_, of_option) = help.split_once(&format!("{option} <")).unwrap();
    let of_option: Vec<&str> =
        of_option.lines().take_while(|line| !line.trim_start().starts_with("--")).collect();
    captured(&Regex::new(r"(?m)^\s+- (\w+):").unwrap(), &of_option.join("\n"))
}

/// What a scenario's error says is allowed in the place of `unknown`.
fn allowed(tool: &Tool, toml: &str) -> Names {
    let beginning = "about = 'x'\nwindow = '1m'\npings = 10\n";
    let beginning = if toml.contains('[') { beginning } else { "" };
    tool.write("unknown.toml", format!("{beginning}{toml}\n"));
    let error = String::from_utf8(tool.output(&["stream", "./unknown.toml"]).stderr).unwrap();
    let (_, allowed) = error.split_once("one of ").unwrap_or_else(|| panic!("{toml:?}: {error}"));
    allowed.trim().split(", ").map(str::to_owned).collect()
}

/// The fields of a definition in the schema, or the names that it may be.
fn of_schema(schema: &Value, definition: &str) -> Names {
    let definition = &schema["$defs"][definition];
    let own = std::slice::from_ref(definition);
    let parts = definition["oneOf"].as_array().map_or(own, Vec::as_slice);
    parts.iter().flat_map(names).collect()
}

fn fields_of_a_profile() -> Names {
    let schema = serde_json::from_str(&read(&root().join("docs/profile.schema.json"))).unwrap();
    names(&schema).into_iter().collect()
}

fn names(part: &Value) -> Vec<String> {
    let fields = part["properties"].as_object().into_iter().flat_map(|fields| fields.keys().cloned());
    let words = part["enum"].as_array().into_iter().flatten().chain([&part["const"]]);
    fields.chain(words.filter_map(|word| word.as_str().map(str::to_owned))).collect()
}
