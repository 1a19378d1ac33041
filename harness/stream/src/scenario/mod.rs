//! Scenarios: one TOML file each, read into a [`Scenario`] that holds nothing but valid values.
//!
//! `file` mirrors the TOML, `check` looks at fields together and builds the [`Scenario`] of `model`, `library` knows
//! the scenarios that the binary carries. See `docs/SCENARIOS.md` for the format.

mod arrival;
mod check;
mod clients;
mod copies;
mod error;
mod estimate;
mod file;
mod lag;
mod library;
mod model;
mod units;

#[cfg(test)]
mod tests;

use std::num::{NonZeroU32, NonZeroU64};
use std::path::Path;
use std::time::Duration;

use dedup_strategies::{Sizing, Timestamp};
use xxhash_rust::xxh3::xxh3_128;

use crate::clients::{Clients, ClientsSpec};

pub use arrival::{AT_START_GAP_NS, Arrival, Process, Ramp, Segment};
pub use copies::Copies;
pub use error::{ScenarioError, Source};
pub use lag::{Lag, Point};
pub use library::{embedded, find, find_all};
pub use model::{
    BadIds, Deadlines, EventTime, Identity, KeyField, LagFrom, Length, NightlyConfig, Pick, PipelineConfig,
    Repeat, Routed, Scenario, Shape, Submission,
};

impl Shape {
    pub(crate) fn clients(&self, seed: u64) -> Option<Clients> {
        let length = match self.length {
            Length::Pings(pings) => Duration::from_secs_f64(estimate::seconds(self, pings)),
            Length::Duration(length) => length,
        };
        let days = length.as_secs() / 86_400 + 2;
        self.clients.as_ref().map(|spec| Clients::new(spec, self.start, days, seed))
    }
}

impl Default for PipelineConfig {
    fn default() -> Self {
        check::pipeline(&file::PipelineTable::default())
    }
}

impl Scenario {
    /// Who sends the pings of this seed's stream, where the scenario says so.
    pub fn clients(&self, seed: u64) -> Option<Clients> {
        self.shape.clients(seed)
    }

    /// Reads a scenario from the text of a TOML file; `file_label` is what errors call the file, and its last part
    /// without `.toml` becomes the name.
    pub fn from_toml(file_label: &str, text: &str) -> Result<Scenario, ScenarioError> {
        check::scenario(file_label, text)
    }

