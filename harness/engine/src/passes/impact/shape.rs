//! By what the numbers of a stream are counted, and whether there is room for that.

use std::sync::Arc;
use std::time::Duration;

use dedup_impact::{Day, Dimension, Newcomers, Shape};
use dedup_stream::clients::{Clients, ClientsSpec};
use dedup_stream::workload::Workload;

use super::types::NEW_PROFILE;
use crate::environment::CellError;

/// Tables with a bit a client, cell and day: the truth, two that are held against it, and what each of these has besides.
const TABLES: u64 = 5;

/// By what is counted. Refuses what would take more than half of so many bytes.
pub(super) fn shape(
    workload: &Workload,
    clients: &Clients,
    memory_bytes: u64,
) -> Result<Arc<Shape>, CellError> {
    let day = |nanos: u64| Day::of_micros((nanos / 1_000) as i64);
    let start = workload.start();
    let last = start.plus(workload.length().saturating_sub(Duration::from_nanos(1)));
    let first_day = day(start.as_nanos());
    let days = day(last.as_nanos()).since(first_day).map_or(1, |days| days + 1);
    let spec = clients.spec();
    let shape = Shape {
        first_day,
        days,
        clients: u32::try_from(spec.clients_until(u64::from(days) - 1))
            .map_err(|_| too_many(spec, days, u64::MAX, memory_bytes))?,
        dimensions: spec
            .dimensions
            .iter()
            .map(|dimension| Dimension {
                name: dimension.name.clone(),
                values: dimension.values.names().to_vec(),
            })
            .collect(),
        steps: spec.funnel.iter().map(|step| clients.types()[usize::from(*step)].clone()).collect(),
        newcomers: match clients.types().iter().any(|name| name == NEW_PROFILE) {
            true => Newcomers::ByPing,
            false => Newcomers::FirstSeen,
        },
    };
    shape.check().map_err(|error| CellError::Refused(format!("{}: {error}", workload.name())))?;
    let bytes = bytes(&shape, u64::from(clients.most_sessions()), workload.expected_pings());
    if bytes > memory_bytes / 2 {
        return Err(too_many(spec, days, bytes, memory_bytes));
    }
    Ok(Arc::new(shape))
}

/// The tables, a day's sessions, and who sent each ping.
fn bytes(shape: &Shape, sessions: u64, pings: u64) -> u64 {
    let bits = TABLES * shape.cells_count() as u64 * u64::from(shape.days) + sessions;
    let a_client = 4 + 4 * (TABLES + shape.dimensions.len() as u64);
    (bits / 8 + a_client) * u64::from(shape.clients) + pings.saturating_mul(9)
}

fn too_many(spec: &ClientsSpec, days: u32, bytes: u64, memory_bytes: u64) -> CellError {
    CellError::Refused(format!(
        "clients: {} over {days} days and their values would take about {} MiB, and {} MiB are free for that; allowed are fewer \
         clients, days or values",
        spec.clients_until(u64::from(days) - 1),
        bytes >> 20,
        memory_bytes >> 21,
    ))
}
