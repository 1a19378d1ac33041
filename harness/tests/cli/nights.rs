//! The nightly job from outside.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use dedup_harness::nightly::{LiveRow, LiveWriter};
use rustix::process::{Pid, Signal, kill_process};

use crate::tool::{TINY, Tool, entries, eventually};

const DAY_US: i64 = 86_400_000_000;
/// 2026-01-01.
const START_US: i64 = 1_767_225_600_000_000;
const STABLE: &str = "main_stable/submission_date=2026-01-02/part-0.parquet";

/// Writes `rows` rows over two days into `main_live`: every third a copy of one before, every tenth without an id.
pub(crate) fn write_live(tool: &Tool, rows: u64) -> PathBuf {
    let dir = tool.work().join("main_live");
    std::fs::create_dir_all(&dir).unwrap();
    let mut writer = LiveWriter::new(&dir);
    for row in 0..rows {
        let unique = if row % 3 == 2 { row / 2 } else { row };
        let mut id = [0; 16];
        id[..8].copy_from_slice(&unique.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        id[8..].copy_from_slice(&unique.to_be_bytes());
        writer
            .push(LiveRow {
                submission_us: START_US + (2 * DAY_US) * row as i64 / rows as i64,
                document_id: (row % 10 != 9).then_some(id),
                unique,
                cause: u8::from(unique != row),
            })
            .unwrap();
    }
    assert_eq!(writer.finish().unwrap(), rows);
    dir
}

fn bytes_of(tool: &Tool) -> Vec<u8> {
    std::fs::read(tool.work().join(STABLE)).unwrap()
}

#[test]
fn a_night_says_what_became_of_each_day_and_a_second_one_changes_no_byte() {
    let tool = Tool::new();
    write_live(&tool, 3_000);
    let printed = tool.prints(&["nightly", "main_live"]);
    let days: Vec<&str> = printed.lines().filter(|line| line.contains("2026-01-0")).collect();
    assert_eq!(days.len(), 2, "{printed}");
    let columns: Vec<&str> = days[0].split_whitespace().collect();
    assert_eq!(columns[..3], ["main_live", "2026-01-01", "1,500"], "{printed}");
    let first = bytes_of(&tool);
    tool.prints(&["nightly", "main_live", "--day", "2026-01-02"]);
    assert_eq!(bytes_of(&tool), first);
}

#[test]
fn little_memory_and_many_slices_give_the_same_bytes() {
    let tool = Tool::new();
    write_live(&tool, 800_000);
    tool.prints(&["nightly", "main_live", "--threads", "2"]);
    let first = bytes_of(&tool);
    let printed = tool.prints(&["nightly", "main_live", "--threads", "1", "--memory-limit", "8MiB"]);
    let spilled = |line: &str| line.contains("2026-01-0") && line.contains(" MiB");
    assert!(printed.lines().any(spilled), "400,000 rows of 32 bytes are more than it may hold: {printed}");
    assert_eq!(bytes_of(&tool), first);
    tool.prints(&["nightly", "main_live", "--slices", "5", "--memory-limit", "8MiB"]);
    assert_eq!(bytes_of(&tool), first);
}

#[test]
fn a_day_larger_than_memory_is_done_within_it() {
    let tool = Tool::new();
    // Two million rows a day: 61 MiB of 32 bytes each, not counting what holds them.
    write_live(&tool, 4_000_000);
    let limited = |words: &str| {
        // The kernel counts; a process that wants more is refused it.
        let program = env!("CARGO_BIN_EXE_dedup-harness");
        let mut shell = std::process::Command::new("sh");
        shell.args([
            "-c",
            &format!("ulimit -d 65536 && exec {program} nightly main_live --threads 2 {words}"),
        ]);
        shell.current_dir(tool.work()).env("TMPDIR", tool.tmp()).output().unwrap()
    };
    assert!(!limited("").status.success(), "the limit is too wide to show anything");
    let output = limited("--memory-limit 8MiB");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let within = bytes_of(&tool);
    tool.prints(&["nightly", "main_live"]);
    assert_eq!(bytes_of(&tool), within);
}

/// Every file below the tool's directories, with its size.
fn written(tool: &Tool) -> BTreeMap<PathBuf, u64> {
    let paths = [tool.work(), tool.tmp()].into_iter().flat_map(|directory| entries(&directory));
    // What goes away while we look has no size any more.
    paths.filter_map(|path| path.metadata().ok().map(|data| (path, data.len()))).collect()
}

/// Watches a night until it has ended, or changed what is written `most` times; says how often it was seen to.
fn changes_until(tool: &Tool, night: &mut Child, most: usize) -> usize {
    let (mut before, mut changes) = (written(tool), 0);
    while changes < most && night.try_wait().unwrap().is_none() {
        let now = written(tool);
        changes += usize::from(now != before);
        before = now;
    }
    changes
}

#[test]
fn a_night_that_is_killed_leaves_the_day_as_it_was_or_whole() {
    let tool = Tool::new();
    write_live(&tool, 300_000);
    let start = || tool.process(&["nightly", "main_live"]).stdout(Stdio::null()).spawn().unwrap();
    let changes = changes_until(&tool, &mut start(), usize::MAX);
    let whole = bytes_of(&tool);
    assert!(changes > 0, "nothing was seen to be written");
    for step in 0..12 {
        // Half of the times there is no day before, half of the times there is.
        if step % 2 == 0 {
            std::fs::remove_dir_all(tool.work().join("main_stable")).unwrap();
        }
        let mut night = start();
        changes_until(&tool, &mut night, changes * step / 12);
        night.kill().unwrap();
        night.wait().unwrap();
        match std::fs::read(tool.work().join(STABLE)) {
            Ok(there) => assert_eq!(there, whole),
            Err(error) => assert!(step % 2 == 0, "the day before is gone: {error}"),
        }
        tool.process(&["nightly", "main_live"]).output().unwrap();
        assert_eq!(bytes_of(&tool), whole);
        let partition = tool.work().join(STABLE).parent().unwrap().to_path_buf();
        assert_eq!(entries(&partition).len(), 1, "what was half done is gone");
    }
}

#[test]
fn what_cannot_be_done_is_refused_before_anything_is_written() {
    let tool = Tool::new();
    tool.refuses(&["nightly", "nowhere"], &["nowhere"]);
    tool.refuses(&["nightly", "."], &["holds no day partition", "submission_date=%Y-%m-%d"]);
    write_live(&tool, 100);
    tool.refuses(
        &["nightly", "main_live", "--day", "2026-02-01"],
        &["no partition of 2026-02-01", "2 days from 2026-01-01"],
    );
    tool.refuses(&["nightly", "main_live", "--day", "tomorrow"], &["a day of UTC such as 2026-01-31"]);
    tool.refuses(&["nightly", "main_live", "--out", "main_live"], &["--out", "allowed is another one"]);
    tool.refuses(&["nightly", "main_live", "--memory-limit", "1MiB"], &["8MiB and more"]);
    tool.refuses(&["nightly"], &["DIR"]);
}

#[test]
fn a_partition_that_holds_something_else_is_not_replaced() {
    let tool = Tool::new();
    write_live(&tool, 100);
    let foreign = tool.write("main_stable/submission_date=2026-01-01/mine.parquet", "mine");
    let output = tool.output(&["nightly", "main_live"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("mine.parquet") && said.contains("move it away"), "{said}");
    assert_eq!(std::fs::read(foreign).unwrap(), b"mine");
}

#[test]
fn the_query_is_printed_for_each_engine() {
    let tool = Tool::new();
    for (engine, said) in [
        ("bigquery", "MERGE INTO"),
        ("spark", "INSERT OVERWRITE TABLE"),
        ("duckdb", "COPY ("),
        ("snowflake", "INSERT INTO \"TELEMETRY_STABLE\".\"MAIN_V5\""),
        ("redshift", "SET timezone"),
    ] {
        let printed =
            tool.prints(&["nightly", "--emit-sql", engine, "--day", "2026-01-31", "--preceding-days", "1"]);
        assert!(
            printed.contains(said) && printed.replace("30T", "30 ").contains("2026-01-30 00:00:00"),
            "{printed}"
        );
    }
}

/// Four thousand pings over two days: TINY stretched, with copies over midnight.
fn over_midnight() -> String {
    TINY.replace("rate = 20.0", "rate = '4_000/day'")
        .replace("[\"1s\", \"5m\"]", "[\"1h\", \"20h\"]")
        .replace("pings = 4_000", "duration = '47h'")
}

#[test]
fn a_run_over_midnight_scores_the_stable_tables_too() {
    let tool = Tool::new();
    tool.write("two-days.toml", over_midnight());
    let run = ["run", "-f", "./two-days.toml", "-s", "^noop$", "-p", "verify"];
    let printed = tool.prints(&[&run[..], &["-o", "out"]].concat());
    assert!(printed.contains("stable"), "{printed}");
    let verify = tool.records("out")[1]["result"]["verify"].clone();
    let stable = &verify["stable"];
    let number = |value: &serde_json::Value| value.as_u64().unwrap();
    assert_eq!(stable["job"], "nightly");
    assert_eq!(number(&stable["days_count"]), 2);
    assert_eq!(number(&stable["live_rows_count"]), number(&verify["pings_count"]), "noop lets all through");
    assert_eq!(number(&stable["lost_count"]), 0);
    let (left, all) = (number(&stable["missed_count"]), number(&verify["missed_count"]));
    assert!(left > 0 && left < all, "copies over midnight are left, others are not: {left} of {all}");
    assert_eq!(
        number(&stable["stable_rows_count"]),
        number(&verify["unique_count"]) + left,
        "each unique once, and what was missed"
    );
    let by_cause: u64 =
        stable["by_cause"].as_array().unwrap().iter().map(|cause| number(&cause["missed_count"])).sum();
    assert_eq!(by_cause, left);
    tool.prints(&[&run[..], &["--preceding-days", "1", "-o", "two"]].concat());
    assert_eq!(tool.records("two")[1]["result"]["verify"]["stable"]["missed_count"], 0);
    tool.prints(&[&run[..], &["--nightly", "none", "-o", "none"]].concat());
    assert!(tool.records("none")[1]["result"]["verify"]["stable"].is_null());
}

#[test]
fn a_night_on_another_engine_that_is_killed_takes_the_engine_with_it() {
    // An engine that never answers stands for a query that takes long.
    let engine = "#!/bin/sh\ncase $* in *-version*) echo v9 ;; *) exec sleep 600 ;; esac\n";
    let night = ["nightly", "main_live", "--engine", "duckdb"];
    let run = ["run", "-f", "./two-days.toml", "-s", "^noop$", "-p", "verify", "--nightly", "duckdb"];
    for words in [&night[..], &run[..]] {
        let tool = Tool::new();
        write_live(&tool, 300);
        tool.write("two-days.toml", over_midnight());
        let program = tool.write("engine", engine);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut killed =
            tool.process(words).env("DEDUP_DUCKDB", &program).stdout(Stdio::null()).spawn().unwrap();
        eventually("the engine", || tool.processes().iter().any(|name| name == "sleep"));
        killed.kill().unwrap();
        killed.wait().unwrap();
        eventually("the end of every process", || tool.processes().is_empty());
        eventually("the end of every directory", || entries(&tool.tmp()).is_empty());
    }
}

/// As every command that has something to clear up.
#[test]
fn a_night_that_is_interrupted_says_how_far_it_came_and_leaves_nothing() {
    let tool = Tool::new();
    write_live(&tool, 300);
    // An engine that does nothing but write a part of the day, and goes on for ever.
    let engine = "#!/bin/sh\ncase $* in *-version*) echo v9 ;; *) \
         echo half > main_stable/submission_date=2026-01-01/.part-0.unfinished; exec sleep 600 ;; esac\n";
    let program = tool.write("engine", engine);
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let before = entries(&tool.work());
    for signal in [Signal::INT, Signal::TERM] {
        let mut night = tool.process(&["nightly", "main_live", "--engine", "duckdb"]);
        night.env("DEDUP_DUCKDB", &program).stdout(Stdio::piped()).stderr(Stdio::piped());
        let night = night.spawn().unwrap();
        eventually("the engine", || tool.processes().iter().any(|name| name == "sleep"));
        kill_process(Pid::from_child(&night), signal).unwrap();
        let output = night.wait_with_output().unwrap();
        let log = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(130), "{log}");
        assert!(log.contains("interrupted: 0 of 2 days were done") && !log.contains("error"), "{log}");
        assert!(tool.processes().is_empty());
        assert_eq!(entries(&tool.work()), before);
        assert!(entries(&tool.tmp()).is_empty());
    }
}

/// The file of the first day, by the name that its reader knows.
const FIRST: &str = "main_stable/submission_date=2026-01-01/part-0.parquet";

#[test]
fn a_day_that_there_is_no_room_for_is_named_and_is_no_wrong_usage() {
    let tool = Tool::new();
    write_live(&tool, 800_000);
    let before = entries(&tool.work());
    for (args, named) in [
        (&[][..], format!("{FIRST}: cannot be written: File too large")),
        (&["--threads", "1", "--memory-limit", "8MiB"], "memory has no room for: set TMPDIR".to_string()),
    ] {
        let output = tool.with_room(16, &[&["nightly", "main_live"][..], args].concat());
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&named) && !error.contains("unfinished"), "{error}");
        assert_eq!(error.matches("File too large").count(), 1, "{error}");
        assert_eq!(entries(&tool.work()), before);
        assert!(entries(&tool.tmp()).is_empty());
    }
}