    /// Reads a scenario from a file.
    pub fn load(path: impl AsRef<Path>) -> Result<Scenario, ScenarioError> {
        let path = path.as_ref();
        let label = path.display().to_string();
        let bytes =
            dedup_files::read(path).map_err(|cause| ScenarioError::unreadable(&label, &cause.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|error| ScenarioError::not_utf8(&label, &error))?;
        Scenario::from_toml(&label, &text)
    }

    /// When the stream begins.
    pub fn start(&self) -> Timestamp {
        self.shape.start
    }

    /// What copies have in common.
    pub fn key(&self) -> KeyField {
        self.shape.key
    }

    /// Digest, in hex, of everything but the seed that determines a run's figures: the pings, the window, the
    /// payload, the pipeline and its faults. Name, prose, comments and layout do not change it.
    pub fn digest(&self) -> String {
        // Raised when the same scenario would no longer give the same pings.
        const GENERATION: u32 = 1;
        let parts = (GENERATION, &self.shape, self.window, self.payload_bytes, &self.pipeline);
        let mut canonical = serde_json::to_vec(&parts).expect("plain data always becomes JSON");
        if let Some(nightly) = &self.nightly {
            canonical.extend(serde_json::to_vec(nightly).expect("plain data always becomes JSON"));
        }
        if !self.faults.is_empty() {
            canonical.extend(serde_json::to_vec(&self.faults).expect("plain data always becomes JSON"));
        }
        format!("{:032x}", xxh3_128(&canonical))
    }

    /// The same scenario under another name, with other values at some paths of its text, such as `arrival.rate`.
    ///
    /// # Errors
    ///
    /// A value is not allowed there.
    ///
    /// # Panics
    ///
    /// A path leads through a table that the scenario does not have.
    pub fn with(&self, name: &str, values: &[(&str, toml::Value)]) -> Result<Scenario, ScenarioError> {
        let mut table: toml::Table = toml::from_str(&self.text).expect("it was read before");
        for (path, value) in values {
            let (folders, field) =
                path.rsplit_once('.').map_or((None, *path), |(folders, field)| (Some(folders), field));
            let place = folders.into_iter().fold(&mut table, |table, folder| {
                table[folder].as_table_mut().expect("the scenario has these tables")
            });
            place.insert(field.to_string(), value.clone());
        }
        let text = toml::to_string(&table).expect("a table is TOML");
        Ok(Scenario { name: name.to_string(), ..Scenario::from_toml(name, &text)? })
    }

    /// The same scenario with one key in `one_in` left; its name says so. With one in one it is the same.
    ///
    /// # Errors
    ///
    /// There are no so many keys.
    pub fn thinned(&self, one_in: u32) -> Result<Scenario, ScenarioError> {
        match one_in {
            1 => Ok(self.clone()),
            _ => self.with(&format!("{}:thin={one_in}", self.name), &[("thin", i64::from(one_in).into())]),
        }
    }

    /// About how many pings will come, copies included; exact where the length is a number of pings of which all are left.
    pub fn expected_pings(&self) -> u64 {
        let pings = match self.shape.length {
            Length::Pings(pings) => pings,
            Length::Duration(length) => estimate::pings(&self.shape, length.as_secs_f64()).round() as u64,
        };
        self.left_of(pings)
    }

    /// About how many are left of so many.
    fn left_of(&self, count: u64) -> u64 {
        let left = self.shape.thin.map_or(count, |one_in| count.div_ceil(one_in.get()));
        match self.shape.clients.as_ref().map_or(0.0, ClientsSpec::lost_share) {
            0.0 => left,
            lost => (left as f64 * (1.0 - lost)).ceil() as u64,
        }
    }

    /// The same scenario in which no ping is lost on its way.
    pub(crate) fn as_sent(&self) -> Scenario {
        let mut sent = self.clone();
        if let Some(clients) = &mut sent.shape.clients {
            clients.lost.clear();
        }
        sent
    }

    /// The share of all keys that is left.
    pub fn share_left(&self) -> f64 {
        self.shape.thin.map_or(1.0, |one_in| 1.0 / one_in.get() as f64)
    }

    /// What one of so many pipelines gets of it, which split its keys.
    pub fn of_one_pipeline(&self, of: NonZeroU32) -> Scenario {
        let mut share = self.clone();
        let thin = share.shape.thin.unwrap_or(NonZeroU64::MIN).saturating_mul(of.into());
        share.shape.thin = (of.get() > 1).then_some(thin).or(share.shape.thin);
        share
    }

    /// About how many of them will be copies of pings that came before.
    pub fn expected_duplicates(&self) -> u64 {
        self.left_of(estimate::duplicates(&self.shape, self.virtual_length().as_secs_f64()).round() as u64)
    }

    /// Causes most of whose copies would come after the end of the stream, each with the share that comes before it.
    pub fn mostly_too_late(&self) -> Vec<(&str, f64)> {
        let length_s = self.virtual_length().as_secs_f64();
        let share = |repeat: &Repeat| estimate::expected(&self.shape, repeat, length_s).share_in_time();
        let causes = self.shape.repeats.iter().map(|repeat| (repeat.cause.as_str(), share(repeat)));
        causes.filter(|(_, share)| *share < 0.5).collect()
    }

    /// How much virtual time the stream covers; an estimate where the length is a number of pings.
    pub fn virtual_length(&self) -> Duration {
        match self.shape.length {
            Length::Pings(pings) => Duration::from_secs_f64(estimate::seconds(&self.shape, pings)),
            Length::Duration(length) => length,
        }
    }

    /// The load that an engineer would size for: the ordinary traffic at its busiest. A ramp, a replay or a hot key
    /// is not in it: these break what was sized before them.
    pub fn sizing(&self) -> Sizing {
        let sizing = estimate::sizing(&self.shape, self.window, self.virtual_length());
        Sizing {
            ids_in_window: self.left_of(sizing.ids_in_window),
            ids_total: self.left_of(sizing.ids_total),
            ..sizing
        }
    }
}
