//! Figures as cells of a page's tables.

use dedup_records::compare::Standing;
use dedup_records::record::Role;
use dedup_records::stats::{rule_of_three, wilson_95};
use dedup_records::units::{short, thousands};

use super::model::{Cell, Tone};
use super::verdict::documented;
use super::words::{interval, percent};

/// A share with its interval in a table's cell: `0.075 % (0.053–0.11)`; for none `0 (<0.0073)`.
pub(super) fn share_cell(count: u64, of: u64) -> Cell {
    if of == 0 {
        return Cell::none();
    }
    let share = count as f64 / of as f64;
    let text = match count {
        0 => format!("0 (<{} %)", short(rule_of_three(of) * 100.0)),
        count => {
            let (low, high) = wilson_95(count, of);
            format!("{} ({})", percent(share), interval(low * 100.0, high * 100.0))
        }
    };
    Cell::number(text, share)
}

/// As [`share_cell`], where cases stand and fall together, so that only `independent` of them say as much.
pub(super) fn dependent_share_cell(count: u64, of: u64, independent: u64) -> Cell {
    if of == 0 || independent == 0 || count == 0 {
        return share_cell(count, if count == 0 { independent } else { of });
    }
    let share = count as f64 / of as f64;
    let (low, high) = wilson_95((share * independent as f64).round() as u64, independent);
    Cell::number(format!("{} ({})", percent(share), interval(low * 100.0, high * 100.0)), share)
}

/// A count, in red where it should be none.
pub(super) fn count_cell(count: u64) -> Cell {
    Cell::number(thousands(count), count as f64)
}

/// Whether it did as it is documented.
pub(super) fn documented_cell(standing: Standing, role: Role) -> Cell {
    let verdict = documented(standing, role);
    Cell::text(verdict.words).toned(verdict.tone)
}

/// A count that should be none.
pub(super) fn harm_cell(count: u64) -> Cell {
    count_cell(count).toned(if count > 0 { Tone::Bad } else { Tone::Plain })
}
