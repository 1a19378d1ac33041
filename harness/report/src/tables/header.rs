//! What stands above a table: the stream, the machine, the program, and how speed was measured.

use dedup_records::compare::{Block, Comparison, Source, Standing};
use dedup_records::record::Tool;
use dedup_records::units::{bytes, duration, thousands};

use crate::pipeline;
use crate::verdict::word;
use crate::words::system;

/// The pings: `500,000 pings, ...`.
pub(super) fn pings(block: &Block) -> String {
    let Some(verify) = block.widest_verify() else {
        return format!("{}: pings not counted", word(Standing::Unjudged));
    };
    let rounds = match verify.rounds_count {
        1 => String::new(),
        rounds => format!(", over {rounds} rounds"),
    };
    format!(
        "{} pings{}, {} duplicates, {} uniques{rounds}",
        thousands(verify.pings_count),
        pipeline::made(block),
        thousands(verify.duplicate_count),
        thousands(verify.unique_count),
    )
}

/// What else determines the stream: `window 10 min, seed 7, ...`.
pub(super) fn stream(block: &Block) -> String {
    let stream = &block.stream;
    let window = stream.window_ns.map_or("no window".to_string(), |ns| format!("window {}", duration(ns)));
    let digest: String = stream.scenario_digest.chars().take(8).collect();
    format!(
        "{window}, seed {}, {}, batches of {}{}, stream {digest}",
        stream.seed,
        plural(&numbers(&stream.workers_counts), "worker"),
        numbers(&stream.batch_counts),
        pipeline::phrase(stream),
    )
}

/// The machine of a block.
pub(super) fn machine(block: &Block) -> String {
    let machine = &block.machine;
    let virtualised = if machine.virtualised { ", virtualised" } else { "" };
    format!(
        "{}, {}, {}, {}, kernel {}{virtualised}",
        machine.cpu,
        plural(&machine.cores_count.to_string(), "core"),
        bytes(machine.memory_bytes),
        machine.os,
        machine.kernel,
    )
}

/// One line for each run of a block: what program made it, and when.
pub(super) fn programs(block: &Block, comparison: &Comparison) -> Vec<String> {
    let sources = comparison.runs.iter().filter(|source| block.runs.contains(&source.label));
    let named = comparison.runs.len() > 1 || comparison.against.is_some();
    let mut lines: Vec<String> = sources.map(|source| program(source, named)).collect();
    lines.extend(comparison.against.iter().map(|source| format!("against {}", program(source, true))));
    lines
}

fn program(source: &Source, named: bool) -> String {
    let run = &source.run;
    let label = if named { format!("{}: ", source.label) } else { String::new() };
    let servers: String =
        run.servers.iter().map(|(name, version)| format!(", {}", system(name, version))).collect();
    format!("{label}{}{servers}, {}", tool(&run.tool), run.started_at)
}

fn tool(tool: &Tool) -> String {
    let commit = match (tool.commit.as_str(), tool.dirty) {
        ("", _) => String::new(),
        (commit, false) => format!(" ({commit})"),
        (commit, true) => format!(" ({commit} and uncommitted changes)"),
    };
    format!("dedup-harness {}{commit}, {}, {}", tool.version, short_rustc(&tool.rustc), tool.profile)
}

/// `rustc 1.95.0 (59807616e 2026-04-14)` without what is in parentheses.
fn short_rustc(rustc: &str) -> &str {
    rustc.split(" (").next().unwrap_or(rustc)
}

/// How speed was measured; none where it was not.
pub(super) fn loops(block: &Block) -> Option<String> {
    let times: Vec<_> = block.rows.iter().filter_map(|row| row.summary.time.as_ref()).collect();
    let threads: std::collections::BTreeSet<u32> = times.iter().map(|time| time.threads_count).collect();
    let threads = (!threads.is_empty()).then(|| numbers(&threads))?;
    let offered: Vec<(f64, f64)> =
        times.iter().map(|time| (time.offered_per_s.median, time.throughput_per_s.median)).collect();
    let at = offered_rate(&offered);
    Some(format!(
        "rate: closed loop, {}; latency: open loop {at}, from the intended start",
        plural(&threads, "thread")
    ))
}

/// The numbers, with ` or ` between them.
fn numbers(numbers: &std::collections::BTreeSet<u32>) -> String {
    numbers.iter().map(u32::to_string).collect::<Vec<_>>().join(" or ")
}

fn plural(number: &str, noun: &str) -> String {
    match number {
        "1" => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// Which rate the open loops were run at, from the `(offered, closed loop)` rates of every row.
fn offered_rate(rates: &[(f64, f64)]) -> String {
    let is_half = |(offered, closed): &(f64, f64)| (0.45..0.55).contains(&(offered / closed));
    let others: Vec<f64> =
        rates.iter().filter(|rates| !is_half(rates)).map(|(offered, _)| *offered).collect();
    let one = others.first().filter(|first| others.iter().all(|other| other == *first));
    match (one, others.len()) {
        (None, 0) => "at half that rate".to_string(),
        (Some(rate), all) if all == rates.len() => format!("at {} pings/s", thousands(rate.round() as u64)),
        (Some(most), _) => format!("at half that rate, at most {}/s", thousands(most.round() as u64)),
        (None, _) => "at various rates".to_string(),
    }
}
