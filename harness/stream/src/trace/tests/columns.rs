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
