//! Predicted against seen, as lines for the table and for Markdown.

use dedup_records::compare::{Block, PredictionSummary, Row, Stands};
use dedup_records::record::Role;

use super::grid::Align;
use super::sheet::name;
use super::text::{Text, Tone};

/// What the block is about.
pub(super) const TITLE: &str = "missed duplicates, predicted against seen, % of each cause (theory knows the scenario's \
     delays, the pipeline's, and how a strategy forgets; interval: 95 %):";

/// A share below this is noise, and so is a prediction of it.
const NOISE: f64 = 0.001;

/// Titles, and to which side each column leans.
pub(super) const COLUMNS: [(&str, Align); 7] = [
    ("strategy", Align::Left),
    ("cause", Align::Left),
    ("tables", Align::Left),
    ("predicted", Align::Right),
    ("seen", Align::Right),
    ("interval", Align::Right),
    ("because", Align::Left),
];

/// A line for each strategy, cause and kind of tables of which more than noise is missed, or should be.
pub(super) fn rows(block: &Block) -> Vec<Vec<Text>> {
    let rows = block.rows.iter().filter(|row| row.role != Role::Floor);
    rows.flat_map(|row| told(row).map(|summary| line(&name(row, block), summary))).collect()
}

fn told(row: &Row) -> impl Iterator<Item = &PredictionSummary> {
    let all = row.summary.verify.iter().flat_map(|verify| &verify.predicted);
    all.filter(|summary| {
        let share = summary.prediction.predicted_ratio.max(summary.seen_ratio);
        share > NOISE || summary.stands != Stands::Agrees
    })
}

fn line(strategy: &str, summary: &PredictionSummary) -> Vec<Text> {
    let percent = |share: f64| format!("{:.2}", share * 100.0);
    let (low, high) = summary.interval;
    let because = &summary.prediction.because;
    let because = match summary.stands {
        Stands::Agrees => Text::dim(format!("agrees: {because}")),
        Stands::ByChance => Text::plain(format!("outside, as one of so many may be by chance: {because}")),
        Stands::Disagrees => Text::new(format!("DISAGREES: {because}"), Tone::Bad),
    };
    vec![
        Text::plain(strategy),
        Text::plain(summary.prediction.cause.as_str()),
        Text::plain(summary.prediction.tables.name()),
        Text::plain(percent(summary.prediction.predicted_ratio)),
        Text::plain(percent(summary.seen_ratio)),
        Text::dim(format!("{} to {}", percent(low), percent(high))),
        because,
    ]
}
