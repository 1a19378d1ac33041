//! Predicted beside seen.

use dedup_records::units;

use crate::checked::{Beside, Checked, FailedOver, Outcome, Seen};
use crate::render::parts::head;
use crate::render::sentence::{count, seconds};

pub(super) const NOTE: &str = "Let through and left after the nightly job: of the copies, predicted and seen. Lost: unique \
                               pings; what is predicted with false positives in it is an upper bound.";

/// A row for each that was run.
pub(super) fn rows(checked: &[Checked]) -> Vec<Vec<String>> {
    let row = |checked: &Checked| match &checked.outcome {
        Outcome::Seen(seen) => cells(&checked.strategy, seen),
        Outcome::NotRun(_) => {
            let mut cells = vec![checked.strategy.clone()];
            cells.resize(HEAD.len(), "-".to_string());
            cells
        }
    };
    std::iter::once(head(HEAD)).chain(checked.iter().map(row)).collect()
}

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
pub(super) fn streams(checked: &[Checked]) -> Vec<(String, String)> {
    let said = |checked: &Checked| match &checked.outcome {
        Outcome::Seen(_) => (checked.strategy.clone(), checked.stream.clone()),
        Outcome::NotRun(because) => (checked.strategy.clone(), format!("not run: {because}")),
    };
    checked.iter().map(said).collect()
}

/// What a failover did to each that was tried with one.
pub(super) fn failovers(checked: &[Checked]) -> Vec<(String, String)> {
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
