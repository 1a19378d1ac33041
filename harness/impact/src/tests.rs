//! Tables of pings counted one by one, against the arrays; histories from yesterday against rebuilt ones; liars.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;

const CLIENTS: u32 = 40;
const COUNTRIES: u16 = 3;

fn shape(days: u32) -> Arc<Shape> {
    let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    Arc::new(Shape {
        first_day: "2026-01-01".parse().unwrap(),
        days,
        clients: CLIENTS,
        dimensions: vec![Dimension { name: "country".to_string(), values: names(&["DE", "FR", "US"]) }],
        steps: names(&["ready", "installed", "succeeded"]),
        newcomers: Newcomers::ByPing,
    })
}

/// Client, day, kind, step.
type Row = (u32, u32, u8, u8);

fn kind(row: &Row) -> Kind {
    [Kind::Main, Kind::Main, Kind::Crash, Kind::NewProfile][usize::from(row.2 % 4)]
}

fn whole(against: &Comparison<'_>) -> Whole {
    let series = |number| against.series(number, Cell::All);
    Whole::of(Some(&series(Number::Pings)), Some(&series(Number::Mau)))
}

fn add(counts: &mut Counts, row: &Row, again: bool) {
    let values = [Some((row.0 % u32::from(COUNTRIES)) as u16)];
    let step = (row.3 < 3).then_some(row.3);
    let session = kind(row) == Kind::Main;
    counts.add(&Ping {
        day: row.1,
        client: Some(row.0),
        kind: kind(row),
        values: &values,
        session,
        step,
        again,
    });
}

fn filled(days: u32, rows: &[Row]) -> Counts {
    let mut counts = Counts::new(shape(days));
    rows.iter().for_each(|row| add(&mut counts, row, false));
    counts
}

fn rows(days: u32) -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..CLIENTS, 0..days, 0u8..4, 0u8..6), 0..200)
}

fn clients<'a>(rows: impl Iterator<Item = &'a Row>) -> BTreeSet<u32> {
    rows.map(|row| row.0).collect()
}

