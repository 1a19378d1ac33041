//! Systems: programs of their own that speak the protocol, good ones and liars.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use dedup_harness::strategies::protocol::{Frames, Hello, Welcome};
use rustix::process::{Pid, Signal, kill_process};

use crate::profile_sql::python;
use crate::tool::{TINY, Tool, entries, eventually};
use crate::workspace::root;

const WELCOME: &str = r#"{"dedup-protocol":1,"frames":"json"}"#;

/// A system in the shell: greets with `welcome`, and answers each request with what `answer` prints.
fn system(tool: &Tool, welcome: &str, answer: &str) {
    let script = format!("read -r hello\n{welcome}\nwhile read -r line; do\n{answer}\ndone\n");
    tool.write("liar.sh", script);
    file(tool, "command = [\"sh\", \"liar.sh\"]");
}

fn file(tool: &Tool, command: &str) {
    let text = format!(
        "name = \"liar\"\nabout = \"a\"\noperate = \"o\"\n{command}\ninstall = \"install it\"\n\
         reply-within = \"2s\"\nrouting = \"by-key\"\n[promise]\nremembers = \"nothing\"\n"
    );
    tool.write("liar.toml", text);
}

fn greeting(line: &str) -> String {
    format!("echo '{line}'")
}

/// How `conform` ends for a system, with all that it printed, each reason in one line.
fn conform(tool: &Tool, file: &str) -> (Option<i32>, String) {
    let output = tool.command(&["conform", file, "--law", "one verdict"]).output().unwrap();
    let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code(), said.replace("\n        ", " "))
}

#[test]
fn what_laws_say_of_a_system_and_what_lists_say_is_as_wide_as_the_place() {
    let tool = Tool::new();
    let fails = format!("echo '{{\"failed\":\"{}\"}}'", "no more room ".repeat(12));
    system(&tool, &greeting(WELCOME), &fails);
    for args in [
        &["conform", "./liar.toml", "--law", "one verdict"][..],
        &["list", "strategies", "--systems", ".", "-s", "^(liar|apbf|redis-lease)$"],
    ] {
        for (columns, widest) in [("60", 60), ("80", 80), ("", 110)] {
            let output = tool.command(args).env("COLUMNS", columns).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            // A path stays whole, so that it can be copied.
            let lines = said.lines().filter(|line| !line.contains('/'));
            let longest = lines.map(|line| line.chars().count()).max().unwrap();
            assert!((widest - 15..=widest).contains(&longest), "{args:?}, {columns:?}: {longest}\n{said}");
        }
    }
}

#[test]
fn a_system_in_another_language_obeys_the_laws_and_stands_in_the_table() {
    let tool = Tool::with_tiny();
    let file = root().join("systems/examples/dict-window.toml");
    let file = file.to_str().unwrap();
    let said = tool.prints(&["conform", file, "--law", "one verdict"]);
    assert!(said.contains("dict-window obeys the one law asked for"), "{said}");
    let run = ["run", "-f", "tiny.toml", "-s", file, "-s", "^exact$", "-p", "verify", "-o", "out"];
    let table = tool.prints(&run);
    let verdict =
        |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    let missed = |name: &str| verdict(name).split_whitespace().nth(1).map(str::to_string);
    assert!(verdict("dict-window").contains("kept"), "{table}");
    assert_eq!(missed("dict-window"), missed("exact"), "{table}");
    let record = fs::read_to_string(tool.work().join("out/records.jsonl")).unwrap();
    assert!(record.contains("\"dict-window\":\"Python 3."), "its version is in the record");
    assert_eq!(tool.processes(), Vec::<String>::new());
}

/// Texts with commas, braces, escapes and letters of other languages; a setting goes before a field of its name.
#[test]
fn the_clients_for_java_read_the_greeting_as_it_is() {
    let tool = Tool::new();
    for client in ["DedupSystem", "DedupFlow"] {
        let told = format!(
            "public final class Told {{ public static void main(String[] names) throws Exception {{
                java.io.PrintStream out = new java.io.PrintStream(System.out, true, \"UTF-8\");
                {client} system = new {client}();
                for (String name : names) {{ out.println(system.told(name)); }}
            }} }}"
        );
        tool.write("Told.java", told);
        let java = |program: &str| {
            let mut command = Command::new(program);
            command.current_dir(tool.work());
            command
        };
        let file = ours(&format!("clients/{client}.java"));
        assert!(java("javac").args(["-d", ".", &file, "Told.java"]).status().unwrap().success());
        let mut told = java("java");
        let told = told.args(["-cp", ".", "Told", "seed", "worker", "state_dir", "word", "time_factor"]);
        let mut told = told.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let greeting = r#"{"worker":3,"seed":7,"state_dir":"/tmp/a,b} ü \"x\" \\ \u0041","time_factor":1.5,"settings":{"seed":9,"word":"n"}}"#;
        writeln!(told.stdin.take().unwrap(), "{greeting}").unwrap();
        let said = String::from_utf8(told.wait_with_output().unwrap().stdout).unwrap();
        assert_eq!(said.lines().collect::<Vec<_>>(), ["9", "3", r#"/tmp/a,b} ü "x" \ A"#, "n", "1.5"]);
    }
}

