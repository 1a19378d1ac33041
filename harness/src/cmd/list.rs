//! `list`: what there is.

mod rows;

use std::io::Write;

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use dedup_report::tables::Look;
use dedup_strategies::{Definition, Needs, Role};
use dedup_stream::faults::{FAULTS, FaultSpec, FieldType, Lasts};
use dedup_stream::scenario::{Scenario, embedded};

use self::rows::{ScenarioRow, SettingRow, StrategyRow};
use super::stored::FilterArgs;
use crate::exit::{Exit, OrExit};
use crate::filter::Filter;
use crate::print::print;
use crate::systems::SystemsArgs;

/// Options of `list`.
#[derive(Clone, Debug, Args)]
pub struct ListArgs {
    /// What to show; everything if nothing is said
    #[arg(value_enum)]
    pub what: Option<What>,
    /// Systems beside the strategies.
    #[command(flatten)]
    pub systems: SystemsArgs,
    /// Which of them
    #[command(flatten)]
    pub filter: FilterArgs,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Strategies and their settings
    Strategies,
    /// Scenarios
    Scenarios,
    /// Kinds of faults that a scenario can place, and their fields
    Faults,
}

/// Prints the lists.
pub fn run(args: &ListArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let filter = args.filter.filter().or_exit(Exit::Usage)?;
    let definitions = &args.systems.with(definitions)?[..];
    let look = Look::of_stdout();
    let mut lists = Vec::new();
    let shows = |what: What| args.what.is_none_or(|asked| asked == what);
    if shows(What::Strategies) {
        let rows = found("strategy", strategies(definitions, &filter))?;
        lists.push(rows::strategies(&rows, look));
    }
    if shows(What::Scenarios) {
        let rows = found("scenario", scenarios(&filter)?)?;
        lists.push(rows::scenarios(&rows, look));
    }
    // Chosen by no filter: they have neither strategies nor scenarios.
    if args.what == Some(What::Faults) || (args.what.is_none() && args.filter.is_empty()) {
        lists.push(rows::faults(&faults(), look));
    }
    print(out, &lists.join("\n"))?;
    Ok(Exit::Ok)
}

fn found<T>(kind: &str, rows: Vec<T>) -> anyhow::Result<Vec<T>> {
    if rows.is_empty() {
        return Err(anyhow!("--{kind}: no {kind} matches; `list` shows all")).or_exit(Exit::Usage);
    }
    Ok(rows)
}

fn strategies(definitions: &[Definition], filter: &Filter) -> Vec<StrategyRow> {
    let row = |definition: &Definition| StrategyRow {
        name: definition.name.to_string(),
        about: about(definition),
        settings: definition
            .settings
            .iter()
            .map(|setting| SettingRow {
                name: setting.name.to_string(),
                about: setting.about.to_string(),
                default: setting.default.to_string(),
            })
            .collect(),
    };
    definitions.iter().filter(|definition| filter.strategy(definition.name)).map(row).collect()
}

fn faults() -> Vec<StrategyRow> {
    let row = |name: &str, about: &str, default: &str| SettingRow {
        name: name.to_string(),
        about: about.to_string(),
        default: default.to_string(),
    };
    let fields = |kind: &FaultSpec| {
        let mut rows = vec![row("at", "when it begins, from the start of the stream", "required")];
        if kind.lasts == Lasts::While {
            rows.push(row("for", "how long it goes on", "required"));
        }
        rows.extend(kind.fields.iter().map(|field| {
            let default = field.default.map_or("required".to_string(), |default| default.to_string());
            let about = match field.what {
                FieldType::Word(words) => format!("{}: {}", field.about, words.join(", ")),
                _ => field.about.to_string(),
            };
            row(field.name, &about, &default)
        }));
        rows
    };
    let kind = |kind: &FaultSpec| StrategyRow {
        name: kind.name.to_string(),
        about: kind.about.to_string(),
        settings: fields(kind),
    };
    FAULTS.iter().map(kind).collect()
}

fn about(definition: &Definition) -> String {
    let role = match definition.role {
        Role::Candidate | Role::Floor => "",
        Role::NegativeControl => "; a negative control, expected to break its promise",
    };
    let needs = match definition.needs {
        Needs::Nothing => String::new(),
        Needs::Redis => "; needs redis-server".to_string(),
        Needs::System { file, .. } => format!("; a system, {file}"),
    };
    let note = definition.operation.note.map_or(String::new(), |note| format!(". {note}"));
    format!("{}{role}{needs}{note}", definition.about)
}

fn scenarios(filter: &Filter) -> anyhow::Result<Vec<ScenarioRow>> {
    embedded()
        .filter(|(name, _)| filter.scenario(name))
        .map(|(name, toml)| {
            let scenario = Scenario::from_toml(&format!("scenarios/{name}.toml"), toml)?;
            Ok(ScenarioRow {
                name: name.to_string(),
                about: first_sentence(&scenario.about),
                pings_count: Some(scenario.expected_pings()),
                duplicate_percent: Some(duplicate_percent(&scenario)),
            })
        })
        .collect()
}

/// Expected, as the pings are.
fn duplicate_percent(scenario: &Scenario) -> f64 {
    100.0 * scenario.expected_duplicates() as f64 / scenario.expected_pings().max(1) as f64
}

fn first_sentence(prose: &str) -> String {
    let words = prose.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = words.find(". ").map_or(words.len(), |end| end + 1);
    words[..end].to_string()
}
