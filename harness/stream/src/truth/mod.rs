//! Scores what came out of the pipeline against what the stream knows that it sent.
//!
//! Nothing is netted: a missed duplicate and a lost unique are counted apart, each by its own definition. Memory is
//! two bits a unique, and one entry for each ping that is open: of which another copy may still come, or, where a
//! repeated one or a run with faults is scored, one is not acked.

mod counts;
mod lags;
mod open;
mod report;
mod states;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod wall_tests;
mod window;

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Timestamp, Verdict, Window};
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::load::WindowLoad;
use crate::stream::{CauseId, Event, Origin};
use counts::Tally;
use lags::lag_range;
use open::{Accepted, Drops, Marked, Open};
use states::{State, States};

pub use counts::Counts;
pub use lags::LAG_BOUNDS;
pub use report::{CauseTally, LagTally, OverTime, REDELIVERY};

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
    /// Pings of which another copy may still come, or one is not acked.
    open: HashMap<u64, Open, FixedState>,
    /// Which pings have an entry: under faults any may come again.
    tracking: Tracking,
    load: WindowLoad,
    counts: Counts,
    causes: Vec<Tally>,
    /// Duplicates that were born in the pipeline.
    redelivery: Tally,
    lags: [Tally; LAG_BOUNDS.len() + 1],
    start: Timestamp,
    /// The latest event time of all pings that arrived.
    newest: Timestamp,
    over_time: OverTime,
    arrivals_slice: usize,
    arrivals_until: Timestamp,
}