/// What a judge has no method for it is not asked, and it may say less than it has methods for.
#[test]
fn the_clients_for_judges_ask_for_what_a_system_acts_on() {
    let tool = Tool::new();
    let hello = r#"{"dedup-protocol":1,"worker":0,"settings":{"window":1}}"#;
    let welcome = |command: &mut Command| {
        let command = command.current_dir(tool.work()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{hello}").unwrap();
        let said = child.wait_with_output().unwrap().stdout;
        let welcome: Welcome = serde_json::from_slice(&said).unwrap();
        (welcome.calls.settle, welcome.calls.advance)
    };
    tool.write("dedup_system.py", fs::read(ours("clients/dedup_system.py")).unwrap());
    let settle = "public void settle(DedupSystem.Settled[] s, long now) {}";
    let advance = "public long[] advance(long now) { return new long[0]; }";
    let less = "public DedupSystem.Hears hears() { return new DedupSystem.Hears(false, true); }";
    for (java, python, asked) in [
        ("", "pass", (false, false)),
        (settle, "settle = print", (true, false)),
        (advance, "advance = print", (false, true)),
        (&format!("{settle} {advance}"), "settle = advance = print", (true, true)),
        (&format!("{settle} {advance} {less}"), "settle, advance = None, print", (false, true)),
    ] {
        let judge = format!(
            "public final class Mine implements DedupSystem.Judge {{
                public byte[] judge(DedupSystem.Ping[] pings, long now) {{ return null; }}
                public long[] footprint() {{ return null; }}
                {java}
                public static void main(String[] none) throws Exception {{ new DedupSystem().serve(\"a\", new Mine()); }}
            }}"
        );
        tool.write("Mine.java", judge);
        let mut compile = Command::new("javac");
        let compile = compile.current_dir(tool.work()).args(["-d", ".", &ours("clients/DedupSystem.java")]);
        assert!(compile.arg("Mine.java").status().unwrap().success(), "{java}");
        assert_eq!(welcome(Command::new("java").args(["-cp", ".", "Mine"])), asked, "{java}");
        let mine = format!("from dedup_system import *\nclass Mine(System):\n    {python}\nserve(Mine)\n");
        tool.write("mine.py", mine);
        assert_eq!(welcome(Command::new("python3").arg("mine.py")), asked, "{python}");
    }
}

#[test]
fn the_client_for_java_obeys_the_laws_as_well() {
    let file = root().join("systems/examples/map-window.toml");
    let tool = Tool::with_tiny();
    let file = file.to_str().unwrap();
    let said = tool.prints(&["conform", file, "--law", "verdict"]);
    assert!(said.contains("map-window obeys the 2 laws asked for"), "{said}");
    tool.prints(&["run", "-f", "tiny.toml", "-s", file, "-s", "^exact$", "-p", "verify", "-o", "out"]);
    let records = tool.records("out").iter().map(ToString::to_string).collect::<String>();
    assert!(
        records.contains("\"map-window\":\"Java 1") || records.contains("\"map-window\":\"Java 2"),
        "{records}"
    );
    assert!(!records.contains("broken"), "{records}");
}

#[test]
fn what_a_liar_does_is_said_in_one_sentence_and_nothing_of_it_is_left() {
    let new = r#"echo '{"verdicts":["new"]}'"#;
    for (welcome, answer, exit, said) in [
        ("exit 3", new, 1, "ended before it said welcome (exit status: 3)"),
        ("echo broken >&2; exit 3", new, 1, "it said: broken"),
        ("exec sleep 1000", new, 1, "gave no answer within 2s (reply-within in its file)"),
        ("echo hello", new, 1, "sent no welcome"),
        (
            &*greeting(r#"{"dedup-protocol":2,"frames":"json"}"#),
            new,
            1,
            "speaks version 2 of the protocol; allowed is 1",
        ),
        (&*greeting(r#"{"failed":"no licence"}"#), new, 1, "refused: no licence"),
        (
            &*greeting(WELCOME),
            "echo '{\"done\":{}}'; echo '{\"done\":{}}'",
            1,
            "liar answered \"done\" where",
        ),
        (
            // In one piece, so that both are there when the first is read.
            &*format!("printf '%s\\n%s\\n' '{WELCOME}' '{WELCOME}'"),
            new,
            1,
            "said something that it was not asked for",
        ),
        (&*greeting(WELCOME), "exec 1>&-; exec sleep 1000", 1, "closed its output and lives on"),
        (&*greeting(WELCOME), "kill -SEGV $$", 1, "signal 11"),
        (&*greeting(WELCOME), "exit 4", 1, "ended without an answer (exit status: 4)"),
        (&*greeting(WELCOME), "exec sleep 1000", 1, "gave no answer within 2s"),
        (&*greeting(WELCOME), "echo rubbish", 1, "answered with the line \"rubbish\""),
        (&*greeting(WELCOME), new, 1, "gave 1 verdicts for"),
        (
            &*greeting(WELCOME),
            "echo '{\"partly\":{\"verdicts\":[\"new\"],\"unjudged\":\"why\"}}'",
            1,
            "said why some pings have no verdict, and gave each of them one",
        ),
        (&*greeting(WELCOME), "echo '{\"done\":{}}'", 1, "answered \"done\" where \"verdicts\" is allowed"),
        (&*greeting(WELCOME), "printf '{\"verdicts\":'; exit", 1, "half a line"),
        (&*greeting(WELCOME), "echo '{\"failed\":\"away\"}'", 1, "liar away"),
        (&*greeting(WELCOME), "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 5", 1, "exit status: 5"),
        (
            &*greeting(r#"{"dedup-protocol":1,"frames":"binary"}"#),
            "head -c 100 /dev/zero | tr '\\0' x",
            1,
            "no frame: it begins with",
        ),
    ] {
        let tool = Tool::new();
        system(&tool, welcome, answer);
        let (code, printed) = conform(&tool, "./liar.toml");
        let named = printed.contains(said) && printed.contains("liar");
        assert!(named && code == Some(exit), "{welcome:?}, {answer:?}: {code:?}\n{printed}");
        assert_eq!(tool.processes(), Vec::<String>::new(), "{welcome:?}, {answer:?}");
    }
}

/// A flow in the shell: does `pings` for the `$n`th batch of pings, and `marker` for the `$n`th marker.
fn flow(tool: &Tool, pings: &str, marker: &str) {
    let answer = format!("case \"$line\" in *'\"marker\":'*) {marker};; *) n=$((n + 1)); {pings};; esac");
    system(tool, &greeting(WELCOME), &answer);
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    let text = text.replace("routing = \"by-key\"", "[flow]\npings = 1000\nlinger = \"1s\"");
    tool.write("liar.toml", text);
}

#[test]
fn what_a_flow_lies_about_is_said_in_one_sentence_and_nothing_of_it_is_left() {
    let echo = r#"echo "{\"marker\":$n}""#;
    for (pings, marker, said) in [
        ("echo '{\"passed\":[999999]}'", echo, "let ping 999999 out, which was never put in"),
        ("[ $n = 1 ] || echo '{\"passed\":[0]}'", echo, "let ping 0 out after the marker behind it"),
        (":", ":", "did not let marker 1 out within 2s (reply-within in its file)"),
        (":", "exec sleep 1000", "did not let marker 1 out within 2s"),
        ("while :; do echo '{\"passed\":[0]}'; done", echo, "did not let marker 1 out within 2s"),
        (":", "echo '{\"marker\":7}'", "let marker 7 out where 1 is allowed"),
        (":", "exit 4", "ended without an answer (exit status: 4)"),
        ("kill -SEGV $$", echo, "signal 11"),
        (":", "echo rubbish", "answered with the line \"rubbish\""),
        (
            "echo '{\"verdicts\":[\"new\"]}'",
            echo,
            "answered \"verdicts\" where \"passed\" or \"marker\" is allowed",
        ),
        (":", "echo '{\"failed\":\"away\"}'", "liar away"),
        // Its marker comes nevertheless: where another's is allowed, of which the cause is what it said first.
        ("echo '{\"failed\":\"no space\"}'", echo, "liar no space"),
        ("echo '{\"passed\":[-1]}'", echo, "expected u64"),
    ] {
        let tool = Tool::new();
        flow(&tool, pings, marker);
        let (code, printed) = conform(&tool, "./liar.toml");
        let named = printed.contains(said) && printed.contains("liar");
        assert!(named && code == Some(1), "{pings:?}, {marker:?}: {code:?}\n{printed}");
        assert_eq!(tool.processes(), Vec::<String>::new(), "{pings:?}, {marker:?}");
        eventually("the end of every directory", || fs::read_dir(tool.tmp()).unwrap().next().is_none());
    }
}

/// The example without the client, changed.
fn all_ids(tool: &Tool, from: &str, to: &str) {
    let examples = root().join("systems/examples");
    let program = fs::read_to_string(examples.join("all_ids.py")).unwrap();
    assert!(program.contains(from));
    tool.write("all_ids.py", program.replace(from, to));
    fs::copy(examples.join("all-ids.toml"), tool.work().join("all-ids.toml")).unwrap();
}

#[test]
fn what_comes_out_of_a_flow_twice_breaks_a_law_and_is_counted_beside_what_was_missed() {
    let tool = Tool::with_tiny();
    all_ids(&tool, "[ping[\"delivery\"]]", "[ping[\"delivery\"]] * 2");
    let output = tool.command(&["conform", "./all-ids.toml", "--law", "twice"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let is_broken = said.contains("BROKEN  nothing comes out of a flow twice");
    assert!(is_broken && output.status.code() == Some(4), "{said}");
    let run = ["run", "-f", "tiny.toml", "-s", "./all-ids.toml", "-p", "verify", "-o", "out"];
    let table = tool.prints(&run);
    assert!(table.contains("all-ids: ") && table.contains(" pings came out again"), "{table}");
    let record = &tool.records("out")[1];
    let figures = &record["result"]["verify"];
    let passed = figures["unique_count"].as_u64().unwrap();
    assert_eq!(figures["emitted_twice_count"].as_u64(), Some(passed), "{record}");
    assert_eq!(figures["missed_count"], 0, "{record}");
    assert_eq!((&record["clock"], &record["batch_count"]), (&"given".into(), &1000.into()), "{record}");
}

#[test]
fn a_flow_that_answers_while_it_is_still_told_is_listened_to() {
    let tool = Tool::with_tiny();
    // More than a pipe holds, before it listens to the next batch, which is more than a pipe holds as well.
    let echo = r#"print(json.dumps({"marker": what["number"]}), flush=True)"#;
    all_ids(&tool, echo, &format!("{echo}\n        print(' ' * 3000000 + '{{\"passed\":[]}}', flush=True)"));
    let text = fs::read_to_string(tool.work().join("all-ids.toml")).unwrap();
    tool.write("all-ids.toml", text.replace("\"1s\"", "\"1h\""));
    let table = tool.prints(&["run", "-f", "tiny.toml", "-s", "./all-ids.toml", "-p", "verify"]);
    assert!(table.lines().any(|line| line.starts_with("all-ids") && line.contains("kept")), "{table}");
}

#[test]
fn a_flow_finds_the_duplicates_that_an_exact_table_finds() {
    let tool = Tool::with_tiny();
    let file = ours("examples/late-window.toml");
    let said = tool.prints(&["conform", &file, "--law", "missed inside"]);
    assert!(said.contains("late-window obeys the one law asked for"), "{said}");
    let run =
        ["run", "-f", "tiny.toml", "-s", &file, "-s", "^exact$", "-p", "verify", "-p", "time", "-p", "weigh"];
    let table = tool.prints(&run);
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    let missed = |name: &str| row(name).split_whitespace().nth(1).map(str::to_string);
    assert!(row("late-window").contains("kept"), "{table}");
    assert_eq!(missed("late-window"), missed("exact"), "{table}");
    let plain = table.split_whitespace().collect::<Vec<_>>().join(" ");
    let warm = "systems are timed over the second half of their pings, once they are warm. To start they took: late-window ";
    assert!(plain.contains(warm), "{table}");
    assert_eq!(tool.processes(), Vec::<String>::new());
}

#[test]
fn verdicts_of_two_are_compared_one_by_one() {
    let tool = Tool::with_tiny();
    let file = ours("examples/late-window.toml");
    let compare = |against: &str| {
        let args = ["conform", &file, "--against", against, "-f", "tiny.toml"];
        let output = tool.command(&args).output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let (code, said) = compare("exact");
    let same = "got the same verdict from both (100.0000 %)";
    assert!(code == Some(0) && said.contains(same), "{code:?} {said}");
    assert!(said.starts_with("late-window and exact on the pings of tiny, seed 5, one worker"), "{said}");
    let (code, said) = compare("exact:window=1m");
    let differ =
        "pings let through by exact:window=1m alone\n    of keys on which they agreed until then: 1m ";
    assert!(code == Some(4) && said.contains("0 pings let through by late-window alone"), "{code:?} {said}");
    assert!(said.contains(differ), "{said}");
    let (code, said) = compare("redis-claim");
    assert!(code == Some(2) && said.contains("redis-claim: the laws are for"), "{code:?} {said}");
    assert_eq!(tool.processes(), Vec::<String>::new());
}

#[test]
fn what_a_system_leaves_where_temporary_files_go_is_gone_with_it() {
    let tool = Tool::new();
    system(&tool, &format!("mktemp >&2; {}", greeting(WELCOME)), "exit 4");
    let (_, said) = conform(&tool, "./liar.toml");
    let ours = format!("it said: {}/", tool.tmp().display());
    assert!(said.contains(&ours), "{ours} in {said}");
    assert!(entries(&tool.tmp()).is_empty());
}

#[test]
fn a_system_that_is_waited_for_is_left_on_request_with_all_that_it_has_started() {
    let tool = Tool::new();
    // Its child is in a session of its own, where no signal to its group arrives.
    system(&tool, &greeting(WELCOME), "setsid sleep 1000 & exec sleep 2000");
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    tool.write("liar.toml", text.replace("2s", "1h"));
    let mut child = tool.process(&["conform", "./liar.toml"]).spawn().unwrap();
    let sleeping = || tool.processes().iter().filter(|name| *name == "sleep").count();
    eventually("two that sleep", || sleeping() == 2);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    eventually("the end of every process", || tool.processes().is_empty());
    eventually("the end of every directory", || fs::read_dir(tool.tmp()).unwrap().next().is_none());
}

/// Hears nothing, and makes its directory anew as long as it lives.
const STUBBORN: &str =
    "trap '' TERM INT; here=$(pwd); while :; do mkdir -p \"$here/again\"; sleep 0.05; done";

/// Whatever ends us: the directory goes once a program that hears nothing is gone, which makes it anew until then.
#[test]
fn a_system_that_works_in_its_directory_to_the_last_leaves_none() {
    for signal in [Signal::TERM, Signal::KILL] {
        let tool = Tool::new();
        system(&tool, &greeting(WELCOME), STUBBORN);
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        tool.write("liar.toml", text.replace("2s", "1h"));
        let mut child = tool.process(&["conform", "./liar.toml"]).spawn().unwrap();
        eventually("its directory", || entries(&tool.tmp()).iter().any(|path| path.ends_with("again")));
        kill_process(Pid::from_child(&child), signal).unwrap();
        child.wait().unwrap();
        eventually("the end of every process", || tool.processes().is_empty());
        assert!(entries(&tool.tmp()).is_empty(), "{signal:?}: {:?}", entries(&tool.tmp()));
    }
}

/// A cell that is stopped has a directory that goes with it, whatever its programs still put there.
#[test]
fn a_run_that_is_stopped_leaves_no_directory_of_a_system_that_writes_to_the_last() {
    let tool = Tool::with_tiny();
    system(&tool, &greeting(WELCOME), STUBBORN);
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    tool.write("liar.toml", text.replace("2s", "1h"));
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "./liar.toml", "-p", "verify"];
    let mut child = tool.process(&run).spawn().unwrap();
    eventually("its directory", || entries(&tool.tmp()).iter().any(|path| path.ends_with("again")));
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
}

/// A flow that says why it cannot, and then lets the marker out nevertheless, which comes where the next one is allowed.
#[test]
fn what_went_wrong_first_is_said_beside_what_went_wrong_last() {
    let tool = Tool::with_tiny();
    flow(&tool, "echo '{\"failed\":\"no space\"}'", "m=$((m + 1)); echo \"{\\\"marker\\\":$m}\"");
    let output =
        tool.command(&["run", "-f", "tiny.toml", "-s", "./liar.toml", "-p", "verify"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("is allowed; first: liar no space"), "{said}");
}

#[test]
fn words_of_a_servers_command_reach_it_as_they_are() {
    let tool = Tool::new();
    system(&tool, &greeting(WELCOME), "");
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    let server = r#"command = ["sh", "-c", "echo got \"$@\"; exit 7", "sh", "--", "a b", "--", "{port}"]"#;
    tool.write("liar.toml", text.replace("[promise]", &format!("[server]\n{server}\n[promise]")));
    let (code, said) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && said.contains("got -- a b -- "), "{code:?} {said}");
}

#[test]
fn doubled_braces_around_a_name_are_braces_in_both_commands() {
    let tool = Tool::new();
    system(&tool, "printf '{\"failed\":\"got %s\"}\\n' \"$1\"", "");
    let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    tool.write("liar.toml", text.replace("\"liar.sh\"", "\"liar.sh\", \"{{dir}} ${{x}} {}\""));
    let (code, said) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && said.contains("refused: got {dir} ${x} {}"), "{code:?} {said}");
    let server = r#"command = ["sh", "-c", "echo got \"$@\"; exit 7", "sh", "{{dir}} {{{port}}}", "{port}"]"#;
    tool.write("liar.toml", text.replace("[promise]", &format!("[server]\n{server}\n[promise]")));
    let (code, said) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && said.contains("got {dir} {{port}} "), "{code:?} {said}");
}

#[test]
fn of_a_system_on_the_walls_clock_no_law_asks_what_is_forgotten() {
    let tool = Tool::with_tiny();
    let examples = root().join("systems/examples");
    let text = fs::read_to_string(examples.join("last-id.toml")).unwrap();
    tool.write("wall.toml", text.replace("[promise]", "clock = \"wall\"\n[promise]"));
    fs::copy(examples.join("last_id.py"), tool.work().join("last_id.py")).unwrap();
    let said = tool.prints(&["conform", "./wall.toml", "--law", "one verdict"]);
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("last-id obeys the one law asked for, of 13."), "{said}");
    assert!(words.contains("the law about what is forgotten was not asked"), "{said}");
    tool.refuses(
        &["conform", "./wall.toml", "--law", "memory is bounded"],
        &["--law", "allowed are parts of"],
    );
    tool.refuses(
        &["conform", "./wall.toml", "--against", "exact", "-f", "tiny.toml"],
        &["wall.toml: clock: found \"wall\"", "verdicts are compared at the times of the pings"],
    );
}

/// One question, whoever else could be asked and however often a store would be tried again.
#[test]
fn a_system_that_hangs_is_one_error_after_one_reply_that_did_not_come() {
    let tool = Tool::with_tiny();
    let noted = format!("echo asked >> {}; exec sleep 1000", tool.work().join("asked").display());
    for is_flow in [false, true] {
        match is_flow {
            true => flow(&tool, ":", &noted),
            false => system(&tool, &greeting(WELCOME), &noted),
        }
        let run = ["run", "-f", "tiny.toml", "-s", "./liar.toml", "-s", "^exact$", "-p", "verify"];
        let output = tool.command(&run).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("within 2s (reply-within in its file)"), "{said}");
        assert!(said.lines().any(|line| line.starts_with("exact") && line.contains("kept")), "{said}");
        let asked = fs::read_to_string(tool.work().join("asked")).unwrap();
        assert_eq!(asked.lines().count(), 1, "{is_flow}: {said}");
        fs::remove_file(tool.work().join("asked")).unwrap();
        eventually("the end of every process", || tool.processes().is_empty());
    }
}

#[test]
fn a_directory_of_systems_is_as_a_list_of_them() {
    let tool = Tool::with_tiny();
    let examples = root().join("systems/examples");
    let examples = examples.to_str().unwrap();
    let listed = tool.prints(&["list", "strategies", "--systems", examples, "-s", "last-id"]);
    assert!(listed.contains("last-id") && listed.contains("a system,"), "{listed}");
    // By its name, with a setting, and by its file besides.
    let file = format!("{examples}/last-id.toml");
    let run = ["run", "-f", "tiny.toml", "--systems", examples, "-p", "verify", "-s"];
    let table = tool.prints(&[&run[..], &["dict-window:window=1m", "-s", &file, "-s", "^exact$"]].concat());
    for name in ["dict-window:window=1m", "last-id", "exact"] {
        assert!(table.lines().any(|line| line.starts_with(name) && line.contains("kept")), "{name}: {table}");
    }
    let said = tool.prints(&["conform", "last-id", "--systems", examples, "--law", "one verdict"]);
    assert!(said.contains("last-id obeys the one law asked for"), "{said}");
    fs::create_dir(tool.work().join("empty")).unwrap();
    tool.refuses(
        &["list", "--systems", "empty"],
        &["--systems empty", "no .toml in it", "allowed is a directory of systems"],
    );
    tool.refuses(
        &["list", "--systems", "nowhere"],
        &["--systems nowhere", "allowed is a directory of systems"],
    );
    tool.write("empty/exact.toml", fs::read_to_string(&file).unwrap().replace("last-id", "exact"));
    tool.refuses(&["list", "--systems", "empty"], &["exact.toml", "another strategy has"]);
}

#[test]
fn a_program_that_is_not_there_is_named_with_the_remedy() {
    let tool = Tool::with_tiny();
    file(&tool, "command = [\"no-such-program\"]");
    let (code, said) = conform(&tool, "./liar.toml");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains(
            "liar: command: no program no-such-program beside the system's file, nor on the PATH: install it"
        ),
        "{said}"
    );
    // In a run it is the others' table that is wanted.
    let run = ["run", "-f", "tiny.toml", "-s", "./liar.toml", "-s", "^exact$", "-p", "verify"];
    let output = tool.command(&run).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("skipped") && table.contains("no program no-such-program"), "{table}");
    assert!(table.lines().any(|line| line.starts_with("exact") && line.contains("kept")), "{table}");
}

#[test]
fn what_is_no_program_is_told_from_what_is_not_there() {
    let tool = Tool::new();
    tool.write("text", "");
    fs::create_dir(tool.work().join("folder")).unwrap();
    for (word, said) in [("text", "which is not executable: chmod +x"), ("folder", "which is a directory: ")]
    {
        file(&tool, &format!("command = [\"{word}\"]"));
        let (code, printed) = conform(&tool, "./liar.toml");
        let is_named = printed.contains("liar: command: found ") && !printed.contains("install it");
        assert!(code == Some(1) && is_named && printed.contains(said), "{code:?} {printed}");
    }
}

/// Puts files of the project where they are in it.
fn copied(tool: &Tool, files: &[&str]) {
    for file in files {
        tool.write(file, fs::read(root().join(file)).unwrap());
    }
}

/// Writes a file that was last changed then.
fn changed(tool: &Tool, name: &str, text: &str, at: SystemTime) {
    let path = tool.write(name, text);
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

fn in_the_future() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3600)
}

/// Runs a script in the shell with a compiler of Java that does this, and a Java that says with what it was called.
fn with_java(tool: &Tool, compiler: &str, script: &[&str]) -> (Option<i32>, String) {
    let work = tool.work();
    for (name, text) in [("javac", compiler), ("java", "echo runs \"$@\"")] {
        let path = tool.write(&format!("tools/{name}"), format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", work.join("tools").display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.arg(work.join(script[0])).args(&script[1..]).current_dir(&work).stdin(Stdio::null());
    let output = command.env("PATH", path).env("TMPDIR", work.join("tmp")).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_job_of_flink_is_compiled_anew_for_what_its_sources_say_and_not_for_their_times() {
    let tool = Tool::new();
    let (start, source) = ("systems/flink.sh", "systems/flink/DedupFlink.java");
    let scripts = [start, "systems/flink/digest.sh", "systems/install.sh", "systems/flink/requirements.txt"];
    copied(&tool, &scripts);
    for source in [source, "systems/flink/ttl/Clock.java", "systems/clients/DedupFlow.java"] {
        tool.write(source, "first");
    }
    // As if the jars were there.
    tool.write("target/systems/flink/installed.txt", fs::read(root().join(scripts[3])).unwrap());
    let made = "mkdir -p \"$4\"; touch \"$4/DedupFlink.class\"";
    let install = |compiler: &str| with_java(&tool, compiler, &["systems/install.sh", "flink"]);
    let says = |said: &str| {
        let (_, told) = with_java(&tool, "exit 3", &[start, "first"]);
        assert!(told.contains(said), "{said}: {told}");
    };
    says("Flink 2.3.0 in target/systems/flink");
    assert!(install(made).1.contains("classes compiled"));
    says("runs ");
    changed(&tool, source, "first", in_the_future());
    says("runs ");
    assert!(install("exit 3").1.contains("classes is there"));
    changed(&tool, source, "second", SystemTime::UNIX_EPOCH);
    says("the job as it is now");
    assert_ne!(install("exit 3").0, Some(0));
    says("Flink 2.3.0 in target/systems/flink");
    assert!(install(made).1.contains("classes compiled"));
    says("runs ");
    tool.write("systems/flink/Another.java", "");
    says("the job as it is now");
}

#[test]
fn a_compilation_that_fails_leaves_nothing_and_a_checkout_that_cannot_be_written_is_no_hindrance() {
    let tool = Tool::new();
    let work = tool.work();
    let script = "systems/examples/java.sh";
    fs::create_dir(work.join("tmp")).unwrap();
    copied(&tool, &[script, "systems/clients/DedupSystem.java"]);
    tool.write("systems/examples/Mine.java", "");
    let java = |compiler: &str| with_java(&tool, compiler, &[script, "Mine"]);
    let made = "touch \"$2/Mine.class\"";
    let left = || [entries(&work.join("target")), entries(&work.join("tmp"))].map(|found| found.len());
    for (compiler, code) in [("exit 3", 3), ("kill -TERM $PPID", 130)] {
        assert_eq!((java(compiler).0, left()), (Some(code), [0, 0]), "{compiler}");
    }
    let (code, said) = java(made);
    assert!(
        code == Some(0) && said.contains("systems/examples/../../target/systems/examples Mine"),
        "{said}"
    );
    assert!(work.join("target/systems/examples/Mine.class").exists());
    assert_eq!(left(), [4, 0]);
    // Compiled anew for what its sources say, and not for their times.
    let source = "systems/examples/Mine.java";
    changed(&tool, source, "", in_the_future());
    assert_eq!(java("exit 3").0, Some(0));
    changed(&tool, source, "class Mine {}", SystemTime::UNIX_EPOCH);
    assert_eq!(java("exit 3").0, Some(3));
    fs::remove_dir_all(work.join("target")).unwrap();
    tool.write("target", "in the way");
    let (code, said) = java(made);
    assert!(code == Some(0) && said.contains(work.join("tmp").to_str().unwrap()), "{said}");
}

#[test]
fn what_a_program_lacks_is_said_with_the_remedy_and_the_others_run() {
    let tool = Tool::with_tiny();
    system(&tool, &greeting(r#"{"missing":"ModuleNotFoundError: no flink"}"#), ":");
    let said = "liar: ModuleNotFoundError: no flink is missing: install it";
    let (code, printed) = conform(&tool, "./liar.toml");
    assert!(code == Some(1) && printed.contains(said), "{code:?} {printed}");
    let table =
        tool.prints(&["run", "-f", "tiny.toml", "-s", "./liar.toml", "-s", "^exact$", "-p", "verify"]);
    assert!(table.contains("skipped") && table.contains("no flink is missing"), "{table}");
}

#[test]
fn a_wrong_file_is_refused_with_its_place() {
    let tool = Tool::new();
    system(&tool, &greeting(WELCOME), "");
    let right = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
    for (from, to, said) in [
        (
            "name = \"liar\"",
            "name = \"A liar\"",
            "name: found \"A liar\"; allowed is a name of up to 40 lower case",
        ),
        ("name = \"liar\"", "name = \"exact\"", "which another strategy has"),
        ("about = \"a\"\n", "", "about: found nothing"),
        ("routing = \"by-key\"", "routing = \"some\"", "unknown variant `some`"),
        ("\"2s\"", "\"0s\"", "reply-within: found \"0s\"; allowed is a length of time above zero"),
        ("[\"sh\", \"liar.sh\"]", "[]", "command: found []; allowed is a program"),
        ("\"nothing\"", "\"since-first\"", "promise.window: found nothing; allowed is the setting"),
        ("\"nothing\"", "\"nothing\"\nmissed = 2.0", "promise.missed: found 2; allowed is a share"),
        ("\"nothing\"", "\"nothing\"\nlost = \"rate\"", "promise.lost: found \"rate\"; allowed is never"),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.a]\nabout = \"a\"\nkind = \"word\"\ndefault = \"b\"",
            "settings.a.words",
        ),
        ("name = \"liar\"", "name = \"-\"", "name: found \"-\"; allowed is a name"),
        ("about = \"a\"", "about = \" \"", "about: found \" \"; allowed is one line"),
        ("about = \"a\"", "about = \"a\\nb\"", "allowed is one line that says what it is"),
        (
            "\"nothing\"",
            "\"nothing\"\nmemory = { budget = \"0MiB\" }",
            "promise.memory: found \"0MiB\"; allowed is",
        ),
        ("\"nothing\"", "\"forever\"\nlost = 3.0", ":10:8: promise.lost: found 3; allowed is a share"),
        (
            "\"liar.sh\"",
            "\"liar.sh\", \"{dir}\"",
            "command: found the placeholder `{dir}`; allowed is none here, as what a program has to know is in the greeting; \
             where the braces are meant, write `{{dir}}`",
        ),
        (
            "[promise]",
            "[server]\ncommand = [\"s\", \"{prot}\", \"{port}\"]\n[promise]",
            "server.command: found the placeholder `{prot}`; allowed is `{dir}` and `{port}`; where the braces are \
             meant, write `{{prot}}`",
        ),
        (
            "[promise]",
            &format!("[server]\ncommand = [\"s\"]\nsocket = \"{}\"\n[promise]", "s".repeat(76)),
            "allowed is the path of a socket, from the server's private directory on, of up to 75 bytes",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings]\n\"a b\" = { about = \"a\", kind = \"time\", default = \"1s\" }",
            "settings: found \"a b\"; allowed is a setting's name of lower case letters",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings]\n\"a=b\" = { about = \"a\", kind = \"time\", default = \"1s\" }",
            "settings: found \"a=b\"; allowed is a setting's name",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.w]\nabout = \"a\"\nkind = \"count\"\nmost = 5\ndefault = \"10\"",
            "settings.w.default: found \"10\"; allowed is a whole number from 1 to 5, in quotes; \"ids in a window\"",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.w]\nabout = \"a\"\nkind = \"time\"\nmost = 5\ndefault = \"10s\"",
            "settings.w.most: found 5; allowed is nothing",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.w]\nabout = \"a\"\nkind = \"word\"\nwords = [\"b\", \"c\"]\ndefault = \"d\"",
            "settings.w.default: found \"d\"; allowed is one of b, c",
        ),
        (
            "\"nothing\"",
            "\"nothing\"\n[settings.a]\nabout = \"a\"\nkind = \"time\"\ndefault = \"scenario's window\"",
            "allowed is a length of time such as \"10m\", or \"the scenario's window\"",
        ),
        ("routing = \"by-key\"\n", "", "routing: found nothing; allowed is routing"),
        ("[promise]", "[flow]\npings = 5\nlinger = \"1s\"\n[promise]", "routing: found both; allowed is"),
        (
            "routing = \"by-key\"",
            "[flow]\npings = 0\nlinger = \"1s\"",
            "flow.pings: found 0; allowed is a number of pings from 1 to 1000000",
        ),
        (
            "routing = \"by-key\"",
            "[flow]\npings = 5\nlinger = \"0s\"",
            "flow.linger: found \"0s\"; allowed is a length of time above zero",
        ),
    ] {
        assert!(right.contains(from), "{from}");
        tool.write("liar.toml", right.replacen(from, to, 1));
        tool.refuses(&["conform", "./liar.toml"], &["liar.toml", said]);
    }
    tool.refuses(&["conform", "./nowhere.toml"], &["nowhere.toml", "nothing that can be read"]);
    tool.refuses(&["conform", "pubsub"], &["names 3 strategies", "allowed is one"]);
    tool.refuses(&["conform", "^exact$", "--law", "nonsense"], &["--law", "allowed are parts of"]);
}

