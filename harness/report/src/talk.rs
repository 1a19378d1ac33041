//! The comparison of the 2021 talk: its table, read off a comparison of records, so that a stored run can be drawn again.

mod today;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use dedup_records::compare::{
    Block, Comparison, Row as Compared, Standing, Summary, VerifySummary, WeighSummary,
};
use dedup_records::metrics::{BYTES_PER_ID, PINGS, ROUND_TRIPS};
use dedup_records::record::Role;

use crate::change::{self, Change, Known, Without};
use crate::models::model_of;
use crate::panel::window;
use crate::verdict::Harm;

pub use today::{System, TODAY, Today};

/// Pings a second that Mozilla documented (gcp-ingestion, notes on pain points, 2019).
pub const FULL_RATE_PER_S: f64 = 16_000.0;

/// The scenario of the day and a half.
pub const SCENARIO: &str = "talk";

/// Half an hour of it with full batches and many ids: where round trips and bytes an id are counted.
pub const DENSE: &str = "talk-dense";

/// What the names of fault scenarios begin with.
pub const FAULT_FOLDER: &str = "faults/";

/// A day: nobody sizes for more.
const DAY: Duration = Duration::from_secs(86_400);

/// The table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Table {
    /// Pings of the day and a half, of each strategy.
    pub pings_count: u64,
    /// Duplicates among them.
    pub duplicate_count: u64,
    /// One ping in so many was left, about.
    pub thinned: f64,
    /// The fault scenarios that were run.
    pub faults: Vec<String>,
    /// One a strategy: the floor, then kept before broken promises, each by rate.
    pub rows: Vec<Row>,
    /// What could not run, and what to do about it.
    pub skipped: Vec<Skip>,
    /// What people run today, where that was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub today: Option<Today>,
    /// Disk that a nightly job behind these pings takes, where the reader is to be told; records do not say it.
    #[serde(skip)]
    pub nightly_disk_bytes: Option<u64>,
    /// How it is known what faults changed.
    #[serde(skip)]
    pub(crate) known: BTreeSet<Known>,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Its name.
    pub strategy: String,
    /// What it is there for.
    pub role: Role,
    /// How it stands to its promise in the day and a half.
    pub standing: Standing,
    /// Duplicates that reached the live tables, of all; none where it was not measured.
    pub missed_live_ratio: Option<f64>,
    /// Those that are left in the stable tables; none where no nightly job was run.
    pub missed_stable_ratio: Option<f64>,
    /// Uniques that were lost, but for those whose id another ping had.
    pub lost_count: Option<u64>,
    /// The same, of all uniques.
    pub lost_ratio: Option<f64>,
    /// The worst that a fault did.
    pub worst: Option<Worst>,
    /// Faults of which nothing is known: they never happened, or the strategy was not put through them to the end.
    pub unproven: Vec<String>,
    /// What was found against it, the weightiest first.
    pub findings: Vec<Found>,
    /// Bytes an id of the window; an id held, where the ids of the window were not counted.
    pub bytes_per_id: Option<f64>,
    /// Whether it is per id held.
    pub is_per_id_held: bool,
    /// Its window, a day at most; none where it tracks no ids.
    pub window_ns: Option<u64>,
    /// Memory for a window of it at the documented rate.
    pub full_bytes: Option<f64>,
    /// Round trips to a server, a ping; none where there is no server.
    pub round_trips_per_ping: Option<f64>,
    /// Median latency, the median of the rounds.
    pub p50_ns: Option<u64>,
    /// 99th percentile, the median of the rounds.
    pub p99_ns: Option<u64>,
    /// What has to be operated for it; none where its records do not say.
    pub operated: Option<String>,
    /// What a reader of its figures has to know, as its records say it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it does to pings, in any of the talk's scenarios; none where nothing was counted.
    #[serde(skip)]
    pub(crate) harm: Option<Harm>,
    /// On which side of the comparison it stands.
    #[serde(skip)]
    pub side: Side,
}

/// The two that the talk holds against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Models of what is built into the system that moves the pings.
    BuiltIn,
    /// Ids on a server beside it.
    Server,
    /// Neither of them.
    Neither,
}

/// What the worst fault did to a strategy, beyond the same stream without it where that is known: of all faults the one that
/// cost the largest share of uniques, or else let the largest share of copies through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Worst {
    /// The fault scenario, without its folder.
    pub fault: String,
    /// Uniques lost beyond it.
    pub lost_count: u64,
    /// Copies let through beyond it.
    pub missed_count: u64,
    /// The same in words.
    #[serde(skip)]
    pub(crate) words: String,
}

