//! Scores what came out of the pipeline against what the stream knows that it sent.
//!
//! Nothing is netted: a missed duplicate and a lost unique are counted apart, each by its own definition. Memory is
//! two bits a unique, and one entry for each ping of which another copy may still come.

mod judgement;
mod states;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wall_tests;

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Timestamp, Verdict, Window};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::load::{Slice, WindowLoad};
use crate::record::{CauseFigures, LagFigures, OverTime};
use crate::stream::{CauseId, Event, Origin};
use states::{State, States};

pub use judgement::judge;

/// Upper ends of the ranges of lag in which duplicates are reported; those of Mozilla's published delay curve, and
/// the seconds and minutes of broker redelivery below them.
pub const LAG_BOUNDS: [Duration; 15] = [
    Duration::from_millis(10),
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(1800),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(4 * 3600),
    Duration::from_secs(8 * 3600),
    Duration::from_secs(12 * 3600),
    Duration::from_secs(24 * 3600),
    Duration::from_secs(48 * 3600),
    Duration::from_secs(72 * 3600),
    Duration::from_secs(14 * 24 * 3600),
];

/// Whether the promise's window covers a copy: covered copies must be caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    /// The promise speaks of this copy.
    Yes,
    /// It does not.
    No,
}

/// The score keeper.
#[derive(Debug)]
pub struct Truth {
    window: Window,
    /// Subtracted from the window where a store's clock may run faster than the pipeline's by this much in one window.
    slack: Duration,
    states: States,
    /// Pings of which another copy may still come.
    open: HashMap<u64, Open, FixedState>,
    load: WindowLoad,
    counts: Counts,
    causes: Vec<Tally>,
    lags: [Tally; LAG_BOUNDS.len() + 1],
    start: Timestamp,
    /// The latest event time of all pings that arrived.
    newest: Timestamp,
    over_time: OverTime,
    arrivals_slice: usize,
    arrivals_until: Timestamp,
}

/// Plain counts, named as in the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pings that arrived.
    pub pings: u64,
    /// Distinct pings.
    pub uniques: u64,
    /// Copies delivered beyond the first.
    pub missed: u64,
    /// Copies that the promise covers.
    pub in_window: u64,
    /// Of those, delivered.
    pub missed_in_window: u64,
    /// Uniques dropped and not delivered.
    pub lost: u64,
    /// Of those, sharing a key with an earlier ping.
    pub lost_shared_key: u64,
    /// Uniques whose first copy was dropped and a later one let through.
    pub delayed: u64,
    /// Uniques delivered.
    pub delivered: u64,
    /// Pings refused as late.
    pub late: u64,
    /// Of those, refused without reason: their window had not closed, or there are no windows that could.
    pub refused_in_time: u64,
    /// Pings given up.
    pub stalled: u64,
    /// Pings with a broken id.
    pub errors: u64,
    /// Pings without an id.
    pub unjudged: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    duplicates: u64,
    missed: u64,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    latest: Slice,
    accepted: Option<Accepted>,
    /// When the strategy was last asked about a copy, whatever it said.
    seen: Option<Timestamp>,
    /// When the strategy was last told that a copy was delivered, and had answered.
    marked: Option<Marked>,
}

/// A settlement: the store marked the id at some moment between the two times.
#[derive(Clone, Copy, Debug)]
struct Marked {
    asked: Timestamp,
    answered: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Accepted {
    /// When the strategy was asked: it cannot have begun to remember before.
    at: Timestamp,
    event_time: Timestamp,
}

impl Truth {
    /// Scores a stream of about `length` from `start`, with `causes` of repeats, against a promise for `window`.
    pub fn new(window: Window, causes: usize, start: Timestamp, length: Duration) -> Self {
        let slice_ns = (saturating_nanos(length) / 60).max(1);
        Truth {
            window,
            slack: Duration::ZERO,
            states: States::default(),
            open: HashMap::with_hasher(FixedState::with_seed(0)),
            load: WindowLoad::new(window.length()),
            counts: Counts::default(),
            causes: vec![Tally::default(); causes],
            lags: [Tally::default(); LAG_BOUNDS.len() + 1],
            start,
            newest: Timestamp::ZERO,
            over_time: OverTime { slice_ns, ..OverTime::default() },
            arrivals_slice: 0,
            arrivals_until: Timestamp::ZERO,
        }
    }

    /// Leaves copies within `slack` of the window's end to either answer: for a store whose clock is not the
    /// pipeline's.
    pub fn with_slack(mut self, slack: Duration) -> Self {
        self.slack = slack;
        self
    }

    /// A copy arrived. Called once for each event of the stream, in order.
    pub fn arrived(&mut self, event: &Event) {
        let origin = &event.origin;
        self.counts.pings += 1;
        self.newest = self.newest.max(event.event_time);
        if origin.cause == CauseId::FIRST {
            self.counts.uniques += 1;
            let latest = self.load.count(event.at, None);
            if origin.more_to_come {
                self.open.insert(origin.unique, Open { latest, accepted: None, seen: None, marked: None });
            }
        } else {
            self.causes[usize::from(origin.cause.0)].duplicates += 1;
            self.lags[lag_range(event)].duplicates += 1;
            self.count_repeat(origin.unique, event.at);
        }
        self.count_arrival(event.at);
    }

