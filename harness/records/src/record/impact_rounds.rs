//! Rounds of an impact cell, added up: each has clients and pings of its own.

use super::{DifferenceFigures, ImpactFigures, NumberFigures, RowsFigures};

impl ImpactFigures {
    /// Adds another round: counts day by day, and of predictions the mean, each round by its unique pings. Nothing is added, and false
    /// comes of it, where the other is of other days, dimensions or numbers.
    pub fn add(&mut self, other: &ImpactFigures) -> bool {
        let is_alike = |one: &NumberFigures, other: &NumberFigures| {
            let of = |figures: &NumberFigures| {
                let lengths = (figures.truth_count.len(), figures.truth_of_count.as_ref().map(Vec::len));
                (
                    figures.number.clone(),
                    figures.dimension.clone(),
                    figures.value.clone(),
                    figures.from_day,
                    lengths,
                )
            };
            of(one) == of(other)
        };
        let are_alike = (&self.first_day, self.days_count, &self.dimensions, &self.steps)
            == (&other.first_day, other.days_count, &other.dimensions, &other.steps)
            && self.numbers.len() == other.numbers.len()
            && self.numbers.iter().zip(&other.numbers).all(|(one, other)| is_alike(one, other));
        if !are_alike {
            return false;
        }
        let (own, others) = (self.unique_count as f64, other.unique_count as f64);
        for prediction in &mut self.predicted {
            let is_it = |of: &&super::ImpactPrediction| {
                (&of.number, of.tables) == (&prediction.number, prediction.tables)
            };
            if let Some(more) = other.predicted.iter().find(is_it) {
                let sum = prediction.error_ratio * own + more.error_ratio * others;
                prediction.error_ratio = sum / (own + others).max(1.0);
            }
        }
        self.unique_count = self.unique_count.saturating_add(other.unique_count);
        self.lost_on_the_way_count = self.lost_on_the_way_count.saturating_add(other.lost_on_the_way_count);
        self.live.add(other.live);
        self.stable.add(other.stable);
        self.numbers.iter_mut().zip(&other.numbers).for_each(|(one, other)| one.add(other));
        true
    }
}

impl RowsFigures {
    fn add(&mut self, other: RowsFigures) {
        self.rows_count = self.rows_count.saturating_add(other.rows_count);
        self.again_count = self.again_count.saturating_add(other.again_count);
        self.outside_count = self.outside_count.saturating_add(other.outside_count);
    }
}

impl NumberFigures {
    fn add(&mut self, other: &NumberFigures) {
        add(&mut self.truth_count, &other.truth_count);
        if let (Some(own), Some(other)) = (&mut self.truth_of_count, &other.truth_of_count) {
            add(own, other);
        }
        self.live.add(&other.live);
        self.stable.add(&other.stable);
    }
}

impl DifferenceFigures {
    fn add(&mut self, other: &DifferenceFigures) {
        add(&mut self.extra_count, &other.extra_count);
        add(&mut self.missing_count, &other.missing_count);
        add(&mut self.extra_of_count, &other.extra_of_count);
        add(&mut self.missing_of_count, &other.missing_of_count);
    }
}

/// Day by day; an empty list has a 0 for every day.
fn add(own: &mut Vec<u64>, other: &[u64]) {
    if own.len() < other.len() {
        own.resize(other.len(), 0);
    }
    own.iter_mut().zip(other).for_each(|(own, other)| *own = own.saturating_add(*other));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ImpactPrediction, Tables};

    fn round(uniques: u64, extra: &[u64], error_ratio: f64) -> ImpactFigures {
        let difference = DifferenceFigures { extra_count: extra.to_vec(), ..DifferenceFigures::default() };
        let number = NumberFigures {
            number: "pings".to_string(),
            dimension: None,
            value: None,
            from_day: 0,
            truth_count: vec![uniques / 2; 2],
            truth_of_count: None,
            live: difference,
            stable: DifferenceFigures::default(),
            counted_times: 1,
        };
        let rows = RowsFigures { rows_count: uniques, again_count: 1, outside_count: 0 };
        ImpactFigures {
            first_day: "2026-01-01".to_string(),
            days_count: 2,
            clients_count: 9,
            unique_count: uniques,
            lost_on_the_way_count: 1,
            job: "nightly".to_string(),
            pipelines_count: 1,
            faults: Vec::new(),
            live: rows,
            stable: rows,
            dimensions: Vec::new(),
            steps: Vec::new(),
            numbers: vec![number],
            predicted: vec![ImpactPrediction {
                number: "pings".to_string(),
                tables: Tables::Live,
                error_ratio,
            }],
        }
    }

    #[test]
    fn rounds_are_added_up_day_by_day_and_predictions_by_their_pings() {
        let mut sum = round(100, &[], 0.01);
        assert!(sum.add(&round(300, &[4, 0], 0.03)));
        assert_eq!((sum.unique_count, sum.lost_on_the_way_count, sum.live.again_count), (400, 2, 2));
        assert_eq!(sum.numbers[0].truth_count, [200, 200]);
        assert_eq!(sum.numbers[0].live.extra_count, [4, 0]);
        assert_eq!(sum.numbers[0].stable, DifferenceFigures::default());
        assert!((sum.predicted[0].error_ratio - 0.025).abs() < 1e-12);
        let whole = sum.numbers[0].series(Tables::Live).unwrap().whole().unwrap();
        assert!((whole.error().unwrap().relative - 0.01).abs() < 1e-12);
    }

    #[test]
    fn what_is_of_other_days_is_not_added() {
        let mut sum = round(100, &[], 0.01);
        let before = sum.clone();
        let other = |change: fn(&mut ImpactFigures)| {
            let mut other = round(100, &[], 0.01);
            change(&mut other);
            other
        };
        assert!(!sum.add(&other(|of| of.first_day = "2026-01-02".to_string())));
        assert!(!sum.add(&other(|of| of.numbers[0].truth_count.push(1))));
        assert!(!sum.add(&other(|of| of.steps.push("ready".to_string()))));
        assert_eq!(sum, before);
    }
}