#[test]
fn what_another_engine_dies_of_is_said_of_the_day_it_was_at() {
    let tool = Tool::new();
    write_live(&tool, 300);
    for (does, said) in [
        ("kill -s XFSZ $$", format!("{FIRST}: cannot be made: File too large")),
        ("kill -s KILL $$", format!("{FIRST}: cannot be made: ended with signal: 9 (SIGKILL)")),
        (
            "echo \"IO Error: Could not write file \\\"$PWD/main_stable/submission_date=2026-01-01/.part-0.unfinished\\\": No \
             space left on device\" >&2; exit 1",
            format!("/{FIRST}\": No space left on device"),
        ),
    ] {
        let engine = format!("#!/bin/sh\ncase $* in *-version*) echo v9 ;; *) {does} ;; esac\n");
        let program = tool.write("engine", engine);
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let before = entries(&tool.work());
        let mut night = tool.command(&["nightly", "main_live", "--engine", "duckdb"]);
        let output = night.env("DEDUP_DUCKDB", &program).output().unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&said) && !error.contains("unfinished"), "{error}");
        assert_eq!(entries(&tool.work()), before);
    }
}

#[test]
fn without_duckdb_the_row_says_so_with_the_remedy() {
    let tool = Tool::new();
    tool.write("two-days.toml", over_midnight());
    let mut command =
        tool.command(&["run", "-f", "./two-days.toml", "-s", "^noop$", "-p", "verify", "--nightly", "both"]);
    let output = command.env("DEDUP_DUCKDB", "/nowhere/duckdb").output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains("no duckdb") && printed.contains("pip install duckdb-cli"), "{printed}");
}

