//! The talk's table in every format.

use dedup_records::stats::rule_of_three;
use dedup_records::units::{bytes, duration, plural, short, thousands};

use super::grid::{Align, Grid};
use super::text::{Text, Tone, prose};
use super::{Format, Look, columns, markdown, today};
use crate::change::{CHANCE, definition};
use crate::model;
use crate::talk::{Found, Row, SCENARIO, System, TODAY, Table, Worst};
use crate::verdict::{self, SKIPPED, verdict, word};
use crate::words::capital;

/// So wide a terminal shows each strategy as a line; in a narrower one lines would break.
const WIDE: usize = 120;

type Column = columns::Column<Row>;

const COLUMNS: &[Column] = &[
    ("strategy", "", Align::Left, |row| Text::plain(row.strategy.as_str())),
    ("missed live", "% dups", Align::Right, |row| percent(row.missed_live_ratio)),
    ("missed stable", "% dups", Align::Right, |row| percent(row.missed_stable_ratio)),
    ("lost", "% uniq", Align::Right, |row| percent(row.lost_ratio)),
    ("worst fault", "", Align::Left, |row| Text::plain(worst(row))),
    ("mem", "B/id", Align::Right, |row| or_none(row.bytes_per_id.map(short))),
    ("at 16,000/s", "", Align::Right, |row| or_none(at_full_rate(row))),
    ("round trips", "a ping", Align::Right, |row| or_none(row.round_trips_per_ping.map(short))),
    ("p50", "", Align::Right, |row| or_none(row.p50_ns.map(duration))),
    ("p99", "", Align::Right, |row| or_none(row.p99_ns.map(duration))),
    ("harm", "", Align::Left, harm),
    ("as documented", "verdict", Align::Left, shown),
    ("to operate", "", Align::Left, |row| Text::dim(row.operated.as_deref().unwrap_or("-"))),
];

/// The table in `format`, ending in a line feed. `look` matters for the aligned one only.
pub fn render(table: &Table, format: Format, look: Look) -> String {
    match format {
        Format::Table => {
            let own = if has_own(table) { aligned(table, look) } else { String::new() };
            let today = table.today.iter().flat_map(|part| today::aligned(part, look));
            joined(own, today)
        }
        Format::Markdown => {
            let own = if has_own(table) { in_markdown(table) } else { String::new() };
            joined(own, table.today.iter().flat_map(today::in_markdown))
        }
        Format::Csv => csv(table),
        Format::Json => json(table),
    }
}

/// Whether anything of the talk's own was run.
fn has_own(table: &Table) -> bool {
    !table.rows.is_empty() || !table.skipped.is_empty() || table.today.is_none()
}

/// The talk's own table, and below it what people run today.
fn joined(own: String, today: impl Iterator<Item = String>) -> String {
    let today: Vec<String> = today.collect();
    match (own.is_empty(), today.is_empty()) {
        (_, true) => own,
        (true, false) => today.join("\n") + "\n",
        (false, false) => format!("{own}\n{}\n", today.join("\n")),
    }
}

fn aligned(table: &Table, look: Look) -> String {
    let grid = columns::grid(COLUMNS, &table.rows);
    if let Some(width) = look.width.filter(|width| grid.width_with(usize::MAX) > *width && *width < WIDE) {
        return on_its_side(table, look, width);
    }
    let prose = |text: &str| prose(text, 2, look);
    let mut lines = prose(&heading(table));
    lines.push(String::new());
    lines.extend(grid.render(look));
    lines.push(String::new());
    lines.extend(notes(table).iter().flat_map(|note| prose(note)));
    lines.push(String::new());
    lines.join("\n")
}

