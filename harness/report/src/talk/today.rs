//! What people run today: systems beside the two sides of the talk, on the same pings.

use std::cmp::Reverse;

use serde::Serialize;

use dedup_records::compare::{Block, Comparison, Row as Compared};
use dedup_records::metrics::THROUGHPUT;
use dedup_records::record::Role;
use dedup_records::units::thousands;

use super::{DENSE, Row, Skip, row, skipped};
use crate::models::noted;

/// The talk's day and a half with batches that wait for a quarter of an hour, so that an engine of which each batch takes a
/// second has some hundred of them.
pub const TODAY: &str = "talk-today";

/// Stands between a scenario's name and the number of keys of which one is left.
const THINNED: &str = ":thin=";

/// The part of the talk's table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Today {
    /// Pings, of each row.
    pub pings_count: u64,
    /// Duplicates among them.
    pub duplicate_count: u64,
    /// The worst first; what lets everything through by design last.
    pub rows: Vec<System>,
    /// What could not run, and what to do about it.
    pub skipped: Vec<Skip>,
}

/// One system, or a strategy beside them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct System {
    /// What it has in common with the talk's own rows. Latencies are those of [`DENSE`].
    #[serde(flatten)]
    pub row: Row,
    /// Pings a second in a closed loop over [`DENSE`].
    pub pings_per_s: Option<f64>,
    /// Rate and memory are of one key in so many of [`DENSE`]; none where they are of all of it.
    pub one_key_in: Option<u32>,
    /// So many seconds of the stream passed in one of its own clock's.
    pub time_factor: f64,
}

impl Today {
    /// Read off the records of a talk; none where none of this was run.
    pub(super) fn of(comparison: &Comparison, faults: &[&Block]) -> Option<Today> {
        let main = comparison.blocks.iter().find(|block| block.stream.scenario == TODAY)?;
        let verified = main.widest_verify();
        let mut rows: Vec<System> = main.rows.iter().map(|row| System::of(row, faults, comparison)).collect();
        rows.sort_by(|one, other| {
            let order = |system: &System| (system.is_floor(), Reverse(system.row.lost()));
            let missed = |system: &System| system.row.missed_live_ratio.unwrap_or(0.0);
            let copies = |system: &System| system.row.worst.as_ref().map_or(0, |worst| worst.missed_count);
            order(one)
                .cmp(&order(other))
                .then(missed(other).total_cmp(&missed(one)))
                .then(copies(other).cmp(&copies(one)))
        });
        Some(Today {
            pings_count: verified.map_or(0, |verify| verify.pings_count),
            duplicate_count: verified.map_or(0, |verify| verify.duplicate_count),
            rows,
            skipped: skipped(main),
        })
    }

    /// Distinct pings.
    pub(crate) fn uniques(&self) -> u64 {
        self.pings_count - self.duplicate_count
    }

    /// How its figures came about, beyond what the columns say.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = vec![
            "Shares and losses are of one stream, the same for every row; a batch waits a quarter of an hour, so windows are exact \
             to that. Rate, p99 and bytes are of half an hour with full batches: judges have 64 pings in one, a flow what its file \
             says before a marker. No rate is ranked: who shares two processors with its client is charged for both. Rows that let \
             everything through are what pipes and clients take by themselves. Whoever marks at the check loses with a worker that dies \
             before it publishes the batch that it had: of a flow all pings before a marker, so that what flows lose there is the size of \
             their batches and not to be held against judges."
                .to_string(),
        ];
        let named = |some: &dyn Fn(&System) -> Option<String>| -> Vec<String> {
            self.rows.iter().filter_map(some).collect()
        };
        let thinned = named(&|system| {
            system.one_key_in.map(|keys| format!("{} one key in {keys}", system.row.strategy))
        });
        if !thinned.is_empty() {
            notes.push(format!(
                "Rate, p99 and bytes of fewer pings, and not to be held against others': {}.",
                thinned.join(", ")
            ));
        }
        let squeezed = named(&|system| {
            let name = &system.row.strategy;
            (system.time_factor != 1.0)
                .then(|| format!("{name} {} times", thousands(system.time_factor.round() as u64)))
        });
        if !squeezed.is_empty() {
            notes.push(format!(
                "On the wall's clock, for which the stream was squeezed: {}.",
                squeezed.join(", ")
            ));
        }
        let untried = named(&|system| {
            (system.row.worst.is_none() && !system.is_floor()).then(|| system.row.strategy.clone())
        });
        if !untried.is_empty() {
            notes.push(format!("Put through no fault here: {}.", untried.join(", ")));
        }
        notes.extend(noted(
            self.rows
                .iter()
                .filter_map(|system| Some((system.row.strategy.clone(), system.row.note.as_deref()?))),
        ));
        notes
    }
}

