//! Usage patterns: 28 days of a client in one number, as Mozilla's cookbook for clients' histories has them. The lowest bit
//! is the day itself, the next one the day before.

mod column;

pub use column::{Patterns, PatternsError};

/// Days of a pattern.
pub const DAYS: u32 = 28;

const MASK: u32 = (1 << DAYS) - 1;

/// The days of the last 28 on which a client was active.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(u32);

/// Bits beyond those of 28 days are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no pattern of 28 days: allowed are 0 to 268435455")]
pub struct TooManyDays(pub i64);

impl Pattern {
    /// Of its bits.
    pub fn new(bits: u32) -> Result<Pattern, TooManyDays> {
        if bits <= MASK { Ok(Pattern(bits)) } else { Err(TooManyDays(bits.into())) }
    }

    /// Its bits.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// A day later: shifted by one, and with the new day's bit.
    #[must_use]
    pub fn next_day(self, active: bool) -> Pattern {
        Pattern((self.0 << 1 | u32::from(active)) & MASK)
    }

    /// So many days later, with no activity since.
    #[must_use]
    pub fn shifted(self, days: u32) -> Pattern {
        Pattern(self.0.checked_shl(days).unwrap_or(0) & MASK)
    }

    /// Days since the client was last active: 0 is the day itself; none where it was not within 28 days.
    pub fn days_since_seen(self) -> Option<u32> {
        (self.0 != 0).then(|| self.0.trailing_zeros())
    }

    /// Days since the first of the 28 days on which it was active.
    pub fn days_since_first(self) -> Option<u32> {
        (self.0 != 0).then(|| self.0.ilog2())
    }

    /// Whether it was active on one of the last `days` days, the day itself among them.
    pub fn active_in_last(self, days: u32) -> bool {
        self.active_days(0, days) > 0
    }

    /// On how many of `days` days it was active, of which the latest is `ago` days ago.
    pub fn active_days(self, ago: u32, days: u32) -> u32 {
        let window = 1u32.checked_shl(days).map_or(u32::MAX, |end| end - 1);
        (self.0.checked_shr(ago).unwrap_or(0) & window).count_ones()
    }

    /// Whether a client that was active `7 (week + 1) - 1` days ago, on the metric date, was so in week `week` after it, which are
    /// the last seven days: week 1 begins seven days after the metric date. None where it was not active on the metric date, or
    /// 28 days do not reach so far; weeks are 1 to 3.
    pub fn retained_in_week(self, week: u32) -> Option<bool> {
        let ago = metric_date_ago(week)?;
        (self.active_days(ago, 1) == 1).then(|| self.active_in_last(7))
    }
}

/// How many days ago the metric date is of which the last seven days are week `week`.
pub(crate) fn metric_date_ago(week: u32) -> Option<u32> {
    (1..=3).contains(&week).then(|| 7 * (week + 1) - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lowest_bit_is_the_day_itself() {
        let seen = Pattern::default().next_day(true);
        assert_eq!((seen.bits(), seen.days_since_seen(), seen.days_since_first()), (1, Some(0), Some(0)));
        let later = seen.next_day(false).next_day(true);
        assert_eq!((later.bits(), later.active_days(1, 2)), (0b101, 1));
        assert_eq!(seen.shifted(27).bits(), 1 << 27);
        assert_eq!(seen.shifted(28), Pattern::default());
        assert_eq!(seen.shifted(200), Pattern::default());
        assert_eq!(Pattern::new(1 << 28), Err(TooManyDays(1 << 28)));
    }

    proptest! {
        #[test]
        fn functions_say_what_the_days_say(days in prop::collection::vec(any::<bool>(), 1..60), ago in 0u32..40, window in 0u32..40) {
            let pattern = days.iter().fold(Pattern::default(), |pattern, day| pattern.next_day(*day));
            // The latest first, and no more than 28.
            let last: Vec<bool> = days.iter().rev().take(28).copied().collect();
            let at = |ago: u32| last.get(ago as usize).copied().unwrap_or(false);
            prop_assert_eq!(pattern.days_since_seen(), last.iter().position(|day| *day).map(|ago| ago as u32));
            prop_assert_eq!(pattern.days_since_first(), last.iter().rposition(|day| *day).map(|ago| ago as u32));
            prop_assert_eq!(pattern.active_days(ago, window), (ago..ago + window).filter(|ago| at(*ago)).count() as u32);
            prop_assert_eq!(pattern.active_in_last(window), (0..window).any(at));
            for week in 0..6 {
                let there = (1..=3).contains(&week) && at(7 * week + 6);
                prop_assert_eq!(pattern.retained_in_week(week), there.then(|| (0..7).any(at)));
            }
        }
    }
}
