//! What stands below a table: how to read it, what it leaves out, and what did not fit.

use dedup_records::compare::{
    Block, Certainty, Clock, Comparison, Difference, Row, Source, TimeSummary, VerifySummary, WeighSummary,
};
use dedup_records::metrics::{DELAYED, LOST, MISSED, MISSED_IN_WINDOW, Metric, WINDOW_IDS};
use dedup_records::stats::rule_of_three;
use dedup_records::units::{plural, short, thousands};
use unicode_width::UnicodeWidthStr;

use super::sheet::{fastest, is_least_size, name, window_differs};
use super::verdict::{finding, with_finding};
use crate::models::{note_of, noted};
use crate::pipeline;
use crate::verdict::{COLUMNS, SKIPPED, verdict};
use crate::words::nanos;

/// The notes of a block, one string each. `verdict_width` is how much of a verdict the table has shown.
pub(super) fn notes(block: &Block, verdict_width: usize) -> Vec<String> {
    let mut notes = Vec::new();
    notes.extend(none_seen(block));
    if block.rows.iter().any(|row| row.summary.verify.is_some()) {
        notes.push(COLUMNS.to_string());
    }
    notes.extend(pipeline::notes(block, |row| name(row, block)));
    notes.extend(held(block));
    notes.extend(stable(block));
    notes.extend(spread(block));
    notes.extend(warm(block));
    notes.extend(fastest_kept(block));
    notes.extend(changes(block));
    notes.extend(shared_keys(block));
    notes.extend(per_id_held(block));
    notes.extend(errors(block));
    for row in &block.rows {
        notes.extend(refused(row).map(|text| format!("{}: {text}", name(row, block))));
        notes.extend(incomplete(row, block).map(|text| format!("{}: {text}", name(row, block))));
        notes.extend(clients(row).map(|text| format!("{}: {text}", name(row, block))));
        notes.extend(overloaded(row).map(|text| format!("{}: {text}", name(row, block))));
        notes.extend(least_size(row).map(|text| format!("{}: {text}", name(row, block))));
        notes.extend(shrunk(row).map(|text| format!("{}: {text}", name(row, block))));
        notes.extend(twice(row).map(|text| format!("{}: {text}", name(row, block))));
    }
    notes.extend(noted(block.rows.iter().filter_map(|row| Some((name(row, block), note_of(row)?)))));
    notes.extend(cut_verdicts(block, verdict_width));
    notes.extend(findings(block, verdict_width));
    notes.extend(skipped(block));
    notes
}

/// What makes the runs that are shown doubtful.
pub(crate) fn doubts(comparison: &Comparison) -> Vec<String> {
    let several = comparison.runs.len() > 1;
    let of = |source: &Source| {
        let label = if several { format!("{}: ", source.label) } else { String::new() };
        let said = source.run.doubts.iter().map(move |doubt| format!("doubt: {label}{doubt}."));
        said.collect::<Vec<_>>()
    };
    comparison.runs.iter().flat_map(of).collect()
}

/// What zero means: below which share the truth is, by the row that saw least.
fn none_seen(block: &Block) -> Option<String> {
    let of = |metric: &Metric| {
        let seen = block.rows.iter().filter_map(|row| row.summary.counts(metric));
        seen.filter(|(count, of)| *count == 0 && *of > 0).map(|(_, of)| of).min()
    };
    let bound = |metric: &Metric, what: &str| {
        of(metric).map(|n| format!("{} % {what}", short(rule_of_three(n) * 100.0)))
    };
    let in_window =
        window_differs(&block.rows).then(|| bound(&MISSED_IN_WINDOW, "missed in window")).flatten();
    let any_delayed = verified(block).any(|verify| verify.delayed_count > 0);
    let bounds: Vec<String> = [
        bound(&MISSED, "missed"),
        in_window,
        bound(&LOST, "lost"),
        any_delayed.then(|| bound(&DELAYED, "delayed")).flatten(),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!bounds.is_empty()).then(|| {
        format!("0 = none seen; the true share is, with 95 % confidence, below {}.", bounds.join(", "))
    })
}

fn verified(block: &Block) -> impl Iterator<Item = &VerifySummary> {
    block.rows.iter().filter_map(|row| row.summary.verify.as_ref())
}

/// What the columns of the stable tables are.
fn stable(block: &Block) -> Option<String> {
    verified(block).any(|verify| verify.stable.is_some()).then(|| {
        "stable: what is left, or lost, once the nightly job has been over each day of what was delivered.".to_string()
    })
}

/// What came out of a flow again.
fn twice(row: &Row) -> Option<String> {
    let count = row.summary.verify.as_ref()?.emitted_twice_count.filter(|count| *count > 0)?;
    let pings = plural(count, "ping");
    Some(format!("{pings} came out again after having come out once; counted here, and not as missed."))
}