/// Something that was found against a strategy: why it failed, or what broke its promise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Found {
    /// What it comes to.
    pub standing: Standing,
    /// What it was.
    pub text: String,
    /// The scenarios of the talk in which exactly this was found.
    pub scenarios: Vec<String>,
}

/// A strategy that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Skip {
    /// Its name.
    pub strategy: String,
    /// Why.
    pub reason: String,
    /// What to do about it.
    pub remedy: String,
}

impl Table {
    /// Read off the records of a talk; none if they are not of one.
    pub fn of(comparison: &Comparison) -> Option<Table> {
        let main = block(comparison, SCENARIO);
        let dense = block(comparison, DENSE);
        let faults: Vec<&Block> = comparison
            .blocks
            .iter()
            .filter(|block| block.stream.scenario.starts_with(FAULT_FOLDER))
            .collect();
        let today = Today::of(comparison, &faults);
        if main.is_none() && today.is_none() {
            return None;
        }
        let of_main = main.map_or(&[][..], |main| &main.rows);
        let widest = main.and_then(Block::widest_verify);
        let thinned = widest.map_or(1.0, |verify| {
            FULL_RATE_PER_S * LENGTH_S * f64::from(verify.rounds_count) / verify.unique_count.max(1) as f64
        });
        let rows = of_main.iter().map(|row| Row::of(row, dense, &faults, comparison)).collect();
        Some(Table {
            pings_count: widest.map_or(0, |verify| verify.pings_count),
            duplicate_count: widest.map_or(0, |verify| verify.duplicate_count),
            thinned,
            faults: faults.iter().map(|block| without_folder(block)).collect(),
            rows,
            skipped: main.map_or(Vec::new(), skipped),
            today,
            nightly_disk_bytes: None,
            known: of_main
                .iter()
                .flat_map(|row| changes(&row.strategy, &faults, comparison))
                .map(known)
                .collect(),
        })
    }

    /// The best candidate of a side: by its verdict, by what it lost with its worst fault, by what it missed in live.
    pub(crate) fn best(&self, side: Side) -> Option<&Row> {
        let measured = self.rows.iter().filter(|row| row.side == side && row.role == Role::Candidate);
        let ranked = measured.filter_map(|row| Some((row, row.missed_live_ratio?)));
        let order = |(one, missed): &(&Row, f64), (other, others): &(&Row, f64)| {
            let counts = (one.standing, one.lost()).cmp(&(other.standing, other.lost()));
            counts.then(missed.total_cmp(others))
        };
        ranked.min_by(order).map(|(row, _)| row)
    }
}

/// Of the scenario: a day and a half.
const LENGTH_S: f64 = 36.0 * 3600.0;

fn block<'a>(comparison: &'a Comparison, scenario: &str) -> Option<&'a Block> {
    comparison.blocks.iter().find(|block| block.stream.scenario == scenario)
}

fn without_folder(block: &Block) -> String {
    block.stream.scenario.trim_start_matches(FAULT_FOLDER).to_string()
}

fn skipped(main: &Block) -> Vec<Skip> {
    let mut skipped: Vec<Skip> = main
        .skipped
        .iter()
        .map(|skip| Skip {
            strategy: skip.strategy.clone(),
            reason: skip.reason.clone(),
            remedy: skip.remedy.clone(),
        })
        .collect();
    skipped.sort();
    skipped.dedup();
    skipped
}

