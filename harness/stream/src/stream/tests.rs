//! The stream as a whole, against a slow account kept beside it.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroU32;
use std::time::Duration;

use dedup_strategies::PingKey;
use proptest::prelude::*;
use xxhash_rust::xxh3::Xxh3;

use super::*;
use crate::scenario::{self, Lag, Scenario, ScenarioError};

fn read(body: &str) -> Result<Scenario, ScenarioError> {
    Scenario::from_toml("test.toml", &format!("about = 'a test'\nwindow = '10m'\n{body}"))
}

fn scenario(body: &str) -> Scenario {
    read(body).unwrap_or_else(|error| panic!("{error}\n{body}"))
}

fn all(scenario: &Scenario, seed: u64) -> Vec<Event> {
    let mut events = Vec::new();
    scenario.stream(seed).fill(usize::MAX, &mut events).unwrap();
    events
}

const STEADY: &str = "duration = '1000s'\narrival = { process = 'constant', rate = 20 }\n";

fn minutes(event: &Event) -> f64 {
    event.at.since(event.origin.first_at).as_secs_f64() / 60.0
}

fn copies(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|event| event.origin.cause != CauseId::FIRST)
}

/// The numbers of a source's uniques, in the order in which they first came.
fn renumbered(events: impl Iterator<Item = Event>) -> Vec<Event> {
    let mut numbers = HashMap::new();
    let numbered = events.map(|event| {
        let next = numbers.len() as u64;
        let unique = *numbers.entry(event.origin.unique).or_insert(next);
        Event { origin: Origin { unique, ..event.origin }, ..event }
    });
    numbered.collect()
}

#[test]
fn what_is_left_of_a_thinned_stream_is_a_part_of_it_with_its_times_and_its_truth() {
    for name in ["quick", "clone", "bad-id", "hot-key", "replay"] {
        let whole = scenario::find(name).unwrap().remove(0);
        let thinned = whole.thinned(20).unwrap();
        assert_eq!(thinned.name, format!("{name}:thin=20"));
        assert_ne!(thinned.digest(), whole.digest(), "{name}");
        assert_eq!(
            (thinned.window, thinned.virtual_length()),
            (whole.window, whole.virtual_length()),
            "{name}"
        );
        let (all, left) = (all(&whole, 3), all_of(&thinned, 3));
        let key = |event: &Event| match event.id {
            Id::Key(key) => Some(key),
            Id::Missing | Id::Invalid(_) => None,
        };
        let keys: std::collections::HashSet<PingKey> = left.iter().filter_map(key).collect();
        let of_keys = |events: &[Event]| {
            let some = events.iter().filter(|event| key(event).is_some_and(|key| keys.contains(&key)));
            renumbered(some.copied())
        };
        assert!(
            of_keys(&all) == of_keys(&left),
            "{name}: every copy of a key that is left is there, and no other"
        );
        let is_numbered = renumbered(left.iter().copied()) == left;
        assert!(is_numbered, "{name}: uniques are numbered as they come, without a gap");
        let expected = thinned.expected_pings() as f64;
        let share = left.len() as f64 / expected;
        // Of a few hot keys chance leaves some or others.
        let range = if name == "hot-key" { 0.3..3.0 } else { 0.9..1.1 };
        assert!(range.contains(&share), "{name}: {} pings, expected {expected}", left.len());
    }
}

#[test]
fn one_key_in_one_is_the_same_stream_and_others_are_refused() {
    let whole = scenario("thin = 1\nduration = '100s'\narrival = { process = 'constant', rate = 20 }\n");
    assert_eq!(whole.shape.thin, None);
    assert_eq!(whole.thinned(1).unwrap(), whole);
    for wrong in ["0", "-1", "1.5", "'ten'"] {
        let error = read(&format!("thin = {wrong}\n{STEADY}")).unwrap_err().to_string();
        assert!(error.contains("thin") && error.contains("a whole number from 1"), "{error}");
    }
}

