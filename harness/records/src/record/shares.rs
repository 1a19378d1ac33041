//! Shares of a run, as several machines keep them, made one run.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{CellRecord, CellResult, DoubtRecord, FILE_NAME, Machine, Run, Share, SumError, VerifyFigures};
use crate::printable::printable;

/// The most shares that a run is dealt out to.
pub const MOST_SHARES: u32 = 10_000;

/// Runs, each of them whole as far as its shares were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Joined {
    /// In the order in which the first of each was given.
    pub runs: Vec<Run>,
    /// What is missing of a run, one sentence each.
    pub missing: Vec<String>,
    /// Which shares are of another run than the first, one sentence each.
    pub unlike: Vec<String>,
    /// What else is to be said.
    pub notes: Vec<String>,
}

/// Shares that cannot be made one run.
#[derive(Debug, thiserror::Error)]
pub enum SharesError {
    /// The same one twice.
    #[error(
        "{} and {}: both are share {share} of one run; give each once, or make each run one with `merge` first",
        one.display(), other.display()
    )]
    Twice {
        /// One file.
        one: PathBuf,
        /// The other.
        other: PathBuf,
        /// Which share.
        share: Share,
    },
    /// A share that cannot be.
    #[error("{}: field share: found {share}, allowed are 1/N to N/N with N up to {MOST_SHARES}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Which share.
        share: Share,
    },
    /// Parts of a cell that are no parts of it.
    #[error("{}: share {share}, {cell}: {source}", path.display())]
    Sum {
        /// The file.
        path: PathBuf,
        /// Which share.
        share: Share,
        /// The cell's scenario and strategy.
        cell: String,
        /// Why.
        source: SumError,
    },
    /// A cell twice.
    #[error("{}: share {share} holds cell {position} of the run, which another share holds too; fetch it anew", path.display())]
    Cell {
        /// The file.
        path: PathBuf,
        /// Which share.
        share: Share,
        /// The cell's position.
        position: u32,
    },
}

/// Gives the verdict on pipelines whose figures were added up.
pub type Judge = fn(VerifyFigures) -> VerifyFigures;

/// Makes one run of the shares of each run. What is no share stays as it is. Where shares hold pipelines of one cell, their
/// figures are added up, and `judge` gives the verdict on them.
pub fn joined(runs: Vec<Run>, judge: Judge) -> Result<Joined, SharesError> {
    runs.iter().try_for_each(admit)?;
    let mut groups: Vec<Vec<Run>> = Vec::new();
    let mut joined = Joined::default();
    for run in runs {
        match groups.iter_mut().find(|group| belong_together(&group[0], &run)) {
            Some(group) => group.push(run),
            None => {
                joined.unlike.extend(groups.first().and_then(|group| unlike(&group[0], &run)));
                groups.push(vec![run]);
            }
        }
    }
    for group in groups {
        joined.add(group, judge)?;
    }
    Ok(joined)
}

fn admit(run: &Run) -> Result<(), SharesError> {
    match &run.run.share {
        Some(share) if !(1..=MOST_SHARES).contains(&share.of) || !(1..=share.of).contains(&share.index) => {
            Err(SharesError::Form { path: shown(&run.path), share: share.clone() })
        }
        _ => Ok(()),
    }
}

/// Shares of the same plan, carried out by the same program.
fn belong_together(one: &Run, other: &Run) -> bool {
    let whole = |share: &Share| (share.of, share.cells_count, share.plan_digest.clone());
    match (&one.run.share, &other.run.share) {
        (Some(a), Some(b)) => whole(a) == whole(b) && one.run.tool == other.run.tool,
        _ => false,
    }
}

