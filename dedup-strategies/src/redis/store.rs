//! What a worker of a strategy on Redis sends its batches through, and what such a strategy knows of its servers.

use std::cell::LazyCell;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::thread;
use std::time::Duration;

use ::redis::Value;

use super::client::{self, keyspace};
use super::client::{Commands, Owner};
use super::client::{Failure, Patience, Reply, Servers, Trips};
use super::policy::{OnError, Policy};
use crate::contract::{
    BuildError, Context, Footprint, Ping, RedisEndpoint, Settings, Unavailable, Verdict, judge_each,
};

/// The servers that a strategy was given, and how it deals with their failures.
pub(super) struct Store {
    pub(super) endpoint: RedisEndpoint,
    policy: Policy,
    trips: Trips,
    memory_before: u64,
    factor: f64,
}

/// One worker's connections.
pub(super) struct Session {
    servers: Servers,
    policy: Policy,
    trips: Trips,
    everything: Vec<usize>,
    /// Whether the batch before was still unanswered after all its tries.
    outlasted: bool,
    /// What the servers refused first, after all tries.
    refused: Option<String>,
    /// Tells this worker's claims from those of all others.
    nonce: u64,
    /// Why pings of the batch before could not be judged.
    unjudged: Option<Unavailable>,
}

/// What came back for a batch.
pub(super) struct Replies {
    pub(super) all: Vec<Reply>,
    /// Whether each was sent more than once; empty where none was.
    again: Vec<bool>,
}

impl Store {
    pub(super) fn open(settings: &Settings, context: &Context) -> Result<Store, BuildError> {
        let strategy = settings.strategy();
        let Some(endpoint) = context.redis.clone() else {
            let missing = format!("strategy {strategy}: no Redis server was given or started");
            return Err(BuildError::Server(missing));
        };
        let policy = Policy::of(settings);
        let refuse = |error: String| BuildError::Server(error);
        let mut servers = Servers::with_patience(&endpoint.url, Patience::of(policy.timeout))
            .map_err(|error| refuse(error.to_string()))?;
        let memory_before = servers.used_memory().map_err(|error| refuse(error.to_string()))?;
        let factor = context.store_time_factor;
        Ok(Store { endpoint, policy, trips: Trips::default(), memory_before, factor })
    }

    pub(super) fn session(&self) -> Result<Session, Unavailable> {
        let mut servers = self.servers()?;
        // Now, so that the first batch is not kept waiting. Where it fails, the first batch finds out by itself, and
        // does what was chosen for that.
        let _ = servers.connect();
        Ok(Session {
            servers,
            policy: self.policy,
            trips: self.trips.clone(),
            everything: Vec::new(),
            outlasted: false,
            refused: None,
            // Seeded by the operating system: no other process and no other worker has the same.
            nonce: RandomState::new().hash_one(0),
            unjudged: None,
        })
    }

    /// A length of pipeline time on the servers' own clock.
    pub(super) fn on_their_clock(&self, length: Duration) -> Duration {
        length.div_f64(self.factor)
    }

    pub(super) fn round_trips(&self) -> u64 {
        self.trips.count()
    }

    /// Zero where the servers do not answer: the next batch says why.
    pub(super) fn footprint(&self) -> Footprint {
        self.footprint_with(|servers| keyspace::count(servers, &self.endpoint.prefix))
    }

    /// The same where ids are not keys.
    pub(super) fn footprint_with(
        &self,
        count: impl FnOnce(&mut Servers) -> Result<u64, Unavailable>,
    ) -> Footprint {
        self.measure(count).unwrap_or_default()
    }

    /// How many seconds of pipeline time pass in one of the servers'.
    pub(super) fn factor(&self) -> f64 {
        self.factor
    }

    pub(super) fn servers(&self) -> Result<Servers, Unavailable> {
        Servers::with_patience(&self.endpoint.url, Patience::of(self.policy.timeout))
            .map_err(Unavailable::because)
    }

    fn measure(
        &self,
        count: impl FnOnce(&mut Servers) -> Result<u64, Unavailable>,
    ) -> Result<Footprint, Unavailable> {
        let mut servers = self.servers()?;
        Ok(Footprint {
            // First: it makes the servers let go of what has expired.
            ids: count(&mut servers)?,
            bytes: servers.used_memory()?.saturating_sub(self.memory_before),
        })
    }
}

fn is_out_of_memory(refusal: &str) -> bool {
    refusal.contains(": OOM ")
}

impl Session {
    /// Sends a batch; what fails is sent again as the policy has it. An outage that outlasted all tries of one batch is
    /// not waited for anew with each of the next: one try of each tells when it is over, and what fails comes again.
    pub(super) fn send(&mut self, batch: &dyn Commands) -> Replies {
        while self.everything.len() < batch.len() {
            self.everything.push(self.everything.len());
        }
        let all = self.servers.exchange(batch, &self.everything[..batch.len()], &self.trips);
        let mut replies = Replies { all, again: Vec::new() };
        // A server that is full stays so, even if an id that runs out lets the next try in.
        self.notice(&replies, is_out_of_memory);
        let tries = if self.outlasted { 0 } else { usize::MAX };
        for pause in self.policy.pauses().take(tries) {
            let failed = replies.failed();
            if failed.is_empty() {
                break;
            }
            thread::sleep(pause);
            replies.again.resize(batch.len(), false);
            let answers = self.servers.exchange(batch, &failed, &self.trips);
            for (index, answer) in failed.into_iter().zip(answers) {
                replies.again[index] = true;
                replies.all[index] = answer;
            }
        }
        self.outlasted = !replies.failed().is_empty();
        self.notice(&replies, |_| true);
        replies
    }

