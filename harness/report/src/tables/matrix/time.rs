//! Time that is the run's own, and time that a server keeps.

use dedup_records::compare::{Block, Row};

/// On whose clock rows were run; those on different ones are not beside each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    Virtual,
    Squeezed,
}

impl Time {
    pub(super) fn of(row: &Row) -> Time {
        if row.is_squeezed() { Time::Squeezed } else { Time::Virtual }
    }

    /// The rows of a block that were run on it.
    pub(super) fn rows(self, block: &Block) -> impl Iterator<Item = &Row> {
        block.rows.iter().filter(move |row| Time::of(row) == self)
    }

    /// Whether a block has something to show of it; one without any row is shown once.
    pub(super) fn has(self, block: &Block) -> bool {
        self.rows(block).next().is_some() || (self == Time::Virtual && block.rows.is_empty())
    }
}

/// A scenario's name without the folder that all with faults share.
pub(super) fn short(scenario: &str) -> &str {
    scenario.strip_prefix("faults/").unwrap_or(scenario)
}
