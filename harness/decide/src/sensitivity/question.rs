//! What is asked, as figures that can be varied one by one.

use crate::candidate::Candidate;
use crate::loss::MissedBy;
use crate::needs::Needs;
use crate::traffic::Traffic;
use dedup_records::curve::Known;

/// Borders between early and late copies that are varied, in seconds.
const BORDERS_S: [f64; 3] = [600.0, 3600.0, 86_400.0];

/// A question, and by how much it differs from the one that the candidates are made for.
#[derive(Clone)]
pub(super) struct Question<'a> {
    asked: &'a Traffic,
    /// Pings a second.
    pub(super) rate: f64,
    /// The share of pings that are copies.
    pub(super) duplicates: f64,
    /// The share of copies after each border.
    pub(super) late: [Option<f64>; BORDERS_S.len()],
    pub(super) needs: Needs,
}

impl<'a> Question<'a> {
    pub(super) fn new(traffic: &'a Traffic, needs: &Needs) -> Question<'a> {
        let late =
            |border: f64| Some(1.0 - traffic.lags.within(border)).filter(|late| *late > 0.0 && *late < 1.0);
        Question {
            asked: traffic,
            rate: traffic.pings_per_s,
            duplicates: traffic.duplicates,
            late: BORDERS_S.map(late),
            needs: needs.clone(),
        }
    }

    /// The traffic that it is about now.
    pub(super) fn traffic(&self) -> Traffic {
        let mut traffic = self.asked.clone();
        traffic.pings_per_s = self.rate;
        traffic.busiest_per_s *= self.by();
        traffic.duplicates = self.duplicates;
        for (border, late) in BORDERS_S.iter().zip(self.late) {
            let moved = late.filter(|late| *late != 1.0 - self.asked.lags.within(*border));
            if let Some(lags) = moved.and_then(|late| traffic.lags.with_share_after(*border, late)) {
                traffic.lags = lags;
            }
        }
        traffic
    }

    /// What candidates come to now: bytes go with the ids (what does not, buffers, is small where it matters), and what is missed
    /// with the lags.
    pub(super) fn candidates(&self, candidates: &[Candidate]) -> Vec<Candidate> {
        let traffic = self.traffic();
        let is_moved = traffic.lags != self.asked.lags;
        let vary = |candidate: &Candidate| {
            let mut varied = candidate.clone();
            let by = self.by();
            varied.ids *= by;
            for bytes in [&mut varied.worker_bytes, &mut varied.server_bytes, &mut varied.disk_bytes] {
                *bytes = Known { value: bytes.value * by, ..*bytes };
            }
            if is_moved {
                self.move_lags(candidate, &traffic, &mut varied);
            }
            varied
        };
        candidates.iter().map(vary).collect()
    }

    fn by(&self) -> f64 {
        self.rate / self.asked.pings_per_s
    }

    /// Each cause of misses goes with the share of copies that it concerns; what the nightly job leaves, with all of them.
    fn move_lags(&self, candidate: &Candidate, now: &Traffic, varied: &mut Candidate) {
        let (window, gap) = (candidate.remembers_s(), candidate.gap_s);
        let was = MissedBy::of(candidate, self.asked);
        let ratio = |share: fn(&Traffic, f64) -> f64, at: f64| match share(self.asked, at) {
            before if before > 0.0 => share(now, at) / before,
            _ => 1.0,
        };
        let within = |traffic: &Traffic, at: f64| traffic.lags.within(at);
        let after = |traffic: &Traffic, at: f64| 1.0 - traffic.lags.within(at);
        let live = was.after_window * ratio(after, window)
            + was.before_mark * ratio(within, gap)
            + was.within_window * ratio(within, window);
        let factor = match candidate.missed_live.value {
            before if before > 0.0 => live / before,
            _ => 1.0,
        };
        varied.missed_live.value = live.min(1.0);
        if let Some(stable) = &mut varied.missed_stable {
            stable.value = (stable.value * factor).min(1.0);
        }
    }
}

/// What the border between early and late copies is called.
pub(super) const LATE: [&str; BORDERS_S.len()] =
    ["copies after 10 min", "copies after 1 h", "copies after 24 h"];