impl System {
    fn of(main: &Compared, faults: &[&Block], comparison: &Comparison) -> System {
        let dense = dense(&main.strategy, comparison);
        let timed = dense.and_then(|block| row(block, &main.strategy)).map(|row| &row.summary);
        let waiting = timed.and_then(|summary| summary.waiting()).map(|(waiting, _)| waiting);
        let shared = Row::of(main, dense, faults, comparison);
        System {
            pings_per_s: timed.and_then(|summary| summary.value(&THROUGHPUT)),
            one_key_in: dense.and_then(one_key_in),
            time_factor: main.time_factor,
            row: Row {
                p50_ns: waiting.map(|times| times.p50.median.round() as u64),
                p99_ns: waiting.map(|times| times.p99.median.round() as u64),
                ..shared
            },
        }
    }

    /// Whether it is there to compare with alone.
    pub(crate) fn is_floor(&self) -> bool {
        self.row.role != Role::Candidate
    }
}

/// The dense stream on which a strategy was measured: all of it, or some of its keys.
fn dense<'a>(strategy: &str, comparison: &'a Comparison) -> Option<&'a Block> {
    let is_dense = |block: &&Block| {
        let name = block.stream.scenario.split(THINNED).next();
        name == Some(DENSE) && row(block, strategy).is_some_and(|row| row.summary.time.is_some())
    };
    comparison.blocks.iter().find(is_dense)
}

fn one_key_in(block: &Block) -> Option<u32> {
    block.stream.scenario.split_once(THINNED)?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::talk::Table;
    use dedup_records::filter::Filter;
    use dedup_records::record::sample::{GOOD, Sample, run};
    use dedup_records::record::{CellRecord, Pass, Run};

    fn cells(scenario: &str, sample: &Sample) -> Vec<CellRecord> {
        let named = |cell: CellRecord| CellRecord { scenario: scenario.to_string(), ..cell };
        sample.cells().into_iter().map(named).collect()
    }

    #[test]
    fn the_worst_stands_first_what_lets_all_through_last_and_fewer_pings_are_named() {
        let of = |name: &'static str, lost, missed, thin: &str| {
            let role = if name == "pipes" { Role::Floor } else { Role::Candidate };
            let sample = Sample { strategy: name, lost, missed, role, ..GOOD };
            let verify = cells(TODAY, &sample).into_iter().filter(|cell| cell.pass == Pass::Verify);
            let dense = cells(&format!("{DENSE}{thin}"), &sample).into_iter();
            verify.chain(dense.filter(|cell| cell.pass != Pass::Verify)).collect::<Vec<_>>()
        };
        let all = [
            of("pipes", 0, 900, ""),
            of("tight", 0, 3, ""),
            of("filter", 9, 3, ""),
            of("slow", 0, 40, ":thin=16"),
        ];
        let run = Run { cells: all.concat(), ..run() };
        let comparison = Comparison::from_runs(std::slice::from_ref(&run), &Filter::default(), None).unwrap();
        let today = Table::of(&comparison).unwrap().today.unwrap();
        let names: Vec<&str> = today.rows.iter().map(|system| system.row.strategy.as_str()).collect();
        assert_eq!(names, ["filter", "slow", "tight", "pipes"]);
        assert_eq!(today.rows[1].one_key_in, Some(16));
        assert!(today.rows.iter().all(|system| system.pings_per_s.is_some()));
        let notes = today.notes().join("\n");
        assert!(notes.contains("not to be held against others': slow one key in 16"), "{notes}");
        assert!(notes.contains("no fault here: filter, slow, tight."), "{notes}");
    }
}
