//! Compiles the preload library that puts a server on the run's own clock.

/// Writes the shared object into `OUT_DIR`.
pub(crate) fn compile() {}
