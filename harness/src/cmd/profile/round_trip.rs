//! From traffic to its profile, to a scenario, to a stream, to that one's profile: which has to be the same.

use std::time::Duration;

use dedup_profile::{Clock, Memory, Profile, ProfileBuilder, Times, Wanted};
use dedup_stream::scenario::Scenario;
use dedup_stream::stream::Source;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::from_trace::arrival;

fn profile(toml: &str, seed: u64) -> Profile {
    let scenario =
        Scenario::from_toml("round-trip.toml", toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    let mut stream = scenario.stream(seed);
    let mut builder = ProfileBuilder::new("round \"trip\"", Times::Given, Memory::Unbounded);
    let mut events = Vec::new();
    loop {
        events.clear();
        stream.fill(4096, &mut events).unwrap();
        if events.is_empty() {
            return builder.profile();
        }
        events.iter().for_each(|event| builder.count(arrival(event.id, event.at)));
    }
}

/// The most by which two shares of so many may differ by chance (one time in 100,000), and a hundredth.
fn chance(count: u64) -> f64 {
    0.01 + 2.4 * (2.0 / count.max(1) as f64).sqrt()
}

/// Asserts that traffic comes back from its scenario, at this scale.
fn comes_back(traffic: &Profile, scale: f64) -> Result<(), TestCaseError> {
    let toml = traffic.scenario(Wanted { scale, window: None }).unwrap();
    let again = profile(&toml, 7);
    let bound = chance(again.duplicate_count.min(traffic.duplicate_count));
    let near = |what: &str, is: f64, should: f64, by: f64| {
        prop_assert!((is / should - 1.0).abs() <= by, "{what}: {is} for {should}, allowed are {by}\n{toml}");
        Ok(())
    };
    let pings = traffic.pings_count as f64 * scale;
    // Where lags are as long as the traffic, the later copies of an id are cut off by its end once more: up to a
    // sixteenth of all pings was seen to be missing.
    near("pings", again.pings_count as f64, pings, 0.08 + 6.0 / pings.sqrt())?;
    near("duplicates", again.duplicate_share(), traffic.duplicate_share(), 0.02 + 3.0 * bound)?;
    near("length", again.span().as_secs_f64(), traffic.span().as_secs_f64(), 0.02)?;
    for seconds in [0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 6.0 * 3600.0, 86_400.0] {
        let window = Duration::from_secs_f64(seconds);
        let caught = |profile: &Profile| profile.caught(window, Clock::Previous);
        let (is, should) = (caught(&again), caught(traffic));
        prop_assert!(
            (is - should).abs() <= bound,
            "{seconds} s catch {is} for {should}, allowed is {bound}\n{toml}"
        );
    }
    let hour = Duration::from_secs(3600);
    let noise = 5.0 / (traffic.ids_in(hour).mean * scale).sqrt();
    near("ids in an hour", again.ids_in(hour).mean / scale, traffic.ids_in(hour).mean, 0.03 + noise)?;
    let missing = |profile: &Profile| profile.without_id_count as f64 / profile.pings_count as f64;
    prop_assert!(
        (missing(&again) - missing(traffic)).abs() <= 0.01,
        "{} for {}",
        missing(&again),
        missing(traffic)
    );
    let heaviest = |profile: &Profile| profile.heaviest.first().copied().unwrap_or(0.0);
    prop_assert!(
        (heaviest(&again) - heaviest(traffic)).abs() <= 0.01,
        "{} for {}",
        heaviest(&again),
        heaviest(traffic)
    );
    hours_come_back(traffic, &again, scale)
}

fn hours_come_back(traffic: &Profile, again: &Profile, scale: f64) -> Result<(), TestCaseError> {
    for hour in 0..24 {
        let (is, should) = (again.by_hour.firsts[hour] as f64, traffic.by_hour.firsts[hour] as f64 * scale);
        let noise = 6.0 * should.sqrt() + 6.0 * (should * scale).sqrt() + 0.03 * should + 60.0;
        prop_assert!((is - should).abs() <= noise, "hour {hour}: {is} for {should}");
    }
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
        comes_back(&profile(&toml, 1), 1.0)?;
    }

    #[test]
    fn at_another_scale_the_rate_changes_and_nothing_else(toml in traffic(&[0]), scale in 0.2f64..2.0) {
        comes_back(&profile(&toml, 1), scale)?;
    }
}

#[test]
fn a_scenario_is_refused_where_there_is_no_rate() {
    let one = ProfileBuilder::new("x", Times::Given, Memory::Unbounded).profile();
    let said = one.scenario(Wanted { scale: 1.0, window: None }).unwrap_err().to_string();
    assert!(said.contains("no length of time"), "{said}");
}
