//! `clients_last_seen`: the pattern of each client on a day.

use crate::clients::ClientSet;
use crate::day::Day;
use crate::pattern::{DAYS, Patterns};

/// The patterns of all clients on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// The day.
    pub day: Day,
    /// The patterns.
    pub patterns: Patterns,
}

/// Days do not follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("days have a gap: after {after} found {found}; allowed is {}", .after.plus(1))]
pub struct Gap {
    /// The day before the gap.
    pub after: Day,
    /// The day that came.
    pub found: Day,
}

impl LastSeen {
    /// Before the first day.
    pub fn before(first: Day, clients: u32) -> LastSeen {
        LastSeen { day: Day(first.0 - 1), patterns: Patterns::unseen(clients) }
    }

    /// Today from yesterday.
    pub fn next(&mut self, day: Day, active: &ClientSet) -> Result<(), Gap> {
        if day != self.day.plus(1) {
            return Err(Gap { after: self.day, found: day });
        }
        self.patterns.next_day(active);
        self.day = day;
        Ok(())
    }

    /// The same from the last 28 days and nothing else: `active` ends with the day itself, and each follows the one before.
    pub fn rebuilt(clients: u32, active: &[(Day, &ClientSet)]) -> Result<Option<LastSeen>, Gap> {
        let from = active.len().saturating_sub(DAYS as usize);
        let Some((first, _)) = active.get(from) else { return Ok(None) };
        let mut rebuilt = LastSeen::before(*first, clients);
        active[from..].iter().try_for_each(|(day, active)| rebuilt.next(*day, active))?;
        Ok(Some(rebuilt))
    }
}
