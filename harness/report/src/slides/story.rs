//! Which slides there are, and in which order: the problem, what a window can know, robustness, performance,
//! operations, the nightly job, the numbers that people read, and what the data do not show.

use dedup_records::compare::Standing;
use dedup_records::record::Role;

use super::cut::{
    BELOW_LETTERS, COLUMNS, LINES, TITLE_LETTERS, heat, lines_that_fit, readable, shortened, unsaid,
    without_floor,
};
use super::title::{on_its_stream, split};
use crate::cells::share_cell;
use crate::chart::Chart;
use crate::model::{Cell, Figure, Line, Report, Section, Table, View};
use crate::models;
use crate::overview::UNDER;
use crate::verdict::{DOCUMENTED, HARM, documented};
use crate::words::{capital, clip, counted, list, percent};

/// One slide.
pub(super) struct Slide {
    /// What it is about, above its title.
    pub(super) over: String,
    /// Its headline.
    pub(super) title: String,
    /// The rest of the headline.
    pub(super) below: String,
    pub(super) body: Body,
    /// For the speaker.
    pub(super) notes: Vec<String>,
}

/// What a slide shows.
pub(super) enum Body {
    Opening(Vec<(&'static str, String)>),
    Chart(Box<Chart>),
    Table(Table),
    Points(Vec<String>),
}

impl Slide {
    /// The share of its height that is left below its title.
    pub(super) fn room(&self) -> f64 {
        // Of a slide of 45 rem: its edges and what stands above the title, then each line of the title and below it.
        const EDGES: f64 = 9.6;
        const TITLE_LINE: f64 = 2.6;
        const LINE: f64 = 1.7;
        let lines = |text: &str, letters: usize| text.chars().count().div_ceil(letters) as f64;
        let below = lines(&self.below, BELOW_LETTERS) * LINE + if self.below.is_empty() { 0.0 } else { 0.4 };
        (1.0 - (EDGES + lines(&self.title, TITLE_LETTERS - 4) * TITLE_LINE + below) / 45.0).max(0.35)
    }
}

/// The order of the talk, by the names of the sections.
const ORDER: [&str; 11] =
    ["lag", "faults", "matrix", "talk", "today", "accuracy", "latency", "load", "memory", "stable", "impact"];

/// Faults drawn on slides of their own; the matrix has all.
const FAULTS: usize = 3;

pub(super) fn slides(report: &Report) -> Vec<Slide> {
    let mut slides = vec![opening(report)];
    slides.extend(problem(report));
    slides.extend(overview(report));
    for id in ORDER {
        let section = report.sections.iter().find(|section| section.id == id);
        slides.extend(section.into_iter().flat_map(of_section));
    }
    slides.push(verdicts(report));
    slides.push(conclusion(report));
    slides.push(limits(report));
    slides
}

fn opening(report: &Report) -> Slide {
    let facts = report.opening.facts.iter().map(|(name, fact)| {
        let text = match fact.texts.as_slice() {
            [only] => only,
            _ => &fact.summary,
        };
        (*name, clip(text, 200))
    });
    Slide {
        over: report.opening.title.clone(),
        title: report.opening.claim.replace(" %", "\u{a0}%"),
        below: report.opening.sentence.replace(" %", "\u{a0}%"),
        body: Body::Opening(facts.collect()),
        notes: vec![
            "What was compared, on what, and the worst that was seen.".to_string(),
            report.opening.sentence.clone(),
        ],
    }
}

/// How many pings are copies, and why.
fn problem(report: &Report) -> Option<Slide> {
    // Of several that are as full, the first.
    let block = report.comparison.blocks.iter().rev().max_by_key(|block| block.rows.len())?;
    let verify = block.widest_verify()?;
    if verify.duplicate_count == 0 {
        return None;
    }
    let columns = [("cause", false), ("copies", true), ("share of all pings (95 %)", true)];
    let mut table = Table::new("causes".into(), "Duplicates by cause", &columns);
    for cause in verify.by_cause.iter().take(LINES) {
        let count = cause.duplicate_count;
        let cells = vec![
            Cell::text(clip(&cause.cause, 60)),
            Cell::number(dedup_records::units::thousands(count), count as f64),
            share_cell(count, verify.pings_count),
        ];
        table.push(None, cells);
    }
    Some(Slide {
        over: "The problem".into(),
        title: format!(
            "In {}, {} of the pings are copies of one that came before",
            clip(block.stream.scenario.trim_start_matches("faults/"), 60),
            percent(verify.duplicate_count as f64 / verify.pings_count as f64)
        ),
        below: counted(verify.duplicate_count, verify.pings_count),
        body: Body::Table(table),
        notes: vec![
            "At-least-once delivery means that what is not acknowledged comes again, and so does what was \
             acknowledged too late."
                .into(),
            "Truth is known by construction: the stream knows which ping is a copy of which.".into(),
        ],
    })
}

fn of_section(section: &Section) -> Vec<Slide> {
    let most = match section.id {
        "faults" => FAULTS,
        _ => 1,
    };
    section.figures.iter().take(most).flat_map(|figure| of_figure(section, figure)).collect()
}

/// Every candidate at its worst: the columns that a room can read.
fn overview(report: &Report) -> Option<Slide> {
    let figure = report.opening.overview.as_ref()?;
    let table = figure.tables.first()?;
    let columns: Vec<usize> = (0..table.columns.len())
        .filter(|column| table.columns[*column].title != UNDER)
        .take(COLUMNS)
        .collect();
    let line = |line: &Line| Line {
        cells: columns.iter().map(|column| shortened(&line.cells[*column])).collect(),
        ..line.clone()
    };
    let mut shown = Table {
        columns: columns.iter().map(|column| table.columns[*column].clone()).collect(),
        lines: table.lines.iter().map(line).collect(),
        ..table.clone()
    };
    let said = |left_out| format!("{left_out} more strategies, which do less harm, are in the report.");
    let lines = lines_that_fit(&shown, &report.opening.claim, &said(table.lines.len())).min(LINES - 2);
    shown.lines.truncate(lines);
    let below = match table.lines.len() - shown.lines.len() {
        0 => String::new(),
        left_out => said(left_out),
    };
    Some(Slide {
        over: "All scenarios, the worst first".into(),
        title: report.opening.claim.replace(" %", "\u{a0}%"),
        below,
        body: Body::Table(shown),
        notes: figure.notes.clone(),
    })
}

/// What to take home: each sentence is one that the report makes of its data.
fn conclusion(report: &Report) -> Slide {
    let said = report
        .opening
        .sentence
        .split("; ")
        .filter(|part| !part.starts_with("one round"))
        .take(2)
        .map(|part| part.trim_end_matches('.'));
    // Who lost none stands above; the worst was said at the beginning, and is said again.
    let mut points: Vec<String> = said.map(|part| format!("{part}.")).collect();
    points.insert(1.min(points.len()), format!("{}.", report.opening.claim));
    let headline = |id: &str| {
        let section =
            report.sections.iter().find(|section| section.id == id && !section.figures.is_empty())?;
        Some(clip(&section.headline, 220))
    };
    points.extend(["matrix", "stable"].into_iter().filter_map(headline));
    Slide {
        over: "What follows from this".into(),
        title: points.remove(0).trim_end_matches('.').replace(" %", "\u{a0}%"),
        below: String::new(),
        body: Body::Points(points),
        notes: vec!["No score: what must not be lost comes first, then what it costs.".into()],
    }
}

fn of_figure(section: &Section, figure: &Figure) -> Vec<Slide> {
    // The first chart is the one that the headline speaks of; the others would stand under a title about something else.
    let charts = figure.charts.iter().take(1).map(|(chart, _)| Body::Chart(Box::new(chart.clone())));
    let (title, mut below) = split(&figure.headline);
    let title = on_its_stream(title, section, figure);
    let unsaid = figure.tables.first().map(unsaid).unwrap_or_default();
    if !unsaid.is_empty() {
        below = format!("{below} {}", unsaid.join(" ")).trim_start().to_string();
    }
    // What has charts shows these; what has only tables shows them, cut to what can be read.
    let bodies: Vec<Body> = match figure.charts.is_empty() {
        false => charts.collect(),
        true => shown(figure)
            .flat_map(|table| readable(&without_floor(&heat(table)), &title))
            .map(Body::Table)
            .collect(),
    };
    let several = bodies.len();
    let mut notes = vec![section.about.to_string()];
    notes.extend(figure.notes.iter().cloned());
    notes.push(format!("Source: {}", figure.source));
    bodies
        .into_iter()
        .enumerate()
        .map(|(index, body)| Slide {
            over: over(section, figure)
                + &if several > 1 { format!(" ({}/{several})", index + 1) } else { String::new() },
            title: if index == 0 { title.clone() } else { of_piece(&body).unwrap_or_else(|| title.clone()) },
            below: if index == 0 { below.clone() } else { String::new() },
            body,
            notes: notes.clone(),
        })
        .collect()
}

/// What a further piece of a table shows: what its first piece says is on the slide before.
fn of_piece(body: &Body) -> Option<String> {
    let Body::Table(table) = body else { return None };
    let columns: Vec<String> = table.columns.iter().skip(1).map(|column| column.title.clone()).collect();
    let names: Vec<String> = table.lines.iter().map(|line| line.cells[0].text.clone()).collect();
    Some(format!("{}, of {}", capital(&list(&columns, 2)), list(&names, 2)))
}

/// What is not folded away.
fn shown(figure: &Figure) -> impl Iterator<Item = &Table> {
    figure.tables.iter().filter(|table| table.view != View::Folded)
}

/// What a slide is about, once where the section has no more to say than its only figure.
fn over(section: &Section, figure: &Figure) -> String {
    match figure.title == section.title {
        true => section.title.to_string(),
        false => format!("{} · {}", section.title, figure.title),
    }
}

/// Who kept what was promised, on the scenario with most strategies.
fn verdicts(report: &Report) -> Slide {
    // The fullest comes first.
    let figure = report.opening.figures.first();
    let wanted = ["strategy", HARM, DOCUMENTED, "missed (95 %)", "lost (95 %)", "p99 (range)"];
    let table = figure.and_then(|figure| figure.tables.first()).map(|table| {
        let some = |index: usize| table.lines.iter().any(|line| line.cells[index] != Cell::none());
        let columns: Vec<usize> = (0..table.columns.len())
            .filter(|index| wanted.contains(&table.columns[*index].title.as_str()) && some(*index))
            .collect();
        let line = |line: &Line| Line {
            cells: columns.iter().map(|index| shortened(&line.cells[*index])).collect(),
            ..line.clone()
        };
        let left_out = table.lines.len().saturating_sub(LINES);
        let caption = match left_out {
            0 => table.caption.clone(),
            some => format!("{}; {some} more in the report", table.caption),
        };
        Table {
            id: table.id.clone(),
            caption,
            view: table.view,
            columns: columns.iter().map(|index| table.columns[*index].clone()).collect(),
            lines: table.lines.iter().take(LINES).map(line).collect(),
        }
    });
    let counts = figure.and_then(|figure| figure.tables.first()).map(counted_verdicts).unwrap_or_default();
    let left_out = figure
        .map_or(0, |figure| figure.tables.first().map_or(0, |table| table.lines.len().saturating_sub(LINES)));
    Slide {
        over: format!("Verdicts · {}", figure.map_or("", |figure| figure.title.as_str())),
        title: format!("What each did, and whether as documented: {}", counts.join(", ")),
        below: if left_out > 0 {
            format!("{left_out} more strategies are in the report.")
        } else {
            String::new()
        },
        body: table.map_or(Body::Points(Vec::new()), Body::Table),
        notes: figure.map(|figure| figure.notes.clone()).unwrap_or_default(),
    }
}

/// How many of the lines of one scenario stand how, in their order.
fn counted_verdicts(table: &Table) -> Vec<String> {
    let Some(column) = table.columns.iter().position(|column| column.title == DOCUMENTED) else {
        return Vec::new();
    };
    let yes = documented(Standing::Kept, Role::Candidate).words;
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for text in table.lines.iter().map(|line| line.cells[column].text.as_str()) {
        let word = if text == yes { DOCUMENTED } else { text };
        match counts.iter_mut().find(|(counted, _)| *counted == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect()
}

/// What must not be concluded.
fn limits(report: &Report) -> Slide {
    let mut points = vec![
        "Speeds and latencies are of one machine, named below; counts are the same on every machine."
            .to_string(),
        "Zero seen is a bound, not a proof: the true share lies below 3/N with 95 % confidence.".to_string(),
        "Where ranges of rounds overlap, nothing is ranked.".to_string(),
    ];
    points.extend(models::notes(&report.comparison));
    let skipped: usize = report.comparison.blocks.iter().map(|block| block.skipped.len()).sum();
    if skipped > 0 {
        points.push(format!(
            "{skipped} cells (a strategy on a scenario) could not run here and are in no chart; the report lists them."
        ));
    }
    points.extend(report.opening.notes.iter().take(2).cloned());
    Slide {
        over: "What this does not show".into(),
        title: "What these figures are worth".into(),
        below: String::new(),
        body: Body::Points(points),
        notes: vec!["Everything is made from the records; docs/REPORTS.md has the commands.".into()],
    }
}
