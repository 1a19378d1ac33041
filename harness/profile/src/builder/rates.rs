//! Pings over the hours of the day, and in the busiest minute.

use crate::profile::HourCounts;

const MINUTE_US: u64 = 60_000_000;
const HOUR_US: u64 = 60 * MINUTE_US;

#[derive(Clone, Debug, Default)]
pub(super) struct Rates {
    by_hour: HourCounts,
    minute: u64,
    in_minute: u64,
    busiest: u64,
}

impl Rates {
    /// Counts a ping, and the first arrivals that it stands for; `at_us` never goes backwards.
    pub(super) fn count(&mut self, at_us: u64, firsts: u64) {
        let hour = (at_us / HOUR_US % 24) as usize;
        self.by_hour.pings[hour] += 1;
        self.by_hour.firsts[hour] += firsts;
        let minute = at_us / MINUTE_US;
        if minute != self.minute {
            (self.minute, self.in_minute) = (minute, 0);
        }
        self.in_minute += 1;
        self.busiest = self.busiest.max(self.in_minute);
    }

    /// Estimated first arrivals are no more than there are pings.
    pub(super) fn by_hour(&self) -> HourCounts {
        let HourCounts { pings, firsts } = &self.by_hour;
        HourCounts { pings: *pings, firsts: std::array::from_fn(|hour| firsts[hour].min(pings[hour])) }
    }

    pub(super) fn busiest_minute(&self) -> u64 {
        self.busiest
    }
}
