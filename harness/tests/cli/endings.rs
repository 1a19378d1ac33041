//! Runs that are stopped half-way.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use dedup_harness::cell::{Input, Job, Work};
use dedup_harness::environment::RedisChoice;
use dedup_harness::nightly::Choice;
use dedup_harness::passes::Pipelines;
use dedup_harness::strategies::{STRATEGIES, Sizing};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::tool::{Tool, entries, eventually};

/// Waits for what a run brings about; fails at once, with what it said, where it ends before.
pub(crate) fn eventually_of(child: &mut Child, what: &str, mut holds: impl FnMut() -> bool) {
    let mut ended = None;
    eventually(what, || {
        ended = child.try_wait().unwrap();
        ended.is_some() || holds()
    });
    if let Some(status) = ended.filter(|_| !holds()) {
        let mut said = String::new();
        let outputs = [child.stdout.take().map(OwnedFd::from), child.stderr.take().map(OwnedFd::from)];
        for output in outputs.into_iter().flatten() {
            File::from(output).read_to_string(&mut said).unwrap();
        }
        panic!("{what} did not come about before the end of the run, {status}:\n{said}");
    }
}

/// Starts a run whose time pass takes ten minutes, in a process group of its own, and waits until the verify cells are
/// done and Redis is being timed.
fn started(tool: &Tool) -> Child {
    let mut child = tool
        .process(&[
            "run",
            "-f",
            "tiny.toml",
            "-s",
            "^redis-claim$",
            "-s",
            "^exact$",
            "-p",
            "verify",
            "-p",
            "time",
        ])
        .args(["--rate", "1", "--time-budget", "600", "-o", "out"])
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually_of(&mut child, "two cells", || lines(tool) == 3);
    eventually_of(&mut child, "a server", || tool.processes().iter().any(|name| name == "redis-server"));
    child
}

pub(crate) fn lines(tool: &Tool) -> usize {
    std::fs::read_to_string(tool.work().join("out/records.jsonl")).map_or(0, |text| text.lines().count())
}

#[test]
fn a_run_that_is_killed_leaves_readable_records_and_no_process() {
    let tool = Tool::with_tiny();
    let mut child = started(&tool);
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the end of every process", || tool.processes().is_empty());
    eventually("the end of every directory", || entries(&tool.tmp()).is_empty());
    let table = tool.command(&["compare", "out"]).assert().success().get_output().stdout.clone();
    let table = String::from_utf8(table).unwrap();
    assert!(table.contains("exact") && table.contains("redis"), "{table}");
}

/// Sends a signal and expects exit code 130, the table of what was done, and nothing left behind.
fn stops_cleanly(stop: impl FnOnce(Pid)) {
    let tool = Tool::with_tiny();
    let child = started(&tool);
    stop(Pid::from_child(&child));
    let output = child.wait_with_output().unwrap();
    let (table, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(130), "{table}\n{log}");
    assert!(table.contains("verdict") && table.contains("exact"), "{table}\n{log}");
    assert!(log.contains("interrupted: 2 of 4 cells were done") && !log.contains("FAILED"), "{log}");
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty());
    tool.prints(&["compare", "out"]);
}

#[test]
fn an_interrupt_stops_the_run_and_prints_what_is_done() {
    stops_cleanly(|tool| kill_process(tool, Signal::INT).unwrap());
}

#[test]
fn a_request_to_terminate_stops_the_run_and_its_servers() {
    stops_cleanly(|tool| kill_process(tool, Signal::TERM).unwrap());
}

#[test]
fn ctrl_c_on_a_terminal_reaches_the_whole_group_and_is_no_failure_of_the_cell() {
    stops_cleanly(|tool| kill_process_group(tool, Signal::INT).unwrap());
}

