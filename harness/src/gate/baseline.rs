//! The stored baseline: exact figures, what they were measured on, and a checksum.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use dedup_files::{AtFault, Fault, Folder, FolderError, Unreadable, Unwritable};
use dedup_stream::stream::{Id, Source, SourceError};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::exact::Exact;
use crate::record::Tool;

/// The schema of a baseline file. The part after the slash is raised when an old reader could misread a file.
pub const SCHEMA: &str = "dedup-harness-baseline/1";

/// Exact figures of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// [`SCHEMA`].
    pub schema: String,
    /// The schema of the records that the figures come from.
    pub results_schema: String,
    /// The program that made them.
    pub tool: Tool,
    /// Versions of the servers that took part.
    pub servers: BTreeMap<String, String>,
    /// The files of the systems among its strategies, by their names; from where the program was started, where they stand below that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, String>,
    /// The cells, in the order in which they were run.
    pub cells: Vec<BaselineCell>,
}

/// One strategy on one scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaselineCell {
    /// The scenario.
    pub scenario: String,
    /// Digest of everything that determines its stream but the seed.
    pub scenario_digest: String,
    /// The seed.
    pub seed: u64,
    /// Digest of the pings themselves.
    pub stream_digest: String,
    /// Pipeline workers.
    pub workers_count: u32,
    /// Pings a batch, at most.
    pub batch_count: u32,
    /// The strategy as it was asked for.
    pub strategy: String,
    /// Every setting with its value.
    pub settings: BTreeMap<String, String>,
    /// The figures.
    pub figures: Vec<Exact>,
}

/// The file: the baseline and a checksum over it.
#[derive(Serialize, Deserialize)]
struct Sealed {
    checksum: String,
    baseline: serde_json::Value,
}

/// A baseline that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// There is none, or it cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// Not a whole baseline.
    #[error("{}: is no whole baseline: {why}; fetch it anew", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Somebody changed it.
    #[error(
        "{}: was changed since it was made: its checksum is {found}, and its content has {computed}; it is \
         made anew, not edited", path.display()
    )]
    Edited {
        /// The file.
        path: PathBuf,
        /// The checksum in the file.
        found: String,
        /// The content's.
        computed: String,
    },
    /// Made by a version whose baselines this one could misread.
    #[error("{}: its schema is {found:?}; this version reads {SCHEMA:?}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The schema that it names.
        found: String,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] Unwritable),
    /// Its directory cannot be made.
    #[error(transparent)]
    Folder(#[from] FolderError),
}

impl AtFault for BaselineError {
    fn fault(&self) -> Fault {
        match self {
            BaselineError::Read { source, .. } => source.fault(),
            BaselineError::Write(error) => error.fault(),
            BaselineError::Folder(error) => error.fault(),
            BaselineError::Form { .. } | BaselineError::Edited { .. } | BaselineError::Schema { .. } => {
                Fault::Path
            }
        }
    }
}

impl Baseline {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Baseline, BaselineError> {
        let text = dedup_files::read_to_string(path)
            .map_err(|source| BaselineError::Read { path: path.to_path_buf(), source })?;
        let form = |error: serde_json::Error| BaselineError::Form {
            path: path.to_path_buf(),
            why: error.to_string(),
        };
        let sealed: Sealed = serde_json::from_str(&text).map_err(form)?;
        let computed = checksum(&sealed.baseline);
        if sealed.checksum != computed {
            return Err(BaselineError::Edited { path: path.to_path_buf(), found: sealed.checksum, computed });
        }
        let schema = sealed.baseline.get("schema").and_then(|schema| schema.as_str()).unwrap_or("none");
        if schema != SCHEMA {
            return Err(BaselineError::Schema { path: path.to_path_buf(), found: schema.to_string() });
        }
        serde_json::from_value(sealed.baseline).map_err(form)
    }

    /// Writes a file, whole or not at all, and its directory where it is missing. `stop` ends the wait for somebody who
    /// takes it, where it is a pipe.
    pub fn write(&self, path: &Path, stop: &AtomicBool) -> Result<(), BaselineError> {
        let baseline = serde_json::to_value(self).expect("a baseline is plain data");
        let sealed = Sealed { checksum: checksum(&baseline), baseline };
        let mut text = serde_json::to_string_pretty(&sealed).expect("a baseline is plain data");
        text.push('\n');
        let _folder = Folder::shared(path.parent().unwrap_or(Path::new("")))?;
        Ok(dedup_files::write(path, text.as_bytes(), stop)?)
    }

