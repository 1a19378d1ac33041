use dedup_records::record::{
    CellResult, FaultFigures, FaultlessFigures, LagFigures, Latency, MemoryOverTime, Operation, Prediction,
    StableFigures, Tables, VerifyFigures, sample,
};

use dedup_records::metrics::ALL;

use super::*;
use crate::model::Section;

fn report_of(runs: &[Run], mix: Mix) -> Report {
    Report::from_runs(runs, &Filter::default(), mix).unwrap()
}

fn section<'a>(report: &'a Report, id: &str) -> &'a Section {
    report.sections.iter().find(|section| section.id == id).unwrap()
}

fn verified(run: &mut Run, change: impl Fn(&str, &mut VerifyFigures)) {
    for cell in &mut run.cells {
        if let CellResult::Verify(figures) = &mut cell.result {
            change(&cell.strategy, figures);
        }
    }
}

/// A hundred pings that waited for a minute.
fn waited() -> Latency {
    let mut waited = hdrhistogram::Histogram::<u64>::new(3).unwrap();
    waited.record_n(60_000_000_000, 100).unwrap();
    Latency::from_histogram(&waited)
}

/// The sample with everything in it that a report can show.
fn full() -> Run {
    let mut run = sample::run();
    run.cells.extend(sample::impact());
    for cell in &mut run.cells {
        if let CellResult::Weigh(figures) = &mut cell.result {
            figures.over_time = MemoryOverTime {
                t_ns: (0..64).map(|i| i * 60_000_000_000).collect(),
                live_bytes: (0..64).map(|i| 4_096 + i.min(10) * 100_000).collect(),
                ids_count: (0..64).collect(),
            };
        }
    }
    verified(&mut run, |_, figures| {
        let lag = |up_to_ns, duplicate_count| LagFigures { up_to_ns, duplicate_count, missed_count: 0 };
        figures.by_lag = vec![
            lag(Some(1_000_000_000), 10_000),
            lag(Some(600_000_000_000), 20_000),
            lag(Some(3_600_000_000_000), 11_000),
            lag(None, 290),
        ];
        figures.faults = vec![FaultFigures {
            kind: "store-killed".into(),
            at_ns: 1_000_000_000_000,
            for_ns: 60_000_000_000,
            fired_count: 1,
            observed: "refused".into(),
            outage_ns: Some(60_000_000_000),
        }];
        figures.faultless = Some(FaultlessFigures::of(figures));
        figures.waited_ns = Some(waited());
        figures.stable = Some(StableFigures {
            job: "nightly".into(),
            preceding_days: 0,
            days_count: 1,
            live_rows_count: 460_000,
            stable_rows_count: 458_000,
            missed_count: figures.missed_count / 10,
            lost_count: figures.lost_count,
            dropped_without_id_count: 0,
            by_cause: Vec::new(),
        });
        figures.predicted = vec![Prediction {
            cause: "client retry".into(),
            tables: Tables::Live,
            because: "the window".into(),
            duplicate_count: 41_290,
            missed_count: figures.missed_count,
            predicted_ratio: 0.27,
            independent_count: 30_000,
        }];
    });
    run
}

#[test]
fn records_without_data_for_a_section_say_so_and_draw_nothing() {
    let report = report_of(&[sample::run()], Mix::Apart);
    for id in ["faults", "matrix", "stable", "talk"] {
        let section = section(&report, id);
        assert!(
            section.figures.is_empty() && section.headline.ends_with(['.', ')']),
            "{id}: {}",
            section.headline
        );
    }
    let page = page::render(&report);
    assert!(page.contains("No scenario of these records has a fault in it."));
}

#[test]
fn every_section_is_shown_where_the_records_have_its_data_and_no_chart_is_empty() {
    let report = report_of(&[full()], Mix::Apart);
    for id in ["accuracy", "lag", "faults", "latency", "load", "memory", "matrix", "stable"] {
        assert!(!section(&report, id).figures.is_empty(), "{id}");
    }
    let figures = report.sections.iter().flat_map(|section| &section.figures);
    for (chart, table) in figures.flat_map(|figure| &figure.charts) {
        assert!(!chart.is_empty() && !table.lines.is_empty(), "{}", chart.id);
    }
}

