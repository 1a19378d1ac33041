//! Who sent each unique ping, and when it came: eight bytes a ping.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dedup_impact::{Counts, Day, Ping, Shape};
use dedup_stream::stream::{CauseId, Event};
use dedup_stream::workload::Workload;

use super::types::Type;
use super::who::{SentBy, Who};
use crate::bits::Bits;
use crate::environment::CellError;
use crate::nightly::micros;

/// Events that are made at once.
const AT_ONCE: usize = 1 << 12;

/// The bit of a unique ping's type that says that it stands for a session.
const SESSION: u16 = 1 << 15;

/// Who sent each unique ping.
pub(super) struct Sent {
    shape: Arc<Shape>,
    types: Vec<Type>,
    /// By number of the sender: that of the client whose id it gives.
    ids: Vec<u32>,
    /// By number of the sender: its value in each dimension.
    values: Vec<Option<u16>>,
    /// By number of the unique ping: its sender and its type, with [`SESSION`].
    pings: Vec<(u32, u16)>,
    /// Those that were sent and never arrived: the sender, the type, and the day.
    lost: Vec<(u32, u16, u32)>,
    /// By number of the day: how many unique pings had come when it ended. They are numbered as they came.
    ended: Vec<u64>,
}

impl Sent {
    /// Makes the stream once more, and keeps of each unique ping who sent it. Ends early, with what there is, once `stop` is set.
    pub(super) fn of(
        workload: &Workload,
        seed: u64,
        who: &Who,
        shape: Arc<Shape>,
        (alive, stop): (fn(), &AtomicBool),
    ) -> Result<Sent, CellError> {
        let mut making = Making::new(who, shape);
        let mut source = workload.sent(seed)?;
        let mut events = Vec::with_capacity(AT_ONCE);
        loop {
            events.clear();
            source.fill(AT_ONCE, &mut events)?;
            if events.is_empty() || stop.load(Ordering::Relaxed) {
                return Ok(making.sent());
            }
            let mut firsts = events.iter().filter(|event| event.origin.cause == CauseId::FIRST);
            firsts.try_for_each(|event| making.take(event))?;
            alive();
        }
    }

    /// By what is counted.
    pub(super) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// How many unique pings arrived.
    pub(super) fn arrived(&self) -> u64 {
        self.pings.len() as u64
    }

    /// How many were lost on their way.
    pub(super) fn lost(&self) -> u64 {
        self.lost.len() as u64
    }

    /// The number of the day of a time; of one before the first day it is one that no table has.
    pub(super) fn day(&self, micros: i64) -> u32 {
        Day::of_micros(micros).since(self.shape.first_day).unwrap_or(u32::MAX)
    }

    /// Whether the first copy of this ping came on this day.
    pub(super) fn came_on(&self, unique: u64, day: u32) -> bool {
        self.of_day(day as usize).contains(&unique)
    }

    /// The pings that came on a day.
    fn of_day(&self, day: usize) -> Range<u64> {
        let before = day.checked_sub(1).map_or(Some(&0), |before| self.ended.get(before));
        before.zip(self.ended.get(day)).map_or(0..0, |(from, to)| *from..*to)
    }

    /// Counts a row of a table.
    pub(super) fn count(&self, counts: &mut Counts, unique: u64, day: u32, again: bool) {
        self.count_one(counts, self.pings[unique as usize], day, again);
    }

    fn count_one(&self, counts: &mut Counts, (sender, kind): (u32, u16), day: u32, again: bool) {
        let of = self.types[usize::from(kind & !SESSION)];
        let dimensions = self.shape.dimensions.len();
        let values = sender as usize * dimensions..(sender as usize + 1) * dimensions;
        counts.add(&Ping {
            day,
            client: Some(self.ids[sender as usize]),
            kind: of.kind,
            values: &self.values[values],
            session: kind & SESSION != 0,
            step: of.step,
            again,
        });
    }

