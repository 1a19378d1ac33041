//! Charts and tables as HTML.

use dedup_records::units::plural;
use maud::{Markup, html};

use super::{class, drawn};
use crate::chart::{Chart, draw};
use crate::model::{Cell, Column, Report, Shade, Table, View};
use crate::palette::{Look, Mark};
use crate::tidy;
use crate::verdict::HARM;

/// A chart, the table of its data below it, and links to both as files.
pub(crate) fn chart_figure(chart: &Chart, table: &Table, report: &Report) -> Markup {
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
                (grid(table))
            }
        }
    }
}

/// A table with a link to its CSV.
pub(crate) fn table_view(table: &Table) -> Markup {
    html! {
        @match table.view {
            View::Folded => details.data {
                summary { (table.caption) }
                (grid(table))
                (csv_link(table))
            },
            View::Plain | View::Cards | View::Heat => { (grid(table)) (csv_link(table)) }
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

/// So many columns do not fit beside each other on a narrow screen.
const MANY: usize = 6;

fn grid(table: &Table) -> Markup {
    let has_cards = match table.view {
        View::Plain | View::Folded => table.columns.len() >= MANY,
        View::Cards => true,
        View::Heat => false,
    };
    let classes = match table.view {
        View::Heat => "data heat",
        _ if has_cards => "data cards",
        _ => "data",
    };
    let head = |column: &Column| has_cards.then(|| column.title.clone());
    html! {
        div.tablewrap tabindex="0" role="region" aria-label=(table.caption) {
            table class=(classes) id=(anchor("table", &table.id)) {
                caption { (table.caption) }
                thead {
                    tr {
                        @for column in &table.columns {
                            th scope="col" class=(format!("{}{}", if column.numeric { "num" } else { "" }, about(column))) { (column.title) }
                        }
                    }
                }
                tbody {
                    @for line in &table.lines {
                        tr class=[line.strategy.map(|index| format!("s{index}"))] {
                            @for (index, (cell, column)) in line.cells.iter().zip(&table.columns).enumerate() {
                                @if index == 0 {
                                    th scope="row" class=[line.strategy.map(|index| format!("k{index} name"))] data-v=[cell.value] {
                                        (prose(&cell.text))
                                        @if !cell.below.is_empty() { " " small { (cell.below) } }
                                    }
                                } @else {
                                    (cell_view(cell, column, head(column)))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn cell_view(cell: &Cell, column: &Column, head: Option<String>) -> Markup {
    let kind = match (column.numeric, column.title.as_str()) {
        (true, _) => "num ",
        (false, HARM) => "harm ",
        (false, _) => "",
    };
    let classes = format!("{kind}{}{}{}", class(cell.tone), shade(cell.shade), about(column));
    html! { td class=(classes) data-v=[cell.value] data-h=[head] {
        span.v { (cell.text) }
        @if !cell.below.is_empty() { " " small { (cell.below) } }
    } }
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

/// A text in which no name is broken at its hyphens, unless it is long.
pub(crate) fn prose(text: &str) -> Markup {
    const LONG: usize = 32;
    let is_name = |word: &str| word.contains('-') && word.chars().count() <= LONG;
    html! {
        @for (index, word) in text.split(' ').enumerate() {
            @if index > 0 { " " }
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
