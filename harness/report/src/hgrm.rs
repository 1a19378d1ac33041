//! `.hgrm`: the percentile text of HdrHistogram, which its plotters read.

use std::fmt::Write;

use hdrhistogram::Histogram;

use dedup_records::compare::Comparison;
use dedup_records::record::HistogramError;

/// A file: its name and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// A name without separators or anything else that a file system or shell minds.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// One file for each row that was timed: latency from the intended start, in nanoseconds, all rounds together.
pub fn files(comparison: &Comparison) -> Result<Vec<File>, HistogramError> {
    let mut files: Vec<File> = Vec::new();
    for block in &comparison.blocks {
        for row in &block.rows {
            let Some(time) = &row.summary.time else { continue };
            let run = if comparison.runs.len() > 1 { format!("-{}", row.run) } else { String::new() };
            let stem = plain(&format!("{}-{}{run}", block.stream.scenario, row.strategy));
            let name = |number: usize| match number {
                1 => format!("{stem}.hgrm"),
                more => format!("{stem}-{more}.hgrm"),
            };
            let free = (1..).map(name).find(|name| files.iter().all(|file| file.name != *name));
            let name = free.expect("numbers do not run out");
            let text = percentiles(&time.latency_ns.merged.histogram()?);
            files.push(File { name, text });
        }
    }
    Ok(files)
}

/// Letters, digits, dots and dashes; a hyphen for all else.
pub(super) fn plain(name: &str) -> String {
    let safe =
        |letter: char| if letter.is_ascii_alphanumeric() || "._=".contains(letter) { letter } else { '-' };
    let text: String = name.chars().map(safe).take(120).collect();
    let text = text.trim_matches(['-', '.']).to_string();
    if text.is_empty() { "unnamed".to_string() } else { text }
}

/// The percentile distribution: value, percentile, total count and `1 / (1 - percentile)`, five lines each halving.
pub fn percentiles(histogram: &Histogram<u64>) -> String {
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0;
    for value in histogram.iter_quantiles(5) {
        total += value.count_since_last_iteration();
        let quantile = value.quantile_iterated_to();
        let at = value.value_iterated_to();
        let _ = match quantile < 1.0 {
            true => {
                writeln!(text, "{at:>12}.000 {quantile:2.12} {total:>10} {:>14.2}", 1.0 / (1.0 - quantile))
            }
            false => writeln!(text, "{at:>12}.000 {quantile:2.12} {total:>10}"),
        };
    }
    let (mean, deviation, max) = (histogram.mean(), histogram.stdev(), histogram.max());
    let _ = writeln!(text, "#[Mean    = {mean:>12.3}, StdDeviation   = {deviation:>12.3}]");
    let _ = writeln!(text, "#[Max     = {max:>8}.000, Total count    = {:>12}]", histogram.len());
    let _ = writeln!(text, "#[Buckets = {:>12}, SubBuckets     = {:>12}]", histogram.buckets(), 2048);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_records::stats::recorder;

    #[test]
    fn the_text_is_what_plotters_of_hdrhistograms_read() {
        let mut histogram = recorder();
        (1..=1_000_u64).for_each(|value| histogram.record(value * 10).unwrap());
        let text = percentiles(&histogram);
        let rows: Vec<Vec<f64>> = text
            .lines()
            .skip(2)
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect())
            .collect();
        assert!(rows.iter().all(|row| row.len() >= 3), "{text}");
        assert!(rows.windows(2).all(|pair| pair[0][0] <= pair[1][0] && pair[0][2] <= pair[1][2]));
        assert_eq!(rows.last().unwrap()[2], 1_000.0);
        let median = rows.iter().find(|row| row[1] >= 0.5).unwrap();
        assert!((median[0] - 5_000.0).abs() < 10.0 && (median[3] - 2.0).abs() < 1e-9, "{median:?}");
        assert!(text.contains("#[Mean    ="), "{text}");
    }

    #[test]
    fn file_names_hold_nothing_that_leads_elsewhere() {
        assert_eq!(plain("../../etc/passwd"), "etc-passwd");
        assert_eq!(plain("lru:capacity=1 000\n"), "lru-capacity=1-000");
        assert_eq!(plain("🦀"), "unnamed");
    }
}
