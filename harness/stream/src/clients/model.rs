//! Clients as a scenario declares them, checked.

use std::num::NonZeroU64;

use serde::Serialize;

use super::shares::Shares;

/// Dimensions that clients may have.
pub const MOST_DIMENSIONS: usize = 6;

/// Who sends the pings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClientsSpec {
    /// Clients that live when the stream starts.
    pub count: NonZeroU64,
    /// Clients whose first day each further day is, and the first day.
    pub new_a_day: u64,
    /// How many days a client lives in the mean: each day it may go with the same chance. For ever where this is none.
    pub lifetime_days: Option<f64>,
    /// The share of days on which a client is active, Monday first.
    pub active: [f64; 7],
    /// Sessions of an active client's day, in the mean: 1 or more.
    pub sessions: f64,
    /// Clients that send more than the others.
    pub heavy: Option<Heavy>,
    /// Clients whose clocks are wrong.
    pub wrong_clock: Option<WrongClock>,
    /// The share of clients that have one id in twos: a profile that was copied.
    pub shared: f64,
    /// What pings are for.
    pub types: Shares,
    /// The shares of pings of a new client's first day that are for something else: their types' numbers are those after the
    /// types that any ping may have.
    pub first_day: Vec<(String, f64)>,
    /// The numbers of the types that are the steps of a funnel, in their order.
    pub funnel: Vec<u8>,
    /// What is the same in all pings of a client.
    pub dimensions: Vec<Dimension>,
    /// Pings that are lost on their way, with all their copies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
}

/// A share of pings never arrives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lost {
    /// Of those that meet the condition, each by itself.
    pub share: f64,
    /// Which.
    pub only: Condition,
}

/// A share of clients sends a share of pings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Heavy {
    /// Of clients.
    pub share: f64,
    /// Of pings: more than of clients.
    pub pings: f64,
}

/// A share of clients whose clocks are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WrongClock {
    /// Of clients.
    pub share: f64,
    /// At most so much too early or too late, in nanoseconds; each client always the same.
    pub by_ns: u64,
}

/// Something by which clients differ, and what they have of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dimension {
    /// Its name, which is a column's.
    pub name: String,
    /// Its values, by share of clients.
    pub values: Shares,
}

/// Some of the pings: those of a type and of clients with certain values. Whatever is none does not matter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// The number of the type.
    pub kind: Option<u8>,
    /// Numbers of dimensions, each with the number of a value.
    pub values: Vec<(usize, u8)>,
    /// The share of pings that are among them, about.
    pub share: f64,
}

impl ClientsSpec {
    /// The share of all pings that are lost on their way, about.
    pub fn lost_share(&self) -> f64 {
        1.0 - self.lost.iter().map(|lost| 1.0 - lost.share * lost.only.share).product::<f64>()
    }

    /// The chance that a ping of a client with these values is lost, whatever its type, which is drawn for each ping by itself.
    pub fn chance_lost(&self, values: &[u8]) -> f64 {
        let chance_of = |lost: &Lost| match lost
            .only
            .values
            .iter()
            .all(|(dimension, value)| values[*dimension] == *value)
        {
            true => lost.share * lost.only.kind.map_or(1.0, |kind| self.share_of_type(kind)),
            false => 0.0,
        };
        1.0 - self.lost.iter().map(|lost| 1.0 - chance_of(lost)).product::<f64>()
    }

    /// Of pings but those of a client's first day.
    fn share_of_type(&self, kind: u8) -> f64 {
        if usize::from(kind) < self.types.names().len() { self.types.share(kind) } else { 0.0 }
    }

    /// How many clients there are, or have been, by the end of the `day`-th day.
    pub fn clients_until(&self, day: u64) -> u64 {
        self.count.get().saturating_add((day + 1).saturating_mul(self.new_a_day))
    }

    /// The names of all types, by number.
    pub fn type_names(&self) -> impl Iterator<Item = &str> {
        let anytime = self.types.names().iter();
        anytime.chain(self.first_day.iter().map(|(name, _)| name)).map(String::as_str)
    }

    /// The least share of the clients so far that are tried with success on the `day`-th day.
    pub fn least_acceptance(&self, day: f64) -> f64 {
        let (count, new) = (self.count.get() as f64, self.new_a_day as f64);
        let alive = match self.lifetime_days {
            None => 1.0,
            Some(mean) => {
                let left = libm::exp(-day / mean);
                (count * left + new * mean * (1.0 - left)) / (count + new * day)
            }
        };
        let least_active = self.active.iter().copied().fold(1.0, f64::min);
        let heaviest = self.heavy.map_or(1.0, |heavy| heavy.pings / heavy.share);
        alive.min(1.0) * least_active / heaviest
    }
}