/// A system of the project.
fn ours(file: &str) -> String {
    root().join("systems").join(file).display().to_string()
}

/// A system with a server says its version, is weighed, keeps its promise, and leaves nothing behind. What it missed,
/// and what an exact table did.
fn is_judged(name: &str, system: &str, version: &str) -> [String; 2] {
    let tool = Tool::with_tiny();
    let run =
        ["run", "-f", "tiny.toml", "-s", system, "-s", "^exact$", "-p", "verify", "-p", "weigh", "-o", "out"];
    let table = tool.prints(&run);
    let row = |name: &str| table.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_string();
    let records = tool.records("out");
    assert!(records[0].to_string().contains(version), "its version is in the record: {}", records[0]);
    let weighed = records.iter().any(|record| record.to_string().contains("\"server_used_bytes\":"));
    assert!(weighed, "its server is weighed");
    eventually("the end of every process", || tool.processes().is_empty());
    let ours = row(name);
    assert!(ours.contains("kept"), "{table}");
    [ours, row("exact")].map(|row| row.split_whitespace().nth(1).unwrap_or_default().to_string())
}

#[test]
fn postgresql_finds_the_duplicates_that_an_exact_table_finds() {
    let missed = is_judged("postgres", &(ours("postgres.toml") + ":durability=async"), "PostgreSQL 1");
    assert_eq!(missed[0], missed[1]);
}