proptest! {
    #[test]
    fn numbers_are_those_of_a_plain_count(rows in rows(35), day in 0u32..35, country in 0..COUNTRIES) {
        let counts = filled(35, &rows);
        let against = Comparison::new(&counts, &counts).unwrap();
        let value = |number, cell| against.of_day(number, day, cell).and_then(|compared| compared.seen.value());
        let of_cell = |row: &&Row| row.0 % u32::from(COUNTRIES) == u32::from(country);
        let cell = Cell::Of { dimension: 0, value: country.into() };
        let on = |from: u32, to: u32| rows.iter().filter(move |row| (from..=to).contains(&row.1));
        prop_assert_eq!(value(Number::Pings, Cell::All), Some(on(day, day).count() as f64));
        prop_assert_eq!(value(Number::Pings, cell), Some(on(day, day).filter(of_cell).count() as f64));
        let active = |days: u32| clients(on(day.saturating_sub(days - 1), day));
        for (number, days) in [(Number::Dau, 1), (Number::Wau, 7), (Number::Mau, 28)] {
            prop_assert_eq!(value(number, Cell::All), Some(active(days).len() as f64));
            let of_country = active(days).into_iter().filter(|client| client % u32::from(COUNTRIES) == u32::from(country));
            prop_assert_eq!(value(number, cell), Some(of_country.count() as f64));
        }
        let crashes = on(day, day).filter(|row| kind(row) == Kind::Crash).count() as f64;
        let rate = (!active(1).is_empty()).then(|| crashes / active(1).len() as f64);
        prop_assert_eq!(value(Number::CrashRate, Cell::All), rate);
        let new_on = |on: u32| -> BTreeSet<u32> {
            let first = |client: u32| rows.iter().filter(|row| row.0 == client && kind(row) == Kind::NewProfile).map(|row| row.1).min();
            (0..CLIENTS).filter(|client| first(*client) == Some(on)).collect()
        };
        prop_assert_eq!(value(Number::NewProfiles, Cell::All), Some(new_on(day).len() as f64));
        for week in 1..=3 {
            let cohort = day.checked_sub(7 * (week + 1) - 1).map(new_on);
            let kept = cohort.filter(|cohort| !cohort.is_empty()).map(|cohort| {
                cohort.intersection(&active(7)).count() as f64 / cohort.len() as f64
            });
            prop_assert_eq!(value(Number::Retention(week), Cell::All), kept);
        }
    }

    #[test]
    fn what_is_counted_in_parts_is_what_is_counted_at_once(one in rows(9), other in rows(9)) {
        let mut parts = filled(9, &one);
        parts.merge(&filled(9, &other)).unwrap();
        prop_assert_eq!(parts, filled(9, &[one, other].concat()));
    }

    #[test]
    fn a_history_from_yesterday_is_the_one_rebuilt_from_raw(rows in rows(45)) {
        let counts = filled(45, &rows);
        let active: Vec<(Day, &ClientSet)> =
            (0..45).map(|day| (counts.shape().day(day), counts.active(Cell::All, day))).collect();
        let mut today = LastSeen::before(counts.shape().first_day, CLIENTS);
        for day in 0..45usize {
            today.next(active[day].0, active[day].1).unwrap();
            let rebuilt = LastSeen::rebuilt(CLIENTS, &active[..=day]).unwrap();
            prop_assert_eq!(Some(&today), rebuilt.as_ref());
            let raw = (0..CLIENTS).map(|client| {
                let ago = |row: &&Row| row.0 == client && row.1 as usize <= day && day - row.1 as usize <= 27;
                rows.iter().filter(ago).fold(0, |bits, row| bits | 1 << (day - row.1 as usize))
            });
            prop_assert_eq!(&today.patterns, &Patterns::of(raw.collect()).unwrap());
        }
    }

    #[test]
    fn a_loss_of_pings_loses_clients_as_is_predicted(seed in 1u64..1_000, mean in 1u32..4) {
        // Each of 20,000 clients sends 1 to `mean` pings, and one in five is lost.
        let mut state = seed;
        let mut chance = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let (all, loss) = (20_000u32, 0.2);
        let mut by_pings = vec![0u64; mean as usize + 1];
        let mut lost = 0;
        for _ in 0..all {
            let pings = 1 + (chance() * f64::from(mean)) as usize;
            by_pings[pings] += 1;
            lost += u32::from((0..pings).filter(|_| chance() < loss).count() == pings);
        }
        let (seen, predicted) = (-f64::from(lost) / f64::from(all), predict::clients(&by_pings, loss).unwrap());
        let deviation = (-predicted * (1.0 + predicted) / f64::from(all)).sqrt();
        prop_assert!((seen - predicted).abs() < 6.0 * deviation, "{} {}", seen, predicted);
    }

    #[test]
    fn the_closed_form_for_poisson_numbers_is_the_sum_over_them(mean in 0.1f64..8.0, loss in 0.0f64..1.0) {
        let mut weight = (-mean).exp();
        let (mut lost, mut active) = (0.0, 0.0);
        for pings in 1..200u32 {
            weight *= mean / f64::from(pings);
            active += weight;
            lost += weight * predict::lost_whole(pings, loss);
        }
        prop_assert!((predict::clients_of_poisson(mean, loss) + lost / active).abs() < 1e-9);
    }
}

#[test]
fn days_with_a_gap_are_an_error() {
    let first: Day = "2026-01-01".parse().unwrap();
    let (none, mut today) = (ClientSet::default(), LastSeen::before(first, 3));
    today.next(first, &none).unwrap();
    let gap = today.next(first.plus(2), &none).unwrap_err();
    assert_eq!(gap.to_string(), "days have a gap: after 2026-01-01 found 2026-01-03; allowed is 2026-01-02");
    assert!(LastSeen::rebuilt(3, &[(first, &none), (first.plus(2), &none)]).is_err());
}

