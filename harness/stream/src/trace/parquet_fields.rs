//! The fields of a row in Parquet.

use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};
use xxhash_rust::xxh3::xxh3_128;

use super::fields::{Fields, of_list, of_number, of_text};
use crate::columns::{Place, Values, sound};

/// Rows that are decoded at once: few, for a column may hold whole payloads.
const BATCH: usize = 1 << 6;

/// Whether all columns are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Others {
    /// They are not.
    Skipped,
    /// If they can be: a column that nobody named may be damaged, or packed in a way that is not read.
    Wanted,
    /// They make the id.
    Needed,
}

/// All columns, as digests.
pub(crate) struct OtherColumns {
    others: Others,
    names: Vec<String>,
    columns: Vec<Box<dyn Digests>>,
    rows_left: usize,
    in_batch: usize,
}

impl OtherColumns {
    pub(crate) fn new(schema: &SchemaDescriptor, others: Others) -> Self {
        let names = schema.columns().iter().map(|column| column.path().string()).collect();
        OtherColumns { others, names, columns: Vec::new(), rows_left: 0, in_batch: 0 }
    }

    /// Begins a row group of so many rows.
    pub(crate) fn open(&mut self, group: &dyn RowGroupReader, rows: usize) -> Result<(), ParquetError> {
        (self.rows_left, self.in_batch) = (rows, 0);
        self.unless_skipped(|this| {
            this.columns =
                (0..this.names.len()).map(|leaf| digests(group, leaf)).collect::<Result<_, _>>()?;
            Ok(())
        })
    }

    /// Goes on to the next row.
    pub(crate) fn next(&mut self) -> Result<(), ParquetError> {
        self.unless_skipped(|this| {
            if this.in_batch == 0 {
                this.in_batch = this.rows_left.min(BATCH);
                for column in &mut this.columns {
                    sound(|| column.load(this.in_batch))?;
                }
            }
            this.in_batch = this.in_batch.saturating_sub(1);
            this.rows_left = this.rows_left.saturating_sub(1);
            this.columns.iter_mut().for_each(|column| column.next());
            Ok(())
        })
    }

    /// The fields of the row, if they are read.
    pub(crate) fn fields(&self) -> Option<&dyn Fields> {
        if self.others == Others::Skipped { None } else { Some(self) }
    }

    fn unless_skipped(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), ParquetError>,
    ) -> Result<(), ParquetError> {
        match self.others {
            Others::Skipped => Ok(()),
            Others::Needed => read(self),
            Others::Wanted => {
                if read(self).is_err() {
                    self.others = Others::Skipped;
                    self.columns.clear();
                }
                Ok(())
            }
        }
    }
}

impl Fields for OtherColumns {
    fn each(&self, visit: &mut dyn FnMut(&str, u128)) {
        for (name, column) in self.names.iter().zip(&self.columns) {
            if let Some(digest) = column.digest() {
                visit(name, digest);
            }
        }
    }
}

/// A column's values as digests.
trait Digests: Send {
    /// Decodes so many rows.
    fn load(&mut self, rows: usize) -> Result<(), ParquetError>;
    /// Goes on to the next row.
    fn next(&mut self);
    /// The row's value, if it has one: of a column that repeats, that of all its values.
    fn digest(&self) -> Option<u128>;
}

struct Typed<T: DataType> {
    values: Values<T>,
    row: Place,
    digest: fn(&T::T) -> Option<u128>,
}

impl<T: DataType> Digests for Typed<T>
where
    ColumnReaderImpl<T>: Send,
{
    fn load(&mut self, rows: usize) -> Result<(), ParquetError> {
        self.row = Place::default();
        match self.values.load(rows)? {
            read if read < rows => {
                Err(ParquetError::EOF("a column ends before its row group does".to_string()))
            }
            _ => Ok(()),
        }
    }

    fn next(&mut self) {
        self.row = self.values.next_place();
    }

    fn digest(&self) -> Option<u128> {
        let values = self.values.values().get(self.row.values.clone())?;
        if !self.values.repeats() {
            return (self.digest)(values.first()?);
        }
        if values.is_empty() && self.row.levels.len() == 1 {
            return None;
        }
        let level = |at: usize| {
            let (definition, repetition) = self.values.levels(at);
            u128::from(definition as u16) << 16 | u128::from(repetition as u16)
        };
        let values = values.iter().map(|value| (self.digest)(value).unwrap_or_default());
        Some(of_list(self.row.levels.clone().map(level).chain(values)))
    }
}

fn digests(group: &dyn RowGroupReader, leaf: usize) -> Result<Box<dyn Digests>, ParquetError> {
    let column = group.metadata().column(leaf).column_descr();
    fn typed<T: DataType>(
        reader: ColumnReaderImpl<T>,
        column: &ColumnDescriptor,
        digest: fn(&T::T) -> Option<u128>,
    ) -> Box<dyn Digests>
    where
        ColumnReaderImpl<T>: Send,
    {
        Box::new(Typed { values: Values::new(reader, column), row: Place::default(), digest })
    }
    fn of_bytes(bytes: &[u8]) -> Option<u128> {
        (!bytes.is_empty()).then(|| xxh3_128(bytes))
    }
    Ok(match group.get_column_reader(leaf)? {
        ColumnReader::BoolColumnReader(reader) => typed(reader, column, |it| Some(of_text(&it.to_string()))),
        ColumnReader::Int32ColumnReader(reader) => typed(reader, column, |it| Some(of_text(&it.to_string()))),
        ColumnReader::Int64ColumnReader(reader) => typed(reader, column, |it| Some(of_text(&it.to_string()))),
        ColumnReader::FloatColumnReader(reader) => {
            typed(reader, column, |it| Some(of_number(&it.to_string())))
        }
        ColumnReader::DoubleColumnReader(reader) => {
            typed(reader, column, |it| Some(of_number(&it.to_string())))
        }
        ColumnReader::Int96ColumnReader(reader) => typed(reader, column, |it| Some(xxh3_128(it.as_bytes()))),
        ColumnReader::ByteArrayColumnReader(reader) => typed(reader, column, |it| of_bytes(it.data())),
        ColumnReader::FixedLenByteArrayColumnReader(reader) => {
            typed(reader, column, |it| of_bytes(it.data()))
        }
    })
}
