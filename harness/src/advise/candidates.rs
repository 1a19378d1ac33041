//! Candidates: each strategy at each window worth having.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use dedup_decide::{
    Candidate, Curves, DAY_S, Forgetting, LeftOut, Marks, Missed, Needs, Nightly, Place, Traffic, Unsaid,
    YEAR_S, assess, modelled,
};
use dedup_strategies::{
    Bound, Context, Definition, Forgets, Kept, Prospect, SettingDefault, Settings, Sizing, WhileAway, Window,
};

use super::forgetting::{because, follows_ids};
use super::offer::{Offer, RATE, Size, WindowIs, chosen};
use super::otherwise::Sampled;
use super::windows::shortest;
use crate::advise::{scenario_of, windows};
use crate::predict::{Declared, MissedShares, missed_shares};
use crate::process::cores;

/// What a ping that is held takes beside its payload.
const HELD_BYTES: u64 = 40;

/// What there is to choose from.
#[derive(Clone, Debug)]
pub struct Found {
    /// Strategies, each at several windows and, where it loses by mistake, with several sizes.
    pub candidates: Vec<Candidate>,
    /// Strategies of whose longest window theory says nothing.
    pub unsaid: Vec<Unsaid>,
    /// Strategies that are at none of them.
    pub left_out: Vec<LeftOut>,
}

/// All of them; times are read off `curves`. Theory takes its time over some, so every core takes its part.
pub fn candidates(definitions: &[Definition], traffic: &Traffic, needs: &Needs, curves: &Curves) -> Found {
    let theory = Theory::new(traffic, needs, curves, HowSeveral::Sampled);
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
    let mut found = Found { candidates: Vec::new(), unsaid: Vec::new(), left_out: Vec::new() };
    for (definition, told) in definitions.iter().zip(told) {
        let left_out = |because: &str| {
            let (strategy, because) = (definition.name.to_string(), because.to_string());
            LeftOut { strategy, because }
        };
        match told.into_inner().expect("somebody took it") {
            Ok((candidates, unsaid)) => {
                found.candidates.extend(candidates);
                found.unsaid.extend(unsaid.map(|because| Unsaid(left_out(because))));
            }
            Err(because) => found.left_out.push(left_out(because)),
        }
    }
    found
}

/// Candidates, and why there is none with the longest window where there is none; or why there are none at all.
type Told = Result<(Vec<Candidate>, Option<&'static str>), &'static str>;

const UNSAID: &str = "theory says nothing of longer windows, and with shorter ones it lets too much through";
const UNSAID_OF_ROOM: &str = "where so many pings are copies, its room and a longer window end at about the same time: which is first, \
                              and so what it misses, theory does not say; with shorter windows it lets too much through";

/// What theory says of one question, asked once for each way to forget.
pub(super) struct Theory<'a> {
    traffic: &'a Traffic,
    needs: &'a Needs,
    curves: &'a Curves,
    windows: Vec<Duration>,
    several: HowSeveral<'a>,
    known: Mutex<BTreeMap<String, Option<MissedShares>>>,
}

/// What is said of pings with several copies each.
pub(super) enum HowSeveral<'a> {
    /// What is sampled of them.
    Sampled,
    /// What formulas say of one copy, and by how much what was sampled for another question differs from it. It is told of no
    /// candidate that lets too much through anyway.
    Near(&'a Sampled),
}

