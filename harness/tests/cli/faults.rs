//! Scenarios with faults: what theory demands of the strategies that come with the harness, and what is printed.

use std::collections::BTreeMap;

use crate::tool::{TINY, Tool};

/// Missed and lost, by scenario and strategy; none where a fault does not apply.
type Counts = BTreeMap<(String, String), Option<(u64, u64)>>;

fn counted(tool: &Tool, pattern: &str, strategies: &str) -> Counts {
    let output = tool
        .command(&["run", "-q", "-f", pattern, "-s", strategies, "--format", "csv"])
        .timeout(std::time::Duration::from_secs(600))
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}\n{}", String::from_utf8_lossy(&output.stderr));
    let mut lines = csv::Reader::from_reader(table.as_bytes());
    let names = lines.headers().unwrap().clone();
    let column = |name: &str| names.iter().position(|other| other == name).unwrap();
    let (scenario, strategy) = (column("scenario"), column("strategy"));
    let (missed, lost) = (column("missed_count"), column("lost_count"));
    lines
        .records()
        .map(|line| {
            let line = line.unwrap();
            let count = |column: usize| line[column].parse::<u64>().ok();
            let place = (line[scenario].to_string(), line[strategy].to_string());
            (place, count(missed).zip(count(lost)))
        })
        .collect()
}

fn at(counts: &Counts, scenario: &str, strategy: &str) -> (u64, u64) {
    counts[&(format!("faults/{scenario}"), strategy.to_string())].unwrap()
}

#[test]
fn what_marks_at_the_check_loses_at_one_point_and_what_marks_after_delivery_nowhere() {
    let points = "^faults/worker-crash-before-";
    let counts = counted(&Tool::new(), points, "^(exact|lru|pubsubio)$");
    for point in ["before-judge", "before-publish", "before-settle", "before-ack"] {
        let crash = format!("worker-crash-{point}");
        for claim in ["exact", "lru"] {
            let (_, lost) = at(&counts, &crash, claim);
            assert_eq!(lost > 0, point == "before-publish", "{claim} at {crash}: {lost} lost");
        }
        assert_eq!(at(&counts, &crash, "pubsubio").1, 0, "{crash}");
    }
    // What was published and never marked passes once more, and only there.
    let ordinary = at(&counts, "worker-crash-before-judge", "pubsubio").0;
    assert!(at(&counts, "worker-crash-before-settle", "pubsubio").0 > ordinary);
    let claim = at(&counts, "worker-crash-before-judge", "exact").0;
    assert!(at(&counts, "worker-crash-before-settle", "exact").0.abs_diff(claim) <= 5);
}

#[test]
fn what_marks_at_the_check_loses_what_the_sink_refuses_and_what_marks_after_delivery_does_not() {
    let counts = counted(&Tool::new(), "^faults/publish-fails$", "^(noop|exact|lru|window-batch|pubsubio)$");
    let lost = |strategy| at(&counts, "publish-fails", strategy).1;
    // Half of a minute of a hundred unique pings a second, and of whatever copies come to the rest.
    assert!((2_000..4_000).contains(&lost("exact")), "{}", lost("exact"));
    assert!((2_000..4_000).contains(&lost("lru")), "{}", lost("lru"));
    // What is held until its window closes is published as the fault begins, and was marked when it came.
    assert!(lost("window-batch") > 1_000, "{}", lost("window-batch"));
    assert_eq!((lost("noop"), lost("pubsubio")), (0, 0));
}

#[test]
fn state_that_is_gone_lets_copies_through_and_loses_nothing() {
    let counts = counted(&Tool::new(), "^faults/(restart|clock|workers|ack)", "^(exact|lru|noop)$");
    let ordinary = at(&counts, "ack-timeout", "exact").0;
    for gone in ["restart-state-lost", "restart-state-kept", "clock-jump", "workers-added", "workers-removed"]
    {
        let (missed, lost) = at(&counts, gone, "exact");
        assert!(missed > ordinary + 1_000, "{gone}: {missed} against {ordinary}");
        assert!(lost <= 5, "{gone}: {lost}");
    }
    // An exact set forgets as much in a restart as in a clock's jump beyond its window.
    let (restart, jump) =
        (at(&counts, "restart-state-lost", "exact").0, at(&counts, "clock-jump", "exact").0);
    assert!(restart.abs_diff(jump) <= 20, "{restart} and {jump}");
    // State that all workers share does not care how many they are.
    let (added, ordinary) = (at(&counts, "workers-added", "lru").0, at(&counts, "ack-timeout", "lru").0);
    assert!(added.abs_diff(ordinary) < 200, "{added} and {ordinary}");
}

