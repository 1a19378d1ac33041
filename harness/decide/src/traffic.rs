//! The traffic that is decided about.

use std::time::Duration;

use dedup_profile::{Clock, Profile, Times, lag_floor_us};
use serde::Serialize;

use crate::quantity::{self, DAY_S};

/// How many pings come, how many of them are copies, and how late those come.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// What it is called.
    pub name: String,
    /// Pings a second on the mean, copies included.
    pub pings_per_s: f64,
    /// Pings a second when it is busiest.
    pub busiest_per_s: f64,
    /// The share of all pings that are copies of earlier ones.
    pub duplicates: f64,
    /// Copies of a ping that is copied at all, on the mean.
    pub copies: f64,
    /// How late copies come.
    pub lags: Lags,
    /// Bytes of a payload.
    pub payload_bytes: u64,
    /// The most distinct ids in any window of so many seconds, ascending, where that was counted: on straight lines between the
    /// logarithms of both.
    pub counted_ids: Vec<(f64, f64)>,
}

/// The share of copies that come no later than each lag: straight lines between the points, from no lag at share 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lags(Vec<(f64, f64)>);

/// Traffic that cannot be decided about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{from}: {field}: found {found}; allowed is {allowed}")]
pub struct TrafficError {
    /// The file, or the command line.
    pub from: String,
    /// The field.
    pub field: &'static str,
    /// What is there.
    pub found: String,
    /// What may be.
    pub allowed: &'static str,
}

const LAGS: &str = "lags with growing shares, such as 50%=10m,90%=8h,99.9%=3d, or nightly";

impl Lags {
    /// Points of seconds and shares, both ascending; the last share is 1.
    pub fn new(points: Vec<(f64, f64)>) -> Option<Lags> {
        let ascends = points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1);
        let ends = points.last().is_some_and(|(_, share)| (*share - 1.0).abs() < 1e-9);
        (ascends && ends && points[0].0 >= 0.0 && points[0].1 >= 0.0).then_some(Lags(points))
    }

    /// `50%=10m,90%=8h,99.9%=3d`. What is left comes in as much time again as from the point before to the last one.
    pub fn parse(from: &str, text: &str) -> Result<Lags, TrafficError> {
        let wrong = || TrafficError {
            from: from.to_string(),
            field: "lags",
            found: format!("{text:?}"),
            allowed: LAGS,
        };
        let point = |part: &str| {
            let (share, lag) = part.split_once('=')?;
            Some((quantity::time(lag).ok()?.as_secs_f64(), quantity::share(share).ok()?))
        };
        let mut points: Vec<(f64, f64)> =
            text.split(',').map(point).collect::<Option<_>>().ok_or_else(wrong)?;
        let rising = points.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1);
        let last = points.last().copied().filter(|(lag, share)| rising && *share > 0.0 && *lag > 0.0);
        let (lag, share) = last.ok_or_else(wrong)?;
        if share < 1.0 {
            let before = points.len().checked_sub(2).map_or(0.0, |before| points[before].0);
            points.push((2.0 * lag - before, 1.0));
        }
        Lags::new(points).ok_or_else(wrong)
    }

    /// Seconds and shares.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.0
    }

    /// The share of copies that come within so many seconds.
    pub fn within(&self, seconds: f64) -> f64 {
        let after = self.0.partition_point(|(lag, _)| *lag <= seconds);
        let before = after.checked_sub(1).map_or((0.0, 0.0), |before| self.0[before]);
        match self.0.get(after) {
            None => 1.0,
            Some((lag, share)) => {
                before.1 + (share - before.1) * (seconds - before.0).max(0.0) / (lag - before.0).max(1e-12)
            }
        }
    }

    /// The lag that a share of copies does not exceed, in seconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = self.0.partition_point(|(_, until)| *until < share).min(self.0.len() - 1);
        let before = at.checked_sub(1).map_or((0.0, 0.0), |before| self.0[before]);
        let (lag, until) = self.0[at];
        match until - before.1 {
            width if width <= 0.0 => lag,
            width => before.0 + (lag - before.0) * ((share - before.1) / width).clamp(0.0, 1.0),
        }
    }

    /// The same with this share of the copies after so many seconds: earlier ones, and later ones among themselves, stay as they
    /// are. None where there are no earlier or no later ones.
    pub(crate) fn with_share_after(&self, seconds: f64, share: f64) -> Option<Lags> {
        let within = self.within(seconds);
        if within <= 0.0 || within >= 1.0 {
            return None;
        }
        // A point on the border itself comes to the border's share but for the last bit, and must not cross it by that.
        let earlier = 1.0 - share;
        let moved = |(lag, until): &(f64, f64)| match *lag <= seconds {
            true => (*lag, (until * earlier / within).min(earlier)),
            false => (*lag, (1.0 - (1.0 - until) * share / (1.0 - within)).max(earlier)),
        };
        let at = self.0.partition_point(|(lag, _)| *lag <= seconds);
        let mut points: Vec<(f64, f64)> = self.0.iter().map(moved).collect();
        points.insert(at, (seconds, earlier));
        Lags::new(points)
    }

    /// The longest lag, in seconds.
    pub fn longest(&self) -> f64 {
        self.0.last().map_or(0.0, |(lag, _)| *lag)
    }

    /// Lags of so many equal shares of the copies, each the middle one of its share.
    pub(crate) fn slices(&self, count: u32) -> impl Iterator<Item = f64> + '_ {
        (0..count).map(move |slice| self.quantile((f64::from(slice) + 0.5) / f64::from(count)))
    }
}

