//! Tables as directories of day partitions, in the layout that Spark, DuckDB and BigQuery's loader read:
//! `TABLE/submission_date=2026-01-31/part-0.parquet`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use dedup_files::{Folder, Unnamed};
use parquet::errors::ParquetError;

use super::day::Day;
use super::error::NightlyError;
use super::layout::Layout;

/// The one file of a partition that we write.
const PART: &str = "part-0.parquet";

/// What a file is called until it is whole. No reader of Parquet directories takes it for one of theirs.
const UNFINISHED: &str = ".part-0.unfinished";

/// A table: its name and its days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The name of its directory.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    /// How the directories of its days are called.
    pub layout: Layout,
    /// The files of each day, in the order of their names.
    pub days: BTreeMap<Day, Vec<PathBuf>>,
}

/// The tables in `dir`: itself, if it has partitions, else every directory in it that has.
pub fn tables(dir: &Path, layout: &Layout) -> Result<Vec<Table>, NightlyError> {
    let none = || NightlyError::NoPartitions { dir: dir.to_path_buf(), layout: layout.clone() };
    if dir.exists() && !dir.is_dir() {
        return Err(none());
    }
    let itself = table(dir, layout)?;
    if !itself.days.is_empty() {
        return Ok(vec![itself]);
    }
    let mut found = Vec::new();
    for child in listed(dir)?.into_iter().filter(|path| path.is_dir()) {
        let table = table(&child, layout)?;
        if !table.days.is_empty() {
            found.push(table);
        }
    }
    match found.is_empty() {
        true => Err(none()),
        false => Ok(found),
    }
}

/// The table in the directory `dir`, which may have no partition.
pub fn table(dir: &Path, layout: &Layout) -> Result<Table, NightlyError> {
    let mut days = BTreeMap::new();
    for (below, path) in directories(dir, layout.depth())? {
        if let Some(day) = layout.day_of(&below) {
            let is_parquet = |path: &PathBuf| {
                path.extension().is_some_and(|extension| extension == "parquet") && !path.is_dir()
            };
            let files: Vec<PathBuf> = listed(&path)?.into_iter().filter(is_parquet).collect();
            // Before any engine waits for a pipe that has the name of a file.
            for file in &files {
                dedup_files::open(file).map_err(|error| NightlyError::unreadable(file, error))?;
            }
            days.insert(day, files);
        }
    }
    let name = dir.file_name().unwrap_or(dir.as_os_str()).to_string_lossy().into_owned();
    Ok(Table { name, dir: dir.to_path_buf(), layout: layout.clone(), days })
}

/// What lies so many directories below one: each path below it, and as a whole.
fn directories(dir: &Path, depth: usize) -> Result<Vec<(String, PathBuf)>, NightlyError> {
    let mut found = vec![(String::new(), dir.to_path_buf())];
    for level in 0..depth {
        let mut inner = Vec::new();
        // What is no directory has nothing below it; only one that would be a partition has to be one.
        for (below, path) in found.into_iter().filter(|(_, path)| level == 0 || path.is_dir()) {
            for child in listed(&path)? {
                let name = child.file_name().unwrap_or_default().to_string_lossy();
                let below = if below.is_empty() { name.into_owned() } else { format!("{below}/{name}") };
                inner.push((below, child));
            }
        }
        found = inner;
    }
    Ok(found)
}

impl Table {
    /// The files of the days from `from` up to `day`, without those of `day` itself.
    pub fn files_before(&self, day: Day, from: Day) -> Vec<&Path> {
        self.days.range(from..day).flat_map(|(_, files)| files).map(PathBuf::as_path).collect()
    }

    /// The files of `day`, which are one or more.
    pub fn files_of(&self, day: Day) -> Result<Vec<&Path>, NightlyError> {
        let files: Vec<&Path> = self.days.get(&day).into_iter().flatten().map(PathBuf::as_path).collect();
        match files.is_empty() {
            true => Err(NightlyError::EmptyPartition { partition: self.layout.partition(&self.dir, day) }),
            false => Ok(files),
        }
    }
}

fn listed(dir: &Path) -> Result<Vec<PathBuf>, NightlyError> {
    let entries = fs::read_dir(dir).map_err(|error| NightlyError::unreadable(dir, error))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| NightlyError::unreadable(dir, error))?;
    paths.sort();
    Ok(paths)
}

/// A partition in the making. It comes into being, or takes the place of the one before, in one step; a job that is
/// killed leaves the one before as it was.
#[derive(Debug)]
pub(crate) struct Staged {
    unfinished: PathBuf,
    place: PathBuf,
    /// Gone with this one where nothing was put into it.
    _folder: Folder,
}

impl Staged {
    /// Prepares to replace the partition in this directory, which nobody else may do meanwhile.
    pub(crate) fn alone(partition: &Path) -> Result<Staged, NightlyError> {
        Staged::within(Folder::alone(partition)?)
    }

    /// The same in a directory of our own, for hundreds of days at once.
    pub(crate) fn private(partition: &Path) -> Result<Staged, NightlyError> {
        Staged::within(Folder::shared(partition)?)
    }

    fn within(folder: Folder) -> Result<Staged, NightlyError> {
        let partition = folder.path().to_path_buf();
        let ours = |path: &PathBuf| path.ends_with(PART) || path.ends_with(UNFINISHED);
        if let Some(path) = listed(&partition)?.into_iter().find(|path| !ours(path)) {
            return Err(NightlyError::Foreign { path });
        }
        Ok(Staged { unfinished: partition.join(UNFINISHED), place: partition.join(PART), _folder: folder })
    }

    /// Where to write, for those who need a name. Its user knows the file by that of its [place](Staged::place).
    pub(crate) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    /// Where it will be.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// It cannot be written.
    pub(crate) fn unwritable(&self, error: impl Into<ParquetError>) -> NightlyError {
        NightlyError::unwritable(&self.place, error)
    }

    /// Puts what was written into its place.
    pub(crate) fn finish(self) -> Result<PathBuf, NightlyError> {
        fs::rename(&self.unfinished, &self.place).map_err(|error| self.unwritable(error))?;
        Ok(self.place.clone())
    }

    /// A file to write instead of one at the path, for those who can do without a name: killed while they write, they leave
    /// nothing.
    pub(crate) fn unnamed(&self) -> Result<Unnamed, NightlyError> {
        let partition = self.place.parent().unwrap_or(Path::new("."));
        Unnamed::beside(partition).map_err(|error| self.unwritable(error))
    }

    /// Puts a file without a name into its place.
    pub(crate) fn finish_unnamed(self, file: Unnamed) -> Result<(), NightlyError> {
        file.place_by_way_of(&self.unfinished, &self.place).map_err(|error| self.unwritable(error))
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already where it was put into its place.
        let _ = fs::remove_file(&self.unfinished);
    }
}