impl Row {
    fn of(main: &Compared, dense: Option<&Block>, faults: &[&Block], comparison: &Comparison) -> Row {
        let others = dense.into_iter().chain(faults.iter().copied());
        let others = others.filter_map(|block| Some((without_folder(block), row(block, &main.strategy)?)));
        let parts: Vec<(String, &Compared)> =
            std::iter::once((SCENARIO.to_string(), main)).chain(others).collect();
        let counted = || parts.iter().filter_map(|(_, row)| row.summary.verify.as_ref());
        let harm = counted().next().map(|_| {
            let lost = counted().map(VerifySummary::told_apart_lost_count).sum();
            let missed =
                |verify: &VerifySummary| verify.missed_count as f64 / verify.duplicate_count.max(1) as f64;
            Harm::of(lost, counted().map(missed).fold(0.0, f64::max))
        });
        let dense = dense.and_then(|block| row(block, &main.strategy)).map(|row| &row.summary);
        let verify = main.summary.verify.as_ref();
        let bytes_per_id = dense.and_then(|summary| summary.value(&BYTES_PER_ID));
        let window = bytes_per_id.and_then(|_| window(main)).map(|window| window.min(DAY));
        let round_trips_per_ping = dense.and_then(round_trips);
        let ratio = |count: u64, of: u64| count as f64 / of.max(1) as f64;
        let waiting = main.summary.waiting().map(|(waiting, _)| waiting);
        Row {
            strategy: main.strategy.clone(),
            role: main.role,
            standing: main.standing,
            missed_live_ratio: verify.map(|verify| ratio(verify.missed_count, verify.duplicate_count)),
            missed_stable_ratio: verify.and_then(|verify| {
                verify.stable.map(|stable| ratio(stable.missed_count, verify.duplicate_count))
            }),
            lost_count: verify.map(VerifySummary::told_apart_lost_count),
            lost_ratio: verify.map(|verify| ratio(verify.told_apart_lost_count(), verify.unique_count)),
            worst: worst(&main.strategy, faults, comparison),
            unproven: unproven(&main.strategy, faults),
            findings: findings(parts.into_iter()),
            harm,
            bytes_per_id,
            is_per_id_held: dense
                .and_then(|summary| summary.weigh.as_ref())
                .is_some_and(WeighSummary::is_per_id_held),
            window_ns: window.map(|window| window.as_nanos() as u64),
            full_bytes: bytes_per_id
                .zip(window)
                .map(|(bytes, window)| bytes * FULL_RATE_PER_S * window.as_secs_f64()),
            round_trips_per_ping,
            p50_ns: waiting.map(|times| times.p50.median.round() as u64),
            p99_ns: waiting.map(|times| times.p99.median.round() as u64),
            operated: main.operation.as_ref().map(|operation| operation.what.clone()),
            note: main.operation.as_ref().and_then(|operation| operation.note.clone()),
            side: Side::of(main),
        }
    }

    /// Uniques lost without a fault, and under the worst.
    fn lost(&self) -> u64 {
        self.lost_count.unwrap_or(0) + self.worst.as_ref().map_or(0, |worst| worst.lost_count)
    }
}

impl Worst {
    /// The fault, and what it did: `store-killed: let 3,858 through`.
    pub(crate) fn said(&self) -> String {
        match self.is_none() {
            true => "none did harm".to_string(),
            false => format!("{}: {}", self.fault, self.words),
        }
    }

    fn is_none(&self) -> bool {
        (self.lost_count, self.missed_count) == (0, 0)
    }
}

impl Side {
    /// As the records say it: a model names its system, and who talks to a server has its round trips counted.
    fn of(row: &Compared) -> Side {
        let on_server = || row.summary.value(&ROUND_TRIPS).is_some();
        match model_of(row) {
            Some(_) => Side::BuiltIn,
            None if on_server() => Side::Server,
            None => Side::Neither,
        }
    }
}

fn row<'a>(block: &'a Block, strategy: &str) -> Option<&'a Compared> {
    block.rows.iter().find(|row| row.strategy == strategy)
}

fn round_trips(summary: &Summary) -> Option<f64> {
    Some(summary.value(&ROUND_TRIPS)? / summary.value(&PINGS)?.max(1.0))
}

/// What each fault changed for a strategy.
fn changes<'a>(strategy: &str, faults: &[&'a Block], comparison: &Comparison) -> Vec<(&'a Block, Change)> {
    let change = |block: &&'a Block| {
        let row = row(block, strategy)?;
        Some((*block, Change::of(row, Without::of(block, row, comparison))?))
    };
    faults.iter().filter_map(change).collect()
}

fn known((_, change): (&Block, Change)) -> Known {
    change.known
}

fn worst(strategy: &str, faults: &[&Block], comparison: &Comparison) -> Option<Worst> {
    let (block, change) = change::worst(changes(strategy, faults, comparison).into_iter())?;
    let fault = without_folder(block);
    Some(Worst { fault, lost_count: change.lost, missed_count: change.copies, words: change.words() })
}

fn unproven(strategy: &str, faults: &[&Block]) -> Vec<String> {
    let is_unknown =
        |block: &&&Block| row(block, strategy).is_some_and(|row| Change::of(row, None).is_none());
    faults.iter().filter(is_unknown).map(|block| without_folder(block)).collect()
}

