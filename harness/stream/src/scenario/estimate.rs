//! What a scenario will bring, roughly: for progress, for sizing, and to refuse what could never run.

use std::time::Duration;

use dedup_files::LONGEST;
use dedup_strategies::Sizing;

use super::arrival::Arrival;
use super::model::{Identity, LagFrom, Pick, Repeat, Shape};

/// Points in the stream's length over which an expectation is averaged, and where a cause is to be judged by it, of which a
/// few copies may come of the first pings alone.
const SLICES: u32 = 16;
const FINE_SLICES: u32 = 256;

/// Expected pings, copies included, in the first `length_s` seconds.
pub(super) fn pings(shape: &Shape, length_s: f64) -> f64 {
    let repeats: Vec<_> = shape.repeats.iter().map(Means::of).collect();
    pings_with(shape, &repeats, length_s)
}

/// Seconds after which `count` pings are expected; at most twice the longest time there is.
pub(super) fn seconds(shape: &Shape, count: u64) -> f64 {
    let repeats: Vec<_> = shape.repeats.iter().map(Means::of).collect();
    let (mut low, mut high) = (0.0, 2.0 * LONGEST.as_secs_f64());
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if pings_with(shape, &repeats, middle) < count as f64 { low = middle } else { high = middle }
    }
    high
}

fn pings_with(shape: &Shape, repeats: &[Means<'_>], length_s: f64) -> f64 {
    let copies: f64 = repeats.iter().map(|means| copies(shape, means, length_s, SLICES)).sum();
    shape.arrival.expected(length_s) + copies
}

/// Expected copies, of pings that came before, in the first `length_s` seconds.
pub(super) fn duplicates(shape: &Shape, length_s: f64) -> f64 {
    let same = shape.repeats.iter().filter(|repeat| repeat.identity == Identity::Same);
    same.map(|repeat| copies(shape, &Means::of(repeat), length_s, SLICES)).sum()
}

/// Copies of one cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Expected {
    /// Those that would come if the stream had no end.
    pub(super) ever: f64,
    /// Those that come before it ends.
    pub(super) in_time: f64,
}

impl Expected {
    /// The share that comes before the stream ends, to about one in a million.
    pub(super) fn share_in_time(self) -> f64 {
        if self.ever > 0.0 { self.in_time / self.ever } else { 1.0 }
    }

    /// Whether there may as well be none: not one comes before the stream ends although a hundred would, or of a million
    /// no more than one.
    pub(super) fn is_practically_none(self) -> bool {
        let share = self.share_in_time();
        share <= 2e-6 || share < 0.01 && self.in_time < 1.0
    }
}

/// Expected copies of one cause in a stream of `length_s` seconds.
pub(super) fn expected(shape: &Shape, repeat: &Repeat, length_s: f64) -> Expected {
    let (from, to) = stretch(repeat, length_s);
    Expected {
        ever: picked(shape, repeat, (from, to)) * repeat.copies.mean(),
        in_time: copies(shape, &Means::of(repeat), length_s, FINE_SLICES),
    }
}

/// Pings of one cause that wait to be repeated at the same time, at most about.
pub(super) fn pending(shape: &Shape, repeat: &Repeat, length_s: f64) -> f64 {
    let means = Means::of(repeat);
    let series_s = match repeat.from {
        LagFrom::First => means.lag_s * (1.0 + repeat.copies.mean().ln()),
        LagFrom::Previous => means.lag_s * repeat.copies.mean(),
    };
    let (from, to) = stretch(repeat, length_s);
    let picked_in = |seconds: f64| {
        // Those at the start may all wait at once.
        let begin = if shape.arrival.at_start > 0 { from } else { (to - seconds).max(from) };
        picked(shape, repeat, (begin, to))
    };
    picked_in(series_s.min(to - from))
}

