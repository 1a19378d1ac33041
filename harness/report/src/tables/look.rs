//! What the place can show to which a table goes.

use anstream::{AutoStream, ColorChoice};

/// What the place can show to which a table goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it shows colour. Colour repeats what the words say.
    pub colour: Colour,
    /// Columns; none where lines may be as long as they like.
    pub width: Option<usize>,
}

/// Whether to emit colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Styles as ANSI escapes.
    On,
    /// Plain text.
    Off,
}

impl Look {
    /// Plain text of any width: for files and pipes.
    pub const PLAIN: Look = Look { colour: Colour::Off, width: None };

    /// What standard output can show: honours `NO_COLOR`, `CLICOLOR_FORCE` and pipes.
    pub fn of_stdout() -> Look {
        let colour = match AutoStream::choice(&std::io::stdout()) {
            ColorChoice::Never => Colour::Off,
            _ => Colour::On,
        };
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        Look { colour, width }
    }
}