/// Of the rows of one strategy in each scenario. What was found in several of them is said once.
fn findings<'a>(parts: impl Iterator<Item = (String, &'a Compared)>) -> Vec<Found> {
    let mut all: Vec<Found> = Vec::new();
    for (scenario, one) in
        parts.flat_map(|(part, row)| row.findings.iter().map(move |one| (part.clone(), one)))
    {
        match all.iter_mut().find(|found| (found.standing, &found.text) == (one.standing, &one.text)) {
            Some(found) if found.scenarios.contains(&scenario) => {}
            Some(found) => found.scenarios.push(scenario),
            None => {
                all.push(Found { standing: one.standing, text: one.text.clone(), scenarios: vec![scenario] })
            }
        }
    }
    all.sort_by_key(|found| std::cmp::Reverse(found.standing));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_records::filter::Filter;
    use dedup_records::record::sample::{GOOD, Sample, run};
    use dedup_records::record::{
        CellRecord, CellResult, Failure, FaultlessFigures, Operation, Pass, Run, Verdict,
    };

    /// The verify cell of `sample` on `scenario`.
    fn cell(scenario: &str, sample: Sample) -> CellRecord {
        let verify = sample.cells().into_iter().find(|cell| cell.pass == Pass::Verify).unwrap();
        CellRecord { scenario: scenario.to_string(), ..verify }
    }

    fn only_row(cells: Vec<CellRecord>) -> Row {
        let run = Run { cells, ..run() };
        let comparison = Comparison::from_runs(std::slice::from_ref(&run), &Filter::default(), None).unwrap();
        Table::of(&comparison).unwrap().rows.remove(0)
    }

    #[test]
    fn the_worst_fault_is_the_one_that_lost_most_and_else_the_one_that_let_most_through() {
        let under =
            |fault: &str, lost, missed| cell(fault, Sample { lost, missed_in_window: 0, missed, ..GOOD });
        let talk = cell(SCENARIO, GOOD);
        let worst = |cells: &[CellRecord]| {
            let worst = only_row([std::slice::from_ref(&talk), cells].concat()).worst?;
            Some((worst.fault, worst.lost_count, worst.missed_count))
        };
        let few = under("faults/few", 0, 3);
        let many = under("faults/many", 0, 40);
        let lost = under("faults/lost", 1, 0);
        let named =
            |fault: &str, lost_count, missed_count| Some((fault.to_string(), lost_count, missed_count));
        assert_eq!(worst(&[]), None);
        assert_eq!(worst(&[few.clone(), many.clone()]), named("many", 0, 40));
        assert_eq!(worst(&[few, many, lost]), named("lost", 1, 0));
    }

    #[test]
    fn what_the_stream_comes_to_without_the_fault_is_not_the_faults_doing() {
        let mut away = cell("faults/away", Sample { missed_in_window: 90, missed: 190, lost: 3, ..GOOD });
        let CellResult::Verify(figures) = &mut away.result else { unreachable!("a verify cell") };
        figures.faultless = Some(FaultlessFigures {
            missed_count: 90,
            missed_in_window_count: 88,
            lost_count: 3,
            lost_shared_key_count: 0,
            waited_count: 0,
        });
        let worst = only_row(vec![cell(SCENARIO, GOOD), away]).worst.unwrap();
        assert_eq!((worst.lost_count, worst.missed_count), (0, 100));
        assert_eq!(worst.said(), "away: let 100 more through");
    }

    #[test]
    fn in_older_records_like_streams_are_those_with_as_many_uniques_and_nothing_whole_is_ranked_above_a_difference()
     {
        let under = |fault: &str, duplicates_more: u64, missed| {
            let mut cell =
                cell(fault, Sample { missed_in_window: 0, missed, verdict: Verdict::Kept, ..GOOD });
            let CellResult::Verify(figures) = &mut cell.result else { unreachable!("a verify cell") };
            figures.duplicate_count += duplicates_more;
            figures.pings_count += duplicates_more;
            figures.faults = vec![fault_seen()];
            cell
        };
        let talk = || cell(SCENARIO, GOOD);
        let other_copies =
            vec![talk(), under("faults/a", 7, 60), under("faults/b", 0, 150), under("faults/c", 3, 50)];
        let said = only_row(other_copies.clone()).worst.unwrap().said();
        assert_eq!(said, "b: let 100 more through");
        let definition = |cells: Vec<CellRecord>| {
            let run = Run { cells, ..run() };
            let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
            change::definition(Table::of(&comparison).unwrap().known)
        };
        assert!(definition(other_copies.clone()).contains("beyond what the mildest fault left"));
        // A fault on a stream of its own, of which nothing else is known.
        let mut alone = under("faults/alone", 0, 190);
        let CellResult::Verify(figures) = &mut alone.result else { unreachable!("a verify cell") };
        figures.unique_count += 5;
        figures.pings_count += 5;
        let with_alone = [other_copies, vec![alone.clone()]].concat();
        assert_eq!(only_row(with_alone.clone()).worst.unwrap().said(), "b: let 100 more through");
        assert!(definition(with_alone).contains("all is counted (\"in all\")"));
        let only = vec![talk(), alone];
        assert_eq!(only_row(only.clone()).worst.unwrap().said(), "alone: let 190 through in all");
        assert!(!definition(only).contains("beyond"));
    }

    fn fault_seen() -> dedup_records::record::FaultFigures {
        dedup_records::record::FaultFigures {
            kind: "worker-crash".to_string(),
            at_ns: 1,
            for_ns: 0,
            fired_count: 1,
            observed: String::new(),
            outage_ns: None,
        }
    }

    #[test]
    fn what_has_to_be_operated_is_what_the_records_say_and_unknown_where_they_do_not() {
        let old = cell(SCENARIO, GOOD);
        let what = "a rack of tapes".to_string();
        let new = CellRecord {
            operation: Some(Operation { what: what.clone(), model_of: None, note: None }),
            ..old.clone()
        };
        assert_eq!(only_row(vec![new]).operated, Some(what));
        assert_eq!(only_row(vec![old]).operated, None);
    }

    #[test]
    fn the_best_of_a_side_is_found_by_what_records_say_and_never_by_its_name() {
        let model = |name, missed| {
            let mut cell = cell(SCENARIO, Sample { strategy: name, missed, ..GOOD });
            let (what, model_of) = ("nothing".to_string(), Some("A runner".to_string()));
            cell.operation = Some(Operation { what, model_of, note: None });
            cell
        };
        let stored = |name, missed, lost| {
            let mut cell = cell(SCENARIO, Sample { strategy: name, missed, lost, ..GOOD });
            let CellResult::Verify(figures) = &mut cell.result else { unreachable!("a verify cell") };
            figures.round_trips_count = Some(9);
            cell
        };
        let best = |cells: Vec<CellRecord>, side| {
            let run = Run { cells, ..run() };
            let comparison = Comparison::from_runs(&[run], &Filter::default(), None).unwrap();
            Table::of(&comparison).unwrap().best(side).map(|row| row.strategy.clone())
        };
        let plain = cell(SCENARIO, GOOD);
        let broken = CellRecord {
            operation: model("x", 0).operation,
            ..cell(SCENARIO, Sample { strategy: "a", verdict: Verdict::Broken, missed: 0, ..GOOD })
        };
        let all = vec![
            plain.clone(),
            broken,
            model("b", 20),
            model("c", 10),
            stored("d", 0, 1),
            stored("e", 9, 0),
            stored("f", 8, 0),
        ];
        assert_eq!(best(all.clone(), Side::BuiltIn).as_deref(), Some("c"), "kept, and missed fewest");
        assert_eq!(
            best(all, Side::Server).as_deref(),
            Some("f"),
            "what is lost weighs more than what is missed"
        );
        assert_eq!(best(vec![plain], Side::Server), None);
    }

    #[test]
    fn what_was_found_is_kept_with_the_scenarios_in_which_it_was() {
        let failed = |scenario| {
            let reason = "no room in /var/tmp".to_string();
            CellRecord { result: CellResult::Failed { how: Failure::Died, reason }, ..cell(scenario, GOOD) }
        };
        let row =
            only_row(vec![failed(SCENARIO), failed(DENSE), failed("faults/away"), cell("faults/b", GOOD)]);
        let [found] = row.findings.as_slice() else { panic!("{:?}", row.findings) };
        assert_eq!(found.standing, Standing::Failed);
        assert!(found.text.contains("no room in /var/tmp"), "{found:?}");
        assert_eq!(found.scenarios, [SCENARIO, DENSE, "away"]);
    }

    #[test]
    fn a_fault_that_never_happened_or_that_was_not_lived_through_is_no_good_news() {
        let talk = cell(SCENARIO, GOOD);
        let never = cell("faults/never", Sample { verdict: Verdict::Inconclusive, ..GOOD });
        let failed = CellResult::Failed { how: Failure::Hung, reason: "no progress".to_string() };
        let hung = CellRecord { result: failed, ..cell("faults/hung", GOOD) };
        let row = only_row(vec![talk, never, hung]);
        assert_eq!(row.worst, None);
        assert_eq!(
            row.unproven.iter().collect::<std::collections::BTreeSet<_>>().len(),
            2,
            "{:?}",
            row.unproven
        );
    }
}
