//! Reads the replies of a server as they come from a socket.
//!
//! The crate's own parser takes about as long for the reply to an `EXISTS` as the server for the command, which on a shared
//! machine is the server's time. This one reads the five types of the protocol that servers speak unless they are asked for
//! another (RESP2, <https://redis.io/docs/latest/develop/reference/protocol-spec/>); errors are left to the crate, which
//! knows their kinds.

use std::io::{self, Read};
use std::ops::Range;

use ::redis::{ErrorKind, RedisError, RedisResult, Value, parse_redis_value};

use super::unexpected;

/// What is asked of the socket at once: more than the replies to a batch.
const READ_AT_ONCE: usize = 16 * 1024;

/// The longest string of the protocol (512 MB), and more elements than any reply has that we ask for: beyond these it is
/// not a server that speaks.
const LONGEST: usize = 512 << 20;
const MOST_ELEMENTS: usize = 1 << 20;

/// Arrays in arrays, at most. `CLUSTER SLOTS` has four.
const DEEPEST: usize = 16;

/// Bytes that were read and not yet taken.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
}

impl ReplyReader {
    /// The next reply; reads from `source` if it is not whole yet. After an error what follows has no meaning.
    pub(super) fn next(&mut self, source: &mut impl Read) -> RedisResult<Value> {
        self.value(source, 0)
    }

    fn value(&mut self, source: &mut impl Read, depth: usize) -> RedisResult<Value> {
        let line = self.line(source)?;
        let Some((kind, text)) = self.buffer[line.clone()].split_first() else {
            return Err(nonsense("an empty line"));
        };
        match kind {
            b':' => Ok(Value::Int(number(text)?)),
            b'+' if text == b"OK" => Ok(Value::Okay),
            b'+' => match std::str::from_utf8(text) {
                Ok(text) => Ok(Value::SimpleString(text.to_string())),
                Err(_) => Err(nonsense("a status that is no text")),
            },
            b'-' => Ok(parse_redis_value(&[&self.buffer[line], b"\r\n"].concat())?),
            b'$' => match length(text, LONGEST)? {
                Some(length) => self.string(source, length),
                None => Ok(Value::Nil),
            },
            b'*' if depth < DEEPEST => match length(text, MOST_ELEMENTS)? {
                Some(length) => (0..length)
                    .map(|_| self.value(source, depth + 1))
                    .collect::<Result<_, _>>()
                    .map(Value::Array),
                None => Ok(Value::Nil),
            },
            b'*' => Err(nonsense("lists in lists beyond all that are asked for")),
            _ => Err(nonsense(&unexpected::line(&self.buffer[line]))),
        }
    }

    /// The next line, without its end.
    fn line(&mut self, source: &mut impl Read) -> RedisResult<Range<usize>> {
        let mut searched = 0;
        loop {
            let left = &self.buffer[self.taken + searched..self.filled];
            if let Some(at) = left.iter().position(|byte| *byte == b'\n') {
                let end = self.taken + searched + at;
                let line = self.taken..end;
                self.taken = end + 1;
                return match self.buffer[line.clone()].last() {
                    Some(b'\r') => Ok(line.start..line.end - 1),
                    _ => Err(nonsense("a line that ends without a carriage return")),
                };
            }
            searched = self.filled - self.taken;
            if searched > READ_AT_ONCE {
                return Err(nonsense("a line without an end"));
            }
            self.read(source)?;
        }
    }

    fn string(&mut self, source: &mut impl Read, length: usize) -> RedisResult<Value> {
        while self.filled - self.taken < length + 2 {
            self.read(source)?;
        }
        let (string, end) = self.buffer[self.taken..self.filled].split_at(length);
        if !end.starts_with(b"\r\n") {
            return Err(nonsense("a string that is longer than it says"));
        }
        let value = Value::BulkString(string.to_vec());
        self.taken += length + 2;
        Ok(value)
    }

    /// Reads what there is, once. The end of the stream is an error, as something is awaited.
    fn read(&mut self, source: &mut impl Read) -> RedisResult<()> {
        self.buffer.copy_within(self.taken..self.filled, 0);
        (self.taken, self.filled) = (0, self.filled - self.taken);
        if self.buffer.len() < self.filled + READ_AT_ONCE {
            self.buffer.resize(self.filled + READ_AT_ONCE, 0);
        }
        let read = loop {
            match source.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        if read == 0 {
            return Err(
                io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection").into()
            );
        }
        self.filled += read;
        Ok(())
    }
}

fn number(text: &[u8]) -> RedisResult<i64> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| nonsense("something else in the place of a number"))
}

