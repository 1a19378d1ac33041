//! Figures of the pass.

use dedup_impact::{Comparison, Counts, Number, numbers, predict};

use super::rows::Counted;
use super::sent::Sent;
use crate::record::{DimensionFigures, ImpactFigures, ImpactPrediction, NumberFigures, RowsFigures, Tables};

pub(super) fn figures(
    sent: &Sent,
    truth: &Counts,
    [live, stable]: [Counted; 2],
    job: String,
) -> ImpactFigures {
    let shape = truth.shape();
    let client_days = sent.client_days();
    let dimensions = shape
        .dimensions
        .iter()
        .map(|dimension| DimensionFigures { name: dimension.name.clone(), values: dimension.values.clone() });
    ImpactFigures {
        first_day: shape.first_day.to_string(),
        days_count: shape.days,
        clients_count: shape.clients.into(),
        unique_count: sent.uniques(),
        job,
        live: live.rows,
        stable: stable.rows,
        dimensions: dimensions.collect(),
        steps: shape.steps.clone(),
        numbers: of_numbers(truth, &live.counts, &stable.counts),
        predicted: [(Tables::Live, live.rows), (Tables::Stable, stable.rows)]
            .into_iter()
            .flat_map(|(tables, rows)| predicted(sent.uniques(), &client_days, tables, rows))
            .collect(),
    }
}

fn of_numbers(truth: &Counts, live: &Counts, stable: &Counts) -> Vec<NumberFigures> {
    let shape = truth.shape();
    let against = [live, stable].map(|table| Comparison::new(truth, table).expect("they have one shape"));
    let of = |number: Number| {
        shape.cells().map(move |cell| {
            let [live, stable] = against.map(|table| table.series(number, cell));
            NumberFigures::of(shape.name(cell), &live, &stable)
        })
    };
    numbers(shape).into_iter().flat_map(of).collect()
}

/// What the shares of duplicates and losses say, whoever they hit.
fn predicted(uniques: u64, client_days: &[u64], tables: Tables, rows: RowsFigures) -> Vec<ImpactPrediction> {
    let (copies, loss) = rows.shares(uniques);
    let counts = predict::counts(copies, loss);
    let Some(daily) = predict::clients(client_days, loss) else { return Vec::new() };
    [
        (Number::Pings, counts),
        (Number::Sessions, counts),
        (Number::Crashes, counts),
        (Number::CrashRate, predict::quotient(counts, daily)),
        (Number::Dau, daily),
    ]
    .map(|(number, error_ratio)| ImpactPrediction { number: number.name(), tables, error_ratio })
    .to_vec()
}
