//! Models of what Apache Beam's runners do with the ids of PubsubIO, and of Beam's `Deduplicate` transform.
//!
//! They are models: the window, what a hit does to it, what is kept over a restart and how large the state may grow are
//! taken from Beam's source and from Google's publications; the rest of a runner is not here. All but the direct
//! runner share one [`Catalogue`]. An id is *pending* from the moment its ping is let through until the ping is
//! delivered, as if its state committed together with the bundle: a worker that dies in between forgets its pending
//! ids, so that a ping that comes again passes. Copies that come while an id is pending are dropped, which is safe
//! because the first copy is not acked yet and would come again.

mod catalogue;
mod ids;
mod journal;
mod negative;

pub use catalogue::{Catalogue, Hit, LookUps, Manner, Negative, bytes_for};
pub use journal::{Cadence, Journal, Kept};

use crate::contract::{SettingDef, SettingDefault, SettingKind};

/// The window is the model's, not the scenario's: with another one it would not be PubsubIO.
pub(crate) const WINDOW: SettingDef = SettingDef {
    name: "window",
    about: "how long an id is known; fixed at ten minutes in what this is a model of",
    kind: SettingKind::Time,
    default: SettingDefault::Text("10m"),
};
