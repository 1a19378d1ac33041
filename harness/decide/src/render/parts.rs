//! What a decision says, part by part; text and Markdown show the same.

use dedup_records::curve::{Known, Origin};
use dedup_records::units;

use crate::decision::{Decision, Judged};
use crate::needs::{ASSUMED, Needs, Nightly};
use crate::render::lines::{change_lines, origins};
use crate::render::sentence::{bytes, duration, failure, lost, money, seconds};
use crate::render::{Recipe, recipe};
use crate::sensitivity::Change;

/// A part under its title.
pub(super) struct Part {
    pub(super) title: &'static str,
    pub(super) body: Body,
}

/// What is in a part.
pub(super) enum Body {
    /// Rows of cells, the first of which is the head, and a note on them.
    Table(Vec<Vec<String>>, &'static str),
    /// Strategies, and what is said of each.
    Strategies(Vec<(String, String)>),
    /// Sentences.
    Lines(Vec<String>),
    /// Lines to be typed as they are.
    Code(Vec<String>),
}

/// Every part that there is something in.
pub(super) fn parts(decision: &Decision, changes: &[Change]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut add = |title, body| parts.push(Part { title, body });
    if !decision.survivors.is_empty() {
        let rows = without_empty(DISK, std::iter::once(head(HEAD)).chain(rows(decision)).collect());
        add("What meets every requirement, the cheapest first", Body::Table(rows, NOTE));
    }
    if !decision.excluded.is_empty() {
        let said = |judged: &Judged| (judged.candidate.strategy.clone(), fails(judged));
        let excluded = decision.excluded.iter().map(said).collect();
        add("What does not, the nearest first", Body::Strategies(excluded));
    }
    if !decision.left_out.is_empty() {
        let said = decision.left_out.iter().map(|out| (out.strategy.clone(), out.because.clone()));
        add("About which nothing is said", Body::Strategies(said.collect()));
    }
    if !decision.needs.numbers.is_none() {
        add("What is assumed of numbers", Body::Lines(vec![ASSUMED.to_string()]));
    }
    add("What would change the answer", Body::Lines(change_lines(decision, changes)));
    if let Some(first) = decision.survivors.first() {
        add("Where the figures of the first come from", Body::Lines(origins(decision, first)));
        let recipe = recipe(&first.candidate, &first.assessment, decision);
        add("What to do", Body::Code(recipe_lines(&recipe)));
    }
    parts
}

const NOTE: &str = "* on the front: nothing else is at least as good in price, duplicates and losses. m: a model of \
                    another system, whose own figures these are not. Duplicates: of what is delivered. \
                    Lost: unique pings a year. Memory: of a worker (w) or of the Redis (r). Disk: of a worker. p99: of a batch, measured, \
                    and round trips added; ?: outside what was measured. All else is modelled.";

const HEAD: [&str; 8] = ["strategy", "window", "dup. %", "lost/yr", "memory", DISK, "p99", "a month"];

/// Left out where nothing is on one.
const DISK: &str = "disk";

const NOTHING: &str = "-";

fn head<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_string).to_vec()
}

/// The table without the column of this name, where nothing is in it.
fn without_empty(column: &str, mut rows: Vec<Vec<String>>) -> Vec<Vec<String>> {
    let at = rows[0].iter().position(|name| name == column);
    if let Some(at) = at.filter(|at| rows[1..].iter().all(|row| row[*at] == NOTHING)) {
        rows.iter_mut().for_each(|row| {
            row.remove(at);
        });
    }
    rows
}

