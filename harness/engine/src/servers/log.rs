//! What servers print, in a file that does not grow for ever.

use std::fs::File;
use std::io::{self, PipeReader, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use super::hear::hear_all;

/// What servers and guard print, in the private directory.
pub(super) const LOG: &str = "log";

/// As large as the file may become: then it begins anew, because only its end is ever shown.
const LONGEST: u64 = 1 << 20;

/// Writes all that comes into the log in `dir`. Tells when nothing more comes.
pub(super) fn keep(said: PipeReader, dir: &Path) -> io::Result<Receiver<()>> {
    let mut log = File::options().create(true).append(true).open(dir.join(LOG))?;
    let (tell, told) = channel();
    thread::Builder::new().name("log".into()).spawn(move || {
        hear_all(said, |piece| {
            if log.metadata().is_ok_and(|file| file.len() > LONGEST) {
                let _ = log.set_len(0);
            }
            // A server that is not heard any more, on a full disk, goes on.
            let _ = log.write_all(piece);
        });
        let _ = tell.send(());
    })?;
    Ok(told)
}

#[cfg(test)]
mod tests {
    use super::super::hear::PIECE;
    use super::*;

    #[test]
    fn a_log_holds_the_end_of_what_was_said_and_does_not_grow_for_ever() {
        let dir = tempfile::tempdir().unwrap();
        let (said, mut say) = io::pipe().unwrap();
        let told = keep(said, dir.path()).unwrap();
        for index in 0..200_000 {
            writeln!(say, "line {index}").unwrap();
        }
        drop(say);
        told.recv().unwrap();
        let log = std::fs::read_to_string(dir.path().join(LOG)).unwrap();
        assert!(log.ends_with("line 199999\n") && log.len() <= LONGEST as usize + PIECE, "{}", log.len());
    }
}
