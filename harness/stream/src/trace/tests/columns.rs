//! CSV as people have it: other characters between columns, and other ways to write quotes.

use super::*;

#[test]
fn the_same_pings_are_the_same_trace_whatever_stands_between_columns() {
    let text = std::fs::read_to_string(fixture("pings.csv", "").path).unwrap();
    let comma = sample(&text).with(|o| o.time_field = Some("publish_time_ms".into())).survey();
    assert_eq!(comma.delimiter, Some(Delimiter::COMMA));
    for delimiter in ["\t", ";", "|"] {
        let other =
            sample(text.replace(',', delimiter)).with(|o| o.time_field = Some("publish_time_ms".into()));
        let survey = other.survey();
        assert_eq!((&survey.digest, survey.bad_count), (&comma.digest, comma.bad_count), "{delimiter:?}");
        assert_eq!(survey.delimiter, Some(Delimiter::parse(delimiter).unwrap()));
        let packed = sample(gzip(text.replace(',', delimiter).as_bytes()))
            .with(|o| o.time_field = Some("publish_time_ms".into()));
        assert_eq!(packed.survey().digest, comma.digest);
    }
    // Anything else has to be named.
    let caret = sample(text.replace(',', "^")).with(|o| o.time_field = Some("publish_time_ms".into()));
    assert!(caret.error().contains("publish_time_ms^document_id"));
    let named = caret.with(|o| o.delimiter = Some(Delimiter::parse("^").unwrap()));
    assert_eq!(named.survey().digest, comma.digest);
}

#[test]
fn one_column_with_tabs_in_it_is_refused_and_not_taken_for_an_id() {
    for text in ["id\na\t1\nb\t2\n", "id\tt\na\t1\n"] {
        let comma = Delimiter::parse(",").unwrap();
        let by_comma = sample(text).with(|o| (o.delimiter, o.id) = (Some(comma), named(&["#1"])));
        let error = by_comma.error();
        assert!(
            error.contains("one column, but there are tabs") && error.contains("--delimiter tab"),
            "{error}"
        );
    }
    let found = sample("id\na\t1\nb\t2\n");
    assert!(found.error().contains("--delimiter tab"));
    assert_eq!(sample("id\tt\na\t1\na\t2\n").survey().duplicate_count, 1);
}

#[test]
fn quotes_with_a_backslash_before_them_do_not_end_a_field() {
    let text = "id,payload\n\"a\\\"1\",\"{\\\"k\\\":\\\",\\\"}\"\n\"a\\\"1\",x\n\"b\",\"y\"\"z\"\n";
    let survey = sample(text).survey();
    assert_eq!((survey.pings_count, survey.duplicate_count, survey.bad_count), (3, 1, 0));
    let key = super::super::id::id_of("a\"1");
    assert_eq!(sample(text).events()[0].id, key);
}

const LOG: &str = "\
192.0.2.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /a?q=\\\"x\\\" HTTP/1.1\" 200 2326 \"-\" \"Mozilla/5.0 [en] (X11)\" r1
192.0.2.1 - joe [10/Oct/2000:13:55:38 -0700] \"GET /[b] HTTP/1.1\" 404 - \"http://from/\" \"curl\" r2
192.0.2.2 - - [10/Oct/2000:20:55:39 +0000] \"-\" 400 0 \"-\" \"-\" r1
";

#[test]
fn logs_of_web_servers_are_read_as_they_are() {
    let by = |content: &[u8], id: &str| {
        sample(content).with(|o| (o.id, o.time_field) = (named(&[id]), Some("time".into()))).survey()
    };
    let hosts = LOG.lines().map(|line| format!("www.example:443 {line}\n")).collect::<String>();
    for content in [LOG.as_bytes().to_vec(), hosts.into_bytes(), gzip(LOG.as_bytes())] {
        let last = if content.starts_with(b"www") { "#11" } else { "#10" };
        let survey = by(&content, last);
        assert_eq!((survey.pings_count, survey.bad_count, survey.duplicate_count), (3, 0, 1));
        assert_eq!(survey.time.unwrap().unit, TimeUnit::Log);
        assert_eq!(
            (survey.first_at.as_millis(), survey.last_at.as_millis()),
            (971_211_336_000, 971_211_339_000)
        );
        assert_eq!(by(&content, "host").duplicate_count, 1);
        assert_eq!(by(&content, "request").duplicate_count, 0);
    }
    // Without the last columns, and by numbers.
    let common = "::1 - - [10/Oct/2000:13:55:36 -0700] \"GET /\" 200 5\n".repeat(2);
    let survey = sample(common).with(|o| (o.id, o.time_field) = (named(&["#5"]), Some("#4".into()))).survey();
    assert_eq!((survey.pings_count, survey.duplicate_count), (2, 1));
    let error = sample(LOG).error();
    assert!(
        error.contains(
            "the first line has: host, ident, user, time, request, status, bytes, referer, user_agent, #10"
        ),
        "{error}"
    );
}

#[test]
fn a_log_s_time_that_a_delimiter_takes_apart_is_refused_with_the_remedy() {
    let space = Delimiter::parse(" ").unwrap();
    let cut = sample(LOG)
        .with(|o| (o.delimiter, o.id, o.time_field) = (Some(space), named(&["#6"]), Some("#4".into())));
    let error = cut.error();
    assert!(
        error.contains("the time is [10/Oct/2000:13:55:36; allowed is a time with its zone, which stands in the next column")
            && error.contains("leave out --delimiter")
            && error.contains("--time-format '[%d/%b/%Y:%H:%M:%S' --time-zone UTC"),
        "{error}"
    );
    let told = cut.with(|o| {
        (o.time_format, o.time_zone) = (Some("[%d/%b/%Y:%H:%M:%S".into()), Some("-07:00".into()));
    });
    assert_eq!(told.survey().pings_count, 3);
}
