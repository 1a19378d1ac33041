use super::*;

fn query(dialect: &'static dyn Dialect) -> Query {
    Query {
        dialect,
        name: "it's \"the\" \\table".to_string(),
        table: "pings".to_string(),
        ids: vec!["document_id".to_string(), "part".to_string()],
        null_ids: vec!["it's \\ none".to_string()],
        suspects: vec!["null".to_string(), "\\n".to_string()],
        time: "received".to_string(),
        unit: TimeColumn::Timestamps,
    }
}

#[test]
fn engines_have_names_of_their_own_and_a_query_that_gives_every_field() {
    let mut names: Vec<_> = DIALECTS.iter().map(|dialect| dialect.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DIALECTS.len());
    let schema: serde_json::Value = serde_json::from_str(&crate::json_schema()).unwrap();
    let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert!(fields.len() > 15, "{fields:?}");
    for dialect in DIALECTS {
        let text = query(dialect).text();
        for field in fields.iter().filter(|field| field.as_str() != "sampling") {
            assert!(text.contains(&format!("\"{field}\":")), "{}: {field}\n{text}", dialect.name());
        }
        assert_eq!(text.matches('(').count(), text.matches(')').count(), "{}", dialect.name());
    }
}

#[test]
fn every_bound_of_every_bin_is_in_the_query() {
    for dialect in DIALECTS {
        let text = query(dialect).text();
        // Where a table has names for its columns, the first row gives them.
        assert!(text.contains("1000"), "{}", dialect.name());
        for bin in 1..crate::LAG_BINS {
            let bound = format!("{bin}, {}", crate::lag_floor_us(bin));
            assert!(text.contains(&bound), "{}: {bound}", dialect.name());
        }
    }
}

/// What an engine makes of a literal: quotes are doubled, or a backslash stands before what it is to be.
fn read(dialect: &dyn Dialect, literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let escapes = dialect.literal("\\") == "'\\\\'";
    let mut letters = inside.chars();
    let mut text = String::new();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if escapes => text.push(letters.next()?),
            '\'' if letters.next() != Some('\'') || escapes => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

proptest::proptest! {
    #[test]
    fn no_text_gets_out_of_its_quotes(text in "[a\"'\\\\ ;-]{0,20}") {
        for dialect in DIALECTS {
            proptest::prop_assert_eq!(read(dialect, &dialect.literal(&text)), Some(text.clone()), "{}", dialect.name());
        }
    }
}
