//! What a report opens with: one line a candidate over all scenarios, the worst first, and the claim that they support.

mod claim;
mod life;
mod table;

#[cfg(test)]
mod tests;

pub(crate) use claim::{claim, sentence};
pub(crate) use life::lives;
pub(crate) use table::{UNDER, table};

use crate::panel::{Entry, Panel};

/// The panel with most rows first, of these the one in which most was measured, and of these the
/// one that did most harm, where all have faults; the others as they come.
pub(crate) fn in_order<'a>(panels: &'a [Panel<'a>]) -> impl Iterator<Item = &'a Panel<'a>> {
    let only_faults = panels.iter().all(|panel| !panel.faults().is_empty());
    let measured = |panel: &Panel<'_>| {
        let times = panel.rows.iter().filter(|entry| entry.row.summary.time.is_some()).count();
        let weights = panel.rows.iter().filter(|entry| entry.row.summary.weigh.is_some()).count();
        let worst = panel.rows.iter().filter_map(Entry::change).max().filter(|_| only_faults);
        (panel.rows.len(), times + weights, worst)
    };
    let fullest = (0..panels.len()).rev().max_by_key(|index| measured(&panels[*index]));
    let others = (0..panels.len()).filter(move |index| Some(*index) != fullest);
    fullest.into_iter().chain(others).map(|index| &panels[index])
}
