//! Judges, good ones and liars.

use std::fs;

use super::{WELCOME, conform, flow, greeting, system};
use crate::tool::{Tool, eventually};
use crate::workspace::root;

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
        (
            &*greeting(WELCOME),
            "exec 1>&-; exec sleep 1000",
            1,
            "closed its standard output without an answer, and lives on",
        ),
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

/// It judges whatever comes again because of that, so that it is never unavailable for long.
#[test]
fn a_system_that_can_never_be_told_how_pings_ended_is_an_error_with_what_it_says() {
    let tool = Tool::with_tiny();
    let welcome = r#"{"dedup-protocol":1,"frames":"json","calls":{"settle":true}}"#;
    let told = "'{\"settle\"'*) echo '{\"failed\":\"no room for marks\"}'";
    system(
        &tool,
        &greeting(welcome),
        &format!("case \"$line\" in {told};; *) echo '{{\"verdicts\":[\"new\"]}}';; esac"),
    );
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "./liar.toml", "-p", "verify", "--batch", "1"];
    let output = tool.command(&run).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("liar no room for marks"), "{said}");
    eventually("the end of every process", || tool.processes().is_empty());
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
