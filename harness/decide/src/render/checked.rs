//! Predicted beside seen.

use dedup_records::units;

use crate::checked::{Beside, Checked, Outcome, Seen};
use crate::render::parts::head;
use crate::render::sentence::count;

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