/// All of a source that gives a part at a time.
fn all_of(scenario: &Scenario, seed: u64) -> Vec<Event> {
    let (mut stream, mut events) = (scenario.stream(seed), Vec::new());
    loop {
        let before = events.len();
        stream.fill(usize::MAX, &mut events).unwrap();
        if events.len() == before {
            return events;
        }
    }
}

/// What must hold of any stream.
fn check_truth(scenario: &Scenario, events: &[Event], seed: u64) {
    let ends_by_time = matches!(scenario.shape.length, scenario::Length::Duration(_));
    let keys = scenario.stream(seed).keys();
    let mut seen: Vec<Event> = Vec::new();
    let mut last_of: HashMap<u64, Event> = HashMap::new();
    let mut owner: HashMap<PingKey, u64> = HashMap::new();
    let mut now = scenario.start();
    for event in events {
        assert!(event.at >= now, "time goes back at {event:?}");
        now = event.at;
        let origin = event.origin;
        if origin.cause == CauseId::FIRST {
            assert_eq!(origin.unique, seen.len() as u64, "uniques are numbered as they come");
            assert_eq!(origin.first_at, event.at);
            seen.push(*event);
            if let Id::Key(key) = event.id {
                assert_eq!(origin.shares_key, owner.contains_key(&key), "{event:?}");
                let number = *owner.entry(key).or_insert(origin.unique);
                assert_eq!(keys.number(key), Some(number), "a key leads back to its first owner");
            }
        } else {
            let first = seen[origin.unique as usize];
            assert_eq!(
                (first.id, first.at),
                (event.id, origin.first_at),
                "a copy carries what its first carried"
            );
            let before = last_of[&origin.unique];
            assert!(before.origin.more_to_come, "a copy came although {before:?} was said to be the last");
        }
        last_of.insert(origin.unique, *event);
    }
    match scenario.shape.length {
        scenario::Length::Pings(pings) => assert_eq!(events.len() as u64, pings),
        scenario::Length::Duration(length) => assert!(now < scenario.start().plus(length)),
    }
    if ends_by_time {
        let unfinished = last_of.values().filter(|event| event.origin.more_to_come).count();
        assert_eq!(unfinished, 0, "copies were announced that never came");
    }
}

fn length() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..600).prop_map(|s| format!("duration = '{s}s'")),
        (1u32..3000).prop_map(|n| format!("pings = {n}")),
    ]
}

fn arrival() -> impl Strategy<Value = String> {
    let process = prop_oneof![
        Just("process = 'constant'".to_string()),
        Just("process = 'poisson'".to_string()),
        (0.1..1.0).prop_map(|a| format!("process = 'daily', amplitude = {a:.3}, peak = '14h'")),
        (2u32..100, 1u32..100).prop_map(|(every, burst)| {
            format!("process = 'bursts', burst_rate = {burst}, every = '{every}s', for = '{}ms'", every * 300)
        }),
    ];
    let ramp = prop_oneof![
        Just(String::new()),
        (1u32..40).prop_map(|f| format!(", ramp = {{ factor = 0.{f}, between = ['10s', '70s'] }}")),
        Just(", ramp = { factor = 7, between = ['0s', '50s'] }".to_string()),
    ];
    (process, 1u32..12, ramp)
        .prop_map(|(process, rate, ramp)| format!("arrival = {{ {process}, rate = {rate}{ramp} }}"))
}

