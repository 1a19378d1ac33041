//! Progress on standard error: a bar on a terminal, plain lines elsewhere, or nothing.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cell::SLOW_AFTER;
use crate::printable::printable;

/// Tells how far a run has come.
///
/// For each cell [`start`](Self::start), any number of [`update`](Self::update)s, and [`finish`](Self::finish).
pub struct Progress {
    face: Face,
    total: usize,
    started: usize,
    /// After how long the cell is called slow, or slow again.
    slow_after: Duration,
}

enum Face {
    Silent,
    Bar(ProgressBar),
    Plain(Plain),
}

/// Lines for logs: one a cell, begun when it is its turn, so that a cell that hangs is named.
struct Plain {
    out: Box<dyn Write + Send>,
    /// Whether a cell's line is not yet at its end.
    open: bool,
    /// How its line begins.
    head: String,
}

/// Of a narrow terminal.
const COLUMNS: usize = 80;

/// Steps of the bar within one cell.
const STEPS: u64 = 1_000;

impl Progress {
    /// For a run of `total_cells`; shows nothing if `quiet`.
    pub fn new(total_cells: usize, quiet: bool) -> Progress {
        let face = match (quiet, io::stderr().is_terminal()) {
            (true, _) => Face::Silent,
            (false, true) => Face::Bar(bar(total_cells)),
            (false, false) => {
                Face::Plain(Plain { out: Box::new(dedup_files::stderr()), open: false, head: String::new() })
            }
        };
        Progress { face, total: total_cells, started: 0, slow_after: SLOW_AFTER }
    }

    /// A cell begins.
    pub fn start(&mut self, label: &str) {
        self.started += 1;
        self.slow_after = SLOW_AFTER;
        let head = self.head(label);
        match &mut self.face {
            Face::Silent => {}
            Face::Bar(bar) => {
                bar.set_position((self.started as u64 - 1) * STEPS);
                bar.set_message(head);
            }
            Face::Plain(plain) => plain.begin(&head),
        }
    }

    /// How much of the cell is done, from 0 to 1. Free to call often: a bar redraws a few times a second at most.
    pub fn update(&self, fraction: f64) {
        if let Face::Bar(bar) = &self.face {
            let before = (self.started.max(1) as u64 - 1) * STEPS;
            bar.set_position(before + (fraction.clamp(0.0, 1.0) * STEPS as f64) as u64);
        }
    }

    /// What is said of the cell once it is slow, which is still at work `after` so long. A log hears it once, and again
    /// whenever it has taken twice as long.
    pub fn slow(&mut self, after: Duration, remark: &str) {
        if after < self.slow_after {
            return;
        }
        match &mut self.face {
            Face::Silent => {}
            Face::Bar(bar) => {
                let head = bar.message();
                let head = head.split("  slow: ").next().unwrap_or_default().to_string();
                bar.set_message(format!("{head}  {remark}"));
            }
            Face::Plain(plain) => plain.remark(remark),
        }
        self.slow_after = after * 2;
    }

    /// The cell has ended, which took so long; `summary` says how, and may be empty.
    pub fn finish(&mut self, took: Duration, summary: &str) {
        let summary = &*printable(summary);
        match &mut self.face {
            Face::Silent => {}
            Face::Bar(bar) => {
                bar.set_position(self.started as u64 * STEPS);
                if !summary.is_empty() {
                    bar.set_message(summary.to_string());
                }
                if self.started >= self.total {
                    bar.finish_and_clear();
                }
            }
            Face::Plain(plain) => plain.end(took, summary),
        }
    }

    /// Does something to the terminal that no bar or open line may stand in the way of.
    pub fn aside<T>(&mut self, act: impl FnOnce() -> T) -> T {
        match &mut self.face {
            Face::Silent => act(),
            Face::Bar(bar) => bar.suspend(act),
            Face::Plain(plain) => {
                plain.break_line();
                act()
            }
        }
    }

    /// Says something that is not about the progress of a cell; nothing where it is empty.
    pub fn note(&mut self, text: &str) {
        let text = &*printable(text);
        if text.is_empty() {
            return;
        }
        match &mut self.face {
            Face::Silent => {}
            Face::Bar(bar) => bar.println(text),
            Face::Plain(plain) => plain.note(text),
        }
    }

    /// `[ 3/36] label`, numbers as wide as the total.
    fn head(&self, label: &str) -> String {
        let width = self.total.to_string().len();
        format!("[{:>width$}/{}] {}", self.started, self.total, printable(label))
    }
}

impl Drop for Progress {
    /// Leaves neither a bar on the screen nor a line without its end, also after Ctrl-C or an error.
    fn drop(&mut self) {
        match &mut self.face {
            Face::Silent => {}
            Face::Bar(bar) => bar.finish_and_clear(),
            Face::Plain(plain) => plain.break_line(),
        }
    }
}

fn bar(total_cells: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24.green/dim} {wide_msg} {elapsed:.dim}")
        .expect("a template that the tests have parsed");
    let bar = ProgressBar::with_draw_target(
        Some(total_cells as u64 * STEPS),
        ProgressDrawTarget::stderr_with_hz(8),
    );
    bar.set_style(style);
    // Without it the elapsed time would stand still while a cell reports nothing.
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

