//! What a survey of a trace says, in a few lines for people.

use std::fmt::{self, Write};

use dedup_strategies::Timestamp;
use dedup_stream::trace::{Delimiter, TimeUsed, TraceSenders, TraceSurvey, WhoFields};

use crate::units::{plural, thousands};

/// The survey as text: a line for each thing that it found.
pub(super) fn text(survey: &TraceSurvey) -> String {
    let mut text = String::new();
    write(survey, &mut text).expect("a string takes whatever is written");
    text
}

/// Who sent the pings, as two lines, and one more where a type that was asked for is of no ping.
pub(super) fn senders(senders: &TraceSenders, who: &WhoFields) -> String {
    let days = plural(senders.days.1 - senders.days.0 + 1, "day");
    let clients = thousands(senders.clients_count.into());
    let counted = |(name, values): &(String, Vec<String>)| format!("{name} ({} values)", values.len());
    let mut by: Vec<String> = senders.dimensions.iter().map(counted).collect();
    if !senders.types.is_empty() {
        by.push(format!("{} types", senders.types.len()));
    }
    let by = if by.is_empty() { "nothing else".to_string() } else { by.join(", ") };
    let mut text = format!("{:<14}{clients} on {days}\n{:<14}{by}\n", "clients", "counted by");
    let absent = absent_types(senders, who);
    if !absent.is_empty() {
        text += &format!("{:<14}of no ping: {}\n", "types", absent.join(", "));
    }
    text
}

/// Types that were asked for and that no ping has: those of a typing error, and those that did not occur.
fn absent_types(senders: &TraceSenders, who: &WhoFields) -> Vec<String> {
    let asked =
        [("--crash-type", &who.crash), ("--new-profile-type", &who.new_profile), ("--funnel", &who.funnel)];
    let named = asked.iter().flat_map(|(flag, names)| names.iter().map(move |name| (flag, name)));
    let absent = named.filter(|(_, name)| who.kind.is_some() && !senders.types.contains(name));
    absent.map(|(flag, name)| format!("{} ({flag})", clip(name))).collect()
}

/// A name as long as a line has room for.
fn clip(name: &str) -> String {
    const MOST: usize = 40;
    match name.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_string(),
    }
}

fn write(survey: &TraceSurvey, text: &mut String) -> fmt::Result {
    let mut line = |label: &str, said: String| writeln!(text, "{label:<14}{said}");
    let delimiter = survey.delimiter.and_then(Delimiter::said);
    let delimiter = delimiter.map_or(String::new(), |said| format!(" with {said}"));
    line("trace", format!("{} ({}{delimiter}{})", survey.name, survey.format, survey.compression))?;
    line("id", survey.id.to_string())?;
    line("time", time_line(survey))?;
    line("read", format!("{} pings", thousands(survey.pings_count)))?;
    line("skipped", count_of(survey.bad_count, survey.pings_count + survey.bad_count, "lines"))?;
    for bad in &survey.first_bad {
        line("", bad.to_string())?;
    }
    if let Some(folded) = &survey.folded {
        line("over lines", folded.clone())?;
    }
    line("unique", count_of(survey.unique_count, survey.pings_count, "pings"))?;
    line("duplicates", count_of(survey.duplicate_count, survey.pings_count, "pings"))?;
    if survey.compared.copies_count > 0 {
        line("compared", compared_line(survey))?;
    }
    line("without id", count_of(survey.missing_count, survey.pings_count, "pings"))?;
    if survey.time.is_some() {
        line("out of order", order_line(survey))?;
    }
    line("span", span_line(survey))?;
    line("in a window", window_line(survey))?;
    survey.doubts.iter().try_for_each(|doubt| line("doubt", doubt.to_string()))
}

/// How copies differ, deliveries' own fields included.
fn compared_line(survey: &TraceSurvey) -> String {
    const MOST: usize = 5;
    let compared = &survey.compared;
    let count = count_of(compared.copies_count, survey.duplicate_count, "copies");
    if compared.fields.is_empty() {
        return format!("{count}, all equal to their first");
    }
    let named: Vec<_> =
        compared.fields.iter().take(MOST).map(|(name, count)| format!("{name} in {count}")).collect();
    let more = compared.fields.len().saturating_sub(MOST);
    let more = if more > 0 { format!(", {more} more") } else { String::new() };
    format!("{count}; different from their first: {}{more}", named.join(", "))
}