#[test]
fn memcached_keeps_its_promise() {
    is_judged("memcached", &ours("memcached.toml"), "memcached 1.");
}

/// Where a table is too small for a window, what was seen longest ago goes first: the same ids in both.
#[test]
fn the_lru_of_this_crate_decides_as_that_of_pythons_cachetools() {
    if python::has("cachetools") {
        let tool = Tool::with_tiny();
        for settings in ["", ":capacity=500"] {
            let (ours, theirs) = (format!("lru-exact{settings}"), ours("cachetools.toml") + settings);
            let said = tool.prints(&["conform", &theirs, "--against", &ours, "-f", "tiny.toml"]);
            assert!(said.contains("got the same verdict from both (100.0000 %)"), "{settings}: {said}");
        }
    }
}

#[test]
fn nats_jetstream_keeps_its_promise() {
    is_judged("nats-jetstream", &ours("nats.toml"), "nats-server 2.");
    is_judged("nats-jetstream-2-15", &ours("nats-2.15.toml"), "nats-server 2.15.1");
}

#[test]
fn the_filters_of_redisbloom_keep_their_promises_and_a_full_one_says_that_it_is() {
    is_judged("redisbloom", &ours("redisbloom.toml"), "RedisBloom 2.");
    is_judged("redis-cuckoo", &ours("redis-cuckoo.toml"), "RedisBloom 2.");
    let tool = Tool::with_tiny();
    let full = ours("redisbloom.toml") + ":full=refuses,ids=100";
    let run = ["run", "-f", "tiny.toml", "-s", &full, "-s", "^exact$", "-p", "verify", "-o", "out"];
    let output = tool.command(&run).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("store unavailable: redisbloom ERR non scaling filter is full"), "{said}");
}

