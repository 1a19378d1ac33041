//! Charts and tables as HTML.

use dedup_records::record::Struck;
use dedup_records::units::plural;
use maud::{Markup, html};

use super::heads::Heads;
use super::{class, drawn};
use crate::chart::{Chart, draw};
use crate::model::{Cell, Column, Line, Report, Shade, Table, Tone, View};
use crate::palette::{Look, Mark};
use crate::tidy;
use crate::verdict::HARM;

/// A chart, the table of its data below it, and links to both as files.
pub(crate) fn chart_figure(chart: &Chart, table: &Table, report: &Report, heads: &Heads<'_>) -> Markup {
    let label = format!(
        "{}. {} against {}. The data are in the table below.",
        chart.title, chart.y.title, chart.x.title
    );
    html! {
        figure.plot id=(anchor("chart", &chart.id)) {
            figcaption { (chart.title) }
            // Its script puts the SVG before it.
            (csv_link(table))
            div.scroll tabindex="0" role="group" data-chart=(chart.id)
                aria-label=(format!("{}; arrow keys read its values", chart.title)) {
                (drawn(&draw(chart, &report.palette), &label))
            }
            output.tip aria-live="polite" {}
            details.data {
                summary { "Data of this chart: " (plural(table.lines.len() as u64, "line")) }
                (grid(table, heads))
            }
        }
    }
}

/// A table with a link to its CSV.
pub(crate) fn table_view(table: &Table, heads: &Heads<'_>) -> Markup {
    html! {
        @match table.view {
            View::Folded => details.data {
                summary { (table.caption) }
                (grid(table, heads))
                (csv_link(table))
            },
            View::Plain | View::Cards | View::Heat => { (grid(table, heads)) (csv_link(table)) }
        }
    }
}

fn csv_link(table: &Table) -> Markup {
    let csv = tidy::table_csv(table);
    html! {
        p.links {
            a download=(format!("{}.csv", table.id)) href=(tidy::data_url("text/csv", &csv)) {
                "CSV" span.vh { " of " (table.caption) }
            }
        }
    }
}