/// The load of ordinary traffic: the busiest window, and the whole stream.
pub(super) fn sizing(shape: &Shape, window: Duration, length: Duration) -> Sizing {
    let window_s = window.as_secs_f64().min(length.as_secs_f64());
    let steady = shape.repeats.iter().filter(|repeat| {
        repeat.between_ns.is_none()
            && repeat.identity == Identity::Same
            && matches!(repeat.pick, Pick::Share(_))
    });
    // A copy that comes after the window brings an id into it that its first arrivals do not account for.
    let late_copies: f64 = steady
        .map(|repeat| share(repeat) * repeat.copies.mean() * repeat.lag.share_above(window))
        .sum::<f64>()
        .min(1.0);
    let usable = shape.bad_ids.usable();
    // Those at the start are there all along.
    let at_start = shape.arrival.at_start as f64;
    let firsts = shape.arrival.busiest_per_s(window_s) * window_s * usable;
    let mut base = shape.arrival;
    base.ramp = None;
    let total = (base.expected_of_process(length.as_secs_f64()) * usable + at_start).ceil().max(1.0) as u64;
    let in_window = (firsts * (1.0 + late_copies) + at_start).ceil().max(1.0) as u64;
    Sizing { window, ids_in_window: in_window.min(total), ids_total: total }
}

/// A repeat with its mean lag, which takes a while to compute.
struct Means<'a> {
    repeat: &'a Repeat,
    lag_s: f64,
}

impl<'a> Means<'a> {
    fn of(repeat: &'a Repeat) -> Self {
        Means { repeat, lag_s: repeat.lag.mean_s() }
    }

    /// Expected copies of one ping that arrive within `rest_s` seconds after its first.
    fn copies_within(&self, rest_s: f64) -> f64 {
        let copies = self.repeat.copies.mean();
        match self.repeat.from {
            LagFrom::First => {
                copies * (1.0 - self.repeat.lag.share_above(Duration::from_secs_f64(rest_s.max(0.0))))
            }
            LagFrom::Previous if self.lag_s <= 0.0 => copies,
            LagFrom::Previous => copies.min(rest_s.max(0.0) / self.lag_s),
        }
    }
}

fn copies(shape: &Shape, means: &Means<'_>, length_s: f64, slices: u32) -> f64 {
    let (from, to) = stretch(means.repeat, length_s);
    if from >= to {
        return 0.0;
    }
    let picked = picked(shape, means.repeat, (from, to));
    // The picked ids of a number are the first of the stretch; those of a share come all along it.
    let spread = match means.repeat.pick {
        Pick::First(ids) => {
            let within = |expected: fn(&Arrival, f64) -> f64| {
                expected(&shape.arrival, to) - expected(&shape.arrival, from)
            };
            let later = (ids as f64 - within(Arrival::expected_at_start)).max(0.0);
            (to - from) * (later / within(Arrival::expected_of_process).max(1.0)).min(1.0)
        }
        Pick::Share(_) => to - from,
    };
    let mean = (0..slices)
        .map(|slice| from + spread * (f64::from(slice) + 0.5) / f64::from(slices))
        .map(|at| means.copies_within(length_s - at))
        .sum::<f64>()
        / f64::from(slices);
    picked * mean
}

/// First arrivals of a stretch of time that a cause picks. A share is one of those that do not come at the start.
fn picked(shape: &Shape, repeat: &Repeat, (from, to): (f64, f64)) -> f64 {
    let arrival = &shape.arrival;
    match repeat.pick {
        Pick::Share(share) => {
            let firsts = arrival.expected_of_process(to) - arrival.expected_of_process(from);
            firsts * share * repeat.share_that_meets()
        }
        Pick::First(ids) => (arrival.expected(to) - arrival.expected(from)).min(ids as f64),
    }
}

fn share(repeat: &Repeat) -> f64 {
    match repeat.pick {
        Pick::Share(share) => share * repeat.share_that_meets(),
        Pick::First(_) => 1.0,
    }
}

fn stretch(repeat: &Repeat, length_s: f64) -> (f64, f64) {
    let (from, to) = repeat.between_ns.unwrap_or((0, u64::MAX));
    ((from as f64 / 1e9).min(length_s), (to as f64 / 1e9).min(length_s))
}
