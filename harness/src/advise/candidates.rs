//! Candidates: each strategy at each window worth having.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use dedup_decide::{
    Candidate, Curves, Forgetting, LeftOut, Marks, Needs, Nightly, Place, SizedFor, Traffic, modelled,
};
use dedup_strategies::shards::share_of;
use dedup_strategies::{
    Bound, Context, Definition, Forgets, Kept, Prospect, Role, Routing, SettingDef, SettingDefault,
    SettingKind, Settings, Sizing, WhileAway, Window,
};

use super::forgetting::{because, follows_ids, forgetting};
use crate::advise::{scenario_of, windows};
use crate::predict::{Declared, MissedShares, missed_shares};
use crate::process::cores;

/// What a ping that is held takes beside its payload.
const HELD_BYTES: u64 = 40;

pub(super) const YEAR_S: f64 = 365.25 * 86_400.0;

/// What there is to choose from.
#[derive(Clone, Debug)]
pub struct Found {
    /// Strategies, each at several windows and, where it loses by mistake, with several sizes.
    pub candidates: Vec<Candidate>,
    /// Strategies that are at none of them.
    pub left_out: Vec<LeftOut>,
}

/// All of them; times are read off `curves`. Theory takes its time over some, so every core takes its part.
pub fn candidates(definitions: &[Definition], traffic: &Traffic, needs: &Needs, curves: &Curves) -> Found {
    let theory = Theory { traffic, needs, curves, windows: windows(traffic, needs), known: Mutex::default() };
    let next = AtomicUsize::new(0);
    let told: Vec<OnceLock<Told>> = definitions.iter().map(|_| OnceLock::new()).collect();
    std::thread::scope(|scope| {
        for _ in 0..cores().get().min(definitions.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(definition) = definitions.get(at) else { break };
                    let _ = told[at].set(theory.of_definition(definition));
                }
            });
        }
    });
    let mut found = Found { candidates: Vec::new(), left_out: Vec::new() };
    for (definition, told) in definitions.iter().zip(told) {
        match told.into_inner().expect("somebody took it") {
            Ok(candidates) => found.candidates.extend(candidates),
            Err(because) => {
                let (strategy, because) = (definition.name.to_string(), because.to_string());
                found.left_out.push(LeftOut { strategy, because });
            }
        }
    }
    found
}

/// Candidates, or why there are none.
type Told = Result<Vec<Candidate>, &'static str>;

/// The setting that says what share may be lost by mistake.
pub(super) const RATE: &str = "rate";

type ProspectOf = fn(&Settings, &Context) -> Prospect;

/// The setting that says how often it loses by mistake, if it has one.
pub(super) fn rate_of(definition: &Definition) -> Option<&'static SettingDef> {
    let is_rate = |def: &&SettingDef| def.name == RATE && matches!(def.kind, SettingKind::Share);
    definition.settings.iter().find(is_rate)
}

/// What loses by mistake has the sizes with which it loses half and a tenth of what may be lost: other causes have the rest. Its
/// own size is no choice where it loses more.
fn rates(definition: &Definition, needs: &Needs) -> Vec<Option<f64>> {
    let own = rate_of(definition).and_then(|def| match def.default {
        SettingDefault::Text(text) => text.parse::<f64>().ok(),
        _ => None,
    });
    let sized = [Some(needs.lost / 2.0), Some(needs.lost / 10.0)];
    match own {
        Some(own) if needs.lost > 0.0 && own > needs.lost => sized.to_vec(),
        Some(_) if needs.lost > 0.0 => std::iter::once(None).chain(sized).collect(),
        _ => vec![None],
    }
}

pub(super) fn chosen(rate: Option<f64>) -> Vec<(String, String)> {
    rate.map(|rate| (RATE.to_string(), rate.to_string())).into_iter().collect()
}

/// What looks again before it drops a ping has a filter, and loses nothing by it.
pub(super) fn loses_by_mistake(definition: &Definition, prospect: ProspectOf) -> bool {
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 1000 };
    let settings = definition.resolve(&[], &sizing);
    settings
        .is_ok_and(|settings| prospect(&settings, &Context::embedded(sizing)).promise.lost != Bound::Never)
}

/// Whether the window is ours to choose.
pub(super) enum WindowIs {
    Chosen,
    ItsOwn(Duration),
}

/// A strategy whose window is not the scenario's by default has one of its own: with another it would be another.
pub(super) fn window_of(definition: &Definition) -> WindowIs {
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
    curves: &'a Curves,
    windows: Vec<Duration>,
    known: Mutex<BTreeMap<String, Option<MissedShares>>>,
}

