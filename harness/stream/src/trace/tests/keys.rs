//! What the id is made of.

use super::*;

const CLOUD_EVENTS: &str = "\
{\"id\":\"1\",\"source\":\"/a\",\"data\":1}
{\"id\":\"1\",\"source\":\"/b\",\"data\":2}
{\"id\":\"2\",\"source\":\"/a\",\"data\":3}
{\"id\":\"2\",\"source\":\"/b\",\"data\":4}
";

#[test]
fn a_key_of_several_fields_is_theirs_together() {
    let one = sample(CLOUD_EVENTS).with(|o| o.id = named(&["id"])).survey();
    assert_eq!(one.duplicate_count, 2);
    let both = sample(CLOUD_EVENTS).with(|o| o.id = named(&["source", "id"])).survey();
    assert_eq!((both.duplicate_count, both.sizing.ids_total), (0, 4));
    let csv = "id,source\n1,/a\n1,/b\n2,/a\n2,/b\n";
    let csv = sample(csv).with(|o| o.id = named(&["source", "id"])).survey();
    assert_eq!(csv.digest, both.digest);
}

#[test]
fn an_id_is_absent_where_all_its_parts_are_and_an_absent_part_is_a_value_of_its_own() {
    let text = "a,b\nx,\nx,\n,x\n,\n,\nx,y\nx,y\n";
    let survey = sample(text).with(|o| o.id = named(&["a", "b"])).survey();
    assert_eq!((survey.missing_count, survey.sizing.ids_total, survey.duplicate_count), (2, 3, 2));
}

#[test]
fn texts_that_stand_for_no_id_are_taken_for_none() {
    let text = "id,k\nNULL,1\nNULL,1\nnull,1\n00000000-0000-0000-0000-000000000000,1\na,NULL\na,NULL\n";
    let nulls = ["NULL", "00000000000000000000000000000000"].map(str::to_string);
    let survey = sample(text).with(|o| o.null_ids = nulls.to_vec()).survey();
    assert_eq!((survey.missing_count, survey.sizing.ids_total, survey.duplicate_count), (3, 2, 1));
    let both = sample(text).with(|o| (o.null_ids, o.id) = (nulls.to_vec(), named(&["id", "k"]))).survey();
    assert_eq!((both.missing_count, both.sizing.ids_total, both.duplicate_count), (0, 3, 3));
}

#[test]
fn a_key_that_makes_no_sense_is_refused() {
    for (fields, said) in [
        (
            vec!["id".to_string(), "id".to_string()],
            "--id-field: found id more than once; allowed is each field once",
        ),
        (Vec::new(), "--id-field: found an empty name"),
        ((0..33).map(|n| n.to_string()).collect(), "--id-field: found 33 fields; allowed is up to 32"),
    ] {
        assert!(sample(CLOUD_EVENTS).with(|o| o.id = IdFields::Named(fields)).error().contains(said));
    }
    let error = sample(CLOUD_EVENTS).with(|o| o.id = named(&["no", "none"])).error();
    assert!(error.contains("--id-field no, none: no line has it"), "{error}");
}

/// Two parts of few letters, so that they are often alike when put together.
fn parts() -> impl Strategy<Value = Vec<(String, String)>> {
    prop::collection::vec(("[ab|]{0,3}", "[ab|]{0,3}"), 1..40)
}

proptest! {
    #[test]
    fn parts_never_run_together(parts in parts()) {
        prop_assume!(parts.iter().any(|(a, b)| !a.is_empty() || !b.is_empty()));
        let csv: String = parts.iter().map(|(a, b)| format!("{a},{b}\n")).collect();
        let json: String = parts.iter().map(|(a, b)| format!("{{\"b\":\"{b}\",\"m\":{{\"a\":\"{a}\"}}}}\n")).collect();
        let csv = sample(format!("a,b\n{csv}")).with(|o| (o.format, o.id) = (Format::Csv, named(&["a", "b"])));
        let json = sample(json).with(|o| o.id = named(&["m.a", "b"]));
        let ids: Vec<_> = json.events().iter().map(|event| event.id).collect();
        prop_assert_eq!(csv.survey().digest, json.survey().digest);
        for (one, left) in parts.iter().zip(&ids) {
            for (other, right) in parts.iter().zip(&ids) {
                prop_assert_eq!(one == other, left == right, "{:?} {:?}", one, other);
            }
        }
    }
}
