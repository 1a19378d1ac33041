//! Ids that come so often that they are there all along: a distribution over all ids, of which each comes once somewhere and
//! then again, would lose them, or cut them off at the end.

use std::time::Duration;

use super::lags::mean_lag_us;
use crate::copies::copies_bin;
use crate::profile::Profile;

/// An id with fewer pings is none of the heaviest.
const LEAST_PINGS: u64 = 100;
/// Nor is one with a smaller share of all duplicates.
const LEAST_SHARE: f64 = 0.01;
/// An id with fewer pings is never taken for one that comes all along.
const LEAST_OFTEN: u64 = 10;
/// The most by which copies that a cause takes together differ in number.
const WIDEST: f64 = 1.6;

/// Ids with as many copies beyond the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    pub(super) copies: u64,
    pub(super) ids: u64,
}

/// How the pings of the heaviest ids lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// Over the whole traffic, at any time.
    Spread,
    /// The same, as far apart as copies are: what is known of all is known of them, who have nearly all copies and come about
    /// as often as each other.
    Paced,
    /// As late after the first as copies are on the whole.
    AsOthers,
}

/// Ids that begin with the traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Heavy {
    /// The heaviest, most copies first. At another scale there are as many, with more or fewer copies.
    pub(super) heaviest: Vec<Class>,
    /// Others that are spread over the traffic. At another scale there are more or fewer of them.
    pub(super) others: Vec<Class>,
    pub(super) manner: Manner,
}

impl Heavy {
    pub(super) fn of(profile: &Profile) -> Heavy {
        let pings = profile.heaviest.iter().map(|share| (share * profile.pings_count as f64).round() as u64);
        let heavy = pings.filter(|pings| {
            *pings >= LEAST_PINGS && *pings as f64 >= LEAST_SHARE * profile.duplicate_count as f64
        });
        let heaviest: Vec<u64> = heavy.map(|pings| pings - 1).collect();
        let spread = copies_spread(profile);
        let of_heaviest = heaviest.iter().sum::<u64>() as f64;
        let heaviest = by_bin(&heaviest);
        match of_heaviest <= spread {
            true => {
                let others = others(profile, &heaviest, spread - of_heaviest);
                let manner = match are_all(profile, heaviest.iter().chain(&others)) {
                    true => Manner::Paced,
                    false => Manner::Spread,
                };
                Heavy { heaviest, others, manner }
            }
            false => Heavy { heaviest, others: Vec::new(), manner: Manner::AsOthers },
        }
    }

    /// How many of them are in a bin of numbers of pings.
    pub(super) fn in_bin(&self, bin: usize) -> u64 {
        in_bin(&self.heaviest, bin) + in_bin(&self.others, bin)
    }

    /// All of them.
    pub(super) fn ids(&self) -> u64 {
        self.heaviest.iter().chain(&self.others).map(|class| class.ids).sum()
    }

    /// The classes whose pings come at any time.
    pub(super) fn spread(&self) -> impl Iterator<Item = &Class> {
        let spread = self.manner == Manner::Spread;
        self.heaviest.iter().chain(&self.others).filter(move |_| spread)
    }

    /// The causes of a scenario at this scale: classes that are near each other, together.
    pub(super) fn causes(&self, scale: f64) -> Vec<Vec<Class>> {
        let heaviest = self.heaviest.iter().map(|class| {
            let copies = ((class.copies as f64 * scale).round() as u64).clamp(1, 1_000_000_000);
            vec![Class { copies, ..*class }]
        });
        let mut causes: Vec<Vec<Class>> = heaviest.collect();
        let mut together: Vec<Class> = Vec::new();
        for class in &self.others {
            let class = Class { ids: (class.ids as f64 * scale).round() as u64, ..*class };
            if together.first().is_some_and(|first| first.copies as f64 > WIDEST * class.copies as f64) {
                causes.push(std::mem::take(&mut together));
            }
            if class.ids > 0 {
                together.push(class);
            }
        }
        causes.extend((!together.is_empty()).then_some(together));
        causes
    }
}

/// Whether these ids have nearly all copies, each about as many, and so many lags as are usual take the whole traffic.
fn are_all<'a>(profile: &Profile, classes: impl Iterator<Item = &'a Class> + Clone) -> bool {
    let most = classes.clone().map(|class| class.copies).max().unwrap_or(0);
    let fewest = classes.clone().map(|class| class.copies).min().unwrap_or(0);
    let all: u64 = classes.clone().map(|class| class.copies * class.ids).sum();
    let ids: u64 = classes.map(|class| class.ids).sum();
    let have_all =
        all as f64 >= 0.9 * profile.duplicate_count as f64 && most as f64 <= WIDEST * fewest as f64;
    let took = mean_lag_us(profile) * all as f64 / ids.max(1) as f64;
    have_all && all > 0 && (took / profile.span().as_micros() as f64 - 1.0).abs() < 0.03
}

/// How many copies are of ids that come all along, at most: of those that come so often, half comes later than half of the
/// traffic after the first. A little more, for chance.
fn copies_spread(profile: &Profile) -> f64 {
    let half = profile.span() / 2;
    let copies = profile.duplicate_count as f64;
    let late = copies * (1.0 - profile.lag_from_first.share_below(half.max(Duration::from_micros(1))));
    2.0 * late + 3.0 * late.sqrt() + 0.1 * late
}

/// Ids that come often, most copies first, as long as so many copies may be spread.
fn others(profile: &Profile, heaviest: &[Class], mut spread: f64) -> Vec<Class> {
    let mut others = Vec::new();
    for bin in profile.copies.iter().rev().take_while(|bin| bin.least >= LEAST_OFTEN) {
        let ids = bin.ids - in_bin(heaviest, copies_bin(bin.least)).min(bin.ids);
        // The mean of a bin, of which 1 is the first.
        let copies = ((bin.pings as f64 / bin.ids as f64).round() as u64 - 1).clamp(1, 1_000_000_000);
        spread -= (copies * ids) as f64;
        if spread < 0.0 {
            break;
        }
        if ids > 0 {
            others.push(Class { copies, ids });
        }
    }
    others
}

/// Those of one bin together, each with the mean.
fn by_bin(copies: &[u64]) -> Vec<Class> {
    let in_one = |one: &u64, other: &u64| copies_bin(one + 1) == copies_bin(other + 1);
    let class = |group: &[u64]| Class {
        copies: (group.iter().sum::<u64>() as f64 / group.len() as f64).round() as u64,
        ids: group.len() as u64,
    };
    copies.chunk_by(in_one).map(class).collect()
}

fn in_bin(classes: &[Class], bin: usize) -> u64 {
    classes.iter().filter(|class| copies_bin(class.copies + 1) == bin).map(|class| class.ids).sum()
}
