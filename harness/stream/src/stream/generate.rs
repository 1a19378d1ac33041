//! The stream of a scenario: first arrivals, and copies merged in at their time.

use std::time::Duration;

use dedup_strategies::Timestamp;
use dedup_strategies::time::saturating_nanos;

use super::bad_id::BadId;
use super::cause::{Cause, Skew};
use super::clock::{ArrivalClock, Clock};
use super::event::{CauseId, Event, Id, Origin, Source, SourceError, Spelling};
use super::key_share::KeyShare;
use super::keys::KeyCipher;
use super::pending::{Family, Pending, Series};
use super::pick::Picker;
use super::thin::Thin;
use crate::clients::Clients;
use crate::scenario::{Arrival, EventTime, Identity, Length, Process, Scenario, Shape};

/// Events made at once where few of them are left.
const MADE_AT_ONCE: usize = 1 << 14;

/// The pings of a scenario, in the order of arrival, each with its truth. Memory grows with what is still to be
/// repeated, not with what has come.
#[derive(Debug)]
pub struct Stream {
    names: Vec<String>,
    keys: KeyCipher,
    clock: ArrivalClock,
    /// First arrivals so far, without the pings that only share a key.
    firsts: u64,
    /// Unique pings so far.
    uniques: u64,
    /// Whose pings come out. What the others would be is drawn all the same, so that they are what they are without it.
    share: KeyShare,
    /// Unique pings so far that came out.
    own_uniques: u64,
    /// Pings left before the stream ends by count, those of other shares included.
    left: u64,
    /// Whether it ends by count at all.
    ends_by_count: bool,
    /// The stream ends before this, in nanoseconds since the epoch.
    end: u64,
    /// Copies due at this time or later never come: at most `end`.
    horizon: u64,
    causes: Vec<Cause>,
    bad: BadId,
    /// The next first arrival that anything is to be done with.
    next_picked: u64,
    /// The next time at which a picker opens or closes.
    next_wake: u64,
    pending: Pending,
    skew: Option<Skew>,
    /// Which keys are left, where not all are.
    thin: Option<Thin>,
    /// Who sends the pings, where a cause asks for that.
    clients: Option<Clients>,
}

impl Scenario {
    /// The pings, for this seed. Here, so that scenarios need not know what is made of them.
    pub fn stream(&self, seed: u64) -> Stream {
        Stream::new(&self.shape, seed, KeyShare::ALL)
    }

    /// Those of them whose keys are in this share; unique pings are numbered among these.
    pub fn stream_of(&self, seed: u64, share: KeyShare) -> Stream {
        Stream::new(&self.shape, seed, share)
    }
}

impl Stream {
    pub(crate) fn new(shape: &Shape, seed: u64, share: KeyShare) -> Self {
        let start = shape.start.as_nanos();
        let (left, end) = match shape.length {
            Length::Pings(pings) => (pings, u64::MAX),
            Length::Duration(length) => (u64::MAX, start.saturating_add(saturating_nanos(length))),
        };
        let mut stream = Stream {
            names: std::iter::once("first".to_string())
                .chain(shape.repeats.iter().map(|repeat| repeat.cause.clone()))
                .collect(),
            keys: KeyCipher::new(seed),
            clock: ArrivalClock::new(&shape.arrival, shape.start, seed),
            firsts: 0,
            uniques: 0,
            share,
            own_uniques: 0,
            left,
            ends_by_count: matches!(shape.length, Length::Pings(_)),
            end,
            horizon: end.min(last_first(&shape.arrival, left, start)),
            causes: shape
                .repeats
                .iter()
                .map(|repeat| Cause::new(repeat, start, seed).sparing(shape.arrival.at_start))
                .collect(),
            bad: BadId::new(shape.bad_ids, seed).sparing(shape.arrival.at_start),
            next_picked: u64::MAX,
            next_wake: 0,
            pending: Pending::default(),
            skew: shape.skew.as_ref().map(|lag| Skew::new(lag, seed)),
            clients: asks_for_clients(shape).then(|| shape.clients(seed)).flatten(),
            thin: thin(shape, seed),
        };
        stream.wake(stream.clock.next());
        stream
    }