const ON_REDIS: [&str; 3] = ["redis-mozilla", "redis-claim", "redis-lease"];

/// Marking after delivery and leases lose nothing wherever a worker dies; a claim that nobody takes back loses what died
/// between the check and the publish.
#[test]
fn on_redis_a_claim_loses_at_one_point_and_marks_and_leases_nowhere() {
    let crashes = ["before-judge", "before-publish", "before-settle", "before-ack"]
        .map(|point| format!("worker-crash-{point}"));
    let seen = figures(
        &Tool::new(),
        &crashes.each_ref().map(String::as_str),
        BATCHES,
        "^redis-(mozilla|claim|lease)$",
    );
    for point in ["before-judge", "before-publish", "before-settle", "before-ack"] {
        for strategy in ON_REDIS {
            let lost = count(&seen, &format!("worker-crash-{point}"), strategy, "lost_count");
            let loses = strategy == "redis-claim" && point == "before-publish";
            assert_eq!(lost > 0, loses, "{strategy} {point}: {lost} lost");
        }
    }
    // What was published and never marked passes once more; a claim was a mark from the beginning.
    let missed = |point, strategy| count(&seen, &format!("worker-crash-{point}"), strategy, "missed_count");
    for strategy in ["redis-mozilla", "redis-lease"] {
        assert!(missed("before-settle", strategy) > missed("before-judge", strategy) + 25, "{strategy}");
    }
    assert!(missed("before-settle", "redis-claim").abs_diff(missed("before-judge", "redis-claim")) <= 5);
}

#[test]
fn on_redis_a_store_that_forgets_or_is_away_costs_misses_and_a_lost_reply_costs_a_claim_its_ping() {
    let tool = Tool::new();
    let faults =
        ["worker-crash-before-judge", "store-killed", "store-unreachable", "eviction-lru", "reply-lost"];
    let seen = figures(&tool, &faults, BATCHES, "^redis-(mozilla|claim|lease)$");
    let of = |fault, strategy| {
        (count(&seen, fault, strategy, "missed_count"), count(&seen, fault, strategy, "lost_count"))
    };
    for strategy in ON_REDIS {
        let ordinary = of("worker-crash-before-judge", strategy).0;
        for forgets in ["store-killed", "eviction-lru"] {
            let (missed, lost) = of(forgets, strategy);
            assert!(missed > ordinary + 250, "{strategy} {forgets}: {missed} against {ordinary}");
            assert_eq!(lost, 0, "{strategy} {forgets}");
        }
        // Away for two minutes, with all that it knew: who fails open misses, who waits does not.
        let (missed, lost) = of("store-unreachable", strategy);
        let fails_open = strategy == "redis-mozilla";
        assert_eq!(missed > ordinary + 125, fails_open, "{strategy}: {missed} against {ordinary}");
        assert_eq!(lost, 0, "{strategy}");
        let (_, lost) = of("reply-lost", strategy);
        assert_eq!(lost > 0, strategy == "redis-claim", "{strategy}: {lost} lost with a reply");
    }
    let owned = figures(&tool, &["reply-lost"], BATCHES, "redis-claim:owner=delivery,on_error=retry");
    assert_eq!(owned.values().map(|figures| &figures["lost_count"]).collect::<Vec<_>>(), [0]);
}

/// What stands for the rate of 100 pings a second that fault scenarios have, and for the time in which a batch gathers.
struct Thin {
    rate: &'static str,
    linger: &'static str,
}

/// Enough pings to see that something passes or is lost at all. Gathered to five as well, for a server takes as long over a
/// batch of one.
const FEW: Thin = Thin { rate: "5/s", linger: "1s" };

/// Enough for many batches of five, of which a crash or a lost reply takes some.
const BATCHES: Thin = Thin { rate: "25/s", linger: "200ms" };

/// The fault scenarios `names`, thinned out, in files of their names.
fn thinned(tool: &Tool, names: &[&str], thin: Thin) -> Vec<String> {
    let all = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/faults");
    let of = |name: &&str| {
        let mut text = std::fs::read_to_string(all.join(format!("{name}.toml"))).unwrap();
        for (field, has, gets) in [("rate", "100/s", thin.rate), ("linger", "200ms", thin.linger)] {
            let line = |value| format!("\n{field} = \"{value}\"\n");
            assert!(text.contains(&line(has)), "{name}");
            text = text.replace(&line(has), &line(gets));
        }
        tool.write(&format!("{name}.toml"), text);
        format!("{name}.toml")
    };
    names.iter().map(of).collect()
}