#[test]
fn clickhouse_finds_the_duplicates_that_an_exact_table_finds() {
    let missed = is_judged("clickhouse", &ours("clickhouse.toml"), "ClickHouse 26.");
    assert_eq!(missed[0], missed[1]);
}

#[test]
fn clickhouse_deduplicates_by_itself_where_readers_say_final_and_not_before_its_merges() {
    let tool = Tool::with_tiny();
    let file = |read: &str| ours("clickhouse-replacing.toml") + ":read=" + read;
    let files = ["final", "merged", "unmerged"].map(file);
    let [read_final, merged, unmerged] = &files;
    let run = [
        "run",
        "-f",
        "tiny.toml",
        "-s",
        read_final,
        "-s",
        merged,
        "-s",
        unmerged,
        "-p",
        "verify",
        "-o",
        "out",
    ];
    tool.command(&run).assert().code(4);
    let missed = |at: usize| tool.records("out")[at]["result"]["verify"]["missed_count"].as_u64().unwrap();
    assert_eq!((missed(1), missed(2)), (0, 0));
    assert!(missed(3) > 100, "only copies inside one insert are found: {}", missed(3));
}

#[test]
fn every_system_is_in_the_list_of_systems() {
    let list = fs::read_to_string(root().join("systems/README.md")).unwrap();
    for folder in ["", "examples", "floor"] {
        for entry in fs::read_dir(root().join("systems").join(folder)).unwrap() {
            let path = Path::new(folder).join(entry.unwrap().file_name());
            let is_listed = list.contains(&format!("({})", path.display()));
            assert!(path.extension().is_none_or(|end| end != "toml") || is_listed, "{}", path.display());
        }
        // None is refused, installed or not.
        let folder = root().join("systems").join(folder);
        Tool::new().prints(&["list", "strategies", "--systems", folder.to_str().unwrap()]);
    }
}

