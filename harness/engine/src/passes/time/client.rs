//! One of several clients that load one store at once: which keys are its own, and when its loops begin.

use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dedup_stream::stream::KeyShare;

use crate::environment::{CellError, TimeOptions};
use crate::passes::Bench;
use crate::record::Failure;

/// Between the two loops of a cell, and between two cells: for fresh instances, and for clients that take longer than others.
const PAUSE: Duration = Duration::from_secs(5);

/// How far apart two looks at the clock are.
const LOOK: Duration = Duration::from_millis(50);

/// How long a cell's two loops take, pauses included: so much later does the next cell begin.
pub fn slot(budget: Duration) -> Duration {
    2 * (budget + PAUSE)
}

/// A client.
pub(super) struct Client {
    /// The keys that are its own.
    pub(super) share: KeyShare,
    /// When its first loop begins, since 1970; none where it is the only one.
    start: Option<Duration>,
}

impl Client {
    pub(super) fn of(bench: &Bench<'_>, options: &TimeOptions) -> Result<Client, CellError> {
        let share = bench.pipelines.first();
        let share = share.ok_or_else(|| CellError::Refused("there are not as many clients".to_string()))?;
        Ok(Client { share, start: options.start_at_ns.map(Duration::from_nanos) })
    }

    pub(super) fn is_alone(&self) -> bool {
        self.start.is_none()
    }

    /// Its number, from 1, where there are several.
    pub(super) fn number(&self) -> Option<u32> {
        (!self.share.is_all()).then(|| self.share.index() + 1)
    }

    /// Its part of the rate, where one is given.
    pub(super) fn rate(&self, options: &TimeOptions) -> Option<f64> {
        options.rate_per_s.map(|rate| rate / f64::from(self.share.of().get()))
    }

    pub(super) fn wait_for_first_loop(&self, alive: fn()) -> Result<(), CellError> {
        self.start.map_or(Ok(()), |start| wait_until(start, alive))
    }

    /// The first one takes about `budget`.
    pub(super) fn wait_for_second_loop(&self, budget: Duration, alive: fn()) -> Result<(), CellError> {
        self.start.map_or(Ok(()), |start| wait_until(start + budget + PAUSE, alive))
    }
}

/// Waits until that long after 1970, by this machine's clock. Who comes late would load the store while others do not.
fn wait_until(start: Duration, alive: fn()) -> Result<(), CellError> {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    if let Some(late) = now().checked_sub(start).filter(|late| !late.is_zero()) {
        let reason = format!(
            "came {late:.1?} too late to load the store with the others: give a later --start-at, or fewer --time-pings"
        );
        return Err(CellError::Failed(Failure::Died, reason));
    }
    while let Some(left) = start.checked_sub(now()).filter(|left| !left.is_zero()) {
        alive();
        thread::sleep(left.min(LOOK));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_comes_late_is_not_let_in() {
        let error = wait_until(Duration::from_secs(1), || {}).unwrap_err();
        assert!(format!("{error:?}").contains("later --start-at"), "{error:?}");
    }
}
