//! Surveys a trace and says how long that took: `survey FILE [TIME_FIELD]`.

use std::time::Instant;

use dedup_stream::trace::{TraceOptions, TraceSurvey};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().ok_or("say which file: survey FILE [TIME_FIELD]")?;
    let bytes = std::fs::metadata(&path)?.len();
    let mut options = TraceOptions::new(path);
    options.time_field = arguments.next();
    let start = Instant::now();
    let survey = TraceSurvey::scan(&options)?;
    let seconds = start.elapsed().as_secs_f64();
    let (pings, ids) = (survey.pings_count, survey.sizing.ids_total);
    println!("{pings} pings, {ids} ids, {seconds:.2} s, {:.0} MB/s", bytes as f64 / seconds / 1e6);
    Ok(())
}
