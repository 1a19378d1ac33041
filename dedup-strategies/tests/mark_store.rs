//! The strategies that keep their ids on disk: what they know after a restart, after a kill, and what they never do.

mod common;

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use common::{context, fresh_directory};
use dedup_strategies::strategies::bloom_verified::{self, BloomVerified};
use dedup_strategies::strategies::durable;
use dedup_strategies::{
    Context, Definition, DeliveryId, Outcome, Ping, PingKey, Settings, Settled, Strategy, Timestamp, Verdict,
    Worker,
};
use proptest::prelude::*;

const BOTH: [&Definition; 2] = [&durable::DEFINITION, &bloom_verified::DEFINITION];

fn settings(definition: &Definition, given: &[(&str, &str)], context: &Context) -> Settings {
    let given: Vec<_> = given.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    definition.resolve(&given, &context.sizing).expect("these settings are allowed")
}

fn open(definition: &Definition, given: &[(&str, &str)], directory: &Path) -> Box<dyn Strategy> {
    let context = Context { state_dir: directory.into(), ..context(1, 1) };
    (definition.build)(&settings(definition, given, &context), &context).expect("nobody else is there")
}

fn ping(key: u128, now: Timestamp) -> Ping {
    Ping { key: PingKey::from_u128(key), event_time: now, arrival: now, delivery: DeliveryId(key as u64) }
}

fn judge(worker: &mut dyn Worker, keys: impl Iterator<Item = u128>, now: Timestamp) -> Vec<Verdict> {
    let pings: Vec<_> = keys.map(|key| ping(key, now)).collect();
    let mut verdicts = Vec::new();
    worker.judge(&pings, now, &mut verdicts).expect("the store works");
    verdicts
}

fn settle(worker: &mut dyn Worker, keys: impl Iterator<Item = u128>, outcome: Outcome, now: Timestamp) {
    let settled: Vec<_> = keys.map(|key| Settled { ping: ping(key, now), outcome }).collect();
    worker.settle(&settled, now).expect("the store works");
}

fn at(secs: u64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + secs)
}

#[test]
fn a_ping_is_known_once_it_was_delivered_and_not_before() {
    for definition in BOTH {
        let strategy = open(definition, &[], &fresh_directory());
        let mut worker = strategy.worker(0).unwrap();
        assert_eq!(
            judge(&mut *worker, [1, 2, 1].into_iter(), at(0)),
            [Verdict::New, Verdict::New, Verdict::InFlight]
        );
        settle(&mut *worker, [1].into_iter(), Outcome::Delivered, at(1));
        settle(&mut *worker, [2].into_iter(), Outcome::Failed, at(1));
        assert_eq!(judge(&mut *worker, [1, 2].into_iter(), at(2)), [Verdict::Duplicate, Verdict::New]);
        // 2 is in flight, and its worker dies.
        drop(worker);
        let mut worker = strategy.worker(0).unwrap();
        assert_eq!(judge(&mut *worker, [1, 2].into_iter(), at(3)), [Verdict::Duplicate, Verdict::New]);
    }
}

#[test]
fn after_a_restart_the_window_still_ends_when_it_would_have() {
    for definition in BOTH {
        for sync in ["batch", "interval", "none"] {
            let (directory, given) = (fresh_directory(), [("window", "100s"), ("sync", sync)]);
            let strategy = open(definition, &given, &directory);
            let mut worker = strategy.worker(0).unwrap();
            judge(&mut *worker, 0..50, at(0));
            settle(&mut *worker, 0..50, Outcome::Delivered, at(0));
            drop((worker, strategy));
            let strategy = open(definition, &given, &directory);
            let mut worker = strategy.worker(0).unwrap();
            assert_eq!(strategy.footprint().ids, 50);
            let known = judge(&mut *worker, 0..50, at(100).minus(Duration::from_nanos(1)));
            assert_eq!(known, [Verdict::Duplicate; 50], "{} with sync={sync}", definition.name);
            assert_eq!(judge(&mut *worker, 0..60, at(100)), [Verdict::New; 60]);
        }
    }
}

