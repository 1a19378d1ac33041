use super::*;
use crate::metrics::{MISSED, THROUGHPUT};
use crate::record::sample::{self, GOOD, Sample};
use crate::record::{CellRecord, CellResult, Failure, Pass, Verdict};

fn run_of(name: &str, cells: Vec<CellRecord>) -> Run {
    Run { path: format!("results/{name}/records.jsonl").into(), cells, ..sample::run() }
}

fn compare(runs: &[Run]) -> Comparison {
    Comparison::from_runs(runs, &Filter::default(), None).unwrap()
}

fn names(block: &Block) -> Vec<&str> {
    block.rows.iter().map(|row| row.strategy.as_str()).collect()
}

#[test]
fn rows_are_floor_then_kept_void_broken_and_failed_each_by_throughput() {
    let comparison = compare(&[sample::run()]);
    let expected = [
        "noop",
        "bloom",
        "exact",
        "window-batch",
        "lru-exact:capacity=1000",
        "lru-tinylfu",
        "lru",
        "sleeper",
    ];
    assert_eq!(names(&comparison.blocks[0]), expected);
    assert_eq!(comparison.blocks[0].skipped[0].strategy, "redis-claim");
}

#[test]
fn rounds_are_added_up_and_figures_keep_their_range() {
    let row = &compare(&[run_of("a", sample::exact())]).blocks[0].rows[0];
    let verify = row.summary.verify.as_ref().unwrap();
    assert_eq!((verify.rounds_count, verify.pings_count, verify.missed_count), (3, 1_500_000, 93));
    assert_eq!(verify.by_cause[0].duplicate_count, 3 * 41_290);
    assert_eq!(verify.by_lag.last().unwrap().up_to_ns, None);
    let time = row.summary.time.as_ref().unwrap();
    assert_eq!(time.throughput_per_s.min, 8.91e6);
    assert_eq!(time.throughput_per_s.median, 8.91e6 * 1.02);
    assert_eq!(time.throughput_per_s.max, 8.91e6 * 1.04);
    assert_eq!(time.latency_ns.merged.count, 3_000);
}

#[test]
fn a_cell_that_failed_hides_no_broken_promise() {
    let mut cells = sample::exact();
    cells[0].result = CellResult::Failed { how: Failure::Hung, reason: "no progress for 30 s".into() };
    let CellResult::Weigh(figures) = &mut cells[5].result else { panic!("the sixth cell weighs") };
    figures.judgement.verdict = Verdict::Broken;
    figures.judgement.findings = vec!["memory grew".into()];
    for cells in [cells.clone(), cells.into_iter().rev().collect()] {
        let comparison = compare(&[run_of("a", cells)]);
        let row = &comparison.blocks[0].rows[0];
        assert_eq!(row.standing, Standing::Broken);
        let texts: Vec<&str> = row.findings.iter().map(|finding| finding.text.as_str()).collect();
        assert_eq!(texts, ["memory grew", "hung: no progress for 30 s"]);
    }
}

#[test]
fn one_broken_round_or_pass_breaks_the_row() {
    let mut cells = sample::exact();
    let CellResult::Weigh(figures) = &mut cells[5].result else { panic!("the sixth cell weighs") };
    figures.judgement.verdict = Verdict::Broken;
    figures.judgement.findings = vec!["memory grew".into()];
    let comparison = compare(&[run_of("a", cells)]);
    let row = &comparison.blocks[0].rows[0];
    assert_eq!(row.standing, Standing::Broken);
    assert_eq!((row.findings[0].pass, row.findings[0].rounds.first()), (Pass::Weigh, Some(&1)));
}

#[test]
fn weighing_alone_does_not_show_a_promise_kept() {
    let cells = sample::exact().into_iter().filter(|cell| cell.pass != Pass::Verify).collect();
    let comparison = compare(&[run_of("a", cells)]);
    assert_eq!(comparison.blocks[0].rows[0].standing, Standing::Unjudged);
}

