//! Requests to stop: Ctrl-C, SIGTERM, and the end of the terminal.

use std::array;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::pipe;

use crate::exit::Exit;
use crate::process::ignores;

/// A flag that the first request sets. The second ends the program where it stands; guards remove what is private to it.
/// To be called once.
pub fn stop_on_interrupt() -> anyhow::Result<Arc<AtomicBool>> {
    let [stop] = interrupts()?;
    Ok(stop)
}

/// Flags of which the first request sets the first, and so on; one more request ends the program where it stands. With the
/// last of them waits end for whoever reads what the program says. To be called once.
pub fn interrupts<const N: usize>() -> anyhow::Result<[Arc<AtomicBool>; N]> {
    let flags: [Arc<AtomicBool>; N] = array::from_fn(|_| Arc::default());
    // Whoever started it with `nohup` wants it to go on without the terminal.
    let heard = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| *signal != SIGHUP || !ignores(SIGHUP));
    // A byte for each of them: of two in a row none is lost.
    let (mut requests, tell) = UnixStream::pair().context("handler for Ctrl-C")?;
    for signal in heard {
        tell.try_clone().and_then(|tell| pipe::register(signal, tell)).context("handler for Ctrl-C")?;
    }
    flags.last().into_iter().for_each(dedup_files::heed);
    let to_set = flags.clone();
    let listen = move || {
        while requests.read_exact(&mut [0]).is_ok() {
            if to_set.iter().all(|flag| flag.swap(true, Ordering::Relaxed)) {
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    };
    thread::Builder::new().name("signals".to_string()).spawn(listen).context("handler for Ctrl-C")?;
    Ok(flags)
}
