//! The first screen: what was compared, on what, how strategies stand, and the one sentence that the data support.

use std::collections::BTreeSet;

use dedup_records::compare::{Block, Comparison, Standing};
use dedup_records::record::{Role, Struck};
use dedup_records::stats::{Spread, rule_of_three};
use dedup_records::units::{plural, short, thousands};

use super::cells::{count_cell, documented_cell, share_cell};
use super::model::{Cell, Fact, Figure, Kind, Opening, Section, Table, Tone, View};
use super::overview::{self, claim, in_order, lives, sentence};
use super::palette::Palette;
use super::panel::{Entry, Panel, machine};
use super::pipeline;
use super::tables::doubts;
use super::verdict::{CONTROL, DOCUMENTED, HARM, SKIPPED, Verdict, documented, harm_of, verdict, word};
use super::words::{clip, list, nanos, program, rate, spread, three};
use crate::models::{note_of, noted};

/// What a report opens with.
pub(super) fn opening(
    panels: &[Panel<'_>],
    sections: &[Section],
    comparison: &Comparison,
    palette: &Palette,
) -> Opening {
    let lives = lives(panels);
    let (claim, sentence) =
        numbers_alone(panels, sections).unwrap_or_else(|| (claim(&lives), sentence(panels, &lives)));
    Opening {
        title: title(panels),
        claim,
        sentence,
        facts: facts(panels, comparison),
        verdicts: verdicts(panels),
        overview: overview::table(panels, &lives, comparison),
        kinds: kinds(panels, sections, comparison, palette),
        figures: in_order(panels).map(table).collect(),
        notes: [doubts(comparison), notes(panels)].concat(),
    }
}

/// What is said where the numbers that people read are all there is: no stream was verified.
fn numbers_alone(panels: &[Panel<'_>], sections: &[Section]) -> Option<(String, String)> {
    if panels.iter().flat_map(|panel| &panel.rows).any(|entry| entry.row.summary.verify.is_some()) {
        return None;
    }
    let section = sections.iter().find(|section| section.id == "impact")?;
    Some((super::sections::impact::claim(panels)?, section.headline.clone()))
}

/// What may be chosen of several kinds of fault, and what it comes to.
fn kinds(
    panels: &[Panel<'_>],
    sections: &[Section],
    comparison: &Comparison,
    palette: &Palette,
) -> Vec<Kind> {
    let all: BTreeSet<Struck> = panels.iter().flat_map(Panel::struck).collect();
    if all.len() < 2 {
        return Vec::new();
    }
    let kind = |struck: Struck| {
        let has = |panel: &&Panel<'_>| panel.struck().contains(&struck);
        let scenarios: BTreeSet<&str> =
            panels.iter().filter(has).map(|panel| panel.block().stream.scenario.as_str()).collect();
        let own = |panel: &&Panel<'_>| panel.faults().is_empty() || has(panel);
        let own: Vec<Panel<'_>> = panels.iter().filter(own).cloned().collect();
        let lives = lives(&own);
        let mut overview = overview::table(&own, &lives, comparison).map(|figure| figure.tables);
        let table = overview.as_mut().and_then(Vec::pop).map(|table| Table {
            id: format!("{}-{}", table.id, struck.id()),
            caption: format!("{}, of faults only: {}", table.caption, struck.words()),
            ..table
        });
        // Only what is said otherwise of these faults alone.
        let other = |section: &Section| sections.iter().all(|all| all.headline != section.headline);
        let leads = super::sections::all(&own, comparison, palette).into_iter().filter(other);
        Kind {
            struck,
            scenarios_count: scenarios.len(),
            claim: claim(&lives),
            sentence: sentence(&own, &lives),
            overview: table,
            leads: leads.map(|section| (section.id, section.headline)).collect(),
        }
    };
    all.into_iter().map(kind).collect()
}

fn title(panels: &[Panel<'_>]) -> String {
    let strategies: BTreeSet<usize> =
        panels.iter().flat_map(|p| &p.rows).map(|entry| entry.strategy).collect();
    let strategies = match strategies.len() {
        1 => "1 strategy".to_string(),
        several => format!("{several} strategies"),
    };
    match panels {
        [only] => format!("{strategies} on {}", only.title),
        _ => format!("{strategies} on {}", plural(panels.len() as u64, "scenario")),
    }
}

fn facts(panels: &[Panel<'_>], comparison: &Comparison) -> Vec<(&'static str, Fact)> {
    let scenarios = panels.iter().map(|panel| format!("{}: {}", panel.title, panel.pings()));
    let mut machines: Vec<String> =
        panels.iter().flat_map(|p| &p.blocks).map(|block| machine(&block.machine)).collect();
    machines.sort();
    machines.dedup();
    let mut kernels: Vec<String> = comparison
        .runs
        .iter()
        .map(|source| format!("{}, {}", source.run.tool.rustc, source.run.tool.profile))
        .collect();
    kernels.dedup();
    let runs = comparison.runs.iter().map(|source| match comparison.runs.len() {
        1 => program(&source.run),
        _ => format!("{}: {}", source.label, program(&source.run)),
    });
    let streams = Fact::of(scenarios.collect(), "stream");
    vec![
        ("Streams", Fact { summary: streams.summary.clone() + &sizes(panels), ..streams }),
        ("Machine", Fact::of(machines, "machine")),
        ("Program", Fact::of(runs.collect(), "run")),
        ("Built with", Fact::of(kernels, "build")),
    ]
}

/// How many pings the verified streams have.
fn sizes(panels: &[Panel<'_>]) -> String {
    let verified = || panels.iter().filter_map(|panel| panel.block().widest_verify());
    let pings = || verified().map(|verify| verify.pings_count);
    match (pings().min(), pings().max()) {
        (Some(least), Some(most)) if least < most => {
            format!(" of {} to {} pings", thousands(least), thousands(most))
        }
        (Some(all), _) => format!(" of {} pings", thousands(all)),
        _ => String::new(),
    }
}

/// How many strategies stand how, over all scenarios.
fn verdicts(panels: &[Panel<'_>]) -> Vec<(Tone, String)> {
    let rows: Vec<&Entry<'_>> = panels.iter().flat_map(|panel| &panel.rows).collect();
    let count = |wanted: &dyn Fn(&Entry<'_>) -> bool| rows.iter().filter(|entry| wanted(entry)).count();
    let candidate = |standing| {
        move |entry: &Entry<'_>| entry.row.role == Role::Candidate && entry.row.standing == standing
    };
    let skipped: usize = panels.iter().flat_map(|panel| &panel.blocks).map(|block| block.skipped.len()).sum();
    let of_candidates = |standing| {
        let Verdict { words, tone } = documented(standing, Role::Candidate);
        (tone, count(&candidate(standing)), if standing == Standing::Kept { DOCUMENTED } else { words })
    };
    let beside = |role| {
        let ended = move |entry: &Entry<'_>| entry.row.role == role && entry.row.standing != Standing::Failed;
        count(&ended)
    };
    let counts = [
        of_candidates(Standing::Kept),
        of_candidates(Standing::Broken),
        of_candidates(Standing::Void),
        of_candidates(Standing::Inconclusive),
        of_candidates(Standing::Unjudged),
        (Tone::Dim, beside(Role::NegativeControl), CONTROL),
        (Tone::Dim, beside(Role::Floor), verdict(Standing::Unjudged, Role::Floor).words),
        // Apart from what the others have shown, and behind it.
        (Tone::Bad, count(&|entry| entry.row.standing == Standing::Failed), word(Standing::Failed)),
        (Tone::Dim, skipped, SKIPPED),
    ];
    let some = counts.into_iter().filter(|(_, count, _)| *count > 0);
    let mut said: Vec<(Tone, String)> =
        some.map(|(tone, count, word)| (tone, format!("{} {word}", thousands(count as u64)))).collect();
    if panels.len() > 1 {
        let all = plural((rows.len() + skipped) as u64, "result");
        said.insert(0, (Tone::Dim, format!("{all}, each of a strategy in a scenario:")));
    }
    said
}

/// Uniques lost, counted, and their share.
fn lost_cell(verify: &dedup_records::compare::VerifySummary) -> Cell {
    let share = share_cell(verify.told_apart_lost_count(), verify.unique_count);
    match verify.told_apart_lost_count() {
        0 => share,
        lost => Cell { text: format!("{} = {}", thousands(lost), share.text), tone: Tone::Bad, ..share },
    }
}

fn table(panel: &Panel<'_>) -> Figure {
    let columns = [
        ("strategy", false),
        (HARM, false),
        (DOCUMENTED, false),
        ("missed (95 %)", true),
        ("lost (95 %)", true),
        ("pings a second (range)", true),
        ("p50 (range)", true),
        ("p99 (range)", true),
        ("bytes an id", true),
        ("rounds", true),
    ];
    let mut table =
        Table::new(format!("verdicts-{}", panel.id), format!("Verdicts, {}", panel.title), &columns)
            .viewed(View::Cards);
    for entry in &panel.rows {
        let summary = &entry.row.summary;
        let verify = summary.verify.as_ref();
        let star = if entry.holds() { "*" } else { "" };
        let time = |time: Option<Spread>| {
            time.map_or(Cell::none(), |time| {
                Cell::number(format!("{}{star}", spread(time, nanos)), time.median)
            })
        };
        table.push(
            Some(entry.strategy),
            vec![
                Cell::text(&entry.name),
                verify.map_or(Cell::none(), |verify| harm_of(verify).cell()),
                documented_cell(entry.row.standing, entry.row.role),
                verify.map_or(Cell::none(), |v| share_cell(v.missed_count, v.duplicate_count)),
                verify.map_or(Cell::none(), lost_cell),
                summary.time.as_ref().map_or(Cell::none(), |time| {
                    Cell::number(spread(time.throughput_per_s, rate), time.throughput_per_s.median)
                }),
                time(entry.p50()),
                time(entry.p99()),
                summary
                    .weigh
                    .as_ref()
                    .and_then(|weigh| weigh.bytes_per_id)
                    .map_or(Cell::none(), |bytes| Cell::number(spread(bytes, three), bytes.median)),
                count_cell(entry.row.rounds_count.into()),
            ],
        );
    }
    Figure {
        title: panel.title.clone(),
        headline: panel.pings(),
        source: panel.source.clone(),
        charts: Vec::new(),
        tables: vec![table],
        notes: findings(panel),
        struck: panel.struck(),
    }
}

/// What was found against each strategy, what was skipped, and how to read the table.
fn findings(panel: &Panel<'_>) -> Vec<String> {
    let mut notes: Vec<String> = panel.mixed().into_iter().collect();
    let of = |count: fn(&dedup_records::compare::VerifySummary) -> (u64, u64)| {
        let seen = panel.rows.iter().filter_map(|entry| entry.row.summary.verify.as_ref()).map(count);
        seen.filter(|(count, of)| *count == 0 && *of > 0).map(|(_, of)| of).min()
    };
    let bound = |n: u64| short(rule_of_three(n) * 100.0);
    if of(|v| (v.missed_count, v.duplicate_count))
        .or(of(|v| (v.told_apart_lost_count(), v.unique_count)))
        .is_some()
    {
        let example = of(|v| (v.told_apart_lost_count(), v.unique_count))
            .map_or(String::new(), |n| format!(", here {} % lost", bound(n)));
        notes.push(format!(
            "0 = none seen, with the bound below which the true share lies with 95 % confidence{example}."
        ));
    }
    if panel.rows.iter().any(Entry::holds) {
        notes.push(
            "* = time from arrival to release, on the stream's own clock: these hold pings.".to_string(),
        );
    }
    let mut failed = Vec::new();
    for entry in &panel.rows {
        for finding in entry.row.findings.iter().take(2) {
            let (name, text) = (clip(&entry.name, 80), clip(&finding.text, 240));
            let rounds: Vec<String> = finding.rounds.iter().map(|round| (round + 1).to_string()).collect();
            let note = format!("{name}: {text} ({}, round {})", finding.pass.name(), rounds.join(", "));
            match finding.standing {
                Standing::Failed => failed.push(format!("{}: {note}", word(Standing::Failed))),
                _ => notes.push(note),
            }
        }
        if entry.row.findings.len() > 2 {
            let more = entry.row.findings.len() - 2;
            notes.push(format!("{}: and {}.", clip(&entry.name, 80), plural(more as u64, "more finding")));
        }
        let factor = entry.row.time_factor;
        if factor != 1.0 {
            let name = clip(&entry.name, 80);
            notes.push(format!(
                "{name}: on a server's wall time; the scenario's time was shrunk by {}.",
                short(factor)
            ));
        }
    }
    let said = panel.rows.iter().filter_map(|entry| Some((clip(&entry.name, 80), note_of(entry.row)?)));
    notes.extend(noted(said));
    notes.extend(failed);
    notes.extend(skips(panel));
    notes
}

/// What was skipped: those for the same reason together.
fn skips(panel: &Panel<'_>) -> Vec<String> {
    let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
    for skipped in panel.blocks.iter().flat_map(|block| &block.skipped) {
        let passes: Vec<&str> = skipped.passes.iter().map(|pass| pass.name()).collect();
        let reason = format!("({}): {}; {}", passes.join(", "), skipped.reason, skipped.remedy);
        let name = clip(&skipped.strategy, 80);
        match reasons.iter_mut().find(|(other, _)| *other == reason) {
            Some((_, names)) => names.push(name),
            None => reasons.push((reason, vec![name])),
        }
    }
    reasons
        .into_iter()
        .map(|(reason, names)| format!("{SKIPPED}: {} {reason}", list(&names, names.len())))
        .collect()
}

fn notes(panels: &[Panel<'_>]) -> Vec<String> {
    let mut notes = Vec::new();
    let machines: BTreeSet<String> =
        panels.iter().flat_map(|p| &p.blocks).map(|block| format!("{:?}", block.machine)).collect();
    if machines.len() > 1 {
        notes.push(format!(
            "These records come from {} unlike machines; each is in charts of its own unless a heading says otherwise.",
            machines.len()
        ));
    }
    for panel in panels {
        let said = |block: &&Block| pipeline::notes(block, |row| clip(&row.strategy, 80));
        let said = panel.blocks.iter().flat_map(said);
        notes.extend(said.map(|note| format!("{}: {note}", panel.title)));
    }
    if panels.iter().flat_map(|panel| &panel.rows).any(|entry| entry.row.rounds_count < 2) {
        notes.push(
            "Where a strategy ran one round, there is no range, and its speed and memory are not ranked."
                .into(),
        );
    }
    notes
}
