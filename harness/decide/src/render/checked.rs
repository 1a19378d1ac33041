//! Predicted beside seen.

use dedup_records::units;

use crate::checked::{Beside, Checked, FailedOver, Outcome, Seen};
use crate::render::sentence::{count, seconds};
use crate::render::text::wrapped;

const NOTE: &str = "Let through and left after the nightly job: of the copies, predicted and seen. Lost: unique \
                               pings; what is predicted with false positives in it is an upper bound.";

/// What was put to the test as it is written, piece by piece: as soon as something came of one, its row is there.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    style: Style,
    /// Letters of the longest name.
    widest: usize,
}

/// How a decision is written where it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// For a terminal of 80 columns.
    Text,
    /// For a review.
    Markdown,
}

impl Running {
    /// Of strategies of these names.
    pub fn of<'a>(style: Style, names: impl Iterator<Item = &'a str>) -> Running {
        let widest = names.map(|name| name.chars().count()).max().unwrap_or(0).max(HEAD[0].len());
        Running { style, widest }
    }

    /// What stands above the rows.
    pub fn head(&self) -> String {
        let title = self.title("Put to the test: predicted beside seen");
        let head = self.row(&HEAD.map(str::to_string));
        match self.style {
            Style::Text => title + &head,
            Style::Markdown => format!("{title}{head}|{}\n", " --- |".repeat(HEAD.len())),
        }
    }

    /// What came of one.
    pub fn came(&self, checked: &Checked) -> String {
        match &checked.outcome {
            Outcome::Seen(seen) => self.row(&cells(&checked.strategy, seen)),
            Outcome::NotRun(_) => {
                let mut cells = vec![checked.strategy.clone()];
                cells.resize(HEAD.len(), "-".to_string());
                self.row(&cells)
            }
        }
    }

    /// What stands below the rows.
    pub fn rest(&self, checked: &[Checked]) -> String {
        let mut out = match self.style {
            Style::Text => String::new(),
            Style::Markdown => format!("\n{NOTE}\n"),
        };
        if self.style == Style::Text {
            wrapped(&mut out, "  ", NOTE);
        }
        out.push_str(&self.said("What it was put to the test on", streams(checked)));
        out + &self.said("What a failover of the Redis added", failovers(checked))
    }

    fn title(&self, title: &str) -> String {
        match self.style {
            Style::Text => format!("\n{title}\n"),
            Style::Markdown => format!("\n## {title}\n\n"),
        }
    }

    fn row(&self, cells: &[String]) -> String {
        if self.style == Style::Markdown {
            return format!("| {} |\n", cells.join(" | "));
        }
        let mut line = format!("  {:<width$}", cells[0], width = self.widest);
        for (cell, width) in cells[1..].iter().zip(WIDTHS) {
            line.push_str(&format!(" {cell:>width$}"));
        }
        line + "\n"
    }

    fn said(&self, title: &str, said: Vec<(String, String)>) -> String {
        if said.is_empty() {
            return String::new();
        }
        let mut out = self.title(title);
        for (name, said) in &said {
            match self.style {
                Style::Text => wrapped(&mut out, &format!("  {name:<17} "), said),
                Style::Markdown => out.push_str(&format!("- `{name}` {said}\n")),
            }
        }
        out
    }
}

/// All of it; nothing where nothing was put to the test.
pub fn checked(style: Style, checked: &[Checked]) -> String {
    if checked.is_empty() {
        return String::new();
    }
    let running = Running::of(style, checked.iter().map(|one| one.strategy.as_str()));
    let rows: String = checked.iter().map(|one| running.came(one)).collect();
    running.head() + &rows + &running.rest(checked)
}

/// Letters of the columns behind the name: known before there are figures.
const WIDTHS: [usize; 7] = [7, 8, 8, 8, 8, 7, 7];

const HEAD: [&str; 8] = ["strategy", "copies", "through", "seen", "left", "seen", "lost", "seen"];

fn cells(strategy: &str, seen: &Seen) -> Vec<String> {
    let share = |share: f64| format!("{} %", units::short(share * 100.0));
    let both = |beside: Option<Beside>, show: &dyn Fn(f64) -> String| {
        let dash = || "-".to_string();
        beside.map_or_else(|| [dash(), dash()], |beside| [show(beside.predicted), show(beside.seen)])
    };
    let [live, live_seen] = both(Some(seen.live), &share);
    let [stable, stable_seen] = both(seen.stable, &share);
    let [lost, lost_seen] = both(Some(seen.lost), &count);
    let copies = units::thousands(seen.copies);
    vec![strategy.to_string(), copies, live, live_seen, stable, stable_seen, lost, lost_seen]
}

/// What each was run on, or why it was not.
fn streams(checked: &[Checked]) -> Vec<(String, String)> {
    let said = |checked: &Checked| match &checked.outcome {
        Outcome::Seen(_) => (checked.strategy.clone(), checked.stream.clone()),
        Outcome::NotRun(because) => (checked.strategy.clone(), format!("not run: {because}")),
    };
    checked.iter().map(said).collect()
}

/// What a failover did to each that was tried with one.
fn failovers(checked: &[Checked]) -> Vec<(String, String)> {
    let said = |checked: &Checked| {
        let said = match checked.failover.as_ref()? {
            Outcome::Seen(failed_over) => failover(failed_over),
            Outcome::NotRun(because) => format!("not run: {because}"),
        };
        Some((checked.strategy.clone(), said))
    };
    checked.iter().filter_map(said).collect()
}

fn failover(of: &FailedOver) -> String {
    format!(
        "added {} duplicates where {} were predicted, and {} lost where {} were; a primary of three was away for {} of the \
         stream ({} real, times {}), which had {} pings",
        units::short(of.delivered.seen),
        units::short(of.delivered.predicted),
        units::short(of.lost.seen),
        units::short(of.lost.predicted),
        seconds(of.outage_s),
        seconds(of.outage_s / of.time_factor),
        units::short(of.time_factor),
        units::thousands(of.pings),
    )
}
