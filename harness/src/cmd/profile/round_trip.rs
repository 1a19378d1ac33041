//! From traffic to its profile, to a scenario, to a stream, to that one's profile: which has to be the same.

use dedup_profile::{Arrival, Memory, Profile, ProfileBuilder, Times, Wanted};
use dedup_stream::scenario::{EventTime, Scenario};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::comes_back::{deviations, profile_of, scenario};

/// Asserts that traffic comes back from its scenario, at this scale.
fn comes_back(traffic: &Profile, scale: f64) -> Result<(), TestCaseError> {
    let toml = traffic.scenario(Wanted { scale, window: None }).unwrap();
    // Copies have their own times, as they have in the traffic.
    let read = Scenario::from_toml("scenario.toml", &toml).unwrap();
    prop_assert!(read.shape.repeats.iter().all(|repeat| repeat.event_time == EventTime::Fresh), "{toml}");
    let deviations = deviations(traffic, &profile_of(&toml, 7), scale);
    prop_assert!(deviations.is_empty(), "{deviations:?}\n{toml}");
    Ok(())
}

fn lag() -> impl Strategy<Value = String> {
    prop_oneof![
        (1u32..600).prop_map(|seconds| format!("lag.exponential = \"{seconds}s\"")),
        (1u32..100, 2u32..60)
            .prop_map(|(from, more)| { format!("lag.uniform = [\"{from}s\", \"{}s\"]", from + 60 * more) }),
        (1u32..600, 3u32..20).prop_map(|(median, tenths)| {
            format!("lag.lognormal = {{ median = \"{median}s\", sigma = {} }}", f64::from(tenths) / 10.0)
        }),
        Just(
            "lag.cdf = [[\"10m\", 0.33], [\"1h\", 0.49], [\"8h\", 0.71], [\"24h\", 0.95], [\"48h\", 1.0]]"
                .to_string()
        ),
        Just("lag.backoff = { first = \"20s\", factor = 2, max = \"40m\" }".to_string()),
    ]
}

fn copies() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["copies = 1", "copies = { 1 = 95, 2 = 4, 3 = 1 }", "copies = { mean = 2.5 }"])
}

prop_compose! {
    /// With a hot id of one of these numbers of copies.
    fn traffic(hot: &'static [u32])(
        lag in lag(),
        copies in copies(),
        share in prop::sample::select(vec![0.01, 0.05, 0.3]),
        process in prop::sample::select(vec![
            "process = \"constant\"",
            "process = \"poisson\"",
            "process = \"daily\"\namplitude = 0.7\npeak = \"14h\"",
        ]),
        hours in 20u32..80,
        hot in prop::sample::select(hot),
        missing in prop::sample::select(vec![0.0, 0.05]),
    ) -> String {
        let length = hours * 3600;
        let rate = 60_000.0 / f64::from(length);
        let mut toml = format!(
            "about = 'x'\nduration = \"{length}s\"\nwindow = \"1h\"\nstart = 2026-01-01T05:30:00Z\n\
             [arrival]\nrate = {rate}\n{process}\n\
             [[repeat]]\ncause = 'c'\nshare = {share}\n{copies}\n{lag}\n"
        );
        if hot > 0 {
            let hot = format!("ids = 1\ncopies = {hot}\nlag.uniform = ['0s', '{length}s']\n");
            toml.push_str(&format!("[[repeat]]\ncause = 'hot'\n{hot}"));
        }
        if missing > 0.0 {
            toml.push_str(&format!("[bad_id]\nmissing = {missing}\n"));
        }
        toml
    }
}

proptest! {
    // Always the same traffic: the bounds are not only chance's, but those of what a scenario cannot say.
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(1), ..ProptestConfig::with_cases(24) })]

    #[test]
    fn traffic_comes_back_from_the_scenario_that_is_written_of_its_profile(toml in traffic(&[0, 3_000, 20_000])) {
        comes_back(&profile_of(&toml, 1), 1.0)?;
    }

    #[test]
    fn at_another_scale_the_rate_changes_and_nothing_else(toml in traffic(&[0]), scale in 0.2f64..2.0) {
        comes_back(&profile_of(&toml, 1), scale)?;
    }
}

#[test]
fn a_scenario_is_refused_where_there_is_no_rate() {
    let one = ProfileBuilder::new("x", Times::Given, Memory::Unbounded).profile();
    let said = one.scenario(Wanted { scale: 1.0, window: None }).unwrap_err().to_string();
    assert!(said.contains("no length of time"), "{said}");
}

/// Pings of these ids, each at the times that are given for it in seconds.
fn traffic_of(mut pings: Vec<(f64, u128)>) -> Profile {
    pings.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut builder = ProfileBuilder::new("made", Times::Given, Memory::Unbounded);
    for (at_s, key) in pings {
        let own_at_us = 1_772_323_200_000_000 + (at_s * 1e6) as u64;
        builder.count(Arrival { key: Some(key), own_at_us });
    }
    builder.profile()
}

