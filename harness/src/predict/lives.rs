//! Single lives of pings: when one first arrives, and when its copies follow.

use dedup_strategies::Routing;
use dedup_strategies::time::saturating_nanos;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::nightly::Nights;
use super::rule::Rule;
use super::waits::Waits;
use crate::scenario::{LagFrom, Pick, Repeat, Scenario, Submission};

/// Copies that are looked at for each cause: the error of a share is then below a thousandth.
const COPIES: f64 = 400_000.0;

/// And lives at least and at most.
const LIVES: (f64, f64) = (200.0, 400_000.0);

/// Pieces into which the stream is cut to invert its rate.
const PIECES: usize = 4096;

/// Random numbers of the theory's own.
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(super) fn uniform(&mut self) -> f64 {
        self.0.random()
    }
}

/// Copies that a cause makes of `firsts` pings, on average.
pub(super) fn copies_of(repeat: &Repeat, firsts: f64) -> f64 {
    let picked = match repeat.pick {
        Pick::Share(share) => firsts * share,
        Pick::First(ids) => firsts.min(ids as f64),
    };
    picked * repeat.copies.mean()
}

/// A share of the copies of a cause.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Share {
    /// The share.
    pub(super) ratio: f64,
    /// The variance of the share over n copies, times n: copies of one ping stand and fall together.
    pub(super) variance_a_copy: f64,
}

impl Share {
    /// How many copies that are independent of each other would say as much as `copies` of these.
    pub(super) fn independent(self, copies: u64) -> u64 {
        let alone = self.ratio * (1.0 - self.ratio);
        if self.variance_a_copy <= alone {
            return copies;
        }
        (copies as f64 * alone / self.variance_a_copy).round().max(1.0) as u64
    }
}

/// What becomes of the copies of one cause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// Let through by the strategy.
    pub(super) live: Share,
    /// Left by the nightly job, where there is one.
    pub(super) stable: Option<Share>,
}

/// The lives of pings that a cause repeats.
pub(super) struct Lives<'a> {
    scenario: &'a Scenario,
    cause: usize,
    length_ns: u64,
    random: Random,
    /// Expected first arrivals up to each border between two pieces, counted from the stream's start.
    arrivals: Vec<f64>,
}

impl<'a> Lives<'a> {
    pub(super) fn of(scenario: &'a Scenario, cause: usize) -> Self {
        Lives {
            scenario,
            cause,
            length_ns: saturating_nanos(scenario.virtual_length()),
            random: Random(Xoshiro256PlusPlus::seed_from_u64(cause as u64)),
            arrivals: first_arrivals(scenario),
        }
    }

    /// Averages over all of them.
    pub(super) fn shares(mut self, rule: &Rule, routing: Routing, nights: Option<&Nights>) -> Shares {
        let repeat = &self.scenario.shape.repeats[self.cause];
        let lives = (COPIES / repeat.copies.mean()).clamp(LIVES.0, LIVES.1) as u64;
        let (from, to) = self.stretch(repeat);
        // A number of pings is the first ones of the stretch, and small enough to look at each.
        let (to, lives) = match repeat.pick {
            Pick::First(ids) => (to.min(from + ids as f64), lives.min(ids.max(1))),
            Pick::Share(_) => (to, lives),
        };
        let waits = Waits::of(self.scenario, routing);
        let (mut live, mut stable) = (Tally::default(), Tally::default());
        let mut life = Life::default();
        for index in 0..lives {
            let offset = match repeat.pick {
                Pick::First(ids) if ids == lives => 0.0,
                _ => self.random.uniform(),
            };
            let order = from + (to - from) * (index as f64 + offset) / lives as f64;
            self.live(self.time_of(order), &mut life);
            let unusable = self.random.uniform();
            self.judge(&mut life, waits, rule, unusable);
            live.count(self.cause, &life.causes, &life.passed);
            if let Some(nights) = nights {
                life.stamp(&self.scenario.shape.repeats);
                nights.keep(&life.stamped, &life.passed, &mut life.kept);
                if unusable < self.scenario.shape.bad_ids.missing {
                    // The job joins by id: what has none is dropped.
                    life.kept.fill(false);
                }
                stable.count(self.cause, &life.causes, &life.kept);
            }
        }
        Shares { live: live.share(), stable: nights.map(|_| stable.share()) }
    }

    /// Draws one ping that arrives first at `first`, with the copies of this cause and perhaps of others.
    fn live(&mut self, first: u64, life: &mut Life) {
        life.clear(first);
        for (cause, repeat) in self.scenario.shape.repeats.iter().enumerate() {
            let picked = match repeat.pick {
                _ if cause == self.cause => true,
                Pick::Share(share) => within(repeat.between_ns, first) && self.random.uniform() < share,
                Pick::First(_) => false,
            };
            if picked {
                draw_copies(repeat, cause, first, &mut self.random, life);
            }
        }
        life.sort_and_end(self.length_ns);
    }

    /// Decides about every copy. A ping without an id is never recognised, and one with a broken id never delivered.
    fn judge(&mut self, life: &mut Life, waits: Waits, rule: &Rule, unusable: f64) {
        let start = self.scenario.start().as_nanos();
        waits.judged(&life.arrivals, &mut self.random, &mut life.judged);
        life.judged.iter_mut().for_each(|at| *at += start);
        let bad = &self.scenario.shape.bad_ids;
        if unusable < bad.missing {
            life.passed.clear();
            life.passed.resize(life.arrivals.len(), true);
        } else if unusable < bad.missing + bad.not_an_id + bad.short {
            life.passed.clear();
            life.passed.resize(life.arrivals.len(), false);
        } else {
            rule.decide(&life.judged, &mut life.passed);
        }
    }

