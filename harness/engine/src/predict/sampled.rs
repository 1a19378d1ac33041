//! Sampled pings: when one first arrives, and when its copies follow.

use dedup_strategies::Routing;
use dedup_strategies::time::saturating_nanos;
use dedup_stream::scenario::{BadIds, LagFrom, Pick, Repeat, Scenario, Submission};

use super::batch_delay::BatchDelay;
use super::curve::Curve;
use super::nightly::Nights;
use super::random::Random;
use super::rule::Forgetting;
use crate::record::ForeseenShare;

/// Copies that are looked at for each cause: the error of a share is then below a thousandth.
pub(super) const COPIES: f64 = 400_000.0;

/// Copies that are looked at to see how many are let through when: what depends on that depends on it weakly.
pub(super) const FEWER_COPIES: f64 = 40_000.0;

/// And pings at least and at most.
const SAMPLES: (f64, f64) = (200.0, 400_000.0);

/// So often are few ids looked at, each time with other copies: what one of them does once is chance.
const ROUNDS: (f64, f64) = (8.0, 64.0);

/// Copies that a cause makes of `firsts` pings, on average.
pub(super) fn copies_of(repeat: &Repeat, firsts: f64) -> f64 {
    let picked = match repeat.pick {
        Pick::Share(share) => firsts * share,
        Pick::First(ids) => firsts.min(ids as f64),
    };
    picked * repeat.copies.mean()
}

/// What becomes of the copies of one cause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shares {
    /// Let through by the strategy.
    pub(super) live: ForeseenShare,
    /// Left by the nightly job, where there is one.
    pub(super) stable: Option<ForeseenShare>,
}

/// Pings that a cause repeats.
pub(super) struct SampledPings<'a> {
    scenario: &'a Scenario,
    cause: usize,
    length_ns: u64,
    random: Random,
    firsts: &'a Curve,
}

impl<'a> SampledPings<'a> {
    pub(super) fn of(scenario: &'a Scenario, cause: usize, firsts: &'a Curve) -> Self {
        SampledPings {
            scenario,
            cause,
            length_ns: saturating_nanos(scenario.virtual_length()),
            random: Random::new(cause as u64),
            firsts,
        }
    }

    /// Averages over so many copies of them.
    pub(super) fn shares(
        mut self,
        copies: f64,
        forgetting: &Forgetting,
        routing: Routing,
        nights: Option<&Nights>,
    ) -> Shares {
        let (cause, scenario) = (self.cause, self.scenario);
        let (mut live, mut stable) = (Tally::default(), Tally::default());
        self.each(copies, forgetting, routing, |ping, _| {
            live.count(cause, &ping.causes, &ping.passed);
            if let Some(nights) = nights {
                ping.stamp(&scenario.shape.repeats);
                nights.keep(&ping.stamped, &ping.passed, &mut ping.kept);
                if ping.id == Id::Missing {
                    // The job joins by id: what has none is dropped.
                    ping.kept.fill(false);
                }
                stable.count(cause, &ping.causes, &ping.kept);
            }
        });
        Shares { live: live.share(), stable: nights.map(|_| stable.share()) }
    }

    /// Adds to each piece of the stream the copies of this cause, with a usable id, that are expected to be let through in it.
    pub(super) fn add_let_through(
        mut self,
        copies: f64,
        forgetting: &Forgetting,
        routing: Routing,
        pieces: &mut [f64],
    ) {
        let (cause, firsts) = (self.cause, self.firsts);
        self.each(copies, forgetting, routing, |ping, pings| {
            let copies = ping.arrivals.iter().zip(&ping.causes).zip(&ping.passed);
            let ours = copies.filter(|((_, from), passed)| **from == Some(cause) && **passed);
            if ping.id == Id::Usable {
                ours.for_each(|((at, _), _)| pieces[firsts.piece(*at)] += pings);
            }
        });
    }

    /// Shows pings with so many copies, evenly spread over the pings that this cause repeats, each with the number of pings
    /// that it stands for.
    fn each(
        &mut self,
        copies: f64,
        forgetting: &Forgetting,
        routing: Routing,
        mut look: impl FnMut(&mut SampledPing, f64),
    ) {
        let repeat = &self.scenario.shape.repeats[self.cause];
        let samples = (copies / repeat.copies.mean()).clamp(SAMPLES.0, SAMPLES.1) as u64;
        let (from, to) = self.stretch(repeat);
        // A number of pings is the first ones of the stretch, and where it is small, each is looked at several times.
        let (to, samples, picked) = match repeat.pick {
            Pick::First(ids) if samples < ids => (to.min(from + ids as f64), samples, 1.0),
            Pick::First(ids) => {
                let a_round = ids.max(1) as f64 * repeat.copies.mean();
                let rounds = (copies / a_round).clamp(ROUNDS.0, ROUNDS.1) as u64;
                (to.min(from + ids as f64), ids.max(1) * rounds, 1.0)
            }
            Pick::Share(share) => (to, samples, share),
        };
        let pings = (to - from) * picked / samples as f64;
        let batch_delay = BatchDelay::of(self.scenario, routing);
        let mut ping = SampledPing::default();
        for index in 0..samples {
            let place = match repeat.pick {
                Pick::First(ids) if ids.max(1) <= samples => (index % ids.max(1)) as f64 / ids.max(1) as f64,
                _ => (index as f64 + self.random.uniform()) / samples as f64,
            };
            self.draw(from + (to - from) * place, &mut ping);
            self.judge(&mut ping, batch_delay, forgetting);
            look(&mut ping, pings);
        }
    }

