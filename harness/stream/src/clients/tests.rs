use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;

use dedup_strategies::{PingKey, Timestamp};
use proptest::prelude::*;

use super::*;

const DAY_S: u64 = 86_400;
/// A Thursday.
const START_S: u64 = 1_767_225_600;
const START: Timestamp = Timestamp::from_secs(START_S);

fn spec() -> ClientsSpec {
    let shares = |names: &[(&'static str, f64)]| Shares::weighted(names.iter().copied());
    ClientsSpec {
        funnel: Vec::new(),
        lost: Vec::new(),
        count: NonZeroU64::new(3000).unwrap(),
        new_a_day: 100,
        lifetime_days: Some(20.0),
        active: [0.9, 0.8, 0.7, 0.6, 0.5, 0.2, 0.3],
        sessions: 2.5,
        heavy: Some(Heavy { share: 0.1, pings: 0.5 }),
        wrong_clock: Some(WrongClock { share: 0.05, by_ns: 3_600_000_000_000 }),
        shared: 0.1,
        types: shares(&[("crash", 1.0), ("main", 9.0)]),
        first_day: vec![("new-profile".to_string(), 0.25)],
        dimensions: vec![Dimension {
            name: "country".to_string(),
            values: shares(&[("DE", 1.0), ("IN", 3.0), ("US", 6.0)]),
        }],
    }
}

fn clients() -> Clients {
    Clients::new(&spec(), START, 30, 1)
}

/// Pings of a month, a hundred a client.
fn pings() -> impl Iterator<Item = (u64, Sender)> {
    let clients = clients();
    (0..300_000u64).map(move |number| {
        let at = START.plus(std::time::Duration::from_secs(number * 30 * DAY_S / 300_000));
        let day = at.since(START).as_secs() / DAY_S;
        (day, clients.sender(Some(PingKey(u128::from(number).to_le_bytes())), at))
    })
}

fn near(seen: f64, share: f64, of: f64) -> bool {
    (seen / of - share).abs() < 5.0 * (share * (1.0 - share) / of).sqrt()
}

#[test]
fn a_client_sends_only_while_it_lives_and_on_days_on_which_it_is_active() {
    let clients = clients();
    for (day, sender) in pings() {
        assert!(clients.lives(sender.client, day) && clients.is_active(sender.client, day));
        assert!(clients.born(sender.client).is_none_or(|born| born <= day));
    }
}

#[test]
fn bits_name_the_clients_that_hashes_name() {
    // The same clients without bits: there are none for days that were not announced.
    let survive_alike = ClientsSpec { lifetime_days: None, ..spec() };
    let (with, without) =
        (Clients::new(&survive_alike, START, 30, 1), Clients::new(&survive_alike, START, 0, 1));
    for number in 0..20_000u64 {
        let at = START.plus(std::time::Duration::from_secs(number * 30 * DAY_S / 20_000));
        let id = Some(PingKey(u128::from(number).to_le_bytes()));
        assert_eq!(with.sender(id, at), without.sender(id, at));
    }
}

#[test]
fn clients_are_active_on_the_declared_share_of_each_weekday() {
    let clients = clients();
    for (day, share) in [(0, 0.6), (1, 0.5), (2, 0.2), (3, 0.3), (4, 0.9), (5, 0.8), (6, 0.7), (7, 0.6)] {
        let active = (0..100_000).filter(|client| clients.is_active(*client, day)).count();
        assert!(near(active as f64, share, 1e5), "{active} on day {day}");
    }
}

#[test]
fn clients_live_as_long_as_declared_and_begin_on_the_day_that_is_theirs() {
    let clients = clients();
    let lives = |day| (0..100_000).filter(|client| *client < 3000 && clients.lives(*client, day)).count();
    assert_eq!(lives(0), 3000);
    assert!(near(lives(20) as f64, (-1f64).exp(), 3000.0), "{} after a mean life", lives(20));
    assert_eq!((clients.born(2999), clients.born(3000), clients.born(3100)), (None, Some(0), Some(1)));
    assert!(!clients.lives(3100, 0) && clients.lives(3100, 1));
    let for_ever = Clients::new(&ClientsSpec { lifetime_days: None, ..spec() }, START, 30, 1);
    assert!((0..3000).all(|client| for_ever.lives(client, 10_000)));
}

#[test]
fn values_types_and_heavy_clients_have_the_shares_that_were_declared() {
    let clients = clients();
    let mut by_client = BTreeMap::new();
    let mut kinds = [0u32; 3];
    for (day, sender) in pings() {
        assert_eq!(*by_client.entry(sender.client).or_insert(sender.values), sender.values);
        if clients.born(sender.client) == Some(day) {
            kinds[2] += u32::from(sender.kind == 2);
        } else {
            assert_ne!(sender.kind, 2, "a new profile that is not new");
            kinds[usize::from(sender.kind)] += 1;
        }
    }
    let number = by_client.len() as f64;
    for (value, share) in [(0, 0.1), (1, 0.3), (2, 0.6)] {
        let seen = by_client.values().filter(|values| values[0] == value).count();
        assert!(near(seen as f64, share, number), "{seen} of {number} have value {value}");
    }
    let later = f64::from(kinds[0] + kinds[1]);
    assert!(near(f64::from(kinds[0]), 0.1, later), "{kinds:?}");
    assert!(kinds[2] > 500, "{kinds:?}");
}

#[test]
fn heavy_clients_send_as_many_pings_more_as_declared() {
    let clients = clients();
    let (mut pings_of_day, mut heavy) = (BTreeMap::<u64, f64>::new(), 0.0);
    for (day, sender) in pings() {
        *pings_of_day.entry(day).or_default() += 1.0;
        heavy += f64::from(u32::from(clients.is_heavy(sender.client)));
    }
    // How many of a day's clients are heavy is by chance. Of those there are, each sends so many times as much as another that a
    // tenth of all sends half: 9 times. So a ping of the day is a heavy client's with the chance 9 h / (9 h + 1 - h).
    let (mut mean, mut variance) = (0.0, 0.0);
    for (day, of_day) in pings_of_day {
        let sends = |client: &u64| clients.lives(*client, day) && clients.is_active(*client, day);
        let active: Vec<u64> = (0..spec().clients_until(day)).filter(sends).collect();
        let share =
            active.iter().filter(|client| clients.is_heavy(**client)).count() as f64 / active.len() as f64;
        let chance = 9.0 * share / (9.0 * share + 1.0 - share);
        mean += of_day * chance;
        variance += of_day * chance * (1.0 - chance);
    }
    assert!((heavy - mean).abs() < 5.0 * variance.sqrt(), "{heavy} for {mean}, variance {variance}");
}

#[test]
fn some_clients_share_an_id_in_twos_and_some_clocks_are_wrong_always_by_the_same() {
    let mut ids: BTreeMap<u128, BTreeSet<u64>> = BTreeMap::new();
    let mut clocks = BTreeMap::new();
    for (_, sender) in pings() {
        ids.entry(sender.client_id).or_default().insert(sender.client);
        assert_eq!(*clocks.entry(sender.client).or_insert(sender.clock_ns), sender.clock_ns);
        assert!(sender.clock_ns.unsigned_abs() <= 3_600_000_000_000);
    }
    let shared = ids.values().filter(|clients| clients.len() == 2).count();
    assert!(ids.values().all(|clients| clients.len() <= 2));
    assert!((100..400).contains(&shared), "{shared} ids of {}", ids.len());
    let wrong = clocks.values().filter(|clock| **clock != 0).count() as f64;
    assert!(near(wrong, 0.05, clocks.len() as f64), "{wrong}");
}

#[test]
fn a_day_has_as_many_sessions_as_declared() {
    let clients = Clients::new(
        &ClientsSpec {
            count: NonZeroU64::MIN,
            new_a_day: 0,
            lifetime_days: None,
            active: [1.0; 7],
            ..spec()
        },
        START,
        30,
        1,
    );
    let mut sessions = 0;
    for day in 0..300u64 {
        let of_day: BTreeSet<u64> = (0..200)
            .map(|step| Timestamp::from_secs(START_S + day * DAY_S + step * DAY_S / 200))
            .map(|at| clients.sender(None, at).session)
            .collect();
        assert!((2..=3).contains(&of_day.len()));
        sessions += of_day.len();
    }
    assert!(near((sessions - 600) as f64, 0.5, 300.0), "{sessions}");
}

#[test]
fn what_pings_are_counted_by_is_what_their_sender_says() {
    let clients = clients();
    let mut sessions: BTreeMap<(u64, u64, u32), u64> = BTreeMap::new();
    for number in 0..50_000u64 {
        let at = START.plus(std::time::Duration::from_secs(number * 30 * DAY_S / 50_000));
        let id = (number % 7 > 0).then_some(PingKey(u128::from(number).to_le_bytes()));
        let (sender, counted) = (clients.sender(id, at), clients.counted(id, at));
        assert_eq!((counted.client, counted.kind), (sender.client, sender.kind));
        assert!(counted.session < clients.most_sessions());
        // A session of a client's day is one session.
        let day = at.since(START).as_secs() / DAY_S;
        let known = sessions.entry((day, counted.client, counted.session)).or_insert(sender.session);
        assert_eq!(*known, sender.session);
    }
    let distinct: BTreeSet<u64> = sessions.values().copied().collect();
    assert_eq!(distinct.len(), sessions.len());
}

#[test]
fn one_client_sends_all_even_on_days_on_which_it_would_not() {
    let alone = ClientsSpec {
        count: NonZeroU64::MIN,
        new_a_day: 0,
        lifetime_days: None,
        active: [0.01; 7],
        heavy: None,
        ..spec()
    };
    let clients = Clients::new(&alone, START, 30, 1);
    assert!((0..30).all(|day| clients.sender(None, Timestamp::from_secs(START_S + day * DAY_S)).client == 0));
}

#[test]
fn a_condition_is_met_by_those_that_have_all_of_it() {
    let clients = clients();
    let (_, sender) = pings().next().unwrap();
    let own = Condition { kind: Some(sender.kind), values: vec![(0, sender.values[0])], share: 1.0 };
    let other = Condition { values: vec![(0, sender.values[0] ^ 1)], ..own.clone() };
    let any = Condition { kind: None, values: Vec::new(), share: 1.0 };
    assert!(clients.meets(&sender, &any) && clients.meets(&sender, &own));
    assert!(!clients.meets(&sender, &other));
}

#[test]
fn pings_are_lost_by_who_sent_them_and_the_rest_is_as_without_losses() {
    let only = |values: Vec<(usize, u8)>, kind| Condition { kind, values, share: 1.0 };
    // A tenth of what IN sends, and half of its crashes: those of 3 of 10 clients.
    let lost = vec![
        Lost { share: 0.1, only: only(vec![(0, 1)], None) },
        Lost { share: 0.5, only: only(vec![(0, 1)], Some(0)) },
    ];
    let without = clients();
    let lossy = Clients::new(&ClientsSpec { lost, ..spec() }, START, 30, 1);
    let (mut of, mut gone) = ([[0.0; 2]; 2], [[0.0; 2]; 2]);
    for number in 0..200_000u64 {
        let at = START.plus(std::time::Duration::from_secs(number * 30 * DAY_S / 200_000));
        let id = Some(PingKey(u128::from(number).to_le_bytes()));
        let sender = lossy.sender(id, at);
        assert_eq!(sender, without.sender(id, at));
        assert!(!without.is_lost(id, at));
        let (is_in, is_crash) = (usize::from(sender.values[0] == 1), usize::from(sender.kind == 0));
        of[is_in][is_crash] += 1.0;
        gone[is_in][is_crash] += f64::from(u8::from(lossy.is_lost(id, at)));
    }
    assert_eq!(gone[0], [0.0; 2]);
    assert!(near(gone[1][0], 0.1, of[1][0]), "{gone:?} of {of:?}");
    assert!(near(gone[1][1], 0.55, of[1][1]), "{gone:?} of {of:?}");
    // Whatever the type, of which a tenth are crashes.
    assert_eq!(lossy.spec().chance_lost(&[0]), 0.0);
    assert!((lossy.spec().chance_lost(&[1]) - (1.0 - 0.9 * 0.95)).abs() < 1e-12);
}

proptest! {
    #[test]
    fn a_pings_sender_follows_from_its_id_its_time_and_the_seed(id: [u8; 16], second in 0u64..30 * DAY_S, seed: u64) {
        let at = Timestamp::from_secs(START_S + second);
        let of = |seed| Clients::new(&spec(), START, 30, seed).sender(Some(PingKey(id)), at);
        prop_assert_eq!(of(seed), of(seed));
        // The id that a client gives is another with another seed.
        prop_assert_ne!(of(seed).client_id, of(seed.wrapping_add(1)).client_id);
    }
}
