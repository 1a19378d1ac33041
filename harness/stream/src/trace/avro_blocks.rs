//! The blocks of an Avro object file, without deflate.
//!
//! Python's `fastavro` leaves a part of zlib's checksum behind each deflated block, which the specification does not
//! have and our reader refuses. Here such a file becomes one whose blocks are not compressed; any other stays as it is.
//! A compression that is not read, and a second file glued behind the first, are found here and named.
//!
//! ```text
//! Obj 1 │ metadata: avro.codec = deflate, ... │ marker │ count, size, deflated │ marker │ ...
//! Obj 1 │ metadata: avro.codec = null,    ... │ marker │ count, size, plain    │ marker │ ...
//! ```
//!
//! Format: Apache Avro 1.12 specification, "Object Container Files".

use std::io::{self, BufRead, Read};

use flate2::bufread::DeflateDecoder;

use super::error::excerpt;

/// What an Avro object file begins with.
pub(crate) const MAGIC: &[u8] = b"Obj\x01";

const MARKER_BYTES: usize = 16;

/// The compressions that are read, as the files name them.
const CODECS: [&[u8]; 4] = [b"null", b"deflate", b"snappy", b"zstandard"];

/// A compression of blocks that is not read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ForeignCodec(pub(super) String);

/// The number of records that the first letter of a file is, read as a block.
const GLUED_COUNT: i64 = -((b'O' as i64 + 1) / 2);
/// What is said where one file follows another.
const GLUED: &str =
    "another Avro file is glued behind the first: give each of them by itself: --trace FILE --trace FILE";

/// What zlib ends with behind a deflated block: four bytes, of which fastavro keeps three.
const CHECKSUM_BYTES: usize = 4;

/// A file, its blocks made plain as they are read.
pub(super) struct PlainBlocks<R> {
    input: R,
    deflated: bool,
    /// Made plain and not yet given on, from `given` on.
    ready: Vec<u8>,
    given: usize,
    /// Bytes of the input that are given on as they are, behind those that are ready.
    as_they_are: u64,
    most: usize,
}

impl<R: BufRead> PlainBlocks<R> {
    /// Reads the header of `input`. A block may be `most` bytes long, compressed or not.
    pub(super) fn new(mut input: R, most: usize) -> io::Result<Self> {
        let mut header = Header { input: &mut input, read: Vec::new(), most };
        let deflated = header.copy()?;
        let ready = header.read;
        Ok(PlainBlocks { input, deflated, ready, given: 0, as_they_are: 0, most })
    }

    /// Makes the next block plain; nothing is ready where there is none.
    fn next_block(&mut self) -> io::Result<()> {
        self.ready.clear();
        self.given = 0;
        if self.input.fill_buf()?.is_empty() {
            return Ok(());
        }
        let count = long(&mut self.input)?;
        // The letter that a file begins with stands for a number below zero here.
        if count == GLUED_COUNT {
            return Err(io::Error::other(GLUED));
        }
        put_long(&mut self.ready, count);
        if !self.deflated {
            let size = long(&mut self.input)?;
            put_long(&mut self.ready, size);
            let size =
                u64::try_from(size).map_err(|_| io::Error::other(format!("a block of {size} bytes")))?;
            self.as_they_are = size.saturating_add(MARKER_BYTES as u64);
            return Ok(());
        }
        let plain = inflate(&bytes(&mut self.input, self.most)?, self.most)?;
        put_bytes(&mut self.ready, &plain);
        let mut marker = [0; MARKER_BYTES];
        self.input.read_exact(&mut marker)?;
        self.ready.extend(marker);
        Ok(())
    }
}

impl<R: BufRead> Read for PlainBlocks<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given == self.ready.len() && self.as_they_are > 0 {
            let count = (&mut self.input).take(self.as_they_are).read(to)?;
            self.as_they_are -= count as u64;
            return Ok(count);
        }
        if self.given == self.ready.len() {
            self.next_block()?;
        }
        let count = (&self.ready[self.given..]).read(to)?;
        self.given += count;
        Ok(count)
    }
}

/// What comes before the blocks.
struct Header<'a, R> {
    input: &'a mut R,
    read: Vec<u8>,
    most: usize,
}

impl<R: BufRead> Header<'_, R> {
    /// Reads all of it; whether blocks are deflated, which what was read then does not say any more.
    fn copy(&mut self) -> io::Result<bool> {
        self.fixed(4)?;
        let mut deflated = false;
        loop {
            let count = self.long()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                self.long()?; // the bytes that these entries take
            }
            for _ in 0..count.unsigned_abs() {
                deflated |= self.entry()?;
            }
        }
        self.fixed(MARKER_BYTES)?;
        Ok(deflated)
    }

    fn entry(&mut self) -> io::Result<bool> {
        let (name, value) = (bytes(self.input, self.most)?, bytes(self.input, self.most)?);
        let is_codec = name == b"avro.codec";
        if is_codec && !CODECS.contains(&value.as_slice()) {
            return Err(io::Error::other(ForeignCodec(excerpt(&String::from_utf8_lossy(&value)))));
        }
        let deflated = is_codec && value == b"deflate";
        put_bytes(&mut self.read, &name);
        put_bytes(&mut self.read, if deflated { b"null" } else { &value });
        Ok(deflated)
    }

    fn long(&mut self) -> io::Result<i64> {
        let number = long(self.input)?;
        put_long(&mut self.read, number);
        Ok(number)
    }

    fn fixed(&mut self, count: usize) -> io::Result<()> {
        let start = self.read.len();
        self.read.resize(start + count, 0);
        self.input.read_exact(&mut self.read[start..])
    }
}

