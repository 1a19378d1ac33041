//! Pings, verdicts, and the traits that a strategy implements.

use std::fmt;

use crate::contract::promise::Promise;
use crate::contract::time::Timestamp;

/// The 16 bytes by which copies of a ping recognise each other: a UUID, or a digest of a longer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PingKey(pub [u8; 16]);

impl PingKey {
    /// The key whose bytes are `value` in big-endian order (the order in which a UUID is written).
    #[inline]
    pub const fn from_u128(value: u128) -> Self {
        PingKey(value.to_be_bytes())
    }

    /// The bytes as a big-endian number.
    #[inline]
    pub const fn as_u128(self) -> u128 {
        u128::from_be_bytes(self.0)
    }
}

/// Names one delivery of one ping by the source, as an ack id does at a broker. Says nothing about the truth:
/// two copies of a ping have two unrelated delivery ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId(pub u64);

/// What a strategy sees of a ping. Never whether it is a duplicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ping {
    /// What copies have in common.
    pub key: PingKey,
    /// When the event happened, by the ping's own account.
    pub event_time: Timestamp,
    /// When the pipeline received this copy.
    pub arrival: Timestamp,
    /// Which delivery this is; a strategy that holds a ping gives this back on release.
    pub delivery: DeliveryId,
}

/// What a strategy says of one ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// Not seen before: publish it.
    New,
    /// A copy of a ping seen before: drop it.
    Duplicate,
    /// Decided later: the strategy keeps the ping, payload and all, and releases it from [`Worker::advance`].
    Held,
    /// Another worker holds a lease on the key: do not ack, the ping comes again.
    InFlight,
    /// Refused because it came after its window had closed.
    Late,
    /// Nothing could be found out about it, and nothing is remembered of it: do not ack, the ping comes again.
    /// [`Worker::unjudged`] says why.
    Unjudged,
}

impl Verdict {
    /// Whether the pipeline is to leave the ping to the source, which delivers it again.
    #[inline]
    pub fn comes_again(self) -> bool {
        matches!(self, Verdict::InFlight | Verdict::Unjudged)
    }
}

/// How a ping that was judged [`Verdict::New`], or was released, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The ping.
    pub ping: Ping,
    /// What became of it.
    pub outcome: Outcome,
}

/// The end of a publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It reached the sink.
    Delivered,
    /// It did not, and will be delivered again by the source.
    Failed,
}

/// What becomes of the pings that a worker holds when it dies, or the process is started again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeldPings {
    /// Nobody may count on them: they are acked when they have been released and published, and until then the source
    /// delivers them again.
    #[default]
    Volatile,
    /// They are kept by other means than the process's memory, and released by whoever opens the state next: they are
    /// acked as soon as they are held. One that is not released after all is lost.
    Durable,
}

/// Which worker may judge which ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// Any worker may judge any ping: state is shared between workers.
    Any,
    /// All pings of one key go to the worker named by [`worker_of`]: each worker has state of its own. The promise of such a
    /// strategy assumes this; where pings go to any worker nobody holds it to its promise.
    ByKey,
}

/// The worker, of `workers`, that judges `key` under [`Routing::ByKey`].
///
/// Mixes the whole key first, because keys need not be random (the version bits of a UUID are not). Inlined into pipelines,
/// which ask for every ping.
#[inline]
pub fn worker_of(key: PingKey, workers: usize) -> usize {
    let bits = key.as_u128();
    let folded = (bits as u64) ^ ((bits >> 64) as u64).rotate_left(32);
    let mixed = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    // The high half of a product spreads `mixed` evenly over 0..workers without a division.
    ((u128::from(mixed) * workers as u128) >> 64) as usize
}

/// What a strategy holds, as far as it knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    /// Ids that it would recognise now (for a filter: ids written and not yet expired).
    pub ids: u64,
    /// Bytes that it believes these take, in this process or in its server. The weigh pass measures for itself.
    pub bytes: u64,
}

/// A way to deduplicate: shared state, from which each pipeline worker gets its handle.
pub trait Strategy: Send + Sync {
    /// A handle for worker `index` (`0..workers`). Called again for the same index after that worker crashed: what
    /// the new handle finds is what the strategy kept.
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable>;

