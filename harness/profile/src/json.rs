//! Profiles as JSON: written, read, and checked.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::Formatter;

use crate::copies::{COPIES_BINS, copies_bin, copies_floor};
use crate::error::ProfileError;
use crate::lags::{LAG_BINS, LagHistogram};
use crate::profile::{Origin, Profile, VERSION};

/// No profile is larger.
pub const MOST_BYTES: usize = 64 << 10;

/// The JSON Schema of a profile.
pub fn json_schema() -> String {
    let schema = schemars::schema_for!(Profile);
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is plain JSON");
    text.push('\n');
    text
}

impl Profile {
    /// The profile as JSON, a line for each field at the top.
    pub fn to_json(&self) -> String {
        let mut bytes = Vec::new();
        let mut to = serde_json::Serializer::with_formatter(&mut bytes, Lines { depth: 0 });
        self.serialize(&mut to).expect("a profile is plain JSON");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("JSON is text")
    }

    /// Whether these bytes say that they are a profile, readable or not: one JSON object with a number `profile`.
    pub fn is_one(bytes: &[u8]) -> bool {
        let value: Option<Value> = serde_json::from_slice(bytes).ok();
        value.is_some_and(|value| value.get("profile").is_some_and(Value::is_number))
    }

    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Profile, ProfileError> {
        let bytes = dedup_files::read(path)
            .map_err(|source| ProfileError::Read { path: path.to_path_buf(), source })?;
        Profile::parse(&path.display().to_string(), &bytes)
    }

    /// Reads a profile's bytes; `name` is what errors call it.
    pub fn parse(name: &str, bytes: &[u8]) -> Result<Profile, ProfileError> {
        let no_profile =
            |found: &str| ProfileError::NoProfile { name: name.to_string(), found: found.to_string() };
        let value: Value =
            serde_json::from_slice(bytes).map_err(|error| no_profile(&not_json(bytes, &error)))?;
        match value.get("profile") {
            Some(version) if version.as_u64() == Some(VERSION.into()) => {}
            Some(Value::Number(found)) => {
                return Err(ProfileError::Version { name: name.to_string(), found: found.to_string() });
            }
            _ => return Err(no_profile("JSON without a number \"profile\"")),
        }
        let profile: Profile =
            serde_path_to_error::deserialize(value).map_err(|error| ProfileError::Field {
                name: name.to_string(),
                field: error.path().to_string(),
                found: plain(&error.inner().to_string()),
                allowed: "what docs/profile.schema.json says of it".to_string(),
            })?;
        profile.check().map_err(|Wrong { field, found, allowed }| ProfileError::Field {
            name: name.to_string(),
            field,
            found,
            allowed: allowed.to_string(),
        })?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), Wrong> {
        ensure(
            self.last_at_us >= self.first_at_us,
            "last_at_us",
            self.last_at_us,
            "a time not before first_at_us",
        )?;
        let sum =
            u128::from(self.without_id_count) + u128::from(self.ids_count) + u128::from(self.duplicate_count);
        let adds_up = "without_id_count + ids_count + duplicate_count";
        ensure(sum == self.pings_count.into(), "pings_count", self.pings_count, adds_up)?;
        ensure(
            (self.origin == Origin::Sampled) <= self.sampling.is_some(),
            "sampling",
            "none",
            "the part of the ids, in a sampled profile",
        )?;
        if let Some(sampling) = &self.sampling {
            let share = sampling.rate > 0.0 && sampling.rate <= 1.0;
            ensure(share, "sampling.rate", sampling.rate, "a share above 0 and at most 1")?;
        }
        check_lags("lag_from_previous", &self.lag_from_previous, self.duplicate_count)?;
        check_lags("lag_from_first", &self.lag_from_first, self.duplicate_count)?;
        self.check_copies()?;
        for pair in self.windows.windows(2) {
            let ascending = pair[0].length_s < pair[1].length_s;
            ensure(ascending, "windows", pair[1].length_s, "lengths that ascend")?;
        }
        for (index, window) in self.windows.iter().enumerate() {
            let field = format!("windows[{index}]");
            ensure(window.length_s > 0, &field, "a window of 0 s", "a length above 0")?;
            ensure(window.mean_ids >= 0.0, &field, window.mean_ids, "a mean of 0 or more")?;
        }
        for share in &self.heaviest {
            ensure((0.0..=1.0).contains(share), "heaviest", share, "shares from 0 to 1")?;
        }
        Ok(())
    }

    fn check_copies(&self) -> Result<(), Wrong> {
        for (index, copies) in self.copies.iter().enumerate() {
            let field = format!("copies[{index}].least");
            let begins = copies.least > 0 && copies_floor(copies_bin(copies.least)) == copies.least;
            ensure(
                begins && copies_bin(copies.least) < COPIES_BINS,
                &field,
                copies.least,
                "the start of a bin",
            )?;
            let ascends = index == 0 || self.copies[index - 1].least < copies.least;
            ensure(ascends, &field, copies.least, "more than the one before")?;
        }
        Ok(())
    }
}

struct Wrong {
    field: String,
    found: String,
    allowed: &'static str,
}

fn ensure(holds: bool, field: &str, found: impl ToString, allowed: &'static str) -> Result<(), Wrong> {
    match holds {
        true => Ok(()),
        false => Err(Wrong { field: field.to_string(), found: found.to_string(), allowed }),
    }
}

fn check_lags(field: &str, lags: &LagHistogram, duplicates: u64) -> Result<(), Wrong> {
    for (index, (bin, _)) in lags.bins.iter().enumerate() {
        let field = format!("{field}.bins[{index}]");
        ensure(usize::from(*bin) < LAG_BINS, &field, format!("bin {bin}"), "a bin from 0 to 566")?;
        let ascends = index == 0 || lags.bins[index - 1].0 < *bin;
        ensure(ascends, &field, format!("bin {bin}"), "a bin after the one before")?;
    }
    let total = lags.total();
    ensure(total == duplicates, field, format!("{total} copies"), "as many copies as duplicate_count")
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> String {
    match bytes.trim_ascii().is_empty() {
        true => "an empty file".to_string(),
        false => format!("what is no JSON ({error})"),
    }
}

/// A value has no lines.
fn plain(message: &str) -> String {
    message.rsplit_once(" at line ").map_or(message, |(what, _)| what).to_string()
}

/// Compact JSON, but for a line for each field at the top.
struct Lines {
    depth: usize,
}

impl Formatter for Lines {
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(if self.depth == 0 { b"\n}" } else { b"}" })
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        writer.write_all(if first { b"" } else { b"," })?;
        writer.write_all(if self.depth == 1 {
            b"\n  "
        } else if first {
            b""
        } else {
            b" "
        })
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(if self.depth == 1 { b": " } else { b":" })
    }
}
