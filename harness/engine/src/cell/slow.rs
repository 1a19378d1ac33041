//! What is said of a cell that takes its time.

use std::fmt;
use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use serde::{Deserialize, Serialize};

use crate::process::{self, Scheduled};
use crate::units;

/// A cell that takes no longer says nothing of it.
pub const SLOW_AFTER: Duration = Duration::from_secs(30);

/// What a cell's thread waits for when it does not compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WaitsFor {
    /// Answers of its server.
    Server,
    /// Answers of a program of its own.
    System,
    /// The next ping to be due, by the clock of a server that keeps its own time.
    ServersClock,
    /// Its disk.
    Disk,
    /// Pings, which another thread reads.
    Stream,
    /// The loops of the time pass, which take as long as they were told.
    TimeBudget,
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WaitsFor::Server => "waiting for the server",
            WaitsFor::System => "waiting for the system's program",
            WaitsFor::ServersClock => "waiting until pings are due by the server's clock (--time-factor)",
            WaitsFor::Disk => "waiting for the disk",
            WaitsFor::Stream => "waiting for its stream",
            WaitsFor::TimeBudget => "its loops run for as long as --time-budget says",
        })
    }
}

/// How far a cell has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Reached {
    /// The share of its work that is done.
    pub share: f64,
    /// After how long.
    pub after: Duration,
    /// On what most of that time was spent; known once the cell is slow.
    pub spent: Option<Spent>,
}

/// On what a thread spent most of its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// On work.
    Computing,
    /// On waiting for a processor to work on.
    NoProcessor,
    /// On other waiting.
    Waiting(WaitsFor),
    /// On what follows the stream.
    Afterwards,
}

impl Reached {
    /// `share` after this time; `scheduled` is what became of the thread in it.
    pub(super) fn new(
        share: f64,
        after: Duration,
        scheduled: impl FnOnce() -> Option<Scheduled>,
        waits_for: WaitsFor,
    ) -> Reached {
        let spent = (after >= SLOW_AFTER).then(|| match scheduled() {
            _ if share >= 1.0 => Spent::Afterwards,
            None => Spent::Waiting(waits_for),
            Some(Scheduled { ran, waited }) => {
                let elsewhere = after.saturating_sub(ran).saturating_sub(waited);
                match ran.max(waited).max(elsewhere) {
                    most if most == elsewhere => Spent::Waiting(waits_for),
                    most if most == ran => Spent::Computing,
                    _ => Spent::NoProcessor,
                }
            }
        });
        Reached { share, after, spent }
    }

    /// What to say of a cell that is slow.
    pub fn remark(&self) -> Option<String> {
        let spent = self.spent?;
        let percent = match 100.0 * self.share {
            under if under < 1.0 => format!("{under:.1}"),
            // All of it is done when it is done.
            percent if self.share < 1.0 => format!("{:.0}", percent.min(99.0)),
            _ => "100".to_string(),
        };
        let after = rounded(self.after);
        let to_go = match self.share {
            share if share >= 1.0 => String::new(),
            share if share > 0.0 => {
                let left = Duration::try_from_secs_f64(self.after.as_secs_f64() * (1.0 - share) / share);
                format!(", about {} to go", rounded(left.unwrap_or(Duration::MAX)))
            }
            _ => ", nobody knows how long to go".to_string(),
        };
        Some(format!("slow: {percent} % after {after}{to_go}; {spent}{}", under_load(process::load())))
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spent::Computing => f.write_str("computing"),
            Spent::NoProcessor => f.write_str("waiting for a processor"),
            Spent::Waiting(what) => what.fmt(f),
            Spent::Afterwards => f.write_str("at what follows the stream"),
        }
    }
}

/// The load, where it is more than the processors can carry.
fn under_load(load: Option<f64>) -> String {
    let processors = process::cores().get();
    match load {
        Some(load) if load > processors as f64 => format!("; {}", words(load, processors)),
        _ => String::new(),
    }
}

/// `load of the machine 8.5 on 2 processors`.
pub(super) fn load() -> String {
    let load = process::load().map(|load| words(load, process::cores().get()));
    load.unwrap_or_else(|| "load of the machine unknown".to_string())
}

fn words(load: f64, processors: usize) -> String {
    let plural = if processors == 1 { "" } else { "s" };
    format!("load of the machine {load:.1} on {processors} processor{plural}")
}

/// Whole seconds, and whole minutes from two of them on.
fn rounded(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round().max(1.0);
    let seconds = if seconds < 120.0 { seconds } else { (seconds / 60.0).round() * 60.0 };
    units::duration(saturating_nanos(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: WaitsFor = WaitsFor::Server;

    fn reached(share: f64, after: u64, ran: u64, waited: u64) -> Reached {
        let [ran, waited] = [ran, waited].map(Duration::from_secs);
        Reached::new(share, Duration::from_secs(after), || Some(Scheduled { ran, waited }), SERVER)
    }

    /// Without what the machine's load adds.
    fn said(reached: &Reached) -> String {
        let remark = reached.remark().unwrap_or_default();
        remark.split("; load").next().unwrap_or_default().to_string()
    }

    #[test]
    fn a_slow_cell_says_how_long_it_will_take_and_what_it_waits_for() {
        let server = said(&reached(0.04, 30, 3, 1));
        assert_eq!(server, "slow: 4 % after 30 s, about 12 min to go; waiting for the server");
        let computing = said(&reached(0.5, 60, 50, 1));
        assert_eq!(computing, "slow: 50 % after 1 min, about 1 min to go; computing");
        let starved = said(&reached(0.005, 240, 50, 180));
        assert_eq!(starved, "slow: 0.5 % after 4 min, about 13 h to go; waiting for a processor");
        let nightly = said(&reached(1.0, 40, 30, 1));
        assert_eq!(nightly, "slow: 100 % after 40 s; at what follows the stream");
        let soon = said(&reached(0.995, 30, 30, 0));
        assert_eq!(soon, "slow: 99 % after 30 s, about 1 s to go; computing");
        let unknown = said(&reached(0.0, 30, 30, 0));
        assert_eq!(unknown, "slow: 0.0 % after 30 s, nobody knows how long to go; computing");
    }

    #[test]
    fn what_is_not_slow_says_nothing_and_asks_nothing() {
        let asked = || panic!("nobody wants to know");
        assert_eq!(Reached::new(0.5, Duration::from_secs(29), asked, SERVER).remark(), None);
    }

    #[test]
    fn the_load_is_said_where_it_is_more_than_the_processors_can_carry() {
        let processors = process::cores().get() as f64;
        assert_eq!((under_load(None), under_load(Some(processors))), Default::default());
        assert!(under_load(Some(processors + 0.5)).contains(&format!("{:.1} on", processors + 0.5)));
    }
}
