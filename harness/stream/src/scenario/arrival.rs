//! How many unique pings first arrive, and when.

use std::f64::consts::TAU;

use dedup_strategies::Timestamp;
use serde::Serialize;

const DAY_NS: u64 = 86_400_000_000_000;
const HOUR_NS: u64 = DAY_NS / 24;
/// A daily cycle is followed in steps of a minute, over which its rate changes by less than half a percent of the mean.
const DAILY_STEP_NS: u64 = 60_000_000_000;
/// A ramp is climbed in this many steps.
const RAMP_STEPS: u64 = 1000;

/// The rate of first arrivals over time. Times are nanoseconds from the start of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Arrival {
    /// How arrivals are spaced, and the rate's shape.
    pub process: Process,
    /// The base rate, a second.
    pub rate_per_s: f64,
    /// Growth on top of it.
    pub ramp: Option<Ramp>,
    /// So many more come first of all, a microsecond apart: ids that the stream is to have from its beginning to its end.
    #[serde(skip_serializing_if = "is_zero")]
    pub at_start: u64,
}

/// How far apart those are that come at the start.
pub const AT_START_GAP_NS: u64 = 1000;

/// What is not there makes no difference to a scenario's digest.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How first arrivals are spaced.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Process {
    /// At equal distances.
    Constant,
    /// Independent of each other.
    Poisson,
    /// Poisson, its rate a cosine over the day (UTC).
    Daily {
        /// By how much of itself the rate rises at the peak and falls in the trough: 0 to 1.
        amplitude: f64,
        /// When the peak is, after midnight.
        peak_ns: u64,
    },
    /// Poisson, its rate as given for each hour of the day (UTC).
    Hourly {
        /// The rate of each hour from midnight, as a multiple of the mean one; their own mean is 1.
        hours: [f64; 24],
    },
    /// Poisson, with stretches at another rate.
    Bursts {
        /// The rate in a burst, a second.
        burst_rate_per_s: f64,
        /// From the start of one burst to the start of the next; the first comes after this long.
        every_ns: u64,
        /// How long each lasts.
        lasts_ns: u64,
    },
}

/// Growth of the rate along a straight line; the rate stays where the line ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ramp {
    /// The rate at the end, as a multiple of the rate at the beginning.
    pub factor: f64,
    /// Where it begins.
    pub from_ns: u64,
    /// Where it ends.
    pub to_ns: u64,
}

/// A stretch of time over which the rate counts as constant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// First arrivals a nanosecond.
    pub rate_per_ns: f64,
    /// Where the stretch ends, from the start of the stream; `u64::MAX` where it does not.
    pub until_ns: u64,
}

impl Arrival {
    /// The stretch that `at_ns` (from `start`) is the first nanosecond of, or lies in.
    pub fn segment(&self, start: Timestamp, at_ns: u64) -> Segment {
        let (rate_per_s, shape_until) = self.shape(start, at_ns);
        let (factor, ramp_until) = self.ramp.map_or((1.0, u64::MAX), |ramp| ramp.factor_at(at_ns));
        Segment { rate_per_ns: rate_per_s * factor / 1e9, until_ns: shape_until.min(ramp_until) }
    }

    fn shape(&self, start: Timestamp, at_ns: u64) -> (f64, u64) {
        match self.process {
            Process::Constant | Process::Poisson => (self.rate_per_s, u64::MAX),
            Process::Daily { amplitude, peak_ns } => {
                let step = at_ns / DAILY_STEP_NS;
                let middle = start.as_nanos() % DAY_NS + (step * DAILY_STEP_NS + DAILY_STEP_NS / 2) % DAY_NS;
                let phase = (middle as f64 - peak_ns as f64) / DAY_NS as f64;
                let rate = self.rate_per_s * (1.0 + amplitude * libm::cos(TAU * phase));
                (rate.max(0.0), (step + 1) * DAILY_STEP_NS)
            }
            Process::Hourly { hours } => {
                let hour = (start.as_nanos() + at_ns) / HOUR_NS;
                let until = ((hour + 1) * HOUR_NS).saturating_sub(start.as_nanos());
                (self.rate_per_s * hours[(hour % 24) as usize], until)
            }
            Process::Bursts { burst_rate_per_s, every_ns, lasts_ns } => {
                let cycle = at_ns / every_ns;
                let burst_end = cycle * every_ns + lasts_ns;
                if cycle > 0 && at_ns < burst_end {
                    (burst_rate_per_s, burst_end)
                } else {
                    (self.rate_per_s, (cycle + 1) * every_ns)
                }
            }
        }
    }