fn grid(table: &Table, heads: &Heads<'_>) -> Markup {
    let classes = match table.view {
        View::Heat => "data heat".to_string(),
        _ => heads.class(table).map_or("data".to_string(), |class| format!("data {class}")),
    };
    html! {
        div.tablewrap tabindex="0" role="region" aria-label=(table.caption) {
            table class=(classes) id=(anchor("table", &table.id)) {
                caption { span { (table.caption) } }
                thead {
                    tr {
                        @for column in &table.columns {
                            th scope="col" class=[head_class(column)] { (column.title) }
                        }
                    }
                }
                tbody {
                    @for line in &table.lines {
                        tr class=[line_class(line)] {
                            @for (index, (cell, column)) in line.cells.iter().zip(&table.columns).enumerate() {
                                @if index == 0 {
                                    th scope="row" class=[line.strategy.map(|index| format!("k{index} name"))] {
                                        (prose(&cell.text))
                                        @if !cell.below.is_empty() { " " small { (cell.below) } }
                                    }
                                } @else {
                                    (cell_view(cell, column))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn line_class(line: &Line) -> Option<String> {
    let own = line.strategy.map_or(String::new(), |index| format!("s{index}"));
    some(&struck(&own, &line.struck))
}

/// The classes of what is about faults, by which a page shows one kind of them.
pub(crate) fn struck(class: &str, struck: &[Struck]) -> String {
    let kinds: String = struck.iter().map(|struck| format!(" f-{}", struck.id())).collect();
    let fault = if struck.is_empty() { "" } else { " fault" };
    format!("{class}{fault}{kinds}").trim_start().to_string()
}

/// What a cell sorts by is not said in it: it stands in the table's CSV.
fn cell_view(cell: &Cell, column: &Column) -> Markup {
    let is_harm = column.title == HARM && !column.numeric;
    // Most cells are plain numbers: they have no class.
    let kind = match (column.numeric, is_harm) {
        (true, _) => "",
        (false, true) => "words harm",
        (false, false) => "words",
    };
    let tone = if cell.tone == Tone::Plain { "" } else { class(cell.tone) };
    let classes = format!("{kind} {tone}{}{}", shade(cell.shade), about(column));
    html! { td class=[some(&classes)] {
        @if is_harm { span.v { (cell.text) } } @else { (cell.text) }
        @if !cell.below.is_empty() { " " small { (cell.below) } }
    } }
}

fn head_class(column: &Column) -> Option<String> {
    some(&format!("{}{}", if column.numeric { "num" } else { "" }, about(column)))
}

/// Classes, where there are any.
fn some(classes: &str) -> Option<String> {
    let classes = classes.trim();
    (!classes.is_empty()).then(|| classes.to_string())
}

/// The class of the strategy that a column is about.
fn about(column: &Column) -> String {
    column.strategy.map_or(String::new(), |index| format!(" s{index}"))
}

/// The class of a ground.
pub(crate) fn shade(shade: Shade) -> String {
    match shade {
        Shade::None => String::new(),
        Shade::Amber(steps) => format!(" amber a{steps}"),
        Shade::Red => " red".to_string(),
        Shade::Hatched => " hatched".to_string(),
        Shade::Dashed => " dashed".to_string(),
    }
}

/// What stays with the number before it.
const UNITS: [&str; 14] =
    ["%", "ns", "µs", "ms", "s", "min", "h", "d", "B", "KiB", "MiB", "GiB", "TiB", "M/s"];

/// A text in which no name is broken at its hyphens, unless it is long, and no number is parted from its unit.
pub(crate) fn prose(text: &str) -> Markup {
    const LONG: usize = 32;
    let is_name = |word: &str| word.contains('-') && word.chars().count() <= LONG;
    let words: Vec<&str> = text.split(' ').collect();
    let is_number = |word: &str| word.trim_end_matches(')').ends_with(|letter: char| letter.is_ascii_digit());
    // A range has a unit at its lower end as well: `241 ns–77 µs`.
    let is_unit = |word: &str| {
        let unit = word.split('–').next().unwrap_or(word);
        UNITS.contains(&unit.trim_end_matches([',', ';', '.', ')']))
    };
    html! {
        @for (index, word) in words.iter().copied().enumerate() {
            @if index > 0 {
                @if is_unit(word) && is_number(words[index - 1]) { "\u{a0}" } @else { " " }
            }
            @if is_name(word) { span.w { (word) } } @else { (word) }
        }
    }
}

/// What has to be known beside a figure.
pub(crate) fn notes(notes: &[String]) -> Markup {
    html! {
        @if !notes.is_empty() {
            ul.notes { @for note in notes { li { (note) } } }
        }
    }
}

/// The name of an element.
pub(crate) fn anchor(kind: &str, id: &str) -> String {
    format!("{kind}-{id}")
}

/// How a strategy is drawn, in small.
pub(crate) fn key(look: Look, index: usize) -> Markup {
    html! {
        svg class=(format!("swatch k{index}")) viewBox="0 0 60 24" aria-hidden="true" {
            line x1="0" y1="12" x2="60" y2="12" {}
            @match look.mark {
                Mark::Circle => circle cx="30" cy="12" r="9" {},
                Mark::Square => rect x="21" y="3" width="18" height="18" {},
                Mark::Triangle => polygon points="30,1 41,21 19,21" {},
                Mark::Diamond => polygon points="30,0 42,12 30,24 18,12" {},
                Mark::Plus => polygon points="27,1 33,1 33,9 41,9 41,15 33,15 33,23 27,23 27,15 19,15 19,9 27,9" {},
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn no_number_is_parted_from_its_unit_and_no_name_broken() {
        let said = |text: &str| prose(text).into_string();
        assert_eq!(said("lost 0.24 % of 7 pings"), "lost 0.24\u{a0}% of 7 pings");
        assert_eq!(said("at most 261 ns (241 ns–77 µs)."), "at most 261\u{a0}ns (241\u{a0}ns–77\u{a0}µs).");
        assert_eq!(said("35 (10–50) ms, once a d"), "35 (10–50)\u{a0}ms, once a d");
        assert_eq!(said("redis-claim lost"), "<span class=\"w\">redis-claim</span> lost");
    }
}
