//! The clock of a private server: eight bytes in a file, which the server reads and the run writes.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use dedup_strategies::Timestamp;
use dedup_strategies::time::saturating_nanos;

/// The preload library; empty where the build's target has none, and servers run on wall time.
const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/virtual_clock.so"));

/// The variable in which a server finds the path of its clock.
const CLOCK_VARIABLE: &str = "DEDUP_VIRTUAL_CLOCK";

/// How long a Valkey goes by what it last read of its clock: a millisecond (9.1.2: commands that took 30 us each came to one
/// time by thirties), and some more, as it reads when the next command comes.
const READ_AGAIN: Duration = Duration::from_micros(1200);

/// A clock that stands still until it is set.
///
/// The server maps the file shared; `set` writes it with an ordinary positioned write. On Linux both see the same
/// page of the page cache, so a server that is asked anything after `set` has returned reads the new time; and eight
/// aligned bytes are copied in one piece, so it never reads half of one.
#[derive(Debug)]
pub struct VirtualClock {
    file: File,
    /// What it was last set to.
    set_to_ns: AtomicU64,
    /// By how much it is ahead of what it is set to.
    ahead_ns: AtomicU64,
    /// Whether its server has to be given [`READ_AGAIN`] after each change.
    is_read_seldom: AtomicBool,
}

impl VirtualClock {
    /// Whether servers can be put on a virtual clock on this system (Linux with glibc, x86-64 or AArch64).
    pub const fn is_supported() -> bool {
        !LIBRARY.is_empty()
    }

    /// A new clock at `path` that says `start`.
    pub fn create(path: &Path, start: Timestamp) -> io::Result<VirtualClock> {
        let clock = VirtualClock::of(File::create_new(path)?);
        clock.set(start)?;
        Ok(clock)
    }

    /// The clock at `path`, made by another process.
    pub fn open(path: &Path) -> io::Result<VirtualClock> {
        Ok(VirtualClock::of(File::options().write(true).open(path)?))
    }

    fn of(file: File) -> VirtualClock {
        VirtualClock {
            file,
            set_to_ns: AtomicU64::new(0),
            ahead_ns: AtomicU64::new(0),
            is_read_seldom: AtomicBool::new(false),
        }
    }

    /// From now on a change waits until a server that reads its clock seldom has read it.
    pub(super) fn is_read_seldom(&self) {
        self.is_read_seldom.store(true, Ordering::Relaxed);
    }

    /// Sets the time. It may go backwards, which servers take like any operator's change of the clock.
    pub fn set(&self, now: Timestamp) -> io::Result<()> {
        let before = self.set_to_ns.swap(now.as_nanos(), Ordering::Relaxed);
        self.write(now.as_nanos())?;
        if before != now.as_nanos() && self.is_read_seldom.load(Ordering::Relaxed) {
            std::thread::sleep(READ_AGAIN);
        }
        Ok(())
    }

    /// Makes it say this much more than it is set to, now and from now on, like a clock that was set wrong.
    pub fn run_ahead(&self, by: Duration) -> io::Result<()> {
        self.ahead_ns.store(saturating_nanos(by), Ordering::Relaxed);
        self.write(self.set_to_ns.load(Ordering::Relaxed))
    }

    fn write(&self, nanos: u64) -> io::Result<()> {
        let told = nanos.saturating_add(self.ahead_ns.load(Ordering::Relaxed));
        self.file.write_all_at(&told.to_ne_bytes(), 0)
    }
}

/// Writes the preload library to `library`.
pub(super) fn install(library: &Path) -> io::Result<()> {
    std::fs::write(library, LIBRARY)
}

/// The environment that makes a server load the preload library and read the clock at `clock`.
pub(super) fn environment(library: &Path, clock: &Path) -> [(&'static str, PathBuf); 2] {
    [("LD_PRELOAD", library.to_path_buf()), (CLOCK_VARIABLE, clock.to_path_buf())]
}
