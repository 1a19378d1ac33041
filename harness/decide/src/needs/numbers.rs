//! Numbers that people read, as a requirement: by how much a strategy may bend them.
//!
//! A decision knows no clients. It takes copies and losses to hit pings whoever sent them ([`ASSUMED`]).

use dedup_impact::{Number, predict};
use serde::Serialize;

use crate::quantity::Allowed;

/// Every number that can be asked for, by the name that it has wherever it is shown.
pub(crate) const NUMBERS: &[(&str, Number)] = &[
    ("pings", Number::Pings),
    ("sessions", Number::Sessions),
    ("crashes", Number::Crashes),
    ("crash-rate", Number::CrashRate),
    ("dau", Number::Dau),
    ("wau", Number::Wau),
    ("mau", Number::Mau),
    ("new-profiles", Number::NewProfiles),
    ("retention-week-1", Number::Retention(1)),
    ("retention-week-2", Number::Retention(2)),
    ("retention-week-3", Number::Retention(3)),
    ("funnel-step-1", Number::Step(1)),
    ("funnel-step-2", Number::Step(2)),
    ("funnel-step-3", Number::Step(3)),
];

const ALLOWED: Allowed = Allowed(
    "none, or some of these with commas between them, each once: pings, sessions, crashes, crash-rate, dau, wau, mau, new-profiles, \
     retention-week-1, retention-week-2, retention-week-3, funnel-step-1, funnel-step-2, funnel-step-3",
);

/// What stands behind a decision about numbers.
pub(crate) const ASSUMED: &str = "Nothing is known of clients: copies and losses are taken to hit pings whoever sent them and whatever for, copies to come \
     on days on which their clients are active anyway, and each client to send one ping in the days of a number, so that as many users are lost as \
     pings. Where crash pings are sent again more often than others, crash rates are bent by more: `run --pass impact` says by how much, on a scenario \
     with clients or on your own trace.";

/// Numbers that may be bent by so much.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bent {
    /// The names of the numbers.
    pub names: Vec<&'static str>,
    /// The largest relative error of any of them.
    pub tolerance: f64,
}

impl Bent {
    /// None, with a tolerance that is still to be read.
    pub(super) const NONE: Bent = Bent { names: Vec::new(), tolerance: 0.0 };

    /// Whether no number is asked for.
    pub fn is_none(&self) -> bool {
        self.names.is_empty()
    }

    /// The names in a text.
    pub(super) fn names(text: &str) -> Result<Vec<&'static str>, Allowed> {
        if text == "none" {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for name in text.split(',').map(str::trim) {
            let (known, _) = NUMBERS.iter().find(|(known, _)| *known == name).ok_or(ALLOWED)?;
            if names.contains(known) {
                return Err(ALLOWED);
            }
            names.push(*known);
        }
        Ok(names)
    }

    /// Each number with its relative error, without a sign, where so many copies for each unique ping are delivered and such a share of
    /// these is lost.
    pub(crate) fn errors(&self, copies: f64, loss: f64) -> impl Iterator<Item = (&'static str, f64)> {
        let asked = NUMBERS.iter().filter(|(name, _)| self.names.contains(name));
        asked.map(move |(name, number)| (*name, predict::whoever(*number, copies, loss).abs()))
    }
}

/// What numbers have in common that copies and losses bend alike: the name of a formula of the page.
pub(crate) fn bent_like(number: Number) -> &'static str {
    match number {
        Number::Pings | Number::Sessions | Number::Crashes => "counts",
        Number::CrashRate => "rate",
        Number::Dau | Number::Wau | Number::Mau | Number::NewProfiles => "users",
        Number::Retention(_) => "retention",
        Number::Step(_) => "step",
    }
}

/// Whether a requirement is one of a number.
pub(crate) fn is_number(requirement: &str) -> bool {
    NUMBERS.iter().any(|(name, _)| *name == requirement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_names_that_they_have_in_records_and_an_error_names_them_all() {
        for (name, number) in NUMBERS.iter().copied() {
            assert_eq!((number.name().as_str(), Number::named(name)), (name, Some(number)));
            assert!(ALLOWED.0.contains(name), "{name}");
        }
        assert_eq!(Bent::names("mau, pings"), Ok(vec!["mau", "pings"]));
        assert_eq!(Bent::names("none"), Ok(Vec::new()));
        for wrong in ["", "users", "mau,", "mau,mau", "none,mau", "retention-week-4"] {
            assert_eq!(Bent::names(wrong), Err(ALLOWED), "{wrong}");
        }
    }
}