impl Theory<'_> {
    /// A strategy at each window and with each size, or why there is none.
    fn of_definition(&self, definition: &Definition) -> Told {
        if definition.role == Role::NegativeControl {
            return Err("is there to show a mistake");
        }
        let Some(prospect) = definition.prospect else { return Err("says nothing of what it comes to") };
        let windows = match window_of(definition) {
            WindowIs::Chosen => self.windows.clone(),
            WindowIs::ItsOwn(window) => vec![window],
        };
        let rates = match loses_by_mistake(definition, prospect) {
            true => rates(definition, self.needs),
            false => vec![None],
        };
        let rates: Vec<_> = rates.into_iter().map(|rate| (rate, forgetting(definition, rate))).collect();
        let mut candidates = Vec::new();
        for window in windows {
            for (rate, forgetting) in &rates {
                candidates.extend(self.candidate(definition, prospect, window, (*rate, forgetting))?);
            }
        }
        match candidates.is_empty() {
            true => Err("theory says nothing of what it misses"),
            false => Ok(candidates),
        }
    }

    /// None where theory has nothing to say.
    fn candidate(
        &self,
        definition: &Definition,
        prospect: ProspectOf,
        window: Duration,
        (rate, forgetting): (Option<f64>, &Option<Forgetting>),
    ) -> Result<Option<Candidate>, &'static str> {
        let sizing = Sizing {
            window,
            ids_in_window: self.traffic.ids_in(window).ceil().max(1.0) as u64,
            ids_total: (self.traffic.uniques_per_s() * YEAR_S).ceil().max(1.0) as u64,
        };
        let workers = NonZeroUsize::new(self.needs.workers as usize).unwrap_or(NonZeroUsize::MIN);
        let context = Context { workers, state_dir: PathBuf::new(), ..Context::embedded(sizing) };
        let settings = definition.resolve(&chosen(rate), &sizing).map_err(|_| "takes no such load")?;
        let prospect = prospect(&settings, &context);
        if matches!(prospect.promise.window, Window::Tumbling(_)) {
            return Err(
                "refuses pings that come after their window in event time, and this traffic does not \
                        say how late events arrive: run it on a scenario or a trace",
            );
        }
        // Theory takes longest over these: one size of them is enough.
        let by_chance = matches!(forgetting, Some(Forgetting::AtRandom(_)));
        if by_chance && rate.is_some_and(|rate| rate < self.needs.lost / 2.0) {
            return Ok(None);
        }
        let missed = match self.traffic.copies > 1.0 {
            true => self.sampled((definition.forgets)(&settings, &context), &prospect, window),
            false => {
                let ids = ids_of(definition, &settings).unwrap_or(sizing.ids_in_window);
                forgetting.as_ref().and_then(|forgetting| self.missed(forgetting, &prospect, window, ids))
            }
        };
        Ok(missed.map(|missed| self.describe(definition, (&settings, rate), sizing, prospect, missed)))
    }

    /// What is known so far; each entry is whole, whatever became of who wrote another.
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Option<MissedShares>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By formulas, where a ping has one copy at most.
    fn missed(
        &self,
        forgetting: &Forgetting,
        prospect: &Prospect,
        window: Duration,
        ids: u64,
    ) -> Option<MissedShares> {
        let sized = sized_for(prospect, window, ids, self.needs);
        let found = forgetting.missed(self.traffic, self.needs, sized)?;
        let because = because(forgetting, &prospect.promise, self.needs);
        Some(MissedShares { live: found.live, stable: found.stable, because })
    }

    /// Where pings have several copies each, theory samples them. Strategies that forget by the same rule miss the same.
    fn sampled(&self, forgets: Forgets, prospect: &Prospect, window: Duration) -> Option<MissedShares> {
        let promise = &prospect.promise;
        let capacity = promise.capacity.filter(|_| matches!(forgets, Forgets::LeastRecentlySeen));
        let wrong = matches!(promise.lost, Bound::AtMost(rate) if rate > 0.01);
        let key = format!("{forgets:?} {:?} {capacity:?} {:?} {wrong}", promise.window, prospect.routing);
        let scenario = || scenario_of(self.traffic, self.needs, window);
        let preceding = match self.needs.nightly {
            Nightly::No => None,
            Nightly::Days(days) => Some(days),
        };
        let ask = || {
            missed_shares(&scenario(), Declared { forgets, promise, routing: prospect.routing }, preceding)
        };
        let known = self.known().get(&key).cloned();
        if let Some(known) = known {
            return known;
        }
        // What two ask at once is the same.
        let found = ask();
        self.known().insert(key, found.clone());
        found
    }

    fn describe(
        &self,
        definition: &Definition,
        (settings, rate): (&Settings, Option<f64>),
        sizing: Sizing,
        prospect: Prospect,
        missed: MissedShares,
    ) -> Candidate {
        let workers = u64::from(self.needs.workers);
        let a_worker = |bytes: u64| modelled(bytes.div_ceil(workers) as f64);
        let window = prospect.promise.window;
        let ids = if window == Window::Forever { sizing.ids_total } else { sizing.ids_in_window };
        let fixed = fixed(definition, settings);
        Candidate {
            strategy: definition.name.to_string(),
            spec: spec(definition, settings, rate),
            chosen: chosen(rate),
            window_s: window.length().map(|window| window.as_secs_f64()),
            model_of: definition.operation.model_of.map(str::to_string),
            operates: definition.operation.what.to_string(),
            place: place(prospect.kept),
            marks: marks(&prospect),
            ids: ids as f64,
            missed_live: modelled(missed.live),
            gap_s: match window {
                Window::SinceMarked(_) => self.needs.publish.as_secs_f64(),
                _ => 0.0,
            },
            missed_stable: missed.stable.map(modelled),
            because: missed.because,
            false_positives: modelled(lost_by_mistake(&prospect)),
            worker_bytes: a_worker(bytes_in_process(&prospect, self.traffic)),
            server_bytes: modelled(prospect.server_bytes as f64),
            disk_bytes: a_worker(prospect.disk_bytes),
            round_trips: prospect.round_trips,
            measured: self.curves.of(definition.name, &fixed),
        }
    }
}