#[test]
fn cells_of_one_run_on_different_streams_are_refused() {
    let mut cells = sample::exact();
    cells[4].scenario_digest = "other".into();
    let error = Comparison::from_runs(&[run_of("a", cells)], &Filter::default(), None).unwrap_err();
    assert!(matches!(error, CompareError::Unlike { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "run a, scenario quick: cells have scenario digests 9f3c51ab77de0123 and other: not comparable; \
         run the scenario again as a whole"
    );
    let mut cells = sample::exact();
    cells[1].seed = 1;
    let error = Comparison::from_runs(&[run_of("a", cells)], &Filter::default(), None).unwrap_err();
    assert!(error.to_string().contains("cells of round 1 have seeds 7000 and 1"), "{error}");
}

#[test]
fn runs_share_a_table_only_where_stream_and_machine_are_the_same() {
    let same = run_of("b", sample::exact());
    let comparison = compare(&[sample::run(), same.clone()]);
    assert_eq!(comparison.blocks.len(), 1);
    assert_eq!(comparison.blocks[0].runs, ["sample", "b"]);
    let mut other_seed = same.clone();
    for cell in &mut other_seed.cells {
        cell.seed += 1;
    }
    assert_eq!(compare(&[sample::run(), other_seed]).blocks.len(), 2);
    let mut other_machine = same;
    other_machine.run.machine.cores_count = 64;
    assert_eq!(compare(&[sample::run(), other_machine]).blocks.len(), 2);
}

#[test]
fn filters_choose_and_say_what_there_is_when_nothing_is_left() {
    let filter = Filter::new(&["^quick$".into()], &["^lru".into()]).unwrap();
    let comparison = Comparison::from_runs(&[sample::run()], &filter, None).unwrap();
    assert_eq!(names(&comparison.blocks[0]), ["lru-exact:capacity=1000", "lru-tinylfu", "lru"]);
    let filter = Filter::new(&["nightly".into()], &[]).unwrap();
    let error = Comparison::from_runs(&[sample::run()], &filter, None).unwrap_err();
    assert!(matches!(error, CompareError::Nothing { .. }), "{error:?}");
    assert!(
        error.to_string().starts_with("no cell matches; these runs hold scenarios quick, and"),
        "{error}"
    );
}

fn against(now: Sample, then: Sample) -> Change {
    let (now, then) = (run_of("now", now.cells()), run_of("then", then.cells()));
    let comparison = Comparison::from_runs(&[now], &Filter::default(), Some(&then)).unwrap();
    comparison.blocks[0].rows[0].change.clone().unwrap()
}

fn ratio(change: &Change) -> Ratio {
    match change.metrics.of(&THROUGHPUT) {
        Some(Difference::Ratio(ratio)) => ratio,
        other => panic!("throughput is compared as a ratio: {other:?}"),
    }
}

#[test]
fn a_change_is_told_apart_only_where_the_rounds_do_not_overlap() {
    let faster = against(Sample { per_s: 2.0e7, ..GOOD }, GOOD);
    let throughput = ratio(&faster);
    assert!((throughput.ratio - 2.0e7 / 8.91e6).abs() < 1e-9);
    assert_eq!(throughput.certainty, Certainty::Apart);
    let alike = against(Sample { per_s: 9.0e6, ..GOOD }, GOOD);
    assert_eq!(ratio(&alike).certainty, Certainty::Overlap);
    assert_eq!(alike.metrics.of(&MISSED), Some(Difference::Count(0)));
}

#[test]
fn counts_are_compared_over_the_rounds_that_both_have() {
    let now = run_of("now", Sample { missed: 40, ..GOOD }.cells());
    let mut then = run_of("then", GOOD.cells());
    then.cells.retain(|cell| cell.round == 1);
    let comparison = Comparison::from_runs(&[now], &Filter::default(), Some(&then)).unwrap();
    let change = comparison.blocks[0].rows[0].change.as_ref().unwrap();
    assert_eq!((change.rounds_count, change.metrics.of(&MISSED)), (1, Some(Difference::Count(9))));
    assert_eq!(ratio(change).certainty, Certainty::OneRound);
}

#[test]
fn a_baseline_on_another_stream_or_without_these_strategies_is_refused() {
    let refused = |change: fn(&mut CellRecord)| {
        let mut then = run_of("then", GOOD.cells());
        then.cells.iter_mut().for_each(change);
        let error = Comparison::from_runs(&[run_of("now", GOOD.cells())], &Filter::default(), Some(&then))
            .unwrap_err();
        let of_baseline = matches!(error, CompareError::Baseline { .. } | CompareError::NoBaseline { .. });
        assert!(of_baseline, "{error:?}");
        error.to_string()
    };
    assert!(refused(|cell| cell.scenario_digest = "x".into()).contains("but x in the baseline then"));
    assert!(refused(|cell| cell.seed += 1).contains("seed 7000 of round 1, but 7001 in the baseline"));
    assert!(refused(|cell| cell.scenario = "else".into()).contains("holds none of these"));
    assert!(refused(|cell| cell.strategy = "else".into()).contains("holds none of these"));
}

#[test]
fn a_distribution_that_cannot_be_read_is_an_error_that_says_whose_it_is() {
    let mut cells = sample::exact();
    let CellResult::Time(figures) = &mut cells[1].result else { panic!("the second cell times") };
    figures.latency_ns.hdr_v2_deflate_b64 = "AAAA".into();
    let error = Comparison::from_runs(&[run_of("a", cells)], &Filter::default(), None).unwrap_err();
    assert!(error.to_string().starts_with("run a, scenario quick, strategy exact: hdr_v2"), "{error}");
}

#[test]
fn runs_of_the_same_name_are_told_apart() {
    let comparison = compare(&[sample::run(), sample::run()]);
    let labels: Vec<&str> = comparison.runs.iter().map(|source| source.label.as_str()).collect();
    assert_eq!(labels, ["sample", "sample#2"]);
}
