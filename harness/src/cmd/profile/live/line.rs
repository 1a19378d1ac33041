//! The lines that are printed meanwhile.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use dedup_profile::{Glance, Times};
use dedup_stream::trace::{TraceOptions, TracePings};
use parking_lot::Mutex;

use super::super::words::{length, percent};
use super::shadow::EXPECTED;
use super::watch::Watch;
use crate::printable::printable;
use crate::units::{self, plural, thousands};

/// Prints to standard error; where nobody reads it, nothing is lost but that.
pub(in super::super) fn say(text: &str) {
    dedup_files::say(printable(text));
}

/// Prints a line each time `every` has passed, until what it gives is dropped.
pub(super) fn print<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    watch: &'env Mutex<Watch>,
    every: Duration,
) -> Sender<()> {
    let (end, ended) = channel();
    scope.spawn(move || {
        let mut before = Before { pings: 0, at: Instant::now(), doubts: 0 };
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(every) {
            let text = lines(&watch.lock(), &mut before);
            say(&text);
        }
    });
    end
}

/// What was there at the line before.
struct Before {
    pings: u64,
    at: Instant,
    doubts: usize,
}

fn lines(watch: &Watch, before: &mut Before) -> String {
    let (glance, now) = (watch.glance(), Instant::now());
    let pings = glance.pings_count - before.pings;
    let rate = pings as f64 / now.duration_since(before.at).as_secs_f64().max(1e-3);
    let mut lines = vec![format!("{} {}", time_of_day(), line(&glance, rate))];
    lines.extend(watch.shadows().iter().map(|shadow| format!("  {}", shadow.said())));
    // What is doubtful is told when it is found, and stands in the profile.
    lines.extend(watch.doubts().iter().skip(before.doubts).map(|doubt| format!("doubtful: {doubt}")));
    *before = Before { pings: glance.pings_count, at: now, doubts: before.doubts.max(watch.doubts().len()) };
    lines.join("\n")
}

fn time_of_day() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Second).unwrap_or(now).to_string()
}

/// What was seen so far, in one line.
pub(super) fn line(glance: &Glance, rate_per_s: f64) -> String {
    let mut line =
        format!("{} ({}/s)", plural(glance.pings_count, "ping"), thousands(rate_per_s.round() as u64));
    line += &duplicates(glance);
    if glance.without_id_count > 0 {
        let share = glance.without_id_count as f64 / glance.pings_count.max(1) as f64;
        line += &format!("; {} without id", percent(share));
    }
    if glance.sampling_rate < 1.0 {
        line += &format!("; one id in {} looked at", units::short(1.0 / glance.sampling_rate));
    }
    if glance.unreadable_count > 0 {
        let all = glance.pings_count + glance.unreadable_count;
        let share = percent(glance.unreadable_count as f64 / all as f64);
        line += &format!("; {} ({share}) cannot be read", plural(glance.unreadable_count, "line"));
    }
    line
}

fn duplicates(glance: &Glance) -> String {
    let known = |share| glance.lags.window_for(share).map(|window| length(Times::Given, window));
    match (known(0.99), known(0.999)) {
        (Some(most), Some(nearly_all)) => {
            let share = glance.duplicate_count as f64 / glance.pings_count.max(1) as f64;
            let error = glance.duplicates_error.map(|error| format!(" (±{})", percent(error * share)));
            let (share, error) = (percent(share), error.unwrap_or_default());
            format!(": {share}{error} duplicates, 99 % of them within {most}, 99.9 % within {nearly_all}")
        }
        _ => ": no duplicate".to_string(),
    }
}

/// What is said once it is known what is read.
pub(super) fn begins(options: &TraceOptions, pings: &TracePings, watch: &Watch) -> String {
    let times = match &options.time_field {
        Some(field) => format!("from {field}"),
        None => "those of the clock, when lines are read".to_string(),
    };
    let mut text = format!("live: ids from {}; times {times}; Ctrl-C ends it", pings.id_fields());
    if !watch.shadows().is_empty() {
        let (ids, window) = (thousands(EXPECTED.ids_in_window), humantime::format_duration(EXPECTED.window));
        text += &format!("\nshadows expect {ids} ids in {window} where their settings do not say otherwise");
    }
    text
}
