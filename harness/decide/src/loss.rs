//! What a candidate loses and misses, and what it costs: sums of terms, each with the model that it comes from.
//!
//! `docs/ADVISE.md` has every formula.

use serde::Serialize;

use crate::candidate::{Candidate, Marks, Place};
use crate::needs::{Needs, Nightly};
use crate::quantity::{DAY_S, YEAR_S};
use crate::speed::{Speed, speed};
use crate::traffic::Traffic;
use dedup_records::curve::Origin;

const GIB: f64 = (1u64 << 30) as f64;

/// What is set aside in a server beyond what its ids take.
const SERVER_RESERVE: f64 = 1.1;

/// Equal shares of the copies over whose lags a term is averaged.
const SLICES: u32 = 100;

/// A part of a sum.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Term {
    /// What it is, as a part of a sentence.
    pub of: &'static str,
    /// The formula, in words.
    pub model: &'static str,
    /// Pings a year.
    pub per_year: f64,
    /// How that is meant.
    pub says: Says,
    /// How sure that is.
    pub origin: Origin,
}

/// How a figure is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    /// So many are expected.
    Expected,
    /// No more than so many.
    AtMost,
}

/// What a candidate comes to under the requirements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Assessment {
    /// Unique pings that are lost, a year.
    pub lost: Vec<Term>,
    /// Duplicates that are delivered, a year.
    pub delivered: Vec<Term>,
    /// Duplicates that are left after the nightly job, a year; none where there is none.
    pub left: Option<f64>,
    /// The `maxmemory` to set, in bytes, its reserve included.
    pub maxmemory: f64,
    /// Money a month.
    pub price: f64,
    /// Connections to the server.
    pub connections: u32,
    /// How long judging takes, and whether the rate fits, where that is known.
    pub speed: Option<Speed>,
}

impl Assessment {
    /// Unique pings that are lost, a year: at most, where one of the terms says so.
    pub fn lost_per_year(&self) -> f64 {
        self.lost.iter().map(|term| term.per_year).sum()
    }

    /// Whether more are expected to be lost than none, or no more than so many.
    pub fn lost_says(&self) -> Says {
        let at_most = |term: &Term| term.per_year > 0.0 && term.says == Says::AtMost;
        if self.lost.iter().any(at_most) { Says::AtMost } else { Says::Expected }
    }

    /// Duplicates that are delivered, a day.
    pub fn delivered_per_day(&self) -> f64 {
        self.delivered.iter().map(|term| term.per_year).sum::<f64>() * DAY_S / YEAR_S
    }

    /// Duplicates that are there in the end, a day.
    pub fn left_per_day(&self) -> f64 {
        self.left.map_or(self.delivered_per_day(), |left| left * DAY_S / YEAR_S)
    }
}

