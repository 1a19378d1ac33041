//! Every embedded strategy of the list, put through every law.

mod common;
#[path = "example/two_sets.rs"]
pub mod two_sets;

use std::collections::BTreeSet;
use std::time::Duration;

use common::context;
// The example is written as a file of the package, which says `crate::contract` and `crate::structures`.
pub use dedup_strategies::{contract, structures};

use dedup_strategies::conformance::{LAWS, Subject, check_all};
use dedup_strategies::{
    Definition, DeliveryId, Hears, Needs, Outcome, Ping, PingKey, Role, STRATEGIES, Settled, Timestamp,
    Verdict, Worker,
};

/// Further settings to try, beside the defaults of the context.
const VARIANTS: &[(&str, &[(&str, &str)])] = &[
    ("exact", &[("room", "window"), ("window", "7s")]),
    ("lru", &[("capacity", "7"), ("window", "3ms")]),
    ("lru-exact", &[("capacity", "5"), ("window", "500d")]),
    ("bloom", &[("ids", "300"), ("rate", "0.2")]),
    ("bloom-rotating", &[("generations", "1"), ("ids", "500")]),
    ("bloom-rotating", &[("generations", "13"), ("window", "1h"), ("rate", "0.05")]),
    ("split-block", &[("generations", "1"), ("ids", "500")]),
    ("split-block", &[("generations", "15"), ("window", "1h"), ("rate", "0.05")]),
    ("apbf", &[("ids", "700"), ("rate", "0.1")]),
    ("apbf", &[("rate", "1e-9"), ("window", "3ms")]),
    ("apbf-time", &[("ids", "333"), ("rate", "0.05")]),
    ("apbf-time", &[("rate", "1e-7"), ("window", "500d")]),
    ("stable-bloom", &[("rate", "0.05"), ("missed", "0.3")]),
    ("bsbf", &[("rate", "0.1"), ("missed", "0.05"), ("ids", "800")]),
    ("rlbsbf", &[("rate", "0.1"), ("missed", "0.05"), ("ids", "800")]),
    ("cuckoo", &[("fingerprint", "16"), ("intervals", "7")]),
    ("cuckoo", &[("intervals", "250"), ("window", "25h"), ("ids", "100")]),
    ("exact-compact", &[("ids", "1"), ("window", "7s")]),
    ("fingerprint-64", &[("window", "3ms")]),
    ("bloom-verified", &[("ids", "10"), ("rate", "0.5"), ("sync", "none")]),
    ("window-batch", &[("window", "7s"), ("out_of_orderness", "0s"), ("lateness", "1m")]),
    ("window-batch", &[("window", "1h"), ("late", "pass")]),
];

/// Laws are about verdicts. What a store forces to the disk, and when, is put to the test in `mark_store.rs`; here it would
/// have to wait for the disk thousands of times.
const WITHOUT_SYNC: &[(&str, &str)] = &[("sync", "none")];

fn usual(definition: &Definition) -> &'static [(&'static str, &'static str)] {
    match definition.settings.iter().any(|def| def.name == "sync") {
        true => WITHOUT_SYNC,
        false => &[],
    }
}

fn embedded() -> impl Iterator<Item = &'static Definition> {
    STRATEGIES.iter().filter(|definition| definition.needs == Needs::Nothing)
}

fn broken_laws(definition: &Definition, settings: &[(&str, &str)]) -> BTreeSet<String> {
    let subject = Subject::new(definition, settings, &context);
    check_all(&subject).iter().map(ToString::to_string).collect()
}

#[test]
fn every_embedded_strategy_obeys_every_law() {
    for definition in embedded().filter(|definition| definition.role != Role::NegativeControl) {
        assert_eq!(broken_laws(definition, usual(definition)), BTreeSet::new());
    }
}

#[test]
fn the_example_of_the_guide_obeys_every_law() {
    assert_eq!(broken_laws(&two_sets::DEFINITION, &[]), BTreeSet::new());
}

#[test]
fn strategies_obey_the_laws_with_other_settings_too() {
    for (name, settings) in VARIANTS {
        let definition = embedded().find(|definition| definition.name == *name).expect("it is in the list");
        assert_eq!(broken_laws(definition, settings), BTreeSet::new(), "{name} with {settings:?}");
    }
}

#[test]
fn the_negative_control_breaks_what_it_promises_about_misses_and_obeys_the_rest() {
    let controls: Vec<_> = embedded().filter(|definition| definition.role == Role::NegativeControl).collect();
    assert!(!controls.is_empty());
    for definition in controls {
        let subject = Subject::new(definition, &[], &context);
        let broken: Vec<_> =
            LAWS.iter().filter(|law| law.check(&subject).is_err()).map(|law| law.name).collect();
        assert!(broken.contains(&"no more is missed inside the window than promised"), "{broken:?}");
        for law in ["no more is lost than promised", "the same seed gives the same verdicts"] {
            assert!(!broken.contains(&law), "{broken:?}");
        }
    }
}

/// The verdicts of a worker over copies that come soon, late and beyond the window, where every third delivery fails; it is
/// called only for what it `hears`.
fn verdicts(definition: &Definition, hears: impl Fn(&dyn Worker) -> Hears) -> Vec<Verdict> {
    let strategy = definition.open(usual(definition), &context(7, 1)).expect("its defaults can be built");
    let mut worker = strategy.worker(0).expect("nothing is away");
    let hears = hears(worker.as_ref());
    let (mut verdicts, mut released) = (Vec::new(), Vec::new());
    for at in 0..3_000 {
        // Every id comes six times: 40 s, 80 s and so on after the first, up to 200 s; one in eight once more after an hour.
        let number = at % 20 + at / 120 * 20 - if at % 160 >= 140 && at >= 1_900 { 20 * 15 } else { 0 };
        let now = Timestamp::ZERO.plus(Duration::from_secs(2 * at));
        let key = PingKey::from_u128(u128::from(number) << 64 | 1);
        let ping = Ping { key, event_time: now, arrival: now, delivery: DeliveryId(at) };
        let before = verdicts.len();
        worker.judge(&[ping], now, &mut verdicts).expect("nothing is away");
        if hears.settle && verdicts[before..] == [Verdict::New] {
            let outcome = if at % 3 == 0 { Outcome::Failed } else { Outcome::Delivered };
            worker.settle(&[Settled { ping, outcome }], now).expect("nothing is away");
        }
        if hears.advance && at % 10 == 0 {
            worker.advance(now, &mut released).expect("nothing is away");
        }
    }
    verdicts
}

#[test]
fn what_a_strategy_says_it_need_not_hear_changes_nothing() {
    let mut not_told = 0;
    for definition in embedded() {
        let told = verdicts(definition, |_| Hears::ALL);
        assert_eq!(verdicts(definition, |worker| worker.hears()), told, "{}", definition.name);
        not_told += usize::from(verdicts(definition, |_| Hears::NONE) != told);
    }
    // Those that act on what they hear are seen to do so, or the comparison would see nothing.
    assert!(not_told >= 3, "{not_told}");
}
