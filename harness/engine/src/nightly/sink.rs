//! The sink of a pipeline: live tables, one Parquet partition a day.
//!
//! A partition is named for the day of its rows' `submission_timestamp`, the time at which the edge received the ping.
//! A copy that the client sends again gets a new one; one that the edge publishes again, or that the broker delivers
//! again, keeps its own, however late it arrives, and goes to the partition of its day.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use dedup_strategies::Timestamp;
use dedup_stream::clients::Clients;
use dedup_stream::scenario::Submission;
use dedup_stream::stream::Event;
use parquet::basic::Encoding;
use parquet::data_type::{ByteArray, FixedLenByteArray, FixedLenByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::day::{Day, micros};
use super::error::NightlyError;
use super::layout::Layout;
use super::partitions::Staged;
use super::senders::{SentAt, sender_columns, write_sender};
use crate::pipeline::Sink;

/// The columns of a live table. The last two are the truth: a nightly job carries them along like any other payload and
/// decides nothing by them.
const COLUMNS: &str = "
    required int64 submission_timestamp (TIMESTAMP(MICROS, true));
    optional fixed_len_byte_array(16) document_id (UUID);
    required int64 truth_unique;
    required int32 truth_cause;";

/// How many these are.
const OWN_COLUMNS: usize = 4;

/// Rows that are handed over at once.
const BATCH: usize = 1 << 14;

/// Batches under way between the pipeline and the writer.
const UNDER_WAY: usize = 4;

/// Rows of a row group, unless memory asks for fewer.
const ROW_GROUP: usize = 1 << 18;

/// Rows that wait in memory for their row group to be full, over all days.
const WAITING: usize = 1 << 21;

/// Days whose files are open at once; a process may have 1,024 files open on most systems.
const MOST_DAYS: usize = 512;

/// One delivered ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveRow {
    /// When the edge received it, in microseconds since 1970.
    pub submission_us: i64,
    /// Its id; none where it has none.
    pub document_id: Option<[u8; 16]>,
    /// The number of the unique ping.
    pub unique: u64,
    /// Why this copy exists, by number.
    pub cause: u8,
}

/// Writes what is delivered into day partitions, on a thread of its own.
pub struct DaySink {
    submissions: Vec<Submission>,
    batch: Vec<(LiveRow, SentAt)>,
    sender: SyncSender<Vec<(LiveRow, SentAt)>>,
}

/// What becomes of a [`DaySink`] when it is dropped: the partitions.
pub struct Written {
    writer: JoinHandle<Result<u64, NightlyError>>,
}

impl DaySink {
    /// A sink that writes the table in the directory `dir`. `submissions` says for each cause what
    /// its copies are stamped with; a cause beyond its end is stamped anew. Where `clients` are known, who sent a ping stands
    /// in columns of its own.
    pub fn new(dir: &Path, submissions: Vec<Submission>, clients: Option<Clients>) -> (DaySink, Written) {
        let (sender, receiver) = sync_channel(UNDER_WAY);
        let days = LiveWriter::of_clients(dir, clients);
        let writer = std::thread::spawn(move || write(days, &receiver));
        (DaySink { submissions, batch: Vec::with_capacity(BATCH), sender }, Written { writer })
    }

    fn hand_over(&mut self) {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        // A writer that has gone has an error to tell, which `Written::finish` does.
        let _ = self.sender.send(batch);
    }
}

impl Sink for DaySink {
    fn deliver(&mut self, event: &Event, _: Timestamp) {
        let origin = &event.origin;
        let stamped = match self.submissions.get(usize::from(origin.cause.0)) {
            Some(Submission::Same) => origin.first_at,
            Some(Submission::Fresh) | None => event.at,
        };
        let row = LiveRow {
            submission_us: micros(stamped),
            document_id: event.id.key().map(|key| key.0),
            unique: origin.unique,
            cause: origin.cause.0,
        };
        self.batch.push((row, SentAt { first_at: origin.first_at, event_time: event.event_time }));
        if self.batch.len() == BATCH {
            self.hand_over();
        }
    }
}

impl Drop for DaySink {
    fn drop(&mut self) {
        self.hand_over();
    }
}

