//! What the decision page is told of every strategy, asked of the definitions.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_decide::page::{Close, Pieces, Points, Sizes, Told};
use dedup_decide::{Candidate, Curves, Forgetting, Needs, Traffic};
use dedup_strategies::shards::share_of;
use dedup_strategies::{Definition, Prospect, Routing, SettingDefault, Settings, Window};

use super::candidates::{bytes_in_process, fixed, lost_by_mistake, marks, place};
use super::forgetting::{follows_ids, sized};
use super::offer::{Offer, RATE, WindowIs, rate_of};
use super::otherwise::Sampled;

/// Shares of uniques that may be lost, of which filters are told the sizes.
const LOST: [f64; 3] = [1e-9, 1e-6, 1e-3];

/// Bytes are told to a millionth, or to so many, as closely as there is room for: sizes of many filters are found by trial, and
/// vary from one number of ids to the next.
const CLOSE: [Close; 4] = [
    Close { part: 1e-6, by: 160.0 },
    Close { part: 1e-6, by: 1024.0 },
    Close { part: 4e-3, by: 1024.0 },
    Close { part: 2e-2, by: 1024.0 },
];

/// The shares that may be lost, of which sizes are told: what is asked for is one of them.
pub fn lost(needs: &Needs) -> Vec<f64> {
    let mut lost: Vec<f64> = LOST.into_iter().chain([needs.lost]).filter(|lost| *lost > 0.0).collect();
    lost.sort_by(f64::total_cmp);
    lost.dedup();
    lost
}

/// Every strategy of which there is something to tell; `candidates` are those of the traffic.
pub fn told(
    definitions: &[Definition],
    (traffic, needs): (&Traffic, &Needs),
    curves: &Curves,
    candidates: &[Candidate],
) -> Vec<Told> {
    let offers: Vec<Offer<'_>> =
        definitions.iter().filter_map(|definition| Offer::of(definition).ok()).collect();
    let sampled = Sampled::of(&offers, (traffic, needs), candidates);
    let asked = Asked { traffic, needs, curves, sampled };
    offers.iter().filter_map(|offer| asked.told(offer)).collect()
}

struct Asked<'a> {
    traffic: &'a Traffic,
    needs: &'a Needs,
    curves: &'a Curves,
    sampled: Sampled,
}

