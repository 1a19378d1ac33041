//! A decision as text of 80 columns, and as Markdown.

use std::fmt::Write;

use dedup_records::curve::{Figure, Known, Origin};
use dedup_records::units;

use crate::decision::{Decision, Judged};
use crate::loss::{Says, Term};
use crate::needs::Nightly;
use crate::render::sentence::{bytes, count, failure, lost, money, seconds};
use crate::render::{Recipe, recipe, sentence};
use crate::sensitivity::{Change, Unit};

const WIDTH: usize = 80;
/// Changes that are shown: the nearest.
const MOST_CHANGES: usize = 6;

/// For a terminal.
pub fn text(decision: &Decision, changes: &[Change]) -> String {
    let mut out = String::new();
    wrapped(&mut out, "", &sentence(decision));
    wrapped(&mut out, "", &question(decision));
    if !decision.survivors.is_empty() {
        section(&mut out, "What meets every requirement, the cheapest first");
        out.push_str(&survivors(decision));
        wrapped(&mut out, "  ", NOTE);
    }
    if !decision.excluded.is_empty() {
        section(&mut out, "What does not, the nearest first");
        for judged in &decision.excluded {
            let name = format!("{:<17}", judged.candidate.strategy);
            wrapped_after(&mut out, &format!("  {name} "), &fails(judged));
        }
    }
    if !decision.left_out.is_empty() {
        section(&mut out, "About which nothing is said");
        for out_of_it in &decision.left_out {
            wrapped_after(&mut out, &format!("  {:<17} ", out_of_it.strategy), &out_of_it.because);
        }
    }
    section(&mut out, "What would change the answer");
    for line in change_lines(decision, changes) {
        wrapped_after(&mut out, "  ", &line);
    }
    if let Some(first) = decision.survivors.first() {
        section(&mut out, "Where the figures of the first come from");
        for line in origins(decision, first) {
            wrapped_after(&mut out, "  ", &line);
        }
        section(&mut out, "What to do");
        for line in recipe_lines(&recipe(&first.candidate, &first.assessment, decision)) {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}

/// For a review or a page.
pub fn markdown(decision: &Decision, changes: &[Change]) -> String {
    let mut out = format!("# {}\n\n{}\n", sentence(decision), question(decision));
    if !decision.survivors.is_empty() {
        out.push_str("\n## What meets every requirement, the cheapest first\n\n");
        let rows = rows(decision);
        let mut line = |cells: &[String]| {
            let _ = writeln!(out, "| {} |", cells.join(" | "));
        };
        line(&HEAD.map(str::to_string));
        line(&HEAD.map(|_| "---".to_string()));
        rows.iter().for_each(|row| line(row));
        let _ = writeln!(out, "\n{NOTE}");
    }
    if !decision.excluded.is_empty() {
        out.push_str("\n## What does not, the nearest first\n\n");
        for judged in &decision.excluded {
            let _ = writeln!(out, "- `{}` {}", judged.candidate.strategy, fails(judged));
        }
    }
    if !decision.left_out.is_empty() {
        out.push_str("\n## About which nothing is said\n\n");
        for out_of_it in &decision.left_out {
            let _ = writeln!(out, "- `{}` {}", out_of_it.strategy, out_of_it.because);
        }
    }
    out.push_str("\n## What would change the answer\n\n");
    for line in change_lines(decision, changes) {
        let _ = writeln!(out, "- {line}");
    }
    if let Some(first) = decision.survivors.first() {
        out.push_str("\n## Where the figures of the first come from\n\n");
        for line in origins(decision, first) {
            let _ = writeln!(out, "- {line}");
        }
        out.push_str("\n## What to do\n\n```\n");
        for line in recipe_lines(&recipe(&first.candidate, &first.assessment, decision)) {
            let _ = writeln!(out, "{line}");
        }
        out.push_str("```\n");
    }
    out
}

const NOTE: &str = "* on the front: nothing else is at least as good in price, duplicates and losses. m: a model of \
                    another system, whose own figures these are not. Duplicates: of all pings that are delivered. \
                    Lost: unique pings a year. Memory: of a worker (w) or of the Redis (r). p99: of a batch, measured, \
                    and round trips added; ?: outside what was measured. All else is modelled.";

const HEAD: [&str; 7] = ["strategy", "window", "dup. %", "lost/yr", "memory", "p99", "a month"];

fn rows(decision: &Decision) -> Vec<[String; 7]> {
    let all = decision.traffic.pings_per_s * 86_400.0;
    let row = |judged: &Judged| {
        let (candidate, found) = (&judged.candidate, &judged.assessment);
        let memory = match candidate.place.is_server() {
            true => format!("{} r", bytes(found.maxmemory)),
            false => format!("{} w", bytes(candidate.worker_bytes.value)),
        };
        [
            format!(
                "{}{}{}",
                candidate.strategy,
                if judged.on_front { " *" } else { "" },
                if candidate.model_of.is_some() { " m" } else { "" }
            ),
            candidate.window_s.map_or("-".to_string(), seconds),
            units::short(found.left_per_day() / all * 100.0),
            lost(found, "≤"),
            memory,
            found.speed.map_or("-".to_string(), |speed| nanos(speed.p99_ns)),
            money(found.price),
        ]
    };
    decision.survivors.iter().map(row).collect()
}

fn survivors(decision: &Decision) -> String {
    let rows = rows(decision);
    let widths: [usize; 7] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(HEAD[column].len())
    });
    let mut out = String::new();
    let mut line = |cells: [&str; 7]| {
        let mut text = format!("  {:<width$}", cells[0], width = widths[0]);
        for (cell, width) in cells.iter().zip(widths).skip(1) {
            let _ = write!(text, "  {cell:>width$}");
        }
        let _ = writeln!(out, "{text}");
    };
    line(HEAD);
    rows.iter().for_each(|row| line(std::array::from_fn(|column| row[column].as_str())));
    out
}