#[test]
fn an_interrupt_ends_all_cells_that_are_at_work() {
    let tool = Tool::with_tiny();
    let long = crate::tool::TINY.replace("pings = 4_000", "pings = 4_000_000");
    tool.write("long.toml", long);
    let run = ["run", "-q", "-f", "tiny.toml", "-f", "long.toml", "-p", "verify", "--jobs", "4", "-o", "out"];
    let child = tool
        .process(&[&run[..], &["-s", "^(exact|lru|redis-claim|redis-lease)$"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    eventually("the short cells", || lines(&tool) == 5);
    let servers = || tool.processes().iter().filter(|name| *name == "redis-server").count();
    eventually("two servers at work", || servers() == 2);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{log}");
    assert!(log.contains("of 8 cells were done") && !log.contains("FAILED"), "{log}");
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty());
}

#[test]
fn a_talk_that_is_killed_leaves_no_directory() {
    let tool = Tool::new();
    let mut child = tool
        .process(&["talk", "-q", "-s", "^(noop|redis-claim)$", "-f", "none"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    eventually("a server", || tool.processes().iter().any(|name| name == "redis-server"));
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the end of every process", || tool.processes().is_empty());
    eventually("the end of every directory", || entries(&tool.tmp()).is_empty());
}

/// Cargo starts compilers, which go on where it alone is killed.
#[test]
fn a_gate_that_is_killed_while_its_base_is_built_takes_the_build_with_it() {
    let tool = Tool::with_tiny();
    // A build that starts something, and comes to no end.
    let cargo = tool.write("cargo", "#!/bin/sh\nsleep 1000 &\nwait\n");
    std::fs::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let git = |words: &[&str]| {
        let git = std::process::Command::new("git").args(words).current_dir(tool.work()).output().unwrap();
        assert!(git.status.success(), "{words:?}");
    };
    git(&["init", "-q"]);
    git(&["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "old"]);
    for signal in [Signal::KILL, Signal::TERM] {
        let mut gate =
            tool.process(&["gate", "run", "-q", "--base", "HEAD", "-f", "tiny.toml", "--cache", "cache"]);
        let mut gate = gate.env("CARGO", &cargo).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        eventually("a build", || tool.processes().iter().any(|name| name == "sleep"));
        kill_process(Pid::from_child(&gate), signal).unwrap();
        let code = gate.wait().unwrap().code();
        assert_eq!(code, (signal == Signal::TERM).then_some(130));
        eventually("the end of every process", || tool.processes().is_empty());
        assert!(entries(&tool.tmp()).is_empty());
    }
}

#[test]
fn a_gate_that_waits_for_git_or_the_compiler_hears_who_asks_to_stop() {
    let tool = Tool::with_tiny();
    let program = tool.write("never", "#!/bin/sh\nexec sleep 1000\n");
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let says = tool.write("bin/git", "#!/bin/sh\necho 0123456789abcdef0123456789abcdef01234567\n");
    std::fs::set_permissions(&says, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    std::os::unix::fs::symlink(&program, tool.write("stuck/here", "").with_file_name("git")).unwrap();
    let path = std::env::var("PATH").unwrap();
    for (bin, rustc) in [("stuck", "rustc"), ("bin", program.to_str().unwrap())] {
        let mut gate = tool.process(&["gate", "run", "-q", "--base", "HEAD", "-f", "tiny.toml"]);
        gate.env("PATH", format!("{}:{path}", tool.work().join(bin).display())).env("RUSTC", rustc);
        let gate = gate.args(["--cache", "cache"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let gate = gate.spawn().unwrap();
        eventually("the wait", || tool.processes().iter().any(|name| name == "sleep"));
        kill_process(Pid::from_child(&gate), Signal::TERM).unwrap();
        let output = gate.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("interrupted")).count(), 1, "{said}");
        eventually("the end of every process", || tool.processes().is_empty());
        assert!(entries(&tool.tmp()).is_empty());
    }
}

/// A cell that was started, and is so slow that the run was killed and its directory removed meanwhile.
#[test]
fn a_cell_whose_run_is_gone_ends_and_makes_nothing() {
    let tool = Tool::new();
    let durable = STRATEGIES.iter().find(|definition| definition.name == "durable").unwrap();
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1_000, ids_total: 1_000 };
    let private = tool.tmp().join("dedup-harness-gone");
    let job = Job {
        pipelines: Pipelines::ONE,
        input: Input::Scenario { name: "tiny".into(), toml: crate::tool::TINY.into() },
        strategy: durable.name.into(),
        system: None,
        settings: durable.resolve(&[], &sizing).unwrap(),
        given: Vec::new(),
        work: Work::Build,
        seed: 0,
        workers: NonZeroUsize::MIN,
        batch: NonZeroUsize::MIN,
        redis: RedisChoice::default(),
        time_factor: 1.0,
        nightly: (Choice::None, None),
        memory_limit: 1 << 30,
        disk_limit: 1 << 30,
        directory: private.join("0000"),
    };
    let ends = |code: i32| {
        let mut cell = tool.process(&["__cell"]);
        let mut cell =
            cell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Held until it ends, as a run does that is there.
        let mut hold = cell.stdin.take().unwrap();
        writeln!(hold, "{}", serde_json::to_string(&job).unwrap()).unwrap();
        assert_eq!(cell.wait().unwrap().code(), Some(code));
    };
    ends(1);
    assert!(entries(&tool.tmp()).is_empty());
    std::fs::create_dir(&private).unwrap();
    ends(0);
    assert!(private.join("0000").exists());
}
