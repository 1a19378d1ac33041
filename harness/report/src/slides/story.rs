//! Which slides there are, and in which order: the problem, what a window can know, robustness, performance,
//! operations, the nightly job, and what the data do not show.

use dedup_records::compare::Standing;
use dedup_records::record::Role;

use crate::cells::share_cell;
use crate::chart::Chart;
use crate::model::{Cell, Column, Figure, Line, Report, Section, Shade, Table, View};
use crate::models;
use crate::overview::UNDER;
use crate::verdict::{DOCUMENTED, HARM, documented};
use crate::words::{clip, counted, percent};

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

/// Lines and columns of a table that can be read from the last row of seats.
const LINES: usize = 9;
const COLUMNS: usize = 7;

/// Lines of text in all, below a title of one line.
const TEXT_LINES: usize = 12;
/// Letters of a line of a title.
const TITLE_LETTERS: usize = 58;
/// Letters of a line below a title.
const BELOW_LETTERS: usize = 96;
/// Letters of a line of a table, of which its first column and each column of numbers take some.
const ROW_LETTERS: usize = 120;
const NAME_LETTERS: usize = 16;
const NUMBER_LETTERS: usize = 14;

/// The order of the talk, by the names of the sections.
const ORDER: [&str; 9] =
    ["lag", "faults", "matrix", "talk", "accuracy", "latency", "load", "memory", "stable"];

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
    let left_out = table.lines.len().saturating_sub(LINES - 2);
    let line = |line: &Line| Line {
        cells: columns.iter().map(|column| shortened(&line.cells[*column])).collect(),
        ..line.clone()
    };
    let shown = Table {
        columns: columns.iter().map(|column| table.columns[*column].clone()).collect(),
        lines: table.lines.iter().take(LINES - 2).map(line).collect(),
        ..table.clone()
    };
    let below = match left_out {
        0 => String::new(),
        some => format!("{some} more strategies, which do less harm, are in the report."),
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
    if let Some(left_out) = figure.tables.first().map(left_out).filter(|count| *count > 0) {
        below = format!("{below} {left_out} faults that changed less are in the report.")
            .trim_start()
            .to_string();
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
            title: title.clone(),
            below: below.clone(),
            body,
            notes: notes.clone(),
        })
        .collect()
}

/// A title says of which stream it speaks, where its sentence does not; the matrix speaks of several.
fn on_its_stream(title: String, section: &Section, figure: &Figure) -> String {
    let stream = clip(figure.title.trim_start_matches("faults/"), 40);
    if figure.title == section.title || section.id == "matrix" || title.contains(&stream) {
        return title;
    }
    // Names of strategies keep their case: only prose is made to go on.
    let prose =
        ["Of ", "As ", "At ", "A ", "All ", "In ", "Behind ", "No ", "None ", "One ", "The ", "Under "];
    let rest = match prose.iter().any(|word| title.starts_with(word)) {
        true => {
            let mut letters = title.chars();
            let first = letters.next().map(|letter| letter.to_lowercase().to_string()).unwrap_or_default();
            first + letters.as_str()
        }
        false => title,
    };
    format!("On {stream}, {rest}")
}

/// The table without what is there to compare with only, which is no subject of a slide.
fn without_floor(table: &Table) -> Table {
    let floor = documented(Standing::Unjudged, Role::Floor).words;
    let is_floor = |line: &Line| {
        line.cells
            .iter()
            .zip(&table.columns)
            .any(|(cell, column)| column.title == DOCUMENTED && cell.text == floor)
    };
    Table { lines: table.lines.iter().filter(|line| !is_floor(line)).cloned().collect(), ..table.clone() }
}

/// Whether a line of a matrix has something that its fault changed.
fn changes(line: &Line) -> bool {
    line.cells.iter().any(|cell| matches!(cell.shade, Shade::Red | Shade::Amber(_)))
}

/// How many of these lines find no room.
fn left_out(table: &Table) -> usize {
    match table.view {
        View::Heat => table.lines.iter().filter(|line| changes(line)).count().saturating_sub(LINES),
        _ => 0,
    }
}

