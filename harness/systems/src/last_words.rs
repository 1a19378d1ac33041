//! What a program said last on its standard error, however much it says there.

use std::collections::VecDeque;
use std::io;
use std::process::ChildStderr;
use std::sync::Arc;
use std::thread;

use dedup_engine::servers::hear_all;
use parking_lot::Mutex;

/// What of it an error shows.
const LAST_LINES: usize = 5;
/// As much of each line, from its beginning.
pub(crate) const LINE_LENGTH: usize = 200;

/// The last lines that are not empty.
#[derive(Debug, Default)]
pub(crate) struct LastWords {
    lines: VecDeque<String>,
    /// The beginning of a line that has no end yet.
    begun: Vec<u8>,
}

impl LastWords {
    /// Reads all that a program says, and keeps the last of it: a pipe that nobody reads would stop it.
    pub(crate) fn listen(errors: ChildStderr) -> io::Result<Arc<Mutex<LastWords>>> {
        let words = Arc::<Mutex<LastWords>>::default();
        let heard = Arc::clone(&words);
        thread::Builder::new()
            .name("standard error of a system".into())
            .spawn(move || hear_all(errors, |piece| heard.lock().hear(piece)))?;
        Ok(words)
    }

    /// All of it in one line; nothing where it said nothing.
    pub(crate) fn said(&self) -> Option<String> {
        let begun = text(&self.begun);
        let skipped = (self.lines.len() + usize::from(begun.is_some())).saturating_sub(LAST_LINES);
        let lines: Vec<&str> = self.lines.iter().skip(skipped).chain(&begun).map(String::as_str).collect();
        (!lines.is_empty()).then(|| lines.join(" | "))
    }

    /// Takes a piece, of which no more is looked at than is kept: whoever floods us is not to keep us busy.
    fn hear(&mut self, piece: &[u8]) {
        let is_end = |byte: &u8| *byte == b'\n';
        let Some(last_end) = piece.iter().rposition(is_end) else { return self.go_on(piece) };
        let (ended, begun) = (&piece[..last_end], &piece[last_end + 1..]);
        let first = ended.iter().position(is_end).unwrap_or(ended.len());
        self.go_on(&ended[..first]);
        let first_line = text(&std::mem::take(&mut self.begun));
        let others = ended.get(first + 1..).unwrap_or_default();
        let last: Vec<String> = others.rsplit(is_end).filter_map(text).take(LAST_LINES).collect();
        self.lines.extend(first_line.into_iter().chain(last.into_iter().rev()));
        self.lines.drain(..self.lines.len().saturating_sub(LAST_LINES));
        self.go_on(begun);
    }

    fn go_on(&mut self, bytes: &[u8]) {
        let room = LINE_LENGTH.saturating_sub(self.begun.len());
        self.begun.extend_from_slice(&bytes[..room.min(bytes.len())]);
    }
}

/// The beginning of a line, unless that is empty.
fn text(line: &[u8]) -> Option<String> {
    let beginning = line[..line.len().min(LINE_LENGTH)].trim_ascii();
    (!beginning.is_empty()).then(|| String::from_utf8_lossy(beginning).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn heard(pieces: &[&[u8]]) -> Option<String> {
        let mut words = LastWords::default();
        pieces.iter().for_each(|piece| words.hear(piece));
        words.said()
    }

    #[test]
    fn the_last_lines_are_kept_each_from_its_beginning() {
        assert_eq!(heard(&[]), None);
        assert_eq!(heard(&[b"\n \n\n"]), None);
        assert_eq!(heard(&[b"a\n\nb\n c \n"]).unwrap(), "a | b | c");
        assert_eq!(heard(&[b"1\n2\n3\n4\n", b"5\n6\n7\n"]).unwrap(), "3 | 4 | 5 | 6 | 7");
        assert_eq!(heard(&[b"1\n2\n3\n4\n5\nno end yet"]).unwrap(), "2 | 3 | 4 | 5 | no end yet");
        let long = [&b"begins"[..], &[b'x'; 200_000], b"ends\nnext\n"].concat();
        let said = heard(&[&long]).unwrap();
        assert!(said.starts_with("beginsx") && said.ends_with("x | next"), "{said}");
        assert_eq!(said.len(), LINE_LENGTH + " | next".len());
    }

    proptest! {
        #[test]
        fn how_it_is_cut_into_pieces_makes_no_difference(
            lines in prop::collection::vec("[a-c ]{0,3}", 0..30),
            has_end in any::<bool>(),
            cuts in prop::collection::vec(0usize..100, 0..10),
        ) {
            let mut whole = lines.join("\n");
            whole.push_str(if has_end { "\n" } else { "" });
            let kept: Vec<&str> = lines.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
            let kept = kept[kept.len().saturating_sub(LAST_LINES)..].join(" | ");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
            cuts.extend([0, whole.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &whole.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(heard(&pieces).unwrap_or_default(), kept);
        }
    }
}