    /// Looks the slice up only when it changes: this runs once a ping.
    fn count_arrival(&mut self, at: Timestamp) {
        if at >= self.arrivals_until {
            self.arrivals_slice = self.slice(at);
            self.arrivals_until = self
                .start
                .plus(Duration::from_nanos((self.arrivals_slice as u64 + 1) * self.over_time.slice_ns));
            self.over_time.pings_count.resize(self.arrivals_slice + 1, 0);
        }
        self.over_time.pings_count[self.arrivals_slice] += 1;
    }

    fn count_repeat(&mut self, unique: u64, at: Timestamp) {
        match self.open.get_mut(&unique) {
            Some(open) => open.latest = self.load.count(at, Some(open.latest)),
            None => drop(self.load.count(at, None)),
        }
    }

    /// A strategy that was asked at `asked` gave its verdict on a copy, at `answered` at the latest. In virtual time
    /// the two are one. Where a store decides at some moment between them, a copy counts as covered only if it was
    /// inside the window whichever the two moments were at which the store saw this copy and the one before.
    ///
    /// Returns whether the promise covers the copy, which [`delivered`](Self::delivered) wants back if the copy is
    /// let through.
    pub fn judged(
        &mut self,
        event: &Event,
        verdict: Verdict,
        asked: Timestamp,
        answered: Timestamp,
    ) -> Covered {
        let origin = event.origin;
        let covered = self.covers(event, asked, answered);
        // A ping that comes again is counted when it is decided.
        if covered == Covered::Yes && verdict != Verdict::InFlight {
            self.counts.in_window += 1;
        }
        match verdict {
            Verdict::New | Verdict::Held => self.accept(event, asked),
            Verdict::Duplicate => self.drop_copy(&origin, event.at),
            Verdict::Late => {
                self.counts.late += 1;
                self.counts.refused_in_time += u64::from(self.is_in_time(event));
            }
            Verdict::InFlight => {}
        }
        if verdict != Verdict::InFlight {
            self.seen(&origin, asked);
            self.close(&origin);
        }
        covered
    }

    /// The strategy was told, between the two times, that a copy was delivered.
    pub fn marked(&mut self, event: &Event, asked: Timestamp, answered: Timestamp) {
        if event.origin.more_to_come
            && let Some(open) = self.open.get_mut(&event.origin.unique)
        {
            open.marked = Some(Marked { asked, answered });
        }
    }

    /// A copy that was let through reached the sink at `at`.
    pub fn delivered(&mut self, event: &Event, covered: Covered, at: Timestamp) {
        let origin = &event.origin;
        if self.states.change(origin.unique, |_| State::Delivered) != State::Delivered {
            self.counts.delivered += 1;
            return;
        }
        self.missed(event, covered, at);
    }

    // Apart from `delivered`, which runs for every ping and is small without it.
    #[cold]
    fn missed(&mut self, event: &Event, covered: Covered, at: Timestamp) {
        let origin = &event.origin;
        self.counts.missed += 1;
        if covered == Covered::Yes {
            self.counts.missed_in_window += 1;
        }
        self.causes[usize::from(origin.cause.0)].missed += 1;
        self.lags[lag_range(event)].missed += 1;
        let slice = self.slice(at);
        bump(&mut self.over_time.missed_count, slice);
    }

    /// A copy without an id was passed on unjudged.
    pub fn passed_unjudged(&mut self, event: &Event) {
        self.counts.unjudged += 1;
        self.delivered(event, Covered::No, event.at);
        self.close(&event.origin);
    }

    /// A copy with a broken id went to the error output.
    pub fn errored(&mut self, event: &Event) {
        self.counts.errors += 1;
        self.close(&event.origin);
    }

    /// A copy was given up after too many redeliveries.
    pub fn stalled(&mut self, event: &Event) {
        self.counts.stalled += 1;
        self.close(&event.origin);
    }

    /// The counts so far.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Copies that arrived beyond the first.
    pub fn duplicates(&self) -> u64 {
        self.counts.pings - self.counts.uniques
    }

    /// Largest number of distinct ids in a window.
    pub fn ids_in_window(&self) -> u64 {
        self.load.peak()
    }

    /// Duplicates by cause; `first` only where a first copy was delivered second.
    pub fn by_cause(&self, names: &[String]) -> Vec<CauseFigures> {
        let figures = names.iter().zip(&self.causes).map(|(cause, tally)| CauseFigures {
            cause: cause.clone(),
            duplicate_count: tally.duplicates,
            missed_count: tally.missed,
        });
        figures.filter(|figures| figures.duplicate_count + figures.missed_count > 0).collect()
    }

