use dedup_records::filter::Filter;
use dedup_records::record::sample::{GOOD, Sample, run};
use dedup_records::record::{CellRecord, CellResult, FaultFigures, Pass, Run, Verdict};

use crate::model::{Line, Report, Tone};
use crate::{Mix, page};

/// The verify cells of `sample` under a fault.
fn under(fault: &str, sample: Sample) -> Vec<CellRecord> {
    let cells = sample.cells().into_iter().filter(|cell| cell.pass == Pass::Verify);
    let mut cells: Vec<CellRecord> =
        cells.map(|cell| CellRecord { scenario: format!("faults/{fault}"), ..cell }).collect();
    for cell in &mut cells {
        if let CellResult::Verify(figures) = &mut cell.result {
            figures.faults = vec![FaultFigures {
                kind: fault.into(),
                at_ns: 1_000_000_000,
                for_ns: 0,
                fired_count: 1,
                observed: "seen".into(),
                outage_ns: None,
            }];
        }
    }
    cells
}

fn claims(strategy: &'static str) -> Sample {
    Sample { strategy, per_s: 9e9, bytes_per_id: Some(0.1), ..GOOD }
}

/// `claim` is fastest, smallest and loses nothing but under a fault; `exact` loses nothing.
fn kind_and_cruel() -> Report {
    let cells = [
        GOOD.cells(),
        claims("claim").cells(),
        under("mild", GOOD),
        under("mild", Sample { lost: 46, ..claims("claim") }),
        under("cruel", Sample { missed: 9_000, ..GOOD }),
        under("cruel", Sample { lost: 24_772, ..claims("claim") }),
    ];
    report(cells.concat())
}

fn report(cells: Vec<CellRecord>) -> Report {
    Report::from_runs(&[Run { cells, ..run() }], &Filter::default(), Mix::Apart).unwrap()
}

fn lines(report: &Report) -> Vec<Line> {
    report.opening.overview.as_ref().unwrap().tables[0].lines.clone()
}

#[test]
fn the_claim_is_of_the_worst_scenario_and_the_worst_strategy_stands_first() {
    let report = kind_and_cruel();
    assert_eq!(report.opening.claim, "One of two strategies lost pings; claim lost 5 % of them under cruel");
    let texts: Vec<Vec<String>> = lines(&report)
        .iter()
        .map(|line| line.cells.iter().take(4).map(|cell| cell.text.clone()).collect())
        .collect();
    assert_eq!(texts[0], ["claim", "loses pings", "5 %", "cruel"]);
    assert_eq!(texts[1], ["exact", "lets copies through", "none seen", "cruel"]);
    assert_eq!(lines(&report)[0].cells[1].below, "in 2 faults of 3");
    // No line ends between a number and its unit.
    assert!(page::render(&report).contains("claim lost 5\u{a0}%"));
    let page = page::render(&report).replace('\u{a0}', " ");
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(
        place("id=\"overview\"") < place("class=\"verdicts\"")
            && place("claim lost 5 %") < place("id=\"overview\"")
    );
}

#[test]
fn who_lost_none_is_said_of_the_scenarios_that_counted_it() {
    let sentence = |cells: &[Vec<CellRecord>]| report(cells.concat()).opening.sentence;
    let everywhere = sentence(&[GOOD.cells(), under("mild", GOOD), under("cruel", GOOD)]);
    assert!(everywhere.starts_with("Over three scenarios, exact lost none seen"), "{everywhere}");
    let lossy = Sample { lost: 46, ..claims("claim") };
    let some = sentence(&[GOOD.cells(), under("mild", GOOD), under("cruel", lossy)]);
    assert!(some.starts_with("Over three scenarios, exact (in two of them) lost none seen"), "{some}");
}

#[test]
fn what_loses_anywhere_is_the_best_at_nothing() {
    let report = kind_and_cruel();
    let headlines = report.sections.iter().map(|section| section.headline.clone());
    for said in headlines.chain([report.opening.sentence.clone()]) {
        for praise in [
            "claim judged most",
            "claim held the fewest",
            "with claim, the lowest",
            "at most 92 ns with claim",
        ] {
            assert!(!said.contains(praise), "{said}");
        }
    }
    assert!(report.opening.sentence.contains("exact lost none seen"), "{}", report.opening.sentence);
}

#[test]
fn as_documented_and_harm_are_two_columns_and_neither_is_praised() {
    let report = kind_and_cruel();
    let loser = &lines(&report)[0];
    let documented = loser.cells.last().unwrap();
    assert_eq!((documented.text.as_str(), documented.tone), ("yes, 3 of 3", Tone::Plain));
    assert_eq!(loser.cells[1].tone, Tone::Bad);
    for table in report.opening.figures.iter().flat_map(|figure| &figure.tables) {
        let titles: Vec<&str> = table.columns.iter().map(|column| column.title.as_str()).collect();
        assert_eq!(titles[..3], ["strategy", "harm", "as documented"]);
        for line in &table.lines {
            assert!(line.cells[1..3].iter().all(|cell| cell.tone != Tone::Good), "{line:?}");
            let lost = line.cells[4].tone == Tone::Bad;
            assert_eq!(line.cells[1].tone == Tone::Bad, lost, "red stands where pings are lost: {line:?}");
        }
    }
    assert!(
        report.opening.verdicts.iter().all(|(tone, _)| *tone != Tone::Good),
        "{:?}",
        report.opening.verdicts
    );
}

#[test]
fn what_was_not_judged_is_said_in_words_for_strangers() {
    let cells = [GOOD.cells(), under("load", Sample { verdict: Verdict::Void, ..GOOD })].concat();
    let documented = lines(&report(cells))[0].cells.last().unwrap().clone();
    assert_eq!(
        (documented.text.as_str(), documented.below.as_str()),
        ("1 of 2", "1 over capacity: not judged")
    );
}

#[test]
fn a_percentile_is_the_same_wherever_the_page_names_it() {
    let mut cells = GOOD.cells();
    // One slow round of three: pooled, it would be the 99th percentile.
    for cell in cells.iter_mut().filter(|cell| cell.round == 2) {
        if let CellResult::Time(figures) = &mut cell.result {
            let mut slow = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            slow.record_n(25_000_000, 100_000).unwrap();
            figures.latency_ns = dedup_records::record::Latency::from_histogram(&slow);
        }
    }
    let report = report(cells);
    let value = |table: &crate::Table| {
        let column = table.columns.iter().position(|column| column.title == "p99 (range)").unwrap();
        (table.lines[0].cells[column].text.clone(), table.lines[0].cells[column].value.unwrap())
    };
    let latency = report.sections.iter().find(|section| section.id == "latency").unwrap();
    let (chart, table) = &latency.figures[0].charts[0];
    let shown = value(table);
    assert!(shown.0.contains('–') && shown.1 < 1e6, "{shown:?}");
    assert_eq!(value(&report.opening.figures[0].tables[0]), shown);
    assert_eq!(value(&report.opening.overview.as_ref().unwrap().tables[0]), shown);
    let drawn = chart.series[0].points.iter().find(|point| (point.x - 100.0).abs() < 1e-6).unwrap();
    assert!((drawn.y - shown.1).abs() / shown.1 < 0.01, "{} {}", drawn.y, shown.1);
}
