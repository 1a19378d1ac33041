//! Claim each id at the check: `SET key "" NX PX window`, a batch in one pipeline.
//!
//! The server decides and remembers in one step, so any number of workers may race: exactly one sees `OK`. The price
//! is that the id is marked before its ping is delivered. A claim whose reply or whose worker is lost stays: the copy
//! that the source sends again is then taken for a duplicate, and the ping is lost.
//!
//! Sizing: on Debian's Redis 7.0.15 an id with 16 bytes of key costs about 145 bytes, its share of the two hash tables
//! (keys, and times of expiry) included.

use std::time::Duration;

use ::redis::Value;

use super::keyspace;
use super::link::Link;
use crate::contract::{Footprint, Ping, PingKey, Routing, Strategy, Unavailable, Verdict, Worker};
use crate::definition::{BuildError, Context, Definition, Needs, RedisEndpoint, Role};
use crate::promise::{Bound, Memory, Promise, UnderFaults, Window};
use crate::settings::{Default, Kind, SettingDef, Settings};
use crate::time::Timestamp;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "redis",
    about: "claims each id in Redis at the check: SET NX PX, pipelined by batch",
    role: Role::Candidate,
    settings: &[SettingDef {
        name: "window",
        about: "how long an id is remembered after the copy that was let through; whole milliseconds, rounded up",
        kind: Kind::Time,
        default: Default::ScenarioWindow,
    }],
    needs: Needs::Redis,
    build,
};

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let Some(endpoint) = context.redis.clone() else {
        return Err(BuildError::Server("strategy redis: no Redis server was given or started".to_string()));
    };
    let mut link = Link::to(&endpoint.url).map_err(|error| BuildError::Server(error.to_string()))?;
    let memory_before = link.used_memory().map_err(|error| BuildError::Server(error.to_string()))?;
    let window = settings.time("window");
    Ok(Box::new(Claims { window, ttl: window.div_f64(context.store_time_factor), endpoint, memory_before }))
}

struct Claims {
    window: Duration,
    /// The window by the server's clock.
    ttl: Duration,
    endpoint: RedisEndpoint,
    memory_before: u64,
}

impl Strategy for Claims {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let mut link = self.link()?;
        // Now, so that the first batch is not kept waiting.
        link.connect()?;
        Ok(Box::new(ClaimWorker { link, batch: Batch::new(&self.endpoint.prefix, self.ttl) }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise {
            window: Window::Since(self.window),
            missed: Bound::Never,
            lost: Bound::Never,
            capacity: None,
            memory: Memory::Bounded,
            under_faults: UnderFaults::UNBOUNDED,
        }
    }

    /// Zero where the server does not answer: the next batch says why.
    fn footprint(&self) -> Footprint {
        self.measure().unwrap_or_default()
    }
}

impl Claims {
    fn link(&self) -> Result<Link, Unavailable> {
        Link::to(&self.endpoint.url).map_err(Unavailable::because)
    }

    fn measure(&self) -> Result<Footprint, Unavailable> {
        let mut link = self.link()?;
        Ok(Footprint {
            // First: it makes the server let go of what has expired.
            ids: keyspace::count(&mut link, &self.endpoint.prefix)?,
            bytes: link.used_memory()?.saturating_sub(self.memory_before),
        })
    }
}

struct ClaimWorker {
    link: Link,
    batch: Batch,
}

impl Worker for ClaimWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        if pings.is_empty() {
            return Ok(());
        }
        let commands = self.batch.encode(pings.iter().map(|ping| ping.key));
        let replies = self.link.send(commands, pings.len())?;
        let judged = verdicts.len();
        for reply in &replies {
            match reply {
                Value::Okay => verdicts.push(Verdict::New),
                Value::Nil => verdicts.push(Verdict::Duplicate),
                unexpected => {
                    verdicts.truncate(judged);
                    return Err(self.link.complaint(describe(unexpected)));
                }
            }
        }
        Ok(())
    }
}

fn describe(reply: &Value) -> String {
    match reply {
        Value::ServerError(error) => format!("SET was refused: {error}"),
        other => format!("SET was answered with {other:?}"),
    }
}

/// The commands of a batch, encoded once: they differ only in the 16 bytes of the key, at a fixed distance from each
/// other. Encoding a batch is writing its keys into place.
struct Batch {
    command: Vec<u8>,
    key_at: usize,
    encoded: Vec<u8>,
}

impl Batch {
    fn new(prefix: &str, window: Duration) -> Self {
        const KEY: &[u8] = &[0; size_of::<PingKey>()];
        let full_key = [prefix.as_bytes(), KEY].concat();
        let window_ms = whole_millis(window).to_string();
        let command = encode(&[b"SET", &full_key, b"", b"NX", b"PX", window_ms.as_bytes()]);
        let ahead = encode_start(&[b"SET"], 6).len() + bulk_header(full_key.len()).len();
        Batch { key_at: ahead + prefix.len(), command, encoded: Vec::new() }
    }

    fn encode(&mut self, keys: impl ExactSizeIterator<Item = PingKey>) -> &[u8] {
        let length = keys.len() * self.command.len();
        while self.encoded.len() < length {
            self.encoded.extend_from_slice(&self.command);
        }
        let encoded = &mut self.encoded[..length];
        for (command, key) in encoded.chunks_exact_mut(self.command.len()).zip(keys) {
            command[self.key_at..self.key_at + key.0.len()].copy_from_slice(&key.0);
        }
        encoded
    }
}

/// Rounded up, so that nothing inside the window is forgotten: Redis counts whole milliseconds on a clock that it
/// reads in whole milliseconds, and holds a key until the clock has passed its last one.
fn whole_millis(window: Duration) -> u128 {
    window.as_nanos().div_ceil(1_000_000).max(1)
}

/// A command in the server's protocol: an array of bulk strings.
fn encode(words: &[&[u8]]) -> Vec<u8> {
    encode_start(words, words.len())
}

fn encode_start(words: &[&[u8]], of: usize) -> Vec<u8> {
    let mut bytes = format!("*{of}\r\n").into_bytes();
    for word in words {
        bytes.extend(bulk_header(word.len()));
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}

fn bulk_header(length: usize) -> Vec<u8> {
    format!("${length}\r\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The client library's own encoding is the model.
    fn by_the_library(prefix: &str, keys: &[PingKey], window_ms: u64) -> Vec<u8> {
        keys.iter()
            .flat_map(|key| {
                let key = [prefix.as_bytes(), &key.0].concat();
                let mut set = ::redis::cmd("SET");
                set.arg(key).arg("").arg("NX").arg("PX").arg(window_ms).get_packed_command()
            })
            .collect()
    }

    proptest! {
        #[test]
        fn batches_are_encoded_as_the_client_library_would(
            prefix in "\\PC{0,120}", window_ms in 1u64..1 << 40,
            batches in prop::collection::vec(prop::collection::vec(any::<u128>(), 0..20), 1..5),
        ) {
            let mut batch = Batch::new(&prefix, Duration::from_millis(window_ms));
            for keys in batches {
                let keys: Vec<PingKey> = keys.into_iter().map(PingKey::from_u128).collect();
                let expected = by_the_library(&prefix, &keys, window_ms);
                prop_assert_eq!(batch.encode(keys.into_iter()), &expected[..]);
            }
        }
    }

    #[test]
    fn a_window_is_rounded_up_to_whole_milliseconds() {
        for (window, millis) in [(1, 1), (999_999, 1), (1_000_000, 1), (1_000_001, 2)] {
            assert_eq!(whole_millis(Duration::from_nanos(window)), millis);
        }
    }
}
