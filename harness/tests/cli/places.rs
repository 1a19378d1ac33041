//! Where input comes from and output goes to: pipes, devices, links and descriptors in place of files.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::process::{Child, Command, Stdio};

use predicates::str::contains;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};

use crate::tool::{Tool, entries, eventually};

const VERIFY: [&str; 6] = ["run", "-q", "-s", "^(noop|exact)$", "-p", "verify"];

/// A tool with a run of two strategies, `a`, and with things in its directory that are no files.
fn furnished() -> Tool {
    let tool = Tool::with_tiny();
    tool.prints(&[&VERIFY[..], &["-f", "tiny.toml", "-o", "a"]].concat());
    for name in ["pipe", "pipe.toml", "below/submission_date=2026-01-31/pipe.parquet"] {
        let path = tool.work().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }
    symlink("/dev/zero", tool.work().join("zeros")).unwrap();
    tool
}

#[test]
fn a_pipe_or_a_device_in_place_of_a_file_is_refused_wherever_a_file_is_read() {
    let tool = furnished();
    let is_none = "is a pipe or a device; allowed is a regular file";
    for (code, args) in [
        (2, &["compare", "pipe"][..]),
        (2, &["compare", "a", "zeros"]),
        (6, &["compare", "a", "--against", "zeros"]),
        (2, &["report", "zeros"]),
        (2, &["report", "a", "--splice", "pipe"]),
        (2, &["trend", "a", "/dev/zero"]),
        (2, &["stream", "zeros"]),
        (2, &["stream", "pipe.toml"]),
        (2, &["run", "-f", "pipe"]),
        (2, &["run", "--trace", "zeros"]),
        (2, &["gate", "explain", "pipe"]),
        (6, &["gate", "check", "--baseline", "zeros"]),
        (2, &["gate", "check", "--baseline", "absent", "--accepted", "pipe"]),
        (2, &["gate", "accept", "a/b/c", "--reason", "r", "--until", "2999-01-01", "--accepted", "zeros"]),
        (2, &["nightly", "below"]),
        (2, &["nightly", "below", "--engine", "duckdb"]),
    ] {
        // The file is named, and nothing waits for it.
        let named = args.iter().find(|word| word.contains("pipe") || word.contains("zero"));
        tool.refuses_with(code, args, &[named.unwrap_or(&"pipe.parquet"), is_none]);
    }
}

#[test]
fn a_file_larger_than_any_record_is_refused_before_it_is_read() {
    let tool = furnished();
    File::create(tool.work().join("sparse.toml")).unwrap().set_len(1 << 40).unwrap();
    for args in [["compare", "sparse.toml"], ["stream", "sparse.toml"], ["gate", "explain"]] {
        let args = [&args[..], if args[0] == "gate" { &["sparse.toml"] } else { &[] }].concat();
        tool.refuses(&args, &["sparse.toml", "holds more than 1 GiB"]);
    }
}

#[test]
fn a_folder_in_place_of_a_file_is_refused_before_anything_is_read() {
    let tool = furnished();
    tool.write("t.ndjson", "{\"document_id\":\"a\"}\n");
    tool.refuses(&["profile", "t.ndjson", "-o", "below"], &["below: cannot be written: Is a directory"]);
    let mut read = tool.process(&["profile", "-"]);
    let said = read.stdin(File::open(tool.work()).unwrap()).output().unwrap();
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(error.contains("it cannot be read: Is a directory") && said.status.code() == Some(2), "{error}");
}

#[test]
fn what_is_read_is_not_written_over() {
    let tool = furnished();
    tool.write("t.ndjson", "{\"document_id\":\"a\"}\n");
    fs::create_dir(tool.work().join("traces")).unwrap();
    fs::copy(tool.work().join("t.ndjson"), tool.work().join("traces/records.jsonl")).unwrap();
    symlink("a/records.jsonl", tool.work().join("link")).unwrap();
    let update = ["gate", "check", "--update", "--baseline", "./tiny.toml", "-f", "tiny.toml"];
    for (args, option) in [
        (&["report", "a", "-o", "a/records.jsonl"][..], "--output"),
        (&["report", "a", "-o", "link"], "--output"),
        (&["report", "link", "--splice", "a/records.jsonl"], "--splice"),
        (&["trend", "a", "-o", "./a/records.jsonl"], "--output"),
        (&["profile", "t.ndjson", "-o", "t.ndjson"], "--output"),
        (&["run", "--trace", "traces", "-o", "traces", "--force"], "--output"),
        (&update, "--baseline"),
    ] {
        tool.refuses(args, &[option, "which is what is read; allowed is another file"]);
    }
}

