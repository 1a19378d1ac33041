//! Whether memory stops growing once the window is full, as most strategies promise.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Memory, Promise};

use crate::record::{Judgement, MemoryOverTime, Verdict};
use crate::units::{bytes, duration};

/// Memory for the same load may be this much larger at the end than when the window had just filled. A table that
/// grows in powers of two may take its last step long after that, as ids that leave it keep their places for a while.
const GROWTH_ALLOWED: f64 = 2.2;

/// Too little to speak of: one page more a worker is no leak.
const NEGLIGIBLE_BYTES: f64 = 65_536.0;

/// What part of a stream a window has to be, at least, for the samples to show how it fills.
const SHORTEST_WINDOW: u64 = 16;

/// Compares what was held when the window had just filled, at its most, with what is held at the end, at its least, each
/// for the pings of the window before it, because a load that grows may take memory with it. `judged` are the pings
/// judged until each sample.
///
/// Said only of streams long enough to show it: five windows and more. A window that is shorter than what a few samples
/// can see counts as that long, because a strategy may hold on to pings for longer than its window.
pub(super) fn judge(
    promise: &Promise,
    window: Duration,
    series: &MemoryOverTime,
    judged: &[u64],
) -> Judgement {
    let length = series.t_ns.last().copied().unwrap_or(0);
    let window = saturating_nanos(window).max(length / SHORTEST_WINDOW);
    let budget = match promise.memory {
        Memory::Grows => None,
        Memory::Bounded => Some(0),
        Memory::Budgeted(bytes) => Some(bytes),
    };
    let finding = budget
        .filter(|_| length / 5 >= window)
        .and_then(|budget| growth(window, length, series, judged, budget));
    let verdict = if finding.is_some() { Verdict::Broken } else { Verdict::Kept };
    Judgement { verdict, findings: finding.into_iter().collect() }
}

fn growth(window: u64, length: u64, series: &MemoryOverTime, judged: &[u64], budget: u64) -> Option<String> {
    let samples = || series.t_ns.iter().copied().zip(series.live_bytes.iter().copied());
    let (full_at, full) =
        samples().filter(|(t, _)| (window..=2 * window).contains(t)).max_by_key(|(_, bytes)| *bytes)?;
    let (end_at, end) =
        samples().filter(|(t, _)| *t >= length - window / 2).min_by_key(|(_, bytes)| *bytes)?;
    let load = |at: u64| load(window, at, series, judged).max(1) as f64;
    let more_load = (load(end_at) / load(full_at)).max(1.0);
    let allowed = (full as f64 * GROWTH_ALLOWED * more_load).max(budget as f64) + NEGLIGIBLE_BYTES;
    (end as f64 > allowed).then(|| {
        let (then, now) = (bytes(full), bytes(end));
        format!("memory grows: {then} when its window had filled, {now} after {}", duration(length))
    })
}

/// Pings judged in the window that ends at `at`.
fn load(window: u64, at: u64, series: &MemoryOverTime, judged: &[u64]) -> u64 {
    let until = |t: u64| {
        let before = series.t_ns.partition_point(|sample| *sample <= t);
        before.checked_sub(1).map_or(0, |index| judged[index])
    };
    until(at) - until(at.saturating_sub(window))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_strategies::Window;

    const WINDOW: Duration = Duration::from_secs(600);

    /// A sample every minute for `windows` windows; `bytes` and pings judged as functions of the minute.
    fn judged(
        windows: u64,
        bytes: impl Fn(u64) -> u64,
        pings: impl Fn(u64) -> u64,
        memory: Memory,
    ) -> Judgement {
        let minutes = || 1..=windows * 10;
        let series = MemoryOverTime {
            t_ns: minutes().map(|minute| minute * 60_000_000_000).collect(),
            live_bytes: minutes().map(bytes).collect(),
            ids_count: Vec::new(),
        };
        let judged: Vec<u64> = minutes().map(pings).collect();
        let promise = Promise { memory, ..Promise::remembering(Window::Since(WINDOW)) };
        judge(&promise, WINDOW, &series, &judged)
    }

    const MIB: u64 = 1 << 20;
    const STEADY: fn(u64) -> u64 = |minute| minute * 1000;

    #[test]
    fn a_table_that_doubles_once_more_after_its_window_has_filled_is_no_leak() {
        let table = |minute: u64| if minute < 43 { 16 * MIB } else { 32 * MIB };
        assert_eq!(judged(6, table, STEADY, Memory::Bounded).verdict, Verdict::Kept);
    }

    #[test]
    fn what_grows_with_every_ping_or_doubles_for_ever_is_a_leak() {
        let every_ping = judged(6, |minute| minute * MIB, STEADY, Memory::Bounded);
        assert_eq!(
            every_ping.findings,
            ["memory grows: 20 MiB when its window had filled, 55 MiB after 1 h"]
        );
        let doubling = |minute: u64| minute.next_power_of_two() * MIB;
        assert_eq!(judged(8, doubling, STEADY, Memory::Bounded).verdict, Verdict::Broken);
    }

    #[test]
    fn who_promised_nothing_breaks_nothing() {
        assert_eq!(judged(6, |minute| minute * MIB, STEADY, Memory::Grows).verdict, Verdict::Kept);
    }

    #[test]
    fn a_budget_may_fill_late_and_is_no_licence_to_go_on_beyond_it() {
        for (mib, verdict) in [(60, Verdict::Kept), (50, Verdict::Broken)] {
            let budgeted = judged(6, |minute| minute * MIB, STEADY, Memory::Budgeted(mib * MIB));
            assert_eq!(budgeted.verdict, verdict);
        }
    }

    #[test]
    fn memory_may_grow_with_the_load_and_no_faster() {
        let tenfold =
            |minute: u64| if minute <= 30 { minute * 1000 } else { 30_000 + (minute - 30) * 10_000 };
        let with_load = |minute: u64| if minute <= 30 { 10 * MIB } else { 100 * MIB };
        assert_eq!(judged(6, with_load, tenfold, Memory::Bounded).verdict, Verdict::Kept);
        let faster = |minute: u64| if minute <= 30 { 10 * MIB } else { 300 * MIB };
        assert_eq!(judged(6, faster, tenfold, Memory::Bounded).verdict, Verdict::Broken);
    }

    #[test]
    fn a_stream_of_few_windows_says_nothing() {
        assert_eq!(judged(4, |minute| minute * MIB, STEADY, Memory::Bounded).verdict, Verdict::Kept);
    }
}
