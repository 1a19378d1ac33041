//! A fingerprint of 64 bits for each id of the window: half the memory of the whole id, and a loss that is hardly one.

use crate::contract::{Bound, Definition, Needs, Operation, Role};
use crate::strategies::common::window_set::{self, Claim};
use crate::structures::window_set::FingerprintSet;

const CLAIM: fn(u64) -> Claim = |ids| Claim { lost: Bound::AtMost(loss_bound(ids)), capacity: Some(ids) };

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "fingerprint-64",
    about: "64 bits of every id of the window: 8 bytes a slot, and one unique in 2^64 / ids lost",
    role: Role::Candidate,
    settings: window_set::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| window_set::FORGETS,
    estimate: Some(window_set::estimate::<u64>),
    prospect: Some(|settings, context| window_set::prospect::<u64>(CLAIM, settings, context)),
    build: &|settings, context| window_set::build::<u64>(DEFINITION.name, CLAIM, settings, context),
};

/// The share of uniques that may be lost while at most `ids` distinct ids arrive in a window.
///
/// The fingerprint of a new id is one of 2^64, each as likely as any other, and it is taken for a copy if one of those
/// that are remembered is the same: `n / 2^64`, by the union bound. All 64 bits count, although 8 bits of a slot are
/// not its own: the highest 8 of a fingerprint are known by its place. What time adds is that an id may be remembered for
/// a 32nd of a window too long, so n is a 32nd more than `ids` at an even rate, and `2 ids` at the most uneven one: no more
/// than `ids` arrive in a window, and one window and a 32nd touches two.
pub fn loss_bound(ids: u64) -> f64 {
    2.0 * ids as f64 / 2f64.powi(64)
}

/// Bytes for `ids` ids in a window, on one worker, if no more than the share `lost` of uniques may be lost; `None` if
/// fingerprints of 64 bits cannot promise that.
pub fn bytes_for(ids: u64, lost: f64) -> Option<u64> {
    (loss_bound(ids) <= lost).then(|| FingerprintSet::bytes_for(ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_mozillas_pings_loses_one_in_six_billion_at_most() {
        let ids = 1_380_000_000;
        assert!((1.4e-10..1.6e-10).contains(&loss_bound(ids)));
        assert_eq!(bytes_for(ids, 1e-10), None);
        let bytes_an_id = bytes_for(ids, 1e-9).unwrap() as f64 / ids as f64;
        assert!((8.0 / 0.7..12.0).contains(&bytes_an_id), "{bytes_an_id}");
    }
}
