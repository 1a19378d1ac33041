//! A profile of pings in the order in which they arrive, in one pass.

mod ids;
mod often;
mod rates;
mod windows;

use crate::copies::{COPIES_BINS, copies_bin, copies_floor};
use crate::lags::{LagCounts, LagHistogram};
use crate::profile::{Copies, Order, Origin, Profile, Sampling, Times, VERSION};

pub use ids::Memory;
pub(crate) use windows::SLICES;

use ids::{Ids, Look, Seen};
use rates::Rates;
use windows::Windows;

/// How many of the heaviest ids a profile tells of.
pub(crate) const HEAVIEST: usize = 20;
/// The longest name, and the longest doubt but for its remedy, in characters.
pub(crate) const LONGEST_NAME: usize = 200;
const LONGEST_DOUBT: usize = 400;
/// The longest remedy, in bytes. It is to be pasted: it stands whole, or not at all.
const LONGEST_REMEDY: usize = 1000;
pub(crate) const MOST_DOUBTS: usize = 20;

/// One ping as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What the id is known by; none for a ping without one.
    pub key: Option<u128>,
    /// The ping's own time, in microseconds since 1970. One before that of an earlier ping counts as the latest so far.
    pub own_at_us: u64,
}

/// What a ping is, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whether its id came before.
    pub standing: Standing,
    /// How many such pings it stands for, those of ids that are not looked at included.
    pub stands_for: u64,
}

/// Whether the id of a ping came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It did not.
    First,
    /// It did: this is a duplicate.
    Copy,
}

/// What can be said at any moment without a look at every id.
#[derive(Clone, Debug, PartialEq)]
pub struct Glance {
    /// Pings.
    pub pings_count: u64,
    /// Pings without an id.
    pub without_id_count: u64,
    /// Pings whose id came before; an estimate where a part of the ids is looked at.
    pub duplicate_count: u64,
    /// Half the width of the 95 % interval of that, relative to it; none where every id is looked at, or no duplicate was
    /// seen.
    pub duplicates_error: Option<f64>,
    /// Lines that could not be read.
    pub unreadable_count: u64,
    /// How late duplicates come after the first ping with their id.
    pub lags: LagHistogram,
    /// The share of ids that is looked at.
    pub sampling_rate: f64,
    /// Ids that are looked at.
    pub ids_looked_at: u64,
}

/// Makes a [`Profile`] of pings in the order in which they arrive.
///
/// It holds 40 to 80 bytes for each id that it looks at, and no id itself. With a bound on [`Memory`] it looks at a
/// part of the ids once they are too many: those whose digest ends in so many zeros, so that an id is in with all its
/// pings or not at all, and lags stay right. Ids that come often are looked at whatever their digest.
#[derive(Clone, Debug)]
pub struct ProfileBuilder {
    name: String,
    times: Times,
    ids: Ids,
    first_at_us: Option<u64>,
    latest_us: u64,
    pings: u64,
    without_id: u64,
    /// Copies of the ids that are looked at, each as many times as it stands for.
    duplicates: u64,
    unreadable: u64,
    from_previous: LagCounts,
    from_first: LagCounts,
    rates: Rates,
    windows: Windows,
    order: Order,
    doubts: Vec<String>,
}

impl ProfileBuilder {
    /// Of traffic that is called `name`.
    pub fn new(name: &str, times: Times, memory: Memory) -> Self {
        ProfileBuilder {
            name: name.to_string(),
            times,
            ids: Ids::new(memory),
            first_at_us: None,
            latest_us: 0,
            pings: 0,
            without_id: 0,
            duplicates: 0,
            unreadable: 0,
            from_previous: LagCounts::new(),
            from_first: LagCounts::new(),
            rates: Rates::default(),
            windows: Windows::new(),
            order: Order::default(),
            doubts: Vec::new(),
        }
    }

    /// Counts a ping.
    pub fn count(&mut self, arrival: Arrival) {
        self.see(arrival);
    }

    /// Counts a ping, and tells what it is, where its id is looked at.
    pub fn see(&mut self, arrival: Arrival) -> Option<Known> {
        let at = self.arrives(arrival.own_at_us);
        let Some(key) = arrival.key else {
            self.without_id += 1;
            self.rates.count(at, 1);
            return None;
        };
        let known = match self.ids.see(ids::digest(key), at) {
            // An id that is not looked at stands behind those that are.
            Look::Away => {
                self.rates.count(at, 0);
                return None;
            }
            Look::First { stands_for } => {
                self.windows.count(at, None, stands_for);
                self.rates.count(at, stands_for);
                Known { standing: Standing::First, stands_for }
            }
            Look::Again { before, stands_for } => self.copy(at, before, stands_for),
            Look::Noticed { before, stood_for } => {
                self.windows.reweigh(at, before.last, (stood_for, 1));
                self.copy(at, before, 1)
            }
        };
        if self.ids.is_full() {
            self.look_at_fewer();
        }
        Some(known)
    }

