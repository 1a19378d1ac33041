//! The TOML of a system, field by field, as it is written. Defaults stand here.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct File {
    pub(crate) name: Spanned<String>,
    pub(crate) about: Spanned<String>,
    /// Who makes it, and its licence, for whoever reads the file.
    #[serde(rename = "made-by")]
    _made_by: Option<String>,
    #[serde(rename = "licence")]
    _licence: Option<String>,
    /// What somebody has to run and watch over.
    pub(crate) operate: String,
    /// A model's system; its figures are not those of the system itself.
    pub(crate) model_of: Option<String>,
    /// What a reader of its figures has to know.
    pub(crate) note: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) role: RoleName,
    pub(crate) command: Spanned<Vec<String>>,
    /// What to do where the command is missing.
    pub(crate) install: String,
    /// How long a reply may take.
    pub(crate) reply_within: Option<Spanned<String>>,
    /// Of judges alone: a flow deals pings out by itself.
    pub(crate) routing: Option<RoutingName>,
    /// What makes it a flow.
    pub(crate) flow: Option<FlowTable>,
    #[serde(default)]
    pub(crate) clock: ClockName,
    pub(crate) promise: Spanned<PromiseTable>,
    pub(crate) server: Option<ServerTable>,
    #[serde(default)]
    pub(crate) settings: BTreeMap<String, Spanned<SettingTable>>,
}

/// The server whose clients the programs are.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct ServerTable {
    pub(crate) command: Spanned<Vec<String>>,
    /// The name of a socket in its private directory; none where it listens on `{port}`.
    pub(crate) socket: Option<Spanned<String>>,
    pub(crate) within: Option<Spanned<String>>,
}

/// When a marker follows.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct FlowTable {
    /// After so many pings, at most.
    pub(crate) pings: Spanned<u64>,
    /// So much of the stream's time after the first of them, at most.
    pub(crate) linger: Spanned<String>,
}

/// Which worker may judge which ping.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoutingName {
    /// The state is shared.
    Any,
    /// Each worker has its own.
    ByKey,
}

/// What it is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RoleName {
    /// To be chosen among.
    #[default]
    Candidate,
    /// To show what the pipes cost: it lets everything through.
    Floor,
}

/// Whose time it keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ClockName {
    /// That of the requests.
    #[default]
    Given,
    /// A clock on the wall.
    Wall,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PromiseTable {
    pub(crate) remembers: Remembers,
    /// The setting that is the window's length.
    pub(crate) window: Option<Spanned<String>>,
    pub(crate) missed: Option<Spanned<BoundValue>>,
    pub(crate) lost: Option<Spanned<BoundValue>>,
    /// The setting that is the capacity.
    pub(crate) capacity: Option<Spanned<String>>,
    pub(crate) memory: Option<Spanned<MemoryValue>>,
    pub(crate) missed_under_faults: Option<Spanned<BoundValue>>,
    pub(crate) lost_under_faults: Option<Spanned<BoundValue>>,
}

impl PromiseTable {
    /// Where the value of a field stands, if it is there.
    pub(crate) fn place_of(&self, field: &str) -> Option<Range<usize>> {
        match field {
            "window" => self.window.as_ref().map(Spanned::span),
            "capacity" => self.capacity.as_ref().map(Spanned::span),
            "memory" => self.memory.as_ref().map(Spanned::span),
            "missed" => self.missed.as_ref().map(Spanned::span),
            "lost" => self.lost.as_ref().map(Spanned::span),
            "missed-under-faults" => self.missed_under_faults.as_ref().map(Spanned::span),
            "lost-under-faults" => self.lost_under_faults.as_ref().map(Spanned::span),
            _ => None,
        }
    }
}

/// Which copies it claims to recognise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Remembers {
    Nothing,
    Forever,
    SinceFirst,
    SinceSeen,
    SinceMarked,
    Tumbling,
}

/// `"bounded"`, `"grows"`, or the budget that it fills first.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum MemoryValue {
    Word(String),
    Budget { budget: String },
}

/// `"never"`, `"unbounded"`, a share, or the setting that is the share.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum BoundValue {
    Share(f64),
    Word(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SettingTable {
    pub(crate) about: String,
    pub(crate) kind: KindName,
    pub(crate) most: Option<Spanned<u64>>,
    pub(crate) words: Option<Spanned<Vec<String>>>,
    pub(crate) default: Spanned<String>,
}

/// The values that a setting allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum KindName {
    Count,
    Time,
    TimeOrZero,
    Share,
    Word,
}
