//! Tumbling windows in event time: pings are held until their window closes, as stream processors do it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use crate::contract::{
    Bound, BuildError, Context, Definition, Footprint, Forgets, Hears, Needs, Operation, Ping, PingKey,
    Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp,
    Unavailable, Verdict, Window, Worker, saturating_nanos,
};
use crate::structures::shards::Shards;
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "window-batch",
    about: "tumbling event-time windows; a ping is held until its window closes",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "window",
            about: "length of a window, counted from the epoch; also how long a ping waits at most, besides disorder",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "out_of_orderness",
            about: "how far the watermark stays behind the latest event time: more waits longer and refuses less",
            kind: SettingKind::TimeOrZero,
            default: SettingDefault::Text("10s"),
        },
        SettingDef {
            name: "lateness",
            about: "how long a closed window still knows its ids, in event time",
            kind: SettingKind::TimeOrZero,
            default: SettingDefault::Text("0s"),
        },
        SettingDef {
            name: "late",
            about: "a ping that comes after that: drop refuses it, pass lets it through unjudged",
            kind: SettingKind::Word(&["drop", "pass"]),
            default: SettingDefault::Text("drop"),
        },
    ],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::InEventTime,
    estimate: None,
    prospect: Some(prospect),
    build: &build,
};

/// What it promises.
fn promise(window: Duration, late: Late) -> Promise {
    Promise {
        missed: match late {
            Late::Drop => Bound::Never,
            Late::Pass => Bound::Unbounded,
        },
        ..Promise::remembering(Window::Tumbling(window))
    }
}

/// An id takes a place in a table that is 44 % full at the least, and a ping is held for each.
fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let (ids, window) = (context.sizing.ids_in_window, settings.time("window"));
    Prospect {
        held_pings: ids,
        ..Prospect::in_process(promise(window, late(settings)), Routing::ByKey, ids.saturating_mul(39))
    }
}

fn late(settings: &Settings) -> Late {
    if settings.word("late") == "pass" { Late::Pass } else { Late::Drop }
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let plan = Plan {
        window: settings.time("window"),
        out_of_orderness: settings.time("out_of_orderness"),
        lateness: settings.time("lateness"),
        late: late(settings),
        seed: context.seed,
    };
    Ok(Box::new(WindowBatch { plan, shards: Shards::new(context.workers, || Windows::new(plan)) }))
}

#[derive(Clone, Copy, Debug)]
struct Plan {
    window: Duration,
    out_of_orderness: Duration,
    lateness: Duration,
    late: Late,
    seed: u64,
}

impl Plan {
    /// Where the watermark stands towards window `index`, when `latest` is the latest event time seen.
    fn phase(&self, latest: Timestamp, index: u64) -> Phase {
        let watermark = latest.minus(self.out_of_orderness);
        let end =
            Timestamp::from_nanos(index.saturating_add(1).saturating_mul(saturating_nanos(self.window)));
        if watermark < end {
            Phase::Open
        } else if watermark < end.plus(self.lateness) {
            Phase::Closed
        } else {
            Phase::Gone
        }
    }
}

/// What happens to a ping whose window has been forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Late {
    Drop,
    Pass,
}

struct WindowBatch {
    plan: Plan,
    shards: Shards<Windows>,
}

impl Strategy for WindowBatch {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(WindowWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        promise(self.plan.window, self.plan.late)
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.shards.sum(Windows::ids), bytes: self.shards.sum(Windows::bytes) }
    }
}

struct WindowWorker(Arc<Mutex<Windows>>);

impl Worker for WindowWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut windows = self.0.lock();
        verdicts.extend(pings.iter().map(|ping| windows.judge(ping)));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.0.lock().release(now, released);
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::ADVANCE
    }
}

/// One worker's windows. Its watermark is its own: the latest event time that this worker has seen, less the allowed
/// disorder. Processing time plays no part, so a worker that gets no pings releases none until the input ends.
#[derive(Debug)]
struct Windows {
    plan: Plan,
    latest: Timestamp,
    known: BTreeMap<u64, Tumbling>,
}

/// One window: its ids, and the pings that wait for its end in order of arrival.
#[derive(Debug)]
struct Tumbling {
    ids: HashSet<PingKey, FixedState>,
    held: Vec<Ping>,
}

impl Tumbling {
    fn new(seed: u64) -> Self {
        Tumbling { ids: HashSet::with_hasher(FixedState::with_seed(seed)), held: Vec::new() }
    }
}

/// Where the watermark stands towards a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before its end: first copies are held.
    Open,
    /// Past its end, within the allowed lateness: first copies pass at once.
    Closed,
    /// Past that: its ids are forgotten.
    Gone,
}

impl Windows {
    fn new(plan: Plan) -> Self {
        Windows { plan, latest: Timestamp::ZERO, known: BTreeMap::new() }
    }

    fn judge(&mut self, ping: &Ping) -> Verdict {
        self.latest = self.latest.max(ping.event_time);
        let index = ping.event_time.tumbling(self.plan.window);
        let phase = self.plan.phase(self.latest, index);
        if phase == Phase::Gone {
            return match self.plan.late {
                Late::Drop => Verdict::Late,
                Late::Pass => Verdict::New,
            };
        }
        let window = self.known.entry(index).or_insert_with(|| Tumbling::new(self.plan.seed));
        match (window.ids.insert(ping.key), phase) {
            (false, _) => Verdict::Duplicate,
            (true, Phase::Open) => {
                window.held.push(*ping);
                Verdict::Held
            }
            (true, _) => Verdict::New,
        }
    }

