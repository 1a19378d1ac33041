//! How many pings are expected up to any time of a stream.

use dedup_strategies::time::saturating_nanos;
use dedup_stream::scenario::Scenario;

/// Pieces into which the stream is cut. Within one, a rate counts as constant.
pub(super) const PIECES: usize = 4096;

/// A number that grows with time, counted from the stream's start.
#[derive(Clone, Debug)]
pub(super) struct Curve {
    length_ns: u64,
    /// At each border between two pieces, from the start to the end.
    borders: Vec<f64>,
}

impl Curve {
    /// First arrivals.
    pub(super) fn of_firsts(scenario: &Scenario) -> Curve {
        let (arrival, start) = (&scenario.shape.arrival, scenario.start());
        let length_ns = saturating_nanos(scenario.virtual_length());
        // Those at the start count as coming in the first piece, the stretch of a few microseconds that they take.
        let mut sum = 0.0;
        let mut at = 0u64;
        let mut borders = Vec::with_capacity(PIECES + 1);
        for border in 0..=PIECES {
            let until = (length_ns as u128 * border as u128 / PIECES as u128) as u64;
            while at < until {
                let segment = arrival.segment(start, at);
                let end = until.min(segment.until_ns.max(at + 1));
                sum += segment.rate_per_ns * (end - at) as f64;
                at = end;
            }
            sum += if border == 1 { arrival.at_start as f64 } else { 0.0 };
            borders.push(sum);
        }
        Curve { length_ns, borders }
    }

    /// With what comes in each piece beside it.
    pub(super) fn and(&self, more: &[f64]) -> Curve {
        let mut sum = 0.0;
        let with = |(at, own): (usize, &f64)| {
            sum += at.checked_sub(1).map_or(0.0, |piece| more[piece]);
            own + sum
        };
        Curve { length_ns: self.length_ns, borders: self.borders.iter().enumerate().map(with).collect() }
    }

    /// A share of it.
    pub(super) fn times(&self, share: f64) -> Curve {
        Curve { length_ns: self.length_ns, borders: self.borders.iter().map(|all| all * share).collect() }
    }

    /// The piece that `at_ns` lies in.
    pub(super) fn piece(&self, at_ns: u64) -> usize {
        (self.place(at_ns) as usize).min(PIECES - 1)
    }

    fn place(&self, at_ns: u64) -> f64 {
        at_ns as f64 / self.length_ns.max(1) as f64 * PIECES as f64
    }

    /// How many in the first `at_ns` nanoseconds.
    pub(super) fn at(&self, at_ns: u64) -> f64 {
        let piece = self.piece(at_ns);
        let within = self.place(at_ns) - piece as f64;
        self.borders[piece] + within * (self.borders[piece + 1] - self.borders[piece])
    }

    /// When the `order`-th is expected, at the stream's end at the latest.
    pub(super) fn time_of(&self, order: f64) -> u64 {
        let piece = self.borders.partition_point(|sum| *sum <= order).clamp(1, PIECES) - 1;
        let (before, after) = (self.borders[piece], self.borders[piece + 1]);
        let within = if after > before { ((order - before) / (after - before)).clamp(0.0, 1.0) } else { 0.0 };
        ((piece as f64 + within) / PIECES as f64 * self.length_ns as f64) as u64
    }

    /// How many in all.
    pub(super) fn all(&self) -> f64 {
        self.borders[PIECES]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_stream::scenario::find;

    #[test]
    fn a_time_is_that_of_the_number_at_it_whatever_was_added() {
        let scenario = find("^ramp$").unwrap().remove(0);
        let firsts = Curve::of_firsts(&scenario);
        let mut more = vec![0.0; PIECES];
        more[100] = 50.0;
        let both = firsts.and(&more);
        assert!((both.all() - firsts.all() - 50.0).abs() < 1e-6);
        let length_ns = firsts.length_ns;
        for at in [0, length_ns / 50, length_ns / 3, length_ns] {
            for curve in [&firsts, &both, &both.times(0.25)] {
                assert!(curve.time_of(curve.at(at)).abs_diff(at) <= length_ns / 1_000_000, "{at}");
            }
        }
        let border = |piece: u64| length_ns / PIECES as u64 * piece;
        assert!((both.at(border(100)) - firsts.at(border(100))).abs() < 0.1);
        assert!((both.at(border(102)) - firsts.at(border(102)) - 50.0).abs() < 0.1);
    }
}