#[test]
fn whatever_a_check_of_systems_asks_for_is_there_with_its_settings() {
    let script = fs::read_to_string(root().join("systems/check.sh")).unwrap();
    let words = script.split(|letter: char| letter.is_whitespace() || "\";".contains(letter));
    let named: BTreeSet<&str> =
        words.filter(|word| word.starts_with("systems/") && word.contains(".toml")).collect();
    assert!(named.len() > 10, "{named:?}");
    let tool = Tool::new();
    for word in named {
        let (file, settings) = word.split_once(':').unwrap_or((word, ""));
        // What a loop fills in is a file or a word of each turn.
        if word.contains('$') {
            continue;
        }
        let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{word}: {error}"));
        if file.starts_with("systems/check/") {
            tool.prints(&["stream", root().join(file).to_str().unwrap(), "--limit", "1"]);
        }
        for (name, value) in settings.split(',').filter_map(|setting| setting.split_once('=')) {
            assert!(text.contains(&format!("[settings.{name}]")), "{word}: no setting {name}");
            let is_word = value.bytes().all(|byte| byte.is_ascii_alphabetic());
            assert!(!is_word || text.contains(&format!("\"{value}\"")), "{word}: {name} is not {value}");
        }
    }
}

#[test]
fn a_server_that_is_killed_comes_back_with_what_its_disk_holds() {
    let tool = Tool::with_tiny();
    let fault = "\n[[fault]]\nkind = \"store-killed\"\nat = \"1m\"\nfor = \"20s\"\n";
    tool.write("killed.toml", format!("{TINY}{fault}"));
    let run = [
        "run",
        "-f",
        "killed.toml",
        "-s",
        &(ours("postgres.toml") + ":durability=async"),
        "-p",
        "verify",
        "-o",
        "out",
    ];
    let table = tool.prints(&run);
    assert!(table.lines().any(|line| line.starts_with("killed") && line.contains("kept")), "{table}");
    let records = tool.records("out");
    let seen = records.iter().map(ToString::to_string).find(|record| record.contains("started again"));
    assert!(seen.is_some_and(|record| record.contains("signal: 9 (SIGKILL)")), "{records:?}");
}

