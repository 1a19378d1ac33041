//! The figures as Prometheus reads them (text format 0.0.4).

use std::fmt::{self, Write};

use super::shadow::{Counts, Shadow};
use super::watch::Watch;

/// What the body of the answer is.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const CAUGHT: [f64; 5] = [0.9, 0.95, 0.99, 0.999, 0.9999];

/// The figures at this moment.
pub(super) fn text(watch: &Watch) -> String {
    let mut text = Text::default();
    write(watch, &mut text).expect("a string takes whatever is written");
    text.0
}

fn write(watch: &Watch, text: &mut Text) -> fmt::Result {
    let glance = watch.glance();
    text.counter("dedup_pings_total", "Pings that were read.", glance.pings_count)?;
    text.counter("dedup_pings_without_id_total", "Pings without an id.", glance.without_id_count)?;
    text.counter("dedup_unreadable_lines_total", "Lines that could not be read.", glance.unreadable_count)?;
    text.counter(
        "dedup_duplicate_pings_total",
        "Pings whose id came before; an estimate where a part of the ids is looked at.",
        glance.duplicate_count,
    )?;
    text.gauge(
        "dedup_duplicate_pings_error_ratio",
        "Half the width of the 95 % interval of dedup_duplicate_pings_total, relative to it.",
        glance.duplicates_error.unwrap_or(0.0),
    )?;
    text.gauge("dedup_sampling_ratio", "The share of ids that is looked at.", glance.sampling_rate)?;
    text.gauge("dedup_ids_looked_at", "Ids that are looked at.", glance.ids_looked_at as f64)?;
    let latest = watch.latest().as_nanos() as f64 / 1e9;
    text.gauge("dedup_last_ping_timestamp_seconds", "When the latest ping came, since 1970.", latest)?;
    if glance.lags.total() > 0 {
        text.head(
            "dedup_window_seconds",
            "gauge",
            "The window, from the first ping, that catches a share of the duplicates.",
        )?;
        for share in CAUGHT {
            let seconds = glance.lags.window_for(share).unwrap_or_default().as_secs_f64();
            text.line("dedup_window_seconds", &[("catches", &share.to_string())], seconds)?;
        }
    }
    shadows(watch.shadows(), text)
}

type Figure = fn(&Counts) -> u64;

/// One figure after the other, each for all shadows, as the format wants it.
const OF_SHADOWS: [(&str, &str, Figure); 6] = [
    ("dedup_shadow_judged_pings_total", "Pings that the strategy judged.", |counts| counts.judged),
    ("dedup_shadow_dropped_pings_total", "Pings that the strategy would have dropped.", |counts| {
        counts.dropped
    }),
    (
        "dedup_shadow_firsts_total",
        "First pings of their ids; an estimate where a part of the ids is looked at.",
        |counts| counts.firsts.pings,
    ),
    (
        "dedup_shadow_wrongly_dropped_pings_total",
        "First pings that the strategy would have dropped; an estimate as dedup_shadow_firsts_total.",
        |counts| counts.wrongly_dropped.pings,
    ),
    (
        "dedup_shadow_duplicate_pings_total",
        "Duplicates that the strategy judged; an estimate as dedup_shadow_firsts_total.",
        |counts| counts.copies.pings,
    ),
    (
        "dedup_shadow_missed_pings_total",
        "Duplicates that the strategy would have let through; an estimate as dedup_shadow_firsts_total.",
        |counts| counts.missed.pings,
    ),
];

fn shadows(shadows: &[Shadow], text: &mut Text) -> fmt::Result {
    if shadows.is_empty() {
        return Ok(());
    }
    for (name, help, figure) in OF_SHADOWS {
        text.head(name, "counter", help)?;
        for shadow in shadows {
            text.line(name, &[("strategy", shadow.label())], figure(shadow.counts()) as f64)?;
        }
    }
    text.head("dedup_shadow_up", "gauge", "1 while the strategy judges, 0 once it has failed.")?;
    for shadow in shadows {
        let up = if shadow.failed().is_none() { 1.0 } else { 0.0 };
        text.line("dedup_shadow_up", &[("strategy", shadow.label())], up)?;
    }
    Ok(())
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.head(name, "counter", help)?;
        self.line(name, &[], value as f64)
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.head(name, "gauge", help)?;
        self.line(name, &[], value)
    }

    fn head(&mut self, name: &str, kind: &str, help: &str) -> fmt::Result {
        writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}")
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) -> fmt::Result {
        let labels: Vec<String> =
            labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escaped(text))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        writeln!(self.0, "{name}{labels} {value}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', "\\n")
}
