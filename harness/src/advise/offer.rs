//! What a definition offers to advice, whatever the load.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dedup_decide::{Forgetting, LOST_BY_DEFAULT, Needs, Place, SizedFor};
use dedup_strategies::shards::share_of;
use dedup_strategies::{
    Bound, Context, Definition, Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind,
    Settings, Sizing, Window,
};

use super::candidates::place;
use super::forgetting::{forgetting, sized};

/// The setting that says what share may be lost by mistake.
pub(super) const RATE: &str = "rate";

/// What a strategy comes to with these settings.
pub(super) type ProspectOf = fn(&Settings, &Context) -> Prospect;

/// Whether the window is ours to choose.
#[derive(Clone, Copy)]
pub(super) enum WindowIs {
    Chosen,
    ItsOwn(Duration),
}

/// A strategy about which there is something to say.
pub(super) struct Offer<'a> {
    pub(super) definition: &'a Definition,
    pub(super) prospect: ProspectOf,
    pub(super) window: WindowIs,
    /// As it promises with a million ids.
    pub(super) promise: Promise,
    pub(super) routing: Routing,
    /// Where it keeps what it remembers.
    pub(super) place: Place,
    /// What looks again before it drops a ping has a filter, and loses nothing by it.
    pub(super) loses_by_mistake: bool,
    /// How it forgets, by the bits of its rate: asked once, as it may take its time.
    known: Mutex<BTreeMap<Option<u64>, Option<Forgetting>>>,
}

/// How large it is.
pub(super) struct Size {
    /// The setting that was chosen; none where it is its default.
    pub(super) rate: Option<f64>,
    /// How it forgets; none where theory says nothing of that.
    pub(super) forgetting: Option<Forgetting>,
}

impl<'a> Offer<'a> {
    /// What there is to say of it, or why there is nothing.
    pub(super) fn of(definition: &'a Definition) -> Result<Offer<'a>, &'static str> {
        if definition.role == Role::NegativeControl {
            return Err("is there to show a mistake");
        }
        const NOTHING: &str = "says nothing of what it comes to";
        let prospect_of = definition.prospect.ok_or(NOTHING)?;
        let window = window_of(definition);
        let length = match window {
            WindowIs::Chosen => Duration::from_secs(3600),
            WindowIs::ItsOwn(window) => window,
        };
        let (settings, context) =
            sized(definition, None, length, 1 << 20, NonZeroUsize::MIN).ok_or(NOTHING)?;
        let Prospect { promise, routing, kept, .. } = prospect_of(&settings, &context);
        if matches!(promise.window, Window::Tumbling(_)) {
            return Err(
                "refuses pings that come after their window in event time, and this traffic does not \
                        say how late events arrive: run it on a scenario or a trace",
            );
        }
        let known = Mutex::default();
        let loses_by_mistake = loses_by_mistake(definition, prospect_of);
        Ok(Offer {
            definition,
            prospect: prospect_of,
            window,
            promise,
            routing,
            place: place(kept),
            loses_by_mistake,
            known,
        })
    }

    /// With this rate of mistakes.
    pub(super) fn size(&self, rate: Option<f64>) -> Size {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let found = known.entry(rate.map(f64::to_bits)).or_insert_with(|| forgetting(self.definition, rate));
        Size { rate, forgetting: found.clone() }
    }

    /// What loses by mistake has the sizes with which it loses half and a tenth of what may be lost: other causes have the rest. Its
    /// own size is no choice where it loses more. Where nothing may be lost none is; it shows what would do by default.
    pub(super) fn rates(&self, needs: &Needs) -> Vec<Option<f64>> {
        if !self.loses_by_mistake {
            return vec![None];
        }
        let own = rate_of(self.definition).and_then(|def| match def.default {
            SettingDefault::Text(text) => text.parse::<f64>().ok(),
            _ => None,
        });
        let Some(own) = own else { return vec![None] };
        if needs.lost <= 0.0 {
            return vec![Some(in_short(LOST_BY_DEFAULT / 2.0))];
        }
        let parts: &[f64] = if self.forgets_by_chance() { &[2.0] } else { &[2.0, 10.0] };
        let sized = parts.iter().map(|part| Some(in_short(needs.lost / part)));
        (own <= needs.lost).then_some(None).into_iter().chain(sized).collect()
    }

    /// Theory takes longest over these: one size of them is enough.
    pub(super) fn forgets_by_chance(&self) -> bool {
        matches!(self.size(None).forgetting, Some(Forgetting::AtRandom(_)))
    }

    /// What it is sized for with so many ids; `window` matters where it promises none.
    pub(super) fn sized_for(&self, window: Duration, ids: u64, needs: &Needs) -> SizedFor {
        let workers = NonZeroUsize::new(needs.workers as usize).unwrap_or(NonZeroUsize::MIN);
        let own = match self.window {
            WindowIs::Chosen => window,
            WindowIs::ItsOwn(_) => self.promise.window.length().unwrap_or(window),
        };
        SizedFor {
            window_s: own.as_secs_f64(),
            ids: ids as f64,
            of_worker: share_of(ids, workers) as f64,
            by_key: self.routing == Routing::ByKey,
        }
    }
}

fn loses_by_mistake(definition: &Definition, prospect: ProspectOf) -> bool {
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 1000 };
    let settings = definition.resolve(&[], &sizing);
    settings
        .is_ok_and(|settings| prospect(&settings, &Context::embedded(sizing)).promise.lost != Bound::Never)
}

/// The setting that says how often it loses by mistake, if it has one.
pub(super) fn rate_of(definition: &Definition) -> Option<&'static SettingDef> {
    let is_rate = |def: &&SettingDef| def.name == RATE && matches!(def.kind, SettingKind::Share);
    definition.settings.iter().find(is_rate)
}

/// With three digits, and no more than it is, but for the last bits of a division.
fn in_short(rate: f64) -> f64 {
    let power = 2 - rate.log10().floor() as i32;
    let digits = rate * 10f64.powi(power);
    let whole = if (digits - digits.round()).abs() < 1e-6 { digits.round() } else { digits.floor() };
    format!("{whole}e{}", -power).parse().unwrap_or(rate)
}

/// A rate as it is typed.
pub(super) fn chosen(rate: Option<f64>) -> Vec<(String, String)> {
    rate.map(|rate| (RATE.to_string(), rate.to_string())).into_iter().collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_has_few_digits_and_is_no_more_than_may_be() {
        for (lost, part, short) in
            [(1e-5, 10.0, "0.000001"), (1e-6, 2.0, "0.0000005"), (0.001, 10.0, "0.0001")]
        {
            assert_eq!(in_short(lost / part).to_string(), short);
        }
        assert_eq!(in_short(1.23456e-6), 1.23e-6);
        assert_eq!(in_short(9.9999e-6), 9.99e-6);
    }
}
