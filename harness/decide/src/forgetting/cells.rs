//! Filters that forget by chance: cells that count down, or are reset, as ids are written.

use super::Forgetting;

/// The cells of an id, in a filter that is as full as it gets. Time is counted in turns: one is the time in which as many ids
/// are written as there are cells that one of an id's could be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cells {
    /// Ids of a turn, for each id that the filter is sized for.
    pub turn_ids: f64,
    /// Cells of an id.
    pub hashes: u32,
    /// What they are set to.
    pub max: u32,
    /// How often others set one, a turn.
    pub sets: f64,
    /// How often one counts down, a turn.
    pub decrements: f64,
}

/// Steps of a doubling of ids in which the share that is forgotten is told.
const STEPS: i32 = 4;

impl Cells {
    /// The share that is forgotten after so many ids, for each that the filter is sized for: `1 - (1 - p)^K` with
    /// `p = (P / (P + S))^Max * P(N >= Max)`, N being Poisson distributed around `(P + S)` turns, as for a Stable Bloom filter.
    fn forgotten(&self, ids: f64) -> f64 {
        let all = self.sets + self.decrements;
        let zero = libm::pow(self.decrements / all, f64::from(self.max))
            * at_least(self.max, all * ids / self.turn_ids);
        1.0 - libm::pow(1.0 - zero, f64::from(self.hashes))
    }

    /// That share at steps of ids, until as much is forgotten as ever will be.
    pub fn forgetting(&self) -> Forgetting {
        let most = self.forgotten(f64::MAX.sqrt());
        let told = |share: f64| (share * 1e6).round().max(0.0) / 1e6;
        let mut shares = vec![(0.0, 0.0)];
        for ids in (-8 * STEPS..16 * STEPS).map(|step| libm::exp2(f64::from(step) / f64::from(STEPS))) {
            let share = self.forgotten(ids);
            if share > most * 0.9999 {
                break;
            }
            shares.push((told_ids(ids), told(share)));
        }
        let last = shares[shares.len() - 1].0.max(libm::exp2(-8.0));
        shares.push((told_ids(2.0 * last), told(most)));
        Forgetting::AtRandom(shares)
    }
}

fn told_ids(ids: f64) -> f64 {
    (ids * 1e6).round() / 1e6
}

/// The chance that what is Poisson distributed around `mean` is at least `count`.
fn at_least(count: u32, mean: f64) -> f64 {
    if mean > 700.0 {
        return 1.0;
    }
    let mut term = libm::exp(-mean);
    let mut fewer = 0.0;
    for at in 0..count {
        fewer += term;
        term *= mean / f64::from(at + 1);
    }
    1.0 - fewer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_grow_to_all_that_ever_is_forgotten() {
        let cells = Cells { turn_ids: 2.0, hashes: 3, max: 3, sets: 3.0, decrements: 12.0 };
        let Forgetting::AtRandom(shares) = cells.forgetting() else { panic!() };
        assert!(shares.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1), "{shares:?}");
        let zero: f64 = (12.0f64 / 15.0).powi(3);
        assert!((shares[shares.len() - 1].1 - (1.0 - (1.0 - zero).powi(3))).abs() < 1e-6);
        assert!(shares.len() < 80);
    }

    #[test]
    fn a_cell_that_counts_down_once_is_the_chain_of_two_states() {
        let cells = Cells { turn_ids: 1.0, hashes: 1, max: 1, sets: 1.0, decrements: 1.0 };
        assert!((cells.forgotten(1.0) - 0.5 * (1.0 - (-2.0f64).exp())).abs() < 1e-12);
    }
}
