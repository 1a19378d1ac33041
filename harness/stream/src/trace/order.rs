//! Whether the lines of a trace are in the order of their times.

use std::time::Duration;

use dedup_strategies::Timestamp;

use super::doubt::{Doubt, DoubtKind};

/// A ping is behind if its time is before that of an earlier one by more than this part of the window.
const PART_OF_WINDOW: u32 = 100;

/// From this share of all pings on, what is behind spoils windows and lags.
const SPOILT_PERCENT: f64 = 1.0;

/// So many lines may be far ahead of all others; more are a stretch of their own.
const FEW: usize = 3;

/// Steps back that explain why pings are behind are followed by so many of them on the mean.
const PINGS_A_STEP: u64 = 10;

/// How many pings are behind earlier ones, and in which way.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    allowed: Duration,
    latest: Timestamp,
    /// The last lines since time went back, the latest first.
    run: [Option<Timestamp>; FEW + 1],
    pings: u64,
    behind: u64,
    /// How often a ping is behind the very one before it: once where shards follow each other.
    steps_back: u64,
    /// The last step back, while pings are behind.
    step: Option<Step>,
    behind_few: u64,
    behind_many: u64,
}

/// How a ping went back behind the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// Over a few lines, to go on where time was before them.
    OverFew,
    /// Over many, to begin anew.
    OverMany,
}

impl Order {
    pub(crate) fn new(window: Duration) -> Self {
        Order {
            allowed: window / PART_OF_WINDOW,
            latest: Timestamp::ZERO,
            run: [None; FEW + 1],
            pings: 0,
            behind: 0,
            steps_back: 0,
            step: None,
            behind_few: 0,
            behind_many: 0,
        }
    }

    pub(crate) fn count(&mut self, time: Timestamp) {
        self.pings += 1;
        self.step_to(time);
        if self.is_behind(time, self.latest) {
            self.behind += 1;
            self.behind_few += u64::from(self.step == Some(Step::OverFew));
            self.behind_many += u64::from(self.step == Some(Step::OverMany));
        } else {
            self.step = None;
        }
        self.latest = self.latest.max(time);
    }

    fn step_to(&mut self, time: Timestamp) {
        if self.run[0].is_some_and(|before| self.is_behind(time, before)) {
            self.steps_back += 1;
            let is_over = |line: &Option<Timestamp>| line.is_some_and(|line| self.is_behind(time, line));
            // A few lines ahead within a stretch do not end it.
            if self.run.iter().all(is_over) {
                self.step = Some(Step::OverMany);
            } else if self.step.is_none() {
                self.step = Some(Step::OverFew);
            }
            self.run = [None; FEW + 1];
        }
        self.run.rotate_right(1);
        self.run[0] = Some(time);
    }

    fn is_behind(&self, time: Timestamp, other: Timestamp) -> bool {
        time < other && other.since(time) > self.allowed
    }

    /// What is to be said where any ping is behind.
    pub(crate) fn doubt(&self) -> Option<Doubt> {
        if self.behind == 0 {
            return None;
        }
        let percent = 100.0 * self.behind as f64 / self.pings as f64;
        let share = if percent < 0.01 { "less than 0.01 %".to_string() } else { format!("{percent:.2} %") };
        let allowed = humantime::format_duration(self.allowed);
        let found = format!(
            "{} of {} pings ({share}) are behind an earlier line by more than {allowed}, a hundredth of the window",
            self.behind, self.pings
        );
        let (why, remedy) = match self.cause() {
            Cause::Leap => (
                "a line, or a few, far ahead of the others stops the clock for those that follow",
                "--sort puts it where its time is, or name the time of receipt with --time-field",
            ),
            Cause::Shards => (
                "the file is made of stretches that were written one after another, and is not in the order of arrival",
                "--sort puts all lines in the order of their times",
            ),
            Cause::Jumble => (
                "if the times are those of receipt, the file is not in the order of arrival",
                "--sort puts all lines in the order of their times; if they are a sender's clock, name the time of receipt \
                 with --time-field, or none",
            ),
        };
        let harm = if percent < SPOILT_PERCENT { "" } else { ", so that windows and lags mean little" };
        let text = format!("{found}{harm}: {why}");
        Some(Doubt::new(DoubtKind::Order, text).with_remedy(remedy))
    }

