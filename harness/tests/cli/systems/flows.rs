//! Flows, good ones and liars.

use std::fs;

use super::{conform, flow, ours};
use crate::tool::{Tool, eventually};
use crate::workspace::root;

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
        ("exec 1>&-; exec sleep 1000", echo, "closed its standard output without an answer, and lives on"),
        ("printf '{\"passed\":[0'; exit", echo, "half a line"),
        // Its child has the pipe, and lives on in a session of its own.
        (":", "setsid sleep 1000 & exit 0", "ended without an answer (exit status: 0)"),
        (":", &format!("{echo}; {echo}"), "let marker 1 out where 2 is allowed"),
        (":", "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 5", "exit status: 5"),
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

/// Whoever has to be killed takes two seconds to end. Forty loops of a stream that is over at once would be minutes.
#[test]
fn a_flow_that_does_not_end_by_itself_is_not_started_over_and_over_to_be_timed() {
    let tool = Tool::with_tiny();
    let starts = tool.work().join("starts");
    let noted =
        format!("open({starts:?}, 'a').write('x')\nimport atexit, time\natexit.register(time.sleep, 1000)");
    all_ids(&tool, "seen = set()", &format!("seen = set()\n{noted}"));
    tool.prints(&["run", "-f", "tiny.toml", "-s", "./all-ids.toml", "-p", "time"]);
    let count = fs::read_to_string(starts).unwrap().len();
    // The trial, up to six closed loops and the open one.
    assert!((3..=8).contains(&count), "{count}");
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