fn question(decision: &Decision) -> String {
    let (traffic, needs) = (&decision.traffic, &decision.needs);
    let nightly = match needs.nightly {
        Nightly::No => "no nightly job".to_string(),
        Nightly::Days(0) => "a nightly job".to_string(),
        Nightly::Days(days) => format!("a nightly job that looks back {}", units::plural(days.into(), "day")),
    };
    let redis = needs
        .redis_bytes
        .map_or("no Redis".to_string(), |size| format!("a Redis of {}", bytes(size)));
    format!(
        "Asked: {}, {}/s, {} % duplicates, half of them within {} and the last after {}; lost at most {} %, \
         duplicates at most {} % of what is delivered; {} with {} each, {redis}, {nightly}.",
        traffic.name,
        units::short(traffic.pings_per_s),
        units::short(traffic.duplicates * 100.0),
        seconds(traffic.lags.quantile(0.5)),
        seconds(traffic.lags.longest()),
        units::short(needs.lost * 100.0),
        units::short(needs.missed * 100.0),
        units::plural(needs.workers.into(), "worker"),
        bytes(needs.memory_bytes),
    )
}

fn fails(judged: &Judged) -> String {
    let window = judged.candidate.window_s.map_or(String::new(), |window| format!("{}: ", seconds(window)));
    format!("{window}{}", judged.fails.iter().map(failure).collect::<Vec<_>>().join("; "))
}

fn change_lines(decision: &Decision, changes: &[Change]) -> Vec<String> {
    let nothing = "Nothing: no assumption does so within 64 times its value.";
    let lines = changes.iter().take(MOST_CHANGES).map(|change| changed(decision, change)).collect::<Vec<_>>();
    if lines.is_empty() { vec![nothing.to_string()] } else { lines }
}

/// `redis-claim pays as soon as the price of redis falls below 5.2 (now 10; 0.52 times).`
fn changed(decision: &Decision, change: &Change) -> String {
    let outcome = match (&change.winner, decision.survivors.is_empty()) {
        (None, _) => "nothing meets the requirements any more",
        (Some(_), true) => "there is an answer",
        (Some(_), false) => "pays",
    };
    let who = match (&change.winner, decision.survivors.is_empty()) {
        (None, _) => String::new(),
        (Some(winner), true) => format!("{winner}: "),
        (Some(winner), false) => format!("{winner} "),
    };
    let moves = if change.factor > 1.0 { "is more than" } else { "is less than" };
    format!(
        "{who}{outcome} as soon as {} {moves} {} (now {}; {} times)",
        change.assumption,
        in_unit(change.unit, change.to),
        in_unit(change.unit, change.from),
        units::short(change.factor)
    )
}

fn in_unit(unit: Unit, value: f64) -> String {
    match unit {
        Unit::PingsPerSecond => format!("{}/s", units::short(value)),
        Unit::Share => format!("{} %", units::short(value * 100.0)),
        Unit::Bytes => bytes(value),
        Unit::Seconds => seconds(value),
        Unit::TimesPerYear => format!("{}/year", units::short(value)),
        Unit::Money => units::short(value),
    }
}

