//! What a command has to say, on standard output.

use std::io::{ErrorKind, Write};

use anyhow::Context as _;

/// Prints `text`. A reader that has seen enough, such as `head`, is no error: what the command still has to do is done, and
/// it ends with the code of what it found.
pub fn print(out: &mut dyn Write, text: &str) -> anyhow::Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        printed => printed.context("standard output"),
    }
}

/// Says on standard error what somebody should know, in lines of 80 columns.
pub fn note(text: &str) {
    let mut lines = String::new();
    dedup_decide::render::wrapped(&mut lines, "note: ", &crate::printable::printable(text));
    dedup_files::say(lines.trim_end());
}
