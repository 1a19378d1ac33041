//! Copies the marked rows of a day, with whatever columns they have, into its new partition.
//!
//! Row group by row group, column by column, a batch of values at a time: neither the day nor a column of it is ever in
//! memory as a whole. Row groups keep their order and their codec, so that the same rows give the same bytes.

use std::fs::File;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use dedup_stream::columns::sound;
use parquet::basic::{Encoding, Type as Physical};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData, RowGroupMetaData};
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, RowGroupReader};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::Type;

use super::columns::Columns;
use super::earliest::{Marks, Means};
use super::error::NightlyError;
use super::live::LiveFile;

/// Rows that are copied at once.
const BATCH: usize = 1 << 13;

/// A row group of one of the day's files.
struct Group<'a> {
    path: &'a Path,
    columns: &'a Columns,
    group: usize,
    /// The numbers of its rows in the day.
    rows: Range<u64>,
}

/// A row group as a Parquet file of its own, in memory.
struct Copied {
    file: Bytes,
    metadata: ParquetMetaData,
}

/// Writes the marked rows of `files` to `out`, which errors call `path`; how many they were.
pub(crate) fn copy_marked(
    files: &[&Path],
    columns: &Columns,
    marks: &Marks,
    means: &Means,
    out: &File,
    path: &Path,
) -> Result<u64, NightlyError> {
    let (schema, groups) = groups(files, columns, marks)?;
    let failed = |error: ParquetError| NightlyError::unwritable(path, error);
    let out = out.try_clone().map_err(|error| failed(error.into()))?;
    let mut out = SerializedFileWriter::new(out, schema, Arc::default()).map_err(failed)?;
    for round in groups.chunks(means.threads) {
        for copied in copy_groups(round, marks, means)? {
            append(&mut out, &copied).map_err(failed)?;
        }
    }
    let metadata = out.close().map_err(failed)?;
    Ok(metadata.file_metadata().num_rows() as u64)
}

/// The schema that all files share, and the row groups that hold marked rows.
fn groups<'a>(
    files: &[&'a Path],
    columns: &'a Columns,
    marks: &Marks,
) -> Result<(Arc<Type>, Vec<Group<'a>>), NightlyError> {
    let mut schema: Option<(Arc<Type>, &Path)> = None;
    let mut groups = Vec::new();
    let mut row = 0;
    for path in files {
        let live = LiveFile::open(path, columns)?;
        let own = live.metadata().file_metadata().schema_descr().root_schema_ptr();
        match &schema {
            None => schema = Some((own, path)),
            Some((first, other)) if !same_fields(first, &own) => {
                return Err(NightlyError::Schema { path: path.to_path_buf(), other: other.to_path_buf() });
            }
            Some(_) => {}
        }
        for (group, group_rows) in live.group_rows().enumerate() {
            let rows = row..row + group_rows;
            row = rows.end;
            if marks.any(rows.clone()) {
                groups.push(Group { path, columns, group, rows });
            }
        }
    }
    match schema {
        Some((schema, _)) => Ok((schema, groups)),
        None => Err(NightlyError::file(Path::new("partition"), "has no file")),
    }
}

/// Writers name the root as they like.
fn same_fields(one: &Type, other: &Type) -> bool {
    one.get_fields() == other.get_fields()
}

fn copy_groups(groups: &[Group<'_>], marks: &Marks, means: &Means) -> Result<Vec<Copied>, NightlyError> {
    if let [group] = groups {
        return Ok(vec![copy_group(group, marks, means)?]);
    }
    std::thread::scope(|scope| {
        let started: Vec<_> =
            groups.iter().map(|group| scope.spawn(move || copy_group(group, marks, means))).collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    })
}

fn copy_group(group: &Group<'_>, marks: &Marks, means: &Means) -> Result<Copied, NightlyError> {
    let live = LiveFile::open(group.path, group.columns)?;
    let schema = live.metadata().file_metadata().schema_descr().root_schema_ptr();
    let failed = |error: ParquetError| NightlyError::unsound(group.path, error);
    let from = sound(|| live.reader.get_row_group(group.group)).map_err(failed)?;
    let properties = Arc::new(properties(from.metadata()));
    let mut file = SerializedFileWriter::new(Vec::new(), schema, properties).map_err(failed)?;
    let mut to = file.next_row_group().map_err(failed)?;
    let mut index = 0;
    while let Some(column) = to.next_column().map_err(failed)? {
        means.go_on()?;
        sound(|| copy_column(from.as_ref(), index, &group.rows, marks, column)).map_err(failed)?;
        index += 1;
    }
    to.close().map_err(failed)?;
    let metadata = file.finish().map_err(failed)?;
    Ok(Copied { file: Bytes::from(std::mem::take(file.inner_mut())), metadata })
}

/// Writes columns as they were written before.
fn properties(group: &RowGroupMetaData) -> WriterProperties {
    let mut properties = WriterProperties::builder().set_offset_index_disabled(true);
    for column in group.columns() {
        let path = || column.column_path().clone();
        let statistics = match column.statistics() {
            Some(_) => EnabledStatistics::Chunk,
            None => EnabledStatistics::None,
        };
        properties = properties
            .set_column_compression(path(), column.compression())
            .set_column_dictionary_enabled(path(), column.dictionary_page_offset().is_some())
            .set_column_statistics_enabled(path(), statistics);
        if is_delta(column) {
            properties = properties.set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED);
        }
    }
    properties.build()
}