#[test]
fn both_jobs_agree_behind_a_run() {
    let tool = Tool::new();
    tool.write("two-days.toml", over_midnight());
    if !has_duckdb() {
        assert!(std::env::var_os("CI").is_none(), "duckdb is missing; test.sh installs it");
        return;
    }
    tool.prints(&[
        "run",
        "-f",
        "./two-days.toml",
        "-s",
        "^noop$",
        "-p",
        "verify",
        "--nightly",
        "both",
        "-o",
        "out",
    ]);
    assert_eq!(tool.records("out")[1]["result"]["verify"]["stable"]["job"], "nightly, nightly-duckdb");
}

fn has_duckdb() -> bool {
    dedup_harness::nightly::Duckdb::find().is_ok()
}

#[test]
fn a_partition_without_files_is_named_and_nothing_is_written() {
    let tool = Tool::new();
    write_live(&tool, 300);
    std::fs::create_dir(tool.work().join("main_live/submission_date=2026-01-03")).unwrap();
    tool.write("main_live/submission_date=2026-01-03/notes.txt", "");
    let named = "main_live/submission_date=2026-01-03: holds no Parquet file";
    tool.refuses(&["nightly", "main_live"], &[named, "*.parquet", "--day"]);
    tool.refuses(&["nightly", "main_live", "--day", "2026-01-03"], &[named]);
    tool.prints(&["nightly", "main_live", "--day", "2026-01-02"]);
    tool.write("rows.csv", "id");
    tool.refuses(
        &["nightly", "rows.csv"],
        &["rows.csv: holds no day partition; allowed is a directory with"],
    );
    tool.refuses(
        &["gate", "explain", "rows.csv"],
        &["rows.csv: is no verdict", "allowed is the verdict.json"],
    );
}