    fn cause(&self) -> Cause {
        if self.steps_back * PINGS_A_STEP > self.behind {
            Cause::Jumble
        } else if self.behind_few * 2 > self.behind {
            Cause::Leap
        } else if self.behind_many * 2 > self.behind {
            Cause::Shards
        } else {
            Cause::Jumble
        }
    }
}

/// Why pings are behind, as far as that can be told from times alone.
#[derive(Debug, PartialEq, Eq)]
enum Cause {
    /// A few lines are far ahead of all others, which are in order among themselves.
    Leap,
    /// Time begins anew a few times.
    Shards,
    /// Times go back and forth, or back all the way.
    Jumble,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(seconds: impl IntoIterator<Item = u64>) -> Order {
        let mut order = Order::new(Duration::from_secs(1000));
        seconds.into_iter().for_each(|second| order.count(Timestamp::from_millis(second * 1000)));
        order
    }

    #[test]
    fn what_goes_back_by_a_hundredth_of_the_window_at_most_is_in_order() {
        assert_eq!(order([5, 0, 10, 0, 20, 10]).doubt(), None);
        assert_eq!(order([]).doubt(), None);
        let doubt = order([11, 0, 20, 30]).doubt().unwrap();
        assert!(doubt.text.starts_with("1 of 4 pings (25.00 %) are behind an earlier line by more than 10s"));
        assert_eq!(doubt.kind, DoubtKind::Order);
    }

    #[test]
    fn shards_one_after_another_are_told_from_a_jumble_and_from_a_line_far_ahead() {
        let shard = |of: u64| (0..100).map(move |line| 5000 + line * 10 + of);
        assert_eq!(order(shard(0).chain(shard(1)).chain(shard(2))).cause(), Cause::Shards);
        assert_eq!(order((0..100).map(|line| 5000 + line * 10 - line % 3 * 200)).cause(), Cause::Jumble);
        let ahead = [5000, 5001, 9_000_000].into_iter().chain(5002..5100);
        let order = order(ahead);
        assert_eq!((order.cause(), order.behind), (Cause::Leap, 98));
    }

    #[test]
    fn the_cause_does_not_hang_on_the_window() {
        const DAY: u64 = 86_400;
        let of = |window: u64, seconds: &[u64]| {
            let mut order = Order::new(Duration::from_secs(window));
            seconds.iter().for_each(|second| order.count(Timestamp::from_millis(second * 1000)));
            (order.cause(), order.behind)
        };
        let start = 20 * DAY;
        // Every step within a shard is longer than the shorter window.
        let shards: Vec<u64> =
            (0..6).flat_map(|shard| (0..200).map(move |line| start + line * 900 + shard)).collect();
        let ahead_at_first: Vec<u64> =
            [start + 10 * DAY].into_iter().chain((0..1000).map(|line| start + line * 10)).collect();
        let now_and_then = |line| if line % 50 == 7 { start + 10 * DAY } else { start };
        let ahead_now_and_then: Vec<u64> = (0..1000).map(|line| now_and_then(line) + line * 10).collect();
        let backwards: Vec<u64> = (0..1000).map(|line| start - line).collect();
        for window in [600, DAY / 2] {
            let (cause, behind) = of(window, &shards);
            assert_eq!(cause, Cause::Shards, "window {window}");
            assert!((970..=1000).contains(&behind), "{behind}");
            assert_eq!(of(window, &ahead_at_first), (Cause::Leap, 1000), "window {window}");
            assert_eq!(of(window, &ahead_now_and_then).0, Cause::Leap, "window {window}");
            assert_eq!(of(window, &backwards).0, Cause::Jumble, "window {window}");
        }
    }

    #[test]
    fn few_pings_behind_do_not_spoil_windows() {
        let late =
            |lines: u64| order((0..lines).map(|line| 5000 + line - u64::from(line == 99) * 90)).doubt();
        let text = late(20_000).unwrap().text;
        assert!(text.contains("(less than 0.01 %)") && !text.contains("mean little"), "{text}");
        let text = late(200).unwrap().text;
        assert!(text.contains("(0.50 %)") && !text.contains("mean little"), "{text}");
        let text = late(100).unwrap().text;
        assert!(text.contains("(1.00 %)") && text.contains("mean little"), "{text}");
    }
}
