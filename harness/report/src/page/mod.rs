//! A report as one HTML file that asks nobody for anything.
//!
//! The page is complete without JavaScript: charts are drawn, tables filled. Its script adds values under the pointer,
//! showing and hiding of strategies, and sorting. A content security policy allows the inline script and style by
//! their hashes and nothing else, so that the browser itself enforces that nothing is loaded.

mod data;
mod figure;
mod heads;
mod shell;

use maud::{Markup, html};

use super::chart::Drawing;
use super::model::{Fact, Figure, Kind, Opening, Report, Section, Tone};
use super::palette::Palette;
use super::words::clip;

use figure::struck;
use figure::{chart_figure, table_view};
pub(super) use figure::{key, notes, prose, shade};
use heads::Heads;
pub use shell::offline;
pub(super) use shell::{Shell, document};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = concat!(include_str!("chart.js"), include_str!("page.js"));

/// The report as one HTML document.
pub fn render(report: &Report) -> String {
    let heads = &Heads::of(report);
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        (header(&report.opening, heads))
        (legend(report))
        main #main {
            noscript { p.about {
                "Without JavaScript this page saves tables as CSV; its charts as SVG are written by "
                code { "dedup-harness report RUN --assets DIR" } "."
            } }
            @for section in shown(report) { (section_view(section, report, heads)) }
            (verdicts(&report.opening, heads))
            (absent(report))
        }
        footer { p { (footer(report)) } }
    };
    document(Shell {
        title: &format!("{}: deduplication compared", report.opening.title),
        style: &format!(
            "{}{}{}{}{}",
            super::chart::style_of_page(&report.palette),
            states(&report.palette),
            choices(&report.opening.kinds),
            heads.style(),
            STYLE
        ),
        script: SCRIPT,
        data: &data::json(report),
        body,
    })
}

/// The sections that have something to show.
fn shown(report: &Report) -> impl Iterator<Item = &Section> {
    report.sections.iter().filter(|section| !section.figures.is_empty())
}

/// What the records have nothing of: in one place, a line each.
fn absent(report: &Report) -> Markup {
    let empty: Vec<&Section> = report.sections.iter().filter(|section| section.figures.is_empty()).collect();
    html! {
        @if !empty.is_empty() { section #absent.section aria-label="Not in these records" {
            h2 { "Not in these records" }
            ul.notes { @for section in empty { li { b { (section.title) } ": " (section.headline) } } }
        } }
    }
}

/// For each strategy what hides all of it when its button is off, and for one that is grey what gives it its colour.
fn states(palette: &Palette) -> String {
    let hide = |index: usize| format!(".hide{index} .s{index}{{display:none}}");
    let colour = |index: usize| {
        let colour = palette.look(index).colour;
        palette.is_quiet(index).then(|| format!(".loud{index} .s{index}{{--c:var(--p{colour})}}"))
    };
    (0..palette.names().len()).map(|index| hide(index) + &colour(index).unwrap_or_default()).collect()
}

fn header(opening: &Opening, heads: &Heads<'_>) -> Markup {
    html! {
        header.top {
            div #odd.odd role="status" hidden {}
            p.kicker { "Deduplication of at-least-once pings: " (opening.title) }
            h1 {
                @if opening.kinds.is_empty() { (prose(&opening.claim)) } @else {
                    span.of-all { (prose(&opening.claim)) }
                    @for kind in &opening.kinds { span class=(of_kind("", kind)) { (prose(&kind.claim)) } }
                }
            }
            p class=(if opening.kinds.is_empty() { "sentence" } else { "sentence of-all" }) { (prose(&opening.sentence)) }
            @for kind in &opening.kinds { p class=(of_kind("sentence", kind)) { (prose(&kind.sentence)) } }
            @if let Some(overview) = &opening.overview {
                div #overview {
                    div.of-all { @for table in &overview.tables { (table_view(table, heads)) } }
                    @for kind in &opening.kinds { @if let Some(table) = &kind.overview {
                        div class=(of_kind("", kind)) {
                            p.about { "Of faults only those of one kind (" (kind.struck.words()) "), and what is of no fault." }
                            (table_view(table, heads))
                        }
                    } }
                    (notes(&overview.notes))
                }
            }
            ul.verdicts aria-label="Verdicts" {
                @for (tone, text) in &opening.verdicts { li class=(class(*tone)) { (text) } }
            }
            dl.facts {
                @for (name, of) in &opening.facts {
                    div {
                        dt { (name) }
                        (fact(of))
                    }
                }
            }
            (notes(&opening.notes))
        }
    }
}