#[test]
fn a_report_goes_into_a_named_pipe_which_stays_one() {
    let tool = furnished();
    for args in [["report", "a", "-o", "pipe"], ["trend", "a", "-o", "pipe"]] {
        let child = tool.process(&args).stdout(Stdio::null()).spawn().unwrap();
        let mut text = String::new();
        File::open(tool.work().join("pipe")).unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait_with_output().unwrap().status.success());
        assert!(text.starts_with("<!DOCTYPE html>") || text.contains("1 run"), "{text}");
        assert!(fs::metadata(tool.work().join("pipe")).unwrap().file_type().is_fifo());
    }
}

#[test]
fn a_profile_for_a_pipe_that_nobody_reads_hears_who_asks_to_stop() {
    let tool = furnished();
    tool.write("t.ndjson", "{\"document_id\":\"a\"}\n{\"document_id\":\"a\"}\n");
    let mut process = tool.process(&["profile", "t.ndjson", "-o", "pipe"]);
    let mut child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It is shown before it is kept.
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let mut ended = None;
    eventually("the end", || {
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(130));
}

#[test]
fn a_device_is_written_into_and_stays_one() {
    let tool = furnished();
    symlink("/dev/full", tool.work().join("link")).unwrap();
    let before = fs::metadata("/dev/full").unwrap().file_type();
    for args in [
        &["report", "a", "-o", "/dev/full"][..],
        &["report", "a", "-o", "link"],
        &["trend", "a", "-o", "/dev/full"],
        &[
            "gate",
            "check",
            "-q",
            "--no-instructions",
            "--update",
            "--baseline",
            "link",
            "-f",
            "tiny.toml",
            "-s",
            "^noop$",
        ],
        &["gate", "accept", "a/b/c", "--reason", "r", "--until", "2999-01-01", "--accepted", "absent/x"],
    ] {
        // A path that is wrong is wrong usage, a place without room is not.
        let (code, named) = match args.contains(&"absent/x") {
            true => (2, "absent/x"),
            false => (1, "No space left on device"),
        };
        let error = tool.command(args).assert().code(code).get_output().stderr.clone();
        let error = String::from_utf8(error).unwrap();
        assert!(error.contains(named) && error.contains("cannot be written"), "{args:?} {error}");
        assert_eq!(error.matches("error:").count(), 1, "{args:?} {error}");
    }
    assert_eq!(fs::metadata("/dev/full").unwrap().file_type(), before);
    assert!(before.is_char_device());
}

#[test]
fn a_report_goes_where_the_shell_leads_it() {
    let tool = furnished();
    symlink("/proc/self/fd/1", tool.work().join("out")).unwrap();
    let page = tool.prints(&["report", "a", "--format", "csv"]);
    for script in [
        "\"$0\" report a --format csv -o >(cat)",
        "\"$0\" report a --format csv -o /dev/stdout",
        "\"$0\" report a --format csv -o out",
        "\"$0\" report a --format csv -o /dev/fd/7 7>&1",
        "\"$0\" report a --format csv -o /dev/stdout > log; cat log",
    ] {
        let mut command = assert_cmd::Command::new("bash");
        command.args(["-c", &format!("{script} | cat"), env!("CARGO_BIN_EXE_dedup-harness")]);
        command.current_dir(tool.work()).env("TMPDIR", tool.tmp());
        command.assert().success().stdout(page.clone()).stderr("");
    }
    assert!(fs::symlink_metadata(tool.work().join("out")).unwrap().is_symlink());
}

#[test]
fn a_link_to_a_file_goes_on_leading_to_it() {
    let tool = furnished();
    symlink("there/page.html", tool.work().join("page")).unwrap();
    fs::create_dir(tool.work().join("there")).unwrap();
    for _ in 0..2 {
        tool.prints(&["report", "a", "-o", "page"]);
    }
    assert_eq!(fs::read_link(tool.work().join("page")).unwrap().to_str(), Some("there/page.html"));
    assert!(fs::read_to_string(tool.work().join("there/page.html")).unwrap().starts_with("<!DOCTYPE"));
    assert_eq!(entries(&tool.work().join("there")).len(), 1);
}

/// A run that copies standard input, from `input`.
fn copying(tool: &Tool, input: Stdio) -> Child {
    let mut process = tool.process(&["run", "--trace", "-", "-o", "out"]);
    process.stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped());
    process.spawn().unwrap()
}