fn time_line(survey: &TraceSurvey) -> String {
    match &survey.time {
        None => "order of lines, one a millisecond".to_string(),
        Some(TimeUsed { field, unit, unit_from }) => format!("field {field} in {unit} ({unit_from})"),
    }
}

fn order_line(survey: &TraceSurvey) -> String {
    if let Some(sorted) = survey.sorted_count {
        return format!("{} before they were sorted", count_of(sorted, survey.pings_count, "pings"));
    }
    let count = count_of(survey.out_of_order_count, survey.pings_count, "pings");
    match survey.out_of_order_count {
        0 => count,
        _ => format!("{count}, by up to {}", humantime::format_duration(survey.furthest_back)),
    }
}

fn span_line(survey: &TraceSurvey) -> String {
    let length = humantime::format_duration(survey.last_at.since(survey.first_at));
    match survey.time {
        None => length.to_string(),
        Some(_) => format!("{} to {} ({length})", rfc3339(survey.first_at), rfc3339(survey.last_at)),
    }
}

fn window_line(survey: &TraceSurvey) -> String {
    let window = humantime::format_duration(survey.sizing.window);
    format!("at most {} ids in any {window}", thousands(survey.sizing.ids_in_window))
}

fn count_of(part: u64, whole: u64, things: &str) -> String {
    let percent = 100.0 * part as f64 / whole.max(1) as f64;
    format!("{} of {} {things} ({percent:.2} %)", thousands(part), thousands(whole))
}

fn rfc3339(time: Timestamp) -> String {
    let nanos = i128::from(time.as_nanos());
    jiff::Timestamp::from_nanosecond(nanos).map_or_else(|_| time.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::path::PathBuf;
    use std::time::Duration;

    use dedup_stream::trace::{Format, TraceOptions};
    use proptest::prelude::*;

    use super::*;

    fn survey(time_field: Option<&str>, window: Duration) -> String {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stream/tests/data/pings.ndjson");
        let time_field = time_field.map(str::to_string);
        text(&TraceSurvey::scan(&TraceOptions { time_field, window, ..TraceOptions::new(path) }).unwrap())
    }

    const SURVEY: &str = "\
trace         pings.ndjson (NDJSON)
id            field attributeMap.document_id
time          field publish_time in RFC 3339 (by its form)
read          199 pings
skipped       1 of 200 lines (0.50 %)
              line 101: not a JSON object: EOF while parsing a string at column 46
unique        162 of 199 pings (81.41 %)
duplicates    37 of 199 pings (18.59 %)
compared      37 of 37 copies (100.00 %); different from their first: attributeMap.document_type in 31
without id    2 of 199 pings (1.01 %)
out of order  3 of 199 pings (1.51 %), by up to 4s 845ms
span          2026-01-01T00:00:00.351Z to 2026-01-01T00:01:27.271Z (1m 26s 920ms)
in a window   at most 160 ids in any 10m
doubt         31 of 37 copies differ from their first in `attributeMap.document_type`: this may not be the key: \
     --id-field attributeMap.document_id --id-field attributeMap.document_type if they are different pings
";

    #[test]
    fn a_survey_reads_well() {
        let usual = Duration::from_secs(600);
        assert_eq!(survey(Some("publish_time"), usual), SURVEY);
        let untimed = survey(None, usual);
        assert!(untimed.contains("span          198ms\n"), "{untimed}");
    }

    #[test]
    fn a_clock_that_goes_back_by_a_window_is_doubted() {
        let doubted = survey(Some("publish_time"), Duration::from_secs(4));
        assert!(doubted.contains("are behind an earlier line by more than 40ms, a hundredth of the window"));
    }

    proptest! {
        #[test]
        fn whatever_was_read_can_be_said(
            rows in prop::collection::vec((any::<u8>(), any::<u64>()), 0..20),
            noise in prop::collection::vec(any::<u8>(), 0..100),
        ) {
            let lines = rows.iter().map(|(id, time)| format!("{id},{time}\n")).collect::<String>();
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(&[b"id,t\n", lines.as_bytes(), &noise].concat()).unwrap();
            let options = TraceOptions {
                format: Format::Csv,
                time_field: Some("t".into()),
                max_bad: 1.0,
                ..TraceOptions::new(file.path())
            };
            if let Ok(survey) = TraceSurvey::scan(&options) {
                prop_assert!(text(&survey).lines().count() > 5);
            }
        }
    }
}
