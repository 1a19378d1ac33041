//! Single lives of pings: when one first arrives, and when its copies follow.

use dedup_strategies::Routing;
use dedup_strategies::time::saturating_nanos;
use dedup_stream::scenario::{BadIds, LagFrom, Pick, Repeat, Scenario, Submission};
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::curve::Curve;
use super::nightly::Nights;
use super::rule::Forgetting;
use super::waits::Waits;

/// Copies that are looked at for each cause: the error of a share is then below a thousandth.
const COPIES: f64 = 400_000.0;

/// Copies that are looked at to see how many are let through when: what depends on that depends on it weakly.
const FEWER_COPIES: f64 = 40_000.0;

/// And lives at least and at most.
const LIVES: (f64, f64) = (200.0, 400_000.0);

/// Random numbers of the theory's own.
pub(super) struct Random(Xoshiro256PlusPlus);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(super) fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Exponential around 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -libm::log(1.0 - self.uniform())
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
    firsts: &'a Curve,
}

impl<'a> Lives<'a> {
    pub(super) fn of(scenario: &'a Scenario, cause: usize, firsts: &'a Curve) -> Self {
        Lives {
            scenario,
            cause,
            length_ns: saturating_nanos(scenario.virtual_length()),
            random: Random::new(cause as u64),
            firsts,
        }
    }

    /// Averages over all of them.
    pub(super) fn shares(
        mut self,
        forgetting: &Forgetting,
        routing: Routing,
        nights: Option<&Nights>,
    ) -> Shares {
        let (cause, scenario) = (self.cause, self.scenario);
        let (mut live, mut stable) = (Tally::default(), Tally::default());
        self.each(COPIES, forgetting, routing, |life, _| {
            live.count(cause, &life.causes, &life.passed);
            if let Some(nights) = nights {
                life.stamp(&scenario.shape.repeats);
                nights.keep(&life.stamped, &life.passed, &mut life.kept);
                if life.id == Id::Missing {
                    // The job joins by id: what has none is dropped.
                    life.kept.fill(false);
                }
                stable.count(cause, &life.causes, &life.kept);
            }
        });
        Shares { live: live.share(), stable: nights.map(|_| stable.share()) }
    }

    /// Adds to each piece of the stream the copies of this cause, with a usable id, that are expected to be let through in it.
    pub(super) fn add_let_through(mut self, forgetting: &Forgetting, routing: Routing, pieces: &mut [f64]) {
        let (cause, firsts) = (self.cause, self.firsts);
        self.each(FEWER_COPIES, forgetting, routing, |life, pings| {
            let copies = life.arrivals.iter().zip(&life.causes).zip(&life.passed);
            let ours = copies.filter(|((_, from), passed)| **from == Some(cause) && **passed);
            if life.id == Id::Usable {
                ours.for_each(|((at, _), _)| pieces[firsts.piece(*at)] += pings);
            }
        });
    }

    /// Shows lives with so many copies, evenly spread over the pings that this cause repeats, each with the number of pings
    /// that it stands for.
    fn each(
        &mut self,
        copies: f64,
        forgetting: &Forgetting,
        routing: Routing,
        mut look: impl FnMut(&mut Life, f64),
    ) {
        let repeat = &self.scenario.shape.repeats[self.cause];
        let lives = (copies / repeat.copies.mean()).clamp(LIVES.0, LIVES.1) as u64;
        let (from, to) = self.stretch(repeat);
        // A number of pings is the first ones of the stretch, and small enough to look at each.
        let (to, lives, picked) = match repeat.pick {
            Pick::First(ids) => (to.min(from + ids as f64), lives.min(ids.max(1)), 1.0),
            Pick::Share(share) => (to, lives, share),
        };
        let pings = (to - from) * picked / lives as f64;
        let waits = Waits::of(self.scenario, routing);
        let mut life = Life::default();
        for index in 0..lives {
            let offset = match repeat.pick {
                Pick::First(ids) if ids == lives => 0.0,
                _ => self.random.uniform(),
            };
            let order = from + (to - from) * (index as f64 + offset) / lives as f64;
            self.live(self.firsts.time_of(order), &mut life);
            self.judge(&mut life, waits, forgetting);
            look(&mut life, pings);
        }
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
    fn judge(&mut self, life: &mut Life, waits: Waits, forgetting: &Forgetting) {
        let start = self.scenario.start().as_nanos();
        life.id = Id::drawn(&self.scenario.shape.bad_ids, &mut self.random);
        waits.judged(&life.arrivals, &mut self.random, &mut life.judged);
        life.judged.iter_mut().for_each(|at| *at += start);
        life.passed.clear();
        match life.id {
            Id::Missing => life.passed.resize(life.arrivals.len(), true),
            Id::Broken => life.passed.resize(life.arrivals.len(), false),
            Id::Usable => forgetting.decide(&life.judged, &mut self.random, &mut life.passed),
        }
    }

    /// First arrivals expected before the stretch from which this cause picks, and up to its end.
    fn stretch(&self, repeat: &Repeat) -> (f64, f64) {
        let (from, to) = repeat.between_ns.unwrap_or((0, u64::MAX));
        (self.firsts.at(from.min(self.length_ns)), self.firsts.at(to.min(self.length_ns)))
    }
}

/// What a ping has for an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Id {
    #[default]
    Usable,
    Missing,
    Broken,
}

impl Id {
    fn drawn(bad: &BadIds, random: &mut Random) -> Id {
        match random.uniform() {
            draw if draw < bad.missing => Id::Missing,
            draw if draw < bad.unusable() => Id::Broken,
            _ => Id::Usable,
        }
    }
}

/// One ping and its copies, in the order of arrival; times from the stream's start, but for `judged`.
#[derive(Default)]
struct Life {
    id: Id,
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