    /// Counts unique pings, those that are there, each once and on the day on which it came.
    pub(super) fn count_those(&self, there: impl Fn(u64) -> bool + Sync) -> Counts {
        let half = self.ended.len() / 2;
        let of_days = |days: Range<usize>| {
            let mut counts = Counts::new(self.shape.clone());
            for day in days {
                let pings = self.of_day(day).filter(|unique| there(*unique));
                pings.for_each(|unique| self.count(&mut counts, unique, day as u32, false));
            }
            counts
        };
        std::thread::scope(|scope| {
            let later = scope.spawn(|| of_days(half..self.ended.len()));
            let mut counts = of_days(0..half);
            let later = later.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            counts.merge(&later).expect("they have one shape");
            counts
        })
    }

    /// All that was sent, each ping on its day.
    pub(super) fn truth(&self) -> Counts {
        let mut truth = self.count_those(|_| true);
        self.lost
            .iter()
            .for_each(|(sender, kind, day)| self.count_one(&mut truth, (*sender, *kind), *day, false));
        truth
    }

    /// How many clients sent so many pings on a day, over all days: for each chance with which their pings are lost.
    pub(super) fn client_days(&self, who: &Who) -> Vec<(f64, Vec<u64>)> {
        let chances = who.chances_lost(self.shape.clients);
        let mut groups: Vec<(f64, Vec<u64>)> = Vec::new();
        let mut of_day = vec![0u32; self.shape.clients as usize];
        let mut lost = self.lost.iter().peekable();
        for day in 0..self.ended.len() {
            for unique in self.of_day(day) {
                of_day[self.ids[self.pings[unique as usize].0 as usize] as usize] += 1;
            }
            while let Some((sender, ..)) = lost.next_if(|(_, _, of)| *of as usize == day) {
                of_day[self.ids[*sender as usize] as usize] += 1;
            }
            for (client, pings) in of_day.iter_mut().enumerate().filter(|(_, pings)| **pings > 0) {
                let pings = std::mem::take(pings) as usize;
                let chance = chances.get(client).copied().unwrap_or(0.0);
                let at = groups.iter().position(|(of, _)| *of == chance).unwrap_or_else(|| {
                    groups.push((chance, Vec::new()));
                    groups.len() - 1
                });
                let with_so_many = &mut groups[at].1;
                if with_so_many.len() <= pings {
                    with_so_many.resize(pings + 1, 0);
                }
                with_so_many[pings] += 1;
            }
        }
        groups
    }
}

/// What is known while the stream is made.
struct Making<'a> {
    of: &'a Who,
    sent: Sent,
    /// Sessions that were seen: of the day, where none goes past midnight.
    sessions: Bits,
    /// Unique pings without an id that came.
    without_id: usize,
    day: u32,
}

impl<'a> Making<'a> {
    fn new(of: &'a Who, shape: Arc<Shape>) -> Making<'a> {
        let (ids, values) = of.senders(shape.clients);
        let sent = Sent {
            types: of.types(),
            ids,
            values,
            pings: Vec::new(),
            lost: Vec::new(),
            ended: Vec::new(),
            shape,
        };
        Making { sent, sessions: Bits::default(), without_id: 0, day: 0, of }
    }

    fn take(&mut self, event: &Event) -> Result<(), CellError> {
        let sent = self.of.sent_by(event, self.without_id);
        let changed = || CellError::Refused("the trace was changed while it was read".to_string());
        let SentBy { sender, kind, session } = sent.ok_or_else(changed)?;
        self.without_id += usize::from(event.id.key().is_none());
        let day = self.sent.day(micros(event.at));
        if day != self.day {
            self.end_days(day);
        }
        let is_first = session.is_some_and(|session| self.sessions.insert(session));
        let kind = kind | if is_first { SESSION } else { 0 };
        match self.of.is_lost(event) {
            true => self.sent.lost.push((sender, kind, day)),
            false => self.sent.pings.push((sender, kind)),
        }
        Ok(())
    }

    /// Ends all days before this one.
    fn end_days(&mut self, next: u32) {
        self.sent.ended.resize(next as usize, self.sent.pings.len() as u64);
        if self.of.sessions_end_with_the_day() {
            self.sessions.clear();
        }
        self.day = next;
    }

    fn sent(mut self) -> Sent {
        self.end_days(self.day + 1);
        self.sent
    }
}
