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

    /// What standard output can show: honours `NO_COLOR`, `CLICOLOR_FORCE`, pipes, and `COLUMNS` where it is no terminal.
    pub fn of_stdout() -> Look {
        let colour = match AutoStream::choice(&std::io::stdout()) {
            ColorChoice::Never => Colour::Off,
            _ => Colour::On,
        };
        let columns = |(width, _): (terminal_size::Width, terminal_size::Height)| usize::from(width.0);
        let asked = std::env::var("COLUMNS").ok();
        let width = terminal_size::terminal_size_of(std::io::stdout())
            .map(columns)
            .or_else(|| asked.as_deref().and_then(width_asked))
            .or_else(|| terminal_size::terminal_size().map(columns));
        Look { colour, width }
    }
}

/// The width that `COLUMNS` asks for; none where it is no number of columns.
fn width_asked(columns: &str) -> Option<usize> {
    columns.trim().parse().ok().filter(|width| *width > 0)
}

#[cfg(test)]
mod tests {
    use super::width_asked;

    #[test]
    fn columns_are_heeded_where_they_are_a_number() {
        assert_eq!(
            ["80", " 120 ", "0", "", "wide"].map(width_asked),
            [Some(80), Some(120), None, None, None]
        );
    }
}
