//! The last row of an id, by its time or a column of versions; columns and partitions of other names.

use super::*;

fn last_of(dir: &Path, version: Option<&str>) -> Night {
    let version = version.map(|name| name.parse().unwrap());
    Night { keep: Keep::Last, columns: Columns { version, ..Columns::default() }, ..night(dir) }
}

/// What must be left: of each id in a day, the last of the rows with the greatest `rank`.
fn expected_last<R: Ord>(rows: &[LiveRow], rank: impl Fn(&LiveRow) -> R) -> BTreeMap<Day, Vec<u64>> {
    let mut left: BTreeMap<Day, Vec<u64>> = BTreeMap::new();
    for row in rows {
        let day = Day::of_micros(row.submission_us);
        let kept = left.entry(day).or_default();
        let after = |other: &LiveRow| {
            other.document_id == row.document_id
                && Day::of_micros(other.submission_us) == day
                && (rank(other), other.unique) > (rank(row), row.unique)
        };
        if row.document_id.is_some() && !rows.iter().any(after) {
            kept.push(row.unique);
        }
    }
    left
}

proptest! {
    #[test]
    fn the_last_row_of_a_day_stays_whatever_memory_and_threads(
        rows in live_rows(),
        memory_bytes in prop_oneof![Just(1u64), Just(2_000), Just(1 << 20)],
        threads in 1usize..4,
        by_version in any::<bool>(),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let live = write_live(&dir.path().join("live"), rows.iter().copied());
        let stable = dir.path().join("stable");
        let night = last_of(dir.path(), by_version.then_some("truth_unique"));
        let night = Night { memory_bytes, threads, ..night };
        for day in live.days.keys() {
            copy_deduplicated(&live, *day, &stable, &night).unwrap();
        }
        let expected = match by_version {
            true => expected_last(&rows, |row| row.unique as i64),
            false => expected_last(&rows, |row| row.submission_us),
        };
        let left: BTreeMap<_, _> = stable_rows(&stable).into_iter().map(|(day, rows)| (day, uniques(&rows))).collect();
        prop_assert_eq!(left, expected);
    }
}

proptest! {
    // Each case starts DuckDB for each of its days.
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn duckdb_and_we_keep_the_same_last_rows_of_columns_and_partitions_of_other_names(
        rows in live_rows(),
        keep in prop::sample::select(vec![Keep::First, Keep::Last]),
        by_version in any::<bool>(),
    ) {
        let Some(duckdb) = duckdb() else { return Ok(()) };
        let dir = tempfile::tempdir().unwrap();
        let usual = write_live(&dir.path().join("usual"), rows);
        let layout: Layout = "year=%Y/month=%m/day=%d".parse().unwrap();
        let live = dir.path().join("other");
        for (day, files) in &usual.days {
            let to = layout.partition(&live, *day);
            std::fs::create_dir_all(&to).unwrap();
            let [from, to] = [&files[0], &to.join("a.parquet")].map(|path| sql::quoted(&path.to_string_lossy()));
            // Versions that are rarely there twice in a row, often equal, and sometimes none.
            duckdb.run(&format!(
                "COPY (SELECT document_id AS \"order\", submission_timestamp AS \"it's \"\"when\"\"\", truth_unique, \
                 CASE WHEN truth_unique % 5 = 0 THEN NULL ELSE truth_unique * 7919 % 13 - 6 END AS version \
                 FROM read_parquet({from})) TO {to} (FORMAT parquet);"
            ), &NEVER).unwrap();
        }
        let live = table(&live, &layout).unwrap();
        prop_assert_eq!(live.days.keys().collect::<Vec<_>>(), usual.days.keys().collect::<Vec<_>>());
        let version = (by_version && keep == Keep::Last).then(|| "version".parse().unwrap());
        let [id, time] = ["order", "it's \"when\""].map(|name| name.parse().unwrap());
        let night = Night { keep, columns: Columns { id, time, version }, ..night(dir.path()) };
        let (ours, theirs) = (dir.path().join("ours"), dir.path().join("theirs"));
        for day in live.days.keys() {
            let one = copy_deduplicated(&live, *day, &ours, &night).unwrap();
            let other = duckdb.copy_deduplicated(&live, *day, &theirs, &night).unwrap();
            let of = |done: &DayDone| (done.live_rows, done.outside, done.without_id, done.stable_rows);
            prop_assert_eq!(of(&one), of(&other));
        }
        let rows_in = |dir: &Path| -> Vec<Vec<String>> {
            table(dir, &layout).unwrap().days.into_values().map(|files| rows_of_files(&files)).collect()
        };
        prop_assert_eq!(rows_in(&ours), rows_in(&theirs));
    }
}

