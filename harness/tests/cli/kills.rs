//! Commands that are killed at random moments: nothing of them is left, and what was written can be read.
//!
//! `DEDUP_KILLS` says how many times each command is killed, `DEDUP_KILLS_SEED` at which moments. A moment is a share of
//! what the command takes when it is left alone, so that a slow machine is killed as evenly as a fast one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use dedup_harness::gate::baseline::Baseline;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rustix::process::{Pid, Signal, kill_process};

use crate::tool::{Tool, entries, eventually};

/// A command, and what can be read of what it writes.
struct Victim {
    args: &'static [&'static str],
    /// What it needs in its directory.
    prepare: fn(&Tool),
    /// Files of it that are whole or not there.
    whole: fn(&Path) -> bool,
    /// What has to be well after each kill, besides.
    readable: fn(&Tool),
}

/// How a command is ended.
#[derive(Clone, Copy, Debug)]
enum End {
    Kill,
    Terminate,
}

impl End {
    fn signal(self) -> Signal {
        match self {
            End::Kill => Signal::KILL,
            End::Terminate => Signal::TERM,
        }
    }

    /// The exit codes that it may then have: none where the kernel ended it, which is what a request to terminate does
    /// to a command that has nothing to clear up yet; and its own where it was done already.
    fn allows(self, code: Option<i32>, alone: Option<i32>) -> bool {
        let own = code.is_none() || code == alone;
        match self {
            End::Kill => own,
            End::Terminate => own || code == Some(130),
        }
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}: {text:?}")))
}

/// Every file below the directory in which the command is run.
fn files(tool: &Tool) -> BTreeSet<PathBuf> {
    let work = tool.work();
    let below = |path: PathBuf| path.strip_prefix(&work).unwrap().to_path_buf();
    entries(&work).into_iter().filter(|path| !path.is_dir()).map(below).collect()
}