    /// Releases what closed windows hold, the earliest window first, and forgets the windows that are gone.
    fn release(&mut self, now: Timestamp, released: &mut Vec<Ping>) {
        while let Some(entry) = self.known.first_entry() {
            let phase =
                if now == Timestamp::END { Phase::Gone } else { self.plan.phase(self.latest, *entry.key()) };
            if phase != Phase::Gone {
                break;
            }
            released.append(&mut entry.remove().held);
        }
        let closed = |index: &u64| self.plan.phase(self.latest, *index) == Phase::Closed;
        for (_, window) in self.known.iter_mut().take_while(|(index, _)| closed(index)) {
            released.extend(std::mem::take(&mut window.held));
        }
    }

    fn ids(&self) -> u64 {
        self.known.values().map(|window| window.ids.len() as u64).sum()
    }

    fn bytes(&self) -> u64 {
        let bytes =
            |window: &Tumbling| window.ids.allocation_size() + window.held.capacity() * size_of::<Ping>();
        self.known.values().map(|window| bytes(window) as u64).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::DeliveryId;

    /// Windows of 10 s.
    fn windows(out_of_orderness: u64, lateness: u64, late: Late) -> Windows {
        Windows::new(Plan {
            window: Duration::from_secs(10),
            out_of_orderness: Duration::from_secs(out_of_orderness),
            lateness: Duration::from_secs(lateness),
            late,
            seed: 1,
        })
    }

    fn ping(key: u128, event_s: u64) -> Ping {
        Ping {
            key: PingKey::from_u128(key),
            event_time: Timestamp::from_secs(event_s),
            arrival: Timestamp::from_secs(1_000_000),
            delivery: DeliveryId(key as u64),
        }
    }

    fn released(windows: &mut Windows) -> Vec<u128> {
        let mut released = Vec::new();
        windows.release(Timestamp::from_secs(1_000_000), &mut released);
        released.iter().map(|ping| ping.key.as_u128()).collect()
    }

    #[test]
    fn the_first_copy_is_held_until_the_watermark_reaches_the_end_of_its_window() {
        let mut windows = windows(3, 0, Late::Drop);
        assert_eq!(windows.judge(&ping(2, 101)), Verdict::Held);
        assert_eq!(windows.judge(&ping(1, 109)), Verdict::Held);
        assert_eq!(windows.judge(&ping(2, 105)), Verdict::Duplicate);
        assert_eq!(windows.judge(&ping(2, 112)), Verdict::Held, "a copy in the next window");
        assert!(released(&mut windows).is_empty(), "the watermark is at 109 s");
        assert_eq!(windows.judge(&ping(3, 113)), Verdict::Held);
        assert_eq!(released(&mut windows), [2, 1], "in order of arrival");
        assert!(released(&mut windows).is_empty());
    }

    #[test]
    fn a_late_ping_is_dropped_or_passed_as_asked() {
        for (late, verdict) in [(Late::Drop, Verdict::Late), (Late::Pass, Verdict::New)] {
            let mut windows = windows(0, 0, late);
            assert_eq!(windows.judge(&ping(1, 101)), Verdict::Held);
            assert_eq!(windows.judge(&ping(2, 110)), Verdict::Held);
            assert_eq!(windows.judge(&ping(1, 109)), verdict);
            assert_eq!(windows.judge(&ping(3, 109)), verdict);
        }
    }

    #[test]
    fn a_closed_window_knows_its_ids_for_the_allowed_lateness() {
        let mut windows = windows(0, 5, Late::Drop);
        assert_eq!(windows.judge(&ping(1, 101)), Verdict::Held);
        assert_eq!(windows.judge(&ping(2, 114)), Verdict::Held);
        assert_eq!(windows.judge(&ping(1, 102)), Verdict::Duplicate, "closed, and not yet released");
        assert_eq!(released(&mut windows), [1]);
        assert_eq!(windows.judge(&ping(1, 102)), Verdict::Duplicate, "closed and released");
        assert_eq!(windows.judge(&ping(3, 102)), Verdict::New);
        assert_eq!(windows.judge(&ping(3, 102)), Verdict::Duplicate);
        assert_eq!(windows.judge(&ping(4, 115)), Verdict::Held);
        assert_eq!(windows.judge(&ping(1, 102)), Verdict::Late, "the watermark reached 115 s");
        released(&mut windows);
        assert_eq!(windows.ids(), 2, "only 2 and 4 are still known");
    }

    #[test]
    fn the_end_releases_everything_in_order_and_forgets_it() {
        let mut windows = windows(3600, 3600, Late::Drop);
        for (key, event_s) in [(1, 125), (2, 101), (3, 121), (4, 102)] {
            assert_eq!(windows.judge(&ping(key, event_s)), Verdict::Held);
        }
        let mut released = Vec::new();
        windows.release(Timestamp::END, &mut released);
        assert_eq!(released, [ping(2, 101), ping(4, 102), ping(1, 125), ping(3, 121)]);
        assert_eq!((windows.ids(), windows.bytes()), (0, 0));
    }

    #[test]
    fn one_ping_from_the_future_closes_every_window() {
        let mut windows = windows(3, 0, Late::Drop);
        assert_eq!(windows.judge(&ping(1, 101)), Verdict::Held);
        assert_eq!(windows.judge(&ping(2, 1_000_000)), Verdict::Held);
        assert_eq!(windows.judge(&ping(3, 101)), Verdict::Late);
        assert_eq!(released(&mut windows), [1]);
    }
}