/// Works it out.
pub fn assess(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> Assessment {
    let copies = traffic.copies_per_s() * YEAR_S;
    let emptied = Emptied::of(candidate, traffic, needs);
    let (of_outage, of_replica) = failovers(candidate, traffic, needs);
    let missed = MissedBy::of(candidate, traffic);
    // What is let through anyway cannot be let through once more.
    let room = copies * (1.0 - candidate.missed_live.value);
    let expected =
        |of, model, per_year: f64, origin| Term { of, model, per_year, says: Says::Expected, origin };
    let origin = candidate.missed_live.origin;
    let delivered = vec![
        expected(
            "copies that come after the window",
            "copies x share with a longer lag, as far as it has forgotten them",
            copies * missed.after_window,
            origin,
        ),
        expected(
            "copies that come between the check and the mark",
            "copies x share with a shorter lag than publishing takes",
            copies * missed.before_mark,
            origin,
        ),
        expected(
            "copies of what it forgot within the window",
            "copies x what theory says of how it forgets, less the two above",
            copies * missed.within_window,
            origin,
        ),
        expected(
            "copies of what a restart or a crash forgot",
            "copies x share that a restart comes before, within the window",
            (copies * emptied.live).min(room),
            Origin::Modelled,
        ),
        expected(
            "copies while the server is away",
            "failovers x outage x copies a second, twice: those that come, and those of what was not marked",
            of_outage.min(room),
            Origin::Modelled,
        ),
        expected(
            "copies of marks that the replica did not have",
            "failovers x replication lag x copies a second",
            of_replica.min(room),
            Origin::Modelled,
        ),
    ];
    let left = candidate.missed_stable.map(|stable| {
        let by_faults = of_outage + of_replica;
        (copies * (stable.value + emptied.stable) + by_faults).min(copies)
    });
    Assessment {
        lost: losses(candidate, traffic, needs),
        delivered,
        left,
        maxmemory: candidate.server_bytes.value * SERVER_RESERVE,
        price: price(candidate, needs),
        connections: if candidate.place.is_server() { needs.workers } else { 0 },
        speed: speed(candidate, traffic, needs),
    }
}

/// Money a month: memory and disk of all workers, and the server.
pub(crate) fn price(candidate: &Candidate, needs: &Needs) -> f64 {
    let workers = f64::from(needs.workers);
    let bytes = needs.price.memory * candidate.worker_bytes.value * workers
        + needs.price.disk * candidate.disk_bytes.value * workers
        + needs.price.redis * candidate.server_bytes.value * SERVER_RESERVE;
    bytes / GIB
}

/// Unique pings that are lost.
fn losses(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> Vec<Term> {
    let at_check = candidate.marks == Marks::AtCheck;
    let if_at_check = |per_year: f64| if at_check { per_year } else { 0.0 };
    let in_hand = traffic.uniques_per_s() / f64::from(needs.workers)
        * (needs.linger.as_secs_f64() + needs.publish.as_secs_f64());
    let in_flight = match candidate.place.is_server() {
        true => traffic.uniques_per_s() * needs.round_trip.as_secs_f64(),
        false => 0.0,
    };
    // A process that dies whole takes its marks with it; what dies alone (a thread, a task) leaves them.
    let (of_crash, says_of_crash) = match candidate.place {
        Place::Worker => {
            ("marked and not published when a worker died and its memory lived on", Says::AtMost)
        }
        _ => ("marked and not published when a worker died", Says::Expected),
    };
    vec![
        Term {
            of: "taken for copies by mistake",
            model: "uniques x false positives",
            per_year: traffic.uniques_per_s() * YEAR_S * candidate.false_positives.value,
            says: Says::AtMost,
            origin: candidate.false_positives.origin,
        },
        Term {
            of: of_crash,
            model: "crashes x rate / workers x (linger + publish), where ids are marked at the check",
            per_year: if_at_check(needs.crashes_per_year * in_hand),
            says: says_of_crash,
            origin: Origin::Modelled,
        },
        Term {
            of: "claimed by a command whose answer a failover took",
            model: "failovers x rate x round trip, where ids are marked at the check",
            per_year: if_at_check(needs.failovers_per_year * in_flight),
            says: Says::Expected,
            origin: Origin::Modelled,
        },
    ]
}

/// Why copies are let through while nothing breaks: shares of all copies that add up to what theory says.
struct MissedBy {
    after_window: f64,
    before_mark: f64,
    within_window: f64,
}

impl MissedBy {
    fn of(candidate: &Candidate, traffic: &Traffic) -> MissedBy {
        let all = candidate.missed_live.value;
        let window = candidate.remembers_s();
        let after_window = (1.0 - traffic.lags.within(window)).min(all);
        let before_mark = traffic.lags.within(candidate.gap_s).min(all - after_window);
        MissedBy { after_window, before_mark, within_window: all - after_window - before_mark }
    }
}

/// Shares of the copies that pass because the memory was emptied after their first came.
struct Emptied {
    live: f64,
    stable: f64,
}

impl Emptied {
    /// The memory of a worker is emptied at random times by restarts, which meet all workers, and by crashes, which meet one.
    /// A copy that comes a lag L later meets an emptied memory with `1 - exp(-r L)`.
    fn of(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> Emptied {
        let crashes = needs.crashes_per_year / f64::from(needs.workers);
        let per_s = (needs.restarts_per_year + crashes) / YEAR_S;
        if candidate.place != Place::Worker || per_s == 0.0 || candidate.missed_live.value >= 1.0 {
            return Emptied { live: 0.0, stable: 0.0 };
        }
        // It remembers as long as what it lets through says, which may be longer than its window.
        let window = candidate.remembers_s().max(traffic.lags.quantile(1.0 - candidate.missed_live.value));
        let (mut live, mut stable) = (0.0, 0.0);
        for lag in traffic.lags.slices(SLICES).filter(|lag| *lag < window) {
            let emptied = -libm::expm1(-per_s * lag);
            live += emptied;
            if let Nightly::Days(before) = needs.nightly {
                stable += emptied * (lag / DAY_S - f64::from(before)).clamp(0.0, 1.0);
            }
        }
        Emptied { live: live / f64::from(SLICES), stable: stable / f64::from(SLICES) }
    }
}

/// Duplicates delivered because the server was away, if so many copies come meanwhile: where pings pass, these, and as many of what
/// could not be marked.
pub fn while_away(candidate: &Candidate, copies: f64) -> f64 {
    match candidate.place {
        Place::OpenServer => 2.0 * copies,
        Place::Worker | Place::Disk | Place::Engine | Place::Server => 0.0,
    }
}

/// Copies that failovers of the server let through: while it is away, and for what its replica did not have.
fn failovers(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> (f64, f64) {
    let copies = needs.failovers_per_year * traffic.copies_per_s();
    let outage = while_away(candidate, copies * needs.outage.as_secs_f64());
    let replica = match candidate.place.is_server() {
        true => copies * needs.replication.as_secs_f64(),
        false => 0.0,
    };
    (outage, replica)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::candidate::modelled;
    use crate::testing::{candidate, traffic};

    fn needs() -> Needs {
        Needs {
            workers: 10,
            crashes_per_year: 20.0,
            restarts_per_year: 0.0,
            failovers_per_year: 4.0,
            linger: Duration::from_millis(20),
            publish: Duration::from_millis(80),
            outage: Duration::from_secs(10),
            ..Needs::default()
        }
    }

    /// Sums of one kind; traffic is 1,000 a second, a tenth of it copies, half of them within an hour and half at a day.
    fn found(terms: &[Term]) -> Vec<f64> {
        terms.iter().map(|term| (term.per_year * 1e3).round() / 1e3).collect()
    }

    #[test]
    fn losses_are_what_a_hand_computes() {
        let year = 900.0 * YEAR_S;
        let mut claim = candidate("claim", Place::Server);
        claim.false_positives = modelled(1e-6);
        // 20 crashes x 900 / 10 x 0.1 s; 4 failovers x 900 x 1 ms.
        assert_eq!(
            found(&assess(&claim, &traffic(), &needs()).lost),
            [(year * 1e-6 * 1e3).round() / 1e3, 180.0, 3.6]
        );
        claim.marks = Marks::AfterDelivery;
        assert_eq!(found(&assess(&claim, &traffic(), &needs()).lost)[1..], [0.0, 0.0]);
        let embedded = candidate("set", Place::Worker);
        assert_eq!(found(&assess(&embedded, &traffic(), &needs()).lost)[1..], [180.0, 0.0]);
    }

    #[test]
    fn duplicates_are_what_a_hand_computes() {
        let mut open = candidate("open", Place::OpenServer);
        open.missed_live = modelled(0.25);
        let year = 100.0 * YEAR_S;
        // 4 failovers x 100 a second x 10 s, twice; x 1 s.
        let all = |open: &Candidate| found(&assess(open, &traffic(), &needs()).delivered);
        assert_eq!(all(&open), [0.0, 0.0, year * 0.25, 0.0, 8000.0, 400.0]);
        open.place = Place::Server;
        assert_eq!(all(&open), [0.0, 0.0, year * 0.25, 0.0, 0.0, 400.0]);
    }

    #[test]
    fn what_is_missed_is_said_by_cause_and_adds_up() {
        let mut set = candidate("set", Place::Disk);
        let year = 100.0 * YEAR_S;
        let shares = |set: &Candidate| -> Vec<f64> {
            let delivered = assess(set, &traffic(), &needs()).delivered;
            delivered[..3].iter().map(|term| (term.per_year / year * 1e6).round() / 1e6).collect()
        };
        // Half of the copies come after an hour, a tenth within 12 minutes, and theory has another tenth.
        (set.window_s, set.gap_s, set.missed_live) = (Some(3600.0), 720.0, modelled(0.7));
        assert_eq!(shares(&set), [0.5, 0.1, 0.1]);
        // It remembers longer than it says.
        set.missed_live = modelled(0.4);
        assert_eq!(shares(&set), [0.4, 0.0, 0.0]);
        (set.window_s, set.gap_s, set.missed_live) = (None, 0.0, modelled(1.0));
        assert_eq!(shares(&set), [1.0, 0.0, 0.0]);
        set.missed_live = modelled(0.25);
        assert_eq!(shares(&set), [0.0, 0.0, 0.25]);
    }

    #[test]
    fn a_crash_loses_at_most_what_is_in_hand_where_the_memory_may_live_on() {
        let says = |place| assess(&candidate("set", place), &traffic(), &needs()).lost[1].says;
        assert_eq!((says(Place::Worker), says(Place::Disk)), (Says::AtMost, Says::Expected));
        assert_eq!(assess(&candidate("set", Place::Disk), &traffic(), &needs()).lost_says(), Says::Expected);
        assert_eq!(assess(&candidate("set", Place::Worker), &traffic(), &needs()).lost_says(), Says::AtMost);
    }

    #[test]
    fn a_memory_that_is_emptied_once_a_day_forgets_by_the_lag() {
        let embedded = candidate("set", Place::Worker);
        let daily = Needs { restarts_per_year: 365.25, crashes_per_year: 0.0, ..needs() };
        let share =
            |needs: &Needs| assess(&embedded, &traffic(), needs).delivered[3].per_year / (100.0 * YEAR_S);
        // Lags from 0 to 1 h, and from there to 24 h, evenly: the integral of 1 - exp(-t), t in days.
        let below = |t: f64| t - 1.0 + (-t).exp();
        let hour = 1.0 / 24.0;
        let expected = 0.5 * below(hour) / hour + 0.5 * (below(1.0) - below(hour)) / (1.0 - hour);
        assert!((share(&daily) - expected).abs() < 1e-3, "{} for {expected}", share(&daily));
        // A crash of one of ten workers is a tenth of a restart.
        let crashes = Needs { restarts_per_year: 0.0, crashes_per_year: 3652.5, ..daily.clone() };
        assert!((share(&crashes) - share(&daily)).abs() < 1e-12);
        let on_disk = candidate("disk", Place::Disk);
        assert_eq!(assess(&on_disk, &traffic(), &daily).delivered[3].per_year, 0.0);
    }

    #[test]
    fn money_is_memory_of_all_workers_and_the_server_with_its_reserve() {
        let mut both = candidate("both", Place::Server);
        both.worker_bytes = modelled(GIB);
        both.server_bytes = modelled(2.0 * GIB);
        // 10 GiB at 3, and 2.2 GiB at 10.
        let found = assess(&both, &traffic(), &needs());
        assert!((found.price - 52.0).abs() < 1e-9, "{}", found.price);
        assert_eq!(found.connections, 10);
    }
}