    /// Which worker may judge which ping.
    fn routing(&self) -> Routing;

    /// What the strategy claims. The harness judges the run against it.
    fn promise(&self) -> Promise;

    /// What the strategy holds now.
    fn footprint(&self) -> Footprint;

    /// Whether held pings outlive the worker that holds them.
    fn held_pings(&self) -> HeldPings {
        HeldPings::Volatile
    }

    /// Round trips to a server since the strategy was built, of all workers: a pipelined batch is one, a retry is one
    /// more. `None` where there is no server.
    fn round_trips(&self) -> Option<u64> {
        None
    }

    /// How often pings have come out that had come out before: an engine that goes on from a checkpoint lets what passed since
    /// then pass again. `None` where there is one verdict for each ping, so that none can.
    fn emitted_twice(&self) -> Option<u64> {
        None
    }

    /// The version of the system behind it, by its own account; `None` where it is this library itself, or a server whose
    /// version is found out otherwise.
    fn system_version(&self) -> Option<String> {
        None
    }

    /// Bytes that processes of its own take now, beside this one and beside a server that the harness has started; `None`
    /// where it has none.
    fn outside_bytes(&self) -> Option<u64> {
        None
    }
}

/// The calls beside [`Worker::judge`] that there is something to do in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hears {
    /// It acts on how pings ended: [`Worker::settle`].
    pub settle: bool,
    /// It acts as time passes, or holds pings: [`Worker::advance`].
    pub advance: bool,
}

impl Hears {
    /// Both.
    pub const ALL: Hears = Hears { settle: true, advance: true };
    /// It marks at the check, and what is old is forgotten elsewhere or when it is met.
    pub const NONE: Hears = Hears { settle: false, advance: false };
    /// It marks after delivery, or takes marks back.
    pub const SETTLE: Hears = Hears { advance: false, ..Hears::ALL };
    /// It marks at the check, and tidies up or releases pings as time passes.
    pub const ADVANCE: Hears = Hears { settle: false, ..Hears::ALL };
}

/// One worker's handle on a strategy.
pub trait Worker: Send {
    /// Appends one verdict for each ping, in order, to `verdicts`. `now` is the pipeline's time, never earlier than in
    /// the call before.
    ///
    /// Where a store answered for some pings and not for others, those others are [`Verdict::Unjudged`], and what was
    /// decided about the rest stands. An error says that nothing was decided: nothing was appended, and the source
    /// delivers the whole batch again.
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable>;

    /// Why pings of the batch before were [`Verdict::Unjudged`]. Asked after such a batch alone.
    fn unjudged(&self) -> Unavailable {
        Unavailable("some pings could not be judged, and the strategy does not say why".to_string())
    }

    /// Tells how pings that were let through ended. Strategies that mark at the check have nothing to do here.
    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        let _ = (settled, now);
        Ok(())
    }

    /// Lets time pass: appends to `released` the held pings that are decided, to be published. With
    /// [`Timestamp::END`] the input has ended, and everything held is released.
    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        let _ = (now, released);
        Ok(())
    }

    /// Which of the calls beside `judge` there is something to do in. What says less than all is a promise that the others
    /// change nothing: a strategy in a process of its own is then not asked, and each is a way there and back.
    fn hears(&self) -> Hears {
        Hears::ALL
    }

    /// What its store has refused so far, in the store's own words: full, read-only, not allowed. A service may go on
    /// without (an answer that lets pings pass is one, too); what is measured of a store that says no is no figure of the
    /// strategy's.
    fn refused(&self) -> Option<&str> {
        None
    }

    /// Why this worker will answer nothing any more, however long it is waited for, as of a program that has ended or was given
    /// up. Another may be opened in its place.
    fn lost(&self) -> Option<&str> {
        None
    }
}

/// The strategy could not do what it was asked: its store is down, or answered with an error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

impl Unavailable {
    /// An error that says what `cause` says.
    pub fn because(cause: impl fmt::Display) -> Self {
        Unavailable(cause.to_string())
    }
}
