//! The sections of a report: what each shows of a scenario, and what it says where the records have no data for it.

mod accuracy;
mod faults;
pub(crate) mod impact;
mod lag;
mod latency;
mod load;
mod matrix;
mod memory;
mod stable;
mod talk;
mod today;

use dedup_records::compare::Comparison;

use super::model::{Figure, Section};
use super::palette::Palette;
use super::panel::Panel;
use super::words::list;

/// All sections, in order.
pub(super) fn all(panels: &[Panel<'_>], comparison: &Comparison, palette: &Palette) -> Vec<Section> {
    let sections = vec![
        talk::section(panels, comparison, palette),
        today::section(panels, comparison, palette),
        matrix::section(panels),
        accuracy::section(panels),
        lag::section(panels),
        faults::section(panels),
        latency::section(panels),
        load::section(panels),
        memory::section(panels),
        stable::section(panels),
        impact::section(panels),
    ];
    sections.into_iter().map(identical_said).collect()
}

/// Of lines that lie on each other one hides the others: they are named below their chart.
fn identical_said(mut section: Section) -> Section {
    for figure in &mut section.figures {
        let groups = figure.charts.iter().flat_map(|(chart, _)| {
            let groups = chart.identical().into_iter();
            groups.map(move |names| format!("Identical in \"{}\": {}", chart.y.title, list(&names, 12)))
        });
        let said: Vec<String> = groups.map(|said| said + ".").collect();
        figure.notes.extend(said);
    }
    section
}

/// What a section is called and how it is to be read.
struct Heading {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    /// Said where no scenario has data for it.
    absent: &'static str,
}

/// A section with one figure for each panel that has data; the one with most lines first.
fn section_of<'a>(
    heading: Heading,
    panels: &[Panel<'a>],
    figure: impl Fn(&Panel<'a>) -> Option<Figure>,
) -> Section {
    let mut figures: Vec<Figure> =
        panels.iter().filter_map(figure).filter(|figure| !figure.is_empty()).collect();
    let weight = |figure: &Figure| {
        let charts = figure.charts.iter().map(|(_, table)| table.lines.len()).sum::<usize>();
        charts + figure.tables.iter().map(|table| table.lines.len()).sum::<usize>()
    };
    if let Some(lead) = (0..figures.len()).rev().max_by_key(|index| weight(&figures[*index])) {
        figures[..=lead].rotate_right(1);
    }
    let headline = match figures.as_slice() {
        [] => heading.absent.to_string(),
        [only] => only.headline.clone(),
        [lead, ..] => format!("{}: {}", lead.title, lead.headline),
    };
    Section { id: heading.id, title: heading.title, about: heading.about, headline, figures }
}

/// A figure without charts and tables yet.
fn figure(panel: &Panel<'_>, headline: String) -> Figure {
    Figure {
        title: panel.title.clone(),
        headline,
        source: panel.source.clone(),
        charts: Vec::new(),
        tables: Vec::new(),
        notes: panel.mixed().into_iter().collect(),
        struck: panel.struck(),
    }
}
