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

/// Two hundred lines; `line` says what each one is.
fn lines(header: &str, line: impl Fn(usize) -> String) -> Vec<String> {
    std::iter::once(header.to_string()).chain((1..=200).map(line)).collect()
}

#[test]
fn two_stray_quotes_that_make_one_sound_field_are_doubted_with_their_place() {
    let two = lines("id,text", |n| format!("k{n},v"));
    let one = lines("id", |n| format!("k{n}"));
    let tabs = lines("id\ttext", |n| if n < 5 { format!("k{n}\t\"v\"") } else { format!("k{n}\tv") });
    for (lines, open, close, ends) in [
        (&two, "k10,\"v", "k12,v\"", ["\n", "\r\n", "\r"]),
        (&one, "\"k10", "k12\"", ["\n", "\r\n", "\r"]),
        (&tabs, "k10\t\"v", "k12\tv\"", ["\n", "\r\n", "\n"]),
    ] {
        for end in ends {
            let mut lines = lines.clone();
            (lines[10], lines[12]) = (open.to_string(), close.to_string());
            let survey = sample(lines.join(end)).survey();
            // Two records are gone, which nothing else says.
            assert_eq!((survey.pings_count, survey.bad_count), (198, 0), "{open:?} {end:?}");
            let line = if end == "\r" { 1 } else { 11 };
            let said = format!(
                "1 of 198 records holds line breaks inside quotes, over 3 lines, and every line of them could be a \
                 record of its own; it is at line {line}"
            );
            assert_eq!(survey.folded.as_ref(), Some(&said), "{end:?}");
            let doubt = &survey.doubts[0];
            assert_eq!(
                (doubt.kind, doubt.text.starts_with(&said)),
                (DoubtKind::Form, true),
                "{}",
                doubt.text
            );
            assert!(doubt.remedy.as_ref().is_some_and(|remedy| remedy.contains("take them out")));
        }
    }
}

#[test]
fn fields_over_several_lines_are_no_doubt_where_they_are_the_way_of_the_file() {
    let often = lines("id,text", |n| if n % 3 == 0 { format!("k{n},\"a\nb\"") } else { format!("k{n},v") });
    let survey = sample(often.join("\n")).survey();
    assert_eq!((survey.pings_count, &survey.doubts[..]), (200, &[][..]));
    assert!(
        survey
            .folded
            .unwrap()
            .starts_with("66 of 200 records hold line breaks inside quotes, the longest over 2")
    );
    let once = lines("id,text", |n| if n == 30 { format!("k{n},\"a\nb\"") } else { format!("k{n},v") });
    let survey = sample(once.join("\n")).survey();
    assert_eq!((survey.pings_count, survey.doubts.len()), (200, 1));
    let none = sample(lines("id,text", |n| format!("k{n},\"v\"")).join("\n")).survey();
    assert_eq!((none.folded, none.doubts), (None, vec![]));
}

#[test]
fn a_user_with_spaces_in_the_name_is_one_column_of_a_log() {
    let line = |user: &str, n: usize| {
        format!(
            "192.0.2.1 - {user} [10/Oct/2000:13:55:{n:02} -0700] \"GET /[a] HTTP/1.1\" 200 5 \"-\" \"-\" r{n}\n"
        )
    };
    let users = ["Joe von Doe", "-", "joe", "a  b", " c", "Joe von Doe", "[me] x", "é f"];
    let log: String = users.iter().enumerate().map(|(n, user)| line(user, n)).collect();
    for content in [log.clone().into_bytes(), log.replace('\n', "\r\n").into_bytes(), gzip(log.as_bytes())] {
        let users = sample(&content).with(|o| (o.id, o.time_field) = (named(&["user"]), Some("time".into())));
        let survey = users.survey();
        assert_eq!(
            (survey.pings_count, survey.bad_count, survey.duplicate_count),
            (8, 0, 1),
            "{:?}",
            survey.first_bad
        );
        let ids = users.events();
        for (event, user) in
            ids.iter().zip(["Joe von Doe", "-", "joe", "a  b", " c", "Joe von Doe", "[me] x"])
        {
            assert_eq!(event.id, super::super::id::id_of(user), "{user}");
        }
        let requests = sample(&content).with(|o| o.id = named(&["#10"])).survey();
        assert_eq!((requests.unique_count, requests.bad_count), (8, 0));
    }
    // A line that is cut short, or has no time, is a bad one, and takes no other with it.
    for broken in
        ["192.0.2.1 - Joe von", "192.0.2.1 - Joe \"GET /\" 200", "192.0.2.1 - Joe [x", "[", "a b c d e f [g"]
    {
        let text = format!("{}{}{broken}\n{}", line("a", 1), line("b c", 2), line("d", 3));
        let survey = sample(text).with(|o| (o.id, o.max_bad) = (named(&["user"]), 0.5)).survey();
        assert_eq!((survey.pings_count, survey.bad_count), (3, 1), "{broken}");
    }
}

