//! Figures of the pass.

use dedup_impact::{Comparison, Counts, Number, numbers, predict};

use super::rows::Counted;
use super::sent::Sent;
use super::who::Who;
use crate::passes::verify::Tabled;
use crate::record::{
    DimensionFigures, FaultFigures, ImpactFigures, ImpactPrediction, NumberFigures, RowsFigures, Tables,
};

pub(super) fn figures(
    who: &Who,
    sent: &Sent,
    truth: &Counts,
    [live, stable]: [Counted; 2],
    tabled: &[Tabled],
) -> ImpactFigures {
    let shape = truth.shape();
    let client_days = sent.client_days(who);
    let dimensions = shape
        .dimensions
        .iter()
        .map(|dimension| DimensionFigures { name: dimension.name.clone(), values: dimension.values.clone() });
    ImpactFigures {
        first_day: shape.first_day.to_string(),
        days_count: shape.days,
        clients_count: shape.clients.into(),
        unique_count: sent.arrived() + sent.lost(),
        lost_on_the_way_count: sent.lost(),
        job: tabled.first().map_or_else(String::new, |of| of.copied.job.clone()),
        pipelines_count: tabled.len() as u32,
        faults: faults(tabled),
        live: live.rows,
        stable: stable.rows,
        dimensions: dimensions.collect(),
        steps: shape.steps.clone(),
        numbers: of_numbers(truth, &live.counts, &stable.counts),
        predicted: [(Tables::Live, live.rows), (Tables::Stable, stable.rows)]
            .into_iter()
            .flat_map(|(tables, rows)| predicted(sent, &client_days, tables, rows))
            .collect(),
    }
}

/// Each is placed in one pipeline.
fn faults(tabled: &[Tabled]) -> Vec<FaultFigures> {
    let mut all: Vec<FaultFigures> = tabled.iter().flat_map(|of| &of.faults).cloned().collect();
    all.sort_by_key(|fault| fault.at_ns);
    all
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
fn predicted(
    sent: &Sent,
    client_days: &[(f64, Vec<u64>)],
    tables: Tables,
    rows: RowsFigures,
) -> Vec<ImpactPrediction> {
    let (copies, loss) = rows.shares(sent.arrived() + sent.lost());
    // What arrived is lost by whomever it may be.
    let (_, behind) = rows.shares(sent.arrived());
    let counts = predict::counts(copies, loss);
    let groups: Vec<(f64, &[u64])> = client_days
        .iter()
        .map(|(before, of)| (1.0 - (1.0 - before) * (1.0 - behind), of.as_slice()))
        .collect();
    let Some(daily) = predict::clients_in_groups(&groups) else { return Vec::new() };
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