/// The verify figures of thinned scenarios, by scenario and strategy.
fn figures(
    tool: &Tool,
    names: &[&str],
    thin: Thin,
    strategies: &str,
) -> BTreeMap<(String, String), serde_json::Value> {
    let files = thinned(tool, names, thin);
    let mut run = vec!["run", "-q", "--force", "-s", strategies, "-o", "out"];
    files.iter().for_each(|file| run.extend(["-f", file]));
    tool.command(&run).timeout(std::time::Duration::from_secs(600)).assert().success();
    let cells = tool.records("out").split_off(1);
    let word = |value: &serde_json::Value| value.as_str().unwrap().to_string();
    let place = |cell: &serde_json::Value| (word(&cell["scenario"]), word(&cell["strategy"]));
    cells.iter().map(|cell| (place(cell), cell["result"]["verify"].clone())).collect()
}

fn count(
    figures: &BTreeMap<(String, String), serde_json::Value>,
    scenario: &str,
    strategy: &str,
    name: &str,
) -> u64 {
    let place = (scenario.to_string(), strategy.to_string());
    figures[&place][name].as_u64().unwrap_or_else(|| panic!("{place:?} has no {name}"))
}

#[test]
fn on_redis_marks_leases_and_a_front_lose_nothing_under_the_other_faults_either() {
    let tool = Tool::new();
    let others = [
        "worker-crash-before-judge",
        "worker-crash-of-the-marking-job",
        "ack-timeout",
        "publish-fails",
        "clock-jump",
        "eviction-ttl",
        "restart-state-kept",
        "store-slow",
        "workers-added",
        "workers-removed",
    ];
    let seen = figures(&tool, &others, FEW, "^(redis-mozilla|redis-lease|tiered)$");
    for (place, figures) in &seen {
        assert_eq!(figures["lost_count"], 0, "{place:?}");
        assert_eq!(figures["judgement"]["verdict"], "kept", "{place:?}");
    }
    assert_eq!(seen.len(), 3 * others.len());
    let missed = |fault, strategy| count(&seen, fault, strategy, "missed_count");
    let ordinary = |strategy| missed("worker-crash-before-judge", strategy);
    // The longer between the check and the mark, the more copies come in between; a lease keeps them waiting.
    assert!(missed("store-slow", "redis-mozilla") > ordinary("redis-mozilla") + 20);
    assert!(missed("store-slow", "redis-lease") <= ordinary("redis-lease") + 5);
    // What the store forgets, passes, but for what the front still knows.
    for fault in ["clock-jump", "eviction-ttl"] {
        let passed = |strategy| count(&seen, fault, strategy, "missed_in_window_count");
        assert!(passed("redis-mozilla") > 50 && passed("redis-lease") > 50, "{fault}");
        assert!(passed("tiered") <= 2, "{fault}");
    }
    // State in a server does not care about the workers, but for a batch that comes once more.
    for fault in ["restart-state-kept", "workers-added", "workers-removed"] {
        assert!(missed(fault, "redis-mozilla").abs_diff(ordinary("redis-mozilla")) <= 5, "{fault}");
    }
}

#[test]
fn a_front_loses_nothing_where_its_back_is_away_forgets_or_does_not_answer() {
    let tool = Tool::new();
    let faults =
        ["store-killed", "store-unreachable", "eviction-lru", "reply-lost", "worker-crash-before-publish"];
    let seen = figures(&tool, &faults, FEW, "^tiered$");
    for (place, figures) in &seen {
        assert_eq!(figures["lost_count"], 0, "{place:?}");
    }
    assert_eq!(seen.len(), faults.len());
}

/// A primary that dies in the middle: the run ends, and misses are counted, of marks that its replica did not have and of
/// checks that nobody answered.
#[test]
fn a_primary_that_fails_over_costs_no_ping_and_some_misses() {
    let tool = Tool::new();
    let seen = figures(&tool, &["primary-failover"], FEW, "^redis-mozilla$");
    let at = |name| count(&seen, "primary-failover", "redis-mozilla", name);
    assert_eq!(at("lost_count"), 0);
    assert!(at("missed_in_window_count") > 0 && at("missed_count") < at("duplicate_count"));
    let place = ("primary-failover".to_string(), "redis-mozilla".to_string());
    let observed = seen[&place]["faults"][0]["observed"].as_str().unwrap();
    assert!(observed.contains("took over"), "{observed}");
}

