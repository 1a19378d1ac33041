//! What Rust counts of the same pings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::raw::{self, CLIENTS, COUNTRIES, DAYS, Raw, first_day, id};
use crate::clients::ClientSet;
use crate::compare::Comparison;
use crate::counts::{Counts, Kind, Ping};
use crate::day::Day;
use crate::last_seen::LastSeen;
use crate::numbers::Number;
use crate::shape::{Cell, Newcomers, Shape};

/// The rows of each table, as text, in their order.
pub(super) struct Expected {
    pub(super) daily: Vec<String>,
    pub(super) last_seen: Vec<String>,
    /// By how newcomers are told: by ping, by their first day.
    pub(super) numbers: [Vec<String>; 2],
}

pub(super) fn expected() -> Expected {
    let rows = raw::rows();
    let counts = [Newcomers::ByPing, Newcomers::FirstSeen].map(|told| counts(&rows, told));
    Expected {
        daily: daily(&rows),
        last_seen: last_seen(&counts[0]),
        numbers: [numbers(&counts[0]), numbers(&counts[1])],
    }
}

fn counts(rows: &[Raw], newcomers: Newcomers) -> Counts {
    let shape = Shape {
        first_day: first_day(),
        days: DAYS,
        clients: CLIENTS,
        dimensions: Vec::new(),
        steps: Vec::new(),
        newcomers,
    };
    let mut counts = Counts::new(Arc::new(shape));
    let mut sessions = BTreeSet::new();
    for row in rows {
        let kind = match row.kind {
            "crash" => Kind::Crash,
            "new-profile" => Kind::NewProfile,
            _ => Kind::Main,
        };
        counts.add(&Ping {
            day: row.day,
            client: row.client,
            kind,
            values: &[],
            session: sessions.insert((row.day, row.client, row.session)),
            step: None,
            again: false,
        });
    }
    counts
}

fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or("-".to_string(), |value| value.to_string())
}

fn daily(rows: &[Raw]) -> Vec<String> {
    let mut by_day: BTreeMap<(u32, Option<u32>), Vec<&Raw>> = BTreeMap::new();
    rows.iter().for_each(|row| by_day.entry((row.day, row.client)).or_default().push(row));
    let row = |((day, client), rows): ((u32, Option<u32>), Vec<&Raw>)| {
        let sessions: BTreeSet<i64> = rows.iter().map(|row| row.session).collect();
        let of_kind = |kind| rows.iter().filter(|row| row.kind == kind).count();
        let last = rows.iter().map(|row| row.within_us).max().unwrap();
        let latest = || rows.iter().filter(|row| row.within_us == last);
        let country = latest().filter_map(|row| row.country).max().map(|country| COUNTRIES[country]);
        [
            first_day().plus(day).to_string(),
            or_none(client.map(id)),
            rows.len().to_string(),
            sessions.len().to_string(),
            of_kind("crash").to_string(),
            usize::from(of_kind("new-profile") > 0).to_string(),
            or_none(country),
            or_none(latest().map(|row| row.version).max()),
        ]
        .join("|")
    };
    sorted(by_day.into_iter().map(row).collect())
}

/// From yesterday, and seen to be equal to what is rebuilt.
fn last_seen(counts: &Counts) -> Vec<String> {
    let active: Vec<(Day, &ClientSet)> =
        (0..DAYS).map(|day| (counts.shape().day(day), counts.active(Cell::All, day))).collect();
    let mut today = LastSeen::before(first_day(), CLIENTS);
    let mut rows = Vec::new();
    for (number, (day, active_on)) in active.iter().enumerate() {
        today.next(*day, active_on).unwrap();
        assert_eq!(LastSeen::rebuilt(CLIENTS, &active[..=number]).unwrap().as_ref(), Some(&today));
        let row =
            |(client, pattern): (u32, crate::Pattern)| format!("{day}|{}|{}", id(client), pattern.bits());
        rows.extend(today.patterns.seen().map(row));
    }
    sorted(rows)
}

fn numbers(counts: &Counts) -> Vec<String> {
    use Number::*;
    let all = [
        Pings,
        Sessions,
        Crashes,
        CrashRate,
        Dau,
        Wau,
        Mau,
        NewProfiles,
        Retention(1),
        Retention(2),
        Retention(3),
    ];
    let against = Comparison::new(counts, counts).unwrap();
    let row = |day: u32| {
        let value =
            |number: &Number| against.of_day(*number, day, Cell::All).and_then(|number| number.seen.value());
        let values = all.iter().map(|number| or_none(value(number)));
        std::iter::once(counts.shape().day(day).to_string()).chain(values).collect::<Vec<_>>().join("|")
    };
    sorted((0..DAYS).map(row).collect())
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}
