use dedup_records::compare::Comparison;
use dedup_records::filter::Filter;
use dedup_records::record::{Run, sample};

use super::*;

fn comparison() -> Comparison {
    Comparison::from_runs(&[sample::run()], &Filter::default(), None).unwrap()
}

/// The sample against an earlier run in which `exact` was slower and `lru` kept its promise.
fn against() -> Comparison {
    let mut earlier = sample::run();
    earlier.path = "results/earlier/records.jsonl".into();
    earlier.cells.retain(|cell| cell.strategy == "bloom");
    earlier.cells.extend(sample::Sample { per_s: 8.0e6, bytes_per_id: Some(50.0), ..sample::GOOD }.cells());
    earlier.cells.extend(sample::Sample { strategy: "lru", per_s: 0.9e6, ..sample::GOOD }.cells());
    Comparison::from_runs(&[sample::run()], &Filter::default(), Some(&earlier)).unwrap()
}

#[test]
fn the_table_shows_kept_promises_first_and_says_what_is_left_out() {
    insta::assert_snapshot!(render(&comparison(), Format::Table, Look::PLAIN));
}

#[test]
fn on_a_terminal_of_a_hundred_columns_no_line_is_longer() {
    let look = Look { colour: Colour::Off, width: Some(100) };
    let table = render(&comparison(), Format::Table, look);
    for line in table.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    insta::assert_snapshot!(table);
}

#[test]
fn colour_only_repeats_what_the_words_say() {
    let coloured = render(&comparison(), Format::Table, Look { colour: Colour::On, width: None });
    let plain = render(&comparison(), Format::Table, Look::PLAIN);
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    insta::assert_snapshot!(coloured.replace('\u{1b}', "ESC"));
}

#[test]
fn a_baseline_adds_one_line_below_each_strategy_that_it_has() {
    insta::assert_snapshot!(render(&against(), Format::Table, Look::PLAIN));
}

#[test]
fn markdown_has_units_in_its_header() {
    insta::assert_snapshot!(render(&comparison(), Format::Markdown, Look::PLAIN));
}

#[test]
fn csv_has_every_figure_in_base_units() {
    insta::assert_snapshot!(render(&comparison(), Format::Csv, Look::PLAIN));
}

