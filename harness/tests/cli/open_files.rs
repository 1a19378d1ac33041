//! Fewer open files than the program needs.

use std::process::Output;

use crate::nights::write_live;
use crate::tool::Tool;

/// Runs the program where each process may have so many files open, by the limit that this option of `ulimit` sets.
fn limited(tool: &Tool, option: &str, most: u32, args: &[&str]) -> Output {
    let script = format!("ulimit {option} {most} && exec \"$@\"");
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", &script, "sh", env!("CARGO_BIN_EXE_dedup-harness")]).args(args);
    command.current_dir(tool.work()).env("TMPDIR", tool.tmp()).output().unwrap()
}

#[test]
fn what_could_not_be_opened_is_named_with_the_remedy_and_nothing_else_is_blamed() {
    let tool = Tool::with_tiny();
    let trace = "{\"id\":\"a\",\"time\":1767225600}\n{\"id\":\"a\",\"time\":1767225601}\n";
    tool.write("pings.ndjson", trace);
    write_live(&tool, 10);
    let program = env!("CARGO_BIN_EXE_dedup-harness");
    let commands: [&[&str]; 7] = [
        &["list"],
        &["conform", "exact", "--law", "one verdict"],
        &["profile", "pings.ndjson", "--id-field", "id", "--time-field", "time"],
        &["run", "-q", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify"],
        &["nightly", "main_live"],
        &[
            "gate",
            "check",
            "--update",
            "--baseline",
            "b.json",
            "-f",
            "tiny.toml",
            "-s",
            "^exact$",
            "--no-instructions",
        ],
        &["gate", "run", "-q", "--base", program, "-f", "tiny.toml", "-s", "^exact$", "--rounds", "5"],
    ];
    for args in commands {
        let tries = (4..=20).map(|most| limited(&tool, "-n", most, args));
        let mut failed = 0;
        for output in tries.take_while(|output| output.status.code() != Some(0)) {
            failed += 1;
            let all = String::from_utf8(output.stderr).unwrap();
            // How far it came until then: a cell may have its files where the next does not.
            let error: String = all.split_inclusive('\n').filter(|line| !line.starts_with('[')).collect();
            assert_eq!(output.status.code(), Some(1), "{args:?} {error}");
            let (before, after) = error.split_once(": Too many open files (os error 24); ").expect(&error);
            assert!(before.strip_prefix("error: ").is_some_and(|what| what.len() > 3), "{args:?} {error}");
            assert!(after.ends_with("ulimit -n 1024\n") && error.lines().count() == 1, "{args:?} {error}");
        }
        assert!(failed < 17, "{args:?} never succeeds");
    }
}

#[test]
fn what_the_soft_limit_holds_back_is_used() {
    let tool = Tool::with_tiny();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "^exact$", "-p", "verify"];
    assert!(limited(&tool, "-Sn", 8, &run).status.success());
}

#[test]
fn a_private_redis_that_would_have_no_room_for_connections_is_not_started() {
    let tool = Tool::with_tiny();
    for cluster in [&[][..], &["--redis-cluster"]] {
        let run = [&["run", "-q", "-f", "tiny.toml", "-s", "^redis-claim$", "-p", "verify"][..], cluster];
        let output = limited(&tool, "-n", 40, &run.concat());
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.contains("a private server needs 128 open files at least, and may have 40 here"),
            "{said}"
        );
    }
}
