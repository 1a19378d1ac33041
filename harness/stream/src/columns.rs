//! Columns of Parquet, decoded batch by batch.

use std::ops::Range;

use parquet::column::reader::{ColumnReaderImpl, get_typed_column_reader};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::RowGroupReader;
use parquet::schema::types::ColumnDescriptor;

/// Reads what may be no sound file: the library knows errors for most of that, and panics at the rest.
pub fn sound<T>(read: impl FnOnce() -> Result<T, ParquetError>) -> Result<T, ParquetError> {
    dedup_files::caught(read, ParquetError::General)
}

/// One column of a row group.
pub struct Values<T: DataType> {
    reader: ColumnReaderImpl<T>,
    most_definition: i16,
    most_repetition: i16,
    definitions: Vec<i16>,
    repetitions: Vec<i16>,
    values: Vec<T::T>,
    next: Place,
}

/// Where a row begins and ends among the levels and the values of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its levels: one, but where the column repeats.
    pub levels: Range<usize>,
    /// Its values.
    pub values: Range<usize>,
}

impl<T: DataType> Values<T> {
    /// The column with this number among the leaves, which has to be of the type `T`.
    pub fn of(group: &dyn RowGroupReader, leaf: usize) -> Result<Self, ParquetError> {
        let reader = get_typed_column_reader(group.get_column_reader(leaf)?);
        Ok(Values::new(reader, group.metadata().column(leaf).column_descr()))
    }

    /// The same of a reader of it.
    pub fn new(reader: ColumnReaderImpl<T>, column: &ColumnDescriptor) -> Self {
        Values {
            reader,
            most_definition: column.max_def_level(),
            most_repetition: column.max_rep_level(),
            definitions: Vec::new(),
            repetitions: Vec::new(),
            values: Vec::new(),
            next: Place::default(),
        }
    }

    /// Decodes up to `rows` further rows; how many they were, which is less only at the end of the group.
    pub fn load(&mut self, rows: usize) -> Result<usize, ParquetError> {
        self.next = Place::default();
        self.definitions.clear();
        self.repetitions.clear();
        self.values.clear();
        let mut read = 0;
        while read < rows {
            let definitions = (self.most_definition > 0).then_some(&mut self.definitions);
            let repetitions = (self.most_repetition > 0).then_some(&mut self.repetitions);
            let (records, ..) =
                self.reader.read_records(rows - read, definitions, repetitions, &mut self.values)?;
            if records == 0 {
                break;
            }
            read += records;
        }
        Ok(read)
    }

    /// The value of the next row of the batch, if it has one, in a column that does not repeat.
    // An iterator's items could not borrow from it.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<&T::T> {
        let Place { levels, values } = &mut self.next;
        let is_there = has_value(&self.definitions, self.most_definition, levels.end);
        levels.end += 1;
        if !is_there {
            return None;
        }
        values.end += 1;
        self.values.get(values.end - 1)
    }

    /// Where the next row of the batch is, in any column.
    pub fn next_place(&mut self) -> Place {
        let Place { levels, values } = &mut self.next;
        let more = self.repetitions.iter().skip(levels.end + 1).take_while(|level| **level > 0).count();
        *levels = levels.end..levels.end + 1 + more;
        let has_value = |level: &usize| has_value(&self.definitions, self.most_definition, *level);
        *values = values.end..values.end + levels.clone().filter(has_value).count();
        self.next.clone()
    }

    /// The values of the batch that are there.
    pub fn values(&self) -> &[T::T] {
        &self.values
    }

    /// The levels, of definition and repetition, at this place in the batch.
    pub fn levels(&self, at: usize) -> (i16, i16) {
        let of = |levels: &[i16]| levels.get(at).copied().unwrap_or_default();
        (of(&self.definitions), of(&self.repetitions))
    }

    /// Whether rows may have more than one value.
    pub fn repeats(&self) -> bool {
        self.most_repetition > 0
    }
}

fn has_value(definitions: &[i16], most: i16, level: usize) -> bool {
    most == 0 || definitions.get(level) == Some(&most)
}