/// On a socket, on a port, and on a socket that its clients know by its name; each by a client that connects anew.
#[test]
fn what_is_said_to_a_server_and_by_it_is_troubled_and_its_clients_come_again() {
    let tool = Tool::with_tiny();
    let faults = "
        [[fault]]
        kind = 'store-unreachable'
        at = '30s'
        for = '10s'
        [[fault]]
        kind = 'store-slow'
        at = '60s'
        for = '10s'
        delay = '300ms'
        [[fault]]
        kind = 'reply-lost'
        at = '90s'
        for = '30s'
        count = 2
    ";
    tool.write("troubled.toml", format!("{TINY}{faults}"));
    for system in ["memcached.toml", "nats.toml", "postgres.toml:durability=async", "redisbloom.toml"] {
        let system = &ours(system);
        let run = ["run", "-f", "troubled.toml", "-s", system, "-p", "verify", "-o", "out", "--force"];
        let table = tool.prints(&run);
        assert!(table.contains("troubled"), "{table}");
        let records = tool.records("out").iter().map(ToString::to_string).collect::<String>();
        for seen in [
            " connections were cut",
            "replies were held back",
            "2 replies to writes that were applied were swallowed",
        ] {
            assert!(records.contains(seen), "{system}: {seen}: {records}");
        }
    }
    eventually("the end of every process", || tool.processes().is_empty());
}