/// Each scenario by itself: behind what all of them say together.
fn verdicts(opening: &Opening, heads: &Heads<'_>) -> Markup {
    html! {
        @if !opening.figures.is_empty() { section #verdicts.section aria-label="Each scenario by itself" {
            h2 { "Each scenario by itself" }
            @for (index, figure) in opening.figures.iter().enumerate() {
                (folded(figure, index, ("", ""), html! {
                    @for table in &figure.tables { (table_view(table, heads)) }
                    (notes(&figure.notes))
                }))
            }
        } }
    }
}

/// The texts of a fact; several fold below what sums them up.
fn fact(fact: &Fact) -> Markup {
    html! {
        @match fact.texts.as_slice() {
            [only] => dd { (only) },
            texts => dd { details {
                summary { (fact.summary) }
                ul { @for text in texts { li { (text) } } }
            } }
        }
    }
}

/// The first figure open, the others to unfold.
fn folded(figure: &Figure, index: usize, (title, lead): (&str, &str), body: Markup) -> Markup {
    html! {
        @if index == 0 {
            section class=(struck("figure", &figure.struck)) {
                @if figure.title != title { h3 { (figure.title) } }
                // Said above already where it is the title or the headline of the whole section.
                @if !lead.ends_with(&figure.headline) { p.headline { (prose(&figure.headline)) } }
                (body)
                p.source { (figure.source) }
            }
        } @else {
            details class=(struck("figure", &figure.struck)) {
                summary { span.fold { (figure.title) } " " span.headline { (prose(&figure.headline)) } }
                (body)
                p.source { (figure.source) }
            }
        }
    }
}

fn legend(report: &Report) -> Markup {
    let drawn = |index: &usize| {
        let figures = || report.sections.iter().flat_map(|section| &section.figures);
        let opening = report.opening.overview.iter().flat_map(|overview| &overview.tables);
        if opening.flat_map(|table| &table.lines).any(|line| line.strategy == Some(*index)) {
            return true;
        }
        figures().any(|figure| {
            let charts = figure.charts.iter().flat_map(|(chart, _)| &chart.series);
            let lines = figure.tables.iter().flat_map(|table| &table.lines);
            charts
                .map(|series| series.strategy)
                .chain(lines.map(|line| line.strategy))
                .any(|have| have == Some(*index))
        })
    };
    html! {
        nav.legend aria-label="Strategies and sections" {
            ol.sections {
                @for section in shown(report) { li { a href=(format!("#{}", section.id)) { (section.title) } } }
                @if !report.opening.figures.is_empty() { li { a href="#verdicts" { "Each scenario" } } }
            }
            (kinds(&report.opening.kinds))
            div.keys role="group" aria-label="Strategies: show or hide everywhere" {
                @for (family, own) in report.palette.families() {
                    @let own: Vec<usize> = own.into_iter().filter(drawn).collect();
                    @if !own.is_empty() {
                        button.family type="button" aria-pressed="true" title="Show or hide all of them" { (family) }
                        @for index in own { (strategy(index, &report.palette)) }
                    }
                }
                button.all type="button" hidden { "As it was" }
            }
            @if (0..report.palette.names().len()).any(|index| report.palette.is_quiet(index)) {
                p.hint { "The best without a loss, and the worst of each kind, have colours and names; a click on a grey one \
                          gives it both, on any other hides it." }
            }
        }
    }
}

/// One kind of fault, or all: where there are several.
fn kinds(kinds: &[Kind]) -> Markup {
    html! {
        @if !kinds.is_empty() { div.kinds role="group" aria-label="Faults: show one kind, or all" {
            b aria-hidden="true" { "Faults" }
            button.kind type="button" aria-pressed="true" data-kind="" { "all" }
            @for kind in kinds {
                button.kind type="button" aria-pressed="false" data-kind=(kind.struck.id()) {
                    (kind.struck.words()) " " small { (kind.scenarios_count) }
                }
            }
        } }
    }
}

