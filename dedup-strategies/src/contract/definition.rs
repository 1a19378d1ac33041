//! How a strategy is named, described and built.

use super::context::{BuildError, Context};
use super::settings::{SettingDef, SettingError, Settings};
use super::sizing::Sizing;
use super::strategy::Strategy;

/// One line of the list of strategies: its name, what it is, its settings, and how to build it.
///
/// Each strategy's file ends in one constant of this type; a team's own strategy is one more.
#[derive(Clone, Copy, Debug)]
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
    /// Builds it with fresh state, or with what an earlier instance left in the context's directory.
    pub build: Build,
}

/// Builds a strategy from its settings in a context.
pub type Build = fn(&Settings, &Context) -> Result<Box<dyn Strategy>, BuildError>;

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
}

impl Definition {
    /// Checks the given `(setting, text)` pairs against what is declared, and fills in defaults.
    pub fn resolve(&self, given: &[(String, String)], sizing: &Sizing) -> Result<Settings, SettingError> {
        Settings::resolve(self.name, self.settings, given, sizing)
    }

    /// Builds it with the given `(setting, text)` pairs, and defaults for the rest.
    pub fn open(&self, given: &[(&str, &str)], context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
        let given: Vec<_> = given.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
        (self.build)(&self.resolve(&given, &context.sizing)?, context)
    }
}
