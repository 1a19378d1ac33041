//! What a fault adds to the same stream without it.

use dedup_records::compare::VerifySummary;

use crate::panel::Entry;

/// So many copies more may be chance: others come in time, or late, where workers change.
const FEW_COPIES: u64 = 30;

/// So many pings more may be chance where some are lost without the fault too.
const FEW_PINGS: u64 = 10;

/// What a fault did to a strategy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct More {
    /// Uniques lost.
    pub(crate) lost: u64,
    /// Copies let through.
    pub(crate) copies: u64,
}

impl More {
    /// Beyond the same stream without the fault, where that was run.
    pub(crate) fn of(entry: &Entry<'_>, verify: &VerifySummary) -> More {
        let lost = verify.lost_count - verify.lost_shared_key_count;
        let Some(without) = entry.without else { return More { lost, copies: verify.missed_count } };
        let anyway = without.lost_count;
        let beyond = |count: u64, without: u64, few: u64| {
            let more = count.saturating_sub(without);
            if more < few { 0 } else { more }
        };
        More {
            lost: beyond(lost, anyway, if anyway == 0 { 0 } else { FEW_PINGS }),
            copies: beyond(verify.missed_count, without.missed_count, FEW_COPIES),
        }
    }
}