/// In what two shares are not of one run.
fn unlike(one: &Run, other: &Run) -> Option<String> {
    let (share, first) = (other.run.share.as_ref()?, one.run.share.as_ref()?);
    let what = match () {
        () if one.run.tool != other.run.tool => "the program",
        () if one.run.seed != other.run.seed => "the seed",
        () if first.of != share.of => "the number of shares",
        () if first.cells_count != share.cells_count => "the number of cells",
        () => "what was to be run (scenarios, strategies, passes, or an option)",
    };
    let (path, first) = (shown(&other.path), shown(&one.path));
    Some(format!(
        "{}, share {share}, is of another run than {}: {what} differs",
        path.display(),
        first.display()
    ))
}

impl Joined {
    fn add(&mut self, mut group: Vec<Run>, judge: Judge) -> Result<(), SharesError> {
        let Some(share) = group[0].run.share.clone() else {
            self.runs.append(&mut group);
            return Ok(());
        };
        refuse_doubles(&group)?;
        let mut run = one_of(&group, judge)?;
        let label = run.label();
        if let Some(missing) = missing(&run, &share, &group) {
            self.missing.push(format!("{label}: {missing}"));
            // Whoever reads a page of it, or its data, has not seen what was said when it was made.
            let text = format!("this is not the whole run: {missing}");
            run.run.doubts.push(DoubtRecord { kind: "incomplete".into(), text, remedy: None });
        }
        if group.iter().any(|other| other.run.machine != group[0].run.machine) {
            self.notes.push(format!(
                "{label}: its shares ran on unlike machines: counts are those of one run, times are of the machine \
                 that each was taken on"
            ));
        }
        self.runs.push(run);
        Ok(())
    }
}

/// What is missing of a run that was made of so many of its shares.
fn missing(run: &Run, share: &Share, group: &[Run]) -> Option<String> {
    let there: BTreeSet<u32> = group.iter().flat_map(|run| &run.run.share).map(|own| own.index).collect();
    let absent: Vec<String> =
        (1..=share.of).filter(|index| !there.contains(index)).map(|index| index.to_string()).collect();
    let (found, all) = (run.cells.len(), share.cells_count);
    let in_part = run.cells.iter().find_map(|cell| Some((cell, in_part(cell)?)));
    if !absent.is_empty() {
        let plural = if absent.len() == 1 { "share" } else { "shares" };
        let also = if in_part.is_some() { ", some of them in part" } else { "" };
        let (list, of) = (absent.join(", "), share.of);
        return Some(format!("{plural} {list} of {of} missing: {found} of {all} cells are there{also}"));
    }
    if (found as u64) < u64::from(all) {
        return Some(format!("{found} of {all} cells are there: a share of it was ended before its end"));
    }
    let (cell, parts) = in_part?;
    Some(format!("{}: {parts} are there: a share of it was ended before its end", named(cell)))
}

fn refuse_doubles(group: &[Run]) -> Result<(), SharesError> {
    let mut seen: BTreeMap<u32, &Path> = BTreeMap::new();
    for run in group {
        let Some(share) = &run.run.share else { continue };
        if let Some(one) = seen.insert(share.index, &run.path) {
            let (one, other) = (shown(one), shown(&run.path));
            return Err(SharesError::Twice { one, other, share: share.clone() });
        }
    }
    Ok(())
}

fn shown(path: &Path) -> PathBuf {
    PathBuf::from(printable(&path.display().to_string()).into_owned())
}

/// The run that shares are of: as if it had been run in one go, but for its times.
fn one_of(group: &[Run], judge: Judge) -> Result<Run, SharesError> {
    let mut cells: BTreeMap<u32, CellRecord> = BTreeMap::new();
    for (run, share) in group.iter().filter_map(|run| Some((run, run.run.share.as_ref()?))) {
        for cell in &run.cells {
            let position = cell.position.unwrap_or(u32::MAX);
            let whole = CellRecord { position: None, ..cell.clone() };
            match cells.entry(position) {
                Entry::Vacant(entry) => drop(entry.insert(whole)),
                Entry::Occupied(mut entry) => {
                    let (path, share) = (shown(&run.path), share.clone());
                    match add(entry.get_mut(), whole) {
                        Ok(()) => {}
                        Err(SumError::NoPart) => return Err(SharesError::Cell { path, share, position }),
                        Err(source) => {
                            return Err(SharesError::Sum { path, share, cell: named(cell), source });
                        }
                    }
                }
            }
        }
    }
    for cell in cells.values_mut() {
        match &mut cell.result {
            CellResult::Verify(figures) => **figures = judge((**figures).clone()),
            CellResult::Time(figures) => figures.whole(),
            _ => {}
        }
    }
    let mut record = group[0].run.clone();
    record.share = None;
    record.started_at = group.iter().map(|run| run.run.started_at.clone()).min().unwrap_or_default();
    record.machine = one_machine(group.iter().map(|run| &run.run.machine));
    record.servers = servers(group);
    Ok(Run {
        path: common_path(group),
        run: record,
        cells: cells.into_values().collect(),
        truncated: None,
        sha256: None,
    })
}