    /// Duplicates by lag, ranges without any left out.
    pub fn by_lag(&self) -> Vec<LagFigures> {
        let bounds = LAG_BOUNDS.iter().map(|bound| Some(saturating_nanos(*bound))).chain([None]);
        let figures = bounds.zip(&self.lags).map(|(up_to_ns, tally)| LagFigures {
            up_to_ns,
            duplicate_count: tally.duplicates,
            missed_count: tally.missed,
        });
        figures.filter(|figures| figures.duplicate_count > 0).collect()
    }

    /// Counts over time, every series of the same length.
    pub fn over_time(&self) -> OverTime {
        let mut over_time = self.over_time.clone();
        let slices = over_time.pings_count.len();
        let slices = slices.max(over_time.missed_count.len()).max(over_time.dropped_first_count.len());
        for series in
            [&mut over_time.pings_count, &mut over_time.missed_count, &mut over_time.dropped_first_count]
        {
            series.resize(slices, 0);
        }
        over_time
    }

    fn covers(&self, event: &Event, asked: Timestamp, answered: Timestamp) -> Covered {
        // A first arrival is no copy of anything; this also spares the look-up for most pings.
        if event.origin.cause == CauseId::FIRST {
            Covered::No
        } else {
            self.covers_copy(event, asked, answered)
        }
    }

    #[cold]
    fn covers_copy(&self, event: &Event, asked: Timestamp, answered: Timestamp) -> Covered {
        let origin = &event.origin;
        let covered = match self.window {
            Window::Nothing => false,
            Window::Forever => matches!(self.states.get(origin.unique), State::Accepted | State::Delivered),
            Window::Since(length) => self
                .accepted(origin)
                .is_some_and(|accepted| answered.since(accepted.at) < length.saturating_sub(self.slack)),
            Window::SinceSeen(length) => self
                .open
                .get(&origin.unique)
                .and_then(|open| open.seen)
                .is_some_and(|seen| answered.since(seen) < length.saturating_sub(self.slack)),
            Window::SinceMarked(length) => {
                self.open.get(&origin.unique).and_then(|open| open.marked).is_some_and(|mark| {
                    asked >= mark.answered && answered.since(mark.asked) < length.saturating_sub(self.slack)
                })
            }
            Window::Tumbling(length) => self.accepted(origin).is_some_and(|accepted| {
                accepted.event_time.tumbling(length) == event.event_time.tumbling(length)
            }),
        };
        if covered { Covered::Yes } else { Covered::No }
    }

    /// Whether no strategy can call this ping late: a window closes no sooner than a later one has begun.
    fn is_in_time(&self, event: &Event) -> bool {
        match self.window {
            Window::Tumbling(length) => event.event_time.tumbling(length) >= self.newest.tumbling(length),
            _ => true,
        }
    }

    fn seen(&mut self, origin: &Origin, asked: Timestamp) {
        if origin.more_to_come
            && let Some(open) = self.open.get_mut(&origin.unique)
        {
            open.seen = Some(asked);
        }
    }

    fn accepted(&self, origin: &Origin) -> Option<Accepted> {
        self.open.get(&origin.unique).and_then(|open| open.accepted)
    }

    fn accept(&mut self, event: &Event, asked: Timestamp) {
        let origin = &event.origin;
        let accepted = |state| if state == State::Delivered { state } else { State::Accepted };
        if self.states.change(origin.unique, accepted) == State::Dropped {
            self.counts.lost -= 1;
            self.counts.lost_shared_key -= u64::from(origin.shares_key);
            self.counts.delayed += 1;
        }
        if origin.more_to_come {
            self.remember(event, asked);
        }
    }

    #[cold]
    fn remember(&mut self, event: &Event, asked: Timestamp) {
        if let Some(open) = self.open.get_mut(&event.origin.unique) {
            open.accepted = Some(Accepted { at: asked, event_time: event.event_time });
        }
    }

    fn drop_copy(&mut self, origin: &Origin, at: Timestamp) {
        let dropped = |state| if state == State::Unseen { State::Dropped } else { state };
        if self.states.change(origin.unique, dropped) != State::Unseen {
            return;
        }
        self.counts.lost += 1;
        self.counts.lost_shared_key += u64::from(origin.shares_key);
        let slice = self.slice(at);
        bump(&mut self.over_time.dropped_first_count, slice);
    }

    /// The slice of `over_time` that `at` falls into. A stream's length is an estimate where it is given in pings;
    /// the bound keeps a bad estimate from taking memory.
    fn slice(&self, at: Timestamp) -> usize {
        let since_start = saturating_nanos(at.since(self.start));
        (since_start / self.over_time.slice_ns).min(1000) as usize
    }

    /// No copy of this ping comes any more: its entry can go.
    fn close(&mut self, origin: &Origin) {
        if !origin.more_to_come && origin.cause != CauseId::FIRST {
            self.open.remove(&origin.unique);
        }
    }
}

fn bump(series: &mut Vec<u64>, slice: usize) {
    if series.len() <= slice {
        series.resize(slice + 1, 0);
    }
    series[slice] += 1;
}

fn lag_range(event: &Event) -> usize {
    let lag = event.at.since(event.origin.first_at);
    LAG_BOUNDS.iter().position(|bound| lag <= *bound).unwrap_or(LAG_BOUNDS.len())
}
