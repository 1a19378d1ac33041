//! Work that cannot be asked to stop, on a thread of its own, and what is done when somebody asks to.

use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::wait::until;

/// How often the wish to stop is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// How long what was started may take to end, once nobody waits for it: a server that has not come up yet is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells `see` whatever the work on `thread` has to tell, until it has ended; false where somebody asked to stop before. Then
/// nothing that was started for it is left, but for what does not end within its time.
pub(super) fn see_all<T>(
    thread: JoinHandle<()>,
    told: Receiver<T>,
    stop: &AtomicBool,
    mut see: impl FnMut(T) -> anyhow::Result<()>,
) -> anyhow::Result<bool> {
    loop {
        if stop.load(Ordering::Relaxed) {
            drop(told);
            dedup_systems::give_up();
            let ended =
                || if thread.is_finished() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            let _ = until(PATIENCE, ended);
            return Ok(false);
        }
        match told.recv_timeout(LOOK_EVERY) {
            Ok(something) => see(something)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    // With it goes what was started for it.
    thread.join().map(|()| true).or_else(|panic| resume_unwind(panic))
}
