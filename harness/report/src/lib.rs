//! Records in, pages out: what an engineer opens to decide, and what a speaker takes on stage.
//!
//! Everything here is a function of records alone. [`tables`] draws a comparison for a terminal, and [`talk`] reads off it
//! the table of the talk. [`Report::from_runs`] makes the report (sections with their headlines, charts and tables); the faces
//! ([`page`], [`slides`], [`markdown`], [`tidy`], [`hgrm`]) only write it down.

mod brief;
mod cells;
mod change;
pub mod chart;
mod headline;
pub mod hgrm;
mod loud;
pub mod markdown;
mod model;
mod models;
mod overview;
pub mod page;
mod palette;
mod panel;
mod pipeline;
mod sections;
pub mod slides;
pub mod splice;
pub mod tables;
pub mod talk;
pub mod tidy;
pub mod trend;
mod verdict;
mod words;

#[cfg(test)]
mod tests;

use dedup_records::compare::{CompareError, Comparison};
use dedup_records::filter::Filter;
use dedup_records::record::Run;

pub use model::{Cell, Column, Figure, Line, Report, Section, Shade, Table, Tone, View};
pub use palette::{CATALOGUE, Look, Palette};
pub use panel::Mix;

impl Report {
    /// The report on what `filter` chooses of `runs`.
    pub fn from_runs(runs: &[Run], filter: &Filter, mix: Mix) -> Result<Report, CompareError> {
        let comparison = Comparison::from_runs(runs, filter, None)?;
        let palette = Palette::of(comparison.blocks.iter().flat_map(|block| {
            let rows = block.rows.iter().map(|row| row.strategy.as_str());
            rows.chain(block.skipped.iter().map(|skipped| skipped.strategy.as_str()))
        }));
        let panels = panel::panels(runs, &comparison, &palette, mix);
        let sections = sections::all(&panels, &comparison, &palette);
        let opening = headline::opening(&panels, &sections, &comparison, &palette);
        let loud = loud::loud(&sections, &panels, &palette);
        let palette = palette.with_loud(&loud);
        let labels: Vec<&str> = comparison.runs.iter().map(|source| source.label.as_str()).collect();
        let mixed = if mix == Mix::Together { " --mix" } else { "" };
        let command = format!("dedup-harness report {}{filter}{mixed}", labels.join(" "));
        Ok(Report { opening, sections, palette, command, comparison })
    }
}