/// Of a matrix the lines in which something changed, as many as can be read, and the columns that fit on one slide.
fn heat(table: &Table) -> Table {
    if table.view != View::Heat {
        return table.clone();
    }
    let bare = |cell: &Cell| Cell { below: String::new(), ..cell.clone() };
    let line =
        |line: &Line| Line { cells: line.cells.iter().take(COLUMNS).map(bare).collect(), ..line.clone() };
    Table {
        columns: table.columns.iter().take(COLUMNS).cloned().collect(),
        lines: table.lines.iter().filter(|line| changes(line)).take(LINES).map(line).collect(),
        ..table.clone()
    }
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

/// The table in pieces that can be read below `title`: its first column repeated, and not more lines and columns than fit.
fn readable(table: &Table, title: &str) -> Vec<Table> {
    let rest: Vec<usize> = (1..table.columns.len()).collect();
    let mut pieces = Vec::new();
    for columns in rest.chunks(COLUMNS - 1) {
        for lines in table.lines.chunks(lines_a_slide(table, columns, title)) {
            let of = |cells: &[Cell]| {
                std::iter::once(0)
                    .chain(columns.iter().copied())
                    .map(|c| shortened(&cells[c]))
                    .collect::<Vec<_>>()
            };
            let titles = std::iter::once(0).chain(columns.iter().copied());
            pieces.push(Table {
                id: table.id.clone(),
                caption: table.caption.clone(),
                view: table.view,
                columns: titles
                    .map(|c| Column { title: clip(&table.columns[c].title, 48), ..table.columns[c].clone() })
                    .collect(),
                lines: lines.iter().map(|line| Line { cells: of(&line.cells), ..line.clone() }).collect(),
            });
        }
    }
    pieces
}

/// How many lines of a table go on each slide: as many as fit, and on all slides about as many.
fn lines_a_slide(table: &Table, columns: &[usize], title: &str) -> usize {
    let rows_of = |text: &str, letters: usize| text.chars().count().div_ceil(letters).max(1);
    let (numbers, texts): (Vec<&usize>, Vec<&usize>) =
        columns.iter().partition(|column| table.columns[**column].numeric);
    let taken = NAME_LETTERS + numbers.len() * NUMBER_LETTERS;
    let letters = (ROW_LETTERS.saturating_sub(taken) / texts.len().max(1)).max(12);
    let tallest = texts
        .into_iter()
        .flat_map(|column| {
            table.lines.iter().map(|line| rows_of(&shortened(&line.cells[*column]).text, letters))
        })
        .max()
        .unwrap_or(1);
    let room = TEXT_LINES.saturating_sub(rows_of(title, TITLE_LETTERS));
    // A line of one row of text takes two thirds of one of two.
    let most = if tallest > 1 { room * 3 / (2 * tallest + 1) } else { room };
    let slides = table.lines.len().div_ceil(most.max(1)).max(1);
    table.lines.len().div_ceil(slides).max(1)
}

fn shortened(cell: &Cell) -> Cell {
    Cell { text: clip(&cell.text, 60), ..cell.clone() }
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
    let counts: Vec<&str> = report.opening.verdicts.iter().map(|(_, text)| text.as_str()).collect();
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

/// A headline as a title, and what follows the first semicolon or is too long for one. No line ends between a
/// number and its unit.
fn split(headline: &str) -> (String, String) {
    let headline = headline.replace(" %", "\u{a0}%");
    match headline.split_once("; ") {
        Some((title, below)) => {
            let mut letters = below.chars();
            let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
            // Names of strategies keep their case: only prose is made to begin like a sentence.
            let prose = below.starts_with("it ")
                || below.starts_with("with ")
                || below.starts_with("in ")
                || below.starts_with("under ")
                || below.starts_with("one ")
                || below.starts_with("none ")
                || below.starts_with("all ")
                || below.starts_with("the other ");
            let below = if prose { first + letters.as_str() } else { below.to_string() };
            (title.trim_end_matches('.').to_string(), below)
        }
        None => (headline.trim_end_matches('.').to_string(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_headline_becomes_a_title_and_a_line_below() {
        assert_eq!(split("It holds; it lasts."), ("It holds".into(), "It lasts.".into()));
        assert_eq!(split("redis lost 3; lru lost none."), ("redis lost 3".into(), "lru lost none.".into()));
        assert_eq!(split("All is well."), ("All is well".into(), String::new()));
    }

    #[test]
    fn a_title_says_of_which_stream_it_speaks() {
        let figure = Figure {
            title: "talk-dense".into(),
            headline: String::new(),
            source: String::new(),
            charts: Vec::new(),
            tables: Vec::new(),
            notes: Vec::new(),
            struck: Vec::new(),
        };
        let section = |id| Section {
            id,
            title: "Memory over time",
            about: "",
            headline: String::new(),
            figures: Vec::new(),
        };
        let said = |id, title: &str| on_its_stream(title.into(), &section(id), &figure);
        assert_eq!(said("memory", "At its peak lru held 3"), "On talk-dense, at its peak lru held 3");
        assert_eq!(said("memory", "redis-claim lost 3"), "On talk-dense, redis-claim lost 3");
        assert_eq!(said("memory", "On talk-dense lru lost 3"), "On talk-dense lru lost 3");
        assert_eq!(said("matrix", "lru lost 3"), "lru lost 3");
    }

    #[test]
    fn of_a_matrix_what_finds_no_room_is_counted_and_a_floor_is_no_subject() {
        let mut table = Table::new("m".into(), "m", &[("fault", false), ("lru", true)]).viewed(View::Heat);
        for fault in 0..LINES + 3 {
            let shade = if fault == 0 { Shade::None } else { Shade::Amber(1) };
            table.push(None, vec![Cell::text(fault.to_string()), Cell::text("+40").shaded(shade)]);
        }
        assert_eq!((heat(&table).lines.len(), left_out(&table)), (LINES, 2));
        let mut table = Table::new("t".into(), "t", &[("strategy", false), (DOCUMENTED, false)]);
        for (name, role) in [("noop", Role::Floor), ("lru", Role::Candidate)] {
            let said = documented(Standing::Unjudged, role).words;
            table.push(None, vec![Cell::text(name), Cell::text(said)]);
        }
        let left: Vec<String> =
            without_floor(&table).lines.iter().map(|line| line.cells[0].text.clone()).collect();
        assert_eq!(left, ["lru"]);
    }

    #[test]
    fn a_wide_and_long_table_comes_in_pieces_that_lose_nothing() {
        let names: Vec<String> = (0..15).map(|column| format!("c{column}")).collect();
        let columns: Vec<(&str, bool)> = names.iter().map(|name| (name.as_str(), true)).collect();
        let mut table = Table::new("t".into(), "t", &columns);
        for line in 0..20 {
            table.push(None, (0..15).map(|column| Cell::text(format!("{line}/{column}"))).collect());
        }
        let pieces = readable(&table, "A title of one line");
        assert!(pieces.iter().all(|piece| piece.lines.len() < TEXT_LINES && piece.columns.len() <= COLUMNS));
        let cells: std::collections::BTreeSet<String> = pieces
            .iter()
            .flat_map(|piece| &piece.lines)
            .flat_map(|line| &line.cells)
            .map(|cell| cell.text.clone())
            .collect();
        assert_eq!(cells.len(), 300);
    }
    #[test]
    fn lines_that_wrap_are_fewer_on_a_slide_and_about_as_many_on_each() {
        let mut table =
            Table::new("t".into(), "t", &[("strategy", false), ("n", true), ("to operate", false)]);
        for line in 0..10 {
            table.push(
                None,
                vec![Cell::text(line.to_string()), Cell::none(), Cell::text("a b c ".repeat(20))],
            );
        }
        let lines =
            |title: &str| readable(&table, title).iter().map(|piece| piece.lines.len()).collect::<Vec<_>>();
        assert_eq!(lines("short"), [10]);
        table.columns.extend((0..4).map(|n| Column::new(n.to_string(), true)));
        for line in &mut table.lines {
            line.cells.extend((0..4).map(|_| Cell::none()));
        }
        let lines =
            |title: &str| readable(&table, title).iter().map(|piece| piece.lines.len()).collect::<Vec<_>>();
        assert_eq!(lines("short"), [5, 5]);
        assert_eq!(lines(&"long ".repeat(40)), [4, 4, 2]);
    }
}