    /// First arrivals a second at the busiest of ordinary times, averaged over a window of `window_s`; a ramp is not
    /// ordinary.
    pub fn busiest_per_s(&self, window_s: f64) -> f64 {
        match self.process {
            Process::Constant | Process::Poisson => self.rate_per_s,
            Process::Daily { amplitude, .. } => self.rate_per_s * (1.0 + amplitude),
            Process::Hourly { hours } => self.rate_per_s * hours.iter().copied().fold(0.0, f64::max),
            Process::Bursts { burst_rate_per_s, every_ns, lasts_ns } => {
                let (every_s, lasts_s) = (every_ns as f64 / 1e9, lasts_ns as f64 / 1e9);
                let bursts = (window_s / every_s).ceil();
                let burst_share = (bursts * lasts_s / window_s).min(1.0);
                let busy = self.rate_per_s + (burst_rate_per_s - self.rate_per_s) * burst_share;
                busy.max(self.rate_per_s)
            }
        }
    }

    /// About how many first arrivals there are in the first `length_s` seconds.
    pub(crate) fn expected(&self, length_s: f64) -> f64 {
        self.expected_at_start(length_s) + self.expected_of_process(length_s)
    }

    /// Those of them that come at the start.
    pub(crate) fn expected_at_start(&self, length_s: f64) -> f64 {
        (length_s * 1e9 / AT_START_GAP_NS as f64).min(self.at_start as f64)
    }

    /// The others.
    pub(crate) fn expected_of_process(&self, length_s: f64) -> f64 {
        let mean_per_s = match self.process {
            Process::Constant | Process::Poisson | Process::Daily { .. } | Process::Hourly { .. } => {
                self.rate_per_s
            }
            Process::Bursts { burst_rate_per_s, every_ns, lasts_ns } => {
                let (every_s, lasts_s) = (every_ns as f64 / 1e9, lasts_ns as f64 / 1e9);
                let whole = (length_s / every_s).floor();
                let bursting = (whole - 1.0).max(0.0) * lasts_s
                    + if whole >= 1.0 { (length_s - whole * every_s).min(lasts_s) } else { 0.0 };
                self.rate_per_s + (burst_rate_per_s - self.rate_per_s) * bursting / length_s.max(1e-9)
            }
        };
        mean_per_s * self.ramp.map_or(length_s, |ramp| ramp.stretched(length_s))
    }
}

impl Ramp {
    fn factor_at(&self, at_ns: u64) -> (f64, u64) {
        if at_ns < self.from_ns {
            return (1.0, self.from_ns);
        }
        if at_ns >= self.to_ns {
            return (self.factor, u64::MAX);
        }
        let width = (self.to_ns - self.from_ns).div_ceil(RAMP_STEPS);
        let step = (at_ns - self.from_ns) / width;
        let until = (self.from_ns + (step + 1) * width).min(self.to_ns);
        let middle = (self.from_ns + step * width + until) as f64 / 2.0;
        let climbed = (middle - self.from_ns as f64) / (self.to_ns - self.from_ns) as f64;
        (1.0 + (self.factor - 1.0) * climbed, until)
    }

