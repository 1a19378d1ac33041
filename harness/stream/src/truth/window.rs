//! Which copies the window of a promise covers.

use dedup_strategies::{Timestamp, Window};

use super::open::Accepted;
use super::states::State;
use super::{Covered, Truth};
use crate::stream::{CauseId, Event, Origin};

impl Truth {
    #[inline]
    pub(super) fn covers(&self, event: &Event, asked: Timestamp, answered: Timestamp) -> Covered {
        // A first arrival is no copy of anything; this also spares the look-up for most pings.
        if event.origin.cause == CauseId::FIRST {
            Covered::No
        } else {
            self.covers_copy(event, asked, answered)
        }
    }

    #[cold]
    fn covers_copy(&self, event: &Event, asked: Timestamp, answered: Timestamp) -> Covered {
        let origin = &event.origin;
        let covered = match self.window {
            Window::Nothing => false,
            Window::Forever => matches!(self.states.get(origin.unique), State::Accepted | State::Delivered),
            Window::Since(length) => self
                .accepted(origin)
                .is_some_and(|accepted| answered.since(accepted.at) < length.saturating_sub(self.slack)),
            Window::SinceSeen(length) => self
                .open
                .get(&origin.unique)
                .and_then(|open| open.seen)
                .is_some_and(|seen| answered.since(seen) < length.saturating_sub(self.slack)),
            Window::SinceMarked(length) => {
                self.open.get(&origin.unique).and_then(|open| open.marked).is_some_and(|mark| {
                    asked >= mark.answered && answered.since(mark.asked) < length.saturating_sub(self.slack)
                })
            }
            Window::Tumbling(length) => self.accepted(origin).is_some_and(|accepted| {
                accepted.event_time.tumbling(length) == event.event_time.tumbling(length)
            }),
        };
        if covered { Covered::Yes } else { Covered::No }
    }

    /// Whether no strategy can call this ping late: a window closes no sooner than a later one has begun.
    pub(super) fn is_in_time(&self, event: &Event) -> bool {
        match self.window {
            Window::Tumbling(length) => event.event_time.tumbling(length) >= self.newest.tumbling(length),
            _ => true,
        }
    }

    fn accepted(&self, origin: &Origin) -> Option<Accepted> {
        self.open.get(&origin.unique).and_then(|open| open.accepted)
    }
}
