//! Clients: what takes more than one field to see.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use toml::Spanned;

use super::super::clients::{ClientsTable, WeightsTable};
use super::super::error::{Source, one_of};
use super::Checked;
use crate::clients::{ClientsSpec, Condition, Dimension, Heavy, Lost, MOST_DIMENSIONS, Shares, WrongClock};

/// Values of a dimension, and types: numbered in a byte.
const MOST_VALUES: usize = 250;

/// Steps of a funnel.
const MOST_STEPS: usize = 32;

/// The share of clients that have to do: of fewer, a ping would have to try too many.
const LEAST_ACCEPTED: f64 = 0.01;

/// The columns that a live table has besides its dimensions.
const COLUMNS: [&str; 9] = [
    "submission_timestamp",
    "document_id",
    "truth_unique",
    "truth_cause",
    "client_id",
    "client_time",
    "session_id",
    "type",
    "day",
];

pub(super) fn clients(source: &Source, table: &Spanned<ClientsTable>) -> Checked<ClientsSpec> {
    let fields = table.get_ref();
    let types = match &fields.types {
        Some(types) => shares(source, types, "clients.types")?,
        None => Shares::only("main"),
    };
    let sessions = fields.sessions.as_ref().map_or(1.0, |sessions| sessions.get_ref().0);
    if let Some(span) =
        fields.sessions.as_ref().map(Spanned::span).filter(|_| !(1.0..=1000.0).contains(&sessions))
    {
        return Err(source.refuse(span, "clients.sessions", "a mean from 1 to 1000, such as 2.5"));
    }
    let first_day = first_day(source, fields, &types)?;
    let spec = ClientsSpec {
        funnel: funnel(source, fields, &types, &first_day)?,
        count: fields.count.0.try_into().expect("a count is above 0"),
        new_a_day: fields.new_a_day.map_or(0, |count| count.0),
        lifetime_days: fields.lifetime.map(|time| time.0.as_secs_f64() / 86_400.0),
        active: fields.active.get_ref().0,
        sessions,
        heavy: heavy(source, fields)?,
        wrong_clock: fields
            .wrong_clock
            .as_ref()
            .map(|wrong| WrongClock { share: wrong.share.0, by_ns: saturating_nanos(wrong.by.0) }),
        shared: fields.shared.map_or(0.0, |share| share.0),
        first_day,
        dimensions: dimensions(source, fields)?,
        types,
        lost: Vec::new(),
    };
    Ok(ClientsSpec { lost: lost(source, fields, &spec)?, ..spec })
}

/// The most ways in which pings are lost.
const MOST_LOST: usize = 16;

fn lost(source: &Source, fields: &ClientsTable, spec: &ClientsSpec) -> Checked<Vec<Lost>> {
    if let Some(one_too_many) = fields.lost.get(MOST_LOST) {
        let found = format!("{} of them", fields.lost.len());
        return Err(source.refuse_found(one_too_many.span(), "clients.lost", found, "at most 16"));
    }
    let lost = (1..).zip(&fields.lost).map(|(number, table)| {
        let path = format!("clients.lost[{number}]");
        let share = table.get_ref().share.0;
        if share >= 1.0 || share <= 0.0 {
            let allowed = "a share above 0 and below 1, such as 0.02";
            return Err(source.refuse(table.span(), format!("{path}.share"), allowed));
        }
        let only = match &table.get_ref().only {
            Some(only) => condition(source, only, Some(spec), false, &format!("{path}.only"))?,
            None => Condition { kind: None, values: Vec::new(), share: 1.0 },
        };
        Ok(Lost { share, only })
    });
    lost.collect()
}

fn heavy(source: &Source, fields: &ClientsTable) -> Checked<Option<Heavy>> {
    let Some(table) = &fields.heavy else { return Ok(None) };
    let heavy = Heavy { share: table.get_ref().share.0, pings: table.get_ref().pings.0 };
    if heavy.pings <= heavy.share || heavy.share >= 1.0 {
        let allowed = "a share of clients and the larger share of pings that they send, such as { share = 0.1, pings = 0.5 }";
        return Err(source.refuse(table.span(), "clients.heavy", allowed));
    }
    Ok(Some(heavy))
}

fn first_day(source: &Source, fields: &ClientsTable, types: &Shares) -> Checked<Vec<(String, f64)>> {
    let Some(table) = &fields.first_day else { return Ok(Vec::new()) };
    let refuse = |found: String, allowed: &str| {
        Err(source.refuse_found(table.span(), "clients.first_day", found, allowed))
    };
    if fields.new_a_day.is_none() {
        return refuse(
            "no new clients".to_string(),
            "this only beside new_a_day: it is for clients that are new",
        );
    }
    let shares = table.get_ref();
    let sum: f64 = shares.values().map(|share| share.0).sum();
    if sum >= 1.0 {
        return refuse(format!("shares that sum to {sum}"), "a sum below 1");
    }
    if let Some(both) = shares.keys().find(|name| types.number(name).is_some() || !is_value(name)) {
        return refuse(format!("{both:?}"), "names of 1 to 40 bytes that are not among clients.types");
    }
    if types.names().len() + shares.len() > MOST_VALUES {
        return refuse(format!("{} more types", shares.len()), "at most 250 types in all");
    }
    Ok(shares.iter().map(|(name, share)| (name.clone(), share.0)).collect())
}