/// Adds a part of a cell to another. One that did not come to its end stands for all.
fn add(sum: &mut CellRecord, part: CellRecord) -> Result<(), SumError> {
    sum.elapsed_ns = sum.elapsed_ns.max(part.elapsed_ns);
    match (&mut sum.result, part.result) {
        (CellResult::Verify(sum), CellResult::Verify(part)) => sum.add(&part),
        (CellResult::Time(sum), CellResult::Time(part)) => sum.add(&part),
        (CellResult::Failed { .. }, _) => Ok(()),
        (
            CellResult::Skipped { .. },
            CellResult::Verify(_) | CellResult::Time(_) | CellResult::Skipped { .. },
        ) => Ok(()),
        (sum, other @ (CellResult::Failed { .. } | CellResult::Skipped { .. })) => {
            *sum = other;
            Ok(())
        }
        _ => Err(SumError::NoPart),
    }
}

/// `24 of 64 pipelines`, where not all parts of a cell are there.
fn in_part(cell: &CellRecord) -> Option<String> {
    match &cell.result {
        CellResult::Verify(figures) => {
            let part = figures.part.as_ref()?;
            Some(format!("{} of {} pipelines", part.pipelines.len(), figures.pipelines_count))
        }
        CellResult::Time(figures) if !figures.clients.is_empty() => {
            Some(format!("{} of {} clients", figures.clients.len(), figures.clients_count))
        }
        _ => None,
    }
}

fn named(cell: &CellRecord) -> String {
    format!("{}, {}", cell.scenario, cell.strategy)
}

/// What there is of each server; several versions where the shares had unlike ones.
fn servers(group: &[Run]) -> BTreeMap<String, String> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, version) in group.iter().flat_map(|run| &run.run.servers) {
        versions.entry(name.clone()).or_default().insert(version.clone());
    }
    versions.into_iter().map(|(name, versions)| (name, list(versions))).collect()
}

/// A machine that is as much as the least of all, and is called what all of them are called.
fn one_machine<'a>(machines: impl Iterator<Item = &'a Machine> + Clone) -> Machine {
    let names = |name: fn(&Machine) -> &String| list(machines.clone().map(|one| name(one).clone()).collect());
    Machine {
        cpu: names(|machine| &machine.cpu),
        cores_count: machines.clone().map(|machine| machine.cores_count).min().unwrap_or_default(),
        memory_bytes: machines.clone().map(|machine| machine.memory_bytes).min().unwrap_or_default(),
        os: names(|machine| &machine.os),
        kernel: names(|machine| &machine.kernel),
        virtualised: machines.clone().any(|machine| machine.virtualised),
    }
}

fn list(names: BTreeSet<String>) -> String {
    names.into_iter().collect::<Vec<_>>().join(" / ")
}

