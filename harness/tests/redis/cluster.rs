//! The tool on a real cluster.

use std::process::Command;

use dedup_engine::record::{CellResult, Line, Verdict as Judged};
use dedup_engine::servers::PrivateCluster;
use dedup_strategies::redis::{Link, Servers};
use redis::cmd;
use tempfile::TempDir;

use crate::common::launch;

/// 40 virtual seconds of a stream, in four real ones, by the tool: nothing is lost, and no directory is left. It may be late
/// by a twentieth of the window, two real seconds, since machines are busy.
fn runs_well(cluster: &[&str]) {
    let dir = TempDir::new().unwrap();
    let scenario = dir.path().join("small.toml");
    let text = r#"
about = "A small stream."
pings = 2000
window = "400s"
payload = "1KB"
[arrival]
process = "constant"
rate = "50/s"
[[repeat]]
cause = "redelivery"
share = 0.2
copies = 1
lag.uniform = ["1s", "30s"]
"#;
    std::fs::write(&scenario, text).unwrap();
    let tmp = dir.path().join("tmp");
    std::fs::create_dir(&tmp).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_dedup-harness"))
        .args(["run", "-q", "--time-factor", "10", "-p", "verify", "-s", "^redis-(mozilla|lease)$"])
        .args(cluster)
        .arg("-f")
        .arg(&scenario)
        .arg("-o")
        .arg(dir.path().join("out"))
        .env("NO_COLOR", "1")
        .env("TMPDIR", &tmp)
        .output()
        .unwrap();
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{table}\n{}", String::from_utf8_lossy(&output.stderr));
    let records = std::fs::read_to_string(dir.path().join("out/records.jsonl")).unwrap();
    let cells = records.lines().filter_map(|line| match serde_json::from_str(line).unwrap() {
        Line::Cell(cell) => Some(*cell),
        Line::Run(_) => None,
    });
    let mut count = 0;
    for cell in cells {
        let CellResult::Verify(figures) = &cell.result else { panic!("{table}") };
        assert_eq!(
            (figures.judgement.verdict, figures.lost_count),
            (Judged::Kept, 0),
            "{}: {table}",
            cell.strategy
        );
        assert!(figures.duplicate_in_window_count > 0 && cell.time_factor == 10.0);
        count += 1;
    }
    assert_eq!(count, 2);
    assert!(std::fs::read_dir(&tmp).unwrap().next().is_none(), "a directory is left behind");
}

#[test]
fn the_tool_runs_on_a_cluster_of_its_own_and_leaves_nothing_behind() {
    runs_well(&["--redis-cluster"]);
}

#[test]
fn the_tool_runs_on_a_cluster_that_is_given_and_leaves_the_keys_that_were_there() {
    let cluster = PrivateCluster::start(&launch()).unwrap_or_else(|error| panic!("{error}"));
    assert!(cluster.url().starts_with("redis+cluster://"), "{}", cluster.url());
    let mut servers = Servers::at(cluster.url()).unwrap();
    servers.query::<()>(b"foreign", cmd("SET").arg("foreign").arg("kept")).unwrap();
    runs_well(&["--redis-url", cluster.url()]);
    let kept: String = servers.query(b"foreign", cmd("GET").arg("foreign")).unwrap();
    assert_eq!(kept, "kept");
    let mut left = 0;
    let count = &mut |link: &mut Link| {
        left += link.query::<u64>(&cmd("DBSIZE"))?;
        Ok(())
    };
    servers.each(count).unwrap();
    assert_eq!(left, 1, "keys of ours are left");
}
