//! A table as Parquet.

use std::sync::Arc;

use ::parquet::basic::Compression;
use ::parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use ::parquet::errors::Result;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use ::parquet::schema::parser::parse_message_type;

use super::columns::{Data, Table};
use super::schema::{Column, Type};

type Group<'a> = SerializedRowGroupWriter<'a, Vec<u8>>;

impl Table {
    /// With one row group: the largest table, of a thousand values on each day of a year, has less than ten million rows.
    pub fn parquet(&self) -> Vec<u8> {
        self.written().expect("memory takes any column")
    }

    fn written(&self) -> Result<Vec<u8>> {
        let columns: String = self.schema.columns.iter().map(field).collect();
        let schema = Arc::new(parse_message_type(&format!("message {} {{{columns}\n}}", self.schema.name))?);
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let mut file = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        let mut group = file.next_row_group()?;
        for (column, data) in self.schema.columns.iter().zip(&self.columns) {
            write_column(&mut group, column, data)?;
        }
        group.close()?;
        file.into_inner()
    }
}

fn field(column: &Column) -> String {
    let repetition = if column.optional { "optional" } else { "required" };
    let (physical, logical) = match column.kind {
        Type::Date => ("int32", " (DATE)"),
        Type::Text => ("binary", " (STRING)"),
        Type::Count => ("int64", ""),
        Type::Number => ("double", ""),
    };
    format!("\n  {repetition} {physical} {}{logical};", column.name)
}

fn write_column(group: &mut Group<'_>, column: &Column, data: &Data) -> Result<()> {
    match data {
        Data::Dates(days) => {
            let days: Vec<i32> = days.iter().map(|day| day.0).collect();
            write_values::<Int32Type>(group, &days, None)
        }
        Data::Texts(texts) => {
            let texts: Vec<ByteArray> = texts.iter().map(|text| ByteArray::from(&**text)).collect();
            write_values::<ByteArrayType>(group, &texts, None)
        }
        Data::Counts(counts) => {
            let counts: Vec<i64> = counts.iter().map(|count| *count as i64).collect();
            write_values::<Int64Type>(group, &counts, None)
        }
        Data::Numbers(numbers) => {
            let present: Vec<i16> = numbers.iter().map(|number| i16::from(number.is_some())).collect();
            let there: Vec<f64> = numbers.iter().flatten().copied().collect();
            write_values::<DoubleType>(group, &there, column.optional.then_some(&present))
        }
    }
}

fn write_values<T: DataType>(
    group: &mut Group<'_>,
    values: &[T::T],
    present: Option<&Vec<i16>>,
) -> Result<()> {
    let mut column = group.next_column()?.expect("the schema has it");
    column.typed::<T>().write_batch(values, present.map(Vec::as_slice), None)?;
    column.close()
}