    /// The time at the base rate in which as many would arrive as in `length_s` seconds on the ramp.
    fn stretched(&self, length_s: f64) -> f64 {
        let (from, to) = (self.from_ns as f64 / 1e9, self.to_ns as f64 / 1e9);
        let climbing = (length_s.min(to) - from).max(0.0);
        let after = (length_s - to).max(0.0);
        let mean_factor = 1.0 + (self.factor - 1.0) * climbing / (to - from) / 2.0;
        length_s.min(from) + climbing * mean_factor + after * self.factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// The integral of the rate over the first `length_s` seconds, segment by segment.
    fn integral(arrival: &Arrival, start: Timestamp, length_s: u64) -> f64 {
        let (mut at, end, mut sum) = (0, length_s * SECOND, 0.0);
        while at < end {
            let segment = arrival.segment(start, at);
            assert!(segment.until_ns > at, "a segment that does not move on");
            let until = segment.until_ns.min(end);
            sum += segment.rate_per_ns * (until - at) as f64;
            at = until;
        }
        sum
    }

    #[test]
    fn a_day_of_a_daily_cycle_brings_its_mean_rate_and_peaks_at_its_hour() {
        let peak_ns = 14 * 3600 * SECOND;
        let arrival = Arrival {
            process: Process::Daily { amplitude: 0.6, peak_ns },
            rate_per_s: 10.0,
            ramp: None,
            at_start: 0,
        };
        let start = Timestamp::from_secs(5 * 3600);
        assert!((integral(&arrival, start, 86_400) / 864_000.0 - 1.0).abs() < 1e-9);
        let at_peak = arrival.segment(start, peak_ns - 5 * 3600 * SECOND).rate_per_ns * 1e9;
        assert!((at_peak - 16.0).abs() < 0.01, "{at_peak}");
    }

    #[test]
    fn each_hour_of_a_day_brings_what_is_given_for_it() {
        let hours = std::array::from_fn(|hour| hour as f64 / 11.5);
        let arrival =
            Arrival { process: Process::Hourly { hours }, rate_per_s: 10.0, ramp: None, at_start: 0 };
        let start = Timestamp::from_secs(5 * 3600 + 1800);
        assert!((integral(&arrival, start, 86_400) / 864_000.0 - 1.0).abs() < 1e-9);
        let half_past_five = integral(&arrival, start, 1800);
        assert!((half_past_five / (10.0 * 5.0 / 11.5 * 1800.0) - 1.0).abs() < 1e-9, "{half_past_five}");
        let six = integral(&arrival, start, 5400) - half_past_five;
        assert!((six / (10.0 * 6.0 / 11.5 * 3600.0) - 1.0).abs() < 1e-9, "{six}");
        assert_eq!(arrival.busiest_per_s(60.0), 20.0);
    }

    #[test]
    fn bursts_and_ramps_bring_what_the_estimate_expects() {
        let bursts =
            Process::Bursts { burst_rate_per_s: 50.0, every_ns: 100 * SECOND, lasts_ns: 10 * SECOND };
        let ramp = Ramp { factor: 10.0, from_ns: 100 * SECOND, to_ns: 300 * SECOND };
        let bursting = Arrival { process: bursts, rate_per_s: 2.0, ramp: None, at_start: 0 };
        let ramping = Arrival { process: Process::Poisson, rate_per_s: 2.0, ramp: Some(ramp), at_start: 0 };
        for length_s in [50, 105, 150, 250, 1000] {
            for arrival in [&bursting, &ramping] {
                let exact = integral(arrival, Timestamp::ZERO, length_s);
                let expected = arrival.expected(length_s as f64);
                assert!((exact / expected - 1.0).abs() < 1e-3, "{length_s} s: {exact} against {expected}");
            }
        }
        assert_eq!(bursting.busiest_per_s(10.0), 50.0);
        assert_eq!(bursting.busiest_per_s(100.0), 2.0 + 48.0 * 0.1);
        assert_eq!(ramping.busiest_per_s(600.0), 2.0);
    }
}
