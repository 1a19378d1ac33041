//! Candidates: each strategy at each window worth having.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use dedup_decide::{Candidate, Marks, Needs, Nightly, Place, Traffic, modelled};
use dedup_strategies::{
    Bound, Context, Definition, Forgets, Kept, Prospect, Role, SettingDefault, SettingKind, Settings, Sizing,
    WhileAway, Window,
};

use crate::advise::{scenario_of, windows};
use crate::predict::{Declared, MissedShares, missed_shares};

/// What a ping that is held takes beside its payload.
const HELD_BYTES: u64 = 40;

const YEAR_S: f64 = 365.25 * 86_400.0;

/// All of them. Who declares nothing that can be worked out is left out, and so is who is there to show a mistake.
pub fn candidates(definitions: &[Definition], traffic: &Traffic, needs: &Needs) -> Vec<Candidate> {
    let windows = windows(traffic, needs);
    let mut theory = Theory { traffic, needs, known: BTreeMap::new() };
    let choosable = definitions.iter().filter(|definition| definition.role != Role::NegativeControl);
    choosable
        .flat_map(|definition| {
            match window_of(definition) {
                WindowIs::Chosen => windows.clone(),
                WindowIs::ItsOwn(window) => vec![window],
            }
            .into_iter()
            .map(move |window| (definition, window))
        })
        .filter_map(|(definition, window)| theory.candidate(definition, window))
        .collect()
}

/// Whether the window is ours to choose.
enum WindowIs {
    Chosen,
    ItsOwn(Duration),
}

/// A strategy whose window is not the scenario's by default has one of its own: with another it would be another.
fn window_of(definition: &Definition) -> WindowIs {
    let of_time = |kind| matches!(kind, SettingKind::Time | SettingKind::TimeOrZero);
    let chosen = definition.settings.iter().any(|def| matches!(def.default, SettingDefault::ScenarioWindow));
    let own = definition.settings.iter().find(|def| def.name == "window" && of_time(def.kind));
    let text = own.and_then(|def| match def.default {
        SettingDefault::Text(text) => humantime::parse_duration(text).ok(),
        _ => None,
    });
    match (chosen, text) {
        (false, Some(window)) => WindowIs::ItsOwn(window),
        (true, _) => WindowIs::Chosen,
        // No window at all: once is enough.
        (false, None) => WindowIs::ItsOwn(Duration::from_secs(86_400)),
    }
}

/// What theory says, asked once for each way to forget.
struct Theory<'a> {
    traffic: &'a Traffic,
    needs: &'a Needs,
    known: BTreeMap<String, Option<MissedShares>>,
}

impl Theory<'_> {
    fn candidate(&mut self, definition: &Definition, window: Duration) -> Option<Candidate> {
        let sizing = Sizing {
            window,
            ids_in_window: self.traffic.ids_in(window).ceil().max(1.0) as u64,
            ids_total: (self.traffic.uniques_per_s() * YEAR_S).ceil().max(1.0) as u64,
        };
        let context = Context {
            workers: NonZeroUsize::new(self.needs.workers as usize)?,
            state_dir: PathBuf::new(),
            ..Context::embedded(sizing)
        };
        let settings = definition.resolve(&[], &sizing).ok()?;
        let prospect = definition.prospect?(&settings, &context);
        let forgets = (definition.forgets)(&settings, &context);
        // It refuses what comes after its window, and traffic does not say how late events arrive.
        if matches!(prospect.promise.window, Window::Tumbling(_)) {
            return None;
        }
        let missed = self.missed(forgets, &prospect, window)?;
        Some(self.describe(definition, &settings, sizing, prospect, missed))
    }

    /// Strategies that forget by the same rule miss the same.
    fn missed(&mut self, forgets: Forgets, prospect: &Prospect, window: Duration) -> Option<MissedShares> {
        let promise = &prospect.promise;
        let capacity = promise.capacity.filter(|_| matches!(forgets, Forgets::LeastRecentlySeen));
        let wrong = matches!(promise.lost, Bound::AtMost(rate) if rate > 0.001);
        let key = format!("{forgets:?} {:?} {capacity:?} {:?} {wrong}", promise.window, prospect.routing);
        let scenario = || scenario_of(self.traffic, self.needs, window);
        let preceding = match self.needs.nightly {
            Nightly::No => None,
            Nightly::Days(days) => Some(days),
        };
        let ask = || {
            missed_shares(&scenario(), Declared { forgets, promise, routing: prospect.routing }, preceding)
        };
        self.known.entry(key).or_insert_with(ask).clone()
    }

    fn describe(
        &self,
        definition: &Definition,
        settings: &Settings,
        sizing: Sizing,
        prospect: Prospect,
        missed: MissedShares,
    ) -> Candidate {
        let workers = u64::from(self.needs.workers);
        let held = prospect.held_pings.saturating_mul(HELD_BYTES + self.traffic.payload_bytes);
        let a_worker = |bytes: u64| modelled(bytes.div_ceil(workers) as f64);
        let window = prospect.promise.window;
        Candidate {
            strategy: definition.name.to_string(),
            spec: spec(definition, settings),
            window_s: window.length().map(|window| window.as_secs_f64()),
            model_of: definition.operation.model_of.map(str::to_string),
            operates: definition.operation.what.to_string(),
            place: place(prospect.kept),
            marks: match prospect.promise.under_faults.lost {
                Bound::Never => Marks::AfterDelivery,
                Bound::AtMost(_) | Bound::Unbounded => Marks::AtCheck,
            },
            ids: sizing.ids_in_window as f64,
            missed_live: modelled(missed.live),
            missed_stable: missed.stable.map(modelled),
            because: missed.because,
            false_positives: modelled(match prospect.promise.lost {
                Bound::Never => 0.0,
                Bound::AtMost(share) => share,
                Bound::Unbounded => 1.0,
            }),
            worker_bytes: a_worker(prospect.process_bytes.saturating_add(held)),
            server_bytes: modelled(prospect.server_bytes as f64),
            disk_bytes: a_worker(prospect.disk_bytes),
            round_trips: prospect.round_trips,
            ping_ns: None,
            p99_ns: None,
        }
    }
}

fn place(kept: Kept) -> Place {
    match kept {
        Kept::InProcess => Place::Worker,
        Kept::OnDisk => Place::Disk,
        Kept::ByRunner => Place::Engine,
        Kept::InServer { while_away: WhileAway::Waits } => Place::Server,
        Kept::InServer { while_away: WhileAway::Passes } => Place::OpenServer,
    }
}

/// The settings that come from the traffic, as they are typed.
fn spec(definition: &Definition, settings: &Settings) -> String {
    let from_traffic = |name: &str| {
        let def = definition.settings.iter().find(|def| def.name == name);
        def.is_some_and(|def| !matches!(def.default, SettingDefault::Text(_)))
    };
    let given: Vec<String> = settings
        .entries()
        .filter(|(name, _)| from_traffic(name))
        .map(|(name, value)| format!("{name}={}", value.replace(' ', "")))
        .collect();
    match given.is_empty() {
        true => definition.name.to_string(),
        false => format!("{}:{}", definition.name, given.join(",")),
    }
}
