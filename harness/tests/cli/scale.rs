//! The scale pass from outside, at sizes that take no time. How fast it is is nobody's business here.

use serde_json::Value;

use crate::tool::Tool;

const RUN: [&str; 6] = ["run", "-q", "-p", "scale", "-f", "tiny.toml"];

/// The points of the strategy's only cell.
fn scaled<'a>(records: &'a [Value], strategy: &str) -> &'a Value {
    let cell = records.iter().find(|cell| cell["strategy"] == strategy);
    &cell.unwrap_or_else(|| panic!("{strategy}: {records:?}"))["result"]["scale"]
}

fn points<'a>(records: &'a [Value], strategy: &str) -> &'a [Value] {
    scaled(records, strategy)["points"].as_array().unwrap()
}

fn run(tool: &Tool, more: &[&str]) -> String {
    tool.prints(&[&RUN[..], more].concat())
}

#[test]
fn every_strategy_is_scaled_and_shown_in_every_format() {
    let tool = Tool::with_tiny();
    let table = run(&tool, &["--ids", "2^9..2^10", "-o", "out"]);
    assert!(table.contains("time a ping in steady state") && table.contains("bytes an id"), "{table}");
    let records = tool.records("out");
    let strategies = dedup_harness::strategies::STRATEGIES;
    assert_eq!(records.len(), 1 + strategies.len());
    for name in strategies.iter().map(|definition| definition.name) {
        let points = points(&records, name);
        let ids: Vec<u64> = points.iter().map(|point| point["ids_count"].as_u64().unwrap()).collect();
        assert_eq!(ids, [512, 1_024], "{name}");
        assert!(table.lines().any(|line| line.starts_with(&format!("{name} "))), "{table}");
    }
    let data = tool.prints(&["report", "out", "--format", "csv"]);
    assert!(data.contains(",ids_count,metric,"), "{data}");
    assert!(data.lines().any(|line| line.contains(",512,steady_ns_per_ping,")), "{data}");
    let json: Value = serde_json::from_str(&tool.prints(&["compare", "out", "--format", "json"])).unwrap();
    let scale = &json["blocks"][0]["rows"][0]["scale"]["points"];
    assert_eq!(scale.as_array().map(Vec::len), Some(2), "{json}");
    tool.prints(&["compare", "out", "--format", "markdown"]);
    tool.prints(&["compare", "out", "--format", "csv"]);
    tool.prints(&["report", "out", "-o", "page.html"]);
}

#[test]
fn the_same_seed_gives_the_same_counts_and_bytes() {
    let tool = Tool::with_tiny();
    let counted = |directory: &str| -> Vec<Value> {
        run(
            &tool,
            &["--ids", "2^9..2^11", "-s", "^(exact|lru|bloom-rotating|window-batch)$", "-o", directory],
        );
        let mut records = tool.records(directory);
        for cell in &mut records[1..] {
            cell["elapsed_ns"].take();
            for point in cell["result"]["scale"]["points"].as_array_mut().unwrap() {
                for time in ["filling_ns", "steady_ns", "steady_batch_ns"] {
                    point[time].take();
                }
            }
        }
        records.split_off(1)
    };
    let (first, again) = (counted("first"), counted("again"));
    assert_eq!(first, again);
    for point in points(&first, "exact") {
        let held = point["held_bytes"].as_u64().unwrap() as f64 / point["ids_count"].as_f64().unwrap();
        assert!((16.0..2_000.0).contains(&held), "{point}");
        assert_eq!(point["recognised_count"], point["copies_count"]);
        assert_eq!(point["lost_count"], 0);
    }
}

#[test]
fn a_server_is_private_weighed_and_asked_in_round_trips() {
    let tool = Tool::with_tiny();
    run(&tool, &["--ids", "2^9..2^10", "-s", "^redis-claim$", "-o", "out"]);
    for point in points(&tool.records("out"), "redis-claim") {
        assert!(point["server_used_bytes"].as_u64().unwrap() > 512, "{point}");
        assert!(point["steady_round_trips_count"].as_u64().unwrap() > 0, "{point}");
        assert_eq!(point["recognised_count"], point["copies_count"], "{point}");
        let tracked = point["peak_ids_count"].as_f64().unwrap() / point["ids_count"].as_f64().unwrap();
        assert!((0.99..1.5).contains(&tracked), "{point}");
    }
}

#[test]
fn a_budget_that_is_too_small_gives_fewer_points_and_the_table_says_so() {
    let tool = Tool::with_tiny();
    let bloom = ["-s", "^bloom$", "--ids", "2^10..2^30", "--budget", "1h,1MiB", "-o", "out"];
    let table = run(&tool, &bloom);
    assert!(table.contains("bloom: not measured from "), "{table}");
    let records = tool.records("out");
    let missing = &scaled(&records, "bloom")["not_reached"];
    assert!(
        missing["because"].as_str().unwrap().contains("of the 1 MiB that they may (--budget)"),
        "{missing}"
    );
    let last = points(&records, "bloom").last().unwrap()["ids_count"].as_u64().unwrap();
    assert_eq!(missing["ids_count"], 4 * last);
}

#[test]
fn what_belongs_to_the_pass_is_refused_without_it_and_in_other_words() {
    let tool = Tool::with_tiny();
    let run = |more: &[&'static str]| [&["run", "-q", "-f", "tiny.toml"], more].concat();
    tool.refuses(
        &run(&["--ids", "2^9..2^10"]),
        &["--ids and --budget belong to the scale pass", "--pass scale"],
    );
    tool.refuses(&run(&["-p", "weigh", "--budget", "1m"]), &["add --pass scale"]);
    tool.refuses(&run(&["-p", "scale", "--ids", "9..8"]), &["--ids", "9..8", "2^14..2^27"]);
    tool.refuses(&run(&["-p", "scale", "--budget", "much"]), &["--budget", "much", "10m,8GiB"]);
}
