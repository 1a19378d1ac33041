//! A talk in one HTML file: 16:9, arrow keys, speaker notes, prints to PDF.
//!
//! One headline a slide. Its title is the one that the report makes of the same data, so it is never stronger than
//! they are; what does not fit into a title stands below it. Without JavaScript the slides stand one below the other.

mod cut;
mod story;
mod title;

use maud::{Markup, html};

use super::model::{Column, Report, Table, View};
use super::page::{Shell, class, document, drawn, footer, notes, prose, shade};
use super::verdict::HARM;

use story::{Body, Slide};

const STYLE: &str = include_str!("slides.css");
const SCRIPT: &str = include_str!("slides.js");

/// The report as slides.
pub fn render(report: &Report) -> String {
    let slides = story::slides(report);
    let count = slides.len();
    let foot = footer(report);
    let body = html! {
        main #deck {
            @for (index, slide) in slides.iter().enumerate() {
                (slide_view(slide, index + 1, count, &foot, report))
            }
        }
        nav.controls aria-label="Slides" {
            button #back type="button" aria-label="Slide before" { "←" }
            span #place aria-live="polite" { "1 / " (count) }
            button #next type="button" aria-label="Next slide" { "→" }
            button #speaker type="button" aria-pressed="false" { "Notes" }
        }
    };
    document(Shell {
        title: &report.opening.title,
        style: &format!("{}{}", super::chart::style_of_page(&report.palette), STYLE),
        script: SCRIPT,
        data: "{}",
        body,
    })
}

fn slide_view(slide: &Slide, number: usize, count: usize, foot: &str, report: &Report) -> Markup {
    let kind = match slide.body {
        Body::Opening(_) => "slide opening",
        _ => "slide",
    };
    html! {
        section class=(kind) id=(format!("slide-{number}")) tabindex="-1" aria-label=(format!("Slide {number} of {count}")) {
            header {
                p.over { (slide.over) }
                @if number == 1 { h1 { (prose(&slide.title)) } } @else { h2 { (prose(&slide.title)) } }
                @if !slide.below.is_empty() { p.below { (prose(&slide.below)) } }
            }
            // On a phone a wide one is moved sideways, with the keyboard, too.
            div.body tabindex=[is_wide(&slide.body).then_some("0")] { (body_view(slide, report)) }
            footer { span { (foot) } span.number { (number) " / " (count) } }
            aside.notes aria-label="Speaker notes" { (notes(&slide.notes)) }
        }
    }
}

fn is_wide(body: &Body) -> bool {
    matches!(body, Body::Chart(_) | Body::Table(_))
}

fn body_view(slide: &Slide, report: &Report) -> Markup {
    match &slide.body {
        Body::Opening(facts) => html! {
            ul.verdicts { @for (tone, text) in &report.opening.verdicts { li class=(class(*tone)) { (text) } } }
            dl.facts { @for (name, text) in facts { div { dt { (name) } dd { (text) } } } }
        },
        Body::Chart(chart) => {
            let label = format!("{}. {} against {}.", chart.title, chart.y.title, chart.x.title);
            html! { div.picture { (drawn(&super::chart::draw_slide(chart, &report.palette, slide.room()), &label)) } }
        }
        Body::Table(table) => table_view(table),
        Body::Points(points) => html! { ul.points { @for point in points { li { (prose(point)) } } } },
    }
}

fn kind(column: &Column) -> &'static str {
    match (column.numeric, column.title.as_str()) {
        (true, _) => "num ",
        (false, HARM) => "harm ",
        (false, _) => "",
    }
}

fn table_view(table: &Table) -> Markup {
    let is_double = table.view != View::Heat
        && table.lines.iter().flat_map(|line| &line.cells).any(|cell| !cell.below.is_empty());
    let is_large = table.lines.len() > 8 || table.columns.len() > 5 || (is_double && table.lines.len() > 6);
    let size = if is_large { "dense" } else { "" };
    let size = format!("{size}{}", if table.view == View::Heat { " heat" } else { "" });
    html! {
        table class=(size) {
            caption.vh { (table.caption) }
            thead { tr { @for column in &table.columns { th scope="col" class=(if column.numeric { "num" } else { "" }) { (column.title) } } } }
            tbody {
                @for line in &table.lines {
                    tr {
                        @for (index, (cell, column)) in line.cells.iter().zip(&table.columns).enumerate() {
                            @if index == 0 {
                                th scope="row" class=[line.strategy.map(|index| format!("name k{index}"))] { (cell.text) }
                            } @else {
                                td class=(format!("{}{}{}", kind(column), class(cell.tone), shade(cell.shade))) {
                                    (cell.text)
                                    @if !cell.below.is_empty() { " " small { (cell.below) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