#[test]
fn names_of_tables_stay_within_their_quotes_in_a_printed_query() {
    let tool = Tool::new();
    let query = |engine: &str, name: &str| {
        tool.prints(&["nightly", "--emit-sql", engine, "--live-table", name, "--stable-table", name])
    };
    let name = "a`b`.c; DROP TABLE d --";
    tool.refuses(
        &["nightly", "--emit-sql", "spark", "--live-table", name],
        &["--live-table", "joined by dots"],
    );
    let name = "p.c'; DROP TABLE d; --\\";
    assert!(query("bigquery", name).contains("FROM `p.c'; DROP TABLE d; --\\\\` AS live"));
    assert!(query("spark", name).contains("INSERT OVERWRITE TABLE `p`.`c'; DROP TABLE d; --\\`\n"));
    assert!(query("duckdb", name).contains("DELETE FROM \"p\".\"c'; DROP TABLE d; --\\\"\n"));
}

#[test]
fn columns_and_partitions_of_other_names_and_the_last_row() {
    let tool = Tool::new();
    let live = write_live(&tool, 3_000);
    let usual = tool.prints(&["nightly", "main_live", "--keep", "last"]);
    for day in ["2026-01-01", "2026-01-02"] {
        let to = tool.work().join(format!("other/{}", day.replace('-', "/")));
        std::fs::create_dir_all(&to).unwrap();
        std::fs::copy(live.join(format!("submission_date={day}/part-0.parquet")), to.join("a.parquet"))
            .unwrap();
    }
    let columns = ["--id-column", "document_id", "--time-column", "submission_timestamp"];
    let args = ["nightly", "other", "--partition", "%Y/%m/%d", "--keep", "last", "--out", "there"];
    let other = tool.prints(&[&args[..], &columns[..]].concat());
    let counts = |printed: &str| -> Vec<Vec<String>> {
        let days = printed.lines().filter(|line| line.contains("2026-01-0"));
        days.map(|line| line.split_whitespace().skip(1).take(5).map(str::to_string).collect()).collect()
    };
    assert_eq!((counts(&other).len(), counts(&other)), (2, counts(&usual)));
    let bytes = |path: &str| std::fs::read(tool.work().join(path)).unwrap();
    assert_eq!(bytes("there/2026/01/02/part-0.parquet"), bytes(STABLE));
    let first = tool.prints(&["nightly", "main_live", "--out", "first"]);
    assert_eq!(counts(&first), counts(&usual), "as many rows stay, and other ones");
    // Of the second day's rows, what is a copy is one of a row of the first day.
    let first_day = |table: &str| bytes(&format!("{table}/submission_date=2026-01-01/part-0.parquet"));
    assert_ne!(first_day("first"), first_day("main_stable"));
}

