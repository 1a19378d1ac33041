//! The query that makes the profile of a table, where the table is.

use std::io::Write;

use anyhow::{anyhow, bail};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use dedup_profile::sql::{DIALECTS, Dialect, Query, Quotes, TimeColumn};
use dedup_stream::trace::{IdFields, NULLS};

use super::ProfileArgs;
use crate::cmd::time_unit::TimeUnitArg;
use crate::exit::{Exit, OrExit};
use crate::nightly::{ColumnName, TableName};
use crate::print::print;

/// One of the engines.
pub(super) fn dialect() -> impl TypedValueParser<Value = &'static dyn Dialect> {
    let values = DIALECTS.map(|dialect| PossibleValue::new(dialect.name()).help(dialect.engine()));
    PossibleValuesParser::new(values).map(|given| {
        let named = DIALECTS.into_iter().find(|dialect| dialect.name() == given);
        named.expect("one of the values")
    })
}

/// Prints the query, and reads nothing.
pub(super) fn emit(
    args: &ProfileArgs,
    dialect: &'static dyn Dialect,
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    let query = query(args, dialect).or_exit(Exit::Usage)?;
    print(out, &query.text())?;
    Ok(Exit::Ok)
}

fn query(args: &ProfileArgs, dialect: &'static dyn Dialect) -> anyhow::Result<Query> {
    let table = args.table.as_ref().ok_or_else(|| anyhow!("--table is missing"))?;
    let ids = &args.reading.id_fields;
    if ids.is_empty() {
        bail!(
            "--id-field is missing: allowed is the name of the column with the ids; several make one id together"
        );
    }
    IdFields::Named(ids.clone()).check()?;
    let time = args.reading.time_field.as_ref().ok_or_else(|| {
        anyhow!("--time-field is missing: allowed is the name of a column with times, for the rows of a table have no order")
    })?;
    if let Some(null) = args.reading.null_ids.iter().find(|text| text.chars().any(char::is_control)) {
        bail!("--null-id: found {null:?}; allowed in a query is a text without control characters");
    }
    let columns: anyhow::Result<_> = ids.iter().map(|name| column(dialect, "--id-field", name)).collect();
    Ok(Query {
        dialect,
        name: args.name.clone().unwrap_or_else(|| table.to_string()),
        table: quoted(dialect, table),
        ids: columns?,
        null_ids: args.reading.null_ids.clone(),
        suspects: NULLS.map(str::to_string).to_vec(),
        time: column(dialect, "--time-field", time)?,
        unit: unit(args.reading.time_unit)?,
    })
}

fn quoted(dialect: &dyn Dialect, table: &TableName) -> String {
    match dialect.quotes() {
        Quotes::Double => table.in_duckdb(),
        Quotes::Capitals => table.in_snowflake(),
        Quotes::Backticks => table.in_spark(),
        Quotes::OnePair => table.in_bigquery(),
        Quotes::Backslashes => table.in_clickhouse(),
    }
}

fn column(dialect: &dyn Dialect, option: &str, name: &str) -> anyhow::Result<String> {
    let name: ColumnName = name.parse().map_err(|allowed| anyhow!("{option}: found {name:?}; {allowed}"))?;
    Ok(match dialect.quotes() {
        Quotes::Double => name.within('"'),
        Quotes::Capitals => name.in_snowflake(),
        // A name holds neither a backtick nor a backslash.
        Quotes::Backticks | Quotes::OnePair | Quotes::Backslashes => name.within('`'),
    })
}

fn unit(given: TimeUnitArg) -> anyhow::Result<TimeColumn> {
    match given {
        TimeUnitArg::Auto => Ok(TimeColumn::Timestamps),
        TimeUnitArg::S => Ok(TimeColumn::Seconds),
        TimeUnitArg::Ms => Ok(TimeColumn::Millis),
        TimeUnitArg::Us => Ok(TimeColumn::Micros),
        TimeUnitArg::Ns => Ok(TimeColumn::Nanos),
        TimeUnitArg::Rfc3339 | TimeUnitArg::Log | TimeUnitArg::Rfc2822 | TimeUnitArg::Local => bail!(
            "--time-unit: found a form of texts; allowed in a query are s, ms, us and ns for numbers, and auto for a column of \
             timestamps: make one of the texts in a view"
        ),
    }
}
