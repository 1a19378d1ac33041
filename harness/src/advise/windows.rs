//! Windows worth having.

use std::time::Duration;

use dedup_decide::{Needs, Traffic};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Lengths that people choose, in seconds.
const LENGTHS_S: [u64; 15] = [
    5,
    MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    4 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
];

/// Lengths that people choose, in seconds.
pub fn lengths_s() -> &'static [u64] {
    &LENGTHS_S
}

/// A window of leases has to be longer than it takes until a ping comes again that was kept waiting.
const LEAST_LONGEST_S: f64 = (10 * MINUTE) as f64;

/// Lengths that people choose, up to the first that all copies come within, and 10 minutes at least; and the shortest that is just long enough for what
/// may be missed, half of that, and a tenth, as there are other causes of misses, too.
pub fn windows(traffic: &Traffic, needs: &Needs) -> Vec<Duration> {
    let longest = traffic.lags.longest().max(LEAST_LONGEST_S);
    let before_the_longest = LENGTHS_S.partition_point(|length| (*length as f64) < longest);
    let mut lengths: Vec<u64> = LENGTHS_S[..LENGTHS_S.len().min(before_the_longest + 1)].to_vec();
    if traffic.duplicates > 0.0 {
        let may_pass = traffic.copies_that_may_pass(needs.missed);
        let just = [1.0, 0.5, 0.1].map(|part| 1.0 - may_pass * part);
        let needed = just.into_iter().filter(|caught| *caught > 0.0).map(|caught| traffic.window_for(caught));
        lengths.extend(needed.map(|window| rounded_up(window.as_secs())));
    }
    lengths.sort_unstable();
    lengths.dedup();
    lengths.into_iter().map(Duration::from_secs).collect()
}

/// The shortest window that is enough, between one that is not and one that is: in whole minutes, or whole hours of what is longer than a
/// day. The same lengths are looked at whatever is asked, so that who may miss less is never given a shorter one.
pub(super) fn shortest(short: u64, enough: u64, is_enough: impl Fn(u64) -> bool) -> u64 {
    const MINUTES: u64 = DAY / MINUTE;
    let length = |at: u64| at.min(MINUTES) * MINUTE + at.saturating_sub(MINUTES) * HOUR;
    let place = |length: u64| length.min(DAY) / MINUTE + length.saturating_sub(DAY) / HOUR;
    let (mut before, mut found) = (place(short), place(enough));
    if length(found) < enough {
        found += 1;
    }
    while found - before > 1 {
        let middle = before + (found - before) / 2;
        if is_enough(length(middle)) { found = middle } else { before = middle }
    }
    length(found).min(enough)
}

/// To a whole minute, or a whole hour of what is longer than a day.
fn rounded_up(seconds: u64) -> u64 {
    let unit = if seconds > DAY { HOUR } else { MINUTE };
    (seconds + 1).div_ceil(unit) * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_window_that_is_enough_is_found_to_the_minute_and_beyond_a_day_to_the_hour() {
        let found = |short, enough, needed| shortest(short, enough, |length| length >= needed);
        assert_eq!(found(HOUR, 4 * HOUR, 2 * HOUR + 1), 2 * HOUR + MINUTE);
        assert_eq!(found(12 * HOUR, 2 * DAY, DAY + 5 * HOUR - 1), DAY + 5 * HOUR);
        assert_eq!(found(5, MINUTE, 7), MINUTE);
        assert_eq!(found(HOUR, DAY + MINUTE, DAY + 1), DAY + MINUTE);
        assert_eq!(found(HOUR, HOUR, HOUR), HOUR);
    }
}
