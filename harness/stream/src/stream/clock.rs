//! When unique pings first arrive.

use dedup_strategies::Timestamp;
use rand_distr::{Distribution, Exp1};

use super::random::{Generator, generator};
use crate::scenario::{AT_START_GAP_NS, Arrival, Process, Segment};

/// A sequence of times of which the next can be seen before it is taken. Nanoseconds since the epoch.
pub(super) trait Clock {
    /// The next time.
    fn next(&self) -> u64;
    /// Moves on to the time after it.
    fn step(&mut self);
}

/// The clock of an arrival process.
#[derive(Debug)]
pub(super) enum ArrivalClock {
    Even(EvenClock),
    Uneven(Box<UnevenClock>),
}

impl ArrivalClock {
    pub(super) fn new(arrival: &Arrival, start: Timestamp, seed: u64) -> Self {
        if arrival.process == Process::Constant && arrival.ramp.is_none() && arrival.at_start == 0 {
            ArrivalClock::Even(EvenClock::new(start, arrival.rate_per_s))
        } else {
            ArrivalClock::Uneven(Box::new(UnevenClock::new(*arrival, start, seed)))
        }
    }

    pub(super) fn next(&self) -> u64 {
        match self {
            ArrivalClock::Even(clock) => clock.next(),
            ArrivalClock::Uneven(clock) => clock.next(),
        }
    }

    pub(super) fn step(&mut self) {
        match self {
            ArrivalClock::Even(clock) => clock.step(),
            ArrivalClock::Uneven(clock) => clock.step(),
        }
    }
}

/// Equal distances, without a floating-point number a ping: time is kept in 2^-64 nanoseconds.
#[derive(Debug)]
pub(super) struct EvenClock {
    at_ns: u64,
    fraction: u64,
    gap_ns: u64,
    gap_fraction: u64,
}

impl EvenClock {
    fn new(start: Timestamp, rate_per_s: f64) -> Self {
        let gap = 1e9 / rate_per_s;
        EvenClock {
            at_ns: start.as_nanos(),
            fraction: 0,
            gap_ns: gap as u64,
            gap_fraction: (gap.fract() * 2f64.powi(64)) as u64,
        }
    }
}

impl Clock for EvenClock {
    #[inline]
    fn next(&self) -> u64 {
        self.at_ns
    }

    #[inline]
    fn step(&mut self) {
        let (fraction, carry) = self.fraction.overflowing_add(self.gap_fraction);
        self.fraction = fraction;
        self.at_ns += self.gap_ns + u64::from(carry);
    }
}

/// Any other process, by time change: each gap spends one unit (at equal distances) or an exponential number of units
/// (Poisson) of the rate's integral. Exact over segments of constant rate.
#[derive(Debug)]
pub(super) struct UnevenClock {
    arrival: Arrival,
    start: Timestamp,
    generator: Generator,
    segment: Segment,
    /// From the start, in whole nanoseconds and the rest below one.
    at_ns: u64,
    fraction: f64,
    /// How many have come of those that come at the start.
    at_start: u64,
}

impl UnevenClock {
    fn new(arrival: Arrival, start: Timestamp, seed: u64) -> Self {
        let mut clock = UnevenClock {
            arrival,
            start,
            generator: generator(seed, "arrival", "gaps"),
            segment: arrival.segment(start, 0),
            at_ns: 0,
            fraction: 0.0,
            at_start: 0,
        };
        if arrival.process != Process::Constant {
            clock.step_process();
        }
        clock
    }
}

impl Clock for UnevenClock {
    #[inline]
    fn next(&self) -> u64 {
        let at_start_ns = self.at_start * AT_START_GAP_NS;
        let at_ns =
            if self.at_start < self.arrival.at_start { at_start_ns } else { self.at_ns.max(at_start_ns) };
        self.start.as_nanos() + at_ns
    }

    #[inline]
    fn step(&mut self) {
        if self.at_start < self.arrival.at_start {
            self.at_start += 1;
        } else {
            self.step_process();
        }
    }
}

