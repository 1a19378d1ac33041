//! How sure a figure is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where a figure comes from; the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Measured, or read between two points that were.
    Measured,
    /// Worked out from how the strategy is built, and not measured.
    Modelled,
    /// Continued beyond what was measured.
    Outside,
}

impl Origin {
    /// Its name, in words.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Measured => "measured",
            Origin::Modelled => "modelled",
            Origin::Outside => "outside what was measured",
        }
    }

    /// Of a figure that rests on both.
    pub fn and(self, other: Origin) -> Origin {
        self.max(other)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A figure, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// The figure.
    pub value: f64,
    /// Where it comes from.
    pub origin: Origin,
}