#[test]
fn a_place_for_stable_tables_that_can_be_none_is_wrong_usage() {
    let tool = Tool::new();
    write_live(&tool, 30);
    tool.write("file", "");
    for (out, at) in [("file", "file"), ("file/below", "file"), ("/proc/nowhere/x", "/proc/nowhere")] {
        let output = tool.output(&["nightly", "main_live", "--out", out]);
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{out}: {error}");
        assert!(error.starts_with(&format!("error: {at}")), "{error}");
    }
}

#[test]
fn what_the_nightly_job_cannot_do_is_refused_and_nothing_is_written() {
    let tool = Tool::new();
    write_live(&tool, 30);
    let before = entries(&tool.work());
    for (args, said) in [
        (&["--partition", "%Y-%m"][..], "date=%Y-%m-%d"),
        (
            &["--partition", "date=%Y-%m-%d"][..],
            "holds no day partition; allowed is a directory with date=%Y-%m-%d/*.parquet",
        ),
        (&["--id-column", "uuid"][..], "column uuid (--id-column): found none"),
        (
            &["--time-column", "document_id"][..],
            "column document_id (--time-column): found FIXED_LEN_BYTE_ARRAY",
        ),
        (&["--id-column", "a.b"][..], "name of a column at the top"),
        (&["--version-column", "truth_unique"][..], "none: give --keep last as well"),
        (
            &["--keep", "last", "--version-column", "document_id"][..],
            "column document_id (--version-column): found FIXED_LEN_BYTE_ARRAY",
        ),
        (
            &["--keep", "last", "--preceding-days", "1"][..],
            "--preceding-days: found 1; allowed with --keep last is 0",
        ),
        (&["--keep", "last", "--slices", "2"][..], "--slices: found 2; allowed with --keep last is 1"),
        (&["--keep", "newest"][..], "first, last"),
    ] {
        tool.refuses(&[&["nightly", "main_live"][..], args].concat(), &[said]);
        assert_eq!(entries(&tool.work()), before, "{args:?}");
    }
}

