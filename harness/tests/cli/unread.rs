//! Outputs that nobody reads, and such whose reader has gone away.

use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::endings::{eventually_of, lines};
use crate::nights::write_live;
use crate::tool::{Tool, entries, eventually};

const RUN: [&str; 10] = ["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact)$", "-p", "verify", "-o", "out"];

/// A pipe with as much in it as one takes.
fn full() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    writer.write_all(&[b'\n'; 1 << 16]).unwrap();
    (reader, writer)
}

/// A pipe whose reader is gone.
fn broken() -> PipeWriter {
    pipe().unwrap().1
}

fn ask_to_stop(child: &Child) {
    kill_process(Pid::from_child(child), Signal::TERM).unwrap();
}

fn wait(mut child: Child) -> ExitStatus {
    let mut ended = None;
    eventually("the end", || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    ended.unwrap()
}

#[test]
fn what_has_something_to_say_and_nobody_who_reads_it_ends_with_the_first_request() {
    let tool = Tool::with_tiny();
    write_live(&tool, 300);
    let check = ["gate", "check", "-q", "--no-instructions", "--baseline", "b.json", "-f", "tiny.toml"];
    tool.prints(&[&check[..], &["--update", "-s", "^noop$"]].concat());
    let is_kept = || tool.work().join("gate/junit.xml").exists();
    // By then the table waits for a reader, or soon.
    let cases: [(&[&str], &dyn Fn() -> bool); 3] = [
        (&RUN, &|| lines(&tool) == 3),
        (&[&check[..], &["-o", "gate"]].concat(), &is_kept),
        (&["nightly", "main_live"], &|| !entries(&tool.tmp()).is_empty()),
    ];
    for (args, is_at_it) in cases {
        let (_reader, writer) = full();
        let mut child = tool.process(args).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        eventually_of(&mut child, "all but the end", is_at_it);
        ask_to_stop(&child);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{args:?} {said}");
        assert!(said.contains("interrupted"), "{args:?} {said}");
        eventually("the end of every temporary file", || entries(&tool.tmp()).is_empty());
    }
}

/// Also where what is said of the end has no reader either.
#[test]
fn one_pipe_for_both_outputs_makes_no_difference() {
    let tool = Tool::with_tiny();
    let (_reader, writer) = full();
    let errors = writer.try_clone().unwrap();
    let mut child = tool.process(&RUN).stdout(writer).stderr(errors).spawn().unwrap();
    eventually_of(&mut child, "two cells", || lines(&tool) == 3);
    ask_to_stop(&child);
    assert_eq!(wait(child).code(), Some(130));
    eventually("the end of every temporary file", || entries(&tool.tmp()).is_empty());
}

#[test]
fn what_leaves_nothing_behind_ends_as_any_program() {
    let tool = Tool::with_tiny();
    tool.prints(&RUN);
    for args in [&["report", "out"][..], &["stream", "^quick$"]] {
        let mut child = tool.process(args).stdout(Stdio::piped()).spawn().unwrap();
        // More is to come than a pipe takes.
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        ask_to_stop(&child);
        let _held = child.stdout.take();
        assert_eq!(wait(child).signal(), Some(Signal::TERM.as_raw()), "{args:?}");
    }
}

#[test]
fn a_profile_that_was_asked_for_is_kept_whether_it_is_read_or_not() {
    let tool = Tool::new();
    let (_reader, writer) = full();
    let mut process =
        tool.process(&["profile", "--live", "--id-field", "id", "--every", "50ms", "-o", "p.json"]);
    process.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped());
    let mut child = process.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"{\"id\":1}\n{\"id\":1}\n").unwrap();
    let (mut said, mut byte) = (Vec::new(), [0]);
    while !String::from_utf8_lossy(&said).contains("2 pings (") {
        child.stderr.as_mut().unwrap().read_exact(&mut byte).unwrap();
        said.extend(byte);
    }
    // The first asks for the profile, the second for the end.
    ask_to_stop(&child);
    eventually("no more than one request at once", || has_heard(&child));
    ask_to_stop(&child);
    let _held = child.stdin.take();
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(130));
    let profile = std::fs::read_to_string(tool.work().join("p.json")).unwrap();
    assert!(profile.contains("\"pings_count\": 2"), "{profile}");
}

/// Whether no signal is on its way to it.
fn has_heard(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let pending = status.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap();
    u64::from_str_radix(pending.trim(), 16).unwrap() == 0
}

#[test]
fn a_reader_that_has_seen_enough_changes_neither_what_is_done_nor_how_it_ends() {
    let tool = Tool::with_tiny();
    write_live(&tool, 300);
    let status = |args: &[&str]| tool.process(args).stdout(broken()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status(&["nightly", "main_live"]).code(), Some(0));
    let days = entries(&tool.work().join("main_stable"));
    assert_eq!(days.iter().filter(|path| path.ends_with("part-0.parquet")).count(), 2, "{days:?}");
    assert_eq!(status(&["stream", "^quick$"]).code(), Some(0));
}

#[test]
fn who_does_not_listen_to_what_is_said_beside_the_output_disturbs_nothing() {
    let tool = Tool::with_tiny();
    write_live(&tool, 300);
    let code = |args: &[&str]| {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let codes = [Stdio::from(broken()), Stdio::from(full)]
            .map(|nobody| tool.process(args).stdout(Stdio::null()).stderr(nobody).status().unwrap().code());
        assert_eq!(codes[0], codes[1], "{args:?}");
        codes[0]
    };
    assert_eq!(code(&["nightly", "main_live"]), Some(0));
    assert_eq!(code(&["run", "-f", "tiny.toml", "-s", "^noop$"]), Some(0));
    assert_eq!(code(&["compare", "absent"]), Some(2));
    assert_eq!(code(&["compare", "--nonsense"]), Some(2));
}