fn held(block: &Block) -> Option<String> {
    let held = |row: &&Row| matches!(row.summary.waiting(), Some((_, Clock::Virtual)));
    block.rows.iter().any(|row| held(&row)).then(|| {
        "* = time from arrival to release, on the stream's own clock: these strategies hold pings."
            .to_string()
    })
}

fn spread(block: &Block) -> Option<String> {
    let several = block.rows.iter().filter_map(|row| row.summary.time.as_ref());
    let rounds = several.map(|time| time.throughput_per_s.rounds_count).max().filter(|rounds| *rounds > 1)?;
    Some(format!("rate = median of {rounds} rounds, ± half their range."))
}

/// What the rate of programs of their own is of, and how long they take to start.
fn warm(block: &Block) -> Option<String> {
    let times = block.rows.iter().filter_map(|row| Some((row, row.summary.time.as_ref()?)));
    let warm: Vec<_> = times.filter(|(_, time)| time.is_warm).collect();
    let starts = warm
        .iter()
        .filter_map(|(row, time)| Some(format!("{} {}", name(row, block), nanos(time.start_ns?.median))));
    let starts = starts.collect::<Vec<_>>().join(", ");
    (!warm.is_empty()).then(|| {
        format!("systems are timed over the second half of their pings, once they are warm. To start they took: {starts}.")
    })
}

/// Who is fastest of those that kept their promise: what green says in the table.
fn fastest_kept(block: &Block) -> Option<String> {
    let names: Vec<String> = fastest(&block.rows).map(|row| name(row, block)).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!("fastest of the kept: {one}.")),
        some => {
            Some(format!("fastest of the kept: {} (not told apart: their rounds overlap).", some.join(", ")))
        }
    }
}

