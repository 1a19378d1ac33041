use dedup_records::filter::Filter;
use dedup_records::record::sample::{GOOD, Sample, run};
use dedup_records::record::{CellRecord, CellResult, FaultFigures, FaultlessFigures, Pass, Run, Verdict};

use crate::model::{Line, Report, Tone};
use crate::tables::{Colour, Format, Look};
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
    assert_eq!(
        report.opening.claim,
        "One of two strategies lost pings; claim lost 5 % of unique pings under cruel"
    );
    let texts: Vec<Vec<String>> = lines(&report)
        .iter()
        .map(|line| line.cells.iter().take(4).map(|cell| cell.text.clone()).collect())
        .collect();
    assert_eq!(texts[0], ["claim", "loses pings", "5 %", "cruel"]);
    assert_eq!(texts[1], ["exact", "lets copies through", "none seen", "cruel"]);
    assert_eq!(lines(&report)[0].cells[1].below, "in 2 of 2 fault scenarios");
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

/// Two strategies in the day and a half and under two faults, beside the same streams without them. By what is missed in all,
/// by what is missed in the window and by what is lost in all the one fault is the worse, by what it changes the other.
fn the_talk_under_two_faults() -> Vec<Run> {
    let faultless = |missed_count, lost_count| {
        Some(FaultlessFigures {
            missed_count,
            missed_in_window_count: 0,
            lost_count,
            lost_shared_key_count: 0,
            waited_count: 0,
        })
    };
    let beside = |fault: &str, sample: Sample, without: Option<FaultlessFigures>| {
        let mut cells = under(fault, sample);
        cells.truncate(1);
        for cell in &mut cells {
            if let CellResult::Verify(figures) = &mut cell.result {
                figures.faultless = without;
            }
            cell.faults = vec![fault.to_string()];
        }
        cells
    };
    let talk = |sample: Sample| {
        let cells = sample.cells().into_iter().filter(|cell| cell.pass == Pass::Verify && cell.round == 0);
        cells.map(|cell| CellRecord { scenario: "talk".into(), ..cell }).collect::<Vec<_>>()
    };
    let loud = Sample { missed: 5_000, missed_in_window: 600, ..GOOD };
    let quiet = Sample { missed: 900, missed_in_window: 3, ..GOOD };
    let cells = [
        talk(GOOD),
        talk(claims("claim")),
        beside("loud", loud, faultless(4_900, 0)),
        beside("quiet", quiet, faultless(31, 0)),
        beside("loud", Sample { lost: 1_000, ..claims("claim") }, faultless(31, 980)),
        beside("quiet", Sample { lost: 45, ..claims("claim") }, faultless(31, 0)),
    ];
    vec![Run { cells: cells.concat(), ..run() }]
}

#[test]
fn the_worst_fault_of_a_strategy_is_the_same_on_every_page_and_in_every_table() {
    let runs = the_talk_under_two_faults();
    let report = Report::from_runs(&runs, &Filter::default(), Mix::Apart).unwrap();
    let comparison = &report.comparison;
    let talk = crate::talk::Table::of(comparison).unwrap();
    let narrow = Look { colour: Colour::Off, width: Some(80) };
    let drawn = crate::tables::talk::render(&talk, Format::Table, narrow).replace("\n  ", " ");
    let compared = crate::tables::render(comparison, Format::Table, narrow).replace("\n  ", " ");
    let slides = crate::slides::render(&report);
    let section = |id| report.sections.iter().find(|section| section.id == id).unwrap();
    let heat = &section("matrix").figures[0].tables[0];
    let page_talk = &section("talk").figures[0].tables[0];
    for (strategy, fault, words) in
        [("exact", "quiet", "let 869 more through"), ("claim", "quiet", "lost 42")]
    {
        // The terminal's.
        let said = format!("{fault}: {words}");
        let row = talk.rows.iter().find(|row| row.strategy == strategy).unwrap();
        assert_eq!(row.worst.as_ref().unwrap().said(), said);
        assert!(drawn.contains(&format!("{strategy}: worst fault: {said}")), "{drawn}");
        assert!(compared.contains(&format!("{strategy}: {said}")), "{compared}");
        // The talk's table.
        let of = |table: &crate::Table, name: &str| {
            let column = table.columns.iter().position(|column| column.title == name).unwrap();
            let line = table.lines.iter().find(|line| line.cells[0].text == strategy).unwrap();
            line.cells[column].clone()
        };
        assert_eq!(of(page_talk, "worst fault").text, said);
        // The harm is of all scenarios, in the terminal too.
        let harm = of(&report.opening.overview.as_ref().unwrap().tables[0], "harm");
        assert_eq!(
            (of(page_talk, "harm").text, row.harm.map(|harm| harm.cell().text)),
            (harm.text.clone(), Some(harm.text))
        );
        // The heat map.
        let column = heat.columns.iter().position(|column| column.title == strategy).unwrap();
        let value = |line: &&Line| line.cells[column].value.unwrap_or(0.0);
        let worst = heat.lines.iter().max_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
        assert_eq!(worst.cells[0].text, fault);
        let figure = worst.cells[column].text.trim_start_matches(['+', 'l', 'o', 's', 't', ' ']).to_string();
        assert!(words.contains(&figure), "{words}: {figure}");
        // The first screen: what is lost without any fault stands first where it is more, and the fault is named behind it.
        let first = of(&report.opening.overview.as_ref().unwrap().tables[0], super::UNDER);
        match strategy {
            "exact" => assert_eq!((first.text.as_str(), first.below.as_str()), (fault, words)),
            _ => {
                assert_eq!(first.text, "no fault");
                assert_eq!(first.below, format!("lost 980; worst fault: {fault}, {words}"));
            }
        }
        assert!(slides.contains(&figure), "{strategy}: {figure} on a slide");
    }
    let definition = crate::change::definition([crate::change::Known::Run]);
    for text in [&drawn, &compared] {
        assert!(text.contains(&definition), "named where it stands: {text}");
    }
    assert!(crate::page::render(&report).replace('\u{a0}', " ").contains(&definition));
}