    /// The names of its scenarios, each once.
    pub fn scenarios(&self) -> Vec<&str> {
        each_once(self.cells.iter().map(|cell| cell.scenario.as_str()))
    }

    /// Its strategies, each once.
    pub fn strategies(&self) -> Vec<&str> {
        each_once(self.cells.iter().map(|cell| cell.strategy.as_str()))
    }
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// Over the content and not its layout: a file that was only indented anew is the same.
fn checksum(value: &serde_json::Value) -> String {
    format!("{:032x}", xxh3_128(value.to_string().as_bytes()))
}

/// Digest of every ping of a stream, with its truth.
pub fn stream_digest(source: &mut dyn Source) -> Result<String, SourceError> {
    let mut hasher = Xxh3::new();
    let mut events = Vec::new();
    loop {
        events.clear();
        source.fill(4096, &mut events)?;
        if events.is_empty() {
            return Ok(format!("{:032x}", hasher.digest128()));
        }
        for event in &events {
            let origin = event.origin;
            for number in [event.at, event.event_time, origin.first_at] {
                hasher.update(&number.as_nanos().to_le_bytes());
            }
            hasher.update(&origin.unique.to_le_bytes());
            hasher.update(&[origin.cause.0, origin.shares_key.into()]);
            match event.id {
                Id::Key(key) => hasher.update(&key.0),
                other => hasher.update(format!("{other:?}").as_bytes()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use dedup_files::NEVER;

    use super::*;

    fn sample() -> Baseline {
        Baseline {
            schema: SCHEMA.into(),
            results_schema: crate::record::SCHEMA.into(),
            tool: Tool::default(),
            servers: BTreeMap::new(),
            systems: BTreeMap::new(),
            cells: vec![BaselineCell {
                scenario: "quick".into(),
                scenario_digest: "d".into(),
                seed: u64::MAX,
                stream_digest: "s".into(),
                workers_count: 4,
                batch_count: 64,
                strategy: "exact".into(),
                settings: BTreeMap::new(),
                figures: vec![Exact { metric: "missed_count".into(), value: 17, tolerance_ppm: 5_000 }],
            }],
        }
    }

    fn written() -> (tempfile::TempDir, PathBuf, String) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("below/baseline.json");
        sample().write(&path, &NEVER).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        (directory, path, text)
    }

    #[test]
    fn what_was_written_is_read_again_even_with_another_layout() {
        let (_directory, path, text) = written();
        assert_eq!(Baseline::read(&path).unwrap(), sample());
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        std::fs::write(&path, value.to_string()).unwrap();
        assert_eq!(Baseline::read(&path).unwrap(), sample());
    }

    #[test]
    fn a_number_that_was_edited_is_noticed() {
        let (_directory, path, text) = written();
        std::fs::write(&path, text.replace("17", "18")).unwrap();
        let error = Baseline::read(&path).unwrap_err().to_string();
        assert!(error.contains("was changed since it was made"), "{error}");
    }

    #[test]
    fn wherever_it_is_cut_off_it_is_refused() {
        let (_directory, path, text) = written();
        for length in 0..text.trim_end().len() {
            std::fs::write(&path, &text[..length]).unwrap();
            let error = Baseline::read(&path).unwrap_err();
            assert!(matches!(error, BaselineError::Form { .. }), "{length}: {error}");
        }
    }

    #[test]
    fn another_schema_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("b.json");
        Baseline { schema: "dedup-harness-baseline/9".into(), ..sample() }.write(&path, &NEVER).unwrap();
        let error = Baseline::read(&path).unwrap_err().to_string();
        assert!(error.contains("dedup-harness-baseline/9"), "{error}");
    }

    #[test]
    fn a_stream_has_its_own_digest() {
        let scenario = dedup_stream::scenario::find("^quick$").unwrap().remove(0);
        let of = |seed| stream_digest(&mut scenario.stream(seed)).unwrap();
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
