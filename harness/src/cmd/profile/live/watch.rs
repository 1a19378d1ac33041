//! What was seen so far, for whoever counts, prints or serves it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dedup_profile::{Glance, Profile, ProfileBuilder};
use dedup_strategies::Timestamp;
use dedup_stream::stream::Id;
use dedup_stream::trace::{Doubt, Step, TracePings};

use super::super::from_trace::arrival;
use super::shadow::Shadow;

/// Traffic as it comes.
pub(super) struct Watch {
    builder: ProfileBuilder,
    shadows: Vec<Shadow>,
    doubts: Vec<Doubt>,
    unreadable: u64,
    latest: Timestamp,
}

impl Watch {
    pub(super) fn new(builder: ProfileBuilder, shadows: Vec<Shadow>) -> Watch {
        Watch { builder, shadows, doubts: Vec::new(), unreadable: 0, latest: Timestamp::ZERO }
    }

    /// Counts a line, of which `unreadable` so far could not be read. Where there is a clock, it says when a ping came.
    pub(super) fn see(&mut self, line: Step, unreadable: u64, clock: Option<&Clock>) {
        let Step::Ping(ping) = line else {
            self.builder.count_unreadable(unreadable - self.unreadable);
            self.unreadable = unreadable;
            return;
        };
        let own_at = clock.map_or(ping.event_time, Clock::now);
        self.latest = self.latest.max(own_at);
        let known = self.builder.see(arrival(ping.id, own_at));
        if let Id::Key(key) = ping.id {
            self.shadows.iter_mut().for_each(|shadow| shadow.judge(key, own_at, self.latest, known));
        }
    }

    /// Takes up what makes the pings doubtful by now.
    pub(super) fn doubt(&mut self, pings: &TracePings) {
        self.doubts = pings.doubts(self.builder.duplicates_count());
    }

    pub(super) fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    pub(super) fn glance(&self) -> Glance {
        self.builder.glance()
    }

    pub(super) fn shadows(&self) -> &[Shadow] {
        &self.shadows
    }

    /// When the latest ping came.
    pub(super) fn latest(&self) -> Timestamp {
        self.latest
    }

    /// Sees to it that no ping waits for others to be judged with them.
    pub(super) fn catch_up(&mut self) {
        self.shadows.iter_mut().for_each(Shadow::catch_up);
    }

    /// There are no more pings.
    pub(super) fn end(&mut self) {
        self.shadows.iter_mut().for_each(Shadow::end);
    }

    pub(super) fn profile(mut self) -> Profile {
        self.doubts.iter().for_each(|doubt| self.builder.doubt(&doubt.text, doubt.remedy.as_deref()));
        self.builder.profile()
    }
}

/// The time of day, which is never set back here.
pub(super) struct Clock {
    began: Instant,
    began_at: Timestamp,
}

impl Clock {
    pub(super) fn new() -> Clock {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { began: Instant::now(), began_at: Timestamp::ZERO.plus(since_1970) }
    }

    fn now(&self) -> Timestamp {
        self.began_at.plus(self.began.elapsed())
    }
}