/// What it is sized for with so many ids; `window` matters where it promises none.
pub(super) fn sized_for(prospect: &Prospect, window: Duration, ids: u64, needs: &Needs) -> SizedFor {
    let workers = NonZeroUsize::new(needs.workers as usize).unwrap_or(NonZeroUsize::MIN);
    SizedFor {
        window_s: prospect.promise.window.length().unwrap_or(window).as_secs_f64(),
        ids: ids as f64,
        of_worker: share_of(ids, workers) as f64,
        by_key: prospect.routing == Routing::ByKey,
    }
}

/// The ids that a setting says it is sized for.
pub(super) fn ids_of(definition: &Definition, settings: &Settings) -> Option<u64> {
    definition.settings.iter().find(|def| follows_ids(def)).map(|def| settings.count(def.name))
}

/// A claim is lost with the worker that made it; a mark that follows the delivery is not.
pub(super) fn marks(prospect: &Prospect) -> Marks {
    match prospect.promise.under_faults.lost {
        Bound::Never => Marks::AfterDelivery,
        Bound::AtMost(_) | Bound::Unbounded => Marks::AtCheck,
    }
}

/// The share of unique pings that it takes for copies, at most.
pub(super) fn lost_by_mistake(prospect: &Prospect) -> f64 {
    match prospect.promise.lost {
        Bound::Never => 0.0,
        Bound::AtMost(share) => share,
        Bound::Unbounded => 1.0,
    }
}

/// Bytes in the memory of all workers, with the pings that it holds.
pub(super) fn bytes_in_process(prospect: &Prospect, traffic: &Traffic) -> u64 {
    let held = prospect.held_pings.saturating_mul(HELD_BYTES + traffic.payload_bytes);
    prospect.process_bytes.saturating_add(held)
}

/// The settings that do not follow the traffic.
pub(super) fn fixed(definition: &Definition, settings: &Settings) -> BTreeMap<String, String> {
    let fixed = settings.entries().filter(|(name, _)| !follows_traffic(definition, name));
    fixed.map(|(name, value)| (name.to_string(), value)).collect()
}

pub(super) fn place(kept: Kept) -> Place {
    match kept {
        Kept::InProcess => Place::Worker,
        Kept::OnDisk => Place::Disk,
        Kept::ByRunner => Place::Engine,
        Kept::InServer { while_away: WhileAway::Waits } => Place::Server,
        Kept::InServer { while_away: WhileAway::Passes } => Place::OpenServer,
    }
}

/// Whether a setting's default comes from the traffic.
pub(super) fn follows_traffic(definition: &Definition, name: &str) -> bool {
    let def = definition.settings.iter().find(|def| def.name == name);
    def.is_some_and(|def| !matches!(def.default, SettingDefault::Text(_)))
}

/// The settings that come from the traffic or are not as they are by default, as they are typed.
fn spec(definition: &Definition, settings: &Settings, rate: Option<f64>) -> String {
    let is_typed = |name: &str| follows_traffic(definition, name) || (name == RATE && rate.is_some());
    let given: Vec<String> = settings
        .entries()
        .filter(|(name, _)| is_typed(name))
        .map(|(name, value)| format!("{name}={}", value.replace(' ', "")))
        .collect();
    match given.is_empty() {
        true => definition.name.to_string(),
        false => format!("{}:{}", definition.name, given.join(",")),
    }
}