    /// Counts lines that could not be read.
    pub fn count_unreadable(&mut self, lines: u64) {
        self.unreadable += lines;
    }

    /// Adds what speaks against the figures, in a sentence.
    /// What to do about it stays whole, or is left out where it is longer than 1000 bytes.
    pub fn doubt(&mut self, doubt: &str, remedy: Option<&str>) {
        let remedy = remedy.filter(|remedy| remedy.len() <= LONGEST_REMEDY);
        let remedy = remedy.map(|remedy| format!(": {remedy}")).unwrap_or_default();
        self.doubts.push(cut(doubt, LONGEST_DOUBT) + &remedy);
    }

    /// Pings so far.
    pub fn pings_count(&self) -> u64 {
        self.pings
    }

    /// Duplicates so far; an estimate where a part of the ids is looked at.
    pub fn duplicates_count(&self) -> u64 {
        // An estimate may lie above what can be.
        self.duplicates.min((self.pings - self.without_id).saturating_sub(1))
    }

    /// What can be said so far in a moment.
    pub fn glance(&self) -> Glance {
        let sampled = self.ids.rate() < 1.0;
        Glance {
            pings_count: self.pings,
            without_id_count: self.without_id,
            duplicate_count: self.duplicates_count(),
            duplicates_error: self.ids.duplicates_error(self.duplicates).filter(|_| sampled),
            unreadable_count: self.unreadable,
            lags: self.from_first.histogram(),
            sampling_rate: self.ids.rate(),
            ids_looked_at: self.ids.len() as u64,
        }
    }

    /// The profile of all that was counted so far. Takes a moment: it looks at every id.
    pub fn profile(&self) -> Profile {
        let with_id = self.pings - self.without_id;
        let sampled = self.ids.rate() < 1.0;
        let duplicates = self.duplicates_count();
        let first_at_us = self.first_at_us.unwrap_or(self.latest_us);
        Profile {
            profile: VERSION,
            name: cut(&self.name, LONGEST_NAME),
            origin: if sampled { Origin::Sampled } else { Origin::Exact },
            sampling: sampled.then(|| Sampling {
                rate: self.ids.rate(),
                ids_count: self.ids.len() as u64,
                duplicates_error: self.ids.duplicates_error(self.duplicates),
            }),
            times: self.times,
            first_at_us,
            last_at_us: self.latest_us,
            pings_count: self.pings,
            without_id_count: self.without_id,
            ids_count: with_id - duplicates,
            duplicate_count: duplicates,
            unreadable_count: self.unreadable,
            lag_from_previous: self.from_previous.histogram().of(duplicates),
            lag_from_first: self.from_first.histogram().of(duplicates),
            copies: self.copies(),
            by_hour: self.rates.by_hour(),
            busiest_minute_count: self.rates.busiest_minute(),
            windows: self.windows.ids(first_at_us, self.latest_us, self.ids.lasts()),
            heaviest: self.ids.heaviest(HEAVIEST).map(|pings| pings as f64 / self.pings as f64).collect(),
            order: Some(self.order),
            doubts: self.doubts.iter().take(MOST_DOUBTS).cloned().collect(),
        }
    }

    fn arrives(&mut self, own_at_us: u64) -> u64 {
        if self.first_at_us.is_none() {
            self.first_at_us = Some(own_at_us);
            self.windows.begin(own_at_us);
        }
        self.pings += 1;
        if own_at_us < self.latest_us {
            self.order.back_count += 1;
            self.order.furthest_back_us = self.order.furthest_back_us.max(self.latest_us - own_at_us);
        }
        self.latest_us = self.latest_us.max(own_at_us);
        self.latest_us
    }

    fn copy(&mut self, at: u64, before: Seen, stands_for: u64) -> Known {
        self.duplicates += stands_for;
        self.from_previous.count(at - before.last, stands_for);
        self.from_first.count(at - before.first, stands_for);
        self.windows.count(at, Some(before.last), stands_for);
        self.rates.count(at, 0);
        Known { standing: Standing::Copy, stands_for }
    }

    fn look_at_fewer(&mut self) {
        self.ids.look_at_fewer();
        self.windows.recount(self.ids.lasts());
    }

    fn copies(&self) -> Vec<Copies> {
        let mut bins = [(0, 0); COPIES_BINS];
        for (pings, weight) in self.ids.counts() {
            let (ids, sum) = &mut bins[copies_bin(pings)];
            *ids += weight;
            *sum += weight * pings;
        }
        let filled = bins.iter().enumerate().filter(|(_, (ids, _))| *ids > 0);
        filled
            .map(|(bin, (ids, pings))| Copies { least: copies_floor(bin), ids: *ids, pings: *pings })
            .collect()
    }
}

pub(crate) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_string(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}