    /// The bijection between the numbers of unique pings and their keys. A ping that shares its key with an earlier
    /// one has that one's key.
    pub fn keys(&self) -> KeyCipher {
        self.keys
    }

    /// Pings that wait to be repeated.
    #[cfg(test)]
    pub(super) fn pending_pings(&self) -> usize {
        self.pending.len()
    }

    /// Appends up to `limit` further events, whatever their keys.
    fn make(&mut self, limit: usize, events: &mut Vec<Event>) {
        let target = events.len().saturating_add(limit);
        while events.len() < target && self.left > 0 {
            let first_at = self.clock.next();
            let copy_at = self.pending.next_at();
            if first_at.min(copy_at) >= self.end {
                break;
            }
            if copy_at <= first_at {
                self.push_copy(copy_at, events);
            } else if first_at >= self.next_wake {
                self.wake(first_at);
            } else if self.firsts == self.next_picked {
                self.push_picked(events);
            } else {
                let barrier = copy_at.min(self.end).min(self.next_wake);
                let most = self.left.min(self.next_picked - self.firsts);
                self.push_plain(barrier, most, target - events.len(), events);
            }
        }
    }

    /// Opens and closes the pickers whose time has come.
    fn wake(&mut self, now: u64) {
        let index = self.firsts;
        for picker in self.pickers().filter(|picker| picker.wake_at() <= now) {
            picker.wake(index, now);
        }
        self.look_ahead();
    }

    fn look_ahead(&mut self) {
        self.next_picked = self.pickers().map(|picker| picker.next()).min().unwrap_or(u64::MAX);
        self.next_wake = self.pickers().map(|picker| picker.wake_at()).min().unwrap_or(u64::MAX);
    }

    fn pickers(&mut self) -> impl Iterator<Item = &mut Picker> {
        self.causes.iter_mut().map(|cause| &mut cause.picker).chain(std::iter::once(&mut self.bad.picker))
    }

    /// Appends first arrivals that nothing is to be done with: takes at most `most`, all before `barrier`, of which at most
    /// `room` are of the share.
    fn push_plain(&mut self, barrier: u64, most: u64, room: usize, events: &mut Vec<Event>) {
        let before = events.len();
        let run = Run {
            keys: self.keys,
            share: self.share,
            from: self.uniques,
            own_from: self.own_uniques,
            barrier,
        };
        let taken = match (&mut self.clock, &mut self.skew) {
            (ArrivalClock::Even(clock), None) => run.push(clock, |at| at, most, room, events),
            (ArrivalClock::Uneven(clock), None) => run.push(clock.as_mut(), |at| at, most, room, events),
            (ArrivalClock::Even(clock), Some(skew)) => {
                run.push(clock, |at| skew.before(at), most, room, events)
            }
            (ArrivalClock::Uneven(clock), Some(skew)) => {
                run.push(clock.as_mut(), |at| skew.before(at), most, room, events)
            }
        };
        self.firsts += taken;
        self.uniques += taken;
        self.left -= taken;
        self.own_uniques += (events.len() - before) as u64;
    }

    /// Appends the first arrival that some cause has picked.
    fn push_picked(&mut self, events: &mut Vec<Event>) {
        let at = self.clock.next();
        self.clock.step();
        let family = Family {
            is_own: self.share.has_number(self.uniques),
            unique: self.own_uniques,
            first_at: at,
            event_time: event_time(&mut self.skew, at),
            id: self.bad.id(self.firsts, self.keys.key(self.uniques)),
        };
        let more_to_come = self.start_series(family);
        if family.is_own {
            events.push(Event {
                at: Timestamp::from_nanos(at),
                event_time: Timestamp::from_nanos(family.event_time),
                id: family.id,
                origin: Origin { more_to_come, ..first(family.unique, at) },
            });
            self.own_uniques += 1;
        }
        self.firsts += 1;
        self.uniques += 1;
        self.left -= 1;
        self.look_ahead();
    }