impl Traffic {
    /// Traffic that comes at one rate.
    pub fn steady(name: &str, pings_per_s: f64, duplicates: f64, lags: Lags, payload_bytes: u64) -> Traffic {
        Traffic {
            name: name.to_string(),
            pings_per_s,
            busiest_per_s: pings_per_s,
            duplicates,
            copies: 1.0,
            lags,
            payload_bytes,
            counted_ids: Vec::new(),
        }
    }

    /// The traffic of a profile, of payloads of this size, which it does not know.
    pub fn of_profile(from: &str, profile: &Profile, payload_bytes: u64) -> Result<Traffic, TrafficError> {
        let wrong = |field, found: String, allowed| {
            Err(TrafficError { from: from.to_string(), field, found, allowed })
        };
        if profile.times == Times::Order {
            const GIVEN: &str =
                "given: without times there is no rate and no lag; name them with --time-field";
            return wrong("times", "order".into(), GIVEN);
        }
        if profile.pings_count < 2 || profile.span().is_zero() {
            return wrong("pings_count", profile.pings_count.to_string(), "pings over some time");
        }
        let histogram = profile.lags(Clock::First);
        let total = histogram.total() as f64;
        let mut sum = histogram.below_1ms_count as f64;
        let mut points = vec![(0.001, sum / total.max(1.0))];
        for (bin, count) in &histogram.bins {
            let (begins, ends) = (lag_floor_us(usize::from(*bin)), lag_floor_us(usize::from(*bin) + 1));
            points.push((begins as f64 / 1e6, sum / total));
            sum += *count as f64;
            points.push((ends as f64 / 1e6, sum / total));
        }
        let lags = match total > 0.0 {
            true => Lags::new(points),
            false => Lags::new(vec![(1.0, 1.0)]),
        };
        let copied = profile.copies.iter().filter(|copies| copies.least > 1);
        let copied: f64 = copied.map(|copies| copies.ids as f64).sum();
        Ok(Traffic {
            name: profile.name.clone(),
            pings_per_s: profile.rate_per_s(),
            busiest_per_s: profile.busiest_per_s(),
            duplicates: profile.duplicate_share(),
            copies: (profile.duplicate_count as f64 / copied.max(1.0)).max(1.0),
            lags: lags.expect("bins of a profile ascend"),
            payload_bytes,
            counted_ids: counted_ids(profile),
        })
    }

    /// Unique pings a second.
    pub fn uniques_per_s(&self) -> f64 {
        self.pings_per_s * (1.0 - self.duplicates)
    }

    /// Copies a second.
    pub fn copies_per_s(&self) -> f64 {
        self.pings_per_s * self.duplicates
    }

    /// The share of what is delivered that so many duplicates a day are: of the uniques, those that are lost among them, and of
    /// these duplicates.
    pub fn share_of_delivered(&self, duplicates_per_day: f64) -> f64 {
        duplicates_per_day / (self.uniques_per_s() * DAY_S + duplicates_per_day)
    }

    /// The share of all copies that may pass so that duplicates are this share of what is delivered; above 1 where all may.
    pub fn copies_that_may_pass(&self, of_delivered: f64) -> f64 {
        of_delivered * (1.0 - self.duplicates) / ((1.0 - of_delivered) * self.duplicates)
    }

    /// Distinct ids in a window: as they were counted, and beyond that at the mean rate. Where they were not, at the rate when it
    /// is busiest for no more than an hour, and else on the mean.
    pub fn ids_in(&self, window: Duration) -> f64 {
        let seconds = window.as_secs_f64();
        let after = self.counted_ids.partition_point(|(length, _)| *length < seconds);
        match (after.checked_sub(1).map(|before| self.counted_ids[before]), self.counted_ids.get(after)) {
            (None, None) => self.ids_by_rate(seconds),
            (None, Some((length, ids))) => ids * seconds / length,
            (Some((length, ids)), None) => ids + self.uniques_per_s() * (seconds - length),
            (Some(before), Some(after)) => {
                let part = libm::log(seconds / before.0) / libm::log(after.0 / before.0);
                before.1 * libm::pow(after.1 / before.1, part)
            }
        }
    }

    fn ids_by_rate(&self, seconds: f64) -> f64 {
        let busy = seconds.min(3600.0);
        let firsts = 1.0 - self.duplicates;
        // A copy that comes after the window brings an id into it that the firsts do not account for.
        let late = self.duplicates * (1.0 - self.lags.within(seconds));
        (firsts + late) * (self.busiest_per_s * busy + self.pings_per_s * (seconds - busy))
    }