/// What hides, where one kind of fault was chosen, all that is about others.
fn choices(kinds: &[Kind]) -> String {
    let rule = |kind: &Kind| {
        let id = kind.struck.id();
        format!(
            ":root[data-kind={id}] .fault:not(.f-{id}),:root[data-kind={id}] .not-{id},:root:not([data-kind={id}]) .of-kind.f-{id}{{display:none}}"
        )
    };
    kinds.iter().map(rule).collect()
}

fn strategy(index: usize, palette: &Palette) -> Markup {
    let name = &palette.names()[index];
    let pressed = if palette.is_quiet(index) { "mixed" } else { "true" };
    html! {
        button.key type="button" aria-pressed=(pressed) data-s=(index) title=(name) {
            (key(palette.look(index), index)) span { (clip(name, 40)) }
        }
    }
}

/// The classes of what is shown where one kind of fault was chosen.
fn of_kind(class: &str, kind: &Kind) -> String {
    format!("{class} of-kind f-{}", kind.struck.id()).trim_start().to_string()
}

/// What a section says of all, or of the kind of fault that was chosen.
fn lead(section: &Section, kinds: &[Kind]) -> Markup {
    let own = |kind: &Kind| kind.leads.iter().find(|(id, _)| *id == section.id).map(|(_, said)| said.clone());
    let own: Vec<(&Kind, String)> = kinds.iter().filter_map(|kind| Some((kind, own(kind)?))).collect();
    // Where a kind has no sentence of its own, that of all stands.
    let others: String = own.iter().map(|(kind, _)| format!(" not-{}", kind.struck.id())).collect();
    html! {
        p class=(format!("lead{others}")) { (prose(&section.headline)) }
        @for (kind, said) in &own { p class=(of_kind("lead", kind)) { (prose(said)) } }
    }
}

fn section_view(section: &Section, report: &Report, heads: &Heads<'_>) -> Markup {
    html! {
        section.section id=(section.id) {
            h2 { (section.title) }
            (lead(section, &report.opening.kinds))
            @if !section.figures.is_empty() { p.about { (section.about) } }
            @for (index, figure) in section.figures.iter().enumerate() {
                (folded(figure, index, (section.title, &section.headline), html! {
                    @for (chart, table) in &figure.charts {
                        (chart_figure(chart, table, report, heads))
                    }
                    @for table in &figure.tables { (table_view(table, heads)) }
                    (notes(&figure.notes))
                }))
            }
        }
    }
}

/// Machine, program, seed and date: at the foot of every page.
pub(super) fn footer(report: &Report) -> String {
    let facts = report.opening.facts.iter().filter(|(name, _)| matches!(*name, "Machine" | "Program"));
    let texts: Vec<String> = facts.flat_map(|(_, fact)| fact.texts.iter().take(3)).cloned().collect();
    texts.join(" · ")
}

/// The class of a tone.
pub(super) fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "plain",
        Tone::Good => "good",
        Tone::Warn => "warn",
        Tone::Bad => "bad",
        Tone::Dim => "dim",
    }
}

/// Draws one chart for a page.
pub(super) fn drawn(drawing: &Drawing, label: &str) -> Markup {
    maud::PreEscaped(super::chart::paint(drawing, label, super::chart::Paint::Classes))
}

/// Each chart as an SVG that stands alone, and each of its tables as CSV: names and texts of files.
pub fn assets(report: &Report) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let plain = super::hgrm::plain;
    for figure in report.sections.iter().flat_map(|section| &section.figures) {
        for (chart, table) in &figure.charts {
            let drawing = super::chart::draw(chart, &report.palette);
            let provenance = [figure.source.clone(), report.command.clone()];
            let alone = super::chart::Paint::Alone { palette: &report.palette, provenance: &provenance };
            files.push((
                format!("{}.svg", plain(&chart.id)),
                super::chart::paint(&drawing, &chart.title, alone),
            ));
            files.push((format!("{}.csv", plain(&table.id)), super::tidy::table_csv(table)));
        }
        for table in &figure.tables {
            files.push((format!("{}.csv", plain(&table.id)), super::tidy::table_csv(table)));
        }
    }
    files
}
