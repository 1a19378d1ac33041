//! The short form: how large every strategy is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use dedup_decide::{Needs, render};
use dedup_strategies::{Bound, Context, Definition, Prospect, Role, Sizing};

use crate::units;

/// One line a strategy: bytes of all workers together, of the server and on disk. What has a window of its own is sized for that.
pub(super) fn table(
    definitions: &[Definition],
    ids_in: &dyn Fn(Duration) -> u64,
    window: Duration,
    needs: &Needs,
) -> String {
    let ids = ids_in(window);
    let mut out = format!(
        "{} ids in a window of {}, {}; modelled\nBytes at the fullest moment.\n\n",
        units::thousands(ids),
        units::duration(window.as_nanos() as u64),
        units::plural(needs.workers.into(), "worker"),
    );
    let _ = writeln!(
        out,
        "{:<17}{:>11}{:>11}{:>11}{:>13}  loses at most",
        "strategy", "workers", "server", "disk", "bytes an id"
    );
    let mut own_windows: BTreeMap<Duration, Vec<&str>> = BTreeMap::new();
    for definition in definitions.iter().filter(|definition| definition.role == Role::Candidate) {
        let Some(asked) = prospect(definition, window, ids, needs) else { continue };
        // It forgets sooner or later than what was asked for, however large it is.
        let its_own = asked.promise.window.length().filter(|own| *own != window);
        let (ids, found) = match its_own {
            Some(own) => match prospect(definition, own, ids_in(own), needs) {
                Some(found) => (ids_in(own), found),
                None => continue,
            },
            None => (ids, asked),
        };
        if let Some(own) = its_own {
            own_windows.entry(own).or_default().push(definition.name);
        }
        let shown = |bytes: u64| if bytes == 0 { "-".to_string() } else { units::bytes(bytes) };
        let all = found.process_bytes.saturating_add(found.server_bytes).saturating_add(found.disk_bytes);
        let lost = match found.promise.lost {
            // Shares of fewer digits than a line has room for.
            Bound::AtMost(share) if share > 0.0 && share < 1e-11 => "below 1e-9 %".to_string(),
            Bound::AtMost(share) => format!("{} %", units::short(share * 100.0)),
            Bound::Never => "none".to_string(),
            Bound::Unbounded => "?".to_string(),
        };
        let _ = writeln!(
            out,
            "{:<17}{:>11}{:>11}{:>11}{:>13}  {lost}",
            definition.name,
            shown(found.process_bytes),
            shown(found.server_bytes),
            shown(found.disk_bytes),
            units::short(all as f64 / ids as f64),
        );
    }
    for (own, names) in own_windows {
        let said = format!(
            "With a window of their own of {}, after which they forget, and sized for the {} ids of that: {}.",
            units::duration(own.as_nanos() as u64),
            units::thousands(ids_in(own)),
            names.join(", "),
        );
        out.push('\n');
        render::wrapped(&mut out, "", &said);
    }
    out
}

/// What it comes to with the settings that it has by default.
fn prospect(definition: &Definition, window: Duration, ids: u64, needs: &Needs) -> Option<Prospect> {
    let sizing = Sizing { window, ids_in_window: ids, ids_total: ids };
    let workers = NonZeroUsize::new(needs.workers as usize).unwrap_or(NonZeroUsize::MIN);
    let context = Context { workers, state_dir: PathBuf::new(), ..Context::embedded(sizing) };
    let settings = definition.resolve(&[], &sizing).ok()?;
    Some((definition.prospect?)(&settings, &context))
}
