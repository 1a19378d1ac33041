//! How a strategy stands to its promise, and why.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::record::{CellRecord, CellResult, Failure, Judgement, Pass, Verdict};

/// How a strategy stands to its promise, in the order of a table's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Every bound held.
    Kept,
    /// No pass that judges was run.
    Unjudged,
    /// The load went beyond what the promise covers.
    Void,
    /// What it was to be put through did not happen.
    Inconclusive,
    /// A bound did not hold.
    Broken,
    /// It did not come to its end.
    Failed,
}

/// One phrase about a promise that was not kept, or not to be judged, or about a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is about.
    pub standing: Standing,
    /// The pass that found it.
    pub pass: Pass,
    /// The rounds that found exactly this.
    pub rounds: BTreeSet<u32>,
    /// What was found.
    pub text: String,
}

impl Standing {
    /// How weighty it is as news. Who did not come to an end has shown nothing of a promise: that hides no broken one.
    fn weight(self) -> (bool, Standing) {
        (self == Standing::Broken, self)
    }
}

/// The worse of two, where any judgement says more than none.
pub(super) fn worse(one: Standing, other: Standing) -> Standing {
    match (one, other) {
        (Standing::Unjudged, Standing::Kept) | (Standing::Kept, Standing::Unjudged) => Standing::Kept,
        _ => std::cmp::max_by_key(one, other, |standing| standing.weight()),
    }
}

fn judgement(result: &CellResult) -> Option<&Judgement> {
    match result {
        CellResult::Verify(figures) => Some(&figures.judgement),
        CellResult::Weigh(figures) => Some(&figures.judgement),
        _ => None,
    }
}

pub(super) fn standing(result: &CellResult) -> Standing {
    match result {
        CellResult::Failed { .. } => Standing::Failed,
        // Memory alone does not show that a promise was kept: it says nothing of pings.
        CellResult::Weigh(figures) if figures.judgement.verdict == Verdict::Kept => Standing::Unjudged,
        _ => judgement(result).map_or(Standing::Unjudged, |judgement| match judgement.verdict {
            Verdict::Kept => Standing::Kept,
            Verdict::Void => Standing::Void,
            Verdict::Inconclusive => Standing::Inconclusive,
            Verdict::Broken => Standing::Broken,
        }),
    }
}

/// Findings of all cells, the weightiest first; equal ones of several rounds become one.
pub(super) fn findings(cells: &[&CellRecord]) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    for cell in cells {
        for text in texts(&cell.result) {
            let standing = standing(&cell.result);
            match found.iter_mut().find(|f| f.text == text && f.pass == cell.pass && f.standing == standing) {
                Some(finding) => {
                    finding.rounds.insert(cell.round);
                }
                None => found.push(Finding {
                    standing,
                    pass: cell.pass,
                    rounds: BTreeSet::from([cell.round]),
                    text,
                }),
            }
        }
    }
    found.sort_by_key(|finding| (std::cmp::Reverse(finding.standing.weight()), finding.pass));
    found
}

fn texts(result: &CellResult) -> Vec<String> {
    match result {
        CellResult::Failed { how, reason } => vec![format!("{}: {reason}", failure(*how))],
        _ => judgement(result).map(|judgement| judgement.findings.clone()).unwrap_or_default(),
    }
}

fn failure(how: Failure) -> &'static str {
    match how {
        Failure::Panicked => "panicked",
        Failure::Hung => "hung",
        Failure::OutOfMemory => "out of memory",
        Failure::Died => "died",
        Failure::Contract => "broke the contract",
        Failure::Unavailable => "store unavailable",
    }
}
