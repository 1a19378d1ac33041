//! Curves of time against ids held, and what one says of a candidate.

use std::collections::BTreeMap;
use std::sync::Arc;

use dedup_records::curve::{Curve, Figure, Known, Origin};
use dedup_records::record::{HistogramError, Machine, Run};
use serde::Serialize;

/// A curve for each strategy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves(BTreeMap<String, Arc<Curve>>);

impl Curves {
    /// Those of a run: of each strategy the one that was asked for without settings, or else the first.
    pub fn of_run(run: &Run) -> Result<Curves, HistogramError> {
        let mut curves: BTreeMap<String, Arc<Curve>> = BTreeMap::new();
        for curve in Curve::of_run(run)?.into_iter().filter(|curve| !curve.points.is_empty()) {
            let (name, is_plain) = match curve.strategy.split_once(':') {
                Some((name, _)) => (name, false),
                None => (curve.strategy.as_str(), true),
            };
            let name = name.to_string();
            let is_better = |there: &Arc<Curve>| is_plain && there.strategy != name;
            if curves.get(&name).is_none_or(is_better) {
                curves.insert(name, Arc::new(curve));
            }
        }
        Ok(Curves(curves))
    }

    /// These, and those of `others` for strategies that are not among them.
    pub fn before(mut self, others: &Curves) -> Curves {
        for (name, curve) in &others.0 {
            self.0.entry(name.clone()).or_insert_with(|| curve.clone());
        }
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was measured of a strategy, with settings of which these are not made from the traffic.
    pub fn of(&self, strategy: &str, settings: &BTreeMap<String, String>) -> Option<Measured> {
        let curve = self.0.get(strategy)?;
        let as_set = |(name, value): (&String, &String)| {
            curve.points.iter().all(|point| point.settings.get(name).is_none_or(|had| had == value))
        };
        let (fewest_ids, most_ids) = curve.measured()?;
        Some(Measured {
            same_settings: settings.iter().all(as_set),
            machine: curve.machine.clone(),
            build: curve.profile.clone(),
            batch: curve.batch_count,
            fewest_ids,
            most_ids,
            curve: curve.clone(),
        })
    }
}

/// What was measured of a candidate's strategy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Whether with the candidate's settings, but for those that follow the traffic.
    pub same_settings: bool,
    /// Where.
    pub machine: Machine,
    /// How the program was built.
    pub build: String,
    /// Pings a batch.
    pub batch: u32,
    /// With so many ids, and more.
    pub fewest_ids: u64,
    /// With no more than so many.
    pub most_ids: u64,
    /// The whole of it.
    #[serde(skip)]
    pub curve: Arc<Curve>,
}

impl Measured {
    /// A figure with so many ids held. What has other settings is outside what was measured.
    pub fn at(&self, figure: Figure, ids: f64) -> Option<Known> {
        let found = self.curve.at(figure, ids.ceil().clamp(1.0, 1e18) as u64)?;
        let settings = if self.same_settings { Origin::Measured } else { Origin::Outside };
        Some(Known { origin: found.origin.and(settings), ..found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::curve;

    fn settings(rate: &str) -> BTreeMap<String, String> {
        BTreeMap::from([("rate".to_string(), rate.to_string())])
    }

    fn curves(curves: &[Curve]) -> Curves {
        Curves(curves.iter().map(|curve| (curve.strategy.clone(), Arc::new(curve.clone()))).collect())
    }

    #[test]
    fn what_was_measured_with_other_settings_is_outside_what_was_measured() {
        let curves = curves(&[curve("bloom", &[(1000, 10.0), (100_000, 30.0)])]);
        let at = |rate, ids| {
            let known = curves.of("bloom", &settings(rate)).unwrap().at(Figure::Steady, ids).unwrap();
            Known { value: known.value.round(), ..known }
        };
        assert_eq!(at("0.001", 10_000.0), Known { value: 20.0, origin: Origin::Measured });
        assert_eq!(at("0.001", 1e6), Known { value: 40.0, origin: Origin::Outside });
        assert_eq!(at("0.0001", 10_000.0), Known { value: 20.0, origin: Origin::Outside });
        assert_eq!(curves.of("other", &settings("0.001")), None);
    }

    #[test]
    fn ones_own_curves_take_the_place_of_those_that_ship_and_leave_the_rest() {
        let shipped = curves(&[curve("a", &[(1000, 10.0)]), curve("b", &[(1000, 10.0)])]);
        let both = curves(&[curve("a", &[(1000, 50.0)])]).before(&shipped);
        let at = |name| both.of(name, &BTreeMap::new()).unwrap().at(Figure::Steady, 1000.0).unwrap().value;
        assert_eq!((at("a"), at("b")), (50.0, 10.0));
    }
}