    /// Plans the copies of the current first arrival; whether any of them will be a true copy.
    fn start_series(&mut self, family: Family) -> bool {
        let mut slot = None;
        for index in 0..self.causes.len() {
            if !self.causes[index].picker.take(self.firsts) {
                continue;
            }
            if !self.is_meant(index, &family) {
                continue;
            }
            let cause = &mut self.causes[index];
            let mut series = cause.series(index);
            let at = family.first_at.saturating_add(cause.lag(&mut series));
            if at >= self.horizon || !family.is_own && self.leaves_no_trace(&series) {
                continue;
            }
            series.family = *slot.get_or_insert_with(|| self.pending.adopt(family));
            self.pending.add(at, series);
        }
        slot.is_some_and(|slot| self.pending.has_true_copies(slot))
    }

    /// Whether a cause that picks by who sent a ping means this one.
    fn is_meant(&self, index: usize, family: &Family) -> bool {
        let (Some(clients), Some(only)) = (&self.clients, &self.causes[index].repeat.only) else {
            return true;
        };
        let first_at = Timestamp::from_nanos(family.first_at);
        clients.meets(&clients.sender(family.id.key(), first_at), only)
    }

    /// Whether nothing of the share's would be another without these copies, which are none of it: nothing more is drawn for
    /// them, no number of a unique ping is theirs, and nobody counts them.
    fn leaves_no_trace(&self, series: &Series) -> bool {
        let repeat = &self.causes[usize::from(series.cause)].repeat;
        let draws = series.left > 1 || repeat.event_time == EventTime::Fresh && self.skew.is_some();
        !draws && repeat.identity == Identity::Same && !self.ends_by_count
    }

    /// Appends the copy that is due at `at`.
    fn push_copy(&mut self, at: u64, events: &mut Vec<Event>) {
        let (causes, horizon) = (&mut self.causes, self.horizon);
        let taken = self.pending.take(|series, family| {
            let cause = &mut causes[usize::from(series.cause)];
            let next = cause.following(series, family, at)?;
            (next < horizon).then_some(next)
        });
        let Some((arrived, more_to_come)) = taken else { return };
        let (family, repeat) = (arrived.family, &self.causes[usize::from(arrived.series.cause)].repeat);
        let event_time = match repeat.event_time {
            EventTime::Same => family.event_time,
            EventTime::Fresh => event_time(&mut self.skew, at),
        };
        let origin = match repeat.identity {
            Identity::Same => Origin {
                unique: family.unique,
                cause: CauseId(arrived.series.cause + 1),
                first_at: Timestamp::from_nanos(family.first_at),
                more_to_come,
                shares_key: false,
            },
            Identity::Distinct => {
                let unique = self.own_uniques;
                self.uniques += 1;
                self.own_uniques += u64::from(family.is_own);
                // A broken id is no key, so there is none to share.
                let shares_key = matches!(family.id, Id::Key(_));
                Origin { shares_key, ..first(unique, at) }
            }
        };
        self.left -= 1;
        if family.is_own {
            events.push(Event {
                at: Timestamp::from_nanos(at),
                event_time: Timestamp::from_nanos(event_time),
                id: family.id,
                origin,
            });
        }
    }
}

impl Source for Stream {
    fn causes(&self) -> &[String] {
        &self.names
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        let Some(mut thin) = self.thin.take() else {
            self.make(limit, events);
            return Ok(());
        };
        let before = events.len();
        // No event is the end of the stream: there may be many in a row of which none is left.
        while events.len() == before && limit > 0 {
            self.make(limit.min(MADE_AT_ONCE), events);
            if events.len() == before {
                break;
            }
            thin.retain(events, before);
        }
        self.thin = Some(thin);
        Ok(())
    }

    fn spelling(&self, event: &Event) -> Spelling {
        self.bad.spelling(event)
    }
}

/// What takes pings away, where any are.
fn thin(shape: &Shape, seed: u64) -> Option<Thin> {
    let loses = shape.clients.as_ref().is_some_and(|clients| !clients.lost.is_empty());
    let clients = loses.then(|| shape.clients(seed)).flatten();
    let one_in = shape.thin.map_or(1, |one_in| one_in.get());
    (one_in > 1 || clients.is_some()).then(|| Thin::new(one_in, KeyCipher::new(seed), clients))
}

