//! A table as CSV.

use super::columns::{Data, Table};

impl Table {
    /// With a line of names, empty fields for what is missing, and floating numbers in as few digits as tell them apart, `1.0` for 1:
    /// whoever guesses types takes them for what they are.
    pub fn csv(&self) -> Vec<u8> {
        let mut writer = ::csv::Writer::from_writer(Vec::new());
        let never = "memory takes any line";
        writer.write_record(self.schema.columns.iter().map(|column| column.name)).expect(never);
        for row in 0..self.rows() {
            for column in &self.columns {
                field(&mut writer, column, row).expect(never);
            }
            writer.write_record(None::<&[u8]>).expect(never);
        }
        writer.into_inner().expect(never)
    }
}

fn field(writer: &mut ::csv::Writer<Vec<u8>>, column: &Data, row: usize) -> ::csv::Result<()> {
    match column {
        Data::Dates(values) => writer.write_field(values[row].to_string()),
        Data::Texts(values) => writer.write_field(&*values[row]),
        Data::Counts(values) => writer.write_field(values[row].to_string()),
        Data::Numbers(values) => {
            writer.write_field(values[row].map_or(String::new(), |number| format!("{number:?}")))
        }
    }
}