fn changes(block: &Block) -> Vec<String> {
    let ratios: Vec<Certainty> = block
        .rows
        .iter()
        .filter_map(|row| row.change.as_ref())
        .flat_map(|change| change.metrics.iter())
        .filter_map(|difference| match difference {
            Difference::Ratio(ratio) => Some(ratio.certainty),
            Difference::Count(_) => None,
        })
        .collect();
    let any = |certainty| ratios.contains(&certainty);
    [
        block
            .rows
            .iter()
            .any(|row| row.change.is_some())
            .then(|| "vs: counts are differences in pings, over the rounds that both have; speeds and memory are changes of the median.".to_string()),
        any(Certainty::Overlap).then(|| "~ = the ranges of the rounds overlap: no difference shown.".to_string()),
        any(Certainty::OneRound).then(|| "? = a single round: no range to tell a difference by.".to_string()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Losses that are the key's fault.
fn shared_keys(block: &Block) -> Option<String> {
    let losses: Vec<String> = block
        .rows
        .iter()
        .filter_map(|row| Some((row, row.summary.verify.as_ref()?)))
        .filter(|(_, verify)| verify.lost_shared_key_count > 0)
        .map(|(row, verify)| {
            let (shared, lost) = (thousands(verify.lost_shared_key_count), thousands(verify.lost_count));
            format!("{} {shared} of {lost}", name(row, block))
        })
        .collect();
    (!losses.is_empty()).then(|| {
        format!(
            "lost because distinct pings share a key, which no strategy can tell apart: {}.",
            losses.join(", ")
        )
    })
}

/// Pings that no strategy judges; the same for all.
fn errors(block: &Block) -> Option<String> {
    let verify = block.widest_verify()?;
    let parts: Vec<String> = [
        (verify.error_count, "with a broken id to the error output"),
        (verify.unjudged_count, "without an id passed unjudged"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} pings {what}", thousands(count)))
    .collect();
    (!parts.is_empty()).then(|| format!("{}.", parts.join(", ")))
}

/// Pings that this strategy refused or the pipeline gave up.
fn refused(row: &Row) -> Option<String> {
    let verify = row.summary.verify.as_ref()?;
    let parts: Vec<String> = [
        (verify.late_count, "pings refused as late"),
        (verify.stalled_count, "pings given up after too many redeliveries"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{} {what}", thousands(count)))
    .collect();
    (!parts.is_empty()).then(|| format!("{}.", parts.join(", ")))
}

fn incomplete(row: &Row, block: &Block) -> Option<String> {
    let most = block.widest_verify()?.rounds_count;
    let rounds = row.summary.verify.as_ref()?.rounds_count;
    (rounds < most).then(|| format!("verified in {rounds} of {most} rounds only."))
}

/// Latencies of an open loop that fell behind are those of a queue.
fn overloaded(row: &Row) -> Option<String> {
    let time = row.summary.time.as_ref()?;
    let (offered, achieved) = (time.offered_per_s.median, time.achieved_per_s.median);
    (achieved < 0.95 * offered).then(|| {
        let percent = short(achieved / offered * 100.0);
        format!(
            "overloaded: reached {percent} % of the open loop's rate, so its latencies are those of a growing queue.{}",
            whose_limit(time)
        )
    })
}

/// Whether a rate that was not reached with a store is the client's limit, by what its threads spent their time on.
fn whose_limit(time: &TimeSummary) -> String {
    let Some(ran) = time.threads_ran_ratio else { return String::new() };
    match ran > 0.5 {
        true => format!(
            " That is the client's limit: its threads computed, or waited for a processor, {} % of the time; load from more \
             machines (--start-at).",
            short(100.0 * ran)
        ),
        false => format!(
            " Its threads waited for the store {} % of the time: that is the store's limit, or that of so few connections \
             (--threads).",
            short(100.0 - 100.0 * ran)
        ),
    }
}

fn clients(row: &Row) -> Option<String> {
    let time = row.summary.time.as_ref().filter(|time| time.clients_count > 1)?;
    Some(format!(
        "{} clients loaded one store at once, over {} {}: rates are theirs together, latencies those of all pings.",
        time.clients_count,
        time.threads_count,
        if time.threads_count == 1 { "connection" } else { "connections" }
    ))
}

fn least_size(row: &Row) -> Option<String> {
    let ids = row.summary.value(&WINDOW_IDS).filter(|_| is_least_size(row))?;
    Some(format!(
        "+ mem is mostly the least that it takes, divided by few ids ({} in the window); more ids would take little more.",
        thousands(ids as u64)
    ))
}

/// What `mem` is where records do not say how many ids the window had.
fn per_id_held(block: &Block) -> Option<String> {
    let held = |row: &&Row| row.summary.weigh.as_ref().is_some_and(WeighSummary::is_per_id_held);
    let names: Vec<String> = block.rows.iter().filter(held).map(|row| name(row, block)).collect();
    let (all, of) = (names.len() == block.rows.len(), names.join(", "));
    (!names.is_empty()).then(|| {
        let whose = if all { String::new() } else { format!(" of {of}") };
        format!("mem{whose} is per id held, older ones than the window's included: the records are from before those were counted.")
    })
}

fn shrunk(row: &Row) -> Option<String> {
    (row.time_factor != 1.0).then(|| {
        format!("on a server's wall time; the scenario's time was shrunk by {}.", short(row.time_factor))
    })
}

/// Findings that the verdict column does not show, not in full, or without the rounds that they are about.
fn findings(block: &Block, verdict_width: usize) -> Vec<String> {
    const MOST: usize = 4;
    let lines = |row: &Row| {
        let shown = usize::from(shows_first_finding(row, verdict_width));
        let rest = row.findings.get(shown..).unwrap_or_default();
        let mut lines: Vec<String> = rest
            .iter()
            .take(MOST)
            .map(|found| format!("{}: {}", name(row, block), finding(found, row.rounds_count)))
            .collect();
        if rest.len() > MOST {
            let more = plural((rest.len() - MOST) as u64, "more finding");
            lines.push(format!("{}: and {more}.", name(row, block)));
        }
        lines
    };
    block.rows.iter().flat_map(lines).collect()
}

/// Verdicts that the table has no room for and that no finding below repeats.
fn cut_verdicts(block: &Block, verdict_width: usize) -> Option<String> {
    let is_cut = |row: &&Row| {
        let text = with_finding(row).text;
        text == verdict(row.standing, row.role).words && text.width() > verdict_width
    };
    let said = block.rows.iter().filter(is_cut);
    let said: Vec<String> =
        said.map(|row| format!("{}: {}", name(row, block), verdict(row.standing, row.role).words)).collect();
    (!said.is_empty()).then(|| format!("as documented, cut above: {}.", said.join("; ")))
}

fn shows_first_finding(row: &Row, verdict_width: usize) -> bool {
    let verdict = with_finding(row).text;
    row.findings.first().is_some_and(|first| {
        verdict.contains(&first.text)
            && verdict.width() <= verdict_width
            && first.rounds.len() as u32 >= row.rounds_count
    })
}

/// Strategies that could not run; those with the same reason together.
fn skipped(block: &Block) -> Vec<String> {
    let mut lines: Vec<(String, &str, &str)> = Vec::new();
    for skipped in &block.skipped {
        let who =
            match block.rows.iter().any(|row| row.strategy == skipped.strategy && row.run == skipped.run) {
                false => skipped.strategy.clone(),
                // Some of its passes ran.
                true => {
                    let passes: Vec<&str> = skipped.passes.iter().map(|pass| pass.name()).collect();
                    format!("{} ({})", skipped.strategy, passes.join(", "))
                }
            };
        match lines.iter_mut().find(|line| (line.1, line.2) == (&skipped.reason, &skipped.remedy)) {
            Some(line) => line.0.push_str(&format!(", {who}")),
            None => lines.push((who, &skipped.reason, &skipped.remedy)),
        }
    }
    lines.into_iter().map(|(who, reason, remedy)| format!("{SKIPPED}: {who}: {reason}; {remedy}")).collect()
}