#[test]
fn what_was_squeezed_under_faults_stands_apart_in_every_part_and_says_so() {
    let mut run = full();
    for cell in &mut run.cells {
        cell.faults = vec!["store-killed".to_string()];
        cell.time_factor = if cell.strategy == "lru" { 90.0 } else { 1.0 };
    }
    let report = report_of(&[run], Mix::Apart);
    let matrix = section(&report, "matrix");
    let titles: Vec<&str> = matrix.figures.iter().map(|figure| figure.title.as_str()).collect();
    assert_eq!(titles, ["Fault × strategy", "Fault × strategy, in squeezed time"]);
    assert!(matrix.figures[1].notes[0].contains("Not to be compared"), "{:?}", matrix.figures[1].notes);
    let names = |index: usize| -> Vec<String> {
        let tables = &matrix.figures[index].tables;
        tables[0].columns.iter().skip(1).map(|column| column.title.clone()).collect()
    };
    assert!(!names(0).contains(&"lru".to_string()) && names(1) == ["lru"], "{:?} {:?}", names(0), names(1));
    let faults = section(&report, "faults");
    assert_eq!(faults.figures.len(), 2);
    assert!(faults.figures[1].title.contains("squeezed 90 times"), "{}", faults.figures[1].title);
}

#[test]
fn every_line_of_every_table_has_a_cell_for_every_column() {
    let report = report_of(&[full()], Mix::Apart);
    let sections = report.sections.iter().flat_map(|section| &section.figures).chain(&report.opening.figures);
    for table in
        sections.flat_map(|figure| figure.charts.iter().map(|(_, table)| table).chain(&figure.tables))
    {
        assert!(table.lines.iter().all(|line| line.cells.len() == table.columns.len()), "{}", table.id);
    }
}

#[test]
fn the_sentence_ranks_nothing_after_a_single_round() {
    let mut run = sample::run();
    run.cells.retain(|cell| cell.round == 0);
    let report = report_of(&[run], Mix::Apart);
    assert!(
        report.opening.sentence.contains("one round, so speeds are not ranked"),
        "{}",
        report.opening.sentence
    );
    assert!(section(&report, "latency").headline.contains("one round, so nothing is ranked"));
    assert!(section(&report, "load").headline.contains("one round, so nothing is ranked"));
}

#[test]
fn rounds_that_overlap_are_not_ranked() {
    let mut run = sample::run();
    for cell in &mut run.cells {
        if let CellResult::Time(figures) = &mut cell.result {
            figures.throughput_per_s = 1e6 * f64::from(1 + cell.round);
        }
    }
    let sentence = report_of(&[run], Mix::Apart).opening.sentence;
    assert!(sentence.contains("are not told apart"), "{sentence}");
}

#[test]
fn zero_comes_with_its_bound_and_counts_with_their_interval() {
    let page = page::render(&report_of(&[full()], Mix::Apart));
    // 0 of 1,376,130 uniques over three rounds, and 93 of 123,870 duplicates.
    assert!(page.contains("0 (&lt;0.00022 %)"), "the bound of no loss");
    assert!(page.contains("0.075 % (0.061–0.092)"), "the interval of exact's misses");
}

#[test]
fn what_was_skipped_and_what_failed_is_listed() {
    let report = report_of(&[sample::run()], Mix::Apart);
    let notes = report.opening.figures[0].notes.join("\n");
    assert!(notes.contains("skipped: redis-claim (verify): no redis-server found"), "{notes}");
    assert!(notes.contains("sleeper: hung: no progress for 30 s"), "{notes}");
    assert!(report.opening.verdicts.iter().any(|(tone, text)| *tone == Tone::Bad && text == "1 failed"));
    let heads: Vec<&str> = report.opening.verdicts.iter().map(|(_, text)| text.as_str()).collect();
    assert!(
        heads[0].ends_with("as documented") && heads[heads.len() - 2..] == ["1 failed", "1 skipped"],
        "{heads:?}"
    );
    let failed = notes.find("failed: sleeper").expect("it is called failed");
    assert!(notes.find("lru").is_some_and(|broken| broken < failed), "{notes}");
}