/// A length, or none for -1.
fn length(text: &[u8], most: usize) -> RedisResult<Option<usize>> {
    match number(text)? {
        -1 => Ok(None),
        length => match usize::try_from(length) {
            Ok(length) if length <= most => Ok(Some(length)),
            _ => Err(nonsense("a length that no reply has")),
        },
    }
}

fn nonsense(found: &str) -> RedisError {
    let said = format!("it sent {found}, which is no reply of a Redis");
    (ErrorKind::Parse, "not a server of this protocol", said).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes in pieces of so many.
    struct Pieces<'a>(&'a [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(into.len());
            let (now, later) = self.0.split_at(length);
            into[..length].copy_from_slice(now);
            self.0 = later;
            Ok(length)
        }
    }

    fn value() -> impl Strategy<Value = (Vec<u8>, Value)> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(|number| (format!(":{number}\r\n").into_bytes(), Value::Int(number))),
            Just((b"$-1\r\n".to_vec(), Value::Nil)),
            Just((b"*-1\r\n".to_vec(), Value::Nil)),
            Just((b"+OK\r\n".to_vec(), Value::Okay)),
            "[A-Z]{3,9}".prop_map(|text| (format!("+{text}\r\n").into_bytes(), Value::SimpleString(text))),
            prop::collection::vec(any::<u8>(), 0..60).prop_map(|bytes| {
                let encoded = [format!("${}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
                (encoded, Value::BulkString(bytes))
            }),
        ];
        leaf.prop_recursive(3, 20, 5, |inner| {
            prop::collection::vec(inner, 0..5).prop_map(|values| {
                let start = format!("*{}\r\n", values.len()).into_bytes();
                let (encoded, values): (Vec<_>, Vec<_>) = values.into_iter().unzip();
                ([start, encoded.concat()].concat(), Value::Array(values))
            })
        })
    }

    proptest! {
        #[test]
        fn replies_are_read_one_after_the_other_however_they_are_cut(
            values in prop::collection::vec(value(), 1..20), piece in 1usize..200,
        ) {
            let encoded: Vec<u8> = values.iter().flat_map(|(encoded, _)| encoded.clone()).collect();
            let (mut source, mut replies) = (Pieces(&encoded, piece), ReplyReader::default());
            for (_, value) in &values {
                prop_assert_eq!(&replies.next(&mut source).unwrap(), value);
            }
            prop_assert!(replies.next(&mut source).unwrap_err().to_string().contains("closed the connection"));
        }

        #[test]
        fn what_is_read_from_a_reply_with_a_wrong_byte_is_what_the_crate_reads(
            (mut encoded, _) in value(), at in any::<prop::sample::Index>(), wrong in any::<u8>(),
        ) {
            let at = at.index(encoded.len());
            encoded[at] = wrong;
            if let Ok(value) = ReplyReader::default().next(&mut Pieces(&encoded, 7)) {
                prop_assert_eq!(parse_redis_value(&encoded).unwrap(), value);
            }
        }
    }

    #[test]
    fn an_error_keeps_its_kind_and_what_a_cluster_says_with_it() {
        let mut replies = ReplyReader::default();
        let value = replies.next(&mut Pieces(b"-MOVED 3999 127.0.0.1:6381\r\n", 5)).unwrap();
        let Value::ServerError(error) = value else { panic!("{value:?}") };
        assert_eq!((error.code(), error.details()), ("MOVED", Some("3999 127.0.0.1:6381")));
    }

    #[test]
    fn what_is_no_reply_is_an_error_and_never_an_allocation_without_bound() {
        for bytes in [
            &b"HTTP/1.1 200 OK\r\n"[..],
            b"\r\n",
            b":12x\r\n",
            b":1\n",
            b"$99999999999\r\n",
            b"$-2\r\n",
            b"*4294967296\r\n",
            b"$3\r\nabcd\r\n",
            &b"*1\r\n".repeat(40),
            &b"+a".repeat(20_000),
        ] {
            let error = ReplyReader::default().next(&mut Pieces(bytes, 4096)).unwrap_err();
            assert!(error.to_string().contains("not a server of this protocol"), "{error}");
        }
    }
}