#[test]
fn state_that_is_kept_is_known_after_a_restart_and_filters_lose_theirs_like_sets() {
    let tool = Tool::new();
    let [kept, lost] = ["restart-state-kept", "restart-state-lost"];
    let strategies = "^(durable|pubsubio|pubsubio-flink|exact|split-block|bloom-rotating)$";
    let seen = figures(&tool, &[kept, lost], FEW, strategies);
    let passed = |fault, strategy| count(&seen, fault, strategy, "missed_in_window_count");
    for strategy in ["durable", "pubsubio"] {
        assert_eq!(passed(kept, strategy), 0, "{strategy}");
        assert_eq!(passed(lost, strategy), passed(lost, "exact"), "{strategy}");
    }
    // Of what came since its last checkpoint, Flink's knows nothing any more.
    assert!((1..passed(lost, "pubsubio-flink")).contains(&passed(kept, "pubsubio-flink")));
    // Every copy in the window once, but for what a filter takes for known by mistake.
    for filter in ["split-block", "bloom-rotating"] {
        let (filter, set) = (passed(lost, filter), passed(lost, "exact"));
        assert!(filter > 100 && set.abs_diff(filter) <= 5, "{filter} and {set}");
    }
}

#[test]
fn the_nightly_job_repairs_duplicates_and_brings_no_ping_back() {
    let tool = Tool::new();
    let crash = "worker-crash-before-publish";
    let seen = figures(&tool, &[crash], FEW, "^(noop|exact|split-block)$");
    for strategy in ["exact", "split-block"] {
        let figures = &seen[&(crash.to_string(), strategy.to_string())];
        assert!(figures["lost_count"].as_u64().unwrap() > 10, "{figures}");
        assert_eq!(figures["stable"]["lost_count"], figures["lost_count"], "{strategy}");
        assert!(figures["missed_count"].as_u64().unwrap() > 100, "{strategy}");
        assert_eq!(figures["stable"]["missed_count"], 0, "{strategy}");
    }
    let all = &seen[&(crash.to_string(), "noop".to_string())];
    assert_eq!((&all["stable"]["missed_count"], &all["stable"]["lost_count"]), (&0.into(), &0.into()));
}

/// A fault for a scenario to end with.
pub(crate) const CRASH: &str =
    "\n[[fault]]\nkind = \"worker-crash\"\nat = \"1m\"\npoint = \"before-publish\"\n";

#[test]
fn the_matrix_says_what_was_seen_and_what_does_not_apply_and_is_the_same_from_records() {
    let tool = Tool::new();
    tool.write("crash.toml", format!("{TINY}{CRASH}"));
    let killed = "\n[[fault]]\nkind = \"store-killed\"\nat = \"1m\"\nfor = \"10s\"\n";
    tool.write("killed.toml", format!("{TINY}{killed}"));
    let run = ["run", "-q", "-f", "crash.toml", "-f", "killed.toml", "-s", "^(noop|exact)$", "-o", "out"];
    let printed = tool.prints(&run);
    for said in [
        "under faults",
        "1 of 1 workers died",
        "keeps none beside the process",
        "floor",
        "kept",
        "in every cell",
    ] {
        assert!(printed.contains(said), "{said:?} is not in\n{printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 120), "{printed}");
    assert_eq!(tool.prints(&["compare", "out"]), printed);
    let markdown = tool.prints(&["compare", "out", "--format", "markdown"]);
    assert!(markdown.contains("| fault | noop | exact |"), "{markdown}");
    let again = tool.prints(&run.map(|word| if word == "out" { "again" } else { word }));
    let numbers = |text: &str| {
        text.lines().filter(|line| line.starts_with("crash")).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&again), numbers(&printed));
}

#[test]
fn under_faults_only_verify_is_run_and_who_asks_for_less_is_told() {
    let tool = Tool::new();
    tool.write("crash.toml", format!("{TINY}{CRASH}"));
    tool.refuses(
        &["run", "-f", "crash.toml", "-s", "^noop$", "-p", "time", "-o", "out"],
        &["--pass", "verify"],
    );
    tool.prints(&["run", "-q", "-f", "crash.toml", "-s", "^noop$", "-o", "out"]);
    assert_eq!(tool.records("out").len(), 2, "a run and one cell");
    let listed = tool.prints(&["list", "faults"]);
    for said in ["worker-crash", "before-publish", "primary-failover", "allkeys-lru", "required"] {
        assert!(listed.contains(said), "{said:?} is not in\n{listed}");
    }
}