#[test]
fn few_ids_that_hold_most_pings_come_back_at_any_scale() {
    let hundred = |index: u64| (index as f64 / 10.0, u128::from(index % 100));
    let one = |index: u64| (index as f64, 1);
    // A popularity of rank to the power of -1, over five hundred ids that come at any time, beside ids that come once.
    // The finalizer of SplitMix64.
    let mixed = |number: u64| {
        let once = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let twice = (once ^ once >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (twice ^ twice >> 31) >> 32
    };
    let skewed = |rank: u64| {
        let at = move |ping: u64| mixed(rank << 20 | ping) as f64 / (1u64 << 32) as f64 * 80_000.0;
        (0..3000 / rank).map(move |ping| (at(ping), 1_000_000 + u128::from(rank)))
    };
    let alone = (0..20_000u64).map(|index| (index as f64 * 4.0, u128::from(index)));
    for (name, pings) in [
        ("a hundred ids", (0..20_000).map(hundred).collect::<Vec<_>>()),
        ("one id", (0..5000).map(one).collect()),
        ("skewed", (1..=500).flat_map(skewed).chain(alone).collect()),
    ] {
        let traffic = traffic_of(pings);
        for scale in [0.2, 1.0, 7.5] {
            let toml = traffic.scenario(Wanted { scale, window: None }).unwrap();
            let deviations = deviations(&traffic, &profile_of(&toml, 1), scale);
            // At another scale the heaviest ids have the same share of other numbers of pings, closer together or further apart;
            // others are more or fewer ids, with as many pings each.
            let meant = ["caught", "ids", "the heaviest id"];
            let is_meant = |said: &str| scale != 1.0 && meant.iter().any(|what| said.starts_with(what));
            let said = deviations.iter().map(ToString::to_string).filter(|said| !is_meant(said));
            assert_eq!(said.collect::<Vec<_>>(), [""; 0], "{name} at {scale}\n{toml}");
        }
    }
}

#[test]
fn ids_that_come_a_few_times_at_any_time_of_a_day_come_back_with_all_their_pings() {
    // The finalizer of MurmurHash3, of 64 bits.
    let mixed = |number: u64| {
        let once = (number ^ number >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let twice = (once ^ once >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        (twice ^ twice >> 33) >> 11
    };
    let at = |number: u64, hours: f64| mixed(number) as f64 / (1u64 << 53) as f64 * hours * 3600.0;
    let four = (0..10_000u64).map(|ping| (at(ping + 1, 24.0), u128::from(ping / 4)));
    // Twice, five times, and three ids of four once.
    let pings_of = |id: u64| [1, 1, 1, 2, 1, 1, 1, 5][id as usize % 8];
    let mixture = (0..9_000u64).flat_map(|id| {
        (0..pings_of(id)).map(move |ping| (at((id << 8 | ping) + 1_000_000, 7.0), u128::from(id)))
    });
    for (name, pings) in [("four times", four.collect::<Vec<_>>()), ("a mixture", mixture.collect())] {
        let traffic = traffic_of(pings);
        for scale in [1.0, 3.0] {
            let toml = traffic.scenario(Wanted { scale, window: None }).unwrap();
            let deviations = deviations(&traffic, &profile_of(&toml, 1), scale);
            assert!(deviations.is_empty(), "{name} at {scale}: {deviations:?}\n{toml}");
        }
    }
}

#[test]
fn what_does_not_come_back_is_said_with_numbers_in_the_scenario_and_beside_it() {
    // Every id comes twenty times within a second, the first half of the traffic long; then once more each.
    let bursts =
        (0..4000u64).map(|ping| ((ping / 20) as f64 + (ping % 20) as f64 / 100.0, u128::from(ping / 20)));
    let late = (0..200u64).map(|id| (5000.0 - id as f64, u128::from(id)));
    let traffic = traffic_of(bursts.chain(late).collect());
    let wanted = Wanted { scale: 1.0, window: None };
    let (toml, said) = scenario(&traffic, wanted).unwrap();
    let said = said.unwrap();
    assert!(said.starts_with("does not have this profile again (seed 1):\n- "), "{said}");
    assert!(toml.contains(&format!("Its stream {said}\n")), "{toml}");
    assert!(
        said.lines().skip(1).all(|line| line.contains(" for ") && line.contains(" was wanted")),
        "{said}"
    );

    let steady = traffic_of((0..20_000u64).map(|ping| (ping as f64, u128::from(ping % 19_000))).collect());
    let (toml, said) = scenario(&steady, wanted).unwrap();
    assert_eq!(said, None, "{toml}");
    assert!(toml.contains("Its stream (seed 1) has this profile again"), "{toml}");
}

#[test]
fn hours_that_do_not_come_back_are_said_where_ids_come_at_any_time_but_not_evenly() {
    // Four pings of each id, most of them at noon: the mean of three even times.
    let at = |ping: u64| {
        let part = |salt: u64| (ping * 3 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let even =
            |salt: u64| (part(salt).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1u64 << 53) as f64;
        (even(0) + even(1) + even(2)) / 3.0 * 86_400.0
    };
    let traffic = traffic_of((0..10_000u64).map(|ping| (at(ping), u128::from(ping / 4))).collect());
    let (toml, said) = scenario(&traffic, Wanted { scale: 1.0, window: None }).unwrap();
    let said = said.unwrap_or_else(|| panic!("{toml}"));
    assert!(said.contains("\n- pings from ") && said.contains(":00: "), "{said}");
    assert!(!toml.contains("has this profile again"), "{toml}");
}
