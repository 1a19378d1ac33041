//! A failover of the Redis behind a candidate.
//!
//! A Redis fails over in real time, so this stream is squeezed, and the outage is as much longer as it sees it. It is a
//! stream of its own: in one of weeks, squeezed to seconds, the outage would last for hours. What the formulas say of a
//! failover does not depend on lags, so that all copies come within the stream, and within the window.

use std::fmt::Write;

use dedup_decide::{Beside, Candidate, FailedOver, Marks, Needs, Traffic, while_away};
use dedup_stream::scenario::{Scenario, ScenarioError};

use super::stream::write_pipeline;
use crate::record::VerifyFigures;
use crate::servers::PRIMARIES;

/// Unique pings a second of the stream, at most.
const UNIQUES_PER_S: f64 = 100.0;

/// Seconds of the stream that pass in a real one: it takes some eight seconds.
pub const TIME_FACTOR: f64 = 40.0;

/// A stream, and the failover in it.
#[derive(Clone, Debug)]
pub struct FailoverTrial {
    /// The stream, with its fault.
    pub scenario: Scenario,
    uniques_per_s: f64,
    copies_per_s: f64,
}

/// A trial of a candidate whose state is in a server, if failovers are asked for.
pub fn failover_trial(
    candidate: &Candidate,
    traffic: &Traffic,
    needs: &Needs,
) -> Option<Result<FailoverTrial, ScenarioError>> {
    if !candidate.place.is_server() || needs.failovers_per_year == 0.0 {
        return None;
    }
    let uniques_per_s = traffic.uniques_per_s().min(UNIQUES_PER_S);
    let share = (traffic.copies_per_s() / traffic.uniques_per_s().max(1e-12)).min(1.0);
    let text = toml(uniques_per_s, share, needs).expect("a string takes whatever is written");
    Some(Scenario::from_toml("failover.toml", &text).map(|scenario| FailoverTrial {
        scenario,
        uniques_per_s,
        copies_per_s: uniques_per_s * share,
    }))
}

fn toml(uniques_per_s: f64, share: f64, needs: &Needs) -> Result<String, std::fmt::Error> {
    let mut out = String::new();
    writeln!(out, "about = \"A failover under the traffic that advice was asked about, thinned out.\"")?;
    writeln!(out, "duration = \"5m\"\nwindow = \"10m\"")?;
    writeln!(out, "\n[arrival]\nprocess = \"poisson\"\nrate = {uniques_per_s}")?;
    write_pipeline(&mut out, needs)?;
    if share > 0.0 {
        writeln!(out, "\n[[repeat]]\ncause = \"copies\"\nshare = {share}\nlag.uniform = [\"1s\", \"1m\"]")?;
    }
    writeln!(out, "\n[[fault]]\nkind = \"primary-failover\"\nat = \"1m\"\nfor = \"3m\"")?;
    Ok(out)
}

impl FailoverTrial {
    /// What the formulas say of the failover, beside what it added to the same stream; none if it was not seen to happen, or
    /// nothing is known of the stream without it.
    pub fn beside(&self, candidate: &Candidate, needs: &Needs, seen: &VerifyFigures) -> Option<FailedOver> {
        let faultless = seen.faultless?;
        let outage_s = seen.faults.iter().find_map(|fault| fault.outage_ns)? as f64 / 1e9;
        let [delivered, lost] = self.predicted(candidate, needs, outage_s);
        let added = |with: u64, without: u64| with as f64 - without as f64;
        Some(FailedOver {
            outage_s,
            time_factor: TIME_FACTOR,
            pings: seen.pings_count,
            delivered: Beside {
                predicted: delivered,
                seen: added(seen.missed_count, faultless.missed_count),
            },
            lost: Beside { predicted: lost, seen: added(seen.lost_count, faultless.lost_count) },
        })
    }

    /// Duplicates delivered and unique pings lost, by the formulas of advice, if a primary is away for so long. One of the
    /// primaries dies, and its share of the keys is away.
    pub(super) fn predicted(&self, candidate: &Candidate, needs: &Needs, outage_s: f64) -> [f64; 2] {
        let away = 1.0 / PRIMARIES as f64;
        let delivered = while_away(candidate, self.copies_per_s * outage_s * away);
        let lost = match candidate.marks {
            Marks::AtCheck => self.uniques_per_s * needs.round_trip.as_secs_f64() * TIME_FACTOR * away,
            Marks::AfterDelivery => 0.0,
        };
        [delivered, lost]
    }
}