/// Figures as lines and strategies as columns, in as many tables as are needed; what is prose stands below.
fn on_its_side(table: &Table, look: Look, width: usize) -> String {
    let prose = |text: &str| prose(text, 2, look);
    let (texts, figures): (Vec<&Column>, Vec<&Column>) =
        COLUMNS[1..].iter().partition(|(title, ..)| matches!(*title, "worst fault" | "to operate"));
    let grid = |rows: &[Row]| {
        let mut aligns = vec![Align::Left];
        aligns.extend(rows.iter().map(|_| Align::Right));
        let mut grid = Grid::new(aligns);
        let heads = rows.iter().map(|row| Text::new(row.strategy.as_str(), Tone::Strong));
        grid.line(std::iter::once(Text::plain("")).chain(heads).collect());
        grid.rule();
        for (title, unit, _, text) in &figures {
            let head = Text::plain(format!("{title} {unit}").trim_end());
            grid.line(std::iter::once(head).chain(rows.iter().map(text)).collect());
        }
        grid
    };
    let mut lines = prose(&heading(table));
    let mut rest = table.rows.as_slice();
    while !rest.is_empty() {
        let fits = |count: &usize| grid(&rest[..*count]).width_with(usize::MAX) <= width;
        let count = (1..=rest.len()).rev().find(fits).unwrap_or(1);
        lines.push(String::new());
        lines.extend(grid(&rest[..count]).render(look));
        rest = &rest[count..];
    }
    lines.push(String::new());
    for row in &table.rows {
        let said = texts.iter().map(|(title, _, _, text)| format!("{title}: {}", text(row).text));
        let said: Vec<String> = said.collect();
        lines.extend(prose(&format!("{}: {}", row.strategy, said.join("; "))));
    }
    lines.push(String::new());
    lines.extend(notes(table).iter().flat_map(|note| prose(note)));
    lines.push(String::new());
    lines.join("\n")
}

fn in_markdown(table: &Table) -> String {
    let mut lines =
        vec!["### talk".to_string(), String::new(), markdown::escape(&heading(table)), String::new()];
    lines.extend(columns::in_markdown(COLUMNS, &table.rows));
    lines.push(String::new());
    lines.extend(notes(table).iter().map(|note| format!("- {}", markdown::escape(note))));
    lines.push(String::new());
    lines.join("\n")
}

fn json(table: &Table) -> String {
    let mut text = serde_json::to_string_pretty(table).expect("a table is plain data");
    text.push('\n');
    text
}

