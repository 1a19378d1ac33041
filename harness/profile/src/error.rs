//! What can be wrong with a profile.

use std::path::PathBuf;

use dedup_files::Unreadable;

/// A profile that cannot be read. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The system does not let us read it, or it is no regular file.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Unreadable,
    },
    /// It is no profile.
    #[error(
        "{name}: found {found}; allowed is a profile: one JSON object that begins with \"profile\": 1, as dedup-harness profile -o FILE writes it"
    )]
    NoProfile {
        /// What it is called.
        name: String,
        /// What it is instead.
        found: String,
    },
    /// A field that is not what it should be.
    #[error("{name}: {field}: found {found}; allowed is {allowed}")]
    Field {
        /// What it is called.
        name: String,
        /// The field, as a path.
        field: String,
        /// What is there.
        found: String,
        /// What may be there.
        allowed: String,
    },
    /// A version that this program could misread.
    #[error(
        "{name}: profile: found version {found}; allowed is 1: read it with the program that wrote it, or make it anew"
    )]
    Version {
        /// What it is called.
        name: String,
        /// The version that it names.
        found: String,
    },
}