/// Every client sends of every kind on every day, and every step.
fn busy(days: u32) -> Vec<Row> {
    let of_day =
        |day| (0..CLIENTS).flat_map(move |client| (0..4).map(move |kind| (client, day, kind, kind % 3)));
    // New profiles are those of the first day's pings of that kind.
    (0..days).flat_map(of_day).collect()
}

#[test]
fn a_table_that_lacks_a_client_is_noticed_by_every_number_of_clients() {
    let rows = busy(30);
    let truth = filled(30, &rows);
    let liar = filled(30, &rows.iter().filter(|row| row.0 != 7).copied().collect::<Vec<_>>());
    let against = Comparison::new(&truth, &liar).unwrap();
    for number in [Number::Pings, Number::Sessions, Number::Crashes, Number::Dau, Number::Wau, Number::Mau] {
        let error = against.series(number, Cell::All).whole().unwrap().error().unwrap();
        assert!((error.relative + 1.0 / f64::from(CLIENTS)).abs() < 1e-12, "{number:?}: {error:?}");
        let cell = Cell::Of { dimension: 0, value: 1 };
        assert_eq!(against.worst_cell(number).unwrap().0, cell, "{number:?}");
    }
    let new = against.of_day(Number::NewProfiles, 0, Cell::All).unwrap();
    assert_eq!((new.count.missing, new.count.extra), (1, 0));
    let kept = against.of_day(Number::Retention(1), 13, Cell::All).unwrap();
    assert_eq!((kept.count.missing, kept.of.missing), (1, 1));
}

#[test]
fn a_day_that_is_doubled_is_noticed_by_every_count_of_pings_and_by_no_number_of_clients() {
    let rows = busy(30);
    let truth = filled(30, &rows);
    let mut liar = truth.clone();
    rows.iter().filter(|row| row.1 == 12).for_each(|row| add(&mut liar, row, true));
    let against = Comparison::new(&truth, &liar).unwrap();
    for number in numbers(truth.shape()) {
        let worst = against.series(number, Cell::All).worst_day().map(|(day, error)| (day, error.relative));
        let counts = [Number::Pings, Number::Sessions, Number::Crashes, Number::CrashRate];
        assert_eq!(worst, counts.contains(&number).then_some((12, 1.0)), "{number:?}");
        let once = Visible { days: 1, is_cut_off: false };
        assert_eq!(against.series(number, Cell::All).visible(), worst.map(|_| once), "{number:?}");
    }
    let nightly = Comparison::new(&truth, &truth).unwrap();
    let said = sentence(whole(&against), Some(whole(&nightly)));
    assert_eq!(
        said,
        "adds 3.3 % to ping counts until the nightly job has run, 0 % after, on the worst day 100 % too many; \
         monthly users are right"
    );
}

#[test]
fn a_step_that_is_retried_more_bends_the_funnel() {
    let rows = busy(2);
    let truth = filled(2, &rows);
    let mut liar = truth.clone();
    rows.iter().filter(|row| row.3 == 1).for_each(|row| add(&mut liar, row, true));
    let against = Comparison::new(&truth, &liar).unwrap();
    let relative =
        |step| against.series(Number::Step(step), Cell::All).whole().unwrap().error().unwrap().relative;
    assert_eq!((relative(1), relative(2)), (1.0, -0.5));
    assert!((predict::quotient(0.0, 1.0) - relative(2)).abs() < 1e-12);
}

#[test]
fn tables_of_different_shapes_are_not_compared() {
    assert_eq!(Comparison::new(&filled(2, &[]), &filled(3, &[])).unwrap_err(), Unlike);
    assert_eq!(filled(2, &[]).merge(&filled(3, &[])), Err(Unlike));
}