    /// First arrivals expected before the stretch from which this cause picks, and up to its end.
    fn stretch(&self, repeat: &Repeat) -> (f64, f64) {
        let (from, to) = repeat.between_ns.unwrap_or((0, u64::MAX));
        (self.expected(from.min(self.length_ns)), self.expected(to.min(self.length_ns)))
    }

    /// First arrivals expected in the first `at` nanoseconds.
    fn expected(&self, at: u64) -> f64 {
        let place = at as f64 / self.length_ns.max(1) as f64 * PIECES as f64;
        let piece = (place as usize).min(PIECES - 1);
        let within = place - piece as f64;
        self.arrivals[piece] + within * (self.arrivals[piece + 1] - self.arrivals[piece])
    }

    /// When the `order`-th first arrival is expected.
    fn time_of(&self, order: f64) -> u64 {
        let piece = self.arrivals.partition_point(|arrivals| *arrivals <= order).clamp(1, PIECES) - 1;
        let (before, after) = (self.arrivals[piece], self.arrivals[piece + 1]);
        let within = if after > before { ((order - before) / (after - before)).clamp(0.0, 1.0) } else { 0.0 };
        ((piece as f64 + within) / PIECES as f64 * self.length_ns as f64) as u64
    }
}

/// One ping and its copies, in the order of arrival; times from the stream's start, but for `judged`.
#[derive(Default)]
struct Life {
    copies: Vec<(u64, Option<usize>)>,
    arrivals: Vec<u64>,
    causes: Vec<Option<usize>>,
    judged: Vec<u64>,
    /// The times by which tables are partitioned.
    stamped: Vec<u64>,
    passed: Vec<bool>,
    kept: Vec<bool>,
    draws: Vec<f64>,
}

impl Life {
    fn clear(&mut self, first: u64) {
        self.copies.clear();
        self.copies.push((first, None));
    }

    /// The edge stamps what arrives, but for copies that come with the stamp of the first.
    fn stamp(&mut self, repeats: &[Repeat]) {
        self.stamped.clear();
        let first = self.arrivals[0];
        self.stamped.extend(self.arrivals.iter().zip(&self.causes).map(|(arrival, cause)| {
            match cause.map(|cause| repeats[cause].submission) {
                Some(Submission::Same) => first,
                Some(Submission::Fresh) | None => *arrival,
            }
        }));
    }

    fn sort_and_end(&mut self, end: u64) {
        self.copies.retain(|(at, cause)| cause.is_none() || *at < end);
        self.copies.sort_unstable();
        self.arrivals.clear();
        self.causes.clear();
        self.arrivals.extend(self.copies.iter().map(|(at, _)| *at));
        self.causes.extend(self.copies.iter().map(|(_, cause)| *cause));
    }
}

fn draw_copies(repeat: &Repeat, cause: usize, first: u64, random: &mut Random, life: &mut Life) {
    let copies = repeat.copies.quantile(random.uniform());
    match repeat.from {
        LagFrom::First => {
            life.draws.clear();
            life.draws.extend((0..copies).map(|_| random.uniform()));
            life.draws.sort_unstable_by(f64::total_cmp);
            for (step, draw) in life.draws.iter().enumerate() {
                let lag = saturating_nanos(repeat.lag.quantile(*draw, step as u32));
                life.copies.push((first.saturating_add(lag), Some(cause)));
            }
        }
        LagFrom::Previous => {
            let mut at = first;
            for step in 0..copies {
                at = at.saturating_add(saturating_nanos(repeat.lag.quantile(random.uniform(), step)));
                life.copies.push((at, Some(cause)));
            }
        }
    }
}

fn within(between_ns: Option<(u64, u64)>, first: u64) -> bool {
    between_ns.is_none_or(|(from, to)| (from..to).contains(&first))
}

fn first_arrivals(scenario: &Scenario) -> Vec<f64> {
    let (arrival, start) = (&scenario.shape.arrival, scenario.start());
    let length_ns = saturating_nanos(scenario.virtual_length());
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
        borders.push(sum);
    }
    borders
}

/// Sums over lives, for the share and its variance.
#[derive(Default)]
struct Tally {
    lives: f64,
    copies: f64,
    missed: f64,
    copies_squared: f64,
    missed_squared: f64,
    both: f64,
}

impl Tally {
    /// Counts the copies of `cause`; the first row that is there is the ping itself, whatever it was.
    fn count(&mut self, cause: usize, causes: &[Option<usize>], there: &[bool]) {
        let (mut copies, mut missed, mut delivered) = (0.0, 0.0, false);
        for (from, there) in causes.iter().zip(there) {
            let ours = *from == Some(cause);
            copies += f64::from(u8::from(ours));
            missed += f64::from(u8::from(ours && *there && delivered));
            delivered |= *there;
        }
        self.lives += 1.0;
        self.copies += copies;
        self.missed += missed;
        self.copies_squared += copies * copies;
        self.missed_squared += missed * missed;
        self.both += copies * missed;
    }

    /// The ratio of two sums over independent lives, and its variance to first order (Cochran 1977, chapter 6).
    fn share(&self) -> Share {
        if self.copies == 0.0 {
            return Share::default();
        }
        let ratio = self.missed / self.copies;
        let squares = self.missed_squared - 2.0 * ratio * self.both + ratio * ratio * self.copies_squared;
        Share { ratio, variance_a_copy: squares.max(0.0) / self.copies }
    }
}
