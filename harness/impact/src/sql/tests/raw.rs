//! Pings of several weeks, by a seed.

use std::collections::BTreeMap;
use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::day::Day;

pub(super) const DAYS: u32 = 42;
pub(super) const CLIENTS: u32 = 50;
pub(super) const COUNTRIES: [&str; 3] = ["DE", "FR", "US"];
pub(super) const VERSIONS: u32 = 3;
const DAY_US: i64 = 86_400_000_000;

/// A day on which nobody sends anything.
const SILENT: u32 = 17;

pub(super) fn first_day() -> Day {
    "2026-01-30".parse().unwrap()
}

/// A raw row.
#[derive(Clone, Debug)]
pub(super) struct Raw {
    pub(super) day: u32,
    pub(super) within_us: i64,
    pub(super) client: Option<u32>,
    pub(super) session: i64,
    pub(super) kind: &'static str,
    pub(super) country: Option<usize>,
    pub(super) version: u32,
}

impl Raw {
    /// With a word before the moment.
    pub(super) fn values(&self, word: &str) -> String {
        let (seconds, micros) = (self.within_us / 1_000_000, self.within_us % 1_000_000);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let client = self.client.map_or("NULL".to_string(), |client| format!("'{}'", id(client)));
        let country = self.country.map_or("NULL".to_string(), |country| format!("'{}'", COUNTRIES[country]));
        format!(
            "({word}'{} {hour:02}:{minute:02}:{second:02}.{micros:06}', {client}, {}, '{}', {country}, '{}')",
            first_day().plus(self.day),
            self.session,
            self.kind,
            self.version
        )
    }
}

pub(super) fn id(client: u32) -> String {
    format!("00000000-0000-0000-0000-{client:012}")
}

/// Clients that come and go, some rarely, some for a few days; pings at the first and the last moment of a day; pings without
/// a client and without a country; rows that are there twice, and some of them a day later.
pub(super) fn rows() -> Vec<Raw> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(19);
    let mut rows: Vec<Raw> = Vec::new();
    for client in 0..CLIENTS {
        let born = random.random_range(0..DAYS);
        let (begins, ends) =
            if client % 3 == 0 { (0, DAYS) } else { (born, born + random.random_range(1..DAYS)) };
        let share = [0.7, 0.2, 0.03][client as usize % 3];
        let mut has_begun = false;
        for day in (begins..ends.min(DAYS)).filter(|day| *day != SILENT) {
            if !random.random_bool(share) {
                continue;
            }
            if !has_begun && client % 5 != 0 {
                rows.push(ping(&mut random, day, Some(client), "new-profile"));
            }
            has_begun = true;
            for _ in 0..random.random_range(1..5) {
                let kind = if random.random_bool(0.2) { "crash" } else { "main" };
                rows.push(ping(&mut random, day, Some(client), kind));
            }
        }
    }
    for day in (0..DAYS).filter(|day| day % 4 == 1 && *day != SILENT) {
        rows.push(ping(&mut random, day, None, "main"));
    }
    let again: Vec<Raw> = rows.iter().filter(|_| random.random_bool(0.15)).cloned().collect();
    for mut row in again {
        if random.random_bool(0.1) && row.day + 1 < DAYS && row.day + 1 != SILENT {
            row.day += 1;
        }
        rows.push(row);
    }
    // Pings at one time that begin a session say the same: which of them is the first, nothing could tell.
    let mut said = BTreeMap::new();
    for row in &mut rows {
        let at = (row.day, row.client, row.session, row.within_us);
        (row.country, row.version) = *said.entry(at).or_insert((row.country, row.version));
    }
    rows
}

fn ping(random: &mut Xoshiro256PlusPlus, day: u32, client: Option<u32>, kind: &'static str) -> Raw {
    let within_us = match random.random_range(0..20) {
        0 => 0,
        1 => DAY_US - 1,
        // Often at the same time as another.
        2..6 => 43_200_000_000,
        _ => random.random_range(0..DAY_US),
    };
    let session =
        i64::from(day) * 10_000 + i64::from(client.unwrap_or(CLIENTS)) * 10 + random.random_range(0..3);
    let country = random.random_bool(0.9).then(|| random.random_range(0..COUNTRIES.len()));
    Raw { day, within_us, client, session, kind, country, version: random.random_range(1..=VERSIONS) }
}

/// An object of JSON as its pairs, in their order.
pub(super) struct Pairs(pub(super) Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
