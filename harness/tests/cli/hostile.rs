//! Surroundings and names that nobody expects: no panic reaches a user, and nothing that a terminal would obey.

use std::fs::File;
use std::process::Stdio;

use predicates::prelude::*;
use predicates::str::contains;

use crate::nights::write_live;
use crate::tool::{TINY, Tool};

const VERIFY: [&str; 4] = ["-s", "^exact$", "-p", "verify"];
const TRACE: &str = "{\"id\":\"a\",\"time\":1767225600}\n{\"id\":\"a\",\"time\":1767225601}\n";

#[test]
fn a_scenario_may_have_any_name_that_a_file_can_have() {
    let long = "n".repeat(200);
    for name in [
        "ünï 🦀",
        "<script>alert(1)</script>",
        "a|b, \"c\"",
        "red\u{1b}[31m\tbell\u{7}",
        "\u{202e}turned\u{9b}2J",
        long.as_str(),
    ] {
        let tool = Tool::new();
        let file = format!("{}.toml", name.replace('/', "∕"));
        tool.write(&file, TINY);
        let run = [&["run", "-f", &file, "-o", "out"][..], &VERIFY].concat();
        let obeyed = |text: &[u8]| {
            let text = String::from_utf8(text.to_vec()).unwrap();
            dedup_harness::printable::printable(&text) != text
        };
        for format in ["table", "markdown", "csv", "json"] {
            let output = tool.output(&[&run[..], &["--format", format, "--force"]].concat());
            assert!(output.status.success(), "{output:?}");
            assert!(!obeyed(&output.stdout) && !obeyed(&output.stderr), "{format} {name:?}: {output:?}");
        }
        assert_eq!(tool.records("out")[1]["scenario"], name.replace('/', "∕"));
        tool.prints(&["compare", "out"]);
    }
}

#[test]
fn an_output_directory_may_have_any_name() {
    let tool = Tool::with_tiny();
    let run = [&["run", "-f", "tiny.toml", "-o", "ünï 🦀/<b>/x"][..], &VERIFY].concat();
    tool.prints(&run);
    assert_eq!(tool.records("ünï 🦀/<b>/x").len(), 2);
}

#[test]
fn closed_inputs_and_outputs_do_no_harm() {
    let tool = Tool::with_tiny();
    for script in [
        "\"$@\" <&-",
        "\"$@\" >&-",
        "\"$@\" 2>&-",
        "\"$@\" <&- >&- 2>&-",
        "set -o pipefail; \"$@\" | head -0",
        "set -o pipefail; \"$@\" --format json | head -1",
        "unset HOME TERM USER PATH; \"$@\"",
    ] {
        let mut command = assert_cmd::Command::new("bash");
        command.args(["-c", script, "bash", env!("CARGO_BIN_EXE_dedup-harness"), "run", "-f", "tiny.toml"]);
        command.args(VERIFY).current_dir(tool.work()).env("TMPDIR", tool.tmp());
        command.assert().success().stderr(contains("panicked").not());
        assert!(crate::tool::entries(&tool.tmp()).is_empty(), "{script}");
    }
}

#[test]
fn a_full_disk_behind_standard_output_is_an_error_of_one_line() {
    let tool = Tool::with_tiny();
    let run = [&["run", "-q", "-f", "tiny.toml"][..], &VERIFY].concat();
    tool.prints(&[&run[..], &["-o", "out"]].concat());
    let prints: [&[&str]; 8] = [
        &run,
        &["list"],
        &["stream", "tiny.toml"],
        &["compare", "out"],
        &["completions", "zsh"],
        &["--help"],
        &["run", "-h"],
        &["--version"],
    ];
    for args in prints {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = tool.process(args).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?} {error}");
        assert!(error.starts_with("error: ") && error.lines().count() == 1, "{args:?} {error}");
        assert_eq!(error.matches("No space left on device").count(), 1, "{args:?} {error}");
    }
}

#[test]
fn a_place_for_temporary_files_that_is_none_is_wrong_usage_and_named() {
    let tool = Tool::with_tiny();
    tool.write("pings.ndjson", TRACE);
    write_live(&tool, 10);
    tool.write("file", "");
    let run = [&["run", "-f", "tiny.toml", "-o", "out"][..], &VERIFY].concat();
    let commands: [&[&str]; 6] = [
        &run,
        &["conform", "exact"],
        &["profile", "-o", "out", "pings.ndjson", "--id-field", "id", "--time-field", "time"],
        &["nightly", "main_live", "--out", "out"],
        &["gate", "check", "--update", "--baseline", "out", "-f", "tiny.toml", "-s", "^exact$"],
        &["talk", "-o", "out"],
    ];
    for place in ["/nonexistent", "/proc", "file"] {
        for args in commands {
            let error = tool.command(args).env("TMPDIR", place).assert().code(2).get_output().stderr.clone();
            let error = String::from_utf8(error).unwrap();
            assert!(error.starts_with(&format!("error: TMPDIR={place}: no directory")), "{args:?} {error}");
            assert!(error.contains("allowed is a directory that this user may write into"), "{error}");
            assert!(error.lines().count() == 1 && !tool.work().join("out").exists(), "{args:?} {error}");
        }
    }
    // Set to nothing it is not set.
    tool.command(&run).env("TMPDIR", "").assert().success();
}

#[test]
fn the_hidden_sub_commands_refuse_people() {
    let tool = Tool::new();
    for (word, code) in [("__cell", 2), ("__guard", 1)] {
        for input in ["", "rubbish\n", "{}\n"] {
            let assert = tool.command(&[word]).write_stdin(input).assert().code(code);
            assert.stdout("").stderr(contains("panicked").not());
        }
    }
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_refused_without_harm() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let tool = Tool::new();
    let odd = OsStr::from_bytes(b"x\xff\x1b[31m");
    for args in [["run", "-f"], ["run", "--trace"], ["run", "-s"]] {
        tool.refuses(&[OsStr::new(args[0]), OsStr::new(args[1]), odd], &[]);
    }
    for command in ["stream", "compare", "list", "completions"] {
        tool.refuses(&[OsStr::new(command), odd], &[]);
    }
}
