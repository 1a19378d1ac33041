//! `advise` from outside.

use std::process::Stdio;

use predicates::str::contains;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::tool::{Tool, entries, eventually};

const STORY: [&str; 11] = [
    "advise",
    "--rate",
    "3000/s",
    "--duplicates",
    "1%",
    "--lags",
    "50%=10m,90%=8h,99.9%=3d",
    "--workers",
    "12",
    "--redis",
    "8GiB",
];

fn json(tool: &Tool, args: &[&str]) -> Value {
    let text = tool.prints(&[args, &["--format", "json"]].concat());
    serde_json::from_str(&text).unwrap()
}

fn names(decision: &Value, list: &str) -> Vec<String> {
    let rows = decision["decision"][list].as_array().unwrap();
    rows.iter().map(|row| row["candidate"]["strategy"].as_str().unwrap().to_string()).collect()
}

#[test]
fn a_decision_has_its_parts_and_fits_into_eighty_columns() {
    let text = Tool::new().prints(&STORY);
    assert!(text.starts_with("Take "), "{text}");
    for part in [
        "What meets every requirement, the cheapest first",
        "What does not, the nearest first",
        "What would change the answer",
        "What to do",
        "dedup-harness run -p verify",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('\u{1b}'), "{text}");
    // A line to be typed is not broken.
    let long = text.lines().filter(|line| line.chars().count() > 80 && !line.contains("dedup-harness run"));
    assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn each_survivor_meets_the_requirements_and_each_excluded_fails_one() {
    let decision = json(&Tool::new(), &STORY);
    let rows = |list: &str| decision["decision"][list].as_array().unwrap().clone();
    assert!(!rows("survivors").is_empty() && !rows("excluded").is_empty());
    assert!(rows("survivors").iter().all(|row| row["fails"].as_array().unwrap().is_empty()));
    for row in rows("excluded") {
        let fails = row["fails"].as_array().unwrap();
        assert!(fails.iter().all(|fail| fail["found"].as_f64() > fail["allowed"].as_f64()), "{row}");
        assert!(!fails.is_empty());
    }
    let prices: Vec<f64> =
        rows("survivors").iter().map(|row| row["assessment"]["price"].as_f64().unwrap()).collect();
    // To the cent.
    assert!(prices.windows(2).all(|pair| pair[0] <= pair[1] + 0.01), "{prices:?}");
}

#[test]
fn who_must_lose_nothing_gets_nothing_that_marks_at_the_check() {
    let decision = json(&Tool::new(), &[&STORY[..], &["--lost", "none"]].concat());
    let survivors = decision["decision"]["survivors"].as_array().unwrap();
    assert!(!survivors.is_empty());
    for row in survivors {
        assert_eq!(row["candidate"]["marks"], "after_delivery", "{row}");
    }
    assert!(names(&decision, "excluded").contains(&"redis-claim".to_string()));
}

#[test]
fn what_cannot_be_met_says_which_requirement_to_give_up() {
    let args =
        [&STORY[..], &["--missed", "none", "--memory", "1KB", "--disk", "1KB", "--no-server"]].concat();
    let args: Vec<&str> = args.into_iter().filter(|arg| !["--redis", "8GiB"].contains(arg)).collect();
    let text = Tool::new().prints(&args);
    assert!(text.starts_with("Nothing meets"), "{text}");
}

#[test]
fn a_file_asks_the_same_as_the_command_line_which_goes_before_it() {
    let tool = Tool::new();
    tool.write(
        "needs.toml",
        "rate = \"3000/s\"\nduplicates = \"1%\"\nlags = \"50%=10m,90%=8h,99.9%=3d\"\nworkers = 12\nredis = \"8GiB\"\n",
    );
    assert_eq!(json(&tool, &["advise", "needs.toml"]), json(&tool, &STORY));
    let typed = json(&tool, &["advise", "needs.toml", "--workers", "3"]);
    assert_eq!(typed["decision"]["needs"]["workers"], 3);
}

#[test]
fn what_makes_no_sense_is_refused_with_the_field_what_was_found_and_what_is_allowed() {
    let tool = Tool::new();
    for (option, value, allowed) in [
        ("--rate", "3000", "3000/s"),
        ("--duplicates", "100%", "below 1"),
        ("--lags", "50%=1h,40%=2h", "50%=10m"),
        ("--payload", "heavy", "1KB"),
        ("--lost", "some", "1e-6"),
        ("--missed", "-1%", "0.1%"),
        ("--p99", "fast", "10m"),
        ("--memory", "much", "4GiB"),
        ("--workers", "0", "12"),
        ("--crashes", "often", "2/month"),
        ("--price", "gold=1", "memory=3"),
        ("--nightly=maybe", "", "no, yes"),
    ] {
        let mut args = vec!["advise", option];
        args.extend((!value.is_empty()).then_some(value));
        if option != "--rate" {
            args.extend(["--rate", "10/s"]);
        }
        tool.refuses(&args, &["found", "allowed is", allowed]);
    }
    tool.refuses(&["advise"], &["no traffic", "--rate 3000/s"]);
    tool.refuses(
        &["advise", "--rate", "1/s", "--scenario", "quick"],
        &["rate (command line) and scenario (command line)", "one of them"],
    );
    tool.write("two.toml", "rate = \"1/s\"\n");
    tool.refuses(
        &["advise", "two.toml", "--scenario", "quick"],
        &["rate (two.toml) and scenario (command line)", "one of them"],
    );
    tool.write("none.toml", "workers = 2\n");
    tool.refuses(&["advise", "none.toml"], &["none.toml: found no traffic"]);
    tool.refuses(&["advise", "--scenario", "quick", "--lags", "nightly"], &["lags", "leave out one"]);
    tool.refuses(&["advise", "--scenario", "quack"], &["quack", "list scenarios"]);
    tool.refuses(&["advise", "--profile", "none.json"], &["none.json", "cannot be read"]);
    tool.refuses(&["advise", "missing.toml"], &["missing.toml", "cannot be read"]);
    tool.write("needs.toml", "speed = 1\n");
    tool.refuses(
        &["advise", "needs.toml", "--rate", "1/s"],
        &[
            "needs.toml",
            "speed",
            "lost, missed",
            "rate, duplicates, lags, payload, profile, trace, scenario, curves",
        ],
    );
    tool.write("needs.toml", "lost = [1]\n");
    tool.refuses(&["advise", "needs.toml", "--rate", "1/s"], &["needs.toml", "lost = array", "TOML"]);
}

#[test]
fn traffic_comes_from_a_scenario_too_and_is_shown_as_markdown() {
    let text = Tool::new().prints(&[
        "advise",
        "--scenario",
        "mozilla-client-retry",
        "--nightly",
        "--format",
        "markdown",
    ]);
    assert!(text.starts_with("# Take ") && text.contains("mozilla-client-retry"), "{text}");
    assert!(text.contains("| strategy | window |"), "{text}");
}

#[test]
fn traffic_comes_straight_from_a_trace_as_profile_reads_it() {
    let tool = Tool::new();
    // 2,000 ids, one a second, each of every tenth of them again a minute later.
    let first = |n: u32| (n, n);
    let copy = |n: u32| (n + 60, n);
    let mut pings: Vec<(u32, u32)> = (0..2000).map(first).chain((0..2000).step_by(10).map(copy)).collect();
    pings.sort();
    let line = |(at, id): &(u32, u32)| format!("{{\"key\":\"id-{id}\",\"at\":{at}}}\n");
    tool.write("pings.ndjson", pings.iter().map(line).collect::<String>());
    let read = ["--id-field", "key", "--time-field", "at", "--time-unit", "s"];
    let of_trace = json(&tool, &[&["advise", "--trace", "pings.ndjson"], &read[..]].concat());
    tool.prints(&[&["profile", "pings.ndjson", "-o", "profile.json"], &read[..]].concat());
    let of_profile = json(&tool, &["advise", "--profile", "profile.json"]);
    assert_eq!(of_trace, of_profile);
    let share = of_trace["decision"]["traffic"]["duplicates"].as_f64().unwrap();
    assert!((share - 1.0 / 11.0).abs() < 1e-9, "{share}");
    let no_times = ["advise", "--trace", "pings.ndjson", "--id-field", "key"];
    tool.refuses(&no_times, &["pings.ndjson", "times", "--time-field"]);
    tool.refuses(&["advise", "--rate", "1/s", "--id-field", "key"], &["--trace"]);
    tool.refuses(&["advise", "--trace", "none.csv"], &["none.csv"]);
}

#[test]
fn times_are_read_off_recorded_curves_and_ones_own_take_their_place() {
    let tool = Tool::new();
    let shipped = json(&tool, &STORY);
    let measured = |decision: &Value| {
        let survivors = decision["decision"]["survivors"].as_array().unwrap();
        let exact = survivors.iter().find(|row| row["candidate"]["measured"]["most_ids"].is_number());
        exact.expect("one that was measured").clone()
    };
    let row = measured(&shipped);
    let strategy = row["candidate"]["strategy"].as_str().unwrap();
    assert!(row["assessment"]["speed"]["p99_ns"]["value"].as_f64().unwrap() > 0.0, "{row}");
    assert!(shipped["curves"][strategy]["points"].is_array());
    let record = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../results/scale/records.jsonl");
    let record = std::fs::read_to_string(record).unwrap();
    let cpu = row["candidate"]["measured"]["machine"]["cpu"].as_str().unwrap();
    tool.write("mine/records.jsonl", record.replacen(cpu, "My own machine", 1));
    let own = json(&tool, &[&STORY[..], &["--curves", "mine"]].concat());
    assert_eq!(measured(&own)["candidate"]["measured"]["machine"]["cpu"], "My own machine");
    let text = tool.prints(&[&STORY[..], &["--curves", "mine"]].concat());
    assert!(text.contains("measured on My own machine"), "{text}");
    // A record of other passes has no curve.
    let other: String = record.lines().take(1).map(|line| format!("{line}\n")).collect();
    tool.write("other/records.jsonl", &other);
    // A file may name them, and what is typed goes before it.
    tool.write("needs.toml", "curves = \"mine\"\n");
    let from_file = json(&tool, &[&STORY[..], &["needs.toml"]].concat());
    assert_eq!(from_file["curves"], own["curves"]);
    tool.refuses(&[&STORY[..], &["needs.toml", "--curves", "nowhere"]].concat(), &["nowhere"]);
    tool.refuses(&[&STORY[..], &["--curves", "other"]].concat(), &["other", "scale pass", "run -p scale"]);
    tool.refuses(&[&STORY[..], &["--curves", "nowhere"]].concat(), &["nowhere"]);
}

#[test]
fn who_is_too_slow_is_excluded_and_by_how_much() {
    let tool = Tool::new();
    let text = tool.prints(&[&STORY[..], &["--p99", "1us"]].concat());
    assert!(text.contains("times the 1 µs allowed"), "{text}");
    // A billion pings a second fit nowhere.
    let fast = ["advise", "--rate", "1000000000/s", "--workers", "1", "--memory", "1TiB", "--disk", "100TiB"];
    let text = tool.prints(&fast);
    assert!(text.contains("of a worker"), "{text}");
}

#[test]
fn sizes_are_a_line_for_each_strategy() {
    let tool = Tool::new();
    let text = tool.prints(&["advise", "--sizes", "--ids", "1_000_000_000", "--window", "24h"]);
    for name in ["exact-compact", "redis-claim", "durable", "bloom-rotating"] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}: {text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    // A model of Beam remembers ten minutes, whatever is asked for: 1/144 of the ids of a day.
    let told = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        told.contains(
            "window of their own of 10 min, after which they forget, and sized for the 6,944,445 ids"
        ),
        "{text}"
    );
    for rate in ["3000/s", "1/s", "1000000/s"] {
        let text = tool.prints(&["advise", "--sizes", "--rate", rate, "--window", "1d"]);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    let own = tool.prints(&["advise", "--sizes", "--ids", "6_944_445", "--window", "10m"]);
    let line = |text: &str| text.lines().find(|line| line.starts_with("pubsubio ")).map(str::to_string);
    assert_eq!(line(&text), line(&own));
    assert!(!own.contains("window of their own of 10 min"), "{own}");
    let by_rate = tool.prints(&["advise", "--sizes", "--rate", "3000/s", "--window", "1h"]);
    assert!(by_rate.contains("in a window of 60 min") || by_rate.contains("in a window of 1 h"), "{by_rate}");
    tool.refuses(&["advise", "--sizes", "--ids", "0"], &["--ids", "allowed is a whole number from 1"]);
}

/// A question to which what is in memory is an answer, and restarts and the nightly job matter.
const SMALL: [&str; 23] = [
    "advise",
    "--rate",
    "20/s",
    "--duplicates",
    "5%",
    "--lags",
    "50%=10m,100%=6h",
    "--missed",
    "3%",
    "--lost",
    "1e-3",
    "--disk",
    "1KB",
    "--workers",
    "2",
    "--restarts",
    "6/day",
    "--crashes",
    "20/year",
    "--nightly",
    "--no-server",
    "--check",
    "--quiet",
];

#[test]
fn what_is_recommended_is_put_to_the_test_and_comes_out_as_predicted() {
    let tool = Tool::new();
    let decision = json(&tool, &SMALL);
    let checked = decision["checked"].as_array().unwrap();
    let recommended = names(&decision, "survivors");
    let named: Vec<&str> = checked.iter().map(|one| one["strategy"].as_str().unwrap()).collect();
    assert_eq!(named, recommended[..named.len()]);
    assert_eq!(named.len(), 3);
    for one in checked {
        let seen = &one["outcome"]["seen"];
        assert!(seen["copies"].as_u64().unwrap() > 5_000, "{one}");
        for share in ["live", "stable"] {
            let of = |which: &str| seen[share][which].as_f64().unwrap();
            assert!((of("predicted") - of("seen")).abs() < 0.03, "{share}: {one}");
        }
        // False positives are an upper bound, and few.
        assert!(
            seen["lost"]["seen"].as_f64() <= Some(seen["lost"]["predicted"].as_f64().unwrap() * 2.0 + 20.0),
            "{one}"
        );
    }
}

#[test]
fn a_check_says_what_it_ran_and_belongs_to_a_decision() {
    let tool = Tool::new();
    let text = tool.prints(&SMALL);
    for part in ["Put to the test", "What it was put to the test on", "restarts", "crash"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        text.lines()
            .filter(|line| !line.contains("dedup-harness run"))
            .all(|line| line.chars().count() <= 80),
        "{text}"
    );
    tool.refuses(&["advise", "--sizes", "--ids", "5", "--check"], &["--check"]);
    tool.refuses(&["advise", "--rate", "1/s", "--quiet"], &["--check"]);
}

/// What meets this keeps its ids in a Redis.
const IN_REDIS: [&str; 20] = [
    "advise",
    "--rate",
    "100/s",
    "--duplicates",
    "20%",
    "--lags",
    "90%=1m,100%=2h",
    "--lost",
    "none",
    "--memory",
    "1KB",
    "--disk",
    "1KB",
    "--crashes",
    "0/year",
    "--restarts",
    "0/year",
    "--missed",
    "1%",
    "--check",
];

#[test]
fn what_asks_a_redis_is_put_to_the_test_with_a_failover() {
    let tool = Tool::new();
    let decision = json(&tool, &[&IN_REDIS[..], &["--quiet"]].concat());
    let checked = decision["checked"].as_array().unwrap();
    assert!(!checked.is_empty(), "{}", decision["sentence"]);
    for one in checked {
        let seen = &one["failover"]["seen"];
        assert!(seen["outage_s"].as_f64().unwrap() > 1.0, "{one}");
        assert!(seen["pings"].as_u64().unwrap() > 25_000, "{one}");
        let of = |which: &str| seen["delivered"][which].as_f64().unwrap();
        match one["strategy"].as_str() {
            // Open: what comes while its Redis is away passes.
            Some("redis-mozilla") => {
                assert!(of("predicted") > 300.0 && of("seen") > 0.5 * of("predicted"), "{one}")
            }
            // What waits lets nothing more through, but for leases that run out, as they do in squeezed time on a busy machine.
            _ => assert_eq!(of("predicted"), 0.0, "{one}"),
        }
        // Nothing that marks after delivery loses a ping.
        assert_eq!(seen["lost"]["predicted"].as_f64(), Some(0.0), "{one}");
        assert_eq!(seen["lost"]["seen"].as_f64(), Some(0.0), "{one}");
    }
}

#[test]
fn a_decision_is_a_page_that_loads_nothing() {
    let tool = Tool::new();
    let printed = tool.prints(&[&STORY[..], &["-o", "decision.html", "--format", "html"]].concat());
    assert_eq!(printed, "");
    let page = std::fs::read_to_string(tool.work().join("decision.html")).unwrap();
    assert!(page.contains("default-src 'none'") && page.contains("<pre>Take "), "{page}");
    assert!(!page.contains("<link") && !page.contains(" src="));
    assert!(page.len() < 400_000, "{}", page.len());
}

#[test]
fn a_speed_that_is_read_off_beyond_what_was_measured_is_marked_so_in_every_format() {
    let tool = Tool::new();
    // Seven million ids a worker; a store on a disk was measured with one million.
    let asked = ["advise", "--rate", "3000/s", "--lags", "50%=10m,90%=8h,99.9%=3d", "--workers", "12"];
    let asked = [&asked[..], &["--lost", "none", "--no-server"]].concat();
    let told = |more: &[&str]| tool.prints(&[&asked[..], more].concat());
    const OUTSIDE: &str = "outside what was measured";
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for format in ["text", "markdown", "html"] {
        let text = plain(&told(&["--format", format]));
        assert!(text.contains("Take durable") && text.contains(OUTSIDE), "{format}: {text}");
    }
    let text = told(&[]);
    let line = text.lines().find(|line| line.trim_start().starts_with("durable *")).unwrap();
    assert!(line.contains(" ? "), "{line}");
    let decision: serde_json::Value = serde_json::from_str(&told(&["--format", "json"])).unwrap();
    let speed = &decision["decision"]["survivors"][0]["assessment"]["speed"];
    for figure in ["ping_ns", "p99_ns", "busy"] {
        assert_eq!(speed[figure]["origin"], "outside", "{speed}");
    }
}

#[test]
fn the_answer_is_there_before_the_check_and_a_file_has_the_same() {
    let tool = Tool::new();
    let shown = tool.prints(&SMALL);
    let order: Vec<usize> = ["What to do", "Put to the test", "What it was put to the test on"]
        .iter()
        .map(|part| shown.find(part).unwrap_or_else(|| panic!("{part}: {shown}")))
        .collect();
    assert!(order.is_sorted(), "{shown}");
    tool.prints(&[&SMALL[..], &["-o", "answer.txt"]].concat());
    let kept = std::fs::read_to_string(tool.work().join("answer.txt")).unwrap();
    assert_eq!(kept, shown);
    // Beforehand it says what is to be run, and how long that takes.
    let loud: Vec<&str> = SMALL.iter().copied().filter(|word| *word != "--quiet").collect();
    let told = String::from_utf8(tool.output(&loud).stderr).unwrap();
    assert!(told.starts_with("--check: 3 runs of a thinned-out stream, some seconds each"), "{told}");
    let mut notes = told.lines().filter(|line| !line.starts_with('['));
    assert!(told.contains("2 to go, about ") && notes.all(|line| line.chars().count() <= 80), "{told}");
    // Rows stand below their heads though they are written one by one.
    let rows: Vec<&str> = shown[order[1]..order[2]].lines().skip(1).take(4).collect();
    assert!(rows.iter().all(|row| row.chars().count() == rows[0].chars().count()), "{rows:?}");
}

#[test]
fn whoever_stops_a_check_is_told_so_in_one_line_and_nothing_is_left() {
    let tool = Tool::new();
    let advice = tool.process(&SMALL).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Itself, the guard of its directory, and a cell.
    eventually("a cell", || tool.processes().len() >= 3);
    kill_process(Pid::from_child(&advice), Signal::INT).unwrap();
    let output = advice.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(said, "interrupted: the check did not come to its end\n");
    eventually("the end of every process", || tool.processes().is_empty());
    assert!(entries(&tool.tmp()).is_empty(), "{:?}", entries(&tool.tmp()));
}

#[test]
fn numbers_are_a_requirement_in_every_format_with_what_is_assumed_of_them() {
    let tool = Tool::new();
    let asked =
        ["--rate", "3000/s", "--duplicates", "1%", "--numbers", "pings,crash-rate", "--tolerance", "0.01%"];
    let advise = |more: &[&'static str]| [&["advise"][..], &asked, more].concat();
    let assumed = "Nothing is known of clients: copies and losses are taken to hit pings whoever sent them";
    let answer = json(&tool, &advise(&[]));
    assert!(answer["assumed"].as_str().unwrap().starts_with(assumed), "{}", answer["assumed"]);
    let fails = |judged: &Value| {
        judged["fails"].as_array().unwrap().iter().any(|fail| fail["requirement"] == "pings")
    };
    assert!(answer["decision"]["excluded"].as_array().unwrap().iter().any(fails));
    let nothing = json(&tool, &["advise", "--rate", "3000/s", "--duplicates", "1%"]);
    assert!(nothing["assumed"].is_null());
    for (format, flat) in [("text", true), ("markdown", true), ("html", false)] {
        tool.prints(&advise(&["--format", format, "-o", "advice"]));
        let text = std::fs::read_to_string(tool.work().join("advice")).unwrap();
        let said = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(assumed) && said.contains("bends pings by"), "{format}: {text}");
        assert!(flat || said.contains("\"bends\":[[\"pings\",\"counts\"]"), "{format}");
    }
    let of_nothing = ["advise", "--rate", "1/s", "--duplicates", "1%", "--tolerance", "0.1%"];
    tool.command(&of_nothing).assert().success().stderr(contains("of --numbers, of which none is asked for"));
    let refused =
        |more: &[&str], said: &[&str]| tool.refuses(&[&["advise", "--rate", "1/s"][..], more].concat(), said);
    refused(&["--numbers", "users"], &["numbers", "\"users\"", "pings, sessions, crashes, crash-rate"]);
    refused(&["--numbers", "mau,mau"], &["numbers", "each once"]);
    refused(&["--numbers", "mau", "--tolerance", "120%"], &["tolerance", "\"120%\"", "allowed"]);
    refused(&["--numbers", "mau", "--tolerance", "-1%"], &["tolerance", "allowed"]);
}