#[test]
fn json_holds_everything() {
    let run = Run { cells: sample::exact(), ..sample::run() };
    let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
    let json = render(&comparison, Format::Json, Look::PLAIN);
    insta::with_settings!({filters => vec![(r#""hdr_v2_deflate_b64": "[^"]*""#, r#""hdr_v2_deflate_b64": "…""#)]}, {
        insta::assert_snapshot!(json);
    });
}

#[test]
fn runs_on_other_streams_or_machines_stand_in_tables_of_their_own() {
    let mut other = sample::run();
    other.path = "results/other/records.jsonl".into();
    other.run.machine.cpu = "Another CPU".into();
    let both = Comparison::from_runs(&[sample::run(), other], &Filter::default(), None).unwrap();
    let table = render(&both, Format::Table, Look::PLAIN);
    assert_eq!(table.matches("Example CPU 3000").count(), 1);
    assert_eq!(table.matches("Another CPU").count(), 1);
    assert_eq!(
        table.lines().filter(|line| line.starts_with("strategy ") && line.contains("as documented")).count(),
        2
    );
}

/// The sample under two faults: one that happened to all, and one that never did or does not apply.
fn under_faults() -> Comparison {
    let mut run = sample::run();
    let verify = |cell: &dedup_records::record::CellRecord| cell.pass == dedup_records::record::Pass::Verify;
    run.cells.retain(|cell| verify(cell) && cell.round == 0);
    let mut never = run.cells.clone();
    for (cells, name, fired) in [(&mut run.cells, "worker-crash", 20), (&mut never, "store-killed", 0)] {
        for cell in cells {
            cell.scenario = format!("faults/{name}-at-some-point");
            cell.faults = vec![name.to_string()];
            let dedup_records::record::CellResult::Verify(figures) = &mut cell.result else { continue };
            figures.stalled_count = fired / 20;
            figures.faults.push(dedup_records::record::FaultFigures {
                kind: name.into(),
                at_ns: 720_000_000_000,
                for_ns: 0,
                fired_count: fired,
                observed: format!("{fired} of 20 workers died"),
                outage_ns: None,
            });
            if fired == 0 && figures.judgement.verdict == dedup_records::record::Verdict::Kept {
                figures.judgement.verdict = dedup_records::record::Verdict::Inconclusive;
                figures.judgement.findings = vec![format!("{name} at 12m never happened")];
            }
        }
    }
    run.cells.extend(never);
    Comparison::from_runs(&[run], &Filter::default(), None).unwrap()
}

#[test]
fn the_matrix_has_a_line_a_fault_and_no_line_is_longer_than_120_columns() {
    let table = render(&under_faults(), Format::Table, Look::PLAIN);
    assert!(table.lines().all(|line| line.chars().count() <= 120), "{table}");
    insta::assert_snapshot!(table);
}

/// The same, with what the streams come to without their faults; the store of one strategy keeps its own time and was away.
fn beside_faultless(squeezed: Option<f64>) -> Comparison {
    use dedup_records::record::{CellResult, FaultlessFigures};
    let mut run = sample::run();
    run.cells.retain(|cell| cell.pass == dedup_records::record::Pass::Verify && cell.round == 0);
    for cell in &mut run.cells {
        cell.scenario = "faults/store-away".to_string();
        cell.faults = vec!["store-unreachable".to_string()];
        let is_stored = cell.strategy == "lru";
        let CellResult::Verify(figures) = &mut cell.result else { continue };
        let (missed_count, lost_count) = (figures.missed_count - figures.missed_count.min(12), 0);
        figures.faultless = Some(FaultlessFigures {
            missed_count,
            missed_in_window_count: 0,
            lost_count,
            lost_shared_key_count: 0,
            waited_count: 7,
        });
        figures.faults.push(dedup_records::record::FaultFigures {
            kind: "store-unreachable".into(),
            at_ns: 720_000_000_000,
            for_ns: 0,
            fired_count: 3,
            observed: "3 connections were cut".into(),
            outage_ns: is_stored.then_some(24_000_000_000),
        });
        if is_stored {
            let mut waits = hdrhistogram::Histogram::<u64>::new(3).unwrap();
            waits.record_n(62_000_000_000, 1_234).unwrap();
            figures.waited_ns = Some(dedup_records::record::Latency::from_histogram(&waits));
            cell.time_factor = squeezed.unwrap_or(1.0);
        }
    }
    Comparison::from_runs(&[run], &Filter::default(), None).unwrap()
}

#[test]
fn the_matrix_shows_what_the_fault_added_how_long_pings_waited_and_what_a_second_without_a_store_did() {
    let table = render(&beside_faultless(None), Format::Table, Look::PLAIN);
    let plain = table.replace("\n  ", " ");
    for said in [
        "(+missed/+lost): what the fault added to the same stream without it",
        "1,288/0 (+12/+0) BROKEN",
        "0/42 (+0/+42) kept",
        "store-away: pings that waited to be decided: lru 1,234 (half of them 1 min and more, one 1 min, 7 without \
         the fault).",
        "store-away: added missed/lost a second of the stream without the store: lru +0.5/+0 (away for 24 s).",
    ] {
        assert!(plain.contains(said), "{said}: {table}");
    }
    assert!(!table.contains("squeezed"), "{table}");
    let counts = table.lines().find(|line| line.starts_with("store-away ")).map(str::len);
    assert!(counts.is_some_and(|width| width <= 120), "{table}");
}

#[test]
fn cells_in_squeezed_time_stand_in_a_matrix_of_their_own_and_say_so() {
    let comparison = beside_faultless(Some(90.0));
    for (format, head) in [(Format::Table, ""), (Format::Markdown, "### ")] {
        let text = render(&comparison, format, Look::PLAIN).replace("\n  ", " ");
        let apart = format!("{head}under faults, in squeezed time: missed/lost");
        let (in_virtual_time, squeezed) = text.split_once(&apart).unwrap_or_else(|| panic!("{text}"));
        assert!(in_virtual_time.contains("4,129/0") && !in_virtual_time.contains("1,288/0"), "{text}");
        assert!(squeezed.contains("1,288/0 (+12/+0)") && squeezed.contains("squeezed 90 times"), "{text}");
        assert!(squeezed.contains("are not to be compared") && !squeezed.contains("4,129/0"), "{text}");
    }
}

#[test]
fn no_line_of_a_matrix_is_wider_than_a_narrow_terminal() {
    let narrow = Look { colour: Colour::Off, width: Some(60) };
    for comparison in [under_faults(), beside_faultless(None), beside_faultless(Some(90.0))] {
        let drawn = render(&comparison, Format::Table, narrow);
        assert!(drawn.lines().all(|line| line.chars().count() <= 60), "{drawn}");
        assert!(drawn.contains("control: "), "{drawn}");
    }
}

#[test]
fn a_long_reason_is_cut_in_the_table_and_whole_below_it() {
    let mut run = sample::run();
    let reason = "word ".repeat(90).trim_end().to_string();
    for cell in run.cells.iter_mut().filter(|cell| cell.strategy == "lru") {
        cell.result = dedup_records::record::CellResult::Failed {
            how: dedup_records::record::Failure::Died,
            reason: reason.clone(),
        };
    }
    let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
    let drawn = render(&comparison, Format::Table, Look::PLAIN);
    let line = drawn.lines().find(|line| line.starts_with("lru ")).unwrap();
    assert!(line.ends_with('…') && line.chars().count() < 230, "{line}");
    assert!(drawn.replace("\n  ", " ").contains(&reason), "{drawn}");
}

#[test]
fn what_a_narrow_terminal_cuts_is_said_below() {
    let narrow = Look { colour: Colour::Off, width: Some(80) };
    let comparison = Comparison::from_runs(&[sample::run()], &Filter::default(), None).unwrap();
    let drawn = render(&comparison, Format::Table, narrow).replace("\n  ", " ");
    let (table, predicted) = drawn.split_once("predicted against seen").unwrap();
    assert!(predicted.contains('…') && predicted.contains("because is cut for want of room"), "{drawn}");
    for line in table.lines().filter(|line| line.ends_with('…')) {
        let name = line.split_whitespace().next().unwrap();
        assert!(drawn.matches(&format!("{name}: ")).count() > 0, "{name}: {drawn}");
    }
}

#[test]
fn the_matrix_in_markdown_is_one_table() {
    let markdown = render(&under_faults(), Format::Markdown, Look::PLAIN);
    assert_eq!(markdown.matches("| fault |").count(), 1);
    insta::assert_snapshot!(markdown);
}

#[test]
fn harm_and_as_documented_are_two_columns_in_a_terminal_of_eighty_columns() {
    let comparison = Comparison::from_runs(&[sample::run()], &Filter::default(), None).unwrap();
    let narrow = render(&comparison, Format::Table, Look { colour: Colour::Off, width: Some(80) });
    assert!(narrow.lines().all(|line| line.chars().count() <= 80), "{narrow}");
    let head = narrow.lines().position(|line| line.starts_with("strategy ")).unwrap();
    let titles: Vec<&str> = narrow.lines().nth(head).unwrap().split_whitespace().collect();
    let units = narrow.lines().nth(head + 1).unwrap();
    let last = titles[titles.iter().position(|title| *title == "harm").unwrap()..].join(" ");
    assert!(last == "harm as documented" || (last == "harm as" && units.ends_with("documented")), "{narrow}");
    let words = |strategy: &str| {
        let line = narrow.lines().find(|line| line.starts_with(&format!("{strategy} "))).unwrap();
        (line.contains(" loses "), line.contains(" kept"))
    };
    // It loses pings, and does as it is documented.
    assert_eq!(words("bloom"), (true, true), "{narrow}");
    assert_eq!(words("exact"), (false, true), "{narrow}");
}