fn repeat() -> impl Strategy<Value = String> {
    let pick = prop_oneof![
        (1u32..=100).prop_map(|percent| format!("share = {}", f64::from(percent) / 100.0)),
        (1u32..20).prop_map(|ids| format!("ids = {ids}")),
    ];
    let copies = prop_oneof![
        (1u32..5).prop_map(|copies| copies.to_string()),
        Just("{ 1 = 5, 3 = 2, 20 = 1 }".to_string()),
        Just("{ mean = 3.5 }".to_string()),
    ];
    let lag = prop_oneof![
        Just("lag.fixed = '0s'"),
        Just("lag.fixed = '7s'\nfrom = 'previous'"),
        Just("lag.uniform = ['0s', '90s']"),
        Just("lag.exponential = '20s'\nfrom = 'previous'"),
        Just("lag.lognormal = { median = '5s', sigma = 2 }"),
        Just("lag.cdf = [['1s', 0.3], ['5m', 0.9], ['1h', 1.0]]"),
        Just("lag.backoff = { first = '1s', factor = 2, max = '60s' }"),
    ];
    let rest = prop_oneof![
        Just(""),
        Just("between = ['30s', '60s']"),
        Just("event_time = 'fresh'"),
        Just("identity = 'distinct'"),
    ];
    (pick, copies, lag, rest).prop_map(|(pick, copies, lag, rest)| {
        format!("[[repeat]]\n{pick}\ncopies = {copies}\n{lag}\n{rest}\n")
    })
}