/// Columns of versions of every type that has an order, and as what: of numbers from -6 to 6, none in every fifth row.
const VERSIONS: [(&str, &str); 17] = [
    ("i8", "v::TINYINT"),
    ("i16", "v::SMALLINT"),
    ("i32", "v::INTEGER"),
    ("i64", "v::BIGINT"),
    ("u8", "(v + 6)::UTINYINT"),
    ("u32", "(v + 2147483653)::UINTEGER"),
    ("u64", "((v + 6)::UBIGINT + 9223372036854775802)"),
    ("d9", "(v / 4)::DECIMAL(9, 2)"),
    ("d18", "(v / 4)::DECIMAL(18, 3)"),
    ("d38", "(v::DECIMAL(38, 5) * 10000000000000000000000000)::DECIMAL(38, 5)"),
    ("f32", "CASE WHEN v = 3 THEN 'NaN' WHEN v = 0 THEN '-0.0' ELSE v / 4 END::FLOAT"),
    ("f64", "CASE WHEN v = 3 THEN 'NaN' WHEN v = 4 THEN '-Infinity' ELSE v / 4 END::DOUBLE"),
    ("date", "(DATE '1970-01-01' + v::INTEGER)"),
    ("at", "(TIMESTAMP '1970-01-01' + v * INTERVAL 1 SECOND)"),
    ("at_ns", "(TIMESTAMP '1970-01-01' + v * INTERVAL 1 SECOND)::TIMESTAMP_NS"),
    ("time", "(TIME '12:00:00' + v * INTERVAL 1 SECOND)"),
    ("same", "7::INTEGER"),
];

#[test]
fn versions_of_every_type_that_has_an_order_say_which_row_is_the_last_and_equal_ones_the_time() {
    let Some(duckdb) = duckdb() else { return };
    let dir = tempfile::tempdir().unwrap();
    // Times go up and down, and few of them are there twice.
    let row = |unique: u64| LiveRow {
        submission_us: START + (unique * 7919 % 211) as i64 * SECOND,
        document_id: id(unique % 23),
        unique,
        cause: 0,
    };
    let rows: Vec<LiveRow> = (0..400).map(row).collect();
    let usual = write_live(&dir.path().join("usual"), rows.iter().copied());
    let (day, files) = usual.days.first_key_value().unwrap();
    let live = dir.path().join("live");
    let partition = Layout::default().partition(&live, *day);
    std::fs::create_dir_all(&partition).unwrap();
    let [from, to] =
        [&files[0], &partition.join("a.parquet")].map(|path| sql::quoted(&path.to_string_lossy()));
    let columns = VERSIONS.map(|(name, of)| format!(", {of} AS {name}")).concat();
    duckdb
        .run(
            &format!(
                "COPY (SELECT *{columns}, v::VARCHAR AS text FROM (SELECT *, CASE WHEN truth_unique % 5 = 0 THEN NULL \
                 ELSE truth_unique * 31 % 13 - 6 END AS v FROM read_parquet({from}))) TO {to} (FORMAT parquet);"
            ),
            &NEVER,
        )
        .unwrap();
    let live = table(&live, &Layout::default()).unwrap();
    for (name, _) in VERSIONS {
        let (ours, theirs) =
            (dir.path().join(format!("{name}-ours")), dir.path().join(format!("{name}-theirs")));
        let night = last_of(dir.path(), Some(name));
        copy_deduplicated(&live, *day, &ours, &night).unwrap_or_else(|error| panic!("{name}: {error}"));
        duckdb.copy_deduplicated(&live, *day, &theirs, &night).unwrap();
        let [ours, theirs] = [&ours, &theirs].map(|dir| stable_rows(dir).remove(day).unwrap());
        assert_eq!(ours, theirs, "{name}");
        assert_eq!(ours.len(), 23, "{name}");
        if name == "same" {
            assert_eq!(uniques(&ours), expected_last(&rows, |row| row.submission_us)[day]);
        }
    }
    let error = copy_deduplicated(&live, *day, &dir.path().join("text"), &last_of(dir.path(), Some("text")));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("column text (--version-column): found text; allowed is a whole number"),
        "{error}"
    );
    assert!(error.contains("v10 before v9"), "{error}");
}

