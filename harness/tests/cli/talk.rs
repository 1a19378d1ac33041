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
fn what_people_run_today_stands_in_a_part_of_its_own_and_what_is_not_installed_is_named_once() {
    let tool = Tool::new();
    let last_id = crate::workspace::root().join("systems/examples/last_id.py");
    let system = |name: &str, command: &str| {
        format!(
            "name = '{name}'\nabout = 'a'\noperate = 'an operator'\ncommand = {command}\ninstall = 'apt-get install it'\n\
             routing = 'by-key'\npromise.remembers = 'nothing'\n"
        )
    };
    let floor = system("pipes", &format!("['python3', '{}']", last_id.display()));
    tool.write("here/floor/noop-python.toml", format!("role = 'floor'\n{floor}"));
    tool.write("here/postgres.toml", system("last", &format!("['python3', '{}']", last_id.display())));
    tool.write("here/nats.toml", system("absent", "['no-such-program']"));
    let asked = ["talk", "-q", "--scale", "160_000", "-s", "^(pubsubio|pipes|last|absent)$", "-f", "none"];
    let printed = tool.prints(&[&asked[..], &["--systems", "here", "-o", "kept"]].concat());
    assert_eq!(tool.prints(&["compare", "kept", "--talk"]), printed);
    let (own, today) = printed.split_once("what people run today").expect("a part of its own");
    assert!(own.contains("pubsubio") && !own.contains("an operator"), "{printed}");
    let places = ["last", "pubsubio", "pipes"].map(|name| today.find(&format!("\n{name} ")));
    assert!(places.is_sorted() && places[0].is_some(), "the worst first, the floor last: {printed}");
    let skipped = "skipped: absent: command: no program no-such-program beside the system's file, nor on the PATH; apt-get install it";
    let flat = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(flat.matches(skipped).count(), 1, "{printed}");
    let json: serde_json::Value =
        serde_json::from_str(&tool.prints(&["compare", "kept", "--talk", "--format", "json"])).unwrap();
    let rows = json["today"]["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["pings_per_s"].as_f64().unwrap() > 0.0), "{rows:?}");
    let csv = tool.prints(&["compare", "kept", "--talk", "--format", "csv"]);
    assert_eq!(csv.lines().filter(|line| line.contains(",talk-today,")).count(), 3, "{csv}");
    tool.refuses(&["talk", "--systems", "kept"], &["found none of what people run today", "or none"]);
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