#[test]
fn whoever_asks_to_stop_while_standard_input_is_copied_is_heard_at_once() {
    for signal in [Signal::INT, Signal::TERM] {
        for endless in [false, true] {
            let tool = Tool::new();
            let lines =
                || Command::new("yes").arg(r#"{"document_id":"a"}"#).stdout(Stdio::piped()).spawn().unwrap();
            let mut endless_lines = endless.then(lines);
            let input = match &mut endless_lines {
                Some(lines) => lines.stdout.take().unwrap().into(),
                None => Stdio::piped(),
            };
            let child = copying(&tool, input);
            let begun = |path: &std::path::PathBuf| {
                path.ends_with("stdin.trace")
                    && fs::metadata(path).is_ok_and(|found| !endless || found.len() > 0)
            };
            eventually("the copy", || entries(&tool.tmp()).iter().any(begun));
            kill_process(Pid::from_child(&child), signal).unwrap();
            // An idle pipe stays open until the end: it is the signal that ends the wait.
            let output = child.wait_with_output_open();
            let error = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(130), "{error}");
            assert_eq!(error, "error: interrupted before the trace was read\n");
            assert!(!tool.work().join("out").exists());
            eventually("the end of every directory", || entries(&tool.tmp()).is_empty());
            // Nobody reads it any more, which ends it.
            let _ = endless_lines.map(|mut lines| lines.wait().unwrap());
        }
    }
}

/// Waits with standard input left open, which `wait_with_output` closes first.
trait WaitOpen {
    fn wait_with_output_open(self) -> std::process::Output;
}

impl WaitOpen for Child {
    fn wait_with_output_open(mut self) -> std::process::Output {
        let _held = self.stdin.take();
        self.wait_with_output().unwrap()
    }
}

