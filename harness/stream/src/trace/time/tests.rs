//! Texts and the times that they say.

use super::*;

fn options(unit: TimeUnit) -> TraceOptions {
    TraceOptions { time_field: Some("t".into()), time_unit: unit, ..TraceOptions::new("trace") }
}

fn reader(options: &TraceOptions) -> TimeReader {
    TimeReader::new(options, None).unwrap()
}

fn nanos(unit: TimeUnit, text: &str) -> Option<u64> {
    reader(&options(unit)).time_of(text).ok().map(Timestamp::as_nanos)
}

fn guess(field: &str, text: &str) -> Result<Option<(TimeUnit, UnitFrom)>, Unclear> {
    reader(&options(TimeUnit::Auto)).guess(field, text)
}

#[test]
fn every_unit_is_read_to_the_nanosecond() {
    let expected = Some(1_546_550_779_123_456_789);
    assert_eq!(nanos(TimeUnit::S, "1546550779.123456789"), expected);
    assert_eq!(nanos(TimeUnit::Ms, "1546550779123.456789"), expected);
    assert_eq!(nanos(TimeUnit::Us, "1546550779123456.789"), expected);
    assert_eq!(nanos(TimeUnit::Ns, "1546550779123456789"), expected);
    assert_eq!(nanos(TimeUnit::Rfc3339, "2019-01-03T21:26:19.123456789Z"), expected);
    assert_eq!(nanos(TimeUnit::Rfc3339, "2019-01-03T22:26:19.123456789+01:00"), expected);
    assert_eq!(nanos(TimeUnit::Rfc3339, "2019-01-03 21:26:19.123456789 UTC"), expected);
    assert_eq!(nanos(TimeUnit::S, "1.546550779e9"), Some(1_546_550_779_000_000_000));
    assert_eq!(nanos(TimeUnit::Ns, "1.9"), Some(1), "what is below a nanosecond is cut");
    assert_eq!(nanos(TimeUnit::S, "0.1234567899"), Some(123_456_789));
}

#[test]
fn nonsense_is_no_time() {
    for text in [
        "",
        " ",
        "-1",
        "+1",
        "1.",
        ".5",
        "1..2",
        "1,5",
        "NaN",
        "inf",
        "1e400",
        "-1e3",
        "0x10",
        "1e",
        "e",
        "99999999999999999999",
        "18446744073.709551615",
        "soon",
        "２０２６",
    ] {
        assert_eq!(nanos(TimeUnit::S, text), None, "{text}");
    }
    for text in
        ["", "2019-01-03", "2019-01-03T21:26:19", "1969-12-31T23:59:59Z", "2600-01-01T00:00:00Z", " UTC"]
    {
        assert_eq!(nanos(TimeUnit::Rfc3339, text), None, "{text}");
    }
    assert_eq!(
        nanos(TimeUnit::Ns, "18446744073709551615"),
        None,
        "the end of all input is no time of a ping"
    );
    assert!(nanos(TimeUnit::Ns, "18446744073709551614").is_some());
    assert_eq!(nanos(TimeUnit::Days, "20513"), Some(1_772_323_200_000_000_000));
    assert_eq!(nanos(TimeUnit::Days, "-1"), None);
}

#[test]
fn the_unit_is_told_by_form_then_name_then_magnitude() {
    let unit = |field, text| guess(field, text).ok().flatten();
    assert_eq!(unit("at_ms", "2019-01-03T21:26:19Z"), Some((TimeUnit::Rfc3339, UnitFrom::Form)));
    assert_eq!(unit("at_ms", "0"), Some((TimeUnit::Ms, UnitFrom::Name)));
    assert_eq!(unit("UPTIME_MS", "172800"), Some((TimeUnit::Ms, UnitFrom::Name)));
    assert_eq!(unit("publishTimeMicros", "5"), Some((TimeUnit::Us, UnitFrom::Name)));
    assert_eq!(unit("uptime_milliseconds", "5"), Some((TimeUnit::Ms, UnitFrom::Name)));
    for (text, expected) in [
        ("1546550779", TimeUnit::S),
        ("1546550779.5", TimeUnit::S),
        ("1546550779123", TimeUnit::Ms),
        ("1546550779123456", TimeUnit::Us),
        ("1546550779123456789", TimeUnit::Ns),
    ] {
        assert_eq!(unit("ts", text), Some((expected, UnitFrom::Magnitude)), "{text}");
    }
    assert_eq!(guess("ts", "17"), Err(Unclear::Small));
    assert_eq!(guess("ts", "-17"), Ok(None));
    assert_eq!(guess("ts", "soon"), Ok(None));
}

