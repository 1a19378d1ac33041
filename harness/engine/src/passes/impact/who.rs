//! Whose pings they are: clients of a scenario, or what a trace says.

use dedup_impact::{Dimension, Kind};
use dedup_strategies::PingKey;
use dedup_stream::clients::Clients;
use dedup_stream::stream::Event;
use dedup_stream::trace::{TraceSenders, WhoFields};
use dedup_stream::workload::Workload;

use super::types::{Type, UNTYPED, declared, told};
use crate::environment::CellError;

/// Bytes that who sent a ping of a trace takes, with its id.
const BYTES_A_TRACED_PING: u64 = 48;

/// Whose pings they are.
pub(super) enum Who {
    /// Clients whose pings follow from their numbers.
    Clients(Clients),
    /// Clients that a trace names.
    Named(TraceSenders, WhoFields),
}

/// Sees that there is room for who sent each ping of a trace, before that is read.
pub fn admit_pings(workload: &Workload, memory_bytes: u64) -> Result<(), CellError> {
    let is_named = matches!(workload, Workload::Trace(trace) if trace.options.who.is_some());
    let bytes = workload.expected_pings().saturating_mul(BYTES_A_TRACED_PING);
    if !is_named || bytes <= memory_bytes / 2 {
        return Ok(());
    }
    Err(CellError::Refused(format!(
        "--client-field: {} pings would take about {} MiB, and {} MiB are free for that; allowed are fewer pings",
        workload.expected_pings(),
        bytes >> 20,
        memory_bytes >> 21,
    )))
}

/// Who sent a ping, and what for.
pub(super) struct SentBy {
    /// The number of the sender: a client, or one with certain values.
    pub(super) sender: u32,
    /// The number of its type.
    pub(super) kind: u16,
    /// The number of the session, among those of the day where they are declared; none where nothing says it.
    pub(super) session: Option<u64>,
}

impl Who {
    /// Of a workload, with so many bytes for everything.
    pub(super) fn of(workload: &Workload, seed: u64, memory_bytes: u64) -> Result<Who, CellError> {
        admit_pings(workload, memory_bytes)?;
        let senders = match workload {
            Workload::Scenario(_) => None,
            Workload::Trace(trace) => trace.senders().map_err(CellError::refused)?,
        };
        Who::known(workload, seed, senders)
    }

    /// The same where those of a trace were read.
    pub(super) fn known(
        workload: &Workload,
        seed: u64,
        senders: Option<TraceSenders>,
    ) -> Result<Who, CellError> {
        if let Some(clients) = workload.clients(seed) {
            return Ok(Who::Clients(clients));
        }
        let nobody = || CellError::Skipped {
            reason: format!("{} does not say who sends its pings", workload.name()),
            remedy: "a scenario with [clients] does, and a trace with --client-field (docs/IMPACT.md)"
                .to_string(),
        };
        let Workload::Trace(trace) = workload else { return Err(nobody()) };
        let Some(who) = trace.options.who.clone() else { return Err(nobody()) };
        Ok(Who::Named(senders.ok_or_else(nobody)?, who))
    }

    /// What pings are counted as, by number of their type.
    pub(super) fn types(&self) -> Vec<Type> {
        match self {
            Who::Clients(clients) => declared(clients.types(), &clients.spec().funnel),
            // What says no type comes behind all others.
            Who::Named(senders, who) => told(&senders.types, who).into_iter().chain([UNTYPED]).collect(),
        }
    }

    /// Whether there are pings that only a new client sends.
    pub(super) fn new_profiles_are_sent(&self) -> bool {
        self.types().iter().any(|of| of.kind == Kind::NewProfile)
    }

    /// What numbers are also counted by.
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        match self {
            Who::Clients(clients) => {
                let dimensions = clients.spec().dimensions.iter();
                let of = |dimension: &dedup_stream::clients::Dimension| Dimension {
                    name: dimension.name.clone(),
                    values: dimension.values.names().to_vec(),
                };
                dimensions.map(of).collect()
            }
            Who::Named(senders, _) => {
                // A field without any value is nothing to count by.
                let dimensions = senders.dimensions.iter().map(|(name, values)| Dimension {
                    name: name.clone(),
                    values: if values.is_empty() { vec!["none".to_string()] } else { values.clone() },
                });
                dimensions.collect()
            }
        }
    }

    /// The steps of the funnel.
    pub(super) fn steps(&self) -> Vec<String> {
        match self {
            Who::Clients(clients) => {
                let steps = clients.spec().funnel.iter();
                steps.map(|step| clients.types()[usize::from(*step)].clone()).collect()
            }
            Who::Named(_, who) => who.funnel.clone(),
        }
    }

    /// Bits that sessions take at once.
    pub(super) fn sessions_bits(&self, clients: u64) -> u64 {
        match self {
            Who::Clients(of) => u64::from(of.most_sessions()) * clients,
            Who::Named(..) => 0,
        }
    }

    /// Whether sessions are numbered anew each day.
    pub(super) fn sessions_end_with_the_day(&self) -> bool {
        matches!(self, Who::Clients(_))
    }

    /// Of each sender the number of the client whose id it gives, and its values.
    pub(super) fn senders(&self, clients: u32) -> (Vec<u32>, Vec<Option<u16>>) {
        match self {
            Who::Clients(of) => {
                let dimensions = of.spec().dimensions.len();
                let all = || (0..clients).map(u64::from);
                let values = all().flat_map(|client| {
                    of.values(client).into_iter().take(dimensions).map(|value| Some(u16::from(value)))
                });
                (all().map(|client| of.id_of(client) as u32).collect(), values.collect())
            }
            Who::Named(senders, _) => {
                let all = || (0..senders.senders_count()).map(|sender| senders.sender(sender));
                (
                    all().map(|(client, _)| client).collect(),
                    all().flat_map(|(_, values)| values.to_vec()).collect(),
                )
            }
        }
    }

    /// The chance that a ping of each client is lost on its way; nothing where none is.
    pub(super) fn chances_lost(&self, clients: u32) -> Vec<f64> {
        match self {
            Who::Clients(of) if !of.spec().lost.is_empty() => {
                (0..clients).map(|client| of.spec().chance_lost(&of.values(client.into()))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether a unique ping that was sent never arrives.
    pub(super) fn is_lost(&self, event: &Event) -> bool {
        match self {
            Who::Clients(clients) => clients.is_lost(event.id.key(), event.at),
            Who::Named(..) => false,
        }
    }

    /// Who sent a unique ping, which is the first of the stream where `without_id` have come before that have none; none where the
    /// trace says nothing of it any more.
    pub(super) fn sent_by(&self, event: &Event, without_id: usize) -> Option<SentBy> {
        let key: Option<PingKey> = event.id.key();
        match self {
            Who::Clients(clients) => {
                let counted = clients.counted(key, event.at);
                let sessions = u64::from(clients.most_sessions());
                Some(SentBy {
                    sender: counted.client as u32,
                    kind: u16::from(counted.kind),
                    session: Some(counted.client * sessions + u64::from(counted.session)),
                })
            }
            Who::Named(senders, _) => {
                let sent = senders.sent_by(key, without_id)?;
                Some(SentBy {
                    sender: sent.sender,
                    kind: sent.kind.unwrap_or(senders.types.len() as u16),
                    session: sent.session.map(u64::from),
                })
            }
        }
    }
}