    /// Remembers the first refusal of the kind that is looked for. A server that says that it is full and evicts says so
    /// for a moment only: what that costs is for its figures to show.
    fn notice(&mut self, replies: &Replies, kind: impl Fn(&str) -> bool) {
        if self.refused.is_none() {
            let servers = &mut self.servers;
            let evicts =
                || servers.info("memory", "maxmemory_policy").is_ok_and(|policy| policy != "noeviction");
            self.refused = replies.refusal(kind, evicts).map(str::to_string);
        }
    }

    /// What the servers refused first, in their own words.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    /// Appends a verdict for each ping of a batch; those about which nothing could be found out have the policy's.
    pub(super) fn append(
        &mut self,
        verdicts: &mut Vec<Verdict>,
        each: impl Iterator<Item = Result<Verdict, Failure>>,
    ) -> Result<(), Unavailable> {
        let on_error = self.policy.on_error;
        let each = each.map(|verdict| match (verdict, on_error) {
            (Ok(verdict), _) => Ok(verdict),
            (Err(_), OnError::Open) => Ok(Verdict::New),
            (Err(failure), OnError::Closed | OnError::Retry) => Err(failure.into()),
        });
        self.unjudged = judge_each(verdicts, each)?;
        Ok(())
    }

    /// Why pings of the batch before could not be judged.
    pub(super) fn unjudged(&self) -> Unavailable {
        self.unjudged.clone().unwrap_or_else(|| Unavailable("every ping was judged".to_string()))
    }

    /// Whether marks that failed may be left out.
    pub(super) fn settled(&self, replies: &Replies) -> Result<(), Unavailable> {
        match replies.all.iter().find_map(|reply| reply.as_ref().err()) {
            Some(failure) if self.policy.on_error != OnError::Open => Err(failure.clone().into()),
            _ => Ok(()),
        }
    }

    /// The mark of this delivery by this worker.
    pub(super) fn owner(&self, ping: &Ping) -> Owner {
        let mut owner = [0; 16];
        owner[..8].copy_from_slice(&self.nonce.to_be_bytes());
        owner[8..].copy_from_slice(&ping.delivery.0.to_be_bytes());
        owner
    }
}

impl Replies {
    fn failed(&self) -> Vec<usize> {
        let failed = self.all.iter().enumerate().filter(|(_, reply)| reply.is_err());
        failed.map(|(index, _)| index).collect()
    }

    /// The first refusal of a kind, wherever in the batch it is. Whether the server evicts is asked once at most.
    fn refusal(&self, kind: impl Fn(&str) -> bool, evicts: impl FnOnce() -> bool) -> Option<&str> {
        let refusals = self.all.iter().filter_map(|reply| match reply {
            Err(Failure::Refused(what)) => Some(&what[..]),
            _ => None,
        });
        let evicts = LazyCell::new(evicts);
        refusals.filter(|what| kind(what)).find(|what| !(is_out_of_memory(what) && *evicts))
    }

    /// Whether the command at `index` was sent more than once: then an earlier try may have been carried out.
    pub(super) fn was_sent_again(&self, index: usize) -> bool {
        self.again.get(index).copied().unwrap_or(false)
    }

    pub(super) fn any_sent_again(&self) -> bool {
        !self.again.is_empty()
    }
}

/// For an answer that no such command has.
pub(super) fn unexpected(command: &str, reply: &Value) -> Failure {
    Failure::Refused(client::unexpected(command, reply))
}

/// Rounded up, so that nothing inside the window is forgotten: Redis counts whole milliseconds on a clock that it
/// reads in whole milliseconds, and holds a key until the clock has passed its last one.
pub(super) fn whole_millis(length: Duration) -> u128 {
    length.as_nanos().div_ceil(1_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_counts_is_found_behind_others_that_do_not() {
        let refused = |what: &str| Err(Failure::Refused(format!("redis://h: {what}")));
        let (oom, loading) = (|| refused("OOM command not allowed"), || refused("LOADING Redis is loading"));
        let replies = |all: Vec<Reply>| Replies { all, again: Vec::new() };
        let full = replies(vec![Ok(Value::Okay), loading(), Err(Failure::Unanswered(String::new())), oom()]);
        assert_eq!(full.refusal(is_out_of_memory, || false), Some("redis://h: OOM command not allowed"));
        assert_eq!(full.refusal(is_out_of_memory, || true), None);
        assert_eq!(full.refusal(|_| true, || panic!("asked")), Some("redis://h: LOADING Redis is loading"));
        // One that evicts is asked once, not for each of a whole batch.
        let asked = std::cell::Cell::new(0);
        let evicting = replies(vec![oom(), oom(), loading()]);
        let evicts = || {
            asked.set(asked.get() + 1);
            true
        };
        assert_eq!(evicting.refusal(|_| true, evicts), Some("redis://h: LOADING Redis is loading"));
        assert_eq!(asked.get(), 1);
    }

    #[test]
    fn a_window_is_rounded_up_to_whole_milliseconds() {
        for (window, millis) in [(1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(whole_millis(Duration::from_nanos(window)), millis);
        }
    }
}