fn is_delta(column: &ColumnChunkMetaData) -> bool {
    matches!(column.column_type(), Physical::INT32 | Physical::INT64)
        && column.encodings().any(|encoding| encoding == Encoding::DELTA_BINARY_PACKED)
}

fn copy_column(
    from: &dyn RowGroupReader,
    index: usize,
    rows: &Range<u64>,
    marks: &Marks,
    mut to: SerializedColumnWriter<'_>,
) -> Result<(), ParquetError> {
    let levels = {
        let column = from.metadata().column(index).column_descr();
        Levels { definition: column.max_def_level(), repetition: column.max_rep_level() }
    };
    let mut copy = Copy { rows, marks, levels };
    match from.get_column_reader(index)? {
        ColumnReader::BoolColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::Int32ColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::Int64ColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::Int96ColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::FloatColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::DoubleColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::ByteArrayColumnReader(reader) => copy.values(reader, &mut to)?,
        ColumnReader::FixedLenByteArrayColumnReader(reader) => copy.values(reader, &mut to)?,
    }
    to.close()
}

/// How deep a column's values may be nested.
#[derive(Clone, Copy)]
struct Levels {
    definition: i16,
    repetition: i16,
}

/// Which rows of a column are copied.
struct Copy<'a> {
    rows: &'a Range<u64>,
    marks: &'a Marks,
    levels: Levels,
}

impl Copy<'_> {
    fn values<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        to: &mut SerializedColumnWriter<'_>,
    ) -> Result<(), ParquetError> {
        let to = to.typed::<T>();
        let (mut definition, mut repetition, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let mut row = self.rows.start;
        while row < self.rows.end {
            definition.clear();
            repetition.clear();
            values.clear();
            let (records, _, _) = reader.read_records(
                BATCH,
                (self.levels.definition > 0).then_some(&mut definition),
                (self.levels.repetition > 0).then_some(&mut repetition),
                &mut values,
            )?;
            if records == 0 {
                return Err(ParquetError::EOF(format!("a column ends before row {}", self.rows.end)));
            }
            self.keep_marked(row, &mut definition, &mut repetition, &mut values);
            to.write_batch(
                &values,
                (self.levels.definition > 0).then_some(&definition),
                (self.levels.repetition > 0).then_some(&repetition),
            )?;
            row += records as u64;
        }
        Ok(())
    }

    /// Leaves of a batch, whose first row is `row`, the levels and values of marked rows.
    fn keep_marked<V>(
        &self,
        row: u64,
        definition: &mut Vec<i16>,
        repetition: &mut Vec<i16>,
        values: &mut Vec<V>,
    ) {
        if definition.is_empty() {
            let mut rows = row..;
            values.retain(|_| rows.next().is_some_and(|row| self.marks.is_set(row)));
            return;
        }
        // A repetition level of zero begins a row; without such levels every level does.
        let mut next_row = row;
        let mut kept = Vec::with_capacity(definition.len());
        for index in 0..definition.len() {
            next_row += u64::from(repetition.get(index).is_none_or(|level| *level == 0));
            kept.push(self.marks.is_set(next_row - 1));
        }
        let mut of_values = definition
            .iter()
            .zip(&kept)
            .filter(|(level, _)| **level == self.levels.definition)
            .map(|(_, kept)| *kept);
        values.retain(|_| of_values.next().unwrap_or_default());
        for levels in [definition, repetition].into_iter().filter(|levels| !levels.is_empty()) {
            let mut of_levels = kept.iter();
            levels.retain(|_| of_levels.next().is_some_and(|kept| *kept));
        }
    }
}

/// Adds a copied row group to the file, bytes as they are.
fn append(out: &mut SerializedFileWriter<File>, copied: &Copied) -> Result<(), ParquetError> {
    for group in copied.metadata.row_groups() {
        let mut to = out.next_row_group()?;
        for column in group.columns() {
            let close = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: group.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            to.append_column(&copied.file, close)?;
        }
        to.close()?;
    }
    Ok(())
}
