//! The short form: how large every strategy is.

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use dedup_decide::Needs;
use dedup_strategies::{Bound, Context, Definition, Role, Sizing};

use crate::units;

/// One line a strategy: bytes of all workers together, of the server and on disk.
pub(super) fn table(definitions: &[Definition], ids: u64, window: Duration, needs: &Needs) -> String {
    let sizing = Sizing { window, ids_in_window: ids, ids_total: ids };
    let workers = NonZeroUsize::new(needs.workers as usize).unwrap_or(NonZeroUsize::MIN);
    let context = Context { workers, state_dir: PathBuf::new(), ..Context::embedded(sizing) };
    let mut out = format!(
        "{} ids in a window of {}, {}; modelled\nBytes at the fullest moment.\n\n",
        units::thousands(ids),
        units::duration(window.as_nanos() as u64),
        units::plural(needs.workers.into(), "worker"),
    );
    let _ = writeln!(
        out,
        "{:<17}{:>11}{:>12}{:>12}{:>13}  loses at most",
        "strategy", "workers", "server", "disk", "bytes an id"
    );
    for definition in definitions.iter().filter(|definition| definition.role == Role::Candidate) {
        let (Some(prospect), Ok(settings)) = (definition.prospect, definition.resolve(&[], &sizing)) else {
            continue;
        };
        let found = prospect(&settings, &context);
        let shown = |bytes: u64| if bytes == 0 { "-".to_string() } else { units::bytes(bytes) };
        let all = found.process_bytes.saturating_add(found.server_bytes).saturating_add(found.disk_bytes);
        let lost = match found.promise.lost {
            Bound::AtMost(share) => format!("{} %", units::short(share * 100.0)),
            Bound::Never => "none".to_string(),
            Bound::Unbounded => "?".to_string(),
        };
        let _ = writeln!(
            out,
            "{:<17}{:>11}{:>12}{:>12}{:>13}  {lost}",
            definition.name,
            shown(found.process_bytes),
            shown(found.server_bytes),
            shown(found.disk_bytes),
            units::short(all as f64 / ids as f64),
        );
    }
    out
}
