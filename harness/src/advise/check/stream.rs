//! The stream of a trial: the traffic's lags at their real length, and as few pings as are judged in seconds.

use std::fmt::Write;
use std::time::Duration;

use dedup_decide::{Candidate, DAY_S, Lags, Needs, Place, Traffic, YEAR_S};
use dedup_stream::scenario::{Scenario, ScenarioError};

/// Pings of a trial, about: a strategy judges so many in seconds.
const PINGS: f64 = 200_000.0;

/// Of what keeps its marks on a disk so many times fewer: with each restart each of its workers reads them all again.
const FEWER_ON_DISK: f64 = 4.0;

/// As often as something breaks, at most.
const MOST_FAULTS: f64 = 60.0;

/// As many workers as a trial has, at most.
const MOST_WORKERS: u32 = 16;

/// A stream, and what breaks in it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The stream, with its faults.
    pub scenario: Scenario,
    /// By what the rate was multiplied.
    pub thinned: f64,
    /// How late copies come.
    pub(super) lags: Lags,
    /// Unique pings a second.
    pub(super) uniques_per_s: f64,
    /// How long it is.
    pub(super) length_s: f64,
    /// Workers.
    pub(super) workers: u32,
    /// From a ping's verdict to its delivery, and the wait before.
    pub(super) in_hand_s: f64,
    /// When all workers start again.
    pub restarts_s: Vec<f64>,
    /// How many workers die.
    pub crashes: u32,
}

/// A trial of a candidate: six times as long as its window and the longest lag, and two days at least.
pub fn trial(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> Result<Trial, ScenarioError> {
    let window_s = candidate.window_s.unwrap_or(DAY_S);
    let length_s = (6.0 * window_s.max(traffic.lags.longest())).clamp(2.0 * DAY_S, YEAR_S).ceil();
    let pings = if candidate.place == Place::Disk { PINGS / FEWER_ON_DISK } else { PINGS };
    let thinned = (pings / (traffic.pings_per_s * length_s)).min(1.0);
    let uniques_per_s = (traffic.uniques_per_s() * thinned).max(1e-6);
    let faults = |per_year: f64| match per_year * length_s / YEAR_S {
        0.0 => 0,
        expected => expected.round().clamp(1.0, MOST_FAULTS) as u32,
    };
    let restarts_s = spread(faults(needs.restarts_per_year), length_s);
    let crashes = faults(needs.crashes_per_year);
    let mut text = String::new();
    write(&mut text, &Parts { traffic, needs, window_s, length_s, uniques_per_s })
        .and_then(|()| write_faults(&mut text, &restarts_s, crashes, length_s))
        .expect("a string takes whatever is written");
    Ok(Trial {
        scenario: Scenario::from_toml("advice.toml", &text)?,
        thinned,
        lags: traffic.lags.clone(),
        uniques_per_s,
        length_s,
        workers: workers(needs),
        in_hand_s: (needs.linger + needs.publish).as_secs_f64(),
        restarts_s,
        crashes,
    })
}

struct Parts<'a> {
    traffic: &'a Traffic,
    needs: &'a Needs,
    window_s: f64,
    length_s: f64,
    uniques_per_s: f64,
}

fn write(out: &mut String, parts: &Parts<'_>) -> std::fmt::Result {
    let Parts { traffic, needs, .. } = parts;
    writeln!(out, "about = \"The traffic that advice was asked about, thinned out.\"")?;
    writeln!(out, "duration = {:?}", time(parts.length_s))?;
    writeln!(out, "window = {:?}", time(parts.window_s.max(1.0)))?;
    writeln!(out, "payload = {}", traffic.payload_bytes)?;
    writeln!(out, "\n[arrival]\nprocess = \"poisson\"\nrate = {}", parts.uniques_per_s)?;
    write_pipeline(out, needs)?;
    let copied = traffic.copies_per_s() / traffic.uniques_per_s().max(1e-12) / traffic.copies;
    if copied > 0.0 {
        writeln!(out, "\n[[repeat]]\ncause = \"copies\"\nshare = {}", copied.min(1.0))?;
        if traffic.copies > 1.0 {
            writeln!(out, "copies = {{ mean = {} }}", traffic.copies)?;
        }
        writeln!(out, "lag.cdf = {}", cdf(&traffic.lags))?;
    }
    Ok(())
}

/// The workers of the question, and how they batch and publish.
pub(super) fn write_pipeline(out: &mut String, needs: &Needs) -> std::fmt::Result {
    writeln!(out, "\n[pipeline]\nworkers = {}\nbatch = {}", workers(needs), needs.batch.min(65_536))?;
    let duration = |time: Duration| humantime::format_duration(time).to_string();
    writeln!(out, "linger = {:?}\npublish_latency = {:?}", duration(needs.linger), duration(needs.publish))
}

fn workers(needs: &Needs) -> u32 {
    needs.workers.min(MOST_WORKERS)
}

fn write_faults(out: &mut String, restarts_s: &[f64], crashes: u32, length_s: f64) -> std::fmt::Result {
    for at in restarts_s {
        writeln!(out, "\n[[fault]]\nkind = \"restart\"\nat = {:?}\nstate = \"kept\"", time(*at))?;
    }
    for at in spread(crashes, length_s) {
        // Not at once with a restart.
        let at = time(at + 0.37 * length_s / f64::from(2 * crashes + 1));
        writeln!(out, "\n[[fault]]\nkind = \"worker-crash\"\nat = {at:?}\npoint = \"before-publish\"")?;
    }
    Ok(())
}

/// So many times, at even distances.
fn spread(count: u32, length_s: f64) -> Vec<f64> {
    (0..count).map(|nth| length_s * (f64::from(nth) + 0.5) / f64::from(count)).collect()
}

/// Points that ascend, in milliseconds; the first may be at no lag.
fn cdf(lags: &Lags) -> String {
    let mut points: Vec<(u64, f64)> = Vec::new();
    for (seconds, share) in lags.points() {
        let at_ms = (seconds * 1e3).round() as u64;
        match points.last_mut() {
            Some(last) if last.0 >= at_ms => last.1 = *share,
            _ => points.push((at_ms, *share)),
        }
    }
    if let Some(last) = points.last_mut() {
        last.1 = 1.0;
    }
    let shown = points.iter().map(|(at_ms, share)| format!("[\"{at_ms}ms\", {share:?}]"));
    format!("[{}]", shown.collect::<Vec<_>>().join(", "))
}

fn time(seconds: f64) -> String {
    format!("{}ms", (seconds * 1e3).round() as u64)
}