#[test]
fn digits_that_say_a_date_ask_for_the_format() {
    for (text, format) in [
        ("20260301", "%Y%m%d"),
        ("202603010001", "%Y%m%d%H%M"),
        ("20260301000159", "%Y%m%d%H%M%S"),
        ("20260301000159123", "%Y%m%d%H%M%S%3f"),
    ] {
        assert_eq!(guess("t", text), Err(Unclear::Calendar(format)), "{text}");
        // A name that says what it counts is believed.
        assert!(!matches!(guess("t_ms", text), Err(Unclear::Calendar(_))), "{text}");
        let said = Unclear::Calendar(format).to_string();
        assert!(said.contains(&format!("--time-format {format} --time-zone UTC")), "{said}");
    }
    for text in ["202613010001", "202602300001", "202603012501", "197512312359.5", "177232320012"] {
        assert!(guess("t", text).is_ok_and(|found| found.is_some()), "{text}");
    }
}

#[test]
fn seconds_since_1970_keep_the_fraction_that_a_format_gives_them() {
    let utc = jiff::tz::TimeZone::UTC;
    for (format, text, nanos) in [
        ("%s%.f", "1772323200.250", 1_772_323_200_250_000_000),
        ("%s.%f", "1772323200.9", 1_772_323_200_900_000_000),
        ("%s", "1772323200", 1_772_323_200_000_000_000),
        ("%Y-%m-%dT%H:%M:%S%.f%z", "2026-03-01T00:00:00.5+0000", 1_772_323_200_500_000_000i128),
    ] {
        let time = text::formatted(format, text, &utc).map(|time| time.as_nanosecond());
        assert_eq!(time, Some(nanos), "{format}");
    }
}

#[test]
fn a_name_that_contradicts_the_magnitude_asks_for_the_unit() {
    for (field, text, name, magnitude) in [
        ("time_s", "1546550779123", TimeUnit::S, TimeUnit::Ms),
        ("time_ms", "1546550779", TimeUnit::Ms, TimeUnit::S),
        ("TIME_MS", "1772323200", TimeUnit::Ms, TimeUnit::S),
        ("timeSeconds", "1772323200000", TimeUnit::S, TimeUnit::Ms),
        ("publishTimeMicros", "1546550779123456789", TimeUnit::Us, TimeUnit::Ns),
    ] {
        assert_eq!(guess(field, text), Err(Unclear::Contradicted(name, magnitude)), "{field}");
    }
    let said = Unclear::Contradicted(TimeUnit::S, TimeUnit::Ms).to_string();
    assert!(said.contains("--time-unit ms or --time-unit s"), "{said}");
}

/// 2026-01-31T12:00:00Z.
const NOON: u64 = 1_769_860_800_000_000_000;

/// What is read with the unit found by looking, in the zone `zone`.
fn found(zone: Option<&str>, text: &str) -> Result<(TimeUnit, Option<u64>), Unclear> {
    let zone = zone.map(str::to_string);
    let mut reader = reader(&TraceOptions { time_zone: zone, ..options(TimeUnit::Auto) });
    let time = reader.read("t", text)?.ok().map(Timestamp::as_nanos);
    Ok((reader.unit().0, time))
}