#[test]
fn unlike_machines_share_no_chart_unless_asked_and_then_it_is_said() {
    let one = sample::run();
    let mut other = sample::run();
    other.path = "results/other/records.jsonl".into();
    other.run.machine.cpu = "Another CPU".into();
    let runs = [one, other];
    let apart = report_of(&runs, Mix::Apart);
    assert_eq!(section(&apart, "latency").figures.len(), 2);
    assert!(apart.opening.notes.join(" ").contains("2 unlike machines"));
    let together = report_of(&runs, Mix::Together);
    let figure = &section(&together, "latency").figures[0];
    assert_eq!(section(&together, "latency").figures.len(), 1);
    assert!(figure.notes.join(" ").contains("Mixed on request"), "{:?}", figure.notes);
    assert!(figure.title.contains("mixed"));
}

#[test]
fn machine_commit_seed_and_date_are_on_the_page_and_on_every_slide() {
    let report = report_of(&[full()], Mix::Apart);
    let slides = slides::render(&report);
    let count = slides.matches("<section class=\"slide").count();
    assert!(count >= 9, "{count}");
    for wanted in ["Example CPU 3000", "1aed8e9c0ffe", "seed 7", "2026-03-01T12:00:00Z"] {
        assert!(slides.matches(wanted).count() >= count, "{wanted}");
        assert!(page::render(&report).contains(wanted), "{wanted}");
    }
}

#[test]
fn models_are_named_on_the_slides_with_what_they_are_models_of() {
    let mut run = full();
    let text = |run: &Run| slides::render(&report_of(std::slice::from_ref(run), Mix::Apart));
    assert!(!text(&run).contains("Models of"), "nothing says that anything is a model");
    for cell in run.cells.iter_mut().filter(|cell| cell.strategy == "lru") {
        let (what, model_of) = ("tapes".to_string(), Some("Tape and Reel".to_string()));
        cell.operation = Some(Operation { what, model_of, note: None });
    }
    let shown = text(&run);
    assert!(shown.contains("Models of what Tape and Reel do, and not the service: lru."));
}

#[test]
fn a_page_names_no_address_that_could_be_asked_and_no_hostile_name_becomes_markup() {
    let mut run = full();
    let names = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</script><b>"];
    for (index, cell) in run.cells.iter_mut().enumerate() {
        if cell.strategy == "exact" {
            cell.strategy = names[index % 3].to_string();
            cell.scenario = "<i>quick</i>".into();
        }
    }
    let report = report_of(&[run], Mix::Apart);
    for page in [page::render(&report), slides::render(&report)] {
        assert!(!page.contains("<script>alert") && !page.contains("<img") && !page.contains("<i>"), "markup");
        assert_eq!(page.matches("<script").count(), 2);
        let asked = ["src=\"", "<link", "@import", "url("].into_iter().find(|asked| page.contains(asked));
        assert_eq!(asked, None);
        assert!(page.contains("default-src 'none'"));
    }
}

#[test]
fn measurements_are_one_a_line_and_hold_what_the_records_hold() {
    let runs = [sample::run()];
    let report = report_of(&runs, Mix::Apart);
    let lines = tidy::measurements(&runs, &report.comparison);
    let csv = tidy::csv(&lines);
    let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
    let records: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), lines.len());
    let lost: Vec<f64> = lines
        .iter()
        .filter(|line| line.strategy == "bloom" && line.metric == "lost_count")
        .filter_map(|line| line.value)
        .collect();
    assert_eq!(lost, [45.0, 45.0, 45.0]);
    let json: serde_json::Value = serde_json::from_str(&tidy::json(&report, &lines)).unwrap();
    assert_eq!(json["schema"], "dedup-harness-report/1");
    assert_eq!(json["measurements"].as_array().unwrap().len(), lines.len());
    let said = &json["claims"][0];
    let first = report.sections.iter().find(|section| !section.figures.is_empty()).unwrap();
    assert_eq!(
        (&said["part"], &said["claim"]),
        (&first.id.into(), &first.figures[0].headline.as_str().into())
    );
}

#[test]
fn measurements_of_the_scale_pass_say_how_many_ids_there_were() {
    let mut runs = [sample::run()];
    runs[0].cells = sample::scale();
    let report = report_of(&runs, Mix::Apart);
    let lines = tidy::measurements(&runs, &report.comparison);
    let steady = lines.iter().filter(|line| line.strategy == "exact" && line.metric == "steady_ns_per_ping");
    let steady: Vec<_> = steady.map(|line| (line.ids_count, line.value)).collect();
    assert_eq!(steady, [(Some(1 << 14), Some(100.0)), (Some(1 << 16), Some(140.0))]);
    let missing = lines.iter().find(|line| line.metric == "not_reached").unwrap();
    assert_eq!(missing.ids_count, Some(1 << 18));
    assert!(missing.text.as_ref().unwrap().contains("--budget"));
}

