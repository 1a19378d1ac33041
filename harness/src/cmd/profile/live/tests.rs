use std::time::Duration;

use dedup_profile::{Memory, ProfileBuilder, Times};
use dedup_strategies::{PingKey, STRATEGIES, Timestamp};
use dedup_stream::stream::Id;
use dedup_stream::trace::{Step, TracePing};

use super::watch::Watch;
use super::{line, metrics, shadow};
use crate::environment::RedisChoice;
use crate::select::select_by;

/// Half an hour of ten pings a second, one in a hundred of which comes again after a minute, with these shadows.
fn watched(memory: Memory, patterns: &[&str]) -> Watch {
    let directory = tempfile::tempdir().unwrap();
    let patterns: Vec<String> = patterns.iter().map(|pattern| pattern.to_string()).collect();
    let selected =
        if patterns.is_empty() { Vec::new() } else { select_by("--shadow", STRATEGIES, &patterns).unwrap() };
    let shadows = shadow::all(&selected, &RedisChoice::default(), directory.path()).unwrap();
    let mut watch = Watch::new(ProfileBuilder::new("x", Times::Given, memory), shadows);
    for ping in 0..18_000u64 {
        let key = if ping % 100 == 50 && ping > 600 { ping - 601 } else { ping };
        let at = Timestamp::from_millis(1_772_323_200_000 + ping * 100);
        let id = Id::Key(PingKey::from_u128(u128::from(key) << 64));
        watch.see(Step::Ping(TracePing { id, at, event_time: at }), 0, None);
    }
    watch.see(Step::Bad, 2, None);
    watch.end();
    watch
}

const BESIDE: [&str; 3] = ["^exact$", "exact:window=30s", "bloom-rotating:ids=1000,rate=0.1"];

#[test]
fn a_line_says_how_fast_how_many_and_how_late() {
    let watch = watched(Memory::Unbounded, &[]);
    assert_eq!(
        line::line(&watch.glance(), 300_000.4),
        "18,000 pings (300,000/s): 0.97 % duplicates, 99 % of them within 62 s, 99.9 % within 62 s; 2 lines (0.011 %) cannot be read"
    );
    let sampled = line::line(&watched(Memory::Ids(2000), &[]).glance(), 1.0);
    assert!(sampled.contains(" (±0.") && sampled.contains("; one id in 16 looked at"), "{sampled}");
    let nothing = Watch::new(ProfileBuilder::new("x", Times::Clock, Memory::Unbounded), Vec::new());
    assert_eq!(line::line(&nothing.glance(), 0.0), "0 pings (0/s): no duplicate");
}

#[test]
fn a_shadow_that_forgets_too_soon_misses_and_one_that_confuses_ids_drops_wrongly() {
    for memory in [Memory::Unbounded, Memory::Ids(4000)] {
        let watch = watched(memory, &BESIDE);
        let [exact, short, bloom] = watch.shadows() else { panic!("{}", watch.shadows().len()) };
        let counts = exact.counts();
        assert_eq!((counts.judged, counts.dropped), (18_000, 174));
        assert_eq!((counts.missed.seen, counts.wrongly_dropped.seen), (0, 0));
        let missed = short.counts().missed;
        assert_eq!((short.counts().dropped, missed), (0, short.counts().copies));
        assert!(missed.seen > 0 && bloom.counts().wrongly_dropped.seen > 0, "{:?}", bloom.counts());
        // Wherever a part is looked at, it stands for all.
        let firsts = counts.firsts.pings as f64;
        assert!((firsts / 17_826.0 - 1.0).abs() < 0.1, "{firsts}");
        assert!(exact.said().ends_with("wrongly 0 % of ids, misses 0 % of duplicates"), "{}", exact.said());
    }
}

#[test]
fn a_shadow_that_cannot_be_is_refused_by_its_name() {
    let refused = |pattern: &str| {
        let selected = select_by("--shadow", STRATEGIES, &[pattern.to_string()]).map_err(anyhow::Error::from);
        let nowhere = RedisChoice::Given { url: "redis://127.0.0.1:1".to_string(), prefix: "t:".to_string() };
        let refused = selected.and_then(|selected| {
            shadow::all(&selected, &nowhere, std::path::Path::new("/proc/no/such/folder"))
        });
        format!("{:#}", refused.err().unwrap())
    };
    assert!(refused("^redis-claim$").contains("--shadow redis-claim: "), "{}", refused("^redis-claim$"));
    assert!(refused("exakt").contains("--shadow \"exakt\" matches no strategy; did you mean \"exact\"?"));
    assert!(refused("(").contains("--shadow \"(\" is no regular expression"));
    assert!(refused("exact:window=x").contains("window"));
}

#[test]
fn figures_are_as_prometheus_reads_them() {
    let text = metrics::text(&watched(Memory::Unbounded, &BESIDE));
    insta::assert_snapshot!(text);
    // Every figure has a head of its own, and all its lines follow it.
    let mut named = String::new();
    for line in text.lines() {
        match line.strip_prefix("# ") {
            Some(head) => named = head.split(' ').nth(1).unwrap().to_string(),
            None => {
                assert!(line.starts_with(&named), "{line} under {named}");
                assert!(line.rsplit_once(' ').unwrap().1.parse::<f64>().is_ok(), "{line}");
            }
        }
    }
}

#[test]
fn what_is_held_is_let_through_later() {
    let watch = watched(Memory::Unbounded, &["window-batch:window=10m"]);
    let [held] = watch.shadows() else { panic!() };
    let counts = held.counts();
    assert_eq!((held.failed(), counts.wrongly_dropped.seen), (None, 0));
    // Copies of the last minute of a window come in the next.
    assert_eq!(counts.dropped + counts.missed.seen, 174, "{}", held.said());
    assert!(counts.missed.seen < 20, "{}", held.said());
}

#[test]
fn the_clock_says_when_a_ping_came_where_lines_do_not() {
    let mut watch = Watch::new(ProfileBuilder::new("x", Times::Clock, Memory::Unbounded), Vec::new());
    let clock = super::Clock::new();
    for _ in 0..2 {
        let at = Timestamp::from_millis(1);
        let ping = TracePing { id: Id::Key(PingKey::from_u128(1)), at, event_time: at };
        watch.see(Step::Ping(ping), 0, Some(&clock));
    }
    assert!(watch.latest() > Timestamp::from_millis(1_700_000_000_000));
    let profile = watch.profile();
    assert_eq!((profile.duplicate_count, profile.times), (1, Times::Clock));
    assert!(profile.window_for(1.0, dedup_profile::Clock::First).unwrap() < Duration::from_secs(60));
}
