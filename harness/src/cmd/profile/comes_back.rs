//! Whether traffic comes back from the scenario that is written of its profile: its stream is made, and that one's profile held
//! against the other.

use std::fmt;
use std::time::Duration;

use dedup_profile::{Clock, Memory, NoScenario, Profile, ProfileBuilder, Times, Wanted};
use dedup_stream::scenario::Scenario;
use dedup_stream::stream::Source;

use super::from_trace::arrival;
use crate::units::{fixed, thousands};

/// A stream of more pings is made at a smaller scale: this takes a second or two.
const MOST_PINGS: u64 = 2_000_000;
/// Windows whose shares are compared, in seconds.
const WINDOWS_S: [f64; 9] = [0.01, 0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 6.0 * 3600.0, 86_400.0];

/// The text of the scenario, which says what its stream lacks, and that by itself: nothing where all comes back.
pub(super) fn scenario(traffic: &Profile, wanted: Wanted) -> Result<(String, Option<String>), NoScenario> {
    let toml = traffic.scenario(wanted)?;
    let (seed, expected) = match Scenario::from_toml("scenario.toml", &toml) {
        Ok(scenario) => (scenario.seed, scenario.expected_pings()),
        Err(error) => return Ok((toml, Some(format!("cannot be made: {error}")))),
    };
    let part = (MOST_PINGS as f64 / expected.max(1) as f64).min(1.0);
    let made = Wanted { scale: wanted.scale * part, ..wanted };
    let again = profile_of(&traffic.scenario(made)?, seed);
    let at = if part < 1.0 { format!(", at {} times the rate", fixed(made.scale, 4)) } else { String::new() };
    let deviations = deviations(traffic, &again, made.scale);
    if deviations.is_empty() {
        let found = format!(
            "\nIts stream (seed {seed}{at}) has this profile again, within the bounds of docs/PROFILE.md."
        );
        return Ok((traffic.scenario_that_says(wanted, &found)?, None));
    }
    let lines: String = deviations.iter().map(|deviation| format!("\n- {deviation}")).collect();
    let found = format!("does not have this profile again (seed {seed}{at}):{lines}");
    Ok((traffic.scenario_that_says(wanted, &format!("\nIts stream {found}"))?, Some(found)))
}

/// The profile of the stream of a scenario.
pub(super) fn profile_of(toml: &str, seed: u64) -> Profile {
    let scenario =
        Scenario::from_toml("scenario.toml", toml).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    let mut stream = scenario.stream(seed);
    let mut builder = ProfileBuilder::new("its stream", Times::Given, Memory::Unbounded);
    let mut events = Vec::new();
    loop {
        events.clear();
        stream.fill(4096, &mut events).expect("a generated stream does not fail");
        if events.is_empty() {
            return builder.profile();
        }
        events.iter().for_each(|event| builder.count(arrival(event.id, event.at)));
    }
}

/// The relative width of a bin of lags.
const A_BIN: f64 = 1.05;

/// A figure that does not come back.
#[derive(Clone, Debug)]
pub(super) struct Deviation {
    what: String,
    is: f64,
    should: f64,
    allowed: f64,
    of: Of,
}

/// What a figure is one of, and what its bound is relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// A number; to itself.
    Counts,
    /// A length of time in seconds; to itself.
    Seconds,
    /// A share; to itself.
    Shares,
    /// A share; to all.
    Parts,
}

impl Deviation {
    fn of(of: Of, what: impl Into<String>, is: f64, should: f64, allowed: f64) -> Option<Deviation> {
        let off = match of {
            Of::Parts => (is - should).abs(),
            _ if is == should => 0.0,
            _ => (is / should - 1.0).abs(),
        };
        // A figure that is none deviates, too.
        let deviates = off.is_nan() || off > allowed;
        deviates.then(|| Deviation { what: what.into(), is, should, allowed, of })
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Deviation { what, is, should, allowed, of } = self;
        let shown = |value: f64| match of {
            Of::Counts => thousands(value.round() as u64),
            Of::Seconds => format!("{} s", fixed(value, 1)),
            Of::Shares | Of::Parts => format!("{} %", fixed(value * 100.0, 2)),
        };
        let to = if *of == Of::Parts { "points" } else { "%" };
        let (is, should, allowed) = (shown(*is), shown(*should), fixed(allowed * 100.0, 1));
        write!(f, "{what}: {is} for {should}; within {allowed} {to} was wanted")
    }
}

/// The most by which two shares of so many may differ by chance (one time in 100,000), and a hundredth.
fn chance(count: u64) -> f64 {
    0.01 + 2.4 * (2.0 / count.max(1) as f64).sqrt()
}

