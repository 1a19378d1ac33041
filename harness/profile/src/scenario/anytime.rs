//! Ids that come a few times, each at any time of the traffic. Lags from ping to ping, cut off at the end, would lose some of
//! them: that all pings of an id lie within the traffic is because that is what was looked at. So the first ping of an id says how
//! much of the traffic is left for its others, and there is a cause for each stretch of first pings.

use std::time::Duration;

use super::heavy::Heavy;
use crate::profile::{Profile, Times};

/// Stretches of first pings, all as long.
const STRETCHES: u32 = 24;
/// By so much may the share of lags beyond a length be another than that of ids that come at any time, beside chance.
const CLOSE: f64 = 0.01;
/// Fewer duplicates do not tell.
const FEWEST: u64 = 500;
/// First pings come sooner than later, which a rate can say by the hour of one day.
const SHORTEST: Duration = Duration::from_secs(2 * 3_600);
const LONGEST: Duration = Duration::from_secs(24 * 3_600 + 600);

/// Ids whose first ping comes in a stretch of the traffic.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stretch {
    /// Where it begins and ends.
    pub(super) between: [Duration; 2],
    /// The share of first pings that come again.
    pub(super) share: f64,
    /// Numbers of copies beyond the first, with weights.
    pub(super) copies: Vec<(u64, u64)>,
    /// Copies come at any time until so long after the first.
    pub(super) until: Duration,
}

/// The stretches of traffic all of whose ids come at any time; none of other traffic.
pub(super) fn stretches(profile: &Profile, heavy: &Heavy) -> Vec<Stretch> {
    let classes: Vec<(f64, f64)> = profile
        .copies
        .iter()
        .map(|bin| ((bin.pings as f64 / bin.ids as f64).round(), bin.ids as f64))
        .collect();
    let is_fit = heavy.ids() == 0
        && profile.times != Times::Order
        && (SHORTEST..=LONGEST).contains(&profile.span())
        && profile.duplicate_count >= FEWEST
        && come_at_any_time(profile, &classes);
    let stretches = if is_fit { STRETCHES } else { 0 };
    (0..stretches).map(|number| stretch(profile.span(), &classes, number)).collect()
}

/// Of an id with `n` pings at any time of traffic of length 1, the share of lags from the first that are longer than `lag`:
/// the integral of the least of `n` uniform numbers' density, times the share of what is left that is beyond the lag.
fn share_beyond(n: f64, lag: f64) -> f64 {
    1.0 - n / (n - 1.0) * lag + lag.powf(n) / (n - 1.0)
}

fn come_at_any_time(profile: &Profile, classes: &[(f64, f64)]) -> bool {
    let duplicates = profile.duplicate_count as f64;
    let again = || classes.iter().filter(|(pings, _)| *pings > 1.0);
    let all: f64 = again().map(|(pings, ids)| (pings - 1.0) * ids).sum();
    (1..20).all(|twentieth| {
        let lag = f64::from(twentieth) / 20.0;
        let expected =
            again().map(|(pings, ids)| (pings - 1.0) * ids * share_beyond(*pings, lag)).sum::<f64>() / all;
        let seen = 1.0 - profile.lag_from_first.share_below(profile.span().mul_f64(lag));
        let chance = (expected * (1.0 - expected) / duplicates).sqrt();
        // Bins are a twentieth wide, and copies of one id are not chosen one by one.
        (seen - expected).abs() <= CLOSE + lag * 0.025 + 4.0 * chance
    })
}

fn stretch(span: Duration, classes: &[(f64, f64)], number: u32) -> Stretch {
    let end = |number: u32| f64::from(number) / f64::from(STRETCHES);
    let (from, to) = (end(number), end(number + 1));
    let firsts = |(pings, ids): &(f64, f64)| ids * ((1.0 - from).powf(*pings) - (1.0 - to).powf(*pings));
    let all: f64 = classes.iter().map(firsts).sum();
    let again: Vec<_> = classes.iter().filter(|(pings, _)| *pings > 1.0).collect();
    let repeated: f64 = again.iter().map(|class| firsts(class)).sum();
    // Weights are whole, and none of those there are is zero.
    let weight = |class: &(f64, f64)| ((firsts(class) / repeated * 1e6).round() as u64).max(1);
    Stretch {
        between: [from, to].map(|place| span.mul_f64(place)),
        share: (repeated / all).min(1.0),
        copies: again.iter().map(|class| (class.0 as u64 - 1, weight(class))).collect(),
        until: span.mul_f64(1.0 - (from + to) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_of_ids_that_come_at_any_time_are_those_of_a_simulation() {
        // Every combination of places on a grid, which is as good as chance.
        const PLACES: u32 = 60;
        let place = |number: u32| (f64::from(number) + 0.5) / f64::from(PLACES);
        for lag in [0.1, 0.35, 0.6, 0.9] {
            let (mut beyond, mut all) = (0u32, 0u32);
            for code in 0..PLACES.pow(3) {
                let mut places =
                    [place(code % PLACES), place(code / PLACES % PLACES), place(code / PLACES / PLACES)];
                places.sort_by(f64::total_cmp);
                beyond += places[1..].iter().filter(|later| **later - places[0] > lag).count() as u32;
                all += 2;
            }
            let share = f64::from(beyond) / f64::from(all);
            assert!((share - share_beyond(3.0, lag)).abs() < 0.02, "{lag}: {share}");
        }
    }
}