/// The steps of a funnel: types, each once.
fn funnel(
    source: &Source,
    fields: &ClientsTable,
    types: &Shares,
    first_day: &[(String, f64)],
) -> Checked<Vec<u8>> {
    let Some(table) = &fields.funnel else { return Ok(Vec::new()) };
    let steps = table.get_ref();
    let refuse =
        |found: String, allowed: String| source.refuse_found(table.span(), "clients.funnel", found, allowed);
    if !(2..=MOST_STEPS).contains(&steps.len()) {
        let allowed = format!("2 to {MOST_STEPS} types, such as [\"ready\", \"installed\"]");
        return Err(refuse(format!("{} steps", steps.len()), allowed));
    }
    if let Some((_, twice)) = steps.iter().enumerate().find(|(at, step)| steps[..*at].contains(step)) {
        return Err(refuse(format!("{twice:?} twice"), "each type once".to_string()));
    }
    let known: Vec<&str> = types
        .names()
        .iter()
        .map(String::as_str)
        .chain(first_day.iter().map(|(name, _)| name.as_str()))
        .collect();
    let number = |step: &String| {
        let number = known.iter().position(|name| name == step);
        number.map(|number| number as u8).ok_or_else(|| refuse(format!("{step:?}"), one_of(step, &known)))
    };
    steps.iter().map(number).collect()
}

fn dimensions(source: &Source, fields: &ClientsTable) -> Checked<Vec<Dimension>> {
    let Some(table) = &fields.dimensions else { return Ok(Vec::new()) };
    if table.get_ref().len() > MOST_DIMENSIONS {
        let found = format!("{} dimensions", table.get_ref().len());
        let allowed = format!("at most {MOST_DIMENSIONS}");
        return Err(source.refuse_found(table.span(), "clients.dimensions", found, allowed));
    }
    let named = table.get_ref().iter().map(|(name, values)| {
        if !is_column(name) {
            let allowed =
                "names of lower-case letters, digits and _ that no other column has, such as country";
            return Err(source.refuse_found(
                table.span(),
                "clients.dimensions",
                format!("{name:?}"),
                allowed,
            ));
        }
        let values = shares(source, values, &format!("clients.dimensions.{name}"))?;
        Ok(Dimension { name: name.clone(), values })
    });
    named.collect()
}

fn shares(source: &Source, table: &WeightsTable, field: &str) -> Checked<Shares> {
    let weights = table.get_ref();
    let allowed = "1 to 250 names of 1 to 40 bytes, each with its share, such as { DE = 0.1, US = 0.9 }";
    if weights.is_empty() || weights.len() > MOST_VALUES {
        return Err(source.refuse_found(table.span(), field, format!("{} of them", weights.len()), allowed));
    }
    if let Some(name) = weights.keys().find(|name| !is_value(name)) {
        return Err(source.refuse_found(table.span(), field, format!("{name:?}"), allowed));
    }
    Ok(Shares::weighted(weights.iter().map(|(name, weight)| (name.as_str(), weight.0))))
}

fn is_value(name: &str) -> bool {
    (1..=40).contains(&name.len()) && !name.contains(char::is_control)
}

fn is_column(name: &str) -> bool {
    let letters = |name: &str| name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    begins && name.len() <= 40 && letters(name) && !COLUMNS.contains(&name)
}

/// Which pings a cause repeats, by who sent them.
pub(super) fn condition(
    source: &Source,
    only: &Spanned<BTreeMap<String, String>>,
    clients: Option<&ClientsSpec>,
    picks_ids: bool,
    field: &str,
) -> Checked<Condition> {
    let span = || -> Range<usize> { only.span() };
    let Some(clients) = clients else {
        let allowed = "this only beside [clients]: it is about who sent a ping";
        return Err(source.refuse(span(), field, allowed));
    };
    if picks_ids {
        return Err(source.refuse(span(), field, "this only beside share"));
    }
    let mut condition = Condition { kind: None, values: Vec::new(), share: 1.0 };
    for (name, value) in only.get_ref() {
        let unknown =
            |allowed: String| Err(source.refuse_found(span(), field, format!("{name} = {value:?}"), allowed));
        if name == "type" {
            let types: Vec<&str> = clients.type_names().collect();
            let Some(kind) = types.iter().position(|known| known == value) else {
                return unknown(one_of(value, &types));
            };
            let anytime = clients.types.names().len();
            condition.kind = Some(kind as u8);
            condition.share *= match kind < anytime {
                true => clients.types.share(kind as u8),
                false => clients.first_day[kind - anytime].1,
            };
            continue;
        }
        let Some(number) = clients.dimensions.iter().position(|dimension| dimension.name == *name) else {
            let mut names: Vec<&str> =
                clients.dimensions.iter().map(|dimension| dimension.name.as_str()).collect();
            names.push("type");
            return unknown(one_of(name, &names));
        };
        let values = &clients.dimensions[number].values;
        let Some(value) = values.number(value) else {
            let names: Vec<&str> = values.names().iter().map(String::as_str).collect();
            return unknown(one_of(value, &names));
        };
        condition.values.push((number, value));
        condition.share *= values.share(value);
    }
    Ok(condition)
}

/// Refuses clients of whom so few would do at the end of the stream that a ping had to look for long.
pub(super) fn are_found(
    source: &Source,
    spec: &ClientsSpec,
    table: &Spanned<ClientsTable>,
    length: Duration,
) -> Checked<()> {
    let share = spec.least_acceptance(length.as_secs_f64() / 86_400.0);
    if share >= LEAST_ACCEPTED {
        return Ok(());
    }
    let found =
        format!("clients of whom {:.2} % live, are active and send at the end of the stream", 100.0 * share);
    let allowed = "1 % or more: a longer lifetime, fewer new clients, more active days, or a milder heavy";
    Err(source.refuse_found(table.span(), "clients", found, allowed))
}