impl UnevenClock {
    #[inline]
    fn step_process(&mut self) {
        let mut units: f64 = match self.arrival.process {
            Process::Constant => 1.0,
            _ => Exp1.sample(&mut self.generator),
        };
        loop {
            let to_end = (self.segment.until_ns - self.at_ns) as f64 - self.fraction;
            let in_segment = self.segment.rate_per_ns * to_end;
            if units < in_segment || self.segment.until_ns == u64::MAX {
                let moved = self.fraction + units / self.segment.rate_per_ns;
                self.at_ns += moved as u64;
                self.fraction = moved.fract();
                return;
            }
            units -= in_segment;
            self.at_ns = self.segment.until_ns;
            self.fraction = 0.0;
            self.segment = self.arrival.segment(self.start, self.at_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Ramp;

    const SECOND: u64 = 1_000_000_000;

    fn count_within(arrival: &Arrival, length_s: u64) -> u64 {
        let mut clock = ArrivalClock::new(arrival, Timestamp::from_secs(1000), 1);
        let mut count = 0;
        while clock.next() < (1000 + length_s) * SECOND {
            count += 1;
            clock.step();
        }
        count
    }

    #[test]
    fn even_gaps_do_not_drift() {
        // A third of a second is no whole number of nanoseconds.
        let mut clock = EvenClock::new(Timestamp::ZERO, 3.0);
        for arrival in 0..3_000_000u64 {
            let exact = arrival * SECOND / 3;
            assert!(clock.next().abs_diff(exact) <= 1, "{arrival}: {} for {exact}", clock.next());
            clock.step();
        }
    }

    #[test]
    fn every_process_brings_as_many_as_its_rate_says() {
        let ramp = Some(Ramp { factor: 10.0, from_ns: 100 * SECOND, to_ns: 200 * SECOND });
        let daily = Process::Daily { amplitude: 1.0, peak_ns: 0 };
        let bursts = Process::Bursts { burst_rate_per_s: 900.0, every_ns: 60 * SECOND, lasts_ns: 7 * SECOND };
        for (process, ramp, length_s) in [
            (Process::Constant, None, 500),
            (Process::Constant, ramp, 500),
            (Process::Poisson, None, 500),
            (Process::Poisson, ramp, 500),
            (bursts, None, 600),
            (daily, None, 2 * 86_400),
        ] {
            let rate_per_s = if process == daily { 1.0 } else { 100.0 };
            let arrival = Arrival { process, rate_per_s, ramp, at_start: 0 };
            let seen = count_within(&arrival, length_s) as f64;
            let expected = arrival.expected(length_s as f64);
            let tolerance = if process == Process::Constant { 1.0 } else { 5.0 * expected.sqrt() };
            assert!((seen - expected).abs() <= tolerance, "{arrival:?}: {seen} for {expected}");
        }
    }

    #[test]
    fn those_that_come_at_the_start_come_before_all_others_and_change_nothing_for_them() {
        for process in [Process::Constant, Process::Poisson] {
            let times = |at_start: u64| {
                let arrival = Arrival { process, rate_per_s: 10.0, ramp: None, at_start };
                let mut clock = ArrivalClock::new(&arrival, Timestamp::ZERO, 3);
                let mut take = || {
                    let at = clock.next();
                    clock.step();
                    at
                };
                (0..50).map(|_| take()).collect::<Vec<u64>>()
            };
            let (all, ordinary) = (times(20), times(0));
            assert_eq!(all[..20], (0..20).map(|index| index * AT_START_GAP_NS).collect::<Vec<_>>());
            let after = |at: &u64| (*at).max(20 * AT_START_GAP_NS);
            assert_eq!(all[20..], ordinary[..30].iter().map(after).collect::<Vec<_>>());
        }
    }

    #[test]
    fn poisson_gaps_are_exponential() {
        let arrival = Arrival { process: Process::Poisson, rate_per_s: 1000.0, ramp: None, at_start: 0 };
        let mut clock = ArrivalClock::new(&arrival, Timestamp::ZERO, 3);
        let n = 100_000;
        let mut longer_than_mean = 0;
        for _ in 0..n {
            let before = clock.next();
            clock.step();
            longer_than_mean += u32::from(clock.next() - before > SECOND / 1000);
        }
        let share = f64::from(longer_than_mean) / f64::from(n);
        assert!((share - (-1f64).exp()).abs() < 0.01, "{share}");
    }
}