#[test]
fn a_backslash_before_what_ends_a_column_is_named_where_it_makes_columns_too_many() {
    for (text, line) in [
        (
            "id\tt\na\t1\nb\\\tc\t2\nd\t3\n",
            "line 3: 3 columns, where the first line has 2: a backslash before what ends",
        ),
        (
            "id,t\na,1\nb\\,c,2\nd,3\n",
            "line 3: 3 columns, where the first line has 2: a backslash before what ends",
        ),
        (
            "id,t\na,1\nb\\\nc,2\nd,3\n",
            "line 3: 1 columns, where the first line has 2: a backslash before what ends",
        ),
    ] {
        let survey = sample(text).with(|o| o.max_bad = 0.5).survey();
        assert!(survey.first_bad[0].to_string().starts_with(line), "{}", survey.first_bad[0]);
        let error = sample(text).error();
        assert!(error.contains(line) && error.contains("write the field in quotes"), "{error}");
    }
    let plain = sample("id,t\na,1\nb,c,2\nd,3\n").error();
    assert!(
        plain.contains("3 columns, where the first line has 2") && !plain.contains("backslash"),
        "{plain}"
    );
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

/// A log of which each line has one of these users, and a time of its own.
fn log(users: impl Iterator<Item = &'static str>) -> Sample {
    let line = |(n, user): (usize, &str)| {
        let time = format!("[31/Jan/2026:12:{:02}:{:02} +0100]", n / 60, n % 60);
        format!("10.0.0.{} - {user} {time} \"GET /p HTTP/1.1\" 200 12\n", n % 200)
    };
    let by_user = |o: &mut TraceOptions| (o.id, o.time_field) = (named(&["user"]), Some("time".into()));
    sample(users.enumerate().map(line).collect::<String>()).with(by_user)
}

#[test]
fn users_of_several_words_are_users_in_all_lines_of_a_log_and_in_its_first_hundred() {
    let two = (0..200).map(|n| if n % 2 == 0 { "Anna Doe" } else { "Eva Doe" });
    let survey = log(two).survey();
    assert_eq!((survey.pings_count, survey.unique_count, survey.bad_count), (200, 2, 0));
    let others = (0..900).map(|n| if n % 2 == 0 { "-" } else { "joe" });
    let survey = log(std::iter::repeat_n("Anna Doe", 100).chain(others)).survey();
    assert_eq!((survey.pings_count, survey.unique_count, survey.bad_count), (1000, 3, 0));
}

#[test]
fn a_line_of_a_log_whose_time_is_elsewhere_is_a_bad_one() {
    let text = "[31/Jan/2026:12:00:00 +0100] \"GET /p HTTP/1.1\" 200 12\n";
    for odd in [
        "10.0.0.1 - Anna Doe \"GET /p HTTP/1.1\" 200 12\n".to_string(),
        format!("h:80 10.0.0.1 - joe {text}"),
        format!("joe {text}"),
        "10.0.0.1 - joe [31/Jan/2026:12:00:00] \"GET /p HTTP/1.1\" 200 12\n".to_string(),
    ] {
        let lines = format!("10.0.0.1 - joe {text}").repeat(150) + &odd;
        let survey = sample(lines).with(|o| o.id = named(&["user"])).survey();
        assert_eq!((survey.pings_count, survey.unique_count, survey.bad_count), (150, 1, 1), "{odd}");
    }
}

#[test]
fn lines_that_a_quote_takes_are_doubted_though_blank_or_odd_ones_are_among_them() {
    let doubts_of = |text: String| {
        let survey = sample(text).survey();
        assert_eq!(survey.pings_count, 180, "each pair has taken a line");
        survey.doubts.into_iter().filter(|doubt| doubt.kind == DoubtKind::Form).collect::<Vec<_>>()
    };
    let mut pairs = lines("id,text", |n| format!("k{n},v"));
    (0..20).for_each(|pair| {
        pairs[pair * 10 + 1] = pairs[pair * 10 + 1].replace(",", ",\"");
        pairs[pair * 10 + 2].push('"');
    });
    for end in ["\n", "\r\n", "\r\r\n", "\n\n"] {
        let doubts = doubts_of(pairs.join(end));
        assert!(doubts[0].text.contains("every line of them could be a record"), "{end:?}: {doubts:?}");
    }
    (0..20).for_each(|pair| pairs[pair * 10 + 1].push_str("\ncomment"));
    let doubts = doubts_of(pairs.join("\n"));
    assert!(doubts[0].text.contains("most lines of them could be records"), "{doubts:?}");
}
