//! What a scenario's pipeline does that pipelines do not do by default.

use dedup_records::compare::{Block, Row, Stream, VerifySummary};
use dedup_records::record::{Deadlines, Routed};
use dedup_records::units::thousands;

/// In a few words, for a line about the stream; nothing of an ordinary pipeline.
pub(crate) fn phrase(stream: &Stream) -> String {
    let deadlines = match stream.deadlines {
        Deadlines::Extended => "",
        Deadlines::Outlasted => ", ack deadlines outlasted and extended",
        Deadlines::Fixed => ", ack deadlines not extended",
    };
    let routed = match stream.routed {
        Routed::ByKey => "",
        Routed::Random => ", pings to any worker",
    };
    let pipelines: Vec<String> = stream.pipelines_counts.iter().map(u32::to_string).collect();
    let pipelines = match pipelines.is_empty() {
        true => String::new(),
        false => format!(", keys split among {} pipelines", pipelines.join(" or ")),
    };
    format!("{deadlines}{routed}{pipelines}")
}

/// How many copies the pipeline made itself, so that what is counted adds up; nothing where it made none. With some strategies it
/// may make more than with others, which then have so many duplicates more.
pub(crate) fn made(block: &Block) -> String {
    let Some(widest) = block.widest_verify() else { return String::new() };
    let verified = block.rows.iter().filter_map(|row| row.summary.verify.as_ref());
    let alike = verified.filter(|verify| verify.pings_count == widest.pings_count);
    let most = alike.map(VerifySummary::made_count).max().unwrap_or(0);
    match (widest.made_count(), most) {
        (_, 0) => String::new(),
        (least, most) if least == most => {
            format!(" and {} delivered again after they were decided", thousands(most))
        }
        (least, most) => format!(
            " and {} to {} delivered again after they were decided, by strategy",
            thousands(least),
            thousands(most)
        ),
    }
}

/// What it means for the figures.
pub(crate) fn notes(block: &Block, name: impl Fn(&Row) -> String) -> Vec<String> {
    let mut notes = Vec::new();
    if block.stream.deadlines == Deadlines::Outlasted {
        notes.push(
            "ack deadlines are extended: filling a batch and publishing it take longer than the deadline, and nothing comes \
             again for that, as a worker that lives keeps what it has; `extend_deadlines = false` in the scenario is a \
             handler that does not."
                .to_string(),
        );
    }
    if block.stream.deadlines == Deadlines::Fixed {
        let seen = block.rows.iter().filter_map(|row| Some((row, row.summary.verify.as_ref()?)));
        let seen = seen.map(|(row, verify)| {
            let deliveries = thousands(verify.pings_count + verify.redelivered_count);
            format!("{} {deliveries} of {}", name(row), thousands(verify.pings_count))
        });
        let seen: Vec<String> = seen.collect();
        let seen = if seen.is_empty() { "not counted".to_string() } else { seen.join(", ") };
        notes.push(format!(
            "ack deadlines are not extended: what is not acked in time is delivered again, as a copy, while a worker still \
             has it; deliveries of arrivals: {seen}."
        ));
    }
    if block.stream.routed == Routed::Random {
        notes.push(
            "pings go to any worker, not by key: each worker is a replica that shares nothing but a store beside it, and what \
             one has seen the others do not know."
                .to_string(),
        );
    }
    notes
}
