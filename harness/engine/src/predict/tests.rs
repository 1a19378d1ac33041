//! The published figures, from theory alone.

use std::time::Duration;

use dedup_strategies::Routing;
use dedup_stream::scenario::{Length, Scenario, find};

use super::curve::Curve;
use super::nightly::Nights;
use super::rule::{Forgetting, Rule};
use super::sampled::{SampledPings, Shares};

const MINUTE: u64 = 60_000_000_000;
const HOUR: u64 = 60 * MINUTE;

fn scenario(name: &str) -> Scenario {
    find(name).unwrap().remove(0)
}

/// Of a stream so long that what its end cuts off does not matter.
fn shares(name: &str, window_ns: u64, preceding_days: u32) -> Shares {
    let mut scenario = scenario(name);
    scenario.shape.length = Length::Duration(Duration::from_secs(2000 * 86_400));
    let nights = Nights::new(&scenario, preceding_days);
    let forgetting = Forgetting::By(Rule::Since { window_ns, idle_ns: u64::MAX });
    SampledPings::of(&scenario, 0, &Curve::of_firsts(&scenario)).shares(
        super::sampled::COPIES,
        &forgetting,
        Routing::Any,
        Some(&nights),
    )
}

#[test]
fn on_nightlys_delays_ten_minutes_catch_a_third_and_a_day_catches_95_percent() {
    let missed = |window| shares("^mozilla-client-retry$", window, 0).live.ratio;
    assert!((missed(10 * MINUTE) - 0.67).abs() < 0.005, "{}", missed(10 * MINUTE));
    assert!((missed(24 * HOUR) - 0.05).abs() < 0.005, "{}", missed(24 * HOUR));
}

#[test]
fn what_the_nightly_job_leaves_is_what_the_published_delays_say() {
    // Computed by hand from the same points with uniform arrivals.
    let left = |channel, window, days| shares(channel, window, days).stable.unwrap().ratio;
    for (channel, window, days, expected) in [
        ("^mozilla-client-retry$", 0, 0, 0.24),
        ("^mozilla-client-retry$", 0, 1, 0.03),
        ("^mozilla-client-retry$", 0, 2, 0.005),
        ("^mozilla-client-retry-beta$", 0, 0, 0.29),
        ("^mozilla-client-retry-beta$", 0, 1, 0.05),
        ("^mozilla-client-retry-beta$", 0, 2, 0.015),
        ("^mozilla-client-retry$", 24 * HOUR, 0, 0.05),
        ("^mozilla-client-retry-beta$", 24 * HOUR, 0, 0.08),
        ("^mozilla-client-retry$", 10 * MINUTE, 0, 0.24),
        ("^mozilla-client-retry-beta$", 10 * MINUTE, 0, 0.29),
    ] {
        let found = left(channel, window, days);
        assert!((found - expected).abs() < 0.0075, "{channel} {window} {days}: {found} for {expected}");
    }
}

#[test]
fn copies_of_one_ping_count_for_less_than_as_many_of_different_pings() {
    let single = shares("^mozilla-client-retry$", 10 * MINUTE, 0).live;
    assert_eq!(single.independent(10_000), 10_000);
    let many = shares("^backoff-tail$", 24 * HOUR, 0).live;
    assert!(many.independent(10_000) < 9_500, "{many:?}");
}

#[test]
fn of_one_heavy_id_the_mean_is_predicted_and_not_what_it_once_did() {
    let toml = "about = 'x'\nduration = '1h'\nwindow = '1m'\n[arrival]\nprocess = 'poisson'\nrate = 1\nat_start = 2\n\
                [bad_id]\nmissing = 0.5\n\
                [[repeat]]\ncause = 'one'\nids = 1\ncopies = 200\nlag.uniform = ['0s', '1h']\n\
                [[repeat]]\ncause = 'other'\nids = 1\ncopies = 200\nbetween = ['1us', '1h']\nlag.uniform = ['0s', '1h']\n";
    let scenario = Scenario::from_toml("heavy.toml", toml).unwrap();
    let share = |cause: usize, rule: Rule| {
        let firsts = Curve::of_firsts(&scenario);
        let pings = SampledPings::of(&scenario, cause, &firsts);
        pings.shares(super::sampled::COPIES, &Forgetting::By(rule), Routing::Any, None).live
    };
    for cause in [0, 1] {
        let since = share(cause, Rule::Since { window_ns: MINUTE, idle_ns: u64::MAX });
        // A copy each 18 s on the mean: one passes, then those of a minute do not, and the next one does.
        let expected = 1.0 / (1.0 + 60.0 / 18.0);
        assert!((since.ratio / expected - 1.0).abs() < 0.05, "{since:?} for {expected}");
        // The next after a minute without one, which is rare.
        let seen = share(cause, Rule::SinceSeen { window_ns: MINUTE });
        let rarely = (-60.0f64 / 18.0).exp();
        assert!((seen.ratio / rarely - 1.0).abs() < 0.15, "{seen:?} for {rarely}");
        assert!(since.variance_a_copy > 0.0 && seen.variance_a_copy > 0.0);
    }
}
