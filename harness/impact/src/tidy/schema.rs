//! What the columns of each table are.

use std::fmt::Write;

use serde::Serialize;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// A day of UTC: `2026-01-31`, `DATE`.
    Date,
    /// Text.
    Text,
    /// A whole number from 0: 64 bits in Parquet.
    Count,
    /// A floating number of 64 bits.
    Number,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: Type,
    /// In what it is measured; empty where it is measured in nothing.
    pub unit: &'static str,
    /// Whether it may be empty.
    pub optional: bool,
    /// What it is, in a line.
    pub about: &'static str,
}

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Schema {
    /// Its name, and that of its file without `.csv` or `.parquet`.
    pub name: &'static str,
    /// What a row is.
    pub about: &'static str,
    /// Its columns, in their order.
    pub columns: &'static [Column],
}

const fn column(name: &'static str, kind: Type, unit: &'static str, about: &'static str) -> Column {
    Column { name, kind, unit, optional: false, about }
}

const fn optional(name: &'static str, kind: Type, unit: &'static str, about: &'static str) -> Column {
    Column { name, kind, unit, optional: true, about }
}

const DAY: Column = column("day", Type::Date, "", "the day of UTC; windows of 7 and 28 days end with it");
const NUMBER: Column = column("number", Type::Text, "", "which number: pings, dau, retention-week-1");
const UNIT: Column = column("unit", Type::Text, "", "in what value and truth are measured");
const SCENARIO: Column = column("scenario", Type::Text, "", "the scenario, or the trace");
const STRATEGY: Column = column("strategy", Type::Text, "", "what has let the pings through");
const TABLE: Column =
    column("table_name", Type::Text, "", "the table that is held against the truth: live, stable");
const VALUE: Column = optional(
    "value",
    Type::Number,
    "by column unit",
    "what the table says; empty where it is a share of nothing",
);
const TRUTH: Column = optional(
    "truth",
    Type::Number,
    "by column unit",
    "what it should say; empty where it is a share of nothing",
);
const ABSOLUTE: Column =
    optional("absolute_error", Type::Number, "by column unit", "value less truth; empty where either is");
const RELATIVE: Column = optional(
    "relative_error",
    Type::Number,
    "share of truth",
    "absolute error over truth; negative where the value is too low",
);
const LOW: Column =
    optional("low", Type::Number, "share of truth", "lower limit of the relative error's 95 % interval");
const HIGH: Column =
    optional("high", Type::Number, "share of truth", "upper limit of the relative error's 95 % interval");

/// Numbers over time.
pub(super) const OVER_TIME: Schema = Schema {
    name: "impact_over_time",
    about: "a number of a table on a day",
    columns: &[DAY, SCENARIO, STRATEGY, TABLE, NUMBER, UNIT, VALUE, TRUTH, ABSOLUTE, RELATIVE, LOW, HIGH],
};

/// The same by dimension.
pub(super) const BY_DIMENSION: Schema = Schema {
    name: "impact_by_dimension",
    about: "a number of a table on a day, for a value of a dimension",
    columns: &[
        DAY,
        SCENARIO,
        STRATEGY,
        TABLE,
        NUMBER,
        UNIT,
        column("dimension", Type::Text, "", "by what it is split: country, channel"),
        column("dimension_value", Type::Text, "", "for which value"),
        VALUE,
        TRUTH,
        ABSOLUTE,
        RELATIVE,
        LOW,
        HIGH,
    ],
};

/// Funnels.
pub(super) const FUNNEL: Schema = Schema {
    name: "impact_funnel",
    about: "a step of the funnel in a table, over all days",
    columns: &[
        SCENARIO,
        STRATEGY,
        TABLE,
        column("step", Type::Count, "", "the number of the step, from 1"),
        column("step_name", Type::Text, "", "what it is called"),
        column("pings", Type::Count, "pings", "pings of the step that the table has"),
        column("truth_pings", Type::Count, "pings", "pings of the step that were sent"),
        optional(
            "share",
            Type::Number,
            "share",
            "pings over those of the step before; empty for the first step, and where that has none",
        ),
        optional("truth_share", Type::Number, "share", "the same of what was sent"),
        optional("absolute_error", Type::Number, "share", "share less truth_share"),
        RELATIVE,
        LOW,
        HIGH,
    ],
};

/// Cohorts.
pub(super) const COHORTS: Schema = Schema {
    name: "impact_cohorts",
    about: "of the profiles that were new on a day, those that a table has again in a week after it",
    columns: &[
        SCENARIO,
        STRATEGY,
        TABLE,
        column("first_day", Type::Date, "", "the day on which the profiles were new"),
        column(
            "week",
            Type::Count,
            "weeks",
            "weeks since: week 1 is days 7 to 13 after it, and week 0 the day itself",
        ),
        column("retained", Type::Count, "clients", "those that were active in the week"),
        column("cohort", Type::Count, "clients", "all that were new on the day"),
        optional("share", Type::Number, "share", "retained over cohort; empty where nobody was new"),
        column("truth_retained", Type::Count, "clients", "those that sent something in the week"),
        column("truth_cohort", Type::Count, "clients", "all that truly were new on the day"),
        optional(
            "truth_share",
            Type::Number,
            "share",
            "truth_retained over truth_cohort; empty where nobody was new",
        ),
        optional("absolute_error", Type::Number, "share", "share less truth_share"),
        RELATIVE,
        LOW,
        HIGH,
    ],
};

/// Those of all tables.
pub fn schemas() -> [Schema; 4] {
    [OVER_TIME, BY_DIMENSION, FUNNEL, COHORTS]
}

/// The same as JSON: a list of tables, each with its columns.
pub fn schema_json() -> String {
    let mut text = serde_json::to_string_pretty(&schemas()).expect("names and texts are JSON");
    text.push('\n');
    text
}

/// The same as a list for people to read.
pub fn schema_markdown() -> String {
    let mut text = String::new();
    for Schema { name, about, columns } in schemas() {
        let _ =
            write!(text, "`{name}`: {about}.\n\n| column | type | unit | what it is |\n|---|---|---|---|\n");
        for Column { name, kind, unit, about, .. } in columns {
            let kind = match kind {
                Type::Date => "date",
                Type::Text => "text",
                Type::Count => "count",
                Type::Number => "number",
            };
            let _ = writeln!(text, "| `{name}` | {kind} | {unit} | {about} |");
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
