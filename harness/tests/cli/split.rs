//! The keys of a cell split among several pipelines.

use predicates::str::contains;
use serde_json::{Value, json};

use crate::tool::{TINY, Tool};

/// What a strategy may get wrong about, or what is drawn in the order of arrival: clones, ids that are broken, late events,
/// several copies.
const TANGLED: &str = r#"
[bad_id]
missing = 0.02
not_an_id = 0.01

[event_time]
skew.uniform = ["0s", "5s"]

[[repeat]]
cause = "retries"
share = 0.1
copies = 3
from = "previous"
lag.exponential = "20s"

[[repeat]]
cause = "clone"
share = 0.05
identity = "distinct"
event_time = "fresh"
lag.uniform = ["1s", "1m"]
"#;

/// Those whose answer follows from the times of the pings of a key: not from chance, which depends on all ids that share
/// a filter, not from which of all ids was seen last, and not from which event was the latest.
const BY_KEY_ALONE: &str = "^(noop|exact|exact-compact|fingerprint-64|lru|lru-exact|cuckoo|bloom-verified|durable|\
     pubsubio|pubsubio-direct|pubsubio-flink|beam-deduplicate|redis-mozilla|redis-claim|redis-lease|tiered)$";

fn tool() -> Tool {
    let tool = Tool::new();
    tool.write("tangled.toml", [TINY.replace("4_000", "6_000").as_str(), TANGLED].concat());
    tool
}

/// The verify figures of a run, by strategy.
fn verified(tool: &Tool, name: &str, more: &[&str]) -> Vec<(String, Value)> {
    tool.prints(&[&["run", "-q", "-p", "verify", "-o", name], more].concat());
    figures(tool, name)
}

fn figures(tool: &Tool, name: &str) -> Vec<(String, Value)> {
    let cells = tool.records(name).into_iter().skip(1);
    cells
        .map(|cell| (cell["strategy"].as_str().unwrap().to_string(), cell["result"]["verify"].clone()))
        .collect()
}

/// Without what says that there were several pipelines. Predictions are for one.
fn as_of_one(mut cells: Vec<(String, Value)>) -> Vec<(String, Value)> {
    for (_, figures) in &mut cells {
        assert!(figures["pings_count"].as_u64().is_some(), "{figures}");
        for field in
            ["pipelines_count", "output_digest", "ids_in_window_count", "predicted", "round_trips_count"]
        {
            figures[field].take();
        }
    }
    cells
}

#[test]
fn however_many_pipelines_there_are_counts_are_those_of_one() {
    let tool = tool();
    let asked = ["-f", "tangled.toml", "-s", BY_KEY_ALONE, "--batch", "1", "--nightly", "nightly"];
    let one = verified(&tool, "one", &asked);
    assert_eq!(one.len(), 17);
    assert!(one.iter().all(|(_, figures)| figures.get("pipelines_count").is_none()));
    for pipelines in [2u64, 5] {
        let name = pipelines.to_string();
        let split = verified(&tool, &name, &[&asked[..], &["--pipelines", &name]].concat());
        assert!(split.iter().all(|(_, figures)| figures["pipelines_count"] == pipelines));
        for ((strategy, split), (_, one)) in as_of_one(split).iter().zip(as_of_one(one.clone())) {
            assert_eq!(*split, one, "{strategy} in {pipelines} pipelines");
        }
    }
    let table = tool.prints(&["compare", "5"]);
    assert!(table.contains("keys split among 5 pipelines"), "{table}");
}

#[test]
fn a_record_depends_on_how_many_pipelines_there_are_and_not_on_how_many_cores() {
    let tool = tool();
    let asked = ["run", "-q", "-p", "verify", "-f", "tangled.toml", "--pipelines", "3", "-o"];
    let strategies = ["-s", "^(exact|split-block|stable-bloom|lru-exact|window-batch|redis-claim)$"];
    tool.prints(&[&asked[..], &["all"], &strategies].concat());
    let mut narrow = assert_cmd::Command::new("taskset");
    narrow.args(["-c", "0"]).arg(env!("CARGO_BIN_EXE_dedup-harness")).args(asked).arg("few").args(strategies);
    narrow.current_dir(tool.work()).env("TMPDIR", tool.tmp()).assert().success();
    assert_eq!(figures(&tool, "all"), figures(&tool, "few"));
}