#[test]
fn a_server_that_does_not_come_up_is_named_with_its_last_words() {
    let tool = Tool::with_tiny();
    for (command, said) in [
        (
            r#"["no-such-server", "{port}"]"#,
            "no program no-such-server beside the system's file, nor on the PATH",
        ),
        (r#"["sh", "-c", "echo no licence; exit 7", "{port}"]"#, "no licence"),
        (r#"["sh", "-c", "echo no module; exit 127", "{port}"]"#, "no module: install it"),
        (r#"["sh", "-c", "exec sleep 1000", "{port}"]"#, "does not listen at 127.0.0.1:"),
        (
            r#"["sh", "-c", "exit 0", "{port}"]"#,
            "exit status: 0, and a server is to stay in the foreground (no daemon, no `&`)",
        ),
    ] {
        system(&tool, &greeting(WELCOME), "");
        let text = fs::read_to_string(tool.work().join("liar.toml")).unwrap();
        let server = format!("[server]\ncommand = {command}\nwithin = \"1s\"\n[promise]");
        tool.write("liar.toml", text.replace("[promise]", &server));
        let (code, printed) = conform(&tool, "./liar.toml");
        let is_named = printed.contains("liar.toml: server.command: ");
        assert!(code == Some(1) && is_named && printed.contains(said), "{command}: {code:?}\n{printed}");
        assert_eq!(tool.processes(), Vec::<String>::new(), "{command}");
    }
}

/// The lines of the document's transcripts: whose each is, and the line.
fn transcripts() -> Vec<Vec<(char, String)>> {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let blocks =
        text.split("```transcript\n").skip(1).map(|rest| rest.split_once("\n```").expect("its end").0);
    let side = |line: &str| (line.chars().next().unwrap(), line[2..].to_string());
    blocks.map(|block| block.lines().map(side).collect()).collect()
}

#[test]
fn the_transcripts_in_the_document_are_what_both_sides_say() {
    let programs = ["last_id.py", "all_ids.py"];
    let transcripts = transcripts();
    assert_eq!(transcripts.len(), programs.len());
    programs.iter().zip(transcripts).for_each(|(program, transcript)| is_played(program, transcript));
}

fn is_played(program: &str, transcript: Vec<(char, String)>) {
    let mut child = Command::new("python3")
        .arg(root().join("systems/examples").join(program))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut from = BufReader::new(from);
    for (index, (side, line)) in transcript.into_iter().enumerate() {
        // What we would have said, and understood.
        match (side, index) {
            ('>', 0) => {
                let hello: Hello = serde_json::from_str(&line).unwrap();
                assert_eq!(serde_json::to_string(&hello).unwrap(), line);
            }
            ('>', _) => {
                let read = Frames::Json.read_request(&mut format!("{line}\n").as_bytes()).unwrap();
                let mut again = Vec::new();
                Frames::Json.write_request(&read.unwrap(), &mut again);
                assert_eq!(String::from_utf8(again).unwrap().trim_end(), line);
            }
            (_, 1) => drop(serde_json::from_str::<Welcome>(&line).unwrap()),
            _ => drop(Frames::Json.read_reply(&mut format!("{line}\n").as_bytes()).unwrap().unwrap()),
        }
        // What it says.
        if side == '>' {
            writeln!(to, "{line}").unwrap();
            continue;
        }
        let mut said = String::new();
        from.read_line(&mut said).unwrap();
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&said), value(&line));
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_lines_of_json_in_the_document_are_understood_and_said_so() {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    let (_, rest) = text.split_once("```json-lines\n").unwrap();
    let lines: Vec<&str> = rest.split_once("```").unwrap().0.lines().collect();
    assert_eq!(lines.len(), 8);
    for line in lines {
        let (side, line) = line.split_at(2);
        let (from, mut again) = (format!("{line}\n"), Vec::new());
        match side {
            "> " => {
                let request = Frames::Json.read_request(&mut from.as_bytes()).unwrap().unwrap();
                Frames::Json.write_request(&request, &mut again);
            }
            _ => {
                let reply = Frames::Json.read_reply(&mut from.as_bytes()).unwrap().unwrap();
                Frames::Json.write_reply(&reply, &mut again);
            }
        }
        assert_eq!(String::from_utf8(again).unwrap(), from);
    }
}

#[test]
fn the_programs_in_the_document_are_the_ones_that_are_there() {
    let text = fs::read_to_string(root().join("docs/PROTOCOL.md")).unwrap();
    for (language, files) in [("toml", &["last-id.toml"][..]), ("python", &["last_id.py", "all_ids.py"])] {
        let shown: Vec<&str> = text.split(&format!("```{language}\n")).skip(1).collect();
        assert_eq!(shown.len(), files.len());
        for (file, rest) in files.iter().zip(shown) {
            let (shown, _) = rest.split_once("```").unwrap();
            let there = fs::read_to_string(root().join("systems/examples").join(file)).unwrap();
            assert!(there.contains(shown), "{file} is not what docs/PROTOCOL.md shows");
        }
    }
}