/// Base units, and an empty field where nothing was measured.
fn csv(table: &Table) -> String {
    type Field = (&'static str, fn(&Row) -> Option<String>);
    const FIELDS: &[Field] = &[
        ("strategy", |row| Some(row.strategy.clone())),
        ("standing", |row| Some(word(row.standing).to_string())),
        ("missed_live_ratio", |row| row.missed_live_ratio.map(|ratio| ratio.to_string())),
        ("missed_stable_ratio", |row| row.missed_stable_ratio.map(|ratio| ratio.to_string())),
        ("lost_count", |row| row.lost_count.map(|count| count.to_string())),
        ("lost_ratio", |row| row.lost_ratio.map(|ratio| ratio.to_string())),
        ("worst_fault", |row| row.worst.as_ref().map(|worst| worst.fault.clone())),
        ("worst_fault_lost_count", |row| row.worst.as_ref().map(|worst| worst.lost_count.to_string())),
        ("worst_fault_missed_count", |row| row.worst.as_ref().map(|worst| worst.missed_count.to_string())),
        ("bytes_per_id", |row| row.bytes_per_id.map(|bytes| bytes.to_string())),
        ("window_ns", |row| row.window_ns.map(|ns| ns.to_string())),
        ("full_bytes", |row| row.full_bytes.map(|bytes| bytes.round().to_string())),
        ("round_trips_per_ping", |row| row.round_trips_per_ping.map(|trips| trips.to_string())),
        ("p50_ns", |row| row.p50_ns.map(|ns| ns.to_string())),
        ("p99_ns", |row| row.p99_ns.map(|ns| ns.to_string())),
        ("operated", |row| row.operated.clone()),
    ];
    // What only systems have, behind what all have.
    type OfSystem = (&'static str, fn(&System) -> Option<String>);
    const OF_SYSTEMS: &[OfSystem] = &[
        ("pings_per_s", |system| system.pings_per_s.map(|rate| rate.to_string())),
        ("one_key_in", |system| system.one_key_in.map(|keys| keys.to_string())),
        ("time_factor", |system| Some(system.time_factor.to_string())),
    ];
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write = |fields: Vec<String>| writer.write_record(fields).expect("memory can be written");
    let names = FIELDS.iter().map(|(name, _)| *name).chain(["scenario"]);
    write(names.chain(OF_SYSTEMS.iter().map(|(name, _)| *name)).map(str::to_string).collect());
    let shared = |row: &Row, scenario: &str| -> Vec<String> {
        let fields = FIELDS.iter().map(|(_, field)| field(row).unwrap_or_default());
        fields.chain([scenario.to_string()]).collect()
    };
    for row in &table.rows {
        let nothing = OF_SYSTEMS.iter().map(|_| String::new());
        write(shared(row, SCENARIO).into_iter().chain(nothing).collect());
    }
    for system in table.today.iter().flat_map(|today| &today.rows) {
        let own = OF_SYSTEMS.iter().map(|(_, field)| field(system).unwrap_or_default());
        write(shared(&system.row, TODAY).into_iter().chain(own).collect());
    }
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("text went in")
}

fn heading(table: &Table) -> String {
    if table.pings_count == 0 {
        return "talk: a day and a half of 16,000 pings a second: no pings were counted".to_string();
    }
    let thinned = match table.thinned {
        thinned if thinned < 1.5 => "every ping".to_string(),
        thinned => format!("one ping in {}", thousands(thinned.round() as u64)),
    };
    format!(
        "talk: a day and a half of 16,000 pings a second, {thinned} of them: {} pings, {} duplicates",
        thousands(table.pings_count),
        thousands(table.duplicate_count)
    )
}

fn notes(table: &Table) -> Vec<String> {
    let mut notes = Vec::new();
    let uniques = table.pings_count - table.duplicate_count;
    if table.rows.iter().any(|row| row.lost_count == Some(0)) {
        let bound = short(rule_of_three(uniques) * 100.0);
        notes.push(format!("lost 0 = none seen; the true share is, with 95 % confidence, below {bound} %."));
    }
    if table.pings_count > 0 && table.rows.iter().all(|row| row.missed_stable_ratio.is_none()) {
        notes.push(no_nightly_job(table.nightly_disk_bytes));
    }
    if table.pings_count > 0 {
        notes.push(format!("{} Of a talk, its faults included.", verdict::COLUMNS));
    }
    notes.push(match table.faults.is_empty() {
        true => "worst fault: no fault was tried.".to_string(),
        false => format!(
            "{} {}. Tried: {}.",
            definition(table.known.iter().copied()),
            capital(CHANCE),
            table.faults.join(", ")
        ),
    });
    notes.push(
        "at 16,000/s: bytes an id, for the ids of the strategy's window, a day at most. round trips: with full batches."
            .to_string(),
    );
    if table.rows.iter().any(|row| row.is_per_id_held) {
        notes.push(
            "mem is per id held, older ones than the window's included: the records are from before the window's were counted."
                .to_string(),
        );
    }
    for row in table.rows.iter().filter(|row| !row.unproven.is_empty()) {
        notes.push(format!("nothing is known of {} under {}.", row.strategy, row.unproven.join(", ")));
    }
    notes.extend(table.rows.iter().flat_map(found));
    for skip in &table.skipped {
        notes.push(format!("{SKIPPED}: {}: {}; {}", skip.strategy, skip.reason, skip.remedy));
    }
    notes
}

/// Why a strategy failed, or what is wrong with its promise.
fn found(row: &Row) -> Vec<String> {
    const MOST: usize = 4;
    let bad = |found: &&Found| {
        matches!(verdict(found.standing, row.role).tone, model::Tone::Warn | model::Tone::Bad)
    };
    let all: Vec<&Found> = row.findings.iter().filter(bad).collect();
    let said = |found: &&Found| {
        let words = verdict(found.standing, row.role).words;
        format!("{} in {}: {words}: {}", row.strategy, found.scenarios.join(", "), found.text)
    };
    let mut notes: Vec<String> = all.iter().take(MOST).map(said).collect();
    if all.len() > MOST {
        notes.push(format!("{}: and {}.", row.strategy, plural((all.len() - MOST) as u64, "more finding")));
    }
    notes
}

fn no_nightly_job(disk_bytes: Option<u64>) -> String {
    let where_it_is = disk_bytes.map_or(String::new(), |needed| {
        let needed = bytes(needed);
        format!(" It is where {needed} of disk are free for its tables; TMPDIR names where they go.")
    });
    format!("missed stable: no nightly job was run behind these pings.{where_it_is}")
}

fn harm(row: &Row) -> Text {
    row.harm.map_or(Text::dim("-"), |harm| {
        let (words, tone) = harm.short();
        Text::new(words, tone.into())
    })
}

fn shown(row: &Row) -> Text {
    let verdict = verdict(row.standing, row.role);
    Text::new(verdict.words, verdict.tone.into())
}

fn worst(row: &Row) -> String {
    row.worst.as_ref().map_or("-".to_string(), Worst::said)
}

fn at_full_rate(row: &Row) -> Option<String> {
    let (needed, window) = row.full_bytes.zip(row.window_ns)?;
    Some(format!("{} for {}", bytes(needed.round() as u64), duration(window)))
}

fn percent(ratio: Option<f64>) -> Text {
    or_none(ratio.map(|ratio| short(ratio * 100.0)))
}

fn or_none(text: Option<String>) -> Text {
    text.map_or(Text::dim("-"), Text::plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Colour;
    use dedup_records::compare::Comparison;
    use dedup_records::filter::Filter;
    use dedup_records::record::sample::run;
    use dedup_records::record::{CellResult, Failure};
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn who_failed_is_shown_with_the_reason_in_every_width_and_nothing_is_said_of_what_was_not_counted() {
        let mut run = run();
        run.cells.truncate(1);
        let reason = "no room in /var/tmp".to_string();
        run.cells[0].result = CellResult::Failed { how: Failure::Died, reason };
        run.cells[0].scenario = crate::talk::SCENARIO.to_string();
        let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
        let table = Table { nightly_disk_bytes: Some(0), ..Table::of(&comparison).unwrap() };
        for (format, width) in [(Format::Table, None), (Format::Table, Some(80)), (Format::Markdown, None)] {
            let drawn = render(&table, format, Look { colour: Colour::Off, width });
            assert_eq!(drawn.matches("no room in /var/tmp").count(), 1, "{drawn}");
            assert!(drawn.contains("in talk: FAILED: died"), "{drawn}");
            assert!(drawn.contains("no pings were counted") && !drawn.contains("0 B"), "{drawn}");
        }
        assert!(
            render(&table, Format::Json, Look { colour: Colour::Off, width: None }).contains("no room in")
        );
    }

    #[test]
    fn in_a_narrow_terminal_the_table_stands_on_its_side_and_no_line_breaks() {
        let mut run = run();
        for cell in &mut run.cells {
            cell.scenario = crate::talk::SCENARIO.to_string();
        }
        let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
        let table = Table::of(&comparison).unwrap();
        let drawn = |width| render(&table, Format::Table, Look { colour: Colour::Off, width });
        let narrow = drawn(Some(80));
        assert!(narrow.lines().all(|line| line.width() <= 80), "{narrow}");
        for row in &table.rows {
            assert!(narrow.contains(&row.strategy), "{narrow}");
        }
        assert!(narrow.lines().any(|line| line.starts_with("p99 ")), "{narrow}");
        assert!(drawn(None).lines().any(|line| line.starts_with("exact ")), "a line a strategy");
    }
}
