//! How a strategy is named, described and built.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::Duration;

use super::context::{BuildError, Context, Estimate};
use super::forgets::Forgets;
use super::operation::Operation;
use super::prospect::Prospect;
use super::server::Server;
use super::settings::{SettingDef, SettingError, Settings};
use super::sizing::Sizing;
use super::strategy::Strategy;

/// One line of the list of strategies: its name, what it is, its settings, and how to build it.
///
/// Each strategy's file ends in one constant of this type; a team's own strategy is one more.
#[derive(Clone, Copy)]
pub struct Definition {
    /// Its name on the command line and in records: lower case, words joined by `-`.
    pub name: &'static str,
    /// One line that says what it is.
    pub about: &'static str,
    /// What it is there for.
    pub role: Role,
    /// The settings that it takes after a colon: `lru:capacity=1_000_000,window=10m`.
    pub settings: &'static [SettingDef],
    /// What has to run beside it.
    pub needs: Needs,
    /// What somebody has to operate for it.
    pub operation: Operation,
    /// How it forgets, with these settings and in this context: what predictions are made from.
    pub forgets: fn(&Settings, &Context) -> Forgets,
    /// The memory that it plans for in advance, with these settings and in this context; none where it takes memory only
    /// as ids arrive. Has to be cheap, and to allocate nothing of the kind.
    pub estimate: Option<fn(&Settings, &Context) -> Estimate>,
    /// What it comes to with these settings and in this context, without being built: what advice is made from. None where
    /// nothing is to be advised about it. Has to be cheap, as the estimate.
    pub prospect: Option<fn(&Settings, &Context) -> Prospect>,
    /// Builds it with fresh state, or with what an earlier instance left in the context's directory.
    pub build: Build,
}

/// Builds a strategy from its settings in a context: a function, or a closure that knows more.
pub type Build = &'static (dyn Fn(&Settings, &Context) -> Result<Box<dyn Strategy>, BuildError> + Sync);

impl fmt::Debug for Definition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Definition").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Definition {
    /// Checks the given `(setting, text)` pairs against what is declared, and fills in defaults.
    pub fn resolve(&self, given: &[(String, String)], sizing: &Sizing) -> Result<Settings, SettingError> {
        Settings::resolve(self.name, self.settings, given, sizing)
    }

    /// Its settings as a part of another strategy, which has `whole`: the same values where it declares and allows them,
    /// and its own defaults for the rest.
    pub fn resolve_part(&self, whole: &Settings, sizing: &Sizing) -> Result<Settings, SettingError> {
        whole.for_part(self.name, self.settings, sizing)
    }

    /// Refuses, without building it, what plans for more memory than `context` has.
    pub fn admit(&self, settings: &Settings, context: &Context) -> Result<(), BuildError> {
        self.estimate.map_or(Ok(()), |estimate| context.admit(self.name, estimate(settings, context)))
    }

    /// Builds it with the given `(setting, text)` pairs, and defaults for the rest.
    pub fn open(&self, given: &[(&str, &str)], context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
        let given: Vec<_> = given.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        (self.build)(&self.resolve(&given, &context.sizing)?, context)
    }
}

/// Why a strategy is in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// To be chosen.
    Candidate,
    /// To show the harness's own floor.
    Floor,
    /// To show a known mistake; expected to break its promise.
    NegativeControl,
}

/// What has to run beside a strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it is embedded.
    Nothing,
    /// A Redis server.
    Redis,
    /// A program of its own, which speaks the protocol.
    System {
        /// The file that describes it, by its whole path.
        file: &'static str,
        /// Whether it keeps the time of a clock on the wall, whatever it is told.
        wall_clock: bool,
        /// The server whose clients its workers are, where there is one.
        server: Option<&'static Server>,
        /// How pings are batched for it, where it is not the pipeline's business: a marker follows each batch of a flow.
        batching: Option<Batching>,
    },
}

impl Needs {
    /// How pings are batched, where it is not as the pipeline has it.
    pub fn batching(self) -> Option<Batching> {
        match self {
            Needs::System { batching, .. } => batching,
            Needs::Nothing | Needs::Redis => None,
        }
    }
}

/// When a batch is complete, in the pipeline's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batching {
    /// Once it has so many pings.
    pub pings: NonZeroUsize,
    /// Once its first ping has waited so long.
    pub linger: Duration,
}
