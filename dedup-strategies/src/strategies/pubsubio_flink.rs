//! PubsubIO on the Flink runner: the `DedupingOperator`, keyed state with a timer that each copy arms anew.
//!
//! State is kept by checkpoints. A restart takes up the last one that was completed and forgets what came after, and
//! Flink then has the source go back to where it was at that moment, so that what is forgotten is also read again. Here
//! pings that were acked do not come again: what a restart shows is the copies that pass because their id was forgotten.

use super::common::keyed_catalogue::{self, Keyed};
use crate::contract::{
    BuildError, Context, Definition, Needs, Role, SettingDef, SettingDefault, SettingKind, Settings, Strategy,
};
use crate::structures::id_catalogue::{Cadence, Hit, Manner, Negative, WINDOW};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "pubsubio-flink",
    about: "model of PubsubIO on Flink: 10 min since last seen, each copy prolongs; kept by checkpoints",
    role: Role::Candidate,
    settings: &[
        WINDOW,
        SettingDef {
            name: "checkpoint",
            about: "time between two checkpoints: what came after the last one is forgotten in a restart",
            kind: SettingKind::Time,
            default: SettingDefault::Text("1m"),
        },
    ],
    needs: Needs::Nothing,
    operation: keyed_catalogue::OPERATION,
    forgets: |_, _| keyed_catalogue::FORGETS,
    estimate: None,
    prospect: Some(|settings, context| keyed_catalogue::prospect(manner(settings), context)),
    build: &build,
};

fn manner(settings: &Settings) -> Manner {
    Manner {
        window: settings.time("window"),
        hit: Hit::Extends,
        negative_cache: Negative::None,
        cadence: Cadence::Checkpoints(settings.time("checkpoint")),
    }
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    Keyed::build(DEFINITION.name, manner(settings), context)
}