#[test]
fn duckdb_refuses_versions_without_the_order_of_versions_and_sql_says_so() {
    let tool = Tool::new();
    let versions = ["--keep", "last", "--version-column", "document_id"];
    let emitted = tool.prints(&[&["nightly", "--emit-sql", "spark"][..], &versions].concat());
    assert!(emitted.starts_with("-- document_id has to be a number, a date or a timestamp"), "{emitted}");
    if !has_duckdb() {
        return;
    }
    write_live(&tool, 300);
    let before = entries(&tool.work());
    let said = "column document_id (--version-column): found FIXED_LEN_BYTE_ARRAY";
    tool.refuses(&[&["nightly", "main_live", "--engine", "duckdb"][..], &versions].concat(), &[said]);
    assert_eq!(entries(&tool.work()), before);
}

#[test]
fn a_day_that_another_job_writes_is_left_to_it_and_stays_as_it_was() {
    let tool = Tool::new();
    write_live(&tool, 300);
    tool.prints(&["nightly", "main_live"]);
    let before = bytes_of(&tool);
    let partition = tool.work().join(STABLE).parent().unwrap().to_path_buf();
    let alone = std::fs::File::open(&partition).unwrap();
    rustix::fs::flock(&alone, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let output = tool.output(&["nightly", "main_live", "--preceding-days", "1"]);
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{error}");
    assert!(error.contains("submission_date=2026-01-02: another run is writing into it"), "{error}");
    assert_eq!(bytes_of(&tool), before);
    drop(alone);
    tool.prints(&["nightly", "main_live", "--preceding-days", "1"]);
}
