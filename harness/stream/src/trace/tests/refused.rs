//! What is no trace, or only in part: counted, or refused with what to do.

use super::*;

#[test]
fn bad_lines_are_counted_and_the_first_five_kept() {
    let mut text = b"{\"id\":\"a\"}\nnot json\n\n{\"id\":[]}\n\xff\xfe\n{\"id\":1.5}\n{\n[]\n".to_vec();
    text.extend(b"{\"id\":\"a\"}\n".repeat(100));
    let trace = sample(&text).with(|o| o.max_bad = 0.06);
    let survey = trace.survey();
    assert_eq!((survey.pings_count, survey.bad_count), (101, 6));
    let lines: Vec<_> = survey.first_bad.iter().map(|bad| bad.line).collect();
    assert_eq!(lines, [2, 4, 5, 6, 7]);
    assert_eq!(trace.events().len(), 101);
    let error = trace.with(|o| o.max_bad = 0.05).error();
    for part in
        ["6 of 107 lines (5.61 %)", "--max-bad 0.05", "line 2: not a JSON object", "line 5: not UTF-8"]
    {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn exactly_the_allowed_share_of_bad_lines_is_allowed() {
    let text = [b"{\"id\":\"a\"}\n".repeat(99), b"bad\n".to_vec()].concat();
    assert_eq!(sample(&text).survey().bad_count, 1);
    sample([&text[..], b"bad\n"].concat()).error();
}

#[test]
fn a_trace_without_pings_is_an_error() {
    for content in ["", "\n\n", "id,t\n", "\u{feff}"] {
        let error = sample(content).with(|o| o.id = named(&["id"])).error();
        assert!(error.contains("has no pings") || error.contains("no line has it"), "{content:?}: {error}");
    }
    for packed in [gzip(b""), zstd(b"")] {
        assert!(sample(packed).error().contains("the file is empty"));
    }
    let all_bad = sample("{\n{\n").with(|o| o.max_bad = 1.0);
    assert!(all_bad.error().contains("no line can be read"));
}

#[test]
fn a_file_whose_first_line_has_no_end_is_told_from_one_of_long_lines() {
    let long = "x".repeat(17 << 20);
    for text in [&long[..], &format!("\n\n{long}"), &format!("{long}\nid\na\n")] {
        for content in [text.as_bytes().to_vec(), gzip(text.as_bytes())] {
            let error = sample(content).error();
            assert!(error.contains("the first line does not end within 16 MiB; allowed are"), "{error}");
        }
    }
}

#[test]
fn a_field_that_is_not_there_is_named_with_those_that_are() {
    let json = "{\"key\":\"a\",\"m\":{\"at\":5}}\n".repeat(3);
    assert!(sample(&json).error().contains("--id-field; the first line has: key, m.at"));
    let error = sample(&json).with(|o| o.id = named(&["kye"])).error();
    assert!(error.contains("--id-field kye: no line has it; the first line has: key, m.at"), "{error}");
    let error = sample(&json).with(|o| {
        o.id = named(&["key"]);
        o.time_field = Some("at".into());
    });
    assert!(error.error().contains("--time-field at: no line has it"));

    let csv = "key,at\na,5\n";
    assert!(sample(csv).error().contains("the first line has: key, at"));
    let error = sample(csv).with(|o| o.id = named(&["#3"])).error();
    assert!(error.contains("--id-field #3: no line has it; the first line has: #1, #2"), "{error}");
}

#[test]
fn ids_that_are_none_blame_the_field_that_they_are_read_from() {
    let taken = "field id, which was taken because of its name: ";
    for (content, said) in [
        ("{\"id\":null,\"x\":1}\n{\"id\":\"\",\"x\":2}\n", "all 2 values are empty or null"),
        ("id,x\n,1\n,2\n", "all 2 values are empty or null"),
        (
            "{\"id\":true}\n{\"id\":[1]}\n{\"id\":null}\n",
            "none of 3 values can be an id, the first is a boolean",
        ),
    ] {
        let error = sample(content).error();
        assert!(
            error.contains(taken)
                && error.contains(said)
                && error.contains("--id-field; the first line has: id"),
            "{error}"
        );
        let error = sample(content).with(|o| o.id = named(&["id"])).error();
        assert!(error.contains("read from field id: ") && error.contains(said), "{error}");
    }
    // Arrays are no ids, and a time that was read is not to blame for them.
    let arrays = "{\"id\":[1],\"at\":5}\n".repeat(3);
    let error = sample(&arrays).error();
    assert!(
        error.contains("no field is known to hold the id") && error.contains("at, id (an array)"),
        "{error}"
    );
    let error = sample(&arrays).with(|o| {
        o.id = named(&["id"]);
        o.time_field = Some("at".into());
    });
    let error = error.error();
    assert!(error.contains("field id: none of 3 values") && error.contains("an array"), "{error}");
    assert!(!error.contains("--time-field"), "{error}");
    // A field that nobody named, and that no line has, is not spoken of.
    let error = sample("{}\n{\"key\":1}\n").error();
    assert!(error.contains("no field is known to hold the id") && !error.contains("document_id"), "{error}");
}

#[test]
fn times_that_are_there_and_empty_are_not_said_to_be_absent() {
    let error =
        sample("{\"id\":1,\"at\":null}\n{\"id\":2,\"at\":\"\"}\n").with(|o| o.time_field = Some("at".into()));
    let error = error.error();
    assert!(error.contains("times from at") && error.contains("line 1: no time"), "{error}");
}

#[test]
fn a_name_that_two_columns_or_fields_have_is_refused_with_the_reason() {
    let error = sample("id,x,id\na,1,b\n").error();
    assert!(error.contains("--id-field id: columns 1 and 3 are both called so"), "{error}");
    assert!(error.contains("--id-field '#2'"), "{error}");
    let error = sample("id,t,t\na,1,2\n").with(|o| o.time_field = Some("t".into())).error();
    assert!(error.contains("--time-field t: columns 2 and 3"), "{error}");
    // What is not read may be there as often as it likes.
    assert_eq!(sample("x,id,x\n1,a,2\n").survey().pings_count, 1);
    assert_eq!(sample("1,a,2\n").with(|o| o.id = named(&["#2"])).survey().pings_count, 1);
    let error = sample("{\"id\":\"a\",\"id\":\"b\"}\n").error();
    assert!(
        error.contains("Ids are read from id")
            && error.contains("line 1: the field of the id is there twice"),
        "{error}"
    );
}

#[test]
fn a_number_that_could_be_any_unit_is_asked_about() {
    let error = sample("id,t\na,17\n").with(|o| o.time_field = Some("t".into())).error();
    assert!(error.contains("line 2: field t: found 17") && error.contains("--time-unit"), "{error}");
}

#[test]
fn other_forms_are_named_with_what_to_do() {
    for (content, what) in [
        (&b"PAR1\x15\x04"[..], "Parquet"),
        (b"ORC\x11\0", "an ORC file"),
        (b"ARROW1\0\0", "Feather"),
        (b"FEA1\0", "Feather"),
        (b"SQLite format 3\0", "SQLite"),
        (b"SEQ\x06", "SequenceFile"),
        (b"RCF\x01", "RCFile"),
        (b"\x89HDF\r\n", "HDF5"),
        (b"\xfd7zXZ\0\0", "xz"),
        (b"\xff\xfei\0d\0", "UTF-16"),
    ] {
        let error = sample(content).error();
        assert!(error.contains(what), "{error}");
        assert!(sample(gzip(content)).error().contains(what));
    }
}

#[test]
fn paths_that_are_no_readable_file_are_refused() {
    let sample = sample("id\na\n");
    let dir = sample.options.path.parent().unwrap().to_path_buf();
    for (path, what) in [
        (dir.join("none"), "none: cannot be opened"),
        (dir, "is a directory"),
        ("/dev/null".into(), "standard input, whose name is -"),
        ("-".into(), "copied first"),
    ] {
        let options = TraceOptions { path, ..sample.options.clone() };
        let error = TraceSurvey::scan(&options).unwrap_err().to_string();
        assert!(error.contains(what), "{error}");
    }
}

#[test]
fn options_that_make_no_sense_are_refused() {
    for max_bad in [-0.1, 1.1, f64::NAN] {
        assert!(sample("id\na\n").with(|o| o.max_bad = max_bad).error().starts_with("--max-bad"));
    }
    assert!(sample("id\na\n").with(|o| o.window = Duration::ZERO).error().starts_with("--window"));
    assert!(
        sample("id\na\n").with(|o| o.time_unit = TimeUnit::Ms).error().starts_with("--time-unit: found ms")
    );
    assert!(sample("id\na\n").with(|o| o.id = named(&[""])).error().starts_with("--id-field"));
}

#[test]
fn a_trace_that_changes_between_its_two_readings_is_noticed() {
    // Longer than the buffer, so that the change is not hidden by what was read already.
    let mut text = "id\n".to_string() + &"a\n".repeat(100_000);
    let trace = sample(&text);
    let mut source = TraceSource::open(&trace.options).unwrap();
    text.replace_range(text.len() - 2.., "b\n");
    std::fs::write(&trace.options.path, text).unwrap();
    let error = source.fill(usize::MAX, &mut Vec::new()).unwrap_err();
    assert!(error.to_string().contains("was changed while it was read"));
}

#[test]
fn an_id_that_cannot_be_one_is_blamed_and_not_the_time_beside_it() {
    let error = sample("{\"a\":1.5,\"t\":1772323200}\n").with(|o| {
        o.id = named(&["a"]);
        o.time_field = Some("t".into());
    });
    let error = error.error();
    assert!(error.contains("field a: none of 1 values can be an id, the first is the number 1.5"), "{error}");
    assert!(!error.contains("--time-field"), "{error}");
}

#[test]
fn a_line_of_names_that_begins_like_another_form_is_a_line_of_names() {
    for content in ["ORC,id\n1,a\n", "SEQ,id\n1,a\n", "ARROW1,id\n1,a\n"] {
        assert_eq!(sample(content).survey().pings_count, 1);
    }
}

#[test]
fn a_field_that_holds_more_than_one_value_is_named_with_what_is_in_it() {
    let json = "{\"o\":{\"k\":\"a\",\"n\":{\"x\":1}},\"l\":[{\"id\":1}],\"key\":\"a\"}\n";
    let of = |content: &str, field: &str| sample(content).with(|o| o.id = named(&[field])).error();
    for (content, records) in
        [(json.to_string(), "--records l reads each"), (format!("[{json}]"), "--records l reads each")]
    {
        let error = of(&content, "o");
        assert!(
            error.contains(
                "field o: none of 1 values can be an id, the first is an object (in it: o.k, o.n.x)"
            ),
            "{error}"
        );
        let error = of(&content, "l");
        assert!(error.contains("the first is an array (l is an array") && error.contains(records), "{error}");
        let error = of(&content, "l.id");
        assert!(error.contains("--id-field l.id: no line has it; ") && error.contains(records), "{error}");
        assert!(!of(&content, "lx").contains("array:"));
    }
    let error = sample("{\"id\":1.5}\n").error();
    assert!(
        error.contains("the first is the number 1.5, which is not whole; allowed is text or a whole number"),
        "{error}"
    );
    assert_eq!(sample("{\"id\":1.0}\n{\"id\":1}\n{\"id\":\"1\"}\n").survey().duplicate_count, 2);
}

#[test]
fn avro_files_that_cannot_be_read_say_what_they_are_and_what_to_do() {
    let pings: Vec<(String, u64)> = (0..9).map(|n| (format!("k{n}"), 1_700_000_000_000 + n)).collect();
    let one = mutated::avro(&pings);
    let glued = sample([&one[..], &one].concat()).error();
    assert!(
        glued.contains("after line 9: not a sound Avro file: another Avro file is glued behind the first")
            && glued.contains("--trace FILE --trace FILE"),
        "{glued}"
    );
    let cut = sample(&one[..one.len() - 20]).error();
    assert!(cut.contains("not a sound Avro file: it is cut short"), "{cut}");
    let codec = b"\x14avro.codec\x0abzip2";
    // One entry more in the header, before the others.
    let bzip2 = [b"Obj\x01\x04", &codec[..], &one[5..]].concat();
    let error = sample(bzip2).error();
    assert!(
        error.contains("compressed with bzip2, where null, deflate, snappy and zstandard are read"),
        "{error}"
    );
    assert!(
        error.contains("allowed are CSV, NDJSON and other JSON") && error.contains("write it again"),
        "{error}"
    );
}
