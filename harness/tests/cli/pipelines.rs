//! Pipelines that do not do as by default: the run says what they did, everywhere.

use std::collections::BTreeMap;

use dedup_harness::record::{CellResult, Deadlines, Routed, Run, Verdict, read_run};

use crate::tool::Tool;

/// 2,000 pings, of which a few come again within a minute, through the pipeline of these fields.
fn scenario(pipeline: &str) -> String {
    format!(
        "about = 'x'\npings = 2_000\nwindow = '10m'\n[arrival]\nprocess = 'poisson'\nrate = '20/s'\n\
         [pipeline]\n{pipeline}\n[[repeat]]\ncause = 'retry'\nshare = 0.2\nlag.uniform = ['1s', '1m']\n"
    )
}

/// The table of a run, its records, and its page.
fn run(pipeline: &str, strategies: &str) -> (String, Run, String) {
    let tool = Tool::new();
    tool.write("mine.toml", scenario(pipeline));
    let args = ["run", "-q", "-p", "verify", "-f", "mine.toml", "-s", strategies, "-o", "out"];
    let output = tool.command(&args).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}\n{}", String::from_utf8_lossy(&output.stderr));
    (table, read_run(&tool.work().join("out")).unwrap(), tool.prints(&["report", "out"]))
}

/// Deliveries of arrivals, missed of duplicates, and the verdict.
type Seen = ((u64, u64), (u64, u64), Verdict);

/// The same of each strategy.
fn seen(run: &Run) -> BTreeMap<String, Seen> {
    let of = |cell: &dedup_harness::record::CellRecord| {
        let CellResult::Verify(figures) = &cell.result else { panic!("{:?}", cell.result) };
        let deliveries = (figures.pings_count + figures.redelivered_count, figures.pings_count);
        let missed = (figures.missed_count, figures.duplicate_count);
        (cell.strategy.clone(), (deliveries, missed, figures.judgement.verdict))
    };
    run.cells.iter().map(of).collect()
}

#[test]
fn what_is_acked_too_late_comes_again_and_the_table_the_records_and_the_page_say_so() {
    let slow = "publish_latency = '30s'\nack_deadline = '10s'\nextend_deadlines = false";
    let (table, run, page) = run(slow, "^(noop|exact|window-batch|pubsubio)$");
    let words: String = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("ack deadlines not extended"), "{table}");
    assert!(words.contains("deliveries of arrivals:") && words.contains("noop 20,000 of 2,000"), "{table}");
    assert!(page.contains("ack deadlines are not extended"));
    adds_up(&words, &run, &page);
    assert!(run.cells.iter().all(|cell| cell.deadlines == Deadlines::Fixed && cell.routed == Routed::ByKey));
    let seen = seen(&run);
    // Nothing stops the tenth delivery of each arrival; a claim drops every copy, which is acked at once.
    assert_eq!(seen["noop"].0, (20_000, 2_000));
    assert_eq!((seen["exact"].1.0, seen["exact"].2), (0, Verdict::Kept));
    let uniques = run.cells.iter().find_map(|cell| match &cell.result {
        CellResult::Verify(figures) => Some(figures.unique_count),
        _ => None,
    });
    assert_eq!(seen["exact"].0.0 - 2_000, uniques.unwrap());
    // Held for the window's ten minutes, and so always late.
    assert!(seen["window-batch"].0.0 >= 2_000 + uniques.unwrap());
    assert!(seen.values().all(|(_, _, verdict)| *verdict == Verdict::Kept), "{seen:?}");
}

/// Arrivals, and what the pipeline made of them, are the uniques and the duplicates: in words, in the records and on the page.
fn adds_up(words: &str, run: &Run, page: &str) {
    let mut most_made = 0;
    for cell in &run.cells {
        let CellResult::Verify(figures) = &cell.result else { continue };
        let of_cause = figures.by_cause.iter().find(|figures| figures.cause == "redelivery");
        let made = of_cause.map_or(0, |figures| figures.duplicate_count);
        let judged = figures.unique_count + figures.duplicate_count;
        assert_eq!(judged, figures.pings_count + made, "{}", cell.strategy);
        most_made = most_made.max(made);
    }
    assert!(most_made > 0);
    let all = words.split(" duplicates, ").next().unwrap();
    let number = |text: &str| text.replace(',', "").parse::<u64>().unwrap();
    let (before, duplicates) = all.rsplit_once(" delivered again after they were decided, ").unwrap();
    let duplicates = duplicates.strip_prefix("by strategy, ").unwrap_or(duplicates);
    // The duplicates are those where the fewest were made.
    let (pings, made) = before.rsplit_once(" pings and ").unwrap();
    let made = made.split(' ').next().unwrap();
    let pings = pings.rsplit(' ').next().unwrap();
    let uniques = words.split(" duplicates, ").nth(1).unwrap().split(' ').next().unwrap();
    assert_eq!(number(pings) + number(made), number(duplicates) + number(uniques), "{words}");
    assert!(page.contains(" delivered again after they were decided"));
}

#[test]
fn by_default_deadlines_are_extended_and_nothing_is_said_of_those_that_are_kept() {
    let (table, run, page) =
        run("linger = '1s'\npublish_latency = '9s'\nack_deadline = '10s'", "^(noop|exact)$");
    assert!(!table.contains("ack deadlines") && !page.contains("ack deadlines are"), "{table}");
    assert!(run.cells.iter().all(|cell| cell.deadlines == Deadlines::Extended));
}

#[test]
fn where_pings_take_longer_than_a_deadline_that_is_extended_the_table_the_records_and_the_page_say_so() {
    let (table, run, page) =
        run("linger = '1s'\npublish_latency = '9500ms'\nack_deadline = '10s'", "^(noop|exact)$");
    let words: String = table.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("ack deadlines outlasted and extended"), "{table}");
    assert!(
        words.contains("ack deadlines are extended: filling a batch and publishing it take longer"),
        "{table}"
    );
    assert!(
        page.contains("ack deadlines are extended: filling a batch") && !page.contains("are not extended")
    );
    assert!(run.cells.iter().all(|cell| cell.deadlines == Deadlines::Outlasted));
    assert!(seen(&run).values().all(|(deliveries, _, _)| deliveries.0 == deliveries.1));
}

#[test]
fn replicas_that_get_any_ping_miss_two_of_three_copies_and_nobody_is_blamed() {
    let (table, run, page) = run("workers = 3\nrouting = 'random'", "^(noop|exact|lru|bloom-rotating)$");
    assert!(table.contains("pings to any worker") && page.contains("pings go to any worker"), "{table}");
    assert!(run.cells.iter().all(|cell| cell.routed == Routed::Random));
    let seen = seen(&run);
    // A promise of nothing needs no routing.
    assert_eq!(seen["noop"].2, Verdict::Kept);
    for strategy in ["exact", "lru", "bloom-rotating"] {
        let (_, (missed, duplicates), verdict) = seen[strategy];
        let (share, expected) = (missed as f64 / duplicates as f64, 2.0 / 3.0);
        let deviation = (expected * (1.0 - expected) / duplicates as f64).sqrt();
        assert!((share - expected).abs() < 4.0 * deviation, "{strategy}: {share}");
        assert_eq!(verdict, Verdict::Void, "{strategy}");
    }
    assert!(table.contains("routed at random"), "{table}");
}
