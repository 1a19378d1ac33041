//! ClickHouse.

use crate::sql::dialect::{Checked, Dialect, Quotes, WHITE_SPACE, tuples, with_backslashes};

/// Types can hold no NULL unless they say so.
#[derive(Debug)]
pub(super) struct Clickhouse;

impl Dialect for Clickhouse {
    fn name(&self) -> &'static str {
        "clickhouse"
    }

    fn engine(&self) -> &'static str {
        "ClickHouse"
    }

    fn command(&self) -> &'static str {
        "clickhouse-client --format TSVRaw < q.sql > p.json"
    }

    fn checked(&self) -> Checked {
        Checked::Run
    }

    fn quotes(&self) -> Quotes {
        Quotes::Backslashes
    }

    fn whole(&self) -> &'static str {
        "Nullable(Int64)"
    }

    fn wide(&self) -> &'static str {
        "Nullable(Decimal(38, 0))"
    }

    fn real(&self) -> &'static str {
        "Nullable(Float64)"
    }

    fn text(&self) -> &'static str {
        "Nullable(String)"
    }

    fn micros(&self, time: &str) -> String {
        format!("toUnixTimestamp64Micro(toDateTime64({time}, 6, 'UTC'))")
    }

    fn divided(&self, number: &str, by: &str) -> String {
        format!("intDiv({number}, {by})")
    }

    fn list(&self, text: &str, by: &str) -> String {
        let rows = format!("groupArrayIf(({by}, {text}), {text} IS NOT NULL)");
        format!("arrayStringConcat(arrayMap(row -> row.2, arraySort(row -> row.1, {rows})), ',')")
    }

    fn table(&self, columns: &[&str], rows: &[Vec<i64>]) -> String {
        let columns: Vec<String> = columns.iter().map(|column| format!("{column} Int64")).collect();
        format!("SELECT * FROM VALUES('{}',\n{}\n)", columns.join(", "), tuples(rows))
    }

    // What is trimmed is bytes there, and white space beyond ASCII has several.
    fn trimmed(&self, text: &str) -> String {
        let letters = WHITE_SPACE.map(|letter| format!("\\x{{{letter:X}}}")).concat();
        let pattern = self.literal(&format!("^[{letters}]+|[{letters}]+$"));
        format!("replaceRegexpAll({text}, {pattern}, '')")
    }

    fn literal(&self, text: &str) -> String {
        with_backslashes(text)
    }

    fn fits(&self, text: &str, expression: &str) -> String {
        format!("match({text}, '{expression}')")
    }
}
