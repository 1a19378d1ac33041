//! A live table of two days for measurements of the nightly job.

use std::path::Path;

use dedup_harness::nightly::{Layout, LiveRow, LiveWriter, Table, table};
use dedup_stream::stream::KeyCipher;

/// 2026-01-01.
const START_US: i64 = 1_767_225_600_000_000;
const TWO_DAYS_US: i64 = 2 * 86_400_000_000;

/// Writes so many rows. Three tenths are copies of pings some time before, half a day on average.
pub(crate) fn write(dir: &Path, rows: u64) -> Result<Table, Box<dyn std::error::Error>> {
    std::fs::create_dir_all(dir)?;
    let cipher = KeyCipher::new(1);
    let mut writer = LiveWriter::new(dir);
    let mut uniques = 0;
    for row in 0..rows {
        let drawn = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let unique = match drawn % 10 < 3 && uniques > 0 {
            true => uniques - 1 - ((drawn * (rows / 4)) >> 32).min(uniques - 1),
            false => uniques,
        };
        uniques += u64::from(unique == uniques);
        writer.push(LiveRow {
            submission_us: START_US + (TWO_DAYS_US as f64 * row as f64 / rows as f64) as i64,
            document_id: Some(cipher.key(unique).0),
            unique,
            cause: 0,
        })?;
    }
    writer.finish()?;
    Ok(table(dir, &Layout::default())?)
}