#[test]
fn a_trace_is_split_by_its_ids() {
    let tool = tool();
    tool.write("trace.ndjson", tool.prints(&["stream", "tangled.toml"]));
    let asked = ["--trace", "trace.ndjson", "-s", "^(noop|exact|redis-claim)$", "--batch", "1"];
    let of = |pipelines| {
        as_of_one(verified(&tool, pipelines, &[&asked[..], &["--pipelines", pipelines]].concat()))
    };
    assert_eq!(of("4"), of("1"));
}

/// The process is started again and has lost its state: all copies of what it knew pass.
fn restart(pipeline: &str) -> String {
    format!("{TINY}\n[[fault]]\nkind = \"restart\"\nstate = \"lost\"\nat = \"90s\"\n{pipeline}")
}

#[test]
fn a_fault_falls_on_the_pipeline_that_it_is_placed_in() {
    let tool = Tool::new();
    let missed = |name: &str, fault: &str, pipelines: &str| {
        let scenario = tool.write(&format!("{name}.toml"), restart(fault));
        let asked =
            ["-f", scenario.to_str().unwrap(), "-s", "^exact$", "--batch", "1", "--pipelines", pipelines];
        let (_, figures) = verified(&tool, name, &asked).remove(0);
        assert_eq!(
            (&figures["faults"][0]["fired_count"], figures["faults"].as_array().unwrap().len()),
            (&json!(1), 1)
        );
        figures["missed_count"].as_u64().unwrap() - figures["faultless"]["missed_count"].as_u64().unwrap()
    };
    let of_all = missed("whole", "", "1");
    let shares = [missed("first", "", "2"), missed("second", "pipeline = 2", "2")];
    assert!(shares.iter().all(|share| (of_all / 4..of_all).contains(share)), "{shares:?} of {of_all}");
    assert_eq!(shares.iter().sum::<u64>(), of_all);
    // One beyond the last is the last one's.
    assert_eq!(missed("beyond", "pipeline = 7", "2"), shares[1]);
    assert_eq!(missed("only", "pipeline = 2", "1"), of_all);
}

#[test]
fn what_cannot_be_split_is_one_pipeline_and_says_why() {
    let tool = Tool::new();
    tool.write("replicas.toml", format!("{TINY}\n[pipeline]\nrouting = \"random\"\n"));
    let asked =
        ["run", "-p", "verify", "-f", "replicas.toml", "-s", "^exact$", "--pipelines", "2", "-o", "out"];
    tool.command(&asked).assert().success().stderr(contains("replicas, exact: one pipeline"));
    assert!(figures(&tool, "out")[0].1.get("pipelines_count").is_none());
}

#[test]
fn what_is_no_number_of_pipelines_is_refused() {
    let tool = Tool::with_tiny();
    for wrong in ["0", "x", "4097", "1.5", ""] {
        tool.refuses(
            &["run", "--pipelines", wrong],
            &["--pipelines", "allowed is a whole number from 1 to 4096"],
        );
    }
    let asked = ["run", "-f", "tiny.toml", "--pipelines", "2", "--partition", "3/8"];
    tool.refuses(&asked, &["--pipelines: found 2", "fewer than the 8 shares", "allowed are 8 and more"]);
    for wrong in ["0", "1.5", "-1", "'two'"] {
        tool.write("wrong.toml", restart(&format!("pipeline = {wrong}")));
        tool.refuses(&["run", "-f", "wrong.toml"], &["fault", "pipeline", "a whole number from 1 to 65536"]);
    }
}

/// Eight machines run eight pipelines each of every cell; gives the folders of their records.
fn run_in_parts(tool: &Tool, asked: &[&str]) -> Vec<String> {
    let part = |index: u32| {
        let (partition, folder) = (format!("{index}/8"), format!("parts/{index}"));
        tool.prints(&[asked, &["--partition", &partition, "-o", &folder]].concat());
        folder
    };
    (1..=8).map(part).collect()
}