    /// The shortest window outside which no more than `share` of the copies come.
    pub fn window_for(&self, caught: f64) -> Duration {
        Duration::from_secs_f64(self.lags.quantile(caught.clamp(0.0, 1.0)).max(1.0))
    }
}

/// Windows in which ids were counted, and the whole of the traffic.
fn counted_ids(profile: &Profile) -> Vec<(f64, f64)> {
    let all = (profile.span().as_secs_f64(), profile.ids_count as f64);
    let windows = profile.windows.iter().map(|ids| (ids.length_s as f64, ids.peak_ids as f64));
    windows.filter(|(length, _)| *length < all.0).chain([all]).filter(|(_, ids)| *ids >= 1.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lags_go_through_their_points_in_straight_lines_and_end() {
        let lags = Lags::parse("x", "50%=10m,90%=8h,99.9%=3d").unwrap();
        assert_eq!((lags.within(600.0), lags.within(300.0), lags.within(28_800.0)), (0.5, 0.25, 0.9));
        assert_eq!((lags.quantile(0.5), lags.quantile(0.7).round()), (600.0, 14_700.0));
        // Three days, and as long again as from 8 hours to there.
        assert_eq!(lags.longest(), 2.0 * 259_200.0 - 28_800.0);
        assert_eq!((lags.within(1e9), lags.within(0.0)), (1.0, 0.0));
    }

    #[test]
    fn a_share_of_the_lags_is_moved_beyond_a_border() {
        let lags = Lags::parse("x", "50%=10m,100%=1h").unwrap();
        let moved = lags.with_share_after(600.0, 0.2).unwrap();
        assert_eq!((moved.within(300.0), moved.within(600.0), moved.within(2100.0)), (0.4, 0.8, 0.9));
        assert_eq!(lags.with_share_after(600.0, 0.5).unwrap().within(2100.0), lags.within(2100.0));
        assert_eq!((lags.with_share_after(3600.0, 0.1), lags.with_share_after(0.0, 0.1)), (None, None));
    }

    #[test]
    fn every_share_is_moved_beyond_a_border_on_which_a_lag_lies() {
        for text in ["50%=10m,95%=1day,99%=2days,100%=96h", "30%=1m,70%=1day,100%=4days"] {
            let lags = Lags::parse("x", text).unwrap();
            for thousandths in 1..1000 {
                let share = f64::from(thousandths) / 1000.0;
                let moved = lags.with_share_after(DAY_S, share).unwrap_or_else(|| panic!("{text} {share}"));
                assert!((moved.within(DAY_S) - (1.0 - share)).abs() < 1e-12, "{text} {share}");
            }
        }
    }

    #[test]
    fn lags_that_fall_or_say_nothing_are_refused_with_what_is_allowed() {
        for text in ["", "50%", "50%=10m,40%=1h", "50%=1h,60%=1h", "x=1h", "50%=soon", "0%=0s"] {
            let error = Lags::parse("the command line", text).unwrap_err().to_string();
            assert!(
                error.starts_with("the command line: lags: found ") && error.contains("50%=10m"),
                "{error}"
            );
        }
    }

    #[test]
    fn ids_in_a_window_are_the_firsts_and_the_copies_of_ids_before_it() {
        let lags = Lags::parse("x", "50%=10m,100%=1h").unwrap();
        let traffic = Traffic::steady("x", 1000.0, 0.1, lags, 0);
        assert_eq!(traffic.ids_in(Duration::from_secs(600)).round(), 600_000.0 * 0.95);
        assert_eq!(traffic.ids_in(Duration::from_secs(3600)).round(), 3_600_000.0 * 0.9);
        assert_eq!(traffic.window_for(0.5), Duration::from_secs(600));
    }

    #[test]
    fn duplicates_are_a_share_of_what_is_delivered_and_not_of_what_comes() {
        let lags = Lags::parse("x", "50%=1m,100%=1h").unwrap();
        let traffic = Traffic::steady("x", 100.0, 0.8, lags, 0);
        // 20 uniques a second, and 34 of the 80 copies.
        let share = traffic.share_of_delivered(34.0 * DAY_S);
        assert!((share - 34.0 / 54.0).abs() < 1e-12, "{share}");
        assert!((traffic.copies_that_may_pass(share) - 34.0 / 80.0).abs() < 1e-12);
        assert!(traffic.copies_that_may_pass(0.9) > 1.0);
        assert_eq!((traffic.share_of_delivered(0.0), traffic.copies_that_may_pass(0.0)), (0.0, 0.0));
    }

    #[test]
    fn ids_that_were_counted_are_not_worked_out() {
        let lags = Lags::parse("x", "50%=10m,100%=1h").unwrap();
        let mut traffic = Traffic::steady("x", 1000.0, 0.1, lags, 0);
        traffic.counted_ids = vec![(10.0, 1_000.0), (1_000.0, 10_000.0)];
        let ids = |seconds| traffic.ids_in(Duration::from_secs(seconds)).round();
        assert_eq!((ids(5), ids(10), ids(100), ids(1_000)), (500.0, 1_000.0, 3_162.0, 10_000.0));
        assert_eq!(ids(1_010), 10_000.0 + 10.0 * 900.0);
    }
}
