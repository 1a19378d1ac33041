//! An exact account of what should have happened, and the score against it.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::{Bound, Ping, PingKey, Timestamp, Verdict, Window};

/// Whether a ping with this verdict reaches the sink, now or when its window closes.
pub(super) fn let_through(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::New | Verdict::Held)
}

/// Knows which ping is a copy of which, and scores verdicts.
pub(super) struct Truth {
    window: Window,
    seen: BTreeSet<PingKey>,
    last_through: BTreeMap<PingKey, Timestamp>,
    last_seen: BTreeMap<PingKey, Timestamp>,
    through_in_window: BTreeSet<(PingKey, u64)>,
    /// Let through in the present batch, and not settled yet.
    unsettled: Vec<PingKey>,
    last_marked: BTreeMap<PingKey, Timestamp>,
    /// Copies that the promise covers, and those of them that were let through.
    pub(super) missed: Share,
    /// Keys never seen before, and those of them that were dropped as duplicates.
    pub(super) lost: Share,
}

/// Cases, and how many of them went wrong.
#[derive(Clone, Debug, Default)]
pub(super) struct Share {
    pub(super) cases: u64,
    pub(super) wrong: u64,
    /// The first that did.
    pub(super) example: Option<String>,
}

impl Share {
    fn count(&mut self, wrong: bool, example: impl FnOnce() -> String) {
        self.cases += 1;
        self.wrong += u64::from(wrong);
        if wrong && self.example.is_none() {
            self.example = Some(example());
        }
    }

    /// Whether `bound` holds.
    pub(super) fn check(&self, bound: Bound, what: &str) -> Result<(), String> {
        if !bound.is_broken(self.wrong, self.cases) {
            return Ok(());
        }
        let example = self.example.as_deref().unwrap_or_default();
        Err(format!("{} of {} {what}, promised {bound}; the first: {example}", self.wrong, self.cases))
    }
}

impl Truth {
    pub(super) fn new(window: Window) -> Self {
        Truth {
            window,
            seen: BTreeSet::new(),
            last_through: BTreeMap::new(),
            last_seen: BTreeMap::new(),
            through_in_window: BTreeSet::new(),
            unsettled: Vec::new(),
            last_marked: BTreeMap::new(),
            missed: Share::default(),
            lost: Share::default(),
        }
    }

    /// Scores one verdict, given at `now`.
    pub(super) fn score(&mut self, ping: &Ping, verdict: Verdict, now: Timestamp) {
        let key = ping.key.as_u128();
        if self.covers(ping, now) {
            let last = self.last_through.get(&ping.key).copied().unwrap_or(now);
            self.missed.count(let_through(verdict), || {
                format!("key {key:032x}, let through at {last}, was judged {verdict:?} again at {now}")
            });
        }
        if self.seen.insert(ping.key) && verdict != Verdict::Late {
            self.lost.count(!let_through(verdict), || {
                format!("key {key:032x}, never seen before, was judged {verdict:?} at {now}")
            });
        }
        self.last_seen.insert(ping.key, now);
        if let_through(verdict) {
            self.last_through.insert(ping.key, now);
            self.unsettled.push(ping.key);
            self.through_in_window.insert((ping.key, self.tumbling(ping)));
        }
    }

    /// What was let through since the last call has been delivered and settled at `now`.
    pub(super) fn settled(&mut self, now: Timestamp) {
        self.last_marked.extend(self.unsettled.drain(..).map(|key| (key, now)));
    }

    /// Whether the promise claims that this copy is recognised.
    fn covers(&self, ping: &Ping, now: Timestamp) -> bool {
        let Some(last) = self.last_through.get(&ping.key) else { return false };
        match self.window {
            Window::Nothing => false,
            Window::Forever => true,
            Window::Since(length) => now.since(*last) < length,
            Window::SinceMarked(length) => {
                self.last_marked.get(&ping.key).is_some_and(|marked| now.since(*marked) < length)
            }
            Window::SinceSeen(length) => now.since(self.last_seen[&ping.key]) < length,
            Window::Tumbling(_) => self.through_in_window.contains(&(ping.key, self.tumbling(ping))),
        }
    }

    fn tumbling(&self, ping: &Ping) -> u64 {
        match self.window {
            Window::Tumbling(length) => ping.event_time.tumbling(length),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_judged_as_in_a_run() {
        let share = |wrong| Share { cases: 9_091, wrong, example: None };
        // 9.1 are expected. Fifteen and a half more are what four standard deviations and one would have allowed.
        for wrong in [0, 10, 25] {
            assert_eq!(share(wrong).check(Bound::AtMost(0.001), "were lost"), Ok(()));
        }
        let said = share(40).check(Bound::AtMost(0.001), "were lost").unwrap_err();
        assert!(said.contains("40 of 9091 were lost, promised at most 0.1 %"), "{said}");
    }
}
