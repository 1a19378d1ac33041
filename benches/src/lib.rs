//! What benches and measurements have in common; see `benches/` and `examples/`.

pub mod judge;
pub mod stream;

/// Nanoseconds that this thread has spent on a processor.
pub fn cpu_ns() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
}

/// The middle one of some values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
