//! What Rust counts of the same pings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::raw::{self, CLIENTS, COUNTRIES, DAYS, Raw, VERSIONS, first_day, id};
use crate::clients::ClientSet;
use crate::compare::Comparison;
use crate::counts::{Counts, Kind, Ping};
use crate::day::Day;
use crate::last_seen::LastSeen;
use crate::numbers::Number;
use crate::shape::{Cell, Dimension, Newcomers, Shape};

/// The rows of each table, as text, in their order.
pub(super) struct Expected {
    pub(super) daily: Vec<String>,
    pub(super) last_seen: Vec<String>,
    /// By how newcomers are told, by ping and by their first day: of the whole, and of each value of each dimension.
    pub(super) numbers: [Vec<Vec<String>>; 2],
}

pub(super) fn expected() -> Expected {
    let rows = raw::rows();
    let counts = [Newcomers::ByPing, Newcomers::FirstSeen].map(|told| counts(&rows, told));
    Expected {
        daily: daily(&rows),
        last_seen: last_seen(&counts[0]),
        numbers: counts.map(|counts| vec![numbers(&counts), by_dimension(&counts)]),
    }
}

fn counts(rows: &[Raw], newcomers: Newcomers) -> Counts {
    let shape = Shape {
        first_day: first_day(),
        days: DAYS,
        clients: CLIENTS,
        dimensions: dimensions(),
        steps: Vec::new(),
        newcomers,
    };
    let mut counts = Counts::new(Arc::new(shape));
    let mut first_of: BTreeMap<_, i64> = BTreeMap::new();
    let session = |row: &Raw| (row.day, row.client, row.session);
    for row in rows {
        let first = first_of.entry(session(row)).or_insert(row.within_us);
        *first = (*first).min(row.within_us);
    }
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
            values: &[row.country.map(|country| country as u16), Some(row.version as u16 - 1)],
            session: row.within_us == first_of[&session(row)] && sessions.insert(session(row)),
            step: None,
            again: false,
        });
    }
    counts
}

fn dimensions() -> Vec<Dimension> {
    let dimension = |name: &str, values: Vec<String>| Dimension { name: name.to_string(), values };
    let versions = (1..=VERSIONS).map(|version| version.to_string()).collect();
    vec![dimension("country", COUNTRIES.map(str::to_string).to_vec()), dimension("order", versions)]
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

const ALL: [Number; 11] = [
    Number::Pings,
    Number::Sessions,
    Number::Crashes,
    Number::CrashRate,
    Number::Dau,
    Number::Wau,
    Number::Mau,
    Number::NewProfiles,
    Number::Retention(1),
    Number::Retention(2),
    Number::Retention(3),
];

fn numbers(counts: &Counts) -> Vec<String> {
    sorted((0..DAYS).map(|day| row(counts, day, Cell::All)).collect())
}

fn by_dimension(counts: &Counts) -> Vec<String> {
    let cells = counts.shape().cells().filter(|cell| *cell != Cell::All);
    sorted(cells.flat_map(|cell| (0..DAYS).map(move |day| row(counts, day, cell))).collect())
}

fn row(counts: &Counts, day: u32, cell: Cell) -> String {
    let against = Comparison::new(counts, counts).unwrap();
    let value = |number: &Number| against.of_day(*number, day, cell).and_then(|number| number.seen.value());
    let named = counts.shape().name(cell).into_iter().flat_map(|(dimension, value)| [dimension, value]);
    std::iter::once(counts.shape().day(day).to_string())
        .chain(named.map(str::to_string))
        .chain(ALL.iter().map(|number| or_none(value(number))))
        .collect::<Vec<_>>()
        .join("|")
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}
