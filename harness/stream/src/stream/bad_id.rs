//! Ids that are broken, or oddly written.

use dedup_strategies::PingKey;

use super::event::{Event, Id, InvalidId, Spelling};
use super::pick::Picker;
use super::random::{Generator, generator, seed_for, uniform};
use crate::scenario::{BadIds, Pick};

/// Broken ids.
#[derive(Debug)]
pub(super) struct BadId {
    shares: BadIds,
    pub(super) picker: Picker,
    generator: Generator,
    spelling_seed: u64,
}

impl BadId {
    pub(super) fn new(shares: BadIds, seed: u64) -> Self {
        let sum = shares.unusable();
        let pick = if sum > 0.0 { Pick::Share(sum) } else { Pick::First(0) };
        BadId {
            shares,
            picker: Picker::new(pick, None, generator(seed, "bad id", "pick")),
            generator: generator(seed, "bad id", "kind"),
            spelling_seed: seed_for(seed, "bad id", "spelling"),
        }
    }

    /// The same, with whole ids for the first arrivals at the start.
    pub(super) fn sparing(self, at_start: u64) -> Self {
        BadId { picker: self.picker.sparing(at_start), ..self }
    }

    /// The id of the first arrival `index`, whose key would be `key`.
    pub(super) fn id(&mut self, index: u64, key: PingKey) -> Id {
        if !self.picker.take(index) {
            return Id::Key(key);
        }
        let BadIds { missing, not_an_id, .. } = self.shares;
        let drawn = uniform(&mut self.generator) * self.shares.unusable();
        if drawn < missing {
            Id::Missing
        } else if drawn < missing + not_an_id {
            Id::Invalid(InvalidId::NotAnId)
        } else {
            Id::Invalid(InvalidId::Short)
        }
    }

    /// How the client spelt the id of this event.
    pub(super) fn spelling(&self, event: &Event) -> Spelling {
        let share = self.shares.upper_case;
        // Most scenarios have none, and a draw a line is not worth a state: the event itself is hashed.
        let upper = share > 0.0 && {
            let name = format!("{} {}", event.origin.unique, event.at.as_nanos());
            (seed_for(self.spelling_seed, "upper case", &name) >> 11) as f64 / 2f64.powi(53) < share
        };
        if upper { Spelling::UpperCase } else { Spelling::LowerCase }
    }
}