#[test]
fn times_as_logs_mail_and_databases_write_them_are_read_by_their_form() {
    for (text, unit) in [
        ("2026-01-31T12:00:00Z", TimeUnit::Rfc3339),
        ("2026-01-31T04:00:00-0800", TimeUnit::Rfc3339),
        ("2026-01-31T04:00:00-08", TimeUnit::Rfc3339),
        ("2026-01-31 13:00:00+01", TimeUnit::Rfc3339),
        ("2026-01-31 04:00:00.000 -0800", TimeUnit::Rfc3339),
        ("2026-01-31 12:00:00 UTC", TimeUnit::Rfc3339),
        ("2026-01-31T13:00+01:00[Europe/Berlin]", TimeUnit::Rfc3339),
        ("2026-01-31T13:00[Europe/Berlin]", TimeUnit::Rfc3339),
        ("31/Jan/2026:12:00:00 +0000", TimeUnit::Log),
        ("[31/Jan/2026:04:00:00 -0800]", TimeUnit::Log),
        ("Sat, 31 Jan 2026 12:00:00 GMT", TimeUnit::Rfc2822),
        ("Sat, 31 Jan 2026 04:00:00 -0800", TimeUnit::Rfc2822),
    ] {
        assert_eq!(found(None, text), Ok((unit, Some(NOON))), "{text}");
        assert_eq!(found(Some("Asia/Tokyo"), text), Ok((unit, Some(NOON))), "{text}: it says its own zone");
    }
}

#[test]
fn times_without_a_zone_take_the_one_that_is_given_and_are_refused_without() {
    for (text, hours) in [
        ("2026-01-31 12:00:00", 0),
        ("2026-01-31T12:00:00.000", 0),
        ("2026-01-31T12:00", 0),
        ("2026-01-31", 12),
    ] {
        assert_eq!(found(None, text), Err(Unclear::NoZone), "{text}");
        for (zone, ahead) in
            [("UTC", 0), ("Z", 0), ("+02:00", 2), ("Europe/Berlin", 1), ("America/New_York", -5)]
        {
            let expected = NOON as i64 - (hours + ahead) * 3_600_000_000_000;
            let read = found(Some(zone), text);
            assert_eq!(read, Ok((TimeUnit::Local, Some(expected as u64))), "{text} in {zone}");
        }
    }
    // A line that says its zone nevertheless is taken at its word.
    let given = TraceOptions { time_zone: Some("+02:00".into()), ..options(TimeUnit::Local) };
    assert_eq!(reader(&given).time_of("2026-01-31T12:00:00Z").unwrap().as_nanos(), NOON);
    assert!(reader(&given).time_of("2026-01-31T12:00:00[Nowhere/Nowhere]").is_err());
}