    /// Draws the ping that comes as the `order`-th first one, with the copies of this cause and perhaps of others.
    fn draw(&mut self, order: f64, ping: &mut SampledPing) {
        let first = self.firsts.time_of(order);
        ping.clear(first);
        ping.is_at_start = order < self.scenario.shape.arrival.at_start as f64;
        for (cause, repeat) in self.scenario.shape.repeats.iter().enumerate() {
            let picked = match repeat.pick {
                _ if cause == self.cause => true,
                Pick::Share(_) if ping.is_at_start => false,
                Pick::Share(share) => within(repeat.between_ns, first) && self.random.uniform() < share,
                Pick::First(_) => false,
            };
            if picked {
                draw_copies(repeat, cause, first, &mut self.random, ping);
            }
        }
        ping.sort_and_end(self.length_ns);
    }

    /// Decides about every copy. A ping without an id is never recognised, and one with a broken id never delivered.
    fn judge(&mut self, ping: &mut SampledPing, batch_delay: BatchDelay, forgetting: &Forgetting) {
        let start = self.scenario.start().as_nanos();
        ping.id = match ping.is_at_start {
            true => Id::Usable,
            false => Id::drawn(&self.scenario.shape.bad_ids, &mut self.random),
        };
        batch_delay.judged(&ping.arrivals, &mut self.random, &mut ping.judged);
        ping.judged.iter_mut().for_each(|at| *at += start);
        ping.passed.clear();
        match ping.id {
            Id::Missing => ping.passed.resize(ping.arrivals.len(), true),
            Id::Broken => ping.passed.resize(ping.arrivals.len(), false),
            Id::Usable => forgetting.decide(&ping.judged, &mut self.random, &mut ping.passed),
        }
    }

    /// First arrivals expected before the stretch from which this cause picks, and up to its end.
    fn stretch(&self, repeat: &Repeat) -> (f64, f64) {
        let (from, to) = repeat.between_ns.unwrap_or((0, u64::MAX));
        let spared = match repeat.pick {
            Pick::Share(_) => self.scenario.shape.arrival.at_start as f64,
            Pick::First(_) => 0.0,
        };
        let before = |at_ns: u64| self.firsts.at(at_ns.min(self.length_ns)).max(spared);
        (before(from), before(to))
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
struct SampledPing {
    id: Id,
    is_at_start: bool,
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

impl SampledPing {
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

fn draw_copies(repeat: &Repeat, cause: usize, first: u64, random: &mut Random, ping: &mut SampledPing) {
    let copies = repeat.copies.quantile(random.uniform());
    match repeat.from {
        LagFrom::First => {
            ping.draws.clear();
            ping.draws.extend((0..copies).map(|_| random.uniform()));
            ping.draws.sort_unstable_by(f64::total_cmp);
            for (step, draw) in ping.draws.iter().enumerate() {
                let lag = saturating_nanos(repeat.lag.quantile(*draw, step as u32));
                ping.copies.push((first.saturating_add(lag), Some(cause)));
            }
        }
        LagFrom::Previous => {
            let mut at = first;
            for step in 0..copies {
                at = at.saturating_add(saturating_nanos(repeat.lag.quantile(random.uniform(), step)));
                ping.copies.push((at, Some(cause)));
            }
        }
    }
}

fn within(between_ns: Option<(u64, u64)>, first: u64) -> bool {
    between_ns.is_none_or(|(from, to)| (from..to).contains(&first))
}

/// Sums over sampled pings, for the share and its variance.
#[derive(Default)]
struct Tally {
    samples: f64,
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
        self.samples += 1.0;
        self.copies += copies;
        self.missed += missed;
        self.copies_squared += copies * copies;
        self.missed_squared += missed * missed;
        self.both += copies * missed;
    }

    /// The ratio of two sums over independent pings, and its variance to first order (Cochran 1977, chapter 6).
    fn share(&self) -> ForeseenShare {
        if self.copies == 0.0 {
            return ForeseenShare::default();
        }
        let ratio = self.missed / self.copies;
        let squares = self.missed_squared - 2.0 * ratio * self.both + ratio * ratio * self.copies_squared;
        ForeseenShare { ratio, variance_a_copy: squares.max(0.0) / self.copies }
    }
}
