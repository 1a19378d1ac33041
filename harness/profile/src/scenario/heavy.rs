//! The heaviest ids, which a distribution over all ids would lose.

use crate::copies::copies_bin;
use crate::profile::Profile;

/// An id with fewer pings is one of many.
const LEAST_PINGS: u64 = 100;
/// So is one with a smaller share of all duplicates.
const LEAST_SHARE: f64 = 0.01;

/// Ids that have a cause of their own in a scenario. Their pings count as spread evenly over the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heavy {
    /// Pings of each beyond the first, most first.
    pub(super) copies: Vec<u64>,
}

impl Heavy {
    pub(super) fn of(profile: &Profile) -> Heavy {
        let pings = profile.heaviest.iter().map(|share| (share * profile.pings_count as f64).round() as u64);
        let heavy = pings.filter(|pings| {
            *pings >= LEAST_PINGS && *pings as f64 >= LEAST_SHARE * profile.duplicate_count as f64
        });
        Heavy { copies: heavy.map(|pings| pings - 1).collect() }
    }

    /// How many of them are in a bin of numbers of pings.
    pub(super) fn in_bin(&self, bin: usize) -> u64 {
        self.copies.iter().filter(|copies| copies_bin(**copies + 1) == bin).count() as u64
    }
}