impl Written {
    /// Waits until the partitions are in their places; how many rows they have. The sink has to be dropped before.
    pub fn finish(self) -> Result<u64, NightlyError> {
        self.writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn write(mut days: LiveWriter, batches: &Receiver<Vec<(LiveRow, SentAt)>>) -> Result<u64, NightlyError> {
    for batch in batches {
        for (row, sent_at) in batch {
            days.push_sent(row, sent_at)?;
        }
    }
    days.finish()
}

/// Writes a live table, in whatever order its rows come.
pub struct LiveWriter {
    dir: PathBuf,
    schema: Arc<parquet::schema::types::Type>,
    properties: Arc<WriterProperties>,
    clients: Option<Arc<Clients>>,
    days: BTreeMap<Day, OpenDay>,
    waiting: usize,
    rows: u64,
}

struct OpenDay {
    rows: Vec<LiveRow>,
    /// Of as many rows, where senders are written.
    sent_at: Vec<SentAt>,
    clients: Option<Arc<Clients>>,
    file: SerializedFileWriter<File>,
    staged: Staged,
}

impl LiveWriter {
    /// Writes the table in the directory `dir`.
    pub fn new(dir: &Path) -> LiveWriter {
        LiveWriter::of_clients(dir, None)
    }

    /// Writes the table in the directory `dir`, with columns for who sent a ping where `clients` are known.
    pub fn of_clients(dir: &Path, clients: Option<Clients>) -> LiveWriter {
        let columns = clients.as_ref().map_or_else(String::new, sender_columns);
        let schema = format!("message live {{{COLUMNS}{columns}\n}}");
        LiveWriter {
            dir: dir.to_path_buf(),
            schema: Arc::new(parse_message_type(&schema).expect("the schema is well formed")),
            properties: Arc::new(properties(clients.as_ref())),
            clients: clients.map(Arc::new),
            days: BTreeMap::new(),
            waiting: 0,
            rows: 0,
        }
    }

    /// Takes a row that came first, and happened, at the time of its submission.
    pub fn push(&mut self, row: LiveRow) -> Result<(), NightlyError> {
        let at = Timestamp::from_nanos(row.submission_us.max(0) as u64 * 1_000);
        self.push_sent(row, SentAt { first_at: at, event_time: at })
    }

    /// Takes a row with the times that say who sent it.
    pub fn push_sent(&mut self, row: LiveRow, sent_at: SentAt) -> Result<(), NightlyError> {
        let day = Day::of_micros(row.submission_us);
        if !self.days.contains_key(&day) {
            let open = self.open(day)?;
            self.days.insert(day, open);
        }
        let open = self.days.get_mut(&day).expect("it was opened");
        open.rows.push(row);
        if open.clients.is_some() {
            open.sent_at.push(sent_at);
        }
        self.waiting += 1;
        if open.rows.len() == ROW_GROUP {
            self.waiting -= open.flush()?;
        } else if self.waiting >= WAITING
            && let Some(fullest) = self.days.values_mut().max_by_key(|open| open.rows.len())
        {
            self.waiting -= fullest.flush()?;
        }
        Ok(())
    }

    /// Puts the partitions into their places; how many rows they have.
    pub fn finish(self) -> Result<u64, NightlyError> {
        let mut rows = self.rows;
        for mut open in self.days.into_values() {
            open.flush()?;
            let metadata = open.file.close().map_err(|error| open.staged.unwritable(error))?;
            rows += metadata.file_metadata().num_rows() as u64;
            open.staged.finish()?;
        }
        Ok(rows)
    }

    fn open(&self, day: Day) -> Result<OpenDay, NightlyError> {
        if self.days.len() == MOST_DAYS {
            let reason =
                format!("has more than {MOST_DAYS} days; allowed are as many: run without a nightly job");
            return Err(NightlyError::file(&self.dir, reason));
        }
        let staged = Staged::private(&Layout::default().partition(&self.dir, day))?;
        let file = File::create(staged.unfinished()).map_err(|error| staged.unwritable(error))?;
        let file = SerializedFileWriter::new(file, self.schema.clone(), self.properties.clone())
            .map_err(|error| staged.unwritable(error))?;
        Ok(OpenDay { rows: Vec::new(), sent_at: Vec::new(), clients: self.clients.clone(), file, staged })
    }
}

/// Random ids do not compress; times and numbers in order are deltas.
fn properties(clients: Option<&Clients>) -> WriterProperties {
    let column = |name: &str| ColumnPath::from(name);
    let builder = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .set_column_statistics_enabled(column("submission_timestamp"), EnabledStatistics::Chunk)
        .set_column_encoding(column("submission_timestamp"), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(column("truth_unique"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(column("truth_cause"), true)
        .set_column_encoding(column("client_time"), Encoding::DELTA_BINARY_PACKED);
    let dimensions = clients.into_iter().flat_map(|clients| &clients.spec().dimensions);
    let texts = dimensions.map(|dimension| dimension.name.as_str()).chain(["type"]);
    texts.fold(builder, |builder, name| builder.set_column_dictionary_enabled(column(name), true)).build()
}

impl OpenDay {
    /// Writes the rows that wait as a row group; how many they were.
    fn flush(&mut self) -> Result<usize, NightlyError> {
        if self.rows.is_empty() {
            return Ok(0);
        }
        let sent = self.clients.as_deref().map(|clients| (clients, self.sent_at.as_slice()));
        row_group(&mut self.file, &self.rows, sent).map_err(|error| self.staged.unwritable(error))?;
        let written = self.rows.len();
        self.rows.clear();
        self.sent_at.clear();
        Ok(written)
    }
}

fn row_group(
    file: &mut SerializedFileWriter<File>,
    rows: &[LiveRow],
    sent: Option<(&Clients, &[SentAt])>,
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    let times: Vec<i64> = rows.iter().map(|row| row.submission_us).collect();
    let (ids, present) = ids(rows);
    let uniques: Vec<i64> = rows.iter().map(|row| row.unique as i64).collect();
    let causes: Vec<i32> = rows.iter().map(|row| i32::from(row.cause)).collect();
    for index in 0..OWN_COLUMNS {
        let mut column = group.next_column()?.expect("the schema has them");
        match index {
            0 => column.typed::<Int64Type>().write_batch(&times, None, None)?,
            1 => column.typed::<FixedLenByteArrayType>().write_batch(&ids, Some(&present), None)?,
            2 => column.typed::<Int64Type>().write_batch(&uniques, None, None)?,
            _ => column.typed::<Int32Type>().write_batch(&causes, None, None)?,
        };
        column.close()?;
    }
    if let Some((clients, sent_at)) = sent {
        write_sender(&mut group, clients, rows, sent_at)?;
    }
    group.close()?;
    Ok(())
}

/// The ids that are there, and for each row whether it has one. All lie in one allocation.
fn ids(rows: &[LiveRow]) -> (Vec<FixedLenByteArray>, Vec<i16>) {
    let present = rows.iter().map(|row| i16::from(row.document_id.is_some())).collect();
    let bytes: Vec<u8> = rows.iter().filter_map(|row| row.document_id).flatten().collect();
    let all = ByteArray::from(bytes);
    let ids = (0..all.len()).step_by(16).map(|at| FixedLenByteArray::from(all.slice(at, 16)));
    (ids.collect(), present)
}
