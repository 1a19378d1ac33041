//! `run`, where all goes well.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::faults::CRASH;
use crate::tool::{TINY, Tool};

const EMBEDDED: &str = "^(noop|exact|lru|lru-exact|lru-tinylfu|bloom|bloom-rotating|window-batch)$";

fn column<'a>(cells: &'a [Value], field: &str) -> Vec<&'a str> {
    cells.iter().map(|cell| cell[field].as_str().unwrap()).collect()
}

#[test]
fn every_strategy_goes_through_every_pass_and_is_shown_in_every_format() {
    let tool = Tool::with_tiny();
    let run = ["run", "-f", "tiny.toml", "--time-budget", "0.05", "--time-pings", "4000", "-o", "out"];
    let table = tool.prints(&run);
    let lines = tool.records("out");
    let strategies = dedup_harness::strategies::STRATEGIES;
    assert_eq!(lines.len(), 1 + 3 * strategies.len());
    for cell in &lines[1..] {
        assert_eq!(
            cell["result"].as_object().unwrap().keys().next(),
            cell["pass"].as_str().map(String::from).as_ref()
        );
    }
    let schema = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/results.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    lines.iter().for_each(|line| validator.validate(line).unwrap());
    let shown = |format| tool.prints(&["compare", "out", "--format", format]);
    let (markdown, csv, json) = (shown("markdown"), shown("csv"), shown("json"));
    assert_eq!(csv.lines().count(), 1 + strategies.len(), "{csv}");
    for name in strategies.iter().map(|definition| definition.name) {
        let begins = |text: &str, start: &str| text.lines().any(|line| line.starts_with(start));
        assert!(begins(&table, &format!("{name} ")), "{table}");
        assert!(begins(&markdown, &format!("| {name} |")), "{markdown}");
        assert!(csv.contains(&format!(",{name},")), "{csv}");
    }
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["blocks"][0]["rows"].as_array().unwrap().len(), strategies.len());
}

#[test]
fn run_prints_in_every_format_itself() {
    let tool = Tool::with_tiny();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", EMBEDDED, "-p", "verify", "--format"];
    for (format, begin) in
        [("table", "tiny  4,000 pings"), ("markdown", "### tiny"), ("csv", "run,"), ("json", "{")]
    {
        let text = tool.prints(&[&run[..], &[format]].concat());
        assert!(text.starts_with(begin), "{text}");
    }
    assert_eq!(crate::tool::entries(&tool.work()).len(), 1, "a run without --output writes nothing");
}

/// The results of a run's cells as they stand in the file, byte for byte.
fn results(tool: &Tool, which: &[&str], seed: &str, directory: &str) -> Vec<String> {
    let run = ["run", "-q", "-p", "verify", "--seed", seed, "-o", directory];
    tool.prints(&[&run[..], which].concat());
    let text = std::fs::read_to_string(tool.work().join(directory).join("records.jsonl")).unwrap();
    let result = |line: &str| line.split_once("\"result\":").unwrap().1.to_string();
    text.lines().skip(1).map(result).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let tool = Tool::with_tiny();
    let results = |seed, directory| results(&tool, &["-f", "tiny.toml"], seed, directory);
    let (first, again, other) = (results("5", "first"), results("5", "again"), results("6", "other"));
    assert_eq!(first, again);
    assert_eq!(first.len(), other.len());
    assert!(first.iter().zip(&other).all(|(first, other)| first != other));
}

#[test]
fn the_same_seed_gives_the_same_bytes_beyond_the_pings_that_every_run_judges_twice() {
    let tool = Tool::new();
    // A run judges the first 50,000 a second time, and no more.
    tool.write("long.toml", TINY.replace("4_000", "200_000").replace("rate = 20.0", "rate = 500.0"));
    let which = ["-f", "long.toml", "-s", "^(exact|lru-exact|bloom-rotating|split-block|window-batch)$"];
    let (first, again) = (results(&tool, &which, "5", "first"), results(&tool, &which, "5", "again"));
    assert_eq!(first.len(), 5);
    assert_eq!(first, again);
}

#[test]
fn what_is_at_work_beside_a_cell_changes_neither_its_record_nor_the_order_of_records() {
    let tool = Tool::with_tiny();
    tool.write("crash.toml", format!("{TINY}{CRASH}"));
    let records = |jobs| {
        let run = ["run", "-q", "-f", "tiny.toml", "-f", "crash.toml", "-p", "verify", "-p", "weigh"];
        let which = ["-s", EMBEDDED, "-s", "^redis-claim$", "--jobs", jobs, "-o", jobs];
        // A crash between verdict and publish never meets what holds its pings.
        tool.command(&[&run[..], &which].concat()).assert().code(5);
        let mut cells = tool.records(jobs).split_off(1);
        for cell in &mut cells {
            cell["elapsed_ns"] = Value::Null;
            // What the system makes of the memory, and a server, and moka, whose upkeep goes by real time.
            let varies = ["redis-claim", "lru", "lru-tinylfu"].map(Value::from).contains(&cell["strategy"]);
            if let Some(weighed) = cell["result"].get_mut("weigh") {
                weighed["peak_rss_bytes"] = Value::Null;
                if varies {
                    *weighed = Value::Null;
                }
            }
        }
        cells
    };
    let alone = records("1");
    assert_eq!(alone.len(), 3 * 9);
    assert_eq!(alone, records("5"));
}

