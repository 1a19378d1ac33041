//! The claim of a report and the sentence below it.

use std::collections::BTreeSet;

use dedup_records::compare::Standing;
use dedup_records::metrics::{BYTES_PER_ID, Metric, THROUGHPUT};
use dedup_records::record::Role;
use dedup_records::stats::Spread;
use dedup_records::units::plural;

use super::in_order;
use super::life::{Life, Worst};
use crate::panel::{Entry, Panel};
use crate::verdict::CONTROL;
use crate::words::{capital, clip, list, number, percent, rate, spread, three};

/// The worst that was seen, of all scenarios.
pub(crate) fn claim(lives: &[Life<'_>]) -> String {
    let counted: Vec<&Life<'_>> = lives.iter().filter(|life| life.counted().next().is_some()).collect();
    let lossy = counted.iter().filter(|life| life.is_lossy()).count();
    let Some(first) = counted.first() else {
        return "No strategy was put through a stream to its end here".to_string();
    };
    let name = clip(&first.name, 60);
    let worst = first.worst().filter(|worst| !worst.change.is_none());
    if let Some(worst) = worst.filter(|worst| worst.change.lost > 0) {
        let lost =
            format!("lost {} {}", share(&worst, worst.change.lost_ratio(), "unique pings"), place(&worst));
        return match counted.len() {
            1 => format!("{name} {lost}"),
            all if all == lossy => format!("All {} strategies lost pings; {name} {lost}", number(all)),
            all => {
                format!("{} of {} strategies lost pings; {name} {lost}", capital(&number(lossy)), number(all))
            }
        };
    }
    let by = match counted.len() {
        1 => name.clone(),
        all => format!("any of {} strategies", number(all)),
    };
    let it = if counted.len() == 1 { "it" } else { &name };
    if lossy > 0 {
        // Losses that are nobody's doing as far as is known: chance, or counted whole.
        let who = match counted.len() {
            1 => format!("{name} lost pings"),
            all => format!("{} of {} strategies lost pings", capital(&number(lossy)), number(all)),
        };
        return match worst {
            Some(worst) => format!(
                "{who}, not known to be a fault's doing; {it} let {} through {}",
                share(&worst, worst.change.copies_ratio(), "the copies"),
                place(&worst)
            ),
            None => format!("{who}, not known to be a fault's doing"),
        };
    }
    match worst {
        Some(worst) => format!(
            "No ping was seen lost by {by}; {it} let {} through {}",
            share(&worst, worst.change.copies_ratio(), "the copies"),
            place(&worst)
        ),
        None if counted.iter().any(|life| life.most_missed() > 0.0) => {
            format!("No ping was seen lost by {by}, and no more copies came through than without a fault")
        }
        None => format!("No ping was seen lost, and no copy let through, by {by}"),
    }
}

/// `1.6 % of its unique pings`, or `1.6 % more of the copies` where some came through anyway.
fn share(worst: &Worst<'_>, ratio: f64, of: &str) -> String {
    format!("{}{} of {of}", percent(ratio), worst.change.more())
}

/// Where, and what it is more than.
fn place(worst: &Worst<'_>) -> String {
    format!("{}{}", worst.within(), worst.change.than())
}

/// Who lost nothing anywhere, which of these is fastest and smallest, and what was not judged.
pub(crate) fn sentence(panels: &[Panel<'_>], lives: &[Life<'_>]) -> String {
    let Some(panel) = in_order(panels).next() else {
        return "These records hold no cell that came to its end.".to_string();
    };
    let scenarios: BTreeSet<&str> =
        panels.iter().map(|panel| panel.block().stream.scenario.as_str()).collect();
    let (place, there) = match scenarios.len() {
        1 => (format!("On {}", panel.title), String::new()),
        several => (format!("Over {} scenarios", number(several)), format!(" on {}", panel.title)),
    };
    let clean: Vec<&Life<'_>> =
        lives.iter().filter(|life| life.counted().next().is_some() && !life.is_lossy()).collect();
    // Faults that cannot happen to it are left out of what a strategy is put through.
    let names: Vec<String> = clean
        .iter()
        .map(|life| match counted_in(life) {
            all if all == scenarios.len() => life.name.clone(),
            some => format!("{} (in {} of them)", life.name, number(some)),
        })
        .collect();
    let bound = clean.iter().filter_map(|life| life.bound()).fold(0.0, f64::max);
    let mut said = vec![match names.as_slice() {
        [] if lives.is_empty() => {
            format!("{place}, there is no candidate, only what is there to compare with")
        }
        [] => format!("{place}, every candidate lost pings or was not counted"),
        some => format!("{place}, {} lost none seen (below {} each)", list(some, 6), percent(bound)),
    }];
    let lossless: Vec<&Entry<'_>> = panel.rows.iter().filter(|entry| entry.may_win()).collect();
    said.extend(
        [fastest(&lossless), smallest(&lossless)]
            .into_iter()
            .flatten()
            .map(|part| if part.starts_with("one round") { part } else { part + &there }),
    );
    said.extend(broken(lives));
    let failed = panels.iter().flat_map(|panel| &panel.rows);
    let failed = failed.filter(|entry| entry.row.standing == Standing::Failed).count();
    if failed > 0 {
        said.push(format!("{} did not come to an end", plural(failed as u64, "cell")));
    }
    said.join("; ") + "."
}

/// In how many scenarios its pings were counted.
fn counted_in(life: &Life<'_>) -> usize {
    let scenarios: BTreeSet<&str> =
        life.counted().map(|counted| counted.panel.block().stream.scenario.as_str()).collect();
    scenarios.len()
}

/// Who did not do as it is documented.
fn broken(lives: &[Life<'_>]) -> Option<String> {
    let broken: Vec<String> = lives
        .iter()
        .filter(|life| life.standings(Standing::Broken).next().is_some())
        .map(|life| life.name.clone())
        .collect();
    (!broken.is_empty()).then(|| format!("not as documented: {}", list(&broken, 6)))
}

/// Those whose rounds are not told apart from the best's; the best first.
fn leaders(entries: &[&Entry<'_>], metric: &Metric) -> Option<(Vec<String>, Spread)> {
    let with: Vec<(&Entry<'_>, Spread)> =
        entries.iter().filter_map(|entry| Some((*entry, entry.row.summary.spread(metric)?))).collect();
    let better = |one: f64, other: f64| metric.better.prefers(one, other);
    let best = with
        .iter()
        .copied()
        .reduce(|one, other| if better(other.1.median, one.1.median) { other } else { one })?;
    let mut names = vec![best.0.name.clone()];
    let same = with.iter().filter(|(entry, spread)| entry.name != best.0.name && spread.overlaps(&best.1));
    names.extend(same.map(|(entry, _)| entry.name.clone()));
    (with.len() > 1).then_some((names, best.1))
}

fn fastest(entries: &[&Entry<'_>]) -> Option<String> {
    let (names, best) = leaders(entries, &THROUGHPUT)?;
    Some(match (names.as_slice(), best.rounds_count) {
        (_, 0 | 1) => "one round, so speeds are not ranked".to_string(),
        ([only], _) => format!("{} judged most of these, {}", clip(only, 60), spread(best, rate)),
        (some, _) => {
            format!("{} judged most and are not told apart, about {}", list(some, 4), rate(best.median))
        }
    })
}

fn smallest(entries: &[&Entry<'_>]) -> Option<String> {
    let (names, best) = leaders(entries, &BYTES_PER_ID)?;
    Some(match (names.as_slice(), best.rounds_count) {
        ([only], 2..) => format!("{} held the fewest bytes an id, {}", clip(only, 60), spread(best, three)),
        (_, 0 | 1) => {
            format!("{} held {} bytes an id in its one round", clip(&names[0], 60), three(best.median))
        }
        (some, _) => format!("{} held the fewest bytes an id and are not told apart", list(some, 4)),
    })
}

fn role(role: Role) -> &'static str {
    match role {
        Role::NegativeControl => CONTROL,
        Role::Floor | Role::Candidate => role.name(),
    }
}

/// What stands in no line of candidates, by name.
pub(super) fn beside(panels: &[Panel<'_>]) -> Option<String> {
    let entries = panels.iter().flat_map(|panel| &panel.rows);
    let names: std::collections::BTreeSet<String> = entries
        .filter(|entry| entry.row.role != Role::Candidate)
        .map(|entry| format!("{} ({})", clip(&entry.row.strategy, 60), role(entry.row.role)))
        .collect();
    let names: Vec<String> = names.into_iter().collect();
    (!names.is_empty())
        .then(|| format!("Only there to compare with, and in no line above: {}.", list(&names, 8)))
}
