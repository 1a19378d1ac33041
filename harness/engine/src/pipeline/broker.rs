//! The source's side: what it hears of a delivery, and when it delivers again.
//!
//! A worker that lives extends the deadlines of what it has in hand, as clients of brokers do. So a delivery comes again
//! one ack deadline after its worker died or its ack was lost, and, where it was refused, after a delay that doubles.
//!
//! Where deadlines are fixed, a delivery comes again one ack deadline after it came, whatever has become of it, unless
//! its ack or refusal was heard by then; what is heard of it later counts for nothing. The last delivery has no deadline.

use std::time::Duration;

use dedup_strategies::{DeliveryId, Timestamp};
use dedup_stream::scenario::{Deadlines, PipelineConfig};
use dedup_stream::stream::{CauseId, Event};
use dedup_stream::truth::Truth;

use super::leases::{Lease, Whereabouts};
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
    deadlines: Deadlines,
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
        // Where deadlines pass, any ping may come again.
        let truth = match config.deadlines {
            Deadlines::Extended => truth,
            Deadlines::Fixed => truth.under_faults(),
        };
        Broker {
            deadlines: config.deadlines,
            ack_deadline: config.ack_deadline,
            redelivery_delay: config.redelivery_delay,
            truth,
            schedule: Schedule::new(),
            faults_lasting: 0,
            losing_acks: 0,
            acks_lost: 0,
        }
    }

    /// The source delivers a ping to a worker, the `attempt`th time of its arrival.
    #[inline]
    pub(super) fn delivers(&mut self, delivery: DeliveryId, event: &Event, attempt: u32, at: Timestamp) {
        if self.deadlines == Deadlines::Fixed && attempt < MAX_ATTEMPTS {
            let (event, until) = (*event, at.plus(self.ack_deadline));
            self.schedule.lease(delivery, Lease { event, attempt, until, whereabouts: Whereabouts::InHand });
        }
    }

    /// The pipeline is done with a delivery, the `attempt`th of its arrival.
    #[inline]
    pub(super) fn ack(
        &mut self,
        delivery: DeliveryId,
        event: &Event,
        attempt: impl FnOnce() -> u32,
        now: Timestamp,
    ) {
        if self.losing_acks == 0 {
            self.waits_no_longer(delivery);
            self.truth.acked(event);
        } else {
            self.acks_lost += 1;
            self.expire_decided(delivery, event, attempt(), now);
        }
    }

    /// The same of a delivery that no worker was given.
    pub(super) fn ack_at_once(&mut self, event: &Event, attempt: u32, now: Timestamp) {
        if self.losing_acks == 0 {
            self.truth.acked(event);
        } else {
            self.acks_lost += 1;
            self.decided_comes_again(event, attempt, now);
        }
    }

    /// The strategy keeps a ping by itself: the source need not wait for its release.
    pub(super) fn ack_held(
        &mut self,
        delivery: DeliveryId,
        event: &Event,
        attempt: u32,
        now: Timestamp,
    ) -> SourceOfHeld {
        if self.losing_acks == 0 {
            self.waits_no_longer(delivery);
            self.truth.acked(event);
            return SourceOfHeld::Acked;
        }
        self.acks_lost += 1;
        self.expire(delivery, event, attempt, now);
        SourceOfHeld::GaveUp
    }

    /// The pipeline refuses a delivery for now.
    pub(super) fn nack(&mut self, delivery: DeliveryId, event: &Event, attempt: u32, now: Timestamp) {
        let waited = self.waits_no_longer(delivery);
        if attempt < MAX_ATTEMPTS && self.deadlines == Deadlines::Fixed && !waited {
            // It has come again already.
            self.truth.acked(event);
        } else if attempt < MAX_ATTEMPTS {
            self.again(event, attempt + 1, now.plus(self.backoff(attempt)), Copy::Same);
        } else if self.deadlines == Deadlines::Fixed && self.truth.is_let_through(event) {
            // The last of the copies that came because the ping took long; it is not given up itself.
            self.truth.acked(event);
        } else {
            self.truth.stalled(event);
        }
    }

    /// The source hears nothing of a delivery from `since` on. A ping is not given up for that.
    pub(super) fn expire(&mut self, delivery: DeliveryId, event: &Event, attempt: u32, since: Timestamp) {
        if !self.is_left_to_its_deadline(delivery, event, attempt, Copy::Same) {
            self.again(event, attempt.min(EXCUSED_ATTEMPTS) + 1, since.plus(self.ack_deadline), Copy::Same);
        }
    }

    /// The same of one that had been published or dropped.
    pub(super) fn expire_decided(
        &mut self,
        delivery: DeliveryId,
        event: &Event,
        attempt: u32,
        since: Timestamp,
    ) {
        if !self.is_left_to_its_deadline(delivery, event, attempt, Copy::Another) {
            self.decided_comes_again(event, attempt, since);
        }
    }

    fn decided_comes_again(&mut self, event: &Event, attempt: u32, since: Timestamp) {
        let next = attempt.min(EXCUSED_ATTEMPTS) + 1;
        self.again(&decided(event), next, since.plus(self.ack_deadline), Copy::Another);
    }

    /// Whether a delivery of which nothing more is heard comes again at a deadline of its own, or has come again.
    fn is_left_to_its_deadline(
        &mut self,
        delivery: DeliveryId,
        event: &Event,
        attempt: u32,
        copy: Copy,
    ) -> bool {
        let has_deadline = self.deadlines == Deadlines::Fixed && attempt < MAX_ATTEMPTS;
        if has_deadline && !self.schedule.leases.is_gone(delivery, copy) {
            self.truth.acked(event);
        }
        has_deadline
    }

    /// Whether the source had been waiting for a delivery's deadline.
    #[inline]
    fn waits_no_longer(&mut self, delivery: DeliveryId) -> bool {
        self.deadlines == Deadlines::Fixed && self.schedule.end_lease(delivery)
    }

    /// A delivery's deadline passes: what comes again, at once.
    pub(super) fn deadline_passes(&mut self, lease: Lease) -> Redelivery {
        let (event, copy) = match lease.whereabouts {
            Whereabouts::InHand => {
                self.truth.one_more_out(&lease.event);
                (decided(&lease.event), Copy::Another)
            }
            Whereabouts::Gone(Copy::Another) => (decided(&lease.event), Copy::Another),
            Whereabouts::Gone(Copy::Same) => (lease.event, Copy::Same),
        };
        Redelivery { event, attempt: self.excused(lease.attempt + 1), copy }
    }

    /// How long a refused delivery waits.
    pub(super) fn backoff(&self, attempt: u32) -> Duration {
        let longest = LONGEST_DELAY.max(self.redelivery_delay);
        self.redelivery_delay.saturating_mul(1 << attempt.saturating_sub(1).min(20)).min(longest)
    }

    fn again(&mut self, event: &Event, next: u32, at: Timestamp, copy: Copy) {
        let attempt = self.excused(next);
        self.schedule.add(at, Scheduled::Redelivery(Box::new(Redelivery { event: *event, attempt, copy })));
    }

    fn excused(&self, next: u32) -> u32 {
        if self.faults_lasting > 0 { next.min(EXCUSED_ATTEMPTS.max(next - 1)) } else { next }
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
