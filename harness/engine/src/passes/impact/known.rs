//! Who sent each unique ping, and what the truth counts.

use std::sync::Arc;
use std::time::Duration;

use dedup_impact::{Counts, Day, Dimension, Kind, Newcomers, Ping, Shape};
use dedup_stream::clients::{Clients, ClientsSpec};
use dedup_stream::stream::{CauseId, Event};
use dedup_stream::workload::Workload;
use hashbrown::HashSet;

use crate::environment::{CellError, Environment};

/// Events that are made at once.
const AT_ONCE: usize = 1 << 12;

/// Types that the numbers know by name.
const CRASH: &str = "crash";
const NEW_PROFILE: &str = "new-profile";
const MAIN: &str = "main";

/// The bit of a unique ping's type that says that it stands for a session.
const SESSION: u16 = 1 << 15;

/// A client, as all its pings have it.
struct Client {
    /// The number of the client whose id it gives.
    id: u32,
    values: Vec<Option<u16>>,
}

/// What a type of ping is counted as.
struct Type {
    kind: Kind,
    step: Option<u8>,
}

/// Who sent each unique ping.
pub(super) struct Known {
    /// What the unique pings come to, each once.
    pub(super) truth: Counts,
    clients: Vec<Client>,
    types: Vec<Type>,
    /// By number of the unique ping: its client and its type, with [`SESSION`].
    sent: Vec<(u32, u16)>,
    /// How many clients sent so many pings on a day, over all days.
    pub(super) client_days: Vec<u64>,
}

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
    let bytes = bytes(&shape, workload.expected_pings());
    if bytes > memory_bytes / 2 {
        return Err(too_many(spec, days, bytes, memory_bytes));
    }
    Ok(Arc::new(shape))
}

/// Three tables with a bit a client, cell and day, and who sent each ping.
fn bytes(shape: &Shape, pings: u64) -> u64 {
    let sets = 3 * shape.cells_count() as u64 * u64::from(shape.days);
    let a_client = 40 + 4 * shape.dimensions.len() as u64;
    (sets / 8 + a_client) * u64::from(shape.clients) + pings.saturating_mul(8)
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

impl Known {
    /// Makes the stream once more, and keeps of each unique ping who sent it.
    pub(super) fn of(
        workload: &Workload,
        clients: &Clients,
        shape: Arc<Shape>,
        environment: &Environment,
    ) -> Result<Known, CellError> {
        let mut making = Making::new(clients, Counts::new(shape.clone()));
        let mut source = workload.source_of(environment.seed, dedup_stream::stream::KeyShare::ALL)?;
        let mut events = Vec::with_capacity(AT_ONCE);
        loop {
            events.clear();
            source.fill(AT_ONCE, &mut events)?;
            if events.is_empty() {
                return Ok(making.known());
            }
            events
                .iter()
                .filter(|event| event.origin.cause == CauseId::FIRST)
                .for_each(|event| making.take(event));
            (environment.alive)();
        }
    }

    /// How many unique pings there are.
    pub(super) fn uniques(&self) -> u64 {
        self.sent.len() as u64
    }

    /// Counts a row of a table.
    pub(super) fn count(&self, counts: &mut Counts, unique: u64, micros: i64, again: bool) {
        let (client, kind) = self.sent[unique as usize];
        let (first, client) = (counts.shape().first_day, &self.clients[client as usize]);
        counts.add(&ping(first, client, &self.types, kind, micros, again));
    }
}

fn ping<'a>(first: Day, client: &'a Client, types: &[Type], kind: u16, micros: i64, again: bool) -> Ping<'a> {
    let of = &types[usize::from(kind & !SESSION)];
    Ping {
        // One from before the first day is of none.
        day: Day::of_micros(micros).since(first).unwrap_or(u32::MAX),
        client: Some(client.id),
        kind: of.kind,
        values: &client.values,
        session: kind & SESSION != 0,
        step: of.step,
        again,
    }
}

/// The truth while the stream is made.
struct Making<'a> {
    of: &'a Clients,
    known: Known,
    /// Sessions of the day: none goes past midnight.
    sessions: HashSet<u64>,
    /// Pings of the day, by client.
    pings: Vec<u32>,
    day: Day,
}

impl<'a> Making<'a> {
    fn new(of: &'a Clients, truth: Counts) -> Making<'a> {
        let spec = of.spec();
        let client = |number: u32| Client {
            id: of.id_of(number.into()) as u32,
            values: of.values(number.into())[..spec.dimensions.len()]
                .iter()
                .map(|value| Some(u16::from(*value)))
                .collect(),
        };
        let step = |number: usize| {
            let at = spec.funnel.iter().position(|step| usize::from(*step) == number);
            at.and_then(|at| u8::try_from(at).ok())
        };
        let types =
            of.types().iter().enumerate().map(|(number, name)| Type { kind: kind(name), step: step(number) });
        let (clients, day) = (truth.shape().clients, truth.shape().first_day);
        Making {
            known: Known {
                truth,
                clients: (0..clients).map(client).collect(),
                types: types.collect(),
                sent: Vec::new(),
                client_days: Vec::new(),
            },
            sessions: HashSet::new(),
            pings: vec![0; clients as usize],
            day,
            of,
        }
    }

    fn take(&mut self, event: &Event) {
        let sender = self.of.sender(event.id.key(), event.at);
        let micros = (event.at.as_nanos() / 1_000) as i64;
        let day = Day::of_micros(micros);
        if day != self.day {
            self.day = day;
            self.end_day();
        }
        let session = if self.sessions.insert(sender.session) { SESSION } else { 0 };
        let (client, kind) = (sender.client as u32, u16::from(sender.kind) | session);
        self.known.sent.push((client, kind));
        let client = &self.known.clients[client as usize];
        self.pings[client.id as usize] += 1;
        let first = self.known.truth.shape().first_day;
        let ping = ping(first, client, &self.known.types, kind, micros, false);
        self.known.truth.add(&ping);
    }

    fn end_day(&mut self) {
        self.sessions.clear();
        for pings in self.pings.iter_mut().filter(|pings| **pings > 0) {
            let with_so_many = *pings as usize;
            if self.known.client_days.len() <= with_so_many {
                self.known.client_days.resize(with_so_many + 1, 0);
            }
            self.known.client_days[with_so_many] += 1;
            *pings = 0;
        }
    }

    fn known(mut self) -> Known {
        self.end_day();
        self.known
    }
}

fn kind(name: &str) -> Kind {
    match name {
        MAIN => Kind::Main,
        NEW_PROFILE => Kind::NewProfile,
        CRASH => Kind::Crash,
        _ => Kind::Other,
    }
}
