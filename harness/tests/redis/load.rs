//! Several clients that load one cluster at once.

use std::path::Path;
use std::process::{Command, Stdio};

use dedup_engine::servers::PrivateCluster;
use dedup_harness::record::{CellResult, TimeFigures, read_run};
use tempfile::TempDir;

use crate::common::launch;

const CLIENTS: u32 = 4;

fn timed(run: &Path) -> TimeFigures {
    match read_run(run).unwrap().cells.remove(0).result {
        CellResult::Time(figures) => *figures,
        other => panic!("{other:?}"),
    }
}

#[test]
fn four_clients_load_one_cluster_from_one_moment_on_and_their_records_are_one() {
    let cluster = PrivateCluster::start(&launch()).unwrap_or_else(|error| panic!("{error}"));
    let dir = TempDir::new().unwrap();
    let start = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(20)).to_string();
    let client = |number: u32| {
        Command::new(env!("CARGO_BIN_EXE_dedup-harness"))
            .args(["run", "-q", "-p", "time", "-f", "^quick$", "-s", "^redis-claim$", "--threads", "2"])
            .args(["--time-budget", "0.3", "--time-pings", "100000", "--rate", "4000", "--start-at", &start])
            .args(["--redis-url", cluster.url(), "--partition", &format!("{number}/{CLIENTS}")])
            .arg("-o")
            .arg(dir.path().join(number.to_string()))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let clients: Vec<_> = (1..=CLIENTS).map(client).collect();
    for client in clients {
        let output = client.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let parts: Vec<_> = (1..=CLIENTS).map(|number| dir.path().join(number.to_string())).collect();
    let merge = Command::new(env!("CARGO_BIN_EXE_dedup-harness"))
        .arg("merge")
        .args(&parts)
        .arg("-o")
        .arg(dir.path().join("all"))
        .output()
        .unwrap();
    assert!(merge.status.success(), "{}", String::from_utf8_lossy(&merge.stderr));
    let (all, parts) =
        (timed(&dir.path().join("all")), parts.iter().map(|part| timed(part)).collect::<Vec<_>>());
    assert_eq!((all.clients_count, all.threads_count, all.clients.len()), (CLIENTS, 2 * CLIENTS, 0));
    assert_eq!(parts.iter().map(|part| part.clients[0]).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert!(parts.iter().all(|part| part.offered_per_s == 1_000.0));
    assert_eq!(all.offered_per_s, 4_000.0);
    assert_eq!(all.judged_count, parts.iter().map(|part| part.judged_count).sum::<u64>());
    // Exactly the values of all, whatever their percentiles.
    let mut sum = parts[0].latency_ns.histogram().unwrap();
    parts[1..].iter().for_each(|part| sum.add(part.latency_ns.histogram().unwrap()).unwrap());
    assert_eq!(all.latency_ns.histogram().unwrap(), sum);
    assert!(all.threads_ran_ns.unwrap() <= all.threads_ns.unwrap());
    let compared = Command::new(env!("CARGO_BIN_EXE_dedup-harness"))
        .arg("compare")
        .arg(dir.path().join("all"))
        .output()
        .unwrap();
    let table = String::from_utf8(compared.stdout).unwrap();
    assert!(table.contains("4 clients loaded one store at once, over 8 connections"), "{table}");
}
