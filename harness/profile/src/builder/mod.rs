//! A profile of pings in the order in which they arrive, in one pass.

mod ids;
mod rates;
mod windows;

use crate::copies::{COPIES_BINS, copies_bin, copies_floor};
use crate::lags::LagCounts;
use crate::profile::{Copies, Order, Origin, Profile, Sampling, Times, VERSION};

pub use ids::Memory;

use ids::{Ids, Seen};
use rates::Rates;
use windows::Windows;

/// How many of the heaviest ids a profile tells of.
const HEAVIEST: usize = 20;
/// The longest name, and the longest doubt, in characters.
const LONGEST_NAME: usize = 200;
const LONGEST_DOUBT: usize = 300;
const MOST_DOUBTS: usize = 20;

/// One ping as it arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// What the id is known by; none for a ping without one.
    pub key: Option<u128>,
    /// The ping's own time, in microseconds since 1970. One before that of an earlier ping counts as the latest so far.
    pub own_at_us: u64,
}

/// Makes a [`Profile`] of pings in the order in which they arrive.
///
/// It holds 40 to 80 bytes for each id that it looks at, and no id itself. With a bound on [`Memory`] it looks at a
/// part of the ids once they are too many: those whose digest ends in so many zeros, so that an id is in with all its
/// pings or not at all, and lags stay right. Ids that came often until then stay in.
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
        let at = self.arrives(arrival.own_at_us);
        let Some(key) = arrival.key else {
            self.without_id += 1;
            self.rates.count(at, 1);
            return;
        };
        let digest = ids::digest(key);
        let Some((before, weight)) = self.ids.see(digest, at) else {
            // An id that is not looked at stands behind those that are.
            self.rates.count(at, 0);
            return;
        };
        match before {
            Some(Seen { first, last }) => {
                self.duplicates += weight;
                self.from_previous.count(at - last, weight);
                self.from_first.count(at - first, weight);
                self.windows.count(at, Some(last), weight);
                self.rates.count(at, 0);
            }
            None => {
                self.windows.count(at, None, weight);
                self.rates.count(at, weight);
                if self.ids.is_full() {
                    self.look_at_fewer();
                }
            }
        }
    }

    /// Counts lines that could not be read.
    pub fn count_unreadable(&mut self, lines: u64) {
        self.unreadable += lines;
    }

    /// Adds what speaks against the figures, in a sentence.
    pub fn doubt(&mut self, doubt: &str) {
        self.doubts.push(doubt.to_string());
    }

    /// Pings so far.
    pub fn pings_count(&self) -> u64 {
        self.pings
    }

    /// Duplicates so far; an estimate where a part of the ids is looked at.
    pub fn duplicates_count(&self) -> u64 {
        self.duplicates
    }

    /// The share of ids that is looked at.
    pub fn sampling_rate(&self) -> f64 {
        self.ids.rate()
    }

    /// The profile of all that was counted so far. Takes a moment: it looks at every id.
    pub fn profile(&self) -> Profile {
        let with_id = self.pings - self.without_id;
        let sampled = self.ids.rate() < 1.0;
        // An estimate may lie above what can be.
        let duplicates = self.duplicates.min(with_id.saturating_sub(1));
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
            order: self.order,
            doubts: self.doubts.iter().take(MOST_DOUBTS).map(|doubt| cut(doubt, LONGEST_DOUBT)).collect(),
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

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_string(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}