/// What of the traffic does not come back in `again`, a stream at this scale.
pub(super) fn deviations(traffic: &Profile, again: &Profile, scale: f64) -> Vec<Deviation> {
    let bound = chance(again.duplicate_count.min(traffic.duplicate_count));
    let pings = traffic.pings_count as f64 * scale;
    let share = |count: u64, profile: &Profile| count as f64 / profile.pings_count.max(1) as f64;
    let heaviest = |profile: &Profile| profile.heaviest.first().copied().unwrap_or(0.0);
    let by_chance = |share: f64| 4.0 * (share * (1.0 - share) / pings).sqrt();
    let hour = Duration::from_secs(3600);
    let ids = traffic.ids_in(hour).mean;
    let figures = [
        // Where lags are as long as the traffic, the later copies of an id are cut off by its end once more: up to a
        // sixteenth of all pings was seen to be missing.
        Deviation::of(Of::Counts, "pings", again.pings_count as f64, pings, 0.08 + 6.0 / pings.sqrt()),
        Deviation::of(
            Of::Shares,
            "duplicates, of all pings",
            again.duplicate_share(),
            traffic.duplicate_share(),
            0.02 + 3.0 * bound,
        ),
        Deviation::of(
            Of::Seconds,
            "length",
            again.span().as_secs_f64(),
            traffic.span().as_secs_f64(),
            0.02 + 6.0 / pings,
        ),
        Deviation::of(
            Of::Counts,
            "ids in an hour",
            again.ids_in(hour).mean / scale,
            ids,
            0.03 + 5.0 / (ids * scale).sqrt(),
        ),
        Deviation::of(
            Of::Parts,
            "pings without an id",
            share(again.without_id_count, again),
            share(traffic.without_id_count, traffic),
            0.01 + by_chance(share(traffic.without_id_count, traffic)),
        ),
        Deviation::of(
            Of::Parts,
            "the heaviest id's pings",
            heaviest(again),
            heaviest(traffic),
            0.01 + by_chance(heaviest(traffic)),
        ),
    ];
    let windows = WINDOWS_S.into_iter().filter(|_| again.duplicate_count > 0).filter_map(|seconds| {
        let caught = |profile: &Profile, seconds: f64| {
            profile.caught(Duration::from_secs_f64(seconds), Clock::Previous)
        };
        let window = humantime::format_duration(Duration::from_secs_f64(seconds));
        let (is, should) = (caught(again, seconds), caught(traffic, seconds));
        // Within a bin of lags nobody knows where they are: a window that is a bin shorter or longer may be what comes back.
        let least = caught(traffic, seconds / A_BIN);
        let most = caught(traffic, seconds * A_BIN);
        let allowed = bound + (should - least).max(0.0).max(most - should);
        let what = format!("caught by a window of {window}");
        let is_out = is < least - bound || is > most + bound;
        Deviation::of(Of::Parts, what, is, should, if is_out { bound } else { allowed })
    });
    let hours = hours(traffic, again, scale).chain(hours_of_pings(traffic, again, scale));
    figures.into_iter().flatten().chain(windows).chain(hours).collect()
}

/// First arrivals of the hours of the day.
fn hours(traffic: &Profile, again: &Profile, scale: f64) -> impl Iterator<Item = Deviation> {
    (0..24).filter_map(move |hour| {
        let (is, should) = (again.by_hour.firsts[hour] as f64, traffic.by_hour.firsts[hour] as f64 * scale);
        let noise = 6.0 * should.sqrt() + 6.0 * (should * scale).sqrt() + 0.03 * should + 60.0;
        let what = format!("ids that first come from {hour}:00 to {}:00", hour + 1);
        let off = (is - should).abs() > noise;
        off.then(|| Deviation { what, is, should, allowed: noise / should.max(1.0), of: Of::Counts })
    })
}

/// All pings of the hours of the day: copies may come at other hours than first ones, which lags do not tell.
fn hours_of_pings(traffic: &Profile, again: &Profile, scale: f64) -> impl Iterator<Item = Deviation> {
    // Copies that come within the hour come in heaps, which chance moves as a whole.
    let within = traffic.caught(Duration::from_secs(3600), Clock::Previous);
    let arrivals = (traffic.pings_count - traffic.duplicate_count).max(1) as f64;
    let heap = 1.0 + within * traffic.duplicate_count as f64 / arrivals;
    (0..24).filter_map(move |hour| {
        let (is, should) = (again.by_hour.pings[hour] as f64, traffic.by_hour.pings[hour] as f64 * scale);
        // Of the stream and of the traffic itself; 4.5 times it comes once in 100,000 hours.
        let by_chance = 4.5 * (heap * (should + should * scale)).sqrt();
        let allowed = by_chance + 0.05 * should + 20.0;
        let what = format!("pings from {hour}:00 to {}:00", hour + 1);
        let off = (is - should).abs() > allowed;
        off.then(|| Deviation { what, is, should, allowed: allowed / should.max(1.0), of: Of::Counts })
    })
}