fn started(tool: &Tool, victim: &Victim) -> Child {
    tool.process(victim.args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Files of a kind that is written whole or not at all, with what is in them.
fn contents(tool: &Tool, victim: &Victim) -> BTreeMap<PathBuf, Vec<u8>> {
    let whole = files(tool).into_iter().filter(|path| (victim.whole)(path));
    whole.map(|path| (path.clone(), std::fs::read(tool.work().join(path)).unwrap())).collect()
}

/// Ends the command when it has run for `moment`; earlier if it ends by itself.
fn kill_after(child: &mut Child, moment: Duration, end: End) {
    let due = Instant::now() + moment;
    while Instant::now() < due && child.try_wait().unwrap().is_none() {
        // A moment is a time: there is nothing else to wait for.
        std::thread::sleep(due.saturating_duration_since(Instant::now()).min(Duration::from_millis(2)));
    }
    if child.try_wait().unwrap().is_none() {
        kill_process(Pid::from_child(child), end.signal()).unwrap();
    }
}

/// Kills a command time and again in one place, where each finds what the one before left.
fn survives_kills(victim: &Victim) {
    let tool = Tool::with_tiny();
    (victim.prepare)(&tool);
    let began = Instant::now();
    let alone = started(&tool, victim).wait().unwrap().code();
    let takes = began.elapsed();
    let (made, content) = (files(&tool), contents(&tool, victim));
    assert!(alone.is_some() && alone != Some(2), "{:?} ended with {alone:?}", victim.args);
    (victim.readable)(&tool);

    let seed = setting("DEDUP_KILLS_SEED", 1);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut killed = false;
    for kill in 0..setting("DEDUP_KILLS", 3) {
        let end = if random.random() { End::Kill } else { End::Terminate };
        killed |= matches!(end, End::Kill);
        let moment = takes.mul_f64(random.random());
        let when = format!("{:?}, {end:?} {kill} of seed {seed}, after {moment:?}", victim.args);
        let mut child = started(&tool, victim);
        kill_after(&mut child, moment, end);
        let code = child.wait().unwrap().code();
        assert!(end.allows(code, alone), "{when}: exit code {code:?}");
        eventually(&format!("{when}: the end of every process"), || tool.processes().is_empty());
        eventually(&format!("{when}: the end of every temporary file"), || entries(&tool.tmp()).is_empty());
        let on_its_way = |path: &PathBuf| killed && is_whole_and_on_its_way(&tool, path, &content);
        let more: Vec<_> = files(&tool).difference(&made).filter(|path| !on_its_way(path)).cloned().collect();
        assert!(more.is_empty(), "{when}: {more:?} is left");
        for (path, bytes) in contents(&tool, victim) {
            assert!(content.get(&path) == Some(&bytes), "{when}: {path:?} is another");
        }
        (victim.readable)(&tool);
    }
    // No lock is left in the way of the next one.
    assert_eq!(started(&tool, victim).wait().unwrap().code(), alone, "{:?} after all kills", victim.args);
    assert_eq!(files(&tool), made, "{:?} after all kills", victim.args);
}

/// Whether a file is what takes the place of another one between two steps, which SIGKILL may part: it is whole by then,
/// and the next one of the same place clears it away.
fn is_whole_and_on_its_way(tool: &Tool, path: &Path, content: &BTreeMap<PathBuf, Vec<u8>>) -> bool {
    let beside = |(place, _): &(&PathBuf, &Vec<u8>)| place.parent() == path.parent();
    let Some((_, whole)) = content.iter().find(beside) else { return false };
    path.extension().is_some_and(|kind| kind == "unfinished")
        && std::fs::read(tool.work().join(path)).is_ok_and(|bytes| bytes == *whole)
}

fn nothing_more(_: &Tool) {}

fn none(_: &Path) -> bool {
    false
}

/// The records of a run, if it got so far as to write one.
fn records_are_readable(tool: &Tool) {
    let records = tool.work().join("out/records.jsonl");
    if std::fs::metadata(&records).is_ok_and(|file| file.len() > 0) {
        let output = tool.output(&["compare", "out"]);
        let error = String::from_utf8_lossy(&output.stderr);
        // A run without a single cell has nothing to show, and says so.
        assert!(output.status.success() || error.contains("no cell"), "{error}");
    }
}

#[test]
fn a_run_survives_kills() {
    survives_kills(&Victim {
        args: &[
            "run",
            "-q",
            "-f",
            "tiny.toml",
            "-s",
            "^(exact|durable|bloom-verified|redis-claim)$",
            "-p",
            "verify",
            "-p",
            "weigh",
            "--jobs",
            "2",
            "-o",
            "out",
            "--force",
        ],
        prepare: nothing_more,
        whole: none,
        readable: records_are_readable,
    });
}

#[test]
fn a_talk_survives_kills() {
    survives_kills(&Victim {
        args: &[
            "talk",
            "-q",
            "-s",
            "^(noop|redis-claim)$",
            "-f",
            "none",
            "--scale",
            "160000",
            "-o",
            "out",
            "--force",
        ],
        prepare: nothing_more,
        whole: none,
        readable: records_are_readable,
    });
}

/// A baseline is the whole old one or the whole new one: its checksum holds. (A server's bytes are not the same twice.)
#[test]
fn making_a_baseline_survives_kills() {
    survives_kills(&Victim {
        args: &[
            "gate",
            "check",
            "--update",
            "--no-instructions",
            "--baseline",
            "base.json",
            "-f",
            "tiny.toml",
            "-s",
            "^(exact|redis-claim)$",
        ],
        prepare: nothing_more,
        whole: none,
        readable: |tool| {
            let path = tool.work().join("base.json");
            if path.exists() {
                Baseline::read(&path).unwrap_or_else(|error| panic!("{error}"));
            }
        },
    });
}

#[test]
fn a_gate_survives_kills() {
    const TOOL: &str = env!("CARGO_BIN_EXE_dedup-harness");
    survives_kills(&Victim {
        args: &[
            "gate",
            "run",
            "--base",
            TOOL,
            "-f",
            "tiny.toml",
            "-s",
            "^(exact|redis-claim)$",
            "--rounds",
            "5",
            "--budget",
            "1s",
            "-o",
            "gate",
            "--cache",
            "cache",
        ],
        prepare: nothing_more,
        whole: none,
        readable: |tool| {
            let verdict = tool.work().join("gate/verdict.json");
            if verdict.exists() {
                tool.prints(&["gate", "explain", "gate/verdict.json"]);
            }
        },
    });
}

/// A night of so little memory that it spills.
#[test]
fn a_night_survives_kills() {
    survives_kills(&Victim {
        args: &["nightly", "main_live", "--memory-limit", "16MiB", "--threads", "1"],
        prepare: |tool| {
            crate::nights::write_live(tool, 300_000);
        },
        whole: |path| path.extension().is_some_and(|kind| kind == "parquet"),
        readable: nothing_more,
    });
}

#[test]
fn a_report_survives_kills() {
    survives_kills(&Victim {
        args: &["report", "out", "-o", "page.html"],
        prepare: |tool| {
            tool.prints(&["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact|lru)$", "-o", "out"]);
        },
        whole: |path| path.ends_with("page.html") || path.ends_with("records.jsonl"),
        readable: nothing_more,
    });
}