#[test]
fn a_fault_of_several_rounds_is_told_by_round() {
    let mut run = sample::run();
    let [one, ..] = &sample::impact()[..] else { panic!("a cell") };
    let fault = |at_day: u64, fired_count| FaultFigures {
        kind: "restart".to_string(),
        at_ns: at_day * 86_400_000_000_000,
        for_ns: 0,
        fired_count,
        observed: format!("died {fired_count} times"),
        outage_ns: None,
    };
    let round = |round: u32, fired: [u64; 3]| {
        let mut cell = one.clone();
        cell.round = round;
        let CellResult::Impact(figures) = &mut cell.result else { panic!("it is of the impact pass") };
        figures.faults = (2..).zip(fired).map(|(at_day, fired)| fault(at_day, fired)).collect();
        cell
    };
    run.cells = vec![round(0, [3, 0, 0]), round(1, [4, 5, 0])];
    let report = report_of(&[run], Mix::Apart);
    let text = tables::impact::render(&report.comparison, tables::Look::PLAIN).replace("\n  ", " ");
    for said in [
        "restart: died 3 times in the first of 2 rounds.",
        "restart: died 5 times in one round; in 1 of 2 it was not seen to happen.",
        "restart: was not seen to happen, so that these numbers do not show it.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn a_fault_is_marked_on_the_day_of_its_numbers() {
    let mut run = sample::run();
    run.cells = sample::impact();
    for cell in &mut run.cells {
        cell.faults = vec!["restart".to_string(), "worker-crash".to_string()];
        let CellResult::Impact(figures) = &mut cell.result else { panic!("it is of the impact pass") };
        let fault = |kind: &str, at_day: u64, for_days: u64, fired_count| FaultFigures {
            kind: kind.to_string(),
            at_ns: at_day * 86_400_000_000_000 + 1,
            for_ns: for_days * 86_400_000_000_000,
            fired_count,
            observed: "died once".to_string(),
            outage_ns: None,
        };
        figures.faults = vec![fault("restart", 9, 0, 1), fault("worker-crash", 12, 2, 0)];
    }
    let report = report_of(&[run], Mix::Apart);
    let impact = section(&report, "impact");
    let [figure] = &impact.figures[..] else { panic!("one scenario") };
    let bands: Vec<_> =
        figure.charts[0].0.bands.iter().map(|band| (band.from, band.to, band.name.as_str())).collect();
    assert_eq!(bands, [(9.0, 9.0, "restart"), (12.0, 14.0, "worker-crash")]);
    let said = [
        "exact: Fault on 2026-02-09: restart: died once.",
        "from 2026-02-12 to 2026-02-14: worker-crash: was not seen",
    ];
    assert!(
        said.iter().all(|said| figure.notes.iter().any(|note| note.contains(said))),
        "{:?}",
        figure.notes
    );
    // In text the numbers stand by themselves, as nothing was verified.
    for text in [
        tables::render(&report.comparison, tables::Format::Table, tables::Look::PLAIN),
        tables::render(&report.comparison, tables::Format::Markdown, tables::Look::PLAIN),
    ] {
        assert!(text.contains("(live tables)") && text.contains("died once"), "{text}");
        assert!(!text.contains("under faults: missed/lost"), "{text}");
    }
}

#[test]
fn numbers_that_people_read_are_drawn_where_they_are_wrong_and_the_triangle_is_what_it_should_be() {
    let report = report_of(&[full()], Mix::Apart);
    let impact = section(&report, "impact");
    assert!(
        impact.headline.starts_with("exact adds 0.8 % to ping counts until the nightly job has run"),
        "{}",
        impact.headline
    );
    assert!(slides::render(&report).contains("Error of pings by day"), "a slide has the chart");
    let [figure] = &impact.figures[..] else { panic!("one scenario") };
    let drawn: Vec<&str> =
        figure.charts.iter().map(|(chart, _)| chart.title.split(',').next().unwrap()).collect();
    assert_eq!(drawn[0], "Error of pings by day");
    // The dent of the tenth day is there before and after the night, the copies only before.
    let of_stable =
        figure.charts.iter().find(|(chart, _)| chart.title.contains("pings by day, stable")).unwrap();
    assert_eq!(of_stable.1.lines[9].cells[2].text, "-4 %");
    assert!(of_stable.1.lines.iter().all(|line| line.cells[1].text == "0 %"));
    // Where nothing else was run, the first screen is about them.
    let mut alone = sample::run();
    alone.cells = sample::impact();
    let opening = report_of(&[alone], Mix::Apart).opening;
    assert_eq!(opening.claim, "exact: crash rate 16 % too high until the nightly job has run");
    let triangle = figure.tables.iter().find(|table| table.caption.starts_with("Retention")).unwrap();
    assert_eq!(triangle.lines[0].cells[1].text, "60.0 %");
    assert_eq!(triangle.lines[1].cells[3].text, "–", "that week is not over");
    let text = tables::impact::render(&report.comparison, tables::Look::PLAIN);
    assert!(
        text.contains("2026-02-09") && text.contains("-4 %") && text.contains("3 rows of later days"),
        "{text}"
    );
}

#[test]
fn a_filter_leaves_out_of_the_data_what_it_leaves_out_of_the_page() {
    let runs = [sample::run()];
    let filter = Filter::new(&[], &["^bloom$".to_string()]).unwrap();
    let report = Report::from_runs(&runs, &filter, Mix::Apart).unwrap();
    assert!(tidy::measurements(&runs, &report.comparison).iter().all(|line| line.strategy == "bloom"));
}

#[test]
fn markdown_begins_with_its_own_command_line_and_cannot_be_ended_by_it() {
    let report = report_of(&[sample::run()], Mix::Apart);
    let text = markdown::render(&report, "dedup-harness report 'a-->b' --format markdown");
    assert!(
        text.starts_with("<!-- made by: dedup-harness report 'a--&gt;b' --format markdown -->\n"),
        "{text}"
    );
    assert!(text.contains("| exact |"), "{text}");
}

#[test]
fn there_is_a_percentile_file_for_each_strategy_that_was_timed() {
    let report = report_of(&[sample::run()], Mix::Apart);
    let files = hgrm::files(&report.comparison).unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(files.len(), 7, "{names:?}");
    assert!(names.contains(&"quick-lru-exact-capacity=1000.hgrm"), "{names:?}");
    let distinct: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(distinct.len(), names.len());
}

#[test]
fn a_trend_keeps_runs_in_the_order_of_time_and_marks_counts_that_differ() {
    let run = |day: u32, missed: u64| {
        let mut run = sample::run();
        run.path = format!("results/day{day}/records.jsonl").into();
        run.run.started_at = format!("2026-03-{day:02}T12:00:00Z");
        verified(&mut run, |strategy, figures| {
            if strategy == "bloom" {
                figures.missed_count = missed;
            }
        });
        run
    };
    let trend = trend::Trend::from_runs(&[run(3, 5), run(1, 0), run(2, 0)], &Filter::default()).unwrap();
    let text = trend::render_text(&trend, tables::Look::PLAIN);
    assert!(text.contains("0 → 15 at 2026-03-03T12:00:00Z"), "{text}");
    let page = page::render(&trend::report(&trend));
    assert!(page.contains("1 hint"), "the page has it too");
}

#[test]
fn every_metric_of_the_list_is_a_column_of_csv_a_key_of_json_and_a_line_of_tidy_data() {
    let mut run = full();
    verified(&mut run, |_, figures| {
        figures.round_trips_count = Some(7);
        figures.emitted_twice_count = Some(1);
    });
    for cell in &mut run.cells {
        if let CellResult::Weigh(figures) = &mut cell.result {
            figures.server_used_bytes = Some(1 << 20);
        }
    }
    let comparison = Comparison::from_runs(std::slice::from_ref(&run), &Filter::default(), None).unwrap();
    let table = tables::render(&comparison, tables::Format::Csv, tables::Look::PLAIN);
    let columns: Vec<&str> = table.lines().next().unwrap().split(',').collect();
    let json = tables::render(&comparison, tables::Format::Json, tables::Look::PLAIN);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let runs = [run];
    let tidy = tidy::measurements(&runs, &comparison);
    for metric in ALL {
        assert!(columns.contains(&metric.name), "{} is no column", metric.name);
        let of_a_row = |row: &serde_json::Value| row["metrics"][metric.name].is_number();
        let rows = json["blocks"][0]["rows"].as_array().unwrap();
        assert!(rows.iter().any(of_a_row), "{} is not in JSON", metric.name);
        assert!(tidy.iter().any(|line| line.metric == metric.name), "{} is not in tidy data", metric.name);
    }
}

#[test]
fn memory_is_drawn_where_it_was_measured_and_nowhere_else() {
    let run = full();
    let last = run.cells.iter().filter_map(|cell| match &cell.result {
        CellResult::Weigh(figures) => figures.over_time.t_ns.last().copied(),
        _ => None,
    });
    let last = last.max().unwrap() as f64;
    let report = report_of(std::slice::from_ref(&run), Mix::Apart);
    let figure = &section(&report, "memory").figures[0];
    let points = figure.charts[0].0.series.iter().flat_map(|series| &series.points);
    assert!(points.map(|point| point.x).fold(0.0, f64::max) <= last);
    let states = figure.tables.iter().find(|table| table.id.starts_with("states-")).unwrap();
    assert!(states.columns.iter().any(|column| column.title == "its own, emptied"));
}

/// The sample under two faults: one that changes nothing, and one under which `lru` lets more through and `exact` loses.
fn two_faults() -> Run {
    let mut run = full();
    let mut cells = Vec::new();
    for (fault, harm) in [("mild", 0), ("cruel", 400)] {
        for cell in run.cells.iter().filter(|cell| matches!(cell.result, CellResult::Verify(_))) {
            let mut cell = cell.clone();
            cell.scenario = format!("faults/{fault}");
            cell.scenario_digest = fault.into();
            let CellResult::Verify(figures) = &mut cell.result else { unreachable!("a verify cell") };
            figures.faultless = Some(FaultlessFigures::of(figures));
            figures.faults[0].kind = fault.into();
            match cell.strategy.as_str() {
                "lru" => figures.missed_count += harm,
                "exact" => figures.lost_count += harm,
                _ => {}
            }
            cells.push(cell);
        }
    }
    run.cells = cells;
    run
}

/// What is said around the fault that does harm, each verify cell of a strategy changed first.
fn around_the_cruel(change: impl Fn(&str, &mut VerifyFigures)) -> (Report, crate::Figure) {
    let mut run = two_faults();
    verified(&mut run, |strategy, figures| change(strategy, figures));
    let report = report_of(&[run], Mix::Apart);
    let figures = &section(&report, "faults").figures;
    let figure = figures.iter().find(|figure| figure.title.ends_with("cruel")).unwrap().clone();
    (report, figure)
}

#[test]
fn a_title_over_a_chart_speaks_of_what_is_drawn_and_what_was_held_and_lost_is_said_behind_it() {
    let drawn = |strategy: &str, figures: &mut VerifyFigures, dropped: u64| {
        figures.over_time.dropped_first_count = vec![if strategy == "exact" { dropped } else { 0 }; 2];
        figures.over_time.missed_count = vec![9, 9];
    };
    let (report, held) = around_the_cruel(|strategy, figures| drawn(strategy, figures, 0));
    assert!(held.headline.starts_with("Under cruel, lru let 1,200 copies through"), "{}", held.headline);
    assert!(held.headline.contains("; exact lost 1,200, of which no line speaks"), "{}", held.headline);
    assert!(!held.headline.contains("none lost"), "{}", held.headline);
    let first = &held.charts[0].0;
    assert!(first.id.starts_with("missed") && first.series.iter().any(|series| series.name == "lru"));
    assert!(held.notes.iter().any(|note| note.contains("exact lost pings that were not dropped")));
    assert!(crate::slides::render(&report).contains("Under cruel, lru let 1,200 copies through"));
    let (_, dropped) = around_the_cruel(|strategy, figures| drawn(strategy, figures, 400));
    assert!(dropped.headline.starts_with("Under cruel, exact lost 1,200 pings"), "{}", dropped.headline);
    assert!(dropped.charts[0].0.id.starts_with("dropped"));
}

#[test]
fn nobody_is_said_to_have_lost_none_where_some_are_lost_without_the_fault_too() {
    let headline = |anyway: u64| {
        let (_, figure) = around_the_cruel(|strategy, figures| {
            figures.lost_count = if strategy == "exact" { anyway } else { 0 };
            figures.lost_shared_key_count = 0;
            let without = figures.faultless.as_mut().unwrap();
            (without.lost_count, without.lost_shared_key_count) = (figures.lost_count, 0);
        });
        figure.headline
    };
    assert!(headline(37).contains("none lost more than without it"), "{}", headline(37));
    assert!(!headline(37).contains("none lost any"), "{}", headline(37));
    assert!(headline(0).contains("none lost any"), "{}", headline(0));
}

#[test]
fn what_is_lost_without_a_fault_is_not_put_on_one() {
    let (report, _) = around_the_cruel(|_, figures| {
        (figures.lost_count, figures.lost_shared_key_count) = (37, 0);
        figures.faultless = Some(FaultlessFigures::of(figures));
    });
    assert!(report.opening.claim.contains("without any fault, on the stream of"), "{}", report.opening.claim);
}

#[test]
fn faults_are_lines_ranked_by_what_they_add_and_the_rest_is_a_dot() {
    let report = report_of(&[two_faults()], Mix::Apart);
    let matrix = section(&report, "matrix");
    let heat = &matrix.figures[0].tables[0];
    let heads: Vec<&str> = heat.lines.iter().map(|line| line.cells[0].text.as_str()).collect();
    assert_eq!(heads, ["cruel", "mild"]);
    let cell = |line: usize, strategy: &str| {
        let column = heat.columns.iter().position(|column| column.title == strategy).unwrap();
        heat.lines[line].cells[column].clone()
    };
    let lost = cell(0, "exact");
    assert_eq!((lost.text.as_str(), lost.shade), ("lost 1,200", Shade::Red));
    assert!(matches!(cell(0, "lru").shade, Shade::Amber(_)) && cell(0, "lru").text == "+1,200");
    assert_eq!((cell(1, "exact").text.as_str(), cell(1, "exact").shade), ("·", Shade::None));
    assert!(!heat.columns.iter().any(|column| column.title == "noop"), "nothing happens to the floor");
    assert!(
        matrix.headline.starts_with("cruel costs most pings: exact lost 1,200 (0.087 % of its uniques)"),
        "{}",
        matrix.headline
    );
}

#[test]
fn a_title_about_losses_stands_over_the_chart_of_losses_and_says_what_changed() {
    let mut run = two_faults();
    verified(&mut run, |strategy, figures| {
        figures.over_time.slice_ns = 30_000_000_000;
        figures.over_time.missed_count = vec![5; 10];
        let dropped = if strategy == "exact" { 9 } else { 0 };
        figures.over_time.dropped_first_count = vec![dropped; 10];
        figures.over_time.pings_count = vec![100; 10];
    });
    let report = report_of(&[run], Mix::Apart);
    let faults = section(&report, "faults");
    let figure = &faults.figures[0];
    assert!(
        figure.headline.starts_with("Under cruel, exact lost 1,200 pings more than without it"),
        "{}",
        figure.headline
    );
    assert!(figure.charts[0].0.id.starts_with("dropped"));
    assert!(faults.figures[1].headline.starts_with("mild changed nothing"), "{}", faults.figures[1].headline);
}

#[test]
fn a_floor_that_would_press_the_others_to_the_ground_is_in_the_table_alone() {
    for (times, drawn) in [(2, true), (40, false)] {
        let mut run = two_faults();
        verified(&mut run, |strategy, figures| {
            figures.over_time.slice_ns = 30_000_000_000;
            figures.over_time.missed_count = vec![if strategy == "noop" { 5 * times } else { 5 }; 10];
            figures.over_time.pings_count = vec![100; 10];
        });
        let report = report_of(&[run], Mix::Apart);
        let figure = &section(&report, "faults").figures[0];
        let (chart, table) = figure.charts.iter().find(|(chart, _)| chart.id.starts_with("missed")).unwrap();
        assert_eq!(chart.series.iter().any(|series| series.name == "noop"), drawn, "{times}");
        assert!(table.columns.iter().any(|column| column.title == "noop"));
        let said = figure.notes.iter().any(|note| note.contains("noop is in the table and not drawn"));
        assert_eq!(said, !drawn, "{:?}", figure.notes);
    }
}

#[test]
fn the_title_above_rates_and_latencies_says_figures_that_are_drawn() {
    let report = report_of(&[full()], Mix::Apart);
    let figure = &section(&report, "load").figures[0];
    let (chart, _) = &figure.charts[0];
    let shown: Vec<String> =
        chart.series.iter().flat_map(|series| &series.points).map(|point| words::rate(point.x)).collect();
    assert!(
        shown.iter().any(|rate| figure.headline.contains(rate.as_str())),
        "{}: {shown:?}",
        figure.headline
    );
    assert!(figure.headline.contains("99 % of pings within"), "{}", figure.headline);
}

#[test]
fn scenarios_with_the_same_delays_share_one_chart_of_them() {
    let report = report_of(&[two_faults()], Mix::Apart);
    let lag = section(&report, "lag");
    assert_eq!(lag.figures.len(), 1);
    assert!(lag.figures[0].notes.iter().any(|note| note.contains("no chart of their own: cruel")));
}

#[test]
fn slides_end_with_what_follows_and_have_all_at_their_worst() {
    let slides = slides::render(&report_of(&[two_faults()], Mix::Apart));
    // Of scenarios that all have faults the worst comes first, and none stands for the others.
    let report = report_of(&[two_faults()], Mix::Apart);
    assert_eq!(report.opening.figures[0].title, "faults/cruel");
    assert!(report.opening.sentence.starts_with("Over two scenarios, "), "{}", report.opening.sentence);
    for wanted in ["All scenarios, the worst first", "What follows from this", "What these figures are worth"]
    {
        assert!(slides.contains(wanted), "{wanted}");
    }
}

/// Records of so many strategies that an eye cannot tell them apart: the n-th holds n bytes an id and misses less than the one
/// before; every third loses.
fn many(count: u64) -> Run {
    let mut run = sample::run();
    let exact: Vec<_> = run.cells.iter().filter(|cell| cell.strategy == "exact").cloned().collect();
    run.cells.clear();
    for number in 0..count {
        for mut cell in exact.clone() {
            cell.strategy = format!("s{number:02}");
            match &mut cell.result {
                CellResult::Verify(figures) => {
                    figures.missed_count = 1_000 - number;
                    figures.lost_count = if number % 3 == 0 { 1 + number } else { 0 };
                }
                CellResult::Weigh(figures) => figures.bytes_per_id = Some(1.0 + number as f64),
                _ => {}
            }
            run.cells.push(cell);
        }
    }
    run
}

#[test]
fn of_many_strategies_the_frontier_and_six_more_are_loud_and_of_few_all_are() {
    let few = report_of(&[many(8)], Mix::Apart);
    assert!((0..8).all(|index| !few.palette.is_quiet(index)));
    let report = report_of(&[many(27)], Mix::Apart);
    let loud: Vec<&str> = (0..27)
        .filter(|index| !report.palette.is_quiet(*index))
        .map(|index| report.palette.names()[index].as_str())
        .collect();
    let frontier: Vec<String> =
        (0..27).filter(|number| number % 3 != 0).map(|number| format!("s{number:02}")).collect();
    assert!(frontier.iter().all(|name| loud.contains(&name.as_str())), "{loud:?}");
    assert_eq!(loud.len(), frontier.len() + 6);
    assert!(loud.contains(&"s24") && !loud.contains(&"s00"), "the worst are named first: {loud:?}");
}

#[test]
fn what_is_quiet_has_neither_name_nor_colour_in_any_picture() {
    let report = report_of(&[many(27)], Mix::Apart);
    let quiet = (0..27).find(|index| report.palette.is_quiet(*index)).unwrap();
    let chart = &section(&report, "accuracy").figures[0].charts[0].0;
    let alone = chart::paint(
        &chart::draw(chart, &report.palette),
        "",
        chart::Paint::Alone { palette: &report.palette, provenance: &[] },
    );
    assert!(alone.contains(&format!("class=\"m s{quiet}\"")), "{alone}");
    assert!(!alone.contains(&format!("class=\"n s{quiet}\"")), "{alone}");
    for picture in [alone, page::render(&report), slides::render(&report)] {
        assert!(picture.contains(&format!(".s{quiet}{{--c:var(--quiet)}}")));
    }
    let page = page::render(&report);
    assert!(page.contains(&format!("aria-pressed=\"mixed\" data-s=\"{quiet}\"")));
    assert!(page.contains(&format!(".loud{quiet} .s{quiet}{{--c:var(--p")));
}
