//! Parquet files that somebody put one behind another: the footer of the last speaks of places in it alone, and would be
//! taken to speak of the first.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use parquet::file::metadata::ParquetMetaData;

const MAGIC: &[u8] = b"PAR1";
/// The length of the footer and the magic number behind it.
const TAIL: u64 = 8;

/// Whether `file` ends as Parquet does: what is cut short does not.
pub(super) fn ends_whole(file: &File) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let mut end = [0; MAGIC.len()];
    let Some(at) = length.checked_sub(MAGIC.len() as u64 + TAIL) else { return Ok(false) };
    file.read_exact_at(&mut end, at + TAIL)?;
    Ok(end == MAGIC)
}

/// Whether another file stands before the one that `metadata`, the last footer of `file`, is of.
pub(super) fn is_glued(file: &File, metadata: &ParquetMetaData) -> io::Result<bool> {
    let length = file.metadata()?.len();
    let mut tail = [0; TAIL as usize];
    file.read_exact_at(&mut tail, length.saturating_sub(TAIL))?;
    let footer = u64::from(u32::from_le_bytes([tail[0], tail[1], tail[2], tail[3]]));
    // What nothing in the footer speaks of.
    let Some(unknown) = length.checked_sub((TAIL + footer).saturating_add(end_of_known(metadata))) else {
        return Ok(false);
    };
    let mut border = [0; 8];
    if unknown < 2 * MAGIC.len() as u64 || file.read_exact_at(&mut border, unknown - 4).is_err() {
        return Ok(false);
    }
    Ok(border[..4] == *MAGIC && border[4..] == *MAGIC)
}

/// Where the last page, index or filter ends, as the footer has it; the magic number at the start where there is none.
fn end_of_known(metadata: &ParquetMetaData) -> u64 {
    let end = |offset: Option<i64>, length: Option<i32>| {
        u64::try_from(offset.unwrap_or(0)).unwrap_or(0) + u64::try_from(length.unwrap_or(0)).unwrap_or(0)
    };
    let columns = metadata.row_groups().iter().flat_map(|group| group.columns());
    let ends = columns.flat_map(|column| {
        // Of a damaged footer these may be anything.
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
        let pages = u64::try_from(start)
            .unwrap_or(0)
            .saturating_add(u64::try_from(column.compressed_size()).unwrap_or(0));
        [
            pages,
            end(column.column_index_offset(), column.column_index_length()),
            end(column.offset_index_offset(), column.offset_index_length()),
            end(column.bloom_filter_offset(), column.bloom_filter_length()),
        ]
    });
    ends.max().unwrap_or(0).max(MAGIC.len() as u64)
}
