//! What people run today: systems beside the two sides of the talk, on the same pings.

use dedup_records::compare::Comparison;
use dedup_records::stats::rule_of_three;
use dedup_records::units::{duration, thousands};

use super::Heading;
use crate::model::{Cell, Figure, Section, Table, Tone, View};
use crate::palette::Palette;
use crate::panel::Panel;
use crate::talk::{self, System, TODAY, Today};
use crate::verdict::{HARM, Harm, SKIPPED, verdict};
use crate::words::{clip, list, memory, percent, rate, three};

const HEADING: Heading = Heading {
    id: "today",
    title: "What people run today",
    about: "Stream processors, stores and filters with their documented defaults, beside the two sides of the talk, on the same \
            day and a half of pings and with a window of a day; the worst first.",
    absent: "No system was run in these records (`dedup-harness talk` takes those of `systems/`, where they are installed).",
};

pub(super) fn section(panels: &[Panel<'_>], comparison: &Comparison, palette: &Palette) -> Section {
    let figure = talk::Table::of(comparison)
        .and_then(|table| table.today)
        .map(|today| figure(&today, panels, palette));
    Section {
        id: HEADING.id,
        title: HEADING.title,
        about: HEADING.about,
        headline: figure.as_ref().map_or(HEADING.absent.to_string(), |figure| figure.headline.clone()),
        figures: figure.into_iter().collect(),
    }
}

fn figure(today: &Today, panels: &[Panel<'_>], palette: &Palette) -> Figure {
    let panel = panels.iter().find(|panel| panel.block().stream.scenario == TODAY);
    let mut notes = vec![format!(
        "{} pings, {} of them duplicates. 0 = none seen: below {} of the uniques lost.",
        thousands(today.pings_count),
        thousands(today.duplicate_count),
        percent(rule_of_three(today.uniques()))
    )];
    notes.extend(today.notes());
    for skip in &today.skipped {
        notes.push(format!("{SKIPPED}: {}: {}; {}", clip(&skip.strategy, 80), skip.reason, skip.remedy));
    }
    Figure {
        title: HEADING.title.to_string(),
        headline: headline(today),
        source: panel.map_or(String::new(), |panel| panel.source.clone()),
        charts: Vec::new(),
        tables: vec![view(today, palette)],
        notes,
        struck: Vec::new(),
    }
}

/// Who loses without a fault, who when something breaks, and who was not seen to lose.
fn headline(today: &Today) -> String {
    let candidates = || today.rows.iter().filter(|system| !system.is_floor());
    let named = |some: &dyn Fn(&System) -> bool| -> Vec<String> {
        candidates().filter(|system| some(system)).map(|system| system.row.strategy.clone()).collect()
    };
    let lost = |system: &System| system.row.lost_count.unwrap_or(0);
    let under = |system: &System| system.row.worst.as_ref().map_or(0, |worst| worst.lost_count);
    let always = named(&|system| lost(system) > 0);
    let sometimes = named(&|system| lost(system) == 0 && under(system) > 0);
    let never = named(&|system| lost(system) == 0 && under(system) == 0 && system.row.worst.is_some());
    let verb = |names: &[String]| if names.len() == 1 { "loses" } else { "lose" };
    let said = [
        (!always.is_empty())
            .then(|| format!("{} {} pings with nothing broken", list(&always, 6), verb(&always))),
        (!sometimes.is_empty())
            .then(|| format!("{} {} pings when something breaks", list(&sometimes, 6), verb(&sometimes))),
        (!never.is_empty()).then(|| format!("{} lost none seen", list(&never, 6))),
    ];
    let said: Vec<String> = said.into_iter().flatten().collect();
    match said.is_empty() {
        true => "Nothing broke here, and nobody lost a ping that was seen.".to_string(),
        false => format!("{}.", said.join("; ")),
    }
}

fn view(today: &Today, palette: &Palette) -> Table {
    let columns = [
        ("system", false),
        (HARM, false),
        ("let through", true),
        ("lost, pings", true),
        ("worst fault", false),
        ("pings a second", true),
        ("p99 of a batch", true),
        ("bytes an id", true),
        ("memory for its window at 16,000/s (model)", true),
        ("to operate", false),
    ];
    let mut view =
        Table::new("today".into(), "Systems and the two sides of the talk, the worst first", &columns)
            .viewed(View::Cards);
    let number = |value: Option<f64>, show: fn(f64) -> String| {
        value.map_or(Cell::none(), |v| Cell::number(show(v), v))
    };
    for system in &today.rows {
        let row = &system.row;
        let lost = |count: u64| {
            let tone = if count > 0 { Tone::Bad } else { Tone::Plain };
            Cell::number(thousands(count), count as f64).toned(tone)
        };
        let worst = row.worst.as_ref().map_or(Cell::none(), |worst| {
            Cell::text(worst.said()).toned(if worst.lost_count > 0 { Tone::Bad } else { Tone::Plain })
        });
        let harm = match system.is_floor() {
            true => Cell::text(verdict(row.standing, row.role).words).toned(Tone::Dim),
            false => row.harm.map_or(Cell::none(), Harm::cell),
        };
        // Said at the first of three figures, and of all three in a note: three such columns leave none for prose.
        let fewer = |cell: Cell| match system.one_key_in {
            Some(keys) if cell != Cell::none() => cell.with(format!("of one key in {keys}")),
            _ => cell,
        };
        view.push(
            Some(palette.index(&row.strategy)),
            vec![
                Cell::text(&row.strategy),
                harm,
                number(row.missed_live_ratio, percent),
                row.lost_count.map_or(Cell::none(), lost),
                worst,
                fewer(number(system.pings_per_s, rate)),
                number(row.p99_ns.map(|ns| ns as f64), |ns| duration(ns as u64)),
                number(row.bytes_per_id, three),
                number(row.full_bytes, memory),
                row.operated.as_ref().map_or(Cell::none(), Cell::text),
            ],
        );
    }
    view
}