fn rows(decision: &Decision) -> impl Iterator<Item = Vec<String>> {
    let row = move |judged: &Judged| {
        let (candidate, found) = (&judged.candidate, &judged.assessment);
        let memory = match candidate.place.is_server() {
            true => format!("{} r", bytes(found.maxmemory)),
            false => format!("{} w", bytes(candidate.worker_bytes.value)),
        };

        vec![
            format!(
                "{}{}{}",
                candidate.strategy,
                if judged.on_front { " *" } else { "" },
                if candidate.model_of.is_some() { " m" } else { "" }
            ),
            candidate.window_s.map_or("-".to_string(), seconds),
            units::short(decision.traffic.share_of_delivered(found.left_per_day()) * 100.0),
            lost(found, "≤"),
            memory,
            match candidate.disk_bytes.value {
                0.0 => NOTHING.to_string(),
                disk => bytes(disk),
            },
            found.speed.map_or("-".to_string(), |speed| nanos(speed.p99_ns)),
            money(found.price),
        ]
    };
    decision.survivors.iter().map(row)
}

/// A time, with a question mark where it is outside what was measured.
fn nanos(known: Known) -> String {
    let doubt = if known.origin == Origin::Outside { " ?" } else { "" };
    format!("{}{doubt}", duration(known.value))
}

/// What was asked, in a sentence.
pub(super) fn question(decision: &Decision) -> String {
    let (traffic, needs) = (&decision.traffic, &decision.needs);
    let nightly = match needs.nightly {
        Nightly::No => "no nightly job".to_string(),
        Nightly::Days(0) => "a nightly job".to_string(),
        Nightly::Days(days) => format!("a nightly job that looks back {}", units::plural(days.into(), "day")),
    };
    let redis =
        needs.redis_bytes.map_or("no Redis".to_string(), |size| format!("a Redis of {}", bytes(size)));
    let copies = match traffic.duplicates {
        0.0 => "no duplicates".to_string(),
        share => format!(
            "{} % duplicates, half of them within {} and the last after {}",
            units::short(share * 100.0),
            seconds(traffic.lags.quantile(0.5)),
            seconds(traffic.lags.longest())
        ),
    };
    let each = if needs.workers == 1 { "" } else { " each" };
    format!(
        "Asked: {}, {}/s, {copies}; {}, {}{}; {} with {}{each}, {redis}, {nightly}.",
        traffic.name,
        units::short(traffic.pings_per_s),
        allowed("lost", needs.lost, ""),
        allowed("duplicates", needs.missed, " of what is delivered"),
        numbers(needs),
        units::plural(needs.workers.into(), "worker"),
        bytes(needs.memory_bytes),
    )
}

/// `, pings and mau bent by at most 0.5 %`.
fn numbers(needs: &Needs) -> String {
    match needs.numbers.names.split_last() {
        None => String::new(),
        Some((last, before)) => {
            let before = if before.is_empty() { String::new() } else { before.join(", ") + " and " };
            format!(", {before}{last} bent by at most {} %", units::short(needs.numbers.tolerance * 100.0))
        }
    }
}

/// `lost at most 0.0001 %`, or `none lost`.
fn allowed(what: &str, share: f64, of: &str) -> String {
    match share {
        0.0 => format!("none {what}").replace("none duplicates", "no duplicates"),
        share => format!("{what} at most {} %{of}", units::short(share * 100.0)),
    }
}

fn fails(judged: &Judged) -> String {
    let window = judged.candidate.window_s.map_or(String::new(), |window| format!("{}: ", seconds(window)));
    format!("{window}{}", judged.fails.iter().map(|one| failure(judged, one)).collect::<Vec<_>>().join("; "))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::decide;
    use crate::needs::Needs;
    use crate::testing::traffic;

    #[test]
    fn what_was_asked_speaks_of_one_worker_and_of_no_duplicates_as_people_do() {
        let mut traffic = traffic();
        traffic.duplicates = 0.0;
        let asked = |workers| question(&decide(&traffic, &Needs { workers, ..Needs::default() }, &[]));
        assert!(
            asked(1).contains("1,000/s, no duplicates; ") && asked(1).contains("1 worker with 4 GiB, "),
            "{}",
            asked(1)
        );
        assert!(asked(2).contains("2 workers with 4 GiB each, "), "{}", asked(2));
    }
}
