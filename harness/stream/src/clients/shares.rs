//! Named values, each with its share.

use serde::Serialize;

/// Values and their shares of the whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shares {
    names: Vec<String>,
    /// For each, the share of itself and those before it. The last is 1.
    up_to: Vec<f64>,
}

impl Shares {
    /// One value, which is all.
    pub fn only(name: &str) -> Shares {
        Shares { names: vec![name.to_string()], up_to: vec![1.0] }
    }

    /// Values with weights, each above 0, of which there is one at least.
    pub fn weighted<'a>(weights: impl Iterator<Item = (&'a str, f64)> + Clone) -> Shares {
        let sum: f64 = weights.clone().map(|(_, weight)| weight).sum();
        let mut reached = 0.0;
        let up_to = weights.clone().map(|(_, weight)| {
            reached += weight / sum;
            reached
        });
        let mut up_to: Vec<f64> = up_to.collect();
        if let Some(last) = up_to.last_mut() {
            *last = 1.0;
        }
        Shares { names: weights.map(|(name, _)| name.to_string()).collect(), up_to }
    }

    /// The values' names, in the order of their numbers.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The number of a value.
    pub fn number(&self, name: &str) -> Option<u8> {
        self.names.iter().position(|known| known == name).and_then(|number| u8::try_from(number).ok())
    }

    /// The share of a value.
    pub fn share(&self, number: u8) -> f64 {
        let number = usize::from(number);
        self.up_to[number] - number.checked_sub(1).map_or(0.0, |before| self.up_to[before])
    }

    /// The value that `drawn`, from 0 to below 1, falls on.
    #[inline]
    pub(super) fn pick(&self, drawn: f64) -> u8 {
        let mut number = 0;
        while number + 1 < self.up_to.len() && drawn >= self.up_to[number] {
            number += 1;
        }
        number as u8
    }
}
