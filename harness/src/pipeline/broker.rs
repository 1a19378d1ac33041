//! The source's side: what it hears of a delivery, and when it delivers again.
//!
//! A worker that lives extends the deadlines of what it has in hand, as clients of brokers do. So a delivery comes again
//! one ack deadline after its worker died or its ack was lost, and, where it was refused, after a delay that doubles.

use std::time::Duration;

use dedup_strategies::Timestamp;
use dedup_stream::scenario::PipelineConfig;
use dedup_stream::stream::{CauseId, Event};
use dedup_stream::truth::Truth;

use super::schedule::{Copy, Redelivery, Schedule, Scheduled};

/// Deliveries of one ping before it is given up. Upstream brokers dead-letter after 5 to 100.
pub(super) const MAX_ATTEMPTS: u32 = 10;

/// Deliveries while a fault goes on count no further than this: an outage alone gives no ping up, however long it is.
const EXCUSED_ATTEMPTS: u32 = MAX_ATTEMPTS / 2;

/// The longest delay before a ping that was refused comes again, unless the configuration's is longer; that of Pub/Sub.
const LONGEST_DELAY: Duration = Duration::from_secs(600);

/// What the source believes of a held ping.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SourceOfHeld {
    /// It waits for the ack.
    Waits,
    /// It has heard it already: the ping is in the strategy's hands alone.
    Acked,
    /// It took the ping for lost and delivers it again.
    GaveUp,
}

/// The source, and the truth that counts along with it.
pub(super) struct Broker {
    ack_deadline: Duration,
    redelivery_delay: Duration,
    pub(super) truth: Truth,
    pub(super) schedule: Schedule,
    /// Faults that go on.
    pub(super) faults_lasting: u32,
    /// Faults that go on and keep acks from arriving.
    pub(super) losing_acks: u32,
    /// Acks that did not arrive.
    pub(super) acks_lost: u64,
}

impl Broker {
    pub(super) fn new(config: &PipelineConfig, truth: Truth) -> Broker {
        Broker {
            ack_deadline: config.ack_deadline,
            redelivery_delay: config.redelivery_delay,
            truth,
            schedule: Schedule::new(),
            faults_lasting: 0,
            losing_acks: 0,
            acks_lost: 0,
        }
    }

    /// The pipeline is done with a delivery, the `attempt`th of its arrival.
    #[inline]
    pub(super) fn ack(&mut self, event: &Event, attempt: impl FnOnce() -> u32, now: Timestamp) {
        if self.losing_acks == 0 {
            self.truth.acked(event);
        } else {
            self.acks_lost += 1;
            self.expire_decided(event, attempt(), now);
        }
    }

    /// The strategy keeps a ping by itself: the source need not wait for its release.
    pub(super) fn ack_held(&mut self, event: &Event, attempt: u32, now: Timestamp) -> SourceOfHeld {
        if self.losing_acks == 0 {
            self.truth.acked(event);
            return SourceOfHeld::Acked;
        }
        self.acks_lost += 1;
        self.expire(event, attempt, now);
        SourceOfHeld::GaveUp
    }

    /// The pipeline refuses a delivery for now.
    pub(super) fn nack(&mut self, event: &Event, attempt: u32, now: Timestamp) {
        if attempt >= MAX_ATTEMPTS {
            self.truth.stalled(event);
        } else {
            self.again(event, attempt + 1, now.plus(self.backoff(attempt)), Copy::Same);
        }
    }

    /// The source hears nothing of a delivery from `since` on. A ping is not given up for that.
    pub(super) fn expire(&mut self, event: &Event, attempt: u32, since: Timestamp) {
        self.again(event, attempt.min(EXCUSED_ATTEMPTS) + 1, since.plus(self.ack_deadline), Copy::Same);
    }

    /// The same of one that had been published or dropped.
    pub(super) fn expire_decided(&mut self, event: &Event, attempt: u32, since: Timestamp) {
        let next = attempt.min(EXCUSED_ATTEMPTS) + 1;
        self.again(&decided(event), next, since.plus(self.ack_deadline), Copy::Another);
    }

    /// How long a refused delivery waits.
    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let longest = LONGEST_DELAY.max(self.redelivery_delay);
        self.redelivery_delay.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(longest)
    }

    fn again(&mut self, event: &Event, next: u32, at: Timestamp, copy: Copy) {
        let attempt = if self.faults_lasting > 0 { next.min(EXCUSED_ATTEMPTS.max(next - 1)) } else { next };
        self.schedule.add(at, Scheduled::Redelivery(Box::new(Redelivery { event: *event, attempt, copy })));
    }
}

/// How far a delivery had come of which nothing more is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// No strategy had been asked.
    Unjudged,
    /// It had been let through, and was not published.
    LetThrough,
    /// It had been published.
    Published,
}

/// The event of a delivery that comes again although it was decided: a duplicate of the pipeline's own making.
pub(super) fn decided(event: &Event) -> Event {
    let mut event = *event;
    event.origin.cause = CauseId::REDELIVERY;
    event
}
