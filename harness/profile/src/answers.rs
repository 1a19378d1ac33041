//! What a profile answers.

use std::time::Duration;

use crate::lags::LagHistogram;
use crate::profile::{Profile, WindowIds};

/// From when a window counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// From the ping before: each copy, let through or not, renews the window.
    Previous,
    /// From the first ping. What this catches, a window from the last ping *let through* catches too; and that catches
    /// nothing that [`Clock::Previous`] does not. So the two enclose it, and are equal where ids come twice at most.
    First,
}

/// Whether the traffic was long enough for a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It was: the figure was measured.
    Within,
    /// The window is longer than the traffic that was seen; the figure goes on in a straight line.
    Beyond,
}

/// How many ids a window holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdsIn {
    /// At its fullest.
    pub peak: f64,
    /// On the mean.
    pub mean: f64,
    /// Whether that was measured.
    pub reach: Reach,
}

impl Profile {
    /// From the first ping to the last.
    pub fn span(&self) -> Duration {
        Duration::from_micros(self.last_at_us.saturating_sub(self.first_at_us))
    }

    /// Pings a second, on the mean; of traffic without a length, all in one.
    pub fn rate_per_s(&self) -> f64 {
        self.pings_count as f64 / self.seconds()
    }

    /// Pings a second in the busiest minute; the mean rate where the traffic is no longer than that.
    pub fn busiest_per_s(&self) -> f64 {
        (self.busiest_minute_count as f64 / 60.0).max(self.rate_per_s())
    }

    /// The share of all pings that are duplicates.
    pub fn duplicate_share(&self) -> f64 {
        self.duplicate_count as f64 / self.pings_count.max(1) as f64
    }

    /// How late copies come.
    pub fn lags(&self, clock: Clock) -> &LagHistogram {
        match clock {
            Clock::Previous => &self.lag_from_previous,
            Clock::First => &self.lag_from_first,
        }
    }

    /// The shortest window that catches at least this share of the duplicates, rounded up by at most 5 %; none where
    /// there are none. Copies later than [`Profile::span`] are not in the traffic, so none can be asked for here.
    pub fn window_for(&self, share: f64, clock: Clock) -> Option<Duration> {
        self.lags(clock).window_for(share)
    }

    /// The share of the duplicates that a window catches.
    pub fn caught(&self, window: Duration, clock: Clock) -> f64 {
        self.lags(clock).share_below(window)
    }

    /// Whether the traffic is so short that later copies than those that were seen are likely: 99 % of them need a window
    /// of more than a quarter of it.
    pub fn is_short(&self) -> bool {
        self.window_for(0.99, Clock::First).is_some_and(|window| window > self.span() / 4)
    }

    /// Seconds of the traffic in each hour of the day (UTC).
    pub fn seconds_by_hour(&self) -> [f64; 24] {
        const HOUR_US: u64 = 3_600_000_000;
        let hours = self.span().as_micros() as u64 / HOUR_US;
        let whole = (hours / 24) as f64 * 3600.0;
        let mut seconds = [whole; 24];
        // What is left is shorter than a day.
        let mut at = self.first_at_us + hours / 24 * 24 * HOUR_US;
        while at < self.last_at_us {
            let until = ((at / HOUR_US + 1) * HOUR_US).min(self.last_at_us);
            seconds[(at / HOUR_US % 24) as usize] += (until - at) as f64 / 1e6;
            at = until;
        }
        seconds
    }

    /// How many distinct ids a window holds: between two lengths of which that is known, on a straight line between
    /// their logarithms.
    pub fn ids_in(&self, window: Duration) -> IdsIn {
        let seconds = window.as_secs_f64();
        let point = |ids: &WindowIds| (ids.length_s as f64, ids.peak_ids as f64, ids.mean_ids);
        let all = self.ids_count as f64;
        let known: Vec<_> = self.windows.iter().map(point).chain([(self.seconds(), all, all)]).collect();
        let after = known.partition_point(|(length, ..)| *length < seconds);
        let scaled = |(length, peak, mean): (f64, f64, f64), reach| IdsIn {
            peak: peak * seconds / length,
            mean: mean * seconds / length,
            reach,
        };
        match (after.checked_sub(1).map(|before| known[before]), known.get(after)) {
            (None, None) => unreachable!("the traffic as a whole is known"),
            (None, Some(shortest)) => {
                let ids = scaled(*shortest, Reach::Within);
                IdsIn { peak: ids.peak.max(1.0), ..ids }
            }
            (Some(longest), None) => scaled(longest, Reach::Beyond),
            (Some(before), Some(after)) => {
                let part = libm::log(seconds / before.0) / libm::log(after.0 / before.0);
                let between = |a: f64, b: f64| a.max(1e-9) * libm::pow(b.max(1e-9) / a.max(1e-9), part);
                IdsIn {
                    peak: between(before.1, after.1),
                    mean: between(before.2, after.2),
                    reach: Reach::Within,
                }
            }
        }
    }

    fn seconds(&self) -> f64 {
        match self.span() {
            Duration::ZERO => 1.0,
            span => span.as_secs_f64(),
        }
    }
}