#[test]
fn whether_ids_count_as_they_are_spelled_is_told_by_their_type() {
    let Some(duckdb) = duckdb() else { return };
    let dir = tempfile::tempdir().unwrap();
    let row = LiveRow { submission_us: START, document_id: id(1), unique: 1, cause: 0 };
    let usual = write_live(&dir.path().join("usual"), [row]);
    let (day, files) = usual.days.first_key_value().unwrap();
    assert!(!ids_are_spelled(&usual, *day, &Columns::default()).unwrap());
    let live = dir.path().join("texts");
    let partition = Layout::default().partition(&live, *day);
    std::fs::create_dir_all(&partition).unwrap();
    let [from, to] =
        [&files[0], &partition.join("a.parquet")].map(|path| sql::quoted(&path.to_string_lossy()));
    let texts = format!(
        "COPY (SELECT * REPLACE (document_id::VARCHAR AS document_id) FROM read_parquet({from})) TO {to} (FORMAT parquet);"
    );
    duckdb.run(&texts, &NEVER).unwrap();
    let live = table(&live, &Layout::default()).unwrap();
    assert!(ids_are_spelled(&live, *day, &Columns::default()).unwrap());
}

fn rows_of_files(files: &[PathBuf]) -> Vec<String> {
    super::rows(files)
}

#[test]
fn rows_in_another_day_s_partition_are_counted_and_do_not_stay() {
    let dir = tempfile::tempdir().unwrap();
    let rows = (0..10u64).map(|n| LiveRow {
        submission_us: START + n as i64 * SECOND,
        document_id: id(n),
        unique: n,
        cause: 0,
    });
    let live = write_live(&dir.path().join("live"), rows);
    let (day, files) = live.days.first_key_value().unwrap();
    let wrong = dir.path().join("live/submission_date=2026-01-09");
    std::fs::create_dir_all(&wrong).unwrap();
    std::fs::copy(&files[0], wrong.join("a.parquet")).unwrap();
    let live = table(&dir.path().join("live"), &Layout::default()).unwrap();
    for (of, live_rows, outside) in [(*day, 10, 0), ("2026-01-09".parse().unwrap(), 0, 10)] {
        let done = copy_deduplicated(&live, of, &dir.path().join("stable"), &night(dir.path())).unwrap();
        assert_eq!((done.live_rows, done.outside, done.stable_rows), (live_rows, outside, live_rows));
    }
}

#[test]
fn a_column_that_will_not_do_is_named_with_its_option() {
    let dir = tempfile::tempdir().unwrap();
    let row = LiveRow { submission_us: START, document_id: id(1), unique: 1, cause: 0 };
    let live = write_live(&dir.path().join("live"), [row]);
    let day = *live.days.keys().next().unwrap();
    let usual = Columns::default();
    let name = |name: &str| name.parse::<ColumnName>().unwrap();
    for (columns, said) in [
        (
            Columns { id: name("uuid"), ..usual.clone() },
            "column uuid (--id-column): found none; allowed is a UUID",
        ),
        (
            Columns { time: name("truth_unique"), ..usual.clone() },
            "column truth_unique (--time-column): found INT64; allowed is a timestamp",
        ),
        (
            Columns { version: Some(name("document_id")), ..usual.clone() },
            "column document_id (--version-column): found FIXED_LEN_BYTE_ARRAY; allowed is a whole",
        ),
    ] {
        // What any engine does with versions, and with ids and times each its own way.
        let of_versions = versions_there(&live, day, &columns).map_err(|error| error.to_string());
        match columns.version {
            Some(_) => assert!(of_versions.unwrap_err().contains(said)),
            None => assert_eq!(of_versions, Ok(())),
        }
        let night = Night { columns, ..night(dir.path()) };
        let error =
            copy_deduplicated(&live, day, &dir.path().join("stable"), &night).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains(".parquet: "), "{error}");
        assert!(!dir.path().join("stable").exists(), "nothing is written");
    }
}
