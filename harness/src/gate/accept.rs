//! Changes that somebody has accepted, in a file that is reviewed with the code, each until a day of its own.

use std::path::{Path, PathBuf};

use dedup_files::{AtFault, Fault, NEVER, Unreadable, Unwritable};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::design::Decision;
use super::verdict::{About, Accepted, Evidence, Verdict};

/// The file's usual name.
pub const FILE_NAME: &str = "gate-accepted.toml";

const HEAD: &str = "\
# Changes for the worse that were accepted, as `dedup-harness gate accept` writes them. Each ends on its day: from the
# day after, the gate fails again. Wrong answers (missed duplicates, lost uniques) cannot be accepted here.
";

/// The file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acceptances {
    /// Its entries.
    #[serde(default, rename = "accepted")]
    pub entries: Vec<Entry>,
}

/// One accepted change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The metric's whole name: scenario/strategy/metric.
    pub metric: String,
    /// Why it is worth it.
    pub reason: String,
    /// The last day on which it is accepted.
    pub until: String,
    /// The most that it may be worse by, as a ratio: 0.1 is 10 %. Any change, if it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_ratio: Option<f64>,
}

/// A file or an entry that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// It is not what it should be.
    #[error("{}: {why}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It cannot be written.
    #[error(transparent)]
    Write(#[from] Unwritable),
    /// An entry that is not allowed.
    #[error("{0}")]
    Entry(String),
}

impl AtFault for AcceptError {
    fn fault(&self) -> Fault {
        match self {
            AcceptError::Read { source, .. } => source.fault(),
            AcceptError::Write(error) => error.fault(),
            AcceptError::Form { .. } | AcceptError::Entry(_) => Fault::Path,
        }
    }
}

impl Entry {
    /// Checked.
    pub fn new(
        metric: &str,
        reason: &str,
        until: &str,
        up_to_ratio: Option<f64>,
    ) -> Result<Entry, AcceptError> {
        let entry = Entry {
            metric: metric.to_string(),
            reason: reason.trim().to_string(),
            until: until.to_string(),
            up_to_ratio,
        };
        entry.check().map_err(AcceptError::Entry)?;
        Ok(entry)
    }

    fn check(&self) -> Result<(), String> {
        let metric = self.metric.rsplit('/').next().unwrap_or_default();
        if self.metric.split('/').count() < 3 || self.metric.split('/').any(str::is_empty) {
            let found = &self.metric;
            return Err(format!(
                "metric {found:?}: allowed is scenario/strategy/metric, as the verdict names it"
            ));
        }
        if super::exact::is_about_correctness(metric) {
            return Err(format!(
                "metric {:?}: wrong answers cannot be accepted; if they are meant, refresh the baseline with \
                 `gate check --update` in a change that is reviewed",
                self.metric
            ));
        }
        if self.reason.is_empty() {
            return Err(format!("metric {:?}: the reason is empty", self.metric));
        }
        if self.up_to_ratio.is_some_and(|ratio| !(ratio > 0.0 && ratio.is_finite())) {
            return Err(format!(
                "metric {:?}: up_to_ratio has to be above zero, such as 0.1 for 10 %",
                self.metric
            ));
        }
        self.last_day().map(drop)
    }

    fn last_day(&self) -> Result<Date, String> {
        let found = &self.until;
        self.until.parse().map_err(|_| format!("until {found:?}: allowed is a day such as 2026-12-31"))
    }

    fn covers(&self, worse_by: Option<f64>) -> bool {
        self.up_to_ratio.is_none_or(|most| worse_by.is_some_and(|ratio| ratio <= most))
    }
}

impl Acceptances {
    /// Reads the file; nothing is accepted where there is none.
    pub fn read(path: &Path) -> Result<Acceptances, AcceptError> {
        let text = match dedup_files::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.is_absence() => return Ok(Acceptances::default()),
            Err(source) => return Err(AcceptError::Read { path: path.to_path_buf(), source }),
        };
        let form = |why: String| AcceptError::Form { path: path.to_path_buf(), why };
        let read: Acceptances = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            form(format!("line {line}: {}", error.message().lines().collect::<Vec<_>>().join(" ")))
        })?;
        read.entries.iter().try_for_each(Entry::check).map_err(form)?;
        Ok(read)
    }

    /// Puts `entry` in, in the place of an earlier one for the same metric.
    pub fn accept(&mut self, entry: Entry) {
        self.entries.retain(|other| other.metric != entry.metric);
        self.entries.push(entry);
        self.entries.sort_by(|one, other| one.metric.cmp(&other.metric));
    }

    /// Writes the file.
    pub fn write(&self, path: &Path) -> Result<(), AcceptError> {
        let text = toml::to_string(self).expect("entries are plain data");
        Ok(dedup_files::write(path, format!("{HEAD}\n{text}").as_bytes(), &NEVER)?)
    }

    /// Lets failures pass that are accepted `today`, and says of those that are no longer.
    pub fn apply(&self, verdict: &mut Verdict, today: Date) {
        for metric in &mut verdict.metrics {
            if metric.decision != Decision::Fail || metric.about == About::Correctness {
                continue;
            }
            let name = metric.name();
            let Some(entry) = self.entries.iter().find(|entry| entry.metric == name) else { continue };
            if entry.last_day().is_ok_and(|day| day < today) {
                metric.reason += &format!("; it was accepted until {}, and that is over", entry.until);
            } else if entry.covers(worse_by(&metric.evidence)) {
                metric.decision = Decision::Pass;
                metric.reason += &format!("; accepted until {}: {}", entry.until, entry.reason);
                metric.accepted = Some(Accepted { reason: entry.reason.clone(), until: entry.until.clone() });
            } else {
                let most = super::judge::percent(entry.up_to_ratio.unwrap_or_default());
                metric.reason += &format!("; accepted is no more than {most}");
            }
        }
        for entry in self.entries.iter().filter(|entry| entry.last_day().is_ok_and(|day| day < today)) {
            let note = format!("the acceptance of {} ended on {}: take it out", entry.metric, entry.until);
            verdict.notes.push(note);
        }
    }
}

/// By how much, as a ratio.
fn worse_by(evidence: &Evidence) -> Option<f64> {
    match evidence {
        Evidence::Rounds(rounds) => rounds.change_ratio,
        Evidence::Exact { baseline, found, .. } => {
            found.map(|found| found as f64 / (*baseline).max(1) as f64 - 1.0)
        }
    }
}
