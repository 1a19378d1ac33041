//! Finds where one message of the Redis protocol ends and the next begins (RESP 2, as requests and replies use it).

/// What the next byte belongs to.
#[derive(Debug)]
enum Part {
    /// A line with a type and a number or a text, which ends in CR LF.
    Line(Vec<u8>),
    /// The body of a bulk string, its CR LF included: this many bytes are still to come.
    Body(u64),
}

/// Follows a stream of bytes in pieces of any size.
#[derive(Debug)]
pub(super) struct Frames {
    part: Part,
    /// Values of this message that are still to come.
    left: u64,
    /// The first bulk string of the message: of a request, its command.
    word: Vec<u8>,
    word_done: bool,
}

/// Longer than any command.
const LONGEST_WORD: usize = 32;
/// A line that is longer is no number; only its beginning matters.
const LONGEST_LINE: usize = 64;

impl Frames {
    pub(super) fn new() -> Frames {
        Frames { part: Part::Line(Vec::new()), left: 1, word: Vec::new(), word_done: false }
    }

    /// Takes the next bytes; calls `ended` for each message that ends in them, with the position after it and its first
    /// word.
    pub(super) fn feed(&mut self, bytes: &[u8], mut ended: impl FnMut(usize, &[u8])) {
        let mut at = 0;
        while at < bytes.len() {
            at += self.take(&bytes[at..]);
            if self.left == 0 {
                ended(at, &self.word);
                *self = Frames::new();
            }
        }
    }

    /// Takes some of the bytes, and says how many.
    fn take(&mut self, bytes: &[u8]) -> usize {
        match &mut self.part {
            Part::Line(line) => {
                let end = bytes.iter().position(|byte| *byte == b'\n');
                let taken = end.map_or(bytes.len(), |end| end + 1);
                let room = LONGEST_LINE.saturating_sub(line.len());
                line.extend_from_slice(&bytes[..taken.min(room)]);
                if end.is_some() {
                    let line = std::mem::take(line);
                    self.line(&line);
                }
                taken
            }
            Part::Body(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                if !self.word_done {
                    let room = LONGEST_WORD.saturating_sub(self.word.len());
                    self.word.extend_from_slice(&bytes[..taken.min(room)]);
                }
                if *left == 0 {
                    self.word_ends();
                    self.part = Part::Line(Vec::new());
                    self.left -= 1;
                }
                taken
            }
        }
    }

    fn word_ends(&mut self) {
        if !self.word_done {
            self.word_done = true;
            let text = self.word.trim_ascii_end().len();
            self.word.truncate(text);
        }
    }

    fn line(&mut self, line: &[u8]) {
        let number = || std::str::from_utf8(&line[1..]).ok()?.trim().parse::<u64>().ok();
        // A negative number means none.
        match line.first() {
            Some(b'*') => self.left = self.left - 1 + number().unwrap_or(0),
            Some(b'$') => match number() {
                Some(length) => self.part = Part::Body(length.saturating_add(2)),
                None => self.left -= 1,
            },
            _ => self.left -= 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    struct Message {
        bytes: Vec<u8>,
        word: Vec<u8>,
    }

    fn request() -> impl Strategy<Value = Message> {
        prop::collection::vec(prop::collection::vec(any::<u8>(), 0..20), 1..5).prop_flat_map(|arguments| {
            "[A-Z]{1,12}".prop_map(move |word| {
                let mut cmd = redis::cmd(&word);
                arguments.iter().for_each(|argument| {
                    cmd.arg(argument);
                });
                Message { bytes: cmd.get_packed_command(), word: word.into_bytes() }
            })
        })
    }

    fn reply() -> impl Strategy<Value = Message> {
        let leaf = prop_oneof![
            Just("+OK\r\n".to_string()),
            Just("$-1\r\n".to_string()),
            Just("*-1\r\n".to_string()),
            Just("$0\r\n\r\n".to_string()),
            Just("$5\r\n\r\n$1\r\r\n".to_string()),
            any::<i64>().prop_map(|n| format!(":{n}\r\n")),
            "[ -~]{0,200}".prop_map(|text| format!("-ERR {text}\r\n")),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop::collection::vec(inner, 0..4)
                .prop_map(|values| format!("*{}\r\n{}", values.len(), values.concat()))
        })
        .prop_map(|text| Message { bytes: text.into_bytes(), word: Vec::new() })
    }

    proptest! {
        #[test]
        fn every_message_ends_where_it_ends_however_the_stream_is_cut(
            messages in prop::collection::vec(prop_oneof![request(), reply()], 0..8),
            pieces in prop::collection::vec(1usize..40, 1..20),
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|message| message.bytes.clone()).collect();
            let (mut frames, mut at, mut found) = (Frames::new(), 0, Vec::new());
            for piece in pieces.iter().cycle() {
                let end = (at + piece).min(stream.len());
                frames.feed(&stream[at..end], |position, word| found.push((at + position, word.to_vec())));
                at = end;
                if at == stream.len() {
                    break;
                }
            }
            prop_assert_eq!(found.len(), messages.len());
            let mut end = 0;
            for (message, (position, word)) in messages.iter().zip(found) {
                end += message.bytes.len();
                prop_assert_eq!(position, end);
                if !message.word.is_empty() {
                    prop_assert_eq!(word, message.word.clone());
                }
            }
        }
    }
}