/// A run that is at work in `out` until it is stopped.
fn at_work(tool: &Tool) -> Child {
    let mut process =
        tool.process(&["run", "-q", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify", "-p", "time"]);
    process
        .args(["--rate", "1", "--time-budget", "600", "-o", "out"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let child = process.spawn().unwrap();
    let lines =
        || fs::read_to_string(tool.work().join("out/records.jsonl")).map_or(0, |text| text.lines().count());
    eventually("the first cell", || lines() == 2);
    child
}

#[test]
fn a_second_run_into_a_folder_is_refused_until_the_first_has_ended_however_it_ends() {
    let tool = Tool::with_tiny();
    let mut first = at_work(&tool);
    let records = fs::read(tool.work().join("out/records.jsonl")).unwrap();
    let second = [&VERIFY[..], &["-f", "tiny.toml", "-o", "out"]].concat();
    for more in [&[][..], &["--force"]] {
        tool.command(&[&second[..], more].concat())
            .assert()
            .code(2)
            .stdout("")
            .stderr(contains("error: out: another run is writing into it"));
        assert_eq!(fs::read(tool.work().join("out/records.jsonl")).unwrap(), records);
    }
    first.kill().unwrap();
    first.wait().unwrap();
    eventually("the end of every process", || tool.processes().is_empty());
    tool.prints(&[&second[..], &["--force"]].concat());
    assert_eq!(tool.records("out").len(), 3);
}

#[test]
fn standard_input_that_there_is_no_room_for_is_no_wrong_usage() {
    let tool = furnished();
    let mut command = assert_cmd::Command::new("bash");
    command.args(["-c", "ulimit -f 1; exec \"$@\"", "bash", env!("CARGO_BIN_EXE_dedup-harness")]);
    command.args(["run", "--trace", "-", "-o", "out"]).current_dir(tool.work()).env("TMPDIR", tool.tmp());
    command
        .write_stdin("{\"document_id\":\"a\"}\n".repeat(10_000))
        .assert()
        .code(1)
        .stderr(contains("too large"));
    assert!(entries(&tool.tmp()).is_empty() && !tool.work().join("out").exists());
}

#[test]
fn where_there_is_no_room_nothing_is_left_and_the_cause_is_said_once_with_the_path() {
    let tool = furnished();
    let page = "<!-- report -->\n<!-- /report -->\n";
    tool.write("README.md", page);
    let before = entries(&tool.work());
    for (path, args) in [
        ("new/page.html", &["report", "a", "-o", "new/page.html"][..]),
        ("page.html", &["report", "a", "-o", "page.html"]),
        ("new/assets/", &["report", "a", "--assets", "new/assets"]),
        ("README.md", &["report", "a", "--splice", "README.md"]),
        ("gate-accepted.toml", &["gate", "accept", "a/b/c", "--reason", "r", "--until", "2999-01-01"]),
        ("trend.html", &["trend", "a", "--format", "html", "-o", "trend.html"]),
        ("out/below/records.jsonl", &["run", "-q", "-f", "tiny.toml", "-s", "^noop$", "-o", "out/below"]),
        (
            "new/b.json",
            &[
                "gate",
                "check",
                "-q",
                "--update",
                "--no-instructions",
                "--baseline",
                "new/b.json",
                "-f",
                "tiny.toml",
                "-s",
                "^noop$",
            ],
        ),
    ] {
        let output = tool.with_room(0, args);
        let error = String::from_utf8(output.stderr).unwrap();
        // Where the folder is missing too, the path is what is wrong.
        let code = if path == "new/page.html" { 2 } else { 1 };
        assert_eq!(output.status.code(), Some(code), "{args:?} {error}");
        assert!(error.contains(path) && error.matches("error").count() == 2, "{args:?} {error}");
        assert_eq!(entries(&tool.work()), before, "{args:?} {error}");
    }
    assert_eq!(fs::read_to_string(tool.work().join("README.md")).unwrap(), page);
}

#[test]
fn a_pipe_whose_reader_goes_away_is_an_output_that_failed_and_no_wrong_usage() {
    let tool = furnished();
    let records = fs::read_to_string(tool.work().join("a/records.jsonl")).unwrap();
    let (run, cells) = records.split_once('\n').unwrap();
    let named = |index| cells.replace("\"tiny\"", &format!("\"tiny-{index}\""));
    tool.write("many/records.jsonl", format!("{run}\n{}", (0..200).map(named).collect::<String>()));
    tool.prints(&["report", "many", "-o", "page.html"]);
    let page = fs::metadata(tool.work().join("page.html")).unwrap().len();
    assert!(page > 1 << 17, "a pipe takes 64 KiB at once: who has read one byte knows that more is to come");
    let mut pipe = File::options().read(true).write(true).open(tool.work().join("pipe")).unwrap();
    let child = tool.process(&["report", "many", "-o", "pipe"]).stderr(Stdio::piped()).spawn().unwrap();
    pipe.read_exact(&mut [0]).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.starts_with("error: pipe: cannot be written: Broken pipe"), "{error}");
}

#[test]
fn two_who_write_one_file_anew_are_not_let_in_at_once() {
    let tool = furnished();
    let page = "<!-- report -->\n<!-- /report -->\n";
    tool.write("README.md", page);
    let taken = "another run is writing into it";
    let accept = ["gate", "accept", "a/b/c", "--reason", "r", "--until", "2999-01-01"];
    let splice = ["report", "a", "--splice", "README.md"];
    let alone = File::open(tool.work()).unwrap();
    rustix::fs::flock(&alone, rustix::fs::FlockOperation::LockExclusive).unwrap();
    tool.refuses(&accept, &[taken]);
    tool.refuses(&splice, &[taken]);
    assert_eq!(fs::read_to_string(tool.work().join("README.md")).unwrap(), page);
    drop(alone);
    tool.prints(&accept);
    tool.prints(&splice);
}

#[test]
fn what_is_there_and_is_no_baseline_is_not_to_be_made_one() {
    let tool = furnished();
    for (name, says_how) in [("pipe", false), ("zeros", false), ("a", false), ("absent", true)] {
        let output = tool.output(&["gate", "check", "--baseline", name]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(6), "{error}");
        assert!(error.contains(&format!("{name}: cannot be read")), "{error}");
        assert_eq!(error.contains("--update"), says_how, "{error}");
    }
}

#[test]
fn records_that_there_is_no_room_for_end_a_run_and_what_was_measured_is_printed() {
    let tool = Tool::with_tiny();
    let output = tool
        .with_room(4, &["run", "-q", "-f", "tiny.toml", "-p", "verify", "-s", "noop|exact|lru", "-o", "out"]);
    let (table, error) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1), "{table}{error}");
    assert!(table.contains("noop") && table.contains("verdict"), "{table}{error}");
    assert_eq!(error, "error: out/records.jsonl: cannot be written: File too large (os error 27)\n");
    // Whole lines, and no warning of one that breaks off.
    let compared =
        tool.command(&["compare", "out"]).assert().success().stderr("").get_output().stdout.clone();
    assert!(String::from_utf8(compared).unwrap().contains("noop"));
}

#[test]
fn results_that_are_to_be_replaced_stay_where_there_is_no_room_for_new_ones() {
    let tool = furnished();
    let before = fs::read(tool.work().join("a/records.jsonl")).unwrap();
    let run = [&VERIFY[..], &["-f", "tiny.toml", "-o", "a", "--force"]].concat();
    assert_eq!(tool.with_room(0, &run).status.code(), Some(1));
    assert_eq!(fs::read(tool.work().join("a/records.jsonl")).unwrap(), before);
}