#[test]
fn a_given_format_is_read_and_what_it_does_not_say_is_asked_for() {
    let read = |format: &str, zone: Option<&str>, text: &str| {
        let (time_format, time_zone) = (Some(format.to_string()), zone.map(str::to_string));
        let options = TraceOptions { time_format, time_zone, ..options(TimeUnit::Auto) };
        let reader = TimeReader::new(&options, None).map_err(|error| error.to_string())?;
        reader.time_of(text).map(Timestamp::as_nanos).map_err(|reason| reason.to_string())
    };
    assert_eq!(read("%d.%m.%Y %H:%M:%S %z", None, "31.01.2026 13:00:00 +0100"), Ok(NOON));
    assert_eq!(read("%d.%m.%Y %H:%M:%S", Some("Europe/Berlin"), "31.01.2026 13:00:00"), Ok(NOON));
    assert_eq!(read("%Y%m%d%H%M%S", Some("UTC"), "20260131120000"), Ok(NOON));
    assert_eq!(read("%Y%m%d", Some("+12:00"), "20260201"), Ok(NOON));
    assert_eq!(read("%s", None, "1769860800"), Ok(NOON));
    for (format, zone, text, said) in [
        (
            "%d.%m.%Y",
            None,
            "31.01.2026",
            "--time-format: found %d.%m.%Y; allowed is one with %z, or --time-zone UTC",
        ),
        ("%H:%M", Some("UTC"), "12:00", "allowed is a format of strptime with a day"),
        ("%Q!", Some("UTC"), "12:00", "allowed is a format of strptime with a day"),
        ("%d.%m.%Y", Some("UTC"), "2026-01-31", "the time is 2026-01-31; allowed is what --time-format says"),
        (
            "%d.%m.%Y",
            Some("Mars"),
            "31.01.2026",
            "--time-zone: found Mars; allowed is UTC, +02:00, or a name",
        ),
    ] {
        let error = read(format, zone, text).unwrap_err();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn numbers_that_count_as_a_clock_in_a_zone_shows_them_are_of_that_zone() {
    let berlin = TraceOptions { time_zone: Some("Europe/Berlin".into()), ..options(TimeUnit::Auto) };
    let of = |zone| TimeReader::new(&berlin, Some(TimeType { unit: TimeUnit::S, zone }));
    let noon = 1_769_860_800;
    let read = |reader: TimeReader| reader.time_of(&noon.to_string()).unwrap().as_nanos() / 1_000_000_000;
    assert_eq!(read(of(Zone::Unsaid).unwrap()), noon - 3600);
    let without =
        TimeReader::new(&options(TimeUnit::Auto), Some(TimeType { unit: TimeUnit::S, zone: Zone::Unsaid }));
    assert_eq!(read(without.unwrap()), noon);
    // Where the type, the option, or a number since the epoch says the zone, another is refused.
    let refused = of(Zone::Utc).unwrap_err().to_string();
    assert!(refused.contains("--time-zone: found Europe/Berlin") && refused.contains("type"), "{refused}");
    let given = TraceOptions { time_unit: TimeUnit::Ms, ..berlin.clone() };
    assert!(TimeReader::new(&given, None).unwrap_err().to_string().contains("are in UTC"));
    assert_eq!(reader(&berlin).guess("t", "1769860800"), Err(Unclear::InUtc));
    assert!(matches!(reader(&berlin).guess("t", "20260131"), Err(Unclear::Calendar(_))));
}

#[test]
fn a_number_of_another_magnitude_than_the_first_is_no_time() {
    let mut by_magnitude = reader(&options(TimeUnit::Auto));
    assert!(by_magnitude.read("t", "1769860800000").unwrap().is_ok());
    let why = by_magnitude.read("t", "1769860800").unwrap().unwrap_err().to_string();
    assert!(why.contains("is in s by its magnitude, and the first one in ms"), "{why}");
    assert!(by_magnitude.read("t", "0").unwrap().is_ok(), "too small to tell");
    let mut by_name = reader(&options(TimeUnit::Auto));
    assert!(by_name.read("t_ms", "1769860800000").unwrap().is_ok());
    assert!(by_name.read("t_ms", "1769860800").unwrap().is_ok());
}

#[test]
fn what_is_no_time_is_said_with_what_would_do_in_its_place() {
    let why = |reader: TimeReader, text: &str| reader.time_of(text).unwrap_err().to_string();
    let negative = why(reader(&options(TimeUnit::Auto)), "-5");
    assert!(negative.contains("allowed is a number since the epoch"), "{negative}");
    let mixed = why(reader(&options(TimeUnit::Rfc3339)), "2026-01-31 12:00:00");
    assert!(mixed.contains("--time-unit local --time-zone UTC"), "{mixed}");
    assert!(!why(reader(&options(TimeUnit::Rfc3339)), "soon").contains("--time-unit"));
}

#[test]
fn an_hour_of_half_a_day_says_which_half() {
    let new = |format: &str| {
        let options = TraceOptions {
            time_format: Some(format.into()),
            time_zone: Some("UTC".into()),
            ..options(TimeUnit::Auto)
        };
        TimeReader::new(&options, None).map(|_| ()).map_err(|error| error.to_string())
    };
    for wrong in ["%Y-%m-%d %I:%M", "%Y-%m-%d %-I:%M %%p", "%F %l:%M"] {
        assert!(new(wrong).unwrap_err().contains("without %p"), "{wrong}");
    }
    for right in ["%Y-%m-%d %I:%M %p", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M %%I"] {
        assert_eq!(new(right), Ok(()), "{right}");
    }
}
