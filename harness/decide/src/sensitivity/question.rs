//! What is asked, as figures that can be varied one by one.

use crate::needs::Needs;
use crate::traffic::Traffic;

/// A question: what comes, and what must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// What comes.
    pub traffic: Traffic,
    /// What must hold.
    pub needs: Needs,
}

impl Question {
    /// With another rate: what was counted grows with it.
    pub(super) fn set_rate(&mut self, pings_per_s: f64) {
        let by = pings_per_s / self.traffic.pings_per_s;
        self.traffic.pings_per_s = pings_per_s;
        self.traffic.busiest_per_s *= by;
        self.traffic.counted_ids.iter_mut().for_each(|(_, ids)| *ids *= by);
    }

    /// The share of copies after a border, where there are some on both sides of it.
    pub(super) fn late(&self, border_s: f64) -> Option<f64> {
        Some(1.0 - self.traffic.lags.within(border_s)).filter(|late| *late > 0.0 && *late < 1.0)
    }

    /// With another share of copies after a border.
    pub(super) fn set_late(&mut self, border_s: f64, share: f64) {
        if let Some(lags) = self.traffic.lags.with_share_after(border_s, share) {
            self.traffic.lags = lags;
        }
    }
}
