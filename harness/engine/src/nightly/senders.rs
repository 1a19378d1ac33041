//! Who sent a ping, as columns of a live table. A nightly job carries them along like any other.

use std::fs::File;

use dedup_strategies::{PingKey, Timestamp};
use dedup_stream::clients::{Clients, Sender, Shares};
use parquet::data_type::{
    ByteArray, ByteArrayType, DataType, FixedLenByteArray, FixedLenByteArrayType, Int64Type,
};
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;

use super::day::micros;
use super::sink::LiveRow;

/// The times that say who sent a ping, and what the client's clock showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentAt {
    /// When the ping came first.
    pub first_at: Timestamp,
    /// When the event happened.
    pub event_time: Timestamp,
}

/// The columns, behind those that every live table has.
pub(super) fn sender_columns(clients: &Clients) -> String {
    let mut columns = "
    required fixed_len_byte_array(16) client_id (UUID);
    required int64 client_time (TIMESTAMP(MICROS, true));
    required int64 session_id;
    required binary type (STRING);"
        .to_string();
    for dimension in &clients.spec().dimensions {
        columns.push_str(&format!("\n    required binary {} (STRING);", dimension.name));
    }
    columns
}

/// Writes them for these rows.
pub(super) fn write_sender(
    group: &mut SerializedRowGroupWriter<'_, File>,
    clients: &Clients,
    rows: &[LiveRow],
    sent_at: &[SentAt],
) -> Result<(), ParquetError> {
    let of =
        |(row, sent_at): (&LiveRow, &SentAt)| clients.sender(row.document_id.map(PingKey), sent_at.first_at);
    let senders: Vec<Sender> = rows.iter().zip(sent_at).map(of).collect();
    let ids: Vec<u8> = senders.iter().flat_map(|sender| sender.client_id.to_be_bytes()).collect();
    let all = ByteArray::from(ids);
    let ids: Vec<FixedLenByteArray> =
        (0..senders.len()).map(|at| FixedLenByteArray::from(all.slice(16 * at, 16))).collect();
    let shown = |(sender, sent_at): (&Sender, &SentAt)| micros(sender.client_time(sent_at.event_time));
    let times: Vec<i64> = senders.iter().zip(sent_at).map(shown).collect();
    let sessions: Vec<i64> = senders.iter().map(|sender| sender.session as i64).collect();
    column::<FixedLenByteArrayType>(group, &ids)?;
    column::<Int64Type>(group, &times)?;
    column::<Int64Type>(group, &sessions)?;
    let types: Vec<ByteArray> = clients.types().iter().map(|name| ByteArray::from(name.as_str())).collect();
    texts(group, &types, senders.iter().map(|sender| sender.kind))?;
    for (number, dimension) in clients.spec().dimensions.iter().enumerate() {
        let values = names(&dimension.values);
        texts(group, &values, senders.iter().map(|sender| sender.values[number]))?;
    }
    Ok(())
}

fn names(shares: &Shares) -> Vec<ByteArray> {
    shares.names().iter().map(|name| ByteArray::from(name.as_str())).collect()
}

fn texts(
    group: &mut SerializedRowGroupWriter<'_, File>,
    names: &[ByteArray],
    numbers: impl Iterator<Item = u8>,
) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = numbers.map(|number| names[usize::from(number)].clone()).collect();
    column::<ByteArrayType>(group, &values)
}

fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, File>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.expect("the schema has it");
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}