fn asks_for_clients(shape: &Shape) -> bool {
    shape.repeats.iter().any(|repeat| repeat.only.is_some())
}

fn event_time(skew: &mut Option<Skew>, at: u64) -> u64 {
    skew.as_mut().map_or(at, |skew| skew.before(at))
}

/// The truth about a first arrival that is never repeated.
#[inline]
fn first(unique: u64, at: u64) -> Origin {
    Origin {
        unique,
        cause: CauseId::FIRST,
        first_at: Timestamp::from_nanos(at),
        more_to_come: false,
        shares_key: false,
    }
}

/// First arrivals in a row: the inner loop.
struct Run {
    keys: KeyCipher,
    share: KeyShare,
    /// The number of the first of them.
    from: u64,
    /// The same among those of the share.
    own_from: u64,
    /// All come before this.
    barrier: u64,
}

/// First arrivals that are looked at before any event is made of them.
const AT_ONCE: usize = 128;

impl Run {
    /// Returns how many there were, those of other shares included: `most` at most.
    #[inline]
    fn push<C: Clock>(
        &self,
        clock: &mut C,
        mut event_time: impl FnMut(u64) -> u64,
        most: u64,
        room: usize,
        events: &mut Vec<Event>,
    ) -> u64 {
        if !self.share.is_all() {
            return self.push_own(clock, event_time, most, room, events);
        }
        let before = events.len();
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(room);
        events.extend((self.from..).take(most).map_while(|unique| {
            let at = clock.next();
            if at >= self.barrier {
                return None;
            }
            clock.step();
            Some(self.event(unique, unique, at, event_time(at)))
        }));
        (events.len() - before) as u64
    }

    /// Those of the share are picked out first, without a branch that nobody could foretell.
    fn push_own<C: Clock>(
        &self,
        clock: &mut C,
        mut event_time: impl FnMut(u64) -> u64,
        most: u64,
        room: usize,
        events: &mut Vec<Event>,
    ) -> u64 {
        let (mut taken, mut own) = (0, self.own_from);
        let end = events.len().saturating_add(room);
        while taken < most && events.len() < end {
            let mut picked = [(0, 0, 0); AT_ONCE];
            let mut count = 0;
            let stop = most.min(taken.saturating_add(AT_ONCE.min(end - events.len()) as u64));
            let mut at = clock.next();
            while taken < stop && at < self.barrier {
                clock.step();
                let number = self.from + taken;
                picked[count] = (number, at, event_time(at));
                count += usize::from(self.share.has_number(number));
                taken += 1;
                at = clock.next();
            }
            let is_over = at >= self.barrier;
            events.extend(
                picked[..count]
                    .iter()
                    .zip(own..)
                    .map(|((number, at, event_time), own)| self.event(*number, own, *at, *event_time)),
            );
            own += count as u64;
            if is_over {
                break;
            }
        }
        taken
    }

    #[inline]
    fn event(&self, number: u64, unique: u64, at: u64, event_time: u64) -> Event {
        Event {
            at: Timestamp::from_nanos(at),
            event_time: Timestamp::from_nanos(event_time),
            id: Id::Key(self.keys.key(number)),
            origin: first(unique, at),
        }
    }
}

/// A time by which a stream of `pings` pings has surely ended, where that can be said: no later than if all were first
/// arrivals at the base rate.
fn last_first(arrival: &Arrival, pings: u64, start: u64) -> u64 {
    let never_slower = arrival.ramp.is_none_or(|ramp| ramp.factor >= 1.0);
    if pings == u64::MAX || arrival.process != Process::Constant || !never_slower {
        return u64::MAX;
    }
    // One gap and a second more than needed, against rounding.
    let seconds = (pings as f64 + 1.0) / arrival.rate_per_s + 1.0;
    start.saturating_add(saturating_nanos(Duration::from_secs_f64(seconds)))
}
