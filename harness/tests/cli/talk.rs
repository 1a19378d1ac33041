//! `talk`, end to end at a tiny scale, and its table from the records.

use predicates::prelude::*;
use predicates::str::contains;

use crate::tool::Tool;

#[test]
fn the_talk_is_run_kept_and_drawn_again_from_its_records() {
    let tool = Tool::new();
    let asked = ["talk", "-q", "--scale", "160_000", "-s", "^(noop|pubsubio)$", "-f", "none", "-o", "kept"];
    let printed = tool.prints(&asked);
    assert!(contains("one ping in 16").eval(&printed), "{printed}");
    for said in ["pubsubio", "the runner keeps the state", "for 10 min", "no fault was tried", "kept"] {
        assert!(contains(said).eval(&printed), "{said}: {printed}");
    }
    assert_eq!(tool.prints(&["compare", "kept", "--talk"]), printed);
    let json: serde_json::Value =
        serde_json::from_str(&tool.prints(&["compare", "kept", "--talk", "--format", "json"])).unwrap();
    let rows = json["rows"].as_array().unwrap();
    let missed = |strategy: &str| {
        let row = rows.iter().find(|row| row["strategy"] == strategy).unwrap();
        row["missed_live_ratio"].as_f64().unwrap()
    };
    assert_eq!(missed("noop"), 1.0);
    // Of the client's half of the copies, two thirds come after ten minutes.
    assert!((0.2..0.5).contains(&missed("pubsubio")), "{}", missed("pubsubio"));
    let operated = |strategy: &str| {
        rows.iter().find(|row| row["strategy"] == strategy).unwrap()["operated"].as_str().unwrap().to_string()
    };
    assert_eq!(operated("noop"), "nothing");
    assert!(operated("pubsubio").starts_with("nothing of its own"), "{}", operated("pubsubio"));
    let csv = tool.prints(&["compare", "kept", "--talk", "--format", "csv"]);
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let markdown = tool.prints(&["compare", "kept", "--talk", "--format", "markdown"]);
    assert!(contains("| strategy |").eval(&markdown), "{markdown}");
}

#[test]
fn what_is_no_talk_and_what_it_does_not_have_is_refused() {
    let tool = Tool::with_tiny();
    tool.prints(&["run", "-q", "-f", "tiny.toml", "-s", "^noop$", "-p", "verify", "-o", "other"]);
    for (asked, said) in [
        (&["compare", "other", "--talk"][..], "no cell of the scenario"),
        (&["talk", "--scale", "0"], "allowed is `full`"),
        (&["talk", "-s", "^exact$"], "matches none of the talk's strategies"),
        (&["talk", "-f", "crahs"], "faults/worker-crash-before-settle, or none"),
    ] {
        tool.command(asked).assert().code(2).stdout("").stderr(contains(said));
    }
}

#[test]
fn servers_and_faults_are_part_of_it() {
    let tool = Tool::new();
    let asked = [
        "talk",
        "-q",
        "--scale",
        "160_000",
        "-s",
        "^(noop|redis-claim)$",
        "-f",
        "before-publish",
        "-o",
        "kept",
    ];
    tool.command(&asked).timeout(std::time::Duration::from_secs(300)).assert().success();
    let json: serde_json::Value =
        serde_json::from_str(&tool.prints(&["compare", "kept", "--talk", "--format", "json"])).unwrap();
    let row = json["rows"].as_array().unwrap().iter().find(|row| row["strategy"] == "redis-claim").unwrap();
    assert_eq!(row["worst"]["fault"], "worker-crash-before-publish");
    assert!(row["worst"]["lost_count"].as_u64().unwrap() > 100, "{row}");
    assert_eq!(row["unproven"], serde_json::json!([]));
    assert_eq!(row["lost_count"], 0);
    let trips = row["round_trips_per_ping"].as_f64().unwrap();
    assert!((1.0 / 64.0..0.1).contains(&trips), "{trips}");
    assert!(row["operated"].as_str().unwrap().starts_with("a Redis"), "{row}");
}
