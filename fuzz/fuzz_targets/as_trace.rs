//! A trace that may say anything. The first byte chooses what is asked for.

use dedup_stream::stream::Source;
use dedup_stream::trace::{Format, IdFields, TraceOptions, TraceSource, TraceSurvey};

use crate::on_disk::with_file;

pub fn read(bytes: &[u8], format: Format) {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    with_file("trace", bytes, |path| {
        let mut options = TraceOptions { format, max_bad: 1.0, ..TraceOptions::new(path) };
        let fields = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        match choice & 9 {
            1 => options.id = IdFields::Named(fields(&["a.id"])),
            8 => options.id = IdFields::Named(fields(&["id", "a.id", "b"])),
            _ => {}
        }
        if choice & 4 != 0 && format == Format::Csv {
            options.id = IdFields::Named(fields(&["#1"]));
        }
        if choice & 16 != 0 {
            options.id = IdFields::AllBut(fields(&["time", "a.id"]));
        }
        options.time_field = (choice & 2 != 0).then(|| "time".to_string());
        options.sort = choice & 34 == 34;
        if choice & 64 != 0 {
            options.null_ids = fields(&["k1", "null"]);
        }
        options.records = (choice & 128 != 0 && format == Format::Json).then(|| "Records".to_string());
        let surveyed = TraceSurvey::scan(&options);
        let Ok(mut source) = TraceSource::open(&options) else { return };
        // Of a Parquet file the survey reads columns that nobody asked for, and those may be damaged alone.
        assert!(surveyed.is_ok() || format == Format::Parquet, "a trace that can be read can be surveyed");
        let mut events = Vec::new();
        while source.fill(1000, &mut events).is_ok() && !events.is_empty() {
            events.clear();
        }
    });
}
