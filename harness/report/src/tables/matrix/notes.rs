//! What stands below the matrix: what happened, how long pings waited, what a second without a store did.

use std::collections::BTreeMap;

use dedup_records::compare::Block;
use dedup_records::units::{duration, signed_short, thousands};

use super::time::{Time, short};

/// All of them, in the order of the lines.
pub(super) fn notes(blocks: &[&Block], time: Time, several: bool) -> Vec<String> {
    let mut notes = Vec::new();
    for block in blocks {
        let scenario = short(&block.stream.scenario);
        for row in time.rows(block) {
            let run = if several { format!(" ({})", row.run) } else { String::new() };
            let findings: Vec<&str> = row.findings.iter().map(|finding| finding.text.as_str()).collect();
            if !findings.is_empty() {
                notes.push(format!("{scenario}, {}{run}: {}.", row.strategy, findings.join("; ")));
            }
        }
        notes.extend(happened(block, time).map(|what| format!("{scenario}: {what}.")));
        notes.extend(waits(block, time).map(|what| format!("{scenario}: {what}.")));
        notes.extend(outages(block, time).map(|what| format!("{scenario}: {what}.")));
    }
    notes.extend(stable(blocks, time));
    notes.extend(left_out(blocks));
    notes
}

/// What the nightly job makes of the cells that have one: the same counts in the stable tables.
fn stable(blocks: &[&Block], time: Time) -> Option<String> {
    let mut repaired = 0;
    let mut others = Vec::new();
    for (block, row) in blocks.iter().flat_map(|block| time.rows(block).map(move |row| (block, row))) {
        let Some(verify) = &row.summary.verify else { continue };
        let Some(stable) = verify.stable else { continue };
        if stable.missed_count == 0 && stable.lost_count == verify.lost_count {
            repaired += 1;
        } else {
            let counts = format!("{}/{}", thousands(stable.missed_count), thousands(stable.lost_count));
            others.push(format!("{}, {}: {counts}", short(&block.stream.scenario), row.strategy));
        }
    }
    let all = repaired + others.len();
    if all == 0 {
        return None;
    }
    let cells = if repaired == all { "every cell".to_string() } else { format!("{repaired} of {all} cells") };
    let others = if others.is_empty() { String::new() } else { format!("; {}", others.join("; ")) };
    Some(format!(
        "in the stable tables, behind the nightly job: 0 missed, and lost what is lost above, in {cells}{others}."
    ))
}

/// What was seen of the faults, by the row that saw most of them: `worker-crash after 12 min: 20 of 20 workers died`.
fn happened(block: &Block, time: Time) -> Option<String> {
    let verifies = time.rows(block).filter_map(|row| row.summary.verify.as_ref().map(|verify| (row, verify)));
    let fired =
        |faults: &[dedup_records::record::FaultFigures]| faults.iter().map(|f| f.fired_count).sum::<u64>();
    let (row, verify) = verifies.max_by_key(|(_, verify)| fired(&verify.faults))?;
    let seen = verify.faults.iter().filter(|fault| fault.fired_count > 0);
    let seen: Vec<String> = seen
        .map(|fault| format!("{} after {}: {}", fault.kind, duration(fault.at_ns), fault.observed))
        .collect();
    (!seen.is_empty()).then(|| format!("{} (seen with {})", seen.join("; "), row.strategy))
}

/// How long pings waited because they came again before they were decided: what it costs to be closed to all.
fn waits(block: &Block, time: Time) -> Option<String> {
    let said = time.rows(block).filter_map(|row| {
        let verify = row.summary.verify.as_ref()?;
        let waited = &verify.waited_ns.as_ref()?.merged;
        let without = verify.faultless.map_or(String::new(), |without| {
            format!(", {} without the fault", thousands(without.waited_count))
        });
        let (half, longest) = (duration(waited.p50), duration(waited.max));
        let count = thousands(waited.count);
        Some(format!("{} {count} (half of them {half} and more, one {longest}{without})", row.strategy))
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty()).then(|| format!("pings that waited to be decided: {}", said.join("; ")))
}

/// What a second without its store did to each.
fn outages(block: &Block, time: Time) -> Option<String> {
    let said = time.rows(block).filter_map(|row| {
        let verify = row.summary.verify.as_ref()?;
        let outage_ns = verify.outage_ns().filter(|ns| *ns > 0)?;
        let added = verify.added()?;
        let a_second = |count: i64| signed_short(count as f64 / (outage_ns as f64 / 1e9));
        let (missed, lost) = (a_second(added.missed_count), a_second(added.lost_count));
        Some(format!("{} {missed}/{lost} (away for {})", row.strategy, duration(outage_ns)))
    });
    let said: Vec<String> = said.collect();
    let stream = "added missed/lost a second of the stream without the store";
    (!said.is_empty()).then(|| format!("{stream}: {}", said.join("; ")))
}

/// What the dashes mean.
fn left_out(blocks: &[&Block]) -> Vec<String> {
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for skipped in blocks.iter().flat_map(|block| &block.skipped) {
        let strategies = reasons.entry(format!("{} ({})", skipped.reason, skipped.remedy)).or_default();
        if !strategies.contains(&skipped.strategy.as_str()) {
            strategies.push(&skipped.strategy);
        }
    }
    reasons.iter().map(|(reason, names)| format!("a dash at {}: {reason}.", names.join(", "))).collect()
}