// Standard error that cannot be written to is no reason to stop measuring: errors are left aside here.
impl Plain {
    fn begin(&mut self, head: &str) {
        self.break_line();
        head.clone_into(&mut self.head);
        self.open();
    }

    fn end(&mut self, took: Duration, summary: &str) {
        if !self.open {
            self.open();
        }
        self.open = false;
        let blank = if summary.is_empty() { "" } else { "  " };
        let _ = writeln!(self.out, " {:.1} s{blank}{summary}", took.as_secs_f64());
    }

    /// Begins the line of the cell, once more where something came between.
    fn open(&mut self) {
        let _ = write!(self.out, "{} …", self.head);
        let _ = self.out.flush();
        self.open = true;
    }

    /// Ends the line of the cell for now.
    fn remark(&mut self, text: &str) {
        if !self.open {
            self.open();
        }
        self.open = false;
        // As much on its line as a terminal of 80 columns shows.
        let taken = self.head.chars().count() + " …".len();
        let mut line = String::new();
        let mut room = COLUMNS.saturating_sub(taken);
        for part in text.split_inclusive("; ") {
            let letters = part.trim_end().chars().count();
            if !line.is_empty() && letters >= room {
                line = line.trim_end().to_string() + "\n   ";
                room = COLUMNS - 4;
            }
            line.push(' ');
            line.push_str(part.trim_end());
            room = room.saturating_sub(letters + 1);
        }
        let _ = writeln!(self.out, "{line}");
    }

    fn note(&mut self, text: &str) {
        self.break_line();
        let _ = writeln!(self.out, "{text}");
    }

    fn break_line(&mut self) {
        if std::mem::take(&mut self.open) {
            let _ = writeln!(self.out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn plain(total: usize, script: impl FnOnce(&mut Progress)) -> String {
        let out = Shared::default();
        let face = Face::Plain(Plain { out: Box::new(out.clone()), open: false, head: String::new() });
        let mut progress = Progress { face, total, started: 0, slow_after: SLOW_AFTER };
        script(&mut progress);
        drop(progress);
        String::from_utf8(out.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_bar_moves_within_and_between_cells() {
        let face = Face::Bar(bar(2));
        let mut progress = Progress { face, total: 2, started: 0, slow_after: SLOW_AFTER };
        let position = |progress: &Progress| match &progress.face {
            Face::Bar(bar) => bar.position(),
            _ => panic!("it is a bar"),
        };
        progress.start("verify  lru");
        progress.update(0.25);
        assert_eq!(position(&progress), STEPS / 4);
        progress.update(7.0);
        assert_eq!(position(&progress), STEPS);
        progress.finish(Duration::ZERO, "");
        progress.start("time    lru");
        progress.update(0.5);
        assert_eq!(position(&progress), STEPS + STEPS / 2);
    }

    #[test]
    fn each_cell_is_one_line_with_its_number_and_its_time() {
        let text = plain(36, |progress| {
            progress.start("verify  lru");
            progress.update(0.5);
            progress.finish(Duration::from_millis(1_240), "kept");
            progress.start("time    lru");
            progress.finish(Duration::ZERO, "");
        });
        assert_eq!(text, "[ 1/36] verify  lru … 1.2 s  kept\n[ 2/36] time    lru … 0.0 s\n");
    }

    #[test]
    fn a_note_or_an_early_end_breaks_no_line_in_two() {
        let text = plain(2, |progress| {
            progress.note("no redis-server found");
            progress.start("verify  lru");
            progress.note("slow");
            progress.start("time    lru");
        });
        assert_eq!(text, "no redis-server found\n[1/2] verify  lru …\nslow\n[2/2] time    lru …\n");
    }

    #[test]
    fn a_long_remark_goes_on_below_where_a_terminal_of_eighty_columns_ends() {
        let remark = "slow: 31 % after 31 s, about 1.1 min to go; waiting for a processor; load of the machine 17.0 on 2 \
                      processors";
        let text = plain(5, |progress| {
            progress.start("verify  advice  durable");
            progress.slow(Duration::from_secs(31), remark);
        });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert_eq!(
            text.split_whitespace().collect::<Vec<_>>().join(" "),
            format!("[1/5] verify advice durable … {remark}")
        );
    }

    #[test]
    fn a_slow_cell_says_so_and_still_has_its_line() {
        let text = plain(1, |progress| {
            let at = |seconds| Duration::from_secs(seconds);
            progress.start("verify  lru");
            for seconds in 0..=100 {
                progress.slow(at(seconds), &format!("slow: {seconds} %"));
            }
            progress.finish(at(100), "kept");
        });
        let lines = [
            "[1/1] verify  lru … slow: 30 %",
            "[1/1] verify  lru … slow: 60 %",
            "[1/1] verify  lru … 100.0 s  kept",
            "",
        ];
        assert_eq!(text, lines.join("\n"));
    }
}
