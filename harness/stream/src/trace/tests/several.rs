//! Several files, and files that are not in the order of their times.

use super::*;

fn write(folder: &TempDir, files: &[(&str, &str)]) {
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
}

fn of(folder: &TempDir, named: &[&str]) -> TraceOptions {
    let named: Vec<_> = named.iter().map(|name| folder.path().join(name)).collect();
    let mut options = TraceOptions::of_files(&find_files(&named).unwrap());
    options.time_field = Some("t_s".into());
    options
}

fn seconds(options: &TraceOptions) -> Vec<(u64, u64)> {
    events(options).iter().map(|e| (e.at.as_millis() / 1000, e.event_time.as_millis() / 1000)).collect()
}

#[test]
fn files_are_merged_by_time_each_in_its_own_form() {
    let folder = tempfile::tempdir().unwrap();
    let files = [
        ("a.csv", "id,t_s\na,10\nb,30\nc,20\n"),
        ("b.ndjson", "{\"id\":\"a\",\"t_s\":25}\n{\"id\":\"d\",\"t_s\":\"5\"}\n"),
        ("c.tsv", "t_s\tid\n10\tb\n40\ta\n"),
        ("d.csv", "id,t_s\n"),
    ];
    write(&folder, &files);
    let options = of(&folder, &["*"]);
    // Each file keeps its own order, and files stand in the order of their names where times are equal.
    let expected = [(10, 10), (10, 10), (25, 25), (25, 5), (30, 30), (30, 20), (40, 40)];
    assert_eq!(seconds(&options), expected);
    let survey = TraceSurvey::scan(&options).unwrap();
    assert_eq!((survey.pings_count, survey.duplicate_count, survey.out_of_order_count), (7, 3, 2));
    assert_eq!(survey.name, "a.csv and 3 more");
    assert_eq!(survey.digest, TraceSurvey::scan(&of(&folder, &[""])).unwrap().digest);
    // Sorted, they are one sequence of times.
    let sorted = TraceOptions { sort: true, ..options };
    let times: Vec<_> = [5, 10, 10, 20, 25, 30, 40].into_iter().map(|time| (time, time)).collect();
    assert_eq!(seconds(&sorted), times);
}

#[test]
fn without_times_files_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, &[("part-2", "id\na\n"), ("part-10", "id\nb\na\n")]);
    let options = TraceOptions { time_field: None, ..of(&folder, &["part-*"]) };
    let firsts: Vec<_> = events(&options).iter().map(|e| (e.at.as_millis(), e.origin.unique)).collect();
    assert_eq!(firsts, [(0, 0), (1, 1), (2, 0)]);
}

fn of_order(survey: &TraceSurvey) -> Option<&Doubt> {
    survey.doubts.iter().find(|doubt| doubt.kind == DoubtKind::Order)
}

#[test]
fn shards_one_after_another_are_doubted_until_they_are_sorted() {
    let shard = |number: u64| -> String {
        (0..200).map(|line| format!("k{},{}\n", line % 50, 1_700_000_000 + line * 60 + number)).collect()
    };
    let trace =
        sample(format!("id,t_s\n{}{}", shard(0), shard(1))).with(|o| o.time_field = Some("t_s".into()));
    let survey = trace.survey();
    let doubt = of_order(&survey).expect("it is said");
    for part in [
        "199 of 400 pings (49.75 %)",
        "more than 6s, a hundredth of the window",
        "one after another",
        "--sort",
    ] {
        assert!(doubt.to_string().contains(part), "{doubt}");
    }
    let sorted = trace.with(|o| o.sort = true);
    let survey = sorted.survey();
    assert_eq!((of_order(&survey), survey.out_of_order_count, survey.sorted_count), (None, 0, Some(199)));
    assert_eq!(survey.duplicate_count, 350);
    let times: Vec<_> = sorted.events().iter().map(|event| event.event_time).collect();
    assert!(times.is_sorted());
}

#[test]
fn pings_that_were_put_in_order_are_kept_for_those_who_read_them_again() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder, &[("a.csv", "id,t_s\na,30\nb,10\na,20\n")]);
    let scratch = tempfile::tempdir().unwrap();
    let (sort, scratch_of) = (true, Some(scratch.path().to_path_buf()));
    let options = TraceOptions { sort, scratch: scratch_of, ..of(&folder, &["a.csv"]) };
    let survey = TraceSurvey::scan(&options).unwrap();
    let fresh = events(&TraceOptions { scratch: None, ..options.clone() });
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 1);
    std::fs::write(folder.path().join("a.csv"), "id,t_s\nz,30\n").unwrap();
    assert_eq!(events(&options), fresh);
    assert_eq!(survey.pings_count, 3);
}

#[test]
fn what_is_wrong_in_one_of_several_files_is_said_of_that_file() {
    let folder = tempfile::tempdir().unwrap();
    write(
        &folder,
        &[("a.csv", "id,t_s\na,1\n"), ("b.csv", "event_id,t_s\na,1\n"), ("c.csv", "id,t_s\na,x\n")],
    );
    let error = |named: &[&str]| TraceSurvey::scan(&of(&folder, named)).unwrap_err().to_string();
    let fields = error(&["a.csv", "b.csv"]);
    assert!(fields.contains("b.csv: ids would be taken from field event_id"), "{fields}");
    assert!(fields.contains("a.csv from field id") && fields.contains("--id-field"), "{fields}");
    let time = error(&["a.csv", "c.csv"]);
    assert!(time.contains("c.csv: 1 of 1 lines"), "{time}");
    let none = error(&["a.csv", "none.csv"]);
    assert!(none.contains("none.csv: cannot be opened"), "{none}");
    let unsorted = TraceOptions { time_field: None, sort: true, ..of(&folder, &["a.csv"]) };
    let error = TraceSurvey::scan(&unsorted).unwrap_err().to_string();
    assert!(error.contains("--sort: found no --time-field"), "{error}");
    write(&folder, &[("d.csv", &format!("id,t_s\n{}bad\n", "a,1\n".repeat(200)))]);
    let survey = TraceSurvey::scan(&of(&folder, &["a.csv", "d.csv"])).unwrap();
    assert!(survey.first_bad[0].to_string().contains("d.csv: line 202: 1 columns"));
}
