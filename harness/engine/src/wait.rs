//! Waiting for what another process or thread brings about, and not for ever.

use std::io;
use std::ops::ControlFlow;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks: this part of the time waited so far, so that nobody waits much longer than needed and a long wait
/// costs nothing.
const PAUSE_PART: u32 = 16;
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Looks again and again until `look` finds what is waited for; once `patience` is over, what it saw last instead.
pub fn until<T, N>(patience: Duration, mut look: impl FnMut() -> ControlFlow<T, N>) -> Result<T, N> {
    let began = Instant::now();
    loop {
        let seen = match look() {
            ControlFlow::Break(found) => return Ok(found),
            ControlFlow::Continue(seen) => seen,
        };
        let waited = began.elapsed();
        if waited >= patience {
            return Err(seen);
        }
        let pause = (waited / PAUSE_PART).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
        thread::sleep(pause.min(patience - waited));
    }
}

/// Waits for the end of a process; none if it goes on when `patience` is over.
pub fn until_ended(child: &mut Child, patience: Duration) -> io::Result<Option<ExitStatus>> {
    until(patience, || ended(child)).unwrap_or(Ok(None))
}

/// One look at a process: how it ended, or that it goes on.
pub fn ended(child: &mut Child) -> ControlFlow<io::Result<Option<ExitStatus>>> {
    match child.try_wait() {
        Ok(None) => ControlFlow::Continue(()),
        found => ControlFlow::Break(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_at_some_look_is_returned_and_what_never_is_gives_the_last_sight_of_it() {
        let mut looks = 0;
        let mut third = || {
            looks += 1;
            if looks == 3 { ControlFlow::Break("found") } else { ControlFlow::Continue(looks) }
        };
        assert_eq!(until(Duration::MAX, &mut third), Ok("found"));
        assert_eq!(until(Duration::ZERO, third), Err(4));
    }

    #[test]
    fn a_process_is_waited_for_no_longer_than_asked() {
        let mut child = std::process::Command::new("sleep").arg("1000").spawn().unwrap();
        assert_eq!(until_ended(&mut child, Duration::from_millis(3)).unwrap(), None);
        child.kill().unwrap();
        assert!(until_ended(&mut child, Duration::MAX).unwrap().is_some());
    }
}
