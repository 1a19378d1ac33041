//! By what the numbers of a stream are counted, and whether there is room for that.

use std::sync::Arc;

use dedup_impact::{Day, Newcomers, Shape};
use dedup_stream::workload::Workload;

use super::who::Who;
use crate::environment::CellError;
use crate::nightly::day_of;

/// Tables with a bit a client, cell and day: the truth, two that are held against it, and what each of these has besides.
const TABLES: u64 = 5;

/// By what is counted. Refuses what would take more than half of so many bytes.
pub(super) fn shape(workload: &Workload, who: &Who, memory_bytes: u64) -> Result<Arc<Shape>, CellError> {
    let (first_day, days) = days(workload, who);
    let clients = match who {
        Who::Clients(clients) => clients.spec().clients_until(u64::from(days) - 1),
        Who::Named(senders, _) => senders.clients_count.into(),
    };
    let shape = Shape {
        first_day,
        days,
        clients: u32::try_from(clients).map_err(|_| too_many(clients, days, u64::MAX, memory_bytes))?,
        dimensions: who.dimensions(),
        steps: who.steps(),
        newcomers: match who.new_profiles_are_sent() {
            true => Newcomers::ByPing,
            false => Newcomers::FirstSeen,
        },
    };
    shape.check().map_err(|error| CellError::Refused(format!("{}: {error}", workload.name())))?;
    let bytes = bytes(&shape, who.sessions_bits(clients), workload.expected_pings());
    if bytes > memory_bytes / 2 {
        return Err(too_many(clients, days, bytes, memory_bytes));
    }
    Ok(Arc::new(shape))
}

/// The first day, and how many there are.
fn days(workload: &Workload, who: &Who) -> (Day, u32) {
    let (first, last) = match who {
        Who::Clients(_) => (day_of(workload.start()), day_of(workload.last())),
        Who::Named(senders, _) => (Day(senders.days.0 as i32), Day(senders.days.1 as i32)),
    };
    (first, last.since(first).map_or(1, |days| days + 1))
}

/// The tables, a day's sessions, and who sent each ping.
fn bytes(shape: &Shape, sessions: u64, pings: u64) -> u64 {
    let bits = TABLES * shape.cells_count() as u64 * u64::from(shape.days);
    let a_client = 4 + 4 * (TABLES + shape.dimensions.len() as u64);
    (bits / 8 + a_client) * u64::from(shape.clients) + sessions / 8 + pings.saturating_mul(9)
}

fn too_many(clients: u64, days: u32, bytes: u64, memory_bytes: u64) -> CellError {
    CellError::Refused(format!(
        "clients: {clients} over {days} days and their values would take about {} MiB, and {} MiB are free for that; allowed are fewer \
         clients, days or values",
        bytes >> 20,
        memory_bytes >> 21,
    ))
}