impl Asked<'_> {
    fn told(&self, offer: &Offer<'_>) -> Option<Told> {
        let Offer { definition, promise, .. } = offer;
        let (own, window) = match offer.window {
            WindowIs::Chosen => (None, Duration::from_secs(3600)),
            WindowIs::ItsOwn(window) => (Some(window), window),
        };
        let (settings, context) = sized(definition, None, window, 1 << 20, NonZeroUsize::MIN)?;
        let prospect = (offer.prospect)(&settings, &context);
        let rates = match offer.loses_by_mistake {
            true => self.rates(offer),
            false => vec![None],
        };
        let sizes: Vec<Sizes> = rates.iter().filter_map(|rate| self.sizes(offer, window, *rate)).collect();
        let measured = self.curves.of(definition.name, &BTreeMap::new());
        let told = Told {
            strategy: definition.name.to_string(),
            about: definition.about.to_string(),
            model_of: definition.operation.model_of.map(str::to_string),
            operates: definition.operation.what.to_string(),
            place: place(prospect.kept),
            marks: marks(&prospect),
            round_trips: prospect.round_trips,
            own_window_s: own.map(|window| window.as_secs_f64()),
            has_window: promise.window.length().is_some(),
            forever: promise.window == Window::Forever,
            since_marked: matches!(promise.window, Window::SinceMarked(_)),
            by_key: offer.routing == Routing::ByKey,
            with_headroom: definition.settings.iter().any(follows_ids),
            settings: typed(definition, &settings),
            sizes,
            curve: measured.map(|measured| Points {
                points: measured
                    .curve
                    .points
                    .iter()
                    .map(|point| (point.ids_count, point.steady_ns, point.steady_p99_ns))
                    .collect(),
                batch: measured.batch,
            }),
        };
        (!told.sizes.is_empty()).then_some(told)
    }

    /// Its own, and for each share that may be lost half and a tenth of it.
    fn rates(&self, offer: &Offer<'_>) -> Vec<Option<f64>> {
        if rate_of(offer.definition).is_none() {
            return vec![None];
        }
        let parts: &[f64] = if offer.forgets_by_chance() { &[2.0] } else { &[2.0, 10.0] };
        let mut rates: Vec<f64> =
            lost(self.needs).iter().flat_map(|lost| parts.iter().map(move |part| lost / part)).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        std::iter::once(None).chain(rates.into_iter().map(Some)).collect()
    }

    /// How large it is.
    fn sizes(&self, offer: &Offer<'_>, window: Duration, rate: Option<f64>) -> Option<Sizes> {
        let definition = offer.definition;
        let forgets = offer.size(rate).forgetting?;
        // Each figure is asked for at the same ids.
        let known: RefCell<BTreeMap<(u64, u64), Option<Prospect>>> = RefCell::default();
        let prospect = |ids: u64, workers: u64| {
            *known.borrow_mut().entry((ids, workers)).or_insert_with(|| {
                let workers = NonZeroUsize::new(workers as usize).unwrap_or(NonZeroUsize::MIN);
                let (settings, context) = sized(definition, rate, window, ids, workers)?;
                Some((offer.prospect)(&settings, &context))
            })
        };
        let in_process =
            |ids: u64, workers: u64| Some(bytes_in_process(&prospect(ids, workers)?, self.traffic) as f64);
        let shared = Shared::of(in_process)?;
        // What forgets by chance takes long to size, and always by trial.
        let close = if matches!(forgets, Forgetting::AtRandom(_)) { &CLOSE[2..] } else { &CLOSE };
        let pieces = |figure: &dyn Fn(u64) -> Option<f64>| {
            let told = |close: &Close| Pieces::of(|ids| figure(ids).unwrap_or(0.0), *close);
            close.iter().find_map(told).unwrap_or_default()
        };
        let of =
            |figure: fn(&Prospect) -> u64| pieces(&|ids| prospect(ids, 1).map(|found| figure(&found) as f64));
        let lost = |ids| prospect(ids, 1).map(|found| lost_by_mistake(&found));
        let (few, many) = (lost(1 << 20)?, lost(1 << 30)?);
        let an_id = (many - few) / ((1u64 << 30) - (1u64 << 20)) as f64;
        let (settings, _) = sized(definition, rate, window, 1 << 20, NonZeroUsize::MIN)?;
        let fixed = fixed(definition, &settings);
        Some(Sizes {
            rate,
            several: self.sampled.all(definition.name, rate).to_vec(),
            false_positives: (few - an_id * (1u64 << 20) as f64, an_id),
            forgets,
            same_settings: self.curves.of(definition.name, &fixed).is_some_and(|found| found.same_settings),
            of_worker: match shared {
                Shared::All => Pieces::default(),
                Shared::Bytes(bytes) => pieces(&|ids| Some(in_process(ids, 1)? - bytes)),
            },
            of_all: match shared {
                Shared::All => pieces(&|ids| in_process(ids, 1)),
                Shared::Bytes(bytes) => pieces(&|_| Some(bytes)),
            },
            server: of(|found| found.server_bytes),
            disk: of(|found| found.disk_bytes),
        })
    }
}

/// What of the memory of all workers is theirs together.
enum Shared {
    All,
    Bytes(f64),
}

impl Shared {
    fn of(in_process: impl Fn(u64, u64) -> Option<f64>) -> Option<Shared> {
        const WORKERS: u64 = 4;
        const IDS: u64 = 1 << 24;
        let (one, several) = (in_process(IDS, 1)?, in_process(IDS, WORKERS)?);
        if one == several {
            return Some(Shared::All);
        }
        let share = share_of(IDS, NonZeroUsize::new(WORKERS as usize)?);
        let of_each = in_process(share, 1)?;
        Some(Shared::Bytes(((WORKERS as f64 * of_each - several) / (WORKERS - 1) as f64).max(0.0)))
    }
}

/// The settings that are typed, and what each follows.
fn typed(definition: &Definition, settings: &Settings) -> Vec<(String, &'static str)> {
    let follows = |name: &str| {
        let def = definition.settings.iter().find(|def| def.name == name)?;
        match def.default {
            SettingDefault::ScenarioWindow => Some("window"),
            SettingDefault::IdsInWindow | SettingDefault::IdsTotal => Some("ids"),
            SettingDefault::Text(_) if name == RATE => Some("rate"),
            SettingDefault::Text(_) => None,
        }
    };
    settings.entries().filter_map(|(name, _)| Some((name.to_string(), follows(name)?))).collect()
}