/// Which pings have an entry until they are acked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tracking {
    /// Those that the stream repeats.
    Repeated,
    /// All.
    All,
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
            tracking: Tracking::Repeated,
            load: WindowLoad::new(window.length()),
            counts: Counts::default(),
            causes: vec![Tally::default(); causes],
            redelivery: Tally::default(),
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

    /// Keeps an entry for every ping until it is acked: where any may be delivered again. Costs a look-up a ping.
    pub fn under_faults(mut self) -> Self {
        self.tracking = Tracking::All;
        self
    }

    /// A copy arrived. Called once for each event of the stream, in order.
    #[inline]
    pub fn arrived(&mut self, event: &Event) {
        let origin = &event.origin;
        self.counts.pings += 1;
        self.newest = self.newest.max(event.event_time);
        if origin.cause == CauseId::FIRST {
            self.counts.uniques += 1;
            let latest = self.load.count(event.at, None);
            if self.is_tracked(origin) {
                self.open.insert(origin.unique, Open::first(latest, origin.more_to_come));
            }
        } else {
            self.causes[usize::from(origin.cause.0)].duplicates += 1;
            self.lags[lag_range(event, event.at)].duplicates += 1;
            self.count_repeat(origin, event.at);
        }
        self.count_arrival(event.at);
    }

    /// Looks the slice up only when it changes: this runs once a ping.
    #[inline]
    fn count_arrival(&mut self, at: Timestamp) {
        if at >= self.arrivals_until {
            self.arrivals_slice = self.slice(at);
            self.arrivals_until = self
                .start
                .plus(Duration::from_nanos((self.arrivals_slice as u64 + 1) * self.over_time.slice_ns));
            self.over_time.pings.resize(self.arrivals_slice + 1, 0);
        }
        self.over_time.pings[self.arrivals_slice] += 1;
    }

    fn count_repeat(&mut self, origin: &Origin, at: Timestamp) {
        match self.open.get_mut(&origin.unique) {
            Some(open) => {
                open.latest = self.load.count(at, Some(open.latest));
                open.unacked += 1;
                open.more_to_come = origin.more_to_come;
            }
            None => drop(self.load.count(at, None)),
        }
    }

    /// The source delivers an arrival again, at `at`, that was not acked.
    pub fn redelivered(&mut self, event: &Event, at: Timestamp) {
        self.counts.redelivered += 1;
        if let Some(open) = self.open.get_mut(&event.origin.unique) {
            open.latest = self.load.count(at, Some(open.latest));
        }
    }

    /// The source delivers a copy again that it has not heard of, and that a worker still has: from now on both are out.
    pub fn one_more_out(&mut self, event: &Event) {
        if let Some(open) = self.open.get_mut(&event.origin.unique) {
            open.unacked += 1;
        }
    }

    /// Whether a copy of a ping was let through, and has not been lost on its way.
    pub fn is_let_through(&self, event: &Event) -> bool {
        matches!(self.states.get(event.origin.unique), State::Accepted | State::Delivered)
    }

    /// A copy was born in the pipeline, at `at`: a delivery that had been decided came again, or a ping was released
    /// that the source had taken for lost. Its cause is [`CauseId::REDELIVERY`].
    pub fn copy_born(&mut self, event: &Event, at: Timestamp) {
        self.redelivery.duplicates += 1;
        self.lags[lag_range(event, at)].duplicates += 1;
    }

    /// A strategy that was asked at `asked` gave its verdict on a copy, at `answered` at the latest. In virtual time
    /// the two are one. Where a store decides at some moment between them, a copy counts as covered only if it was
    /// inside the window whichever the two moments were at which the store saw this copy and the one before.
    ///
    /// Returns whether the promise covers the copy, which [`delivered`](Self::delivered) wants back if the copy is
    /// let through.
    #[inline]
    pub fn judged(
        &mut self,
        event: &Event,
        verdict: Verdict,
        asked: Timestamp,
        answered: Timestamp,
    ) -> Covered {
        // Nearly every ping is the first and only one of its kind, and let through.
        let accepted = |state| if state == State::Unseen { State::Accepted } else { state };
        if verdict == Verdict::New
            && !self.is_tracked(&event.origin)
            && self.states.change(event.origin.unique, accepted) == State::Unseen
        {
            return Covered::No;
        }
        self.judged_otherwise(event, verdict, asked, answered)
    }

    // Apart from `judged`, which runs for every ping and is small without it.
    #[inline(never)]
    fn judged_otherwise(
        &mut self,
        event: &Event,
        verdict: Verdict,
        asked: Timestamp,
        answered: Timestamp,
    ) -> Covered {
        let origin = event.origin;
        let covered = self.covers(event, asked, answered);
        // A ping that comes again is counted when it is decided.
        if covered == Covered::Yes && !verdict.comes_again() {
            self.counts.in_window += 1;
        }
        match verdict {
            Verdict::New | Verdict::Held => self.accept(event, asked),
            Verdict::Duplicate => self.drop_copy(&origin, event.at),
            Verdict::Late => {
                self.counts.late += 1;
                self.counts.refused_in_time += u64::from(self.is_in_time(event));
            }
            Verdict::InFlight | Verdict::Unjudged => {}
        }
        if !verdict.comes_again() {
            self.seen(&origin, asked);
        }
        covered
    }

    /// The strategy was told, between the two times, that a copy was delivered.
    #[inline]
    pub fn marked(&mut self, event: &Event, asked: Timestamp, answered: Timestamp) {
        if self.is_tracked(&event.origin)
            && let Some(open) = self.open.get_mut(&event.origin.unique)
        {
            open.marked = Some(Marked { asked, answered });
        }
    }

    /// A copy that was let through reached the sink at `at`; the source had delivered it at `arrival`.
    #[inline]
    pub fn delivered(&mut self, event: &Event, covered: Covered, arrival: Timestamp, at: Timestamp) {
        let origin = &event.origin;
        match self.states.change(origin.unique, |_| State::Delivered) {
            State::Delivered => self.missed(event, covered, arrival, at),
            _ => self.counts.delivered += 1,
        }
    }

    // Apart from `delivered`, which runs for every ping and is small without it.
    #[cold]
    fn missed(&mut self, event: &Event, covered: Covered, arrival: Timestamp, at: Timestamp) {
        let cause = event.origin.cause;
        self.counts.missed += 1;
        if covered == Covered::Yes {
            self.counts.missed_in_window += 1;
        }
        // In the range in which it was counted as a duplicate.
        let came = if cause == CauseId::REDELIVERY { arrival } else { event.at };
        self.lags[lag_range(event, came)].missed += 1;
        match cause {
            CauseId::REDELIVERY => self.redelivery.missed += 1,
            cause => self.causes[usize::from(cause.0)].missed += 1,
        }
        let slice = self.slice(at);
        bump(&mut self.over_time.missed, slice);
    }

    /// A copy was judged [`Verdict::New`] at `asked`, reached the sink at `at`, and was acked there and then: what
    /// [`judged`](Self::judged), [`delivered`](Self::delivered), [`marked`](Self::marked) and [`acked`](Self::acked) say
    /// together. Nothing more is known of the first and only copy of a ping than that it was delivered.
    #[inline]
    pub fn passed(&mut self, event: &Event, asked: Timestamp, at: Timestamp) {
        let delivered = |state| if state == State::Unseen { State::Delivered } else { state };
        if !self.is_tracked(&event.origin)
            && self.states.change(event.origin.unique, delivered) == State::Unseen
        {
            self.counts.delivered += 1;
            return;
        }
        let covered = self.judged(event, Verdict::New, asked, asked);
        self.delivered(event, covered, event.at, at);
        self.marked(event, at, at);
        self.acked(event);
    }

    /// The source heard that a copy is done with.
    #[inline]
    pub fn acked(&mut self, event: &Event) {
        if self.is_tracked(&event.origin) {
            self.one_less_out(event.origin.unique);
        }
    }

    fn one_less_out(&mut self, unique: u64) {
        if let Some(open) = self.open.get_mut(&unique) {
            open.unacked = open.unacked.saturating_sub(1);
            if open.unacked == 0 && !open.more_to_come {
                self.open.remove(&unique);
            }
        }
    }

    /// A copy that was let through will not reach the sink: its worker died.
    pub fn died(&mut self, event: &Event) {
        let origin = &event.origin;
        let mut drops = Drops::None;
        if let Some(open) = self.open.get_mut(&origin.unique) {
            open.on_their_way = open.on_their_way.saturating_sub(1);
            if open.on_their_way > 0 {
                return;
            }
            drops = open.drops;
        }
        let next = if drops == Drops::None { State::Unseen } else { State::Dropped };
        let dead = |state| if state == State::Accepted { next } else { state };
        if self.states.change(origin.unique, dead) == State::Accepted {
            self.counts.delayed -= u64::from(drops == Drops::Alone);
            if next == State::Dropped {
                self.count_lost(origin);
            }
        }
    }

    /// A held copy, acked when it was taken on, that its strategy did not keep: as good as dropped.
    pub fn forgotten(&mut self, event: &Event, at: Timestamp) {
        self.died(event);
        self.drop_copy(&event.origin, at);
        self.acked(event);
    }

    /// A copy without an id was passed on unjudged.
    pub fn passed_unjudged(&mut self, event: &Event, at: Timestamp) {
        self.counts.unjudged += 1;
        self.delivered(event, Covered::No, at, at);
    }

    /// A copy with a broken id went to the error output.
    pub fn errored(&mut self) {
        self.counts.errors += 1;
    }

    /// A copy was given up after too many redeliveries.
    pub fn stalled(&mut self, event: &Event) {
        self.counts.stalled += 1;
        self.acked(event);
    }

    /// The counts so far.
    #[inline]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Whether there may be an entry: spares the look-up for most pings.
    #[inline]
    fn is_tracked(&self, origin: &Origin) -> bool {
        origin.more_to_come || origin.cause != CauseId::FIRST || self.tracking == Tracking::All
    }

    #[inline]
    fn seen(&mut self, origin: &Origin, asked: Timestamp) {
        if self.is_tracked(origin)
            && let Some(open) = self.open.get_mut(&origin.unique)
        {
            open.seen = Some(asked);
        }
    }

    #[inline]
    fn accept(&mut self, event: &Event, asked: Timestamp) {
        let origin = &event.origin;
        let accepted = |state| if state == State::Delivered { state } else { State::Accepted };
        let before = self.states.change(origin.unique, accepted);
        if before == State::Dropped {
            self.found_again(origin);
        }
        if self.is_tracked(origin) {
            self.remember(event, asked);
        }
    }

    #[cold]
    fn remember(&mut self, event: &Event, asked: Timestamp) {
        if let Some(open) = self.open.get_mut(&event.origin.unique) {
            open.accepted = Some(Accepted { at: asked, event_time: event.event_time });
            open.on_their_way += 1;
        }
    }

    /// A copy of a ping that counted as lost was let through.
    #[cold]
    fn found_again(&mut self, origin: &Origin) {
        self.counts.lost -= 1;
        self.counts.lost_shared_key -= u64::from(origin.shares_key);
        let drops = self.open.get(&origin.unique).map_or(Drops::Alone, |open| open.drops);
        self.counts.delayed += u64::from(drops == Drops::Alone);
    }

    #[inline]
    fn drop_copy(&mut self, origin: &Origin, at: Timestamp) {
        let dropped = |state| if state == State::Unseen { State::Dropped } else { state };
        let before = self.states.change(origin.unique, dropped);
        if before == State::Unseen {
            self.count_lost(origin);
            let slice = self.slice(at);
            bump(&mut self.over_time.dropped_first, slice);
        }
        if before != State::Delivered
            && let Some(open) = self.open.get_mut(&origin.unique)
        {
            open.drops = open.drops.and(before);
        }
    }

    fn count_lost(&mut self, origin: &Origin) {
        self.counts.lost += 1;
        self.counts.lost_shared_key += u64::from(origin.shares_key);
    }

    /// The slice of `over_time` that `at` falls into. A stream's length is an estimate where it is given in pings;
    /// the bound keeps a bad estimate from taking memory.
    fn slice(&self, at: Timestamp) -> usize {
        let since_start = saturating_nanos(at.since(self.start));
        (since_start / self.over_time.slice_ns).min(1000) as usize
    }
}

fn bump(series: &mut Vec<u64>, slice: usize) {
    if series.len() <= slice {
        series.resize(slice + 1, 0);
    }
    series[slice] += 1;
}
