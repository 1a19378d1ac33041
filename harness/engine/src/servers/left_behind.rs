//! What a program has started and left behind: it ends with the program, in whatever session it is.

use std::ops::ControlFlow;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait};

use crate::process::descendants;
use crate::wait::until;

/// How long they may take to be gone once they are killed: what writes to a disk that hangs cannot be killed.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whoever loses his parent among all that this process starts from now on becomes its child, and is found by
/// [`end_all`].
pub(super) fn adopt() {
    // Where the system cannot do that, process groups end what they reach.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
}

/// Kills everything that this process has started, and what that has started, until nothing is left. Nobody may wait for
/// a child meanwhile.
pub(super) fn end_all() {
    let _ = until(PATIENCE, || {
        while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        let left = descendants(std::process::id());
        let pids = left.iter().filter_map(|id| Pid::from_raw(i32::try_from(*id).ok()?));
        for pid in pids {
            // It can only fail because the process has ended.
            let _ = kill_process(pid, Signal::KILL);
        }
        if left.is_empty() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}
