//! A table in memory, column by column.

use std::sync::Arc;

use super::schema::{Schema, Type};
use crate::day::Day;

/// A table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What its columns are.
    pub schema: Schema,
    pub(super) columns: Vec<Data>,
}

/// What a column holds, row by row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Data {
    Dates(Vec<Day>),
    Texts(Vec<Arc<str>>),
    Counts(Vec<u64>),
    /// None where it is empty.
    Numbers(Vec<Option<f64>>),
}

/// A value of a row.
pub(super) enum Value {
    Date(Day),
    Text(Arc<str>),
    Count(u64),
    Number(Option<f64>),
}

impl Table {
    pub(super) fn new(schema: Schema) -> Table {
        let empty = |kind| match kind {
            Type::Date => Data::Dates(Vec::new()),
            Type::Text => Data::Texts(Vec::new()),
            Type::Count => Data::Counts(Vec::new()),
            Type::Number => Data::Numbers(Vec::new()),
        };
        Table { schema, columns: schema.columns.iter().map(|column| empty(column.kind)).collect() }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        match self.columns.first() {
            None => 0,
            Some(Data::Dates(values)) => values.len(),
            Some(Data::Texts(values)) => values.len(),
            Some(Data::Counts(values)) => values.len(),
            Some(Data::Numbers(values)) => values.len(),
        }
    }

    /// Takes a row, in the order of the schema's columns.
    ///
    /// # Panics
    ///
    /// Where it has others than the schema.
    pub(super) fn push(&mut self, row: impl IntoIterator<Item = Value>) {
        let mut row = row.into_iter();
        for column in &mut self.columns {
            match (column, row.next()) {
                (Data::Dates(values), Some(Value::Date(value))) => values.push(value),
                (Data::Texts(values), Some(Value::Text(value))) => values.push(value),
                (Data::Counts(values), Some(Value::Count(value))) => values.push(value),
                (Data::Numbers(values), Some(Value::Number(value))) => values.push(value),
                _ => panic!("a row of {} has other columns", self.schema.name),
            }
        }
        assert!(row.next().is_none(), "a row of {} has more columns", self.schema.name);
    }
}
