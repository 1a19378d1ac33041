//! Criterion benches over the list of strategies; see `benches/`.