fn origins(decision: &Decision, judged: &Judged) -> Vec<String> {
    let (candidate, found) = (&judged.candidate, &judged.assessment);
    let mut lines = vec![
        format!("duplicates let through: {} ({})", candidate.because, candidate.missed_live.origin.name()),
        bytes_line(judged),
    ];
    let terms = |kind: &str, terms: &[Term]| -> Vec<String> {
        let there = terms.iter().filter(|term| term.per_year > 0.0);
        there
            .map(|term| {
                let at_most = if term.says == Says::AtMost { "at most " } else { "" };
                format!(
                    "{kind} {at_most}{} a year: {} ({}; {})",
                    count(term.per_year),
                    term.of,
                    term.model,
                    term.origin.name()
                )
            })
            .collect()
    };
    lines.extend(terms("delivered twice", &found.delivered));
    lines.extend(terms("lost", &found.lost));
    lines.extend(speed_lines(judged, decision));
    lines
}

fn bytes_line(judged: &Judged) -> String {
    let (candidate, ids) = (&judged.candidate, judged.candidate.ids);
    let origin = candidate.worker_bytes.origin.name();
    let line = format!("bytes for {} ids: from how it is built ({origin})", count(ids));
    let read = |speed: crate::speed::Speed| candidate.measured.as_ref()?.at(Figure::BytesPerId, speed.ids);
    match judged.assessment.speed.and_then(read) {
        Some(an_id) => format!(
            "{line}; {} bytes an id ({}) make {}",
            units::short(an_id.value),
            an_id.origin.name(),
            bytes(an_id.value * ids)
        ),
        None => line,
    }
}

fn speed_lines(judged: &Judged, decision: &Decision) -> Vec<String> {
    let (Some(speed), Some(measured)) = (judged.assessment.speed, &judged.candidate.measured) else {
        return vec!["time a ping and p99: unknown, as nobody measured it".to_string()];
    };
    let has_ns = 1e9 * f64::from(decision.needs.workers) / decision.traffic.busiest_per_s;
    let debug = if measured.build.starts_with("debug") { ", a debug build" } else { "" };
    vec![
        format!(
            "time: {} a ping with {} ids ({}); a worker has {}, of which that is {} %",
            duration(speed.ping_ns.value),
            count(speed.ids),
            speed.ping_ns.origin.name(),
            duration(has_ns),
            units::short(speed.busy.value * 100.0)
        ),
        format!("p99 of a batch: {} ({})", duration(speed.p99_ns.value), speed.p99_ns.origin.name()),
        format!(
            "measured on {} of {}{debug}, with {} to {} ids in batches of {}",
            measured.machine.cpu,
            units::plural(measured.machine.cores_count.into(), "core"),
            count(measured.fewest_ids as f64),
            count(measured.most_ids as f64),
            measured.batch
        ),
    ]
}

/// A time, with a question mark where it is outside what was measured.
fn nanos(known: Known) -> String {
    let doubt = if known.origin == Origin::Outside { " ?" } else { "" };
    format!("{}{doubt}", duration(known.value))
}

fn duration(nanos: f64) -> String {
    units::duration(nanos.clamp(0.0, 1e19).round() as u64)
}

fn recipe_lines(recipe: &Recipe) -> Vec<String> {
    let mut lines = vec![recipe.run.clone()];
    let groups =
        [("redis.conf", &recipe.redis_conf), ("Flink SQL", &recipe.flink_sql), ("Spark", &recipe.spark)];
    for (name, group) in groups.into_iter().filter(|(_, group)| !group.is_empty()) {
        lines.push(format!("# {name}"));
        lines.extend(group.iter().cloned());
    }
    lines
}

fn section(out: &mut String, title: &str) {
    let _ = writeln!(out, "\n{title}");
}

fn wrapped(out: &mut String, indent: &str, text: &str) {
    wrapped_after(out, indent, text);
}

/// The text after `begins`, further lines indented as far.
fn wrapped_after(out: &mut String, begins: &str, text: &str) {
    let indent = begins.chars().count();
    let mut line = begins.to_string();
    for word in text.split_whitespace() {
        let empty = line.trim().is_empty() || line == begins;
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = " ".repeat(indent);
        }
        if !(line.trim().is_empty() || line == begins) {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{}", line.trim_end());
}