#[test]
fn rounds_take_turns_and_never_share_a_seed() {
    let tool = Tool::with_tiny();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "^(noop|exact|bloom)$", "-p", "verify", "--rounds", "3"];
    tool.prints(&[&run[..], &["-o", "out"]].concat());
    let lines = tool.records("out");
    let cells = &lines[1..];
    let order = ["noop", "exact", "bloom", "exact", "bloom", "noop", "bloom", "noop", "exact"];
    assert_eq!(column(cells, "strategy"), order);
    let rounds: Vec<u64> = cells.iter().map(|cell| cell["round"].as_u64().unwrap()).collect();
    assert_eq!(rounds, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    let seeds: Vec<u64> = cells.iter().map(|cell| cell["seed"].as_u64().unwrap()).collect();
    assert_eq!(seeds[0], 5);
    assert!(seeds.chunks(3).all(|round| round.iter().all(|seed| *seed == round[0])));
    assert_eq!(seeds.iter().collect::<BTreeSet<_>>().len(), 3);
}

#[test]
fn options_of_the_pipeline_reach_the_records() {
    let tool = Tool::with_tiny();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "lru:capacity=1_00,window=30s", "-p", "verify"];
    tool.prints(&[&run[..], &["--workers", "3", "--batch", "7", "--seed", "9", "-o", "out"]].concat());
    let cell = &tool.records("out")[1];
    assert_eq!(cell["strategy"], "lru:capacity=1_00,window=30s");
    assert_eq!(
        (&cell["workers_count"], &cell["batch_count"], &cell["seed"]),
        (&3.into(), &7.into(), &9.into())
    );
    assert_eq!(cell["settings"]["capacity"], "100");
    assert_eq!(cell["settings"]["window"], "30s");
}

#[test]
fn results_are_replaced_only_when_asked() {
    let tool = Tool::with_tiny();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "^noop$", "-p", "verify", "-o", "out"];
    tool.prints(&run);
    tool.refuses(&run, &["holds results already"]);
    tool.prints(&[&run[..], &["--force", "--rounds", "2"]].concat());
    assert_eq!(tool.records("out").len(), 3);
}

#[test]
fn windows_of_any_length_are_weighed_without_false_alarm() {
    let tool = Tool::with_tiny();
    for window in ["1ns", "5s", "30s", "584y"] {
        let strategy = |name: &str| format!("{name}:window={window}");
        let (exact, rotating, redis) =
            (strategy("exact"), strategy("bloom-rotating"), strategy("redis-claim"));
        let batch = format!("window-batch:window={window},lateness={window}");
        let run =
            ["run", "-q", "-f", "tiny.toml", "-p", "weigh", "-s", &exact, "-s", &rotating, "-s", &redis];
        tool.prints(&[&run[..], &["-s", &batch]].concat());
    }
}

#[test]
fn without_a_redis_server_its_row_says_how_to_install_one_and_the_rest_runs() {
    let tool = Tool::with_tiny();
    let run = ["run", "-f", "tiny.toml", "-s", "^(exact|redis-claim)$", "-p", "verify"];
    let assert = tool.command(&run).env("PATH", "/nowhere").env_remove("DEDUP_REDIS_SERVER").assert();
    let table = String::from_utf8(assert.success().get_output().stdout.clone()).unwrap();
    assert!(table.contains("apt-get install redis-server") && table.contains("exact"), "{table}");
}

#[test]
fn an_open_loop_ends_with_its_budget_however_low_its_rate() {
    let tool = Tool::with_tiny();
    let run = ["run", "-q", "-f", "tiny.toml", "-s", "^noop$", "-p", "time", "-o", "out"];
    let loops = ["--rate", "0.001", "--time-budget", "1.5", "--stall-timeout", "1s"];
    tool.prints(&[&run[..], &loops].concat());
    assert_eq!(tool.records("out")[1]["result"]["time"]["offered_per_s"], 0.001);
}

/// Each takes longer in all than its thread may stand still, and before its first 50,000 pings.
#[test]
fn a_sparse_stream_does_not_hang_whatever_its_strategy_waits_for() {
    let tool = Tool::new();
    let sparse = TINY.replace("rate = 20.0", "rate = 0.5");
    for (pings, strategies) in [
        ("1_500", ["durable:sync=batch", "bloom-verified:sync=batch"]),
        ("30_000", ["redis-claim", "redis-mozilla"]),
    ] {
        tool.write("sparse.toml", sparse.replace("4_000", pings));
        let run = ["run", "-f", "sparse.toml", "-p", "verify", "--jobs", "1", "--stall-timeout", "3s"];
        let chosen = strategies.iter().flat_map(|strategy| ["-s", strategy]);
        let table = tool.prints(&run.into_iter().chain(chosen).collect::<Vec<_>>());
        assert!(!table.contains("FAILED"), "{table}");
    }
}