fn any_scenario() -> impl Strategy<Value = String> {
    let extras = prop_oneof![
        Just(""),
        Just("bad_id = { missing = 0.1, not_an_id = 0.2, short = 0.1 }"),
        Just("event_time = { skew = { exponential = '20s' } }"),
    ];
    (length(), arrival(), extras, prop::collection::vec(repeat(), 0..4))
        .prop_map(|(length, arrival, extras, repeats)| {
            let repeats: String = repeats
                .iter()
                .enumerate()
                .map(|(i, repeat)| {
                    repeat.replacen("[[repeat]]", &format!("[[repeat]]\ncause = 'cause {i}'"), 1)
                })
                .collect();
            format!("{length}\n{arrival}\n{extras}\n{repeats}")
        })
        .prop_filter("a cause whose copies all come too late is refused", |body| {
            read(body).map_or_else(|error| !error.to_string().contains("before the stream ends"), |_| true)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_truth_of_any_stream_is_the_truth(body in any_scenario(), seed: u64) {
        let scenario = scenario(&body);
        check_truth(&scenario, &all(&scenario, seed), seed);
    }

    #[test]
    fn a_stream_does_not_depend_on_how_it_is_fetched(body in any_scenario(), limits in prop::collection::vec(1usize..200, 1..9)) {
        let scenario = scenario(&body);
        let mut stream = scenario.stream(1);
        let mut events = Vec::new();
        for limit in limits.iter().cycle() {
            let before = events.len();
            stream.fill(*limit, &mut events).unwrap();
            prop_assert!(events.len() - before <= *limit);
            if events.len() == before {
                break;
            }
        }
        prop_assert_eq!(events, all(&scenario, 1));
    }
}

#[test]
fn another_seed_gives_other_pings_and_the_same_seed_the_same() {
    let scenario = scenario(
        "pings = 1000\narrival = { process = 'poisson', rate = 10 }\n[[repeat]]\ncause='c'\nshare=0.5\nlag.exponential='1s'",
    );
    assert_eq!(all(&scenario, 5), all(&scenario, 5));
    assert_ne!(all(&scenario, 5), all(&scenario, 6));
}

#[test]
fn a_further_cause_changes_nothing_for_the_others() {
    let one = "[[repeat]]\ncause = 'one'\nshare = 0.2\ncopies = { mean = 2 }\nlag.exponential = '30s'\n";
    let two = "[[repeat]]\ncause = 'two'\nshare = 0.3\nlag.uniform = ['1s', '9s']\n";
    let of_one = |body: String| -> Vec<_> {
        let events = all(&scenario(&body), 3);
        events.iter().filter(|e| e.origin.cause == CauseId(1)).map(|e| (e.at, e.origin.unique)).collect()
    };
    let alone = of_one(format!("{STEADY}{one}"));
    assert!(alone.len() > 1000);
    assert_eq!(alone, of_one(format!("{STEADY}{one}{two}")));
}

#[test]
fn shares_and_copies_are_as_asked_for() {
    let scenario = scenario(
        "duration = '20000s'\narrival = { process = 'constant', rate = 10 }\n\
         [[repeat]]\ncause = 'c'\nshare = 0.05\ncopies = { 1 = 3, 4 = 1 }\nlag.fixed = '0s'",
    );
    let events = all(&scenario, 2);
    let mut of_unique: HashMap<u64, u32> = HashMap::new();
    copies(&events).for_each(|copy| *of_unique.entry(copy.origin.unique).or_default() += 1);
    let (picked, n) = (of_unique.len() as f64, 200_000.0);
    assert!((picked - n * 0.05).abs() < 4.0 * (n * 0.05 * 0.95f64).sqrt(), "{picked} picked");
    let four = of_unique.values().filter(|copies| **copies == 4).count() as f64;
    assert!(of_unique.values().all(|copies| [1, 4].contains(copies)));
    assert!(
        (four - picked * 0.25).abs() < 4.0 * (picked * 0.25 * 0.75).sqrt(),
        "{four} of {picked} four times"
    );
}

#[test]
fn delays_follow_the_measured_distribution_whether_copies_come_alone_or_together() {
    let points = [(10.0, 0.33), (60.0, 0.5), (120.0, 1.0)];
    for (copies_each, share) in [(1, 0.5), (5, 0.1)] {
        let scenario = scenario(&format!(
            "duration = '10h'\narrival = {{ process = 'constant', rate = 4 }}\n[[repeat]]\ncause = 'c'\nshare = {share}\n\
             copies = {copies_each}\nbetween = ['0s', '7h']\nlag.cdf = [['10m', 0.33], ['1h', 0.5], ['2h', 1.0]]",
        ));
        let lags: Vec<f64> = copies(&all(&scenario, 4)).map(minutes).collect();
        let n = lags.len() as f64;
        assert!(n > 40_000.0);
        for (limit, expected) in points {
            let seen = lags.iter().filter(|lag| **lag <= limit).count() as f64 / n;
            // Five standard deviations; at the last point there is none.
            let tolerance = 5.0 * (expected * (1.0 - expected) / n).sqrt();
            assert!((seen - expected).abs() <= tolerance, "{seen} within {limit} min, {expected} expected");
        }
    }
}

#[test]
fn a_cause_with_a_condition_repeats_its_share_of_the_pings_that_meet_it_and_no_other() {
    let clients = "[clients]\ncount = 500\nactive = 0.6\ntypes = { main = 0.8, crash = 0.2 }\n\
                   dimensions.country = { DE = 0.3, US = 0.7 }\n";
    let cause = "[[repeat]]\ncause = 'c'\nshare = 0.2\nlag.fixed = '1s'\n";
    let only = scenario(&format!("{STEADY}{clients}{cause}only = {{ type = 'crash', country = 'DE' }}"));
    let all_of_them = scenario(&format!("{STEADY}{cause}"));
    let senders = only.clients(3).unwrap();
    let events = all(&only, 3);
    let meets = |event: &Event| {
        let sender = senders.sender(event.id.key(), event.origin.first_at);
        senders.type_of(&sender) == "crash"
            && senders.values_of(&sender).any(|pair| pair == ("country", "DE"))
    };
    let firsts = events.iter().filter(|event| event.origin.cause == CauseId::FIRST);
    let meeting = firsts.filter(|event| meets(event)).count() as f64;
    let repeated = copies(&events).count() as f64;
    assert!(meeting > 500.0 && copies(&events).all(meets));
    assert!((repeated - meeting * 0.2).abs() < 5.0 * (meeting * 0.2 * 0.8).sqrt(), "{repeated} of {meeting}");
    // First arrivals are as they are without clients.
    let first = |scenario: &Scenario| -> Vec<_> {
        let of = all(scenario, 3).into_iter().filter(|event| event.origin.cause == CauseId::FIRST);
        of.map(|event| (event.at, event.id)).collect()
    };
    assert_eq!(first(&only), first(&all_of_them));
}

#[test]
fn thinning_and_shares_of_keys_leave_every_ping_its_client() {
    let body = format!("{STEADY}[clients]\ncount = 500\nactive = 0.6\n");
    let whole = scenario(&body);
    let clients = whole.clients(1).unwrap();
    let of = |event: &Event| (event.id, clients.sender(event.id.key(), event.origin.first_at).client);
    let senders: HashMap<_, _> =
        all(&whole, 1).iter().map(&of).map(|(id, client)| (format!("{id:?}"), client)).collect();
    let thinned = whole.thinned(5).unwrap();
    let left = all(&thinned, 1);
    assert!(left.len() > 100 && left.len() < senders.len() / 3);
    assert!(left.iter().map(of).all(|(id, client)| senders[&format!("{id:?}")] == client));
}

#[test]
fn lags_are_counted_from_the_first_or_from_the_previous_copy() {
    let lags = |from: &str| -> Vec<u64> {
        let scenario = scenario(&format!(
            "{STEADY}[[repeat]]\ncause = 'c'\nids = 1\ncopies = 4\nlag.fixed = '9s'\nfrom = '{from}'"
        ));
        copies(&all(&scenario, 1)).map(|copy| copy.at.since(copy.origin.first_at).as_secs()).collect()
    };
    assert_eq!(lags("first"), [9, 9, 9, 9]);
    assert_eq!(lags("previous"), [9, 18, 27, 36]);
}

#[test]
fn a_backoff_waits_longer_each_time() {
    let scenario = scenario(&format!(
        "{STEADY}[[repeat]]\ncause = 'c'\nids = 1\ncopies = 6\nlag.backoff = {{ first = '1s', factor = 3, max = '20s' }}"
    ));
    let at: Vec<_> =
        copies(&all(&scenario, 1)).map(|copy| copy.at.since(copy.origin.first_at).as_secs()).collect();
    assert_eq!(at, [1, 4, 13, 33, 53, 73]);
}

#[test]
fn only_pings_that_first_arrive_in_the_stretch_are_repeated() {
    let scenario = scenario(&format!(
        "{STEADY}[[repeat]]\ncause = 'replay'\nshare = 1\nbetween = ['100s', '250s']\nlag.fixed = '60s'"
    ));
    let events = all(&scenario, 1);
    let firsts: Vec<_> = copies(&events).map(|copy| copy.origin.first_at.since(scenario.start())).collect();
    assert_eq!(firsts.len(), 20 * 150);
    assert_eq!(firsts.first(), Some(&Duration::from_secs(100)));
    assert!(firsts.iter().all(|at| *at < Duration::from_secs(250)));
}

#[test]
fn hot_keys_are_the_first_of_the_stretch_and_cost_one_entry_each() {
    let scenario = scenario(&format!(
        "{STEADY}[[repeat]]\ncause = 'hot'\nids = 15\ncopies = 100_000\nlag.exponential = '30ms'\nfrom = 'previous'"
    ));
    let mut stream = scenario.stream(1);
    let mut events = Vec::new();
    loop {
        let before = events.len();
        stream.fill(10_000, &mut events).unwrap();
        assert!(stream.pending_pings() <= 15);
        if events.len() == before {
            break;
        }
    }
    assert!(copies(&events).all(|copy| copy.origin.unique < 15));
    assert!(copies(&events).count() > 15 * 30_000);
}

#[test]
fn nothing_is_kept_for_copies_that_would_come_after_the_end() {
    for length in ["duration = '100s'", "pings = 1000"] {
        let mut scenario = scenario(&format!(
            "{length}\narrival = {{ process = 'constant', rate = 10 }}\n[[repeat]]\ncause = 'c'\nshare = 1\nlag.uniform = ['1s', '1h']"
        ));
        // In a file this is refused: next to no copy comes in time.
        scenario.shape.repeats[0].lag = Lag::Uniform { min_ns: 99.9e9, max_ns: 3600e9 };
        let mut stream = scenario.stream(1);
        let mut events = Vec::new();
        stream.fill(usize::MAX, &mut events).unwrap();
        assert_eq!((events.len(), stream.pending_pings()), (1000, 0));
        assert!(events.iter().all(|event| !event.origin.more_to_come));
    }
}

#[test]
fn distinct_pings_that_share_a_key_are_uniques_of_their_own() {
    let scenario = scenario(&format!(
        "{STEADY}[[repeat]]\ncause = 'clone'\nidentity = 'distinct'\nevent_time = 'fresh'\nshare = 0.1\nlag.fixed = '5s'"
    ));
    let events = all(&scenario, 1);
    check_truth(&scenario, &events, 1);
    let clones: Vec<_> = events.iter().filter(|event| event.origin.shares_key).collect();
    assert!(clones.len() > 1000);
    assert!(clones.iter().all(|clone| clone.event_time == clone.at && !clone.origin.more_to_come));
    assert_eq!(copies(&events).count(), 0, "a clone is no copy");
}

#[test]
fn a_copy_keeps_its_event_time_unless_it_is_a_fresh_one() {
    for (event_time, same) in [("same", true), ("fresh", false)] {
        let scenario = scenario(&format!(
            "{STEADY}event_time = {{ skew = {{ uniform = ['1s', '30s'] }} }}\n\
             [[repeat]]\ncause = 'c'\nshare = 0.1\nlag.fixed = '5s'\nevent_time = '{event_time}'"
        ));
        let events = all(&scenario, 1);
        let delays = events.iter().filter(|event| event.origin.cause == CauseId::FIRST);
        assert!(
            delays
                .map(|event| event.at.since(event.event_time).as_secs_f64())
                .all(|s| (1.0..=30.0).contains(&s))
        );
        let first: HashMap<u64, Event> =
            events.iter().rev().map(|event| (event.origin.unique, *event)).collect();
        assert!(copies(&events).count() > 1000);
        assert_eq!(
            copies(&events).all(|copy| first[&copy.origin.unique].event_time == copy.event_time),
            same
        );
    }
}

#[test]
fn broken_ids_come_in_their_shares() {
    let scenario = scenario(&format!("{STEADY}bad_id = {{ missing = 0.1, not_an_id = 0.05, short = 0.02 }}"));
    let events = all(&scenario, 1);
    let n = events.len() as f64;
    for (id, share) in [
        (Id::Missing, 0.1f64),
        (Id::Invalid(InvalidId::NotAnId), 0.05),
        (Id::Invalid(InvalidId::Short), 0.02),
    ] {
        let seen = events.iter().filter(|event| event.id == id).count() as f64;
        assert!((seen - n * share).abs() < 4.0 * (n * share * (1.0 - share)).sqrt(), "{id:?}: {seen} of {n}");
    }
}

/// Digest of the first events of a stream, from every field of each.
fn digest(scenario: &Scenario, count: usize) -> String {
    let mut events = Vec::new();
    scenario.stream(1).fill(count, &mut events).unwrap();
    let mut hasher = Xxh3::new();
    for event in &events {
        let origin = event.origin;
        for number in [event.at, event.event_time, origin.first_at] {
            hasher.update(&number.as_nanos().to_le_bytes());
        }
        hasher.update(&origin.unique.to_le_bytes());
        hasher.update(&[origin.cause.0, origin.more_to_come.into(), origin.shares_key.into()]);
        match event.id {
            Id::Key(key) => hasher.update(&key.0),
            other => hasher.update(format!("{other:?}").as_bytes()),
        }
    }
    format!("{:032x}", hasher.digest128())
}

#[test]
fn the_pings_of_every_scenario_are_the_same_in_every_version() {
    const COUNT: usize = 100_000;
    let lines: Vec<_> = scenario::embedded()
        .map(|(name, text)| {
            let scenario = Scenario::from_toml(name, text).unwrap();
            format!("{name}: {} {}", scenario.digest(), digest(&scenario, COUNT))
        })
        .collect();
    insta::assert_snapshot!("digests", lines.join("\n"));
}

#[test]
fn every_scenario_brings_about_as_many_pings_as_it_expects() {
    for name in ["quick", "hot-key", "metronome", "backoff-tail", "mozilla-client-retry"] {
        let scenario = scenario::find(name).unwrap().remove(0);
        let mut stream = scenario.stream(1);
        let (mut count, mut last, mut events) = (0u64, scenario.start(), Vec::new());
        loop {
            events.clear();
            stream.fill(4096, &mut events).unwrap();
            let Some(event) = events.last() else { break };
            (count, last) = (count + events.len() as u64, event.at);
        }
        let near = |seen: f64, expected: f64| (seen / expected - 1.0).abs() < 0.05;
        assert!(near(count as f64, scenario.expected_pings() as f64), "{name}: {count} pings");
        let length = last.since(scenario.start());
        assert!(near(length.as_secs_f64(), scenario.virtual_length().as_secs_f64()), "{name}: {length:?}");
    }
}

/// A stream with everything that is drawn in the order of arrival: several copies, copies of their own identity, event times
/// of their own, ids that are broken; by time or by count.
fn tangled(length: &str) -> Scenario {
    let text = format!(
        r#"
about = "for a test"
window = "10m"
{length}
[arrival]
process = "poisson"
rate = "100/s"
[event_time]
skew.uniform = ["0s", "5s"]
[bad_id]
missing = 0.02
not_an_id = 0.01
[[repeat]]
cause = "several"
share = 0.1
copies = 3
from = "previous"
lag.exponential = "20s"
[[repeat]]
cause = "from the first"
share = 0.1
from = "first"
copies = 2
lag.exponential = "1m"
[[repeat]]
cause = "once"
share = 0.1
lag.uniform = ["1s", "2m"]
[[repeat]]
cause = "clone"
share = 0.05
identity = "distinct"
event_time = "fresh"
lag.uniform = ["1s", "1m"]
"#
    );
    Scenario::from_toml("tangled.toml", &text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_shares_of_a_stream_are_the_stream_and_number_their_own_pings() {
    let even = Scenario::from_toml(
        "even.toml",
        "about = 'for a test'\nwindow = '1m'\npings = 20_000\n[arrival]\nprocess = 'constant'\nrate = '100/s'\n[[repeat]]\ncause = 'c'\nshare = 0.2\nlag.uniform = ['1s', '2m']",
    );
    for scenario in [tangled("duration = '5m'"), tangled("pings = 20_000"), even.unwrap()] {
        let whole = all_events(scenario.stream(7));
        for of in [2, 3, 16] {
            let of = NonZeroU32::new(of).unwrap();
            let shares = (0..of.get()).map(|index| KeyShare::new(index, of).unwrap());
            let mut found: Vec<(Event, u32)> = Vec::new();
            for share in shares {
                let events = all_events(scenario.stream_of(7, share));
                assert!(events.is_sorted_by_key(|event| event.at));
                // Dense, and in the order of first arrival.
                let mut known = 0;
                for event in &events {
                    assert!(event.origin.unique <= known);
                    known += u64::from(event.origin.unique == known);
                }
                found.extend(events.into_iter().map(|event| (event, share.index())));
            }
            let order = |event: &Event| {
                (event.at, format!("{:?}", event.id), event.origin.cause, event.origin.first_at)
            };
            found.sort_by_key(|(event, _)| order(event));
            let mut expected = whole.clone();
            expected.sort_by_key(order);
            assert_eq!(found.len(), expected.len());
            let mut numbers: BTreeMap<(u32, u64), u64> = BTreeMap::new();
            for ((event, share), expected) in found.iter().zip(&expected) {
                let number = *numbers.entry((*share, event.origin.unique)).or_insert(expected.origin.unique);
                let origin = Origin { unique: number, ..event.origin };
                assert_eq!(Event { origin, ..*event }, *expected);
            }
        }
    }
}

fn all_events(mut stream: Stream) -> Vec<Event> {
    let mut events = Vec::new();
    loop {
        let before = events.len();
        stream.fill(37, &mut events).unwrap();
        if events.len() == before {
            return events;
        }
    }
}
