//! What programs print, read as they print it.

use std::io::{self, Read};
use std::thread;
use std::time::{Duration, Instant};

/// As much as a pipe holds.
pub(super) const PIECE: usize = 1 << 16;

/// As long as so much is read in, at least: whoever floods us comes to 64 MB a second, and leaves the processors to others.
const FOR_A_PIECE: Duration = Duration::from_millis(1);

/// Hands on all that comes, in pieces of up to what a pipe holds, until nothing more can.
pub fn hear_all(mut said: impl Read, mut hear: impl FnMut(&[u8])) {
    let mut bytes = vec![0; PIECE];
    let (mut since, mut heard) = (Instant::now(), 0);
    loop {
        match said.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => {
                hear(&bytes[..count]);
                heard += count;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
        if heard >= PIECE {
            thread::sleep(FOR_A_PIECE.saturating_sub(since.elapsed()));
            (since, heard) = (Instant::now(), 0);
        }
    }
}
