//! Every id of the window, all 16 bytes of it, in little more than those 16 bytes.

use crate::contract::{Bound, Definition, Needs, Operation, Role};
use crate::strategies::common::window_set::{self, Claim};
use crate::structures::window_set::ExactSet;

/// It loses nothing, and however many ids come its window stays whole.
const CLAIM: fn(u64) -> Claim = |_| Claim { lost: Bound::Never, capacity: None };

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "exact-compact",
    about: "every id of the window in a table of one cache line an id, probed in batches: no false positive, 24 bytes an id at most",
    role: Role::Candidate,
    settings: window_set::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| window_set::FORGETS,
    estimate: Some(window_set::estimate::<u128>),
    prospect: Some(|settings, context| window_set::prospect::<u128>(CLAIM, settings, context)),
    build: &|settings, context| window_set::build::<u128>(DEFINITION.name, CLAIM, settings, context),
};

/// Bytes for `ids` ids in a window, on one worker. There is no error to bound.
pub fn bytes_for(ids: u64) -> u64 {
    ExactSet::bytes_for(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_planned_with_less_than_24_bytes() {
        for ids in [1 << 17, 9_600_000, 1_380_000_000] {
            let bytes_an_id = bytes_for(ids) as f64 / ids as f64;
            assert!((16.0 / 0.7..24.0).contains(&bytes_an_id), "{bytes_an_id} for {ids}");
        }
    }
}