/// A number: zigzag, seven bits a byte, the lowest first.
fn long(input: &mut impl Read) -> io::Result<i64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        number |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            return Ok((number >> 1) as i64 ^ -((number & 1) as i64));
        }
    }
    Err(io::Error::other("a number of more than 64 bits"))
}

fn put_long(to: &mut Vec<u8>, number: i64) {
    let mut left = ((number << 1) ^ (number >> 63)) as u64;
    while left >= 0x80 {
        to.push(left as u8 | 0x80);
        left >>= 7;
    }
    to.push(left as u8);
}

/// As many bytes as are announced, in front of them.
fn bytes(input: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let announced = long(input)?;
    let count = usize::try_from(announced).ok().filter(|count| *count <= most);
    let count = count.ok_or_else(|| {
        io::Error::other(format!("{announced} bytes in one piece; allowed are at most {most}"))
    })?;
    let mut read = Vec::new();
    match input.take(count as u64).read_to_end(&mut read)? {
        all if all == count => Ok(read),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

fn put_bytes(to: &mut Vec<u8>, bytes: &[u8]) {
    put_long(to, bytes.len() as i64);
    to.extend(bytes);
}

fn inflate(deflated: &[u8], most: usize) -> io::Result<Vec<u8>> {
    let mut decoder = DeflateDecoder::new(deflated);
    let mut plain = Vec::new();
    (&mut decoder).take(most as u64 + 1).read_to_end(&mut plain)?;
    if plain.len() > most {
        return Err(io::Error::other(format!("a block of more than {most} bytes")));
    }
    match decoder.into_inner().len() {
        0..=CHECKSUM_BYTES => Ok(plain),
        left => Err(io::Error::other(format!("{left} bytes behind a deflated block"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::DeflateEncoder;
    use proptest::prelude::*;

    use super::*;

    const MOST: usize = 1 << 16;

    fn file(codec: &[u8], blocks: &[Vec<u8>], behind: &[u8]) -> Vec<u8> {
        let mut file = b"Obj\x01".to_vec();
        put_long(&mut file, 2);
        for (name, value) in [(&b"avro.codec"[..], codec), (b"avro.schema", br#""bytes""#)] {
            put_bytes(&mut file, name);
            put_bytes(&mut file, value);
        }
        put_long(&mut file, 0);
        file.extend([7; MARKER_BYTES]);
        for block in blocks {
            put_long(&mut file, 1);
            put_bytes(&mut file, &[block, behind].concat());
            file.extend([7; MARKER_BYTES]);
        }
        file
    }

    fn deflate(plain: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn read(file: &[u8]) -> io::Result<Vec<u8>> {
        let mut read = Vec::new();
        PlainBlocks::new(file, MOST)?.read_to_end(&mut read)?;
        Ok(read)
    }

    proptest! {
        #[test]
        fn deflated_blocks_become_plain_ones_with_a_checksum_behind_them_or_without(
            blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..5),
            behind in prop::collection::vec(any::<u8>(), 0..=CHECKSUM_BYTES),
        ) {
            let deflated: Vec<Vec<u8>> = blocks.iter().map(|block| deflate(block)).collect();
            prop_assert_eq!(read(&file(b"deflate", &deflated, &behind)).unwrap(), file(b"null", &blocks, b""));
        }

        #[test]
        fn what_is_not_deflated_stays_as_it_is(
            blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..600), 0..5),
        ) {
            let as_it_is = file(b"snappy", &blocks, b"");
            prop_assert_eq!(read(&as_it_is).unwrap(), as_it_is);
        }

        #[test]
        fn numbers_are_read_as_they_were_written(number: i64) {
            let mut written = Vec::new();
            put_long(&mut written, number);
            prop_assert_eq!(long(&mut &written[..]).unwrap(), number);
        }
    }

    #[test]
    fn a_second_file_behind_the_first_and_a_foreign_compression_are_named() {
        for codec in [&b"null"[..], b"deflate", b"snappy"] {
            let block = if codec == b"deflate" { deflate(b"a block") } else { b"a block".to_vec() };
            for blocks in [vec![], vec![block.clone()], vec![block.clone(), block]] {
                let one = file(codec, &blocks, b"");
                let error = read(&[&one[..], &one].concat()).unwrap_err().to_string();
                assert!(error.contains("another Avro file is glued"), "{error}");
            }
        }
        for codec in [&b"xz"[..], b"bzip2", b"lz4"] {
            let error = read(&file(codec, &[], b"")).unwrap_err();
            let foreign = error.get_ref().and_then(|inner| inner.downcast_ref::<ForeignCodec>());
            assert_eq!(foreign.map(|codec| codec.0.as_bytes()), Some(codec));
        }
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_an_error() {
        let whole = file(b"deflate", &[deflate(b"a block")], b"");
        let header = file(b"deflate", &[], b"").len();
        for end in (0..whole.len()).filter(|end| *end != header) {
            assert!(read(&whole[..end]).is_err(), "{end} of {} bytes", whole.len());
        }
        for (bad, why) in [
            (file(b"deflate", &[deflate(b"a block")], b"12345"), "5 bytes behind"),
            (file(b"deflate", &[deflate(&[0; MOST + 1])], b""), "more than 65536"),
            (file(b"deflate", &[vec![0; MOST + 1]], b""), "65537 bytes in one piece"),
        ] {
            let error = read(&bad).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