#[test]
fn eight_parts_of_one_cell_merged_are_the_whole_but_for_its_times() {
    let tool = tool();
    tool.write("restart.toml", restart("pipeline = 11"));
    let asked =
        ["run", "-q", "-p", "verify", "-f", "tangled.toml", "-f", "restart.toml", "--pipelines", "24"];
    let asked =
        [&asked[..], &["-s", "^(noop|exact|split-block|window-batch|redis-lease)$", "--nightly", "nightly"]]
            .concat();
    tool.prints(&[&asked[..], &["-o", "whole"]].concat());
    let parts = run_in_parts(&tool, &asked);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    tool.prints(&[&["merge"], &parts[..], &["-o", "merged"]].concat());
    let timeless = |name: &str| {
        let mut records = tool.records(name);
        records.iter_mut().for_each(|record| {
            ["started_at", "elapsed_ns"].iter().for_each(|field| drop(record[*field].take()))
        });
        records
    };
    assert_eq!(timeless("merged"), timeless("whole"));
    let crashed = figures(&tool, "whole").into_iter().filter(|(_, cell)| cell["faultless"].is_object());
    assert_eq!(crashed.count(), 5);
    // A part by itself is one, and says so.
    let (_, part) = figures(&tool, "parts/3").remove(0);
    let numbers: Vec<_> =
        part["part"]["pipelines"].as_array().unwrap().iter().map(|one| one["number"].clone()).collect();
    assert_eq!((numbers, &part["pipelines_count"]), (vec![json!(7), json!(8), json!(9)], &json!(24)));
    tool.command(&["compare", "parts/3"])
        .assert()
        .success()
        .stderr(contains("missing: 10 of 10 cells are there, some"));
    // Whoever is sent the page has not seen that.
    for format in ["table", "markdown", "json"] {
        let read_later = tool.prints(&["compare", "parts/3", "--format", format]).replace("\n  ", " ");
        assert!(
            read_later.contains("this is not the whole run: shares 1, 2, 4, 5, 6, 7, 8 of 8 missing"),
            "{read_later}"
        );
    }
    tool.prints(&["report", "parts/3", "-o", "part.html"]);
    let page = std::fs::read_to_string(tool.work().join("part.html")).unwrap();
    assert!(page.contains("this is not the whole run"));
    assert_eq!(tool.prints(&[&["compare", "--format", "csv"], &parts[..]].concat()).lines().count(), 11);
}

#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let tool = Tool::with_tiny();
    let asked = ["run", "-q", "-p", "verify", "-f", "tiny.toml", "-s", "^exact$"];
    for (folder, more) in [
        ("1", "4 --partition 1/2"),
        ("2", "4 --partition 2/2"),
        ("other-n", "6 --partition 2/2"),
        ("other-seed", "4 --partition 2/2 --seed 9"),
    ] {
        let more: Vec<&str> = more.split(' ').collect();
        tool.prints(&[&asked[..], &["-o", folder, "--pipelines"], &more].concat());
    }
    let records = |name: &str| std::fs::read_to_string(tool.work().join(name).join("records.jsonl")).unwrap();
    let (one, two) = (records("1"), records("2"));
    tool.write("other-version/records.jsonl", two.replacen("\"version\":\"", "\"version\":\"9", 1));
    tool.write("same-pipelines/records.jsonl", two.replace("\"number\":3", "\"number\":1"));
    tool.write("whole-cell/records.jsonl", two.replace("\"part\":", "\"past\":"));
    tool.write("cut/records.jsonl", one.lines().next().unwrap().to_string() + "\n");
    for (given, said) in [
        (&["1"][..], "share 2 of 2 missing"),
        (&["1", "other-n"], "share 2/2, is of another run than 1/records.jsonl: what was to be run"),
        (&["1", "other-seed"], "share 2/2, is of another run than 1/records.jsonl: the seed differs"),
        (&["1", "other-version"], "share 2/2, is of another run than 1/records.jsonl: the program differs"),
        (&["1", "2", "1"], "both are share 1/2 of one run"),
        (&["1", "same-pipelines"], "share 2/2, tiny, exact: number 1 is there twice"),
        (&["1", "whole-cell"], "share 2/2 holds cell 0 of the run, which another share holds too"),
        (&["cut", "2"], "tiny, exact: 2 of 4 pipelines are there"),
    ] {
        tool.refuses(&[&["merge"], given, &["-o", "out"]].concat(), &[said]);
    }
    tool.prints(&["merge", "2", "1", "-o", "out"]);
}