#[test]
fn two_instances_in_one_directory_are_refused_by_name_of_the_directory() {
    for definition in BOTH {
        let directory = fresh_directory();
        let first = open(definition, &[], &directory);
        let context = Context { state_dir: directory.clone(), ..context(1, 1) };
        let refused = (definition.build)(&settings(definition, &[], &context), &context).err();
        let said = refused.expect("the first instance is still there").to_string();
        assert!(said.contains("in use by another instance") && said.contains(definition.name), "{said}");
        assert!(said.contains(&directory.display().to_string()), "{said}");
        drop(first);
        open(definition, &[], &directory);
    }
}

#[test]
fn what_is_not_a_store_is_refused_with_what_to_do() {
    let directory = fresh_directory();
    std::fs::write(directory.join("durable"), "a file").unwrap();
    let context = Context { state_dir: directory, ..context(1, 1) };
    assert!((durable::DEFINITION.build)(&settings(&durable::DEFINITION, &[], &context), &context).is_err());
}

#[test]
fn a_false_positive_of_the_filter_costs_a_look_up_and_no_ping() {
    let build = |given: &[(&str, &str)], directory: &Path| {
        let context = Context { state_dir: directory.into(), ..context(1, 1) };
        BloomVerified::build(&settings(&bloom_verified::DEFINITION, given, &context), &context).unwrap()
    };
    // Filters for one id that are given a thousand claim to know everything.
    let directory = fresh_directory();
    let strategy = build(&[("ids", "1"), ("rate", "0.5")], &directory);
    let mut worker = strategy.worker(0).unwrap();
    judge(&mut *worker, 0..1000, at(0));
    settle(&mut *worker, 0..1000, Outcome::Delivered, at(0));
    let before = strategy.lookups();
    assert_eq!(judge(&mut *worker, 5000..6000, at(1)), [Verdict::New; 1000]);
    assert_eq!(strategy.lookups() - before, 1000, "everything was looked up, in vain");
    drop((worker, strategy));
    // Filters of the right size, filled from what is on disk: all thousand are in one slice of the four.
    let strategy = build(&[("ids", "4000"), ("rate", "0.01")], &directory);
    let mut worker = strategy.worker(0).unwrap();
    assert_eq!(judge(&mut *worker, 0..1000, at(1)), [Verdict::Duplicate; 1000]);
    assert_eq!(strategy.lookups(), 1000);
    assert_eq!(judge(&mut *worker, 20_000..30_000, at(1)), [Verdict::New; 10_000]);
    // One filter of five is in use, at a fifth of the rate: 20 are expected, and 60 are nine standard deviations more.
    assert!(strategy.lookups() < 1060, "{} of 10,000 new ids were looked up", strategy.lookups() - 1000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn verdicts_are_those_of_a_table_of_times_over_restarts_and_failures(
        steps in prop::collection::vec((0u128..20, 0u64..40, 0u8..10), 1..120),
    ) {
        let (directory, given) = (fresh_directory(), [("window", "100s")]);
        let mut strategy = open(&bloom_verified::DEFINITION, &given, &directory);
        let mut worker = strategy.worker(0).unwrap();
        let mut marked: HashMap<u128, u64> = HashMap::new();
        let mut now = 0;
        for (key, wait, what) in steps {
            now += wait;
            let known = marked.get(&key).is_some_and(|at| now - at < 100);
            let expected = if known { Verdict::Duplicate } else { Verdict::New };
            prop_assert_eq!(judge(&mut *worker, [key].into_iter(), at(now)), [expected]);
            if !known && what < 7 {
                settle(&mut *worker, [key].into_iter(), Outcome::Delivered, at(now));
                marked.insert(key, now);
            } else if !known && what < 9 {
                settle(&mut *worker, [key].into_iter(), Outcome::Failed, at(now));
            } else {
                // In flight or not: the process ends.
                drop((worker, strategy));
                strategy = open(&bloom_verified::DEFINITION, &given, &directory);
                worker = strategy.worker(0).unwrap();
            }
            let mut none = Vec::new();
            worker.advance(at(now), &mut none).unwrap();
        }
    }
}

/// Ids a batch of the child that is killed, and batches after which it is.
const BATCH: u128 = 32;
const KILLED_AFTER: u128 = 300;

/// The keys of batch `index`.
fn batch(index: u128) -> std::ops::Range<u128> {
    index * BATCH..(index + 1) * BATCH
}

/// Not a test by itself: what the tests below start as a process of its own, and kill.
#[test]
#[ignore = "runs until it is killed"]
fn child_that_marks_until_it_is_killed() {
    let (Ok(directory), Ok(sync)) = (std::env::var("MARKS_DIRECTORY"), std::env::var("MARKS_SYNC")) else {
        return;
    };
    let strategy = open(&durable::DEFINITION, &[("sync", &sync), ("interval", "1ms")], Path::new(&directory));
    let mut worker = strategy.worker(0).unwrap();
    for index in 0..100_000 {
        judge(&mut *worker, batch(index), at(0));
        settle(&mut *worker, batch(index), Outcome::Delivered, at(0));
        // By now the batch is settled; the line says so.
        println!("settled {index}");
        std::io::stdout().flush().unwrap();
    }
}

struct Killed {
    directory: std::path::PathBuf,
    settled: u128,
}

fn kill_in_mid_load(sync: &str) -> Killed {
    let directory = fresh_directory();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_that_marks_until_it_is_killed", "--ignored", "--nocapture"])
        .env("MARKS_DIRECTORY", &directory)
        .env("MARKS_SYNC", sync)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let settled = settled_until_killed(&mut child);
    child.wait().unwrap();
    Killed { directory, settled }
}

/// Kills the child with SIGKILL once it has settled enough; how many batches it had settled by then.
fn settled_until_killed(child: &mut Child) -> u128 {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut settled = 0;
    // The pipe ends with the child; what it had written before that is still read.
    for line in lines.map_while(Result::ok) {
        let Some(index) = line.split("settled ").nth(1).and_then(|index| index.parse::<u128>().ok()) else {
            continue;
        };
        settled = index + 1;
        if settled == KILLED_AFTER {
            child.kill().unwrap();
        }
    }
    assert!(settled >= KILLED_AFTER, "the child ended by itself after {settled} batches");
    settled
}

/// Which of the settled ids are new again, and which ids that were never offered are taken for known.
fn forgotten_and_lost(killed: &Killed) -> (Vec<u128>, usize) {
    let strategy = open(&durable::DEFINITION, &[], &killed.directory);
    let mut worker = strategy.worker(0).unwrap();
    let settled = 0..killed.settled * BATCH;
    let verdicts = judge(&mut *worker, settled.clone(), at(1));
    let forgotten = settled.zip(verdicts).filter(|(_, verdict)| *verdict == Verdict::New);
    let forgotten = forgotten.map(|(key, _)| key).collect();
    // The batch that it may have been at when it was killed is either.
    let unseen =
        judge(&mut *worker, batch(killed.settled + 1).start..batch(killed.settled + 300).start, at(1));
    (forgotten, unseen.iter().filter(|verdict| **verdict != Verdict::New).count())
}

#[test]
fn a_kill_forgets_nothing_that_was_handed_to_the_system() {
    for sync in ["batch", "interval"] {
        let (forgotten, lost) = forgotten_and_lost(&kill_in_mid_load(sync));
        assert_eq!((forgotten.len(), lost), (0, 0), "with sync={sync}");
    }
}

#[test]
fn without_sync_a_kill_forgets_the_last_ids_and_never_loses_one() {
    let killed = kill_in_mid_load("none");
    let (forgotten, lost) = forgotten_and_lost(&killed);
    assert_eq!(lost, 0);
    // The buffer of the log is 8 KiB when the log is new; a batch of 32 takes a kilobyte and a half of it.
    assert!(forgotten.len() as u128 <= 16 * BATCH, "{} forgotten", forgotten.len());
    let kept = killed.settled * BATCH - forgotten.len() as u128;
    assert!(forgotten.iter().all(|key| *key >= kept), "only the end is gone: {forgotten:?} of {kept}");
}