impl<'a> Theory<'a> {
    pub(super) fn new(
        traffic: &'a Traffic,
        needs: &'a Needs,
        curves: &'a Curves,
        several: HowSeveral<'a>,
    ) -> Theory<'a> {
        let windows = windows(traffic, needs);
        Theory { traffic, needs, curves, windows, several, known: Mutex::default() }
    }

    /// A strategy at each window and with each size, or why there is none.
    fn of_definition(&self, definition: &Definition) -> Told {
        let offer = Offer::of(definition)?;
        let sizes: Vec<Size> = offer.rates(self.needs).into_iter().map(|rate| offer.size(rate)).collect();
        let windows = self.windows_of(&offer);
        let shortest =
            sizes.iter().enumerate().filter_map(|(at, size)| Some((self.shortest(&offer, size)?, at)));
        let all = windows.iter().flat_map(|window| (0..sizes.len()).map(|at| (*window, at)));
        let tried: BTreeSet<(Duration, usize)> = all.chain(shortest).collect();
        let longest = windows.last().copied();
        let (mut candidates, mut is_said) = (Vec::new(), false);
        for (window, at) in tried {
            let found = self.candidate(&offer, window, &sizes[at]);
            is_said |= found.is_some() && Some(window) == longest;
            candidates.extend(found);
        }
        let unsaid = (!is_said).then(|| match offer.size(None).forgetting {
            Some(Forgetting::LeastRecentlySeen(_)) => UNSAID_OF_ROOM,
            _ => UNSAID,
        });
        match candidates.is_empty() {
            true => Err("theory says nothing of what it misses"),
            false => Ok((candidates, unsaid)),
        }
    }

    /// Windows that it may have.
    pub(super) fn windows_of(&self, offer: &Offer<'_>) -> Vec<Duration> {
        match offer.window {
            WindowIs::Chosen => self.windows.clone(),
            WindowIs::ItsOwn(window) => vec![window],
        }
    }

    /// The shortest window with which it lets few enough copies through, restarts and failovers included; none where no window
    /// does, or there is no choice. Where pings have several copies each, theory would have to sample each window.
    pub(super) fn shortest(&self, offer: &Offer<'_>, size: &Size) -> Option<Duration> {
        let WindowIs::Chosen = offer.window else { return None };
        if self.traffic.copies > 1.0 {
            return None;
        }
        let is_enough =
            |length: u64| self.is_enough(offer, Duration::from_secs(length), size).unwrap_or(false);
        let lengths: Vec<u64> = self.windows.iter().map(Duration::as_secs).collect();
        let first = lengths.iter().position(|length| is_enough(*length))?;
        let short = first.checked_sub(1).map_or(0, |before| lengths[before]);
        Some(Duration::from_secs(shortest(short, lengths[first], is_enough)))
    }

    /// Windows that it may have, without those that let too much through, as far as that is known.
    pub(super) fn windows_from_the_shortest(&self, offer: &Offer<'_>, size: &Size) -> Vec<Duration> {
        let all = self.windows_of(offer);
        match self.shortest(offer, size) {
            Some(shortest) => {
                let longer = all.into_iter().filter(|window| *window > shortest);
                std::iter::once(shortest).chain(longer).collect()
            }
            None => all,
        }
    }

    /// Whether few enough copies are let through with this window; none where theory has nothing to say.
    fn is_enough(&self, offer: &Offer<'_>, window: Duration, size: &Size) -> Option<bool> {
        let (settings, sizing) = self.settings(offer, window, size)?;
        let missed = self.by_formula(offer, (&settings, sizing), window, size)?;
        if self.is_too_much(missed) {
            return Some(false);
        }
        let of_its_memory = Candidate {
            window_s: offer.promise.window.length().map(|_| window.as_secs_f64()),
            gap_s: gap_s(&offer.promise.window, self.needs),
            missed_live: modelled(missed.live),
            missed_stable: missed.stable.map(modelled),
            ..Candidate::unsized_at(offer.place)
        };
        let left = assess(&of_its_memory, self.traffic, self.needs).left_per_day();
        Some(self.traffic.share_of_delivered(left) <= self.needs.missed)
    }

    fn settings(&self, offer: &Offer<'_>, window: Duration, size: &Size) -> Option<(Settings, Sizing)> {
        let sizing = Sizing {
            window,
            ids_in_window: self.traffic.ids_in(window).ceil().max(1.0) as u64,
            ids_total: (self.traffic.uniques_per_s() * YEAR_S).ceil().max(1.0) as u64,
        };
        Some((offer.definition.resolve(&chosen(size.rate), &sizing).ok()?, sizing))
    }

    fn by_formula(
        &self,
        offer: &Offer<'_>,
        (settings, sizing): (&Settings, Sizing),
        window: Duration,
        size: &Size,
    ) -> Option<Missed> {
        let ids = ids_of(offer.definition, settings).unwrap_or(sizing.ids_in_window);
        let sized = offer.sized_for(window, ids, self.needs);
        size.forgetting.as_ref()?.missed(self.traffic, self.needs, sized)
    }

    /// None where theory has nothing to say.
    pub(super) fn candidate(&self, offer: &Offer<'_>, window: Duration, size: &Size) -> Option<Candidate> {
        let (settings, sizing) = self.settings(offer, window, size)?;
        let workers = NonZeroUsize::new(self.needs.workers as usize).unwrap_or(NonZeroUsize::MIN);
        let context = Context { workers, state_dir: PathBuf::new(), ..Context::embedded(sizing) };
        let prospect = || (offer.prospect)(&settings, &context);
        let (prospect, missed) = match (self.traffic.copies > 1.0, &self.several) {
            (true, HowSeveral::Sampled) => {
                let prospect = prospect();
                let missed =
                    self.sampled((offer.definition.forgets)(&settings, &context), &prospect, window)?;
                (prospect, missed)
            }
            (several, how) => {
                let mut missed = self.by_formula(offer, (&settings, sizing), window, size)?;
                if let HowSeveral::Near(sampled) = how {
                    if several {
                        missed = sampled.near(offer.definition.name, size.rate, window, missed);
                    }
                    // It takes its time to find out how large it would be.
                    if self.is_too_much(missed) {
                        return None;
                    }
                }
                let prospect = prospect();
                let because = because(size.forgetting.as_ref()?, &prospect.promise, self.needs);
                (prospect, MissedShares { live: missed.live, stable: missed.stable, because })
            }
        };
        Some(self.describe(offer.definition, (&settings, size.rate), sizing, prospect, missed))
    }

    /// Whether more is let through than may be, and so whatever else.
    fn is_too_much(&self, missed: Missed) -> bool {
        let left = missed.stable.unwrap_or(missed.live) * self.traffic.copies_per_s() * DAY_S;
        self.traffic.share_of_delivered(left) > self.needs.missed * (1.0 + 1e-9)
    }

    /// What is known so far; each entry is whole, whatever became of who wrote another.
    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Option<MissedShares>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
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
            gap_s: gap_s(&window, self.needs),
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

/// How long copies pass before there is a mark.
fn gap_s(window: &Window, needs: &Needs) -> f64 {
    match window {
        Window::SinceMarked(_) => needs.publish.as_secs_f64(),
        _ => 0.0,
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