/// The folder in which all of them are, where it has a name; else the place of the first.
fn common_path(group: &[Run]) -> PathBuf {
    let first = &group[0].path;
    let mut above = first.ancestors().skip(2);
    let common = above.find(|folder| group.iter().all(|run| run.path.starts_with(folder)));
    match common.filter(|folder| group.len() > 1 && folder.file_name().is_some()) {
        Some(folder) => folder.join(FILE_NAME),
        None => first.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::sample;

    fn joined(runs: Vec<Run>) -> Result<Joined, SharesError> {
        super::joined(runs, |figures| figures)
    }

    /// The sample run, dealt out to so many.
    fn dealt(of: u32) -> Vec<Run> {
        let whole = sample::run();
        let cells_count = whole.cells.len() as u32;
        (1..=of)
            .map(|index| {
                let mut run = whole.clone();
                let share = Share { index, of, cells_count, plan_digest: "p".into() };
                run.path = format!("all/{index}/{FILE_NAME}").into();
                run.run.share = Some(share);
                run.cells = (0..)
                    .zip(&whole.cells)
                    .filter(|(position, _)| position % of == index - 1)
                    .map(|(position, cell)| {
                        let mut cell = cell.clone();
                        cell.position = Some(position);
                        cell
                    })
                    .collect();
                run
            })
            .collect()
    }

    #[test]
    fn shares_in_any_order_are_the_run_that_they_are_of() {
        let mut shares = dealt(4);
        shares.rotate_left(2);
        shares.insert(1, sample::run());
        let joined = joined(shares).unwrap();
        assert_eq!((joined.runs.len(), joined.missing.len(), joined.notes.len()), (2, 0, 0));
        let [one, other] = &joined.runs[..] else { panic!() };
        assert_eq!((one.cells.clone(), &one.run), (sample::run().cells, &sample::run_record()));
        assert_eq!(one.label(), "all");
        assert_eq!(*other, sample::run());
    }

    #[test]
    fn what_is_missing_is_said() {
        let mut shares = dealt(4);
        shares.remove(2);
        let missing = joined(shares).unwrap().missing;
        assert!(missing[0].contains("share 3 of 4 missing"), "{missing:?}");
        let mut shares = dealt(4);
        shares[0].cells.pop();
        let missing = joined(shares).unwrap().missing;
        assert!(missing[0].contains("ended before its end"), "{missing:?}");
    }

    #[test]
    fn one_that_is_given_twice_is_refused_and_another_plan_or_program_is_another_run() {
        let mut shares = dealt(2);
        shares.extend(dealt(2));
        let error = joined(shares).unwrap_err().to_string();
        assert!(error.contains("both are share 1/2 of one run") && error.contains("`merge`"), "{error}");
        let mut shares = dealt(2);
        shares[1].run.share.as_mut().unwrap().plan_digest = "q".into();
        assert_eq!(joined(shares).unwrap().runs.len(), 2);
        let mut shares = dealt(2);
        shares[1].run.tool.commit = "another".into();
        assert_eq!(joined(shares).unwrap().missing.len(), 2);
    }

    #[test]
    fn a_share_that_cannot_be_is_refused_before_anybody_counts_to_it() {
        for (index, of) in [(0, 2), (3, 2), (1, 0), (1, u32::MAX)] {
            let mut shares = dealt(2);
            let share = shares[1].run.share.as_mut().unwrap();
            (share.index, share.of) = (index, of);
            assert!(matches!(joined(shares), Err(SharesError::Form { .. })), "{index}/{of}");
        }
    }

    #[test]
    fn a_cell_in_two_shares_is_refused() {
        let mut shares = dealt(2);
        let cell = shares[0].cells[0].clone();
        shares[1].cells.push(cell);
        assert!(matches!(joined(shares), Err(SharesError::Cell { position: 0, .. })));
    }

    #[test]
    fn unlike_machines_are_all_named() {
        let mut shares = dealt(2);
        shares[1].run.machine.cpu = "Another CPU".into();
        shares[1].run.machine.cores_count = 1;
        let joined = joined(shares).unwrap();
        assert!(joined.notes[0].contains("unlike machines"), "{:?}", joined.notes);
        let machine = &joined.runs[0].run.machine;
        assert_eq!((machine.cpu.as_str(), machine.cores_count), ("Another CPU / Example CPU 3000", 1));
    }
}
