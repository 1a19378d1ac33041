//! Traces in Json: the survey and the stream read the same records.
#![no_main]

#[path = "as_trace.rs"]
mod as_trace;
#[path = "on_disk.rs"]
mod on_disk;

use dedup_stream::trace::Format;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| as_trace::read(bytes, Format::Json));
