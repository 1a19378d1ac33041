//! Lists of what there is: strategies with their settings, scenarios, kinds of faults.

use dedup_report::tables::{Align, List, Look, Text, Tone};

use crate::units::{fixed, thousands};

/// A strategy in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StrategyRow {
    /// Its name.
    pub(super) name: String,
    /// What it is.
    pub(super) about: String,
    /// Its settings.
    pub(super) settings: Vec<SettingRow>,
}

/// A setting in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SettingRow {
    /// Its name.
    pub(super) name: String,
    /// What it means.
    pub(super) about: String,
    /// What it is where it is not given.
    pub(super) default: String,
}

/// A scenario in a list.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScenarioRow {
    /// Its name.
    pub(super) name: String,
    /// The first sentence of what explains it.
    pub(super) about: String,
    /// Pings; none where that is not known before the stream is made.
    pub(super) pings_count: Option<u64>,
    /// Duplicates among them, in percent.
    pub(super) duplicate_percent: Option<f64>,
}

/// Strategies, and below each its settings.
pub(super) fn strategies(rows: &[StrategyRow], look: Look) -> String {
    entries("strategy", rows, look)
}

/// Kinds of faults, and below each its fields.
pub(super) fn faults(rows: &[StrategyRow], look: Look) -> String {
    entries("fault", rows, look)
}

fn entries(title: &str, rows: &[StrategyRow], look: Look) -> String {
    let mut list = List::new(&[title, "default", "what it is"], vec![Align::Left, Align::Left]);
    for row in rows {
        list.entry(vec![Text::new(row.name.clone(), Tone::Strong), Text::plain("")], &row.about);
        for setting in &row.settings {
            let name = Text::plain(format!("  {}", setting.name));
            list.entry(vec![name, Text::dim(setting.default.clone())], &setting.about);
        }
    }
    list.render(look)
}

/// Scenarios.
pub(super) fn scenarios(rows: &[ScenarioRow], look: Look) -> String {
    let titles = ["scenario", "pings", "% dups", "what it shows"];
    let mut list = List::new(&titles, vec![Align::Left, Align::Right, Align::Right]);
    for row in rows {
        let pings = row.pings_count.map_or_else(|| "-".to_string(), thousands);
        let duplicates = row.duplicate_percent.map_or_else(|| "-".to_string(), |percent| fixed(percent, 1));
        let name = Text::new(row.name.clone(), Tone::Strong);
        list.entry(vec![name, Text::plain(pings), Text::plain(duplicates)], &row.about);
    }
    list.render(look)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_report::tables::Colour;

    #[test]
    fn settings_stand_below_their_strategy_and_prose_stays_in_its_column() {
        let rows = [
            StrategyRow { name: "noop".into(), about: "lets every ping through".into(), settings: vec![] },
            StrategyRow {
                name: "exact".into(),
                about: "every id of the window in a hash table; unbounded in memory".into(),
                settings: vec![SettingRow {
                    name: "window".into(),
                    about: "how long an id is remembered after the copy that was let through".into(),
                    default: "the scenario's window".into(),
                }],
            },
        ];
        insta::assert_snapshot!(strategies(&rows, Look { colour: Colour::Off, width: Some(76) }));
    }

    /// Defaults that take up most of the line, and a path, which stays whole.
    #[test]
    fn prose_that_has_no_room_in_its_column_stands_below() {
        let setting = SettingRow {
            name: "ids".into(),
            about:
                "ids in a window: the capacity of each filter, which grows by as much again when it is full"
                    .into(),
            default: "ids expected in a window + 10 % or more".into(),
        };
        let about = "a filter for each window, two of them; a system, /home/somebody/who/has/long/names/systems/filter.toml";
        let row =
            StrategyRow { name: "a-filter-of-somebody".into(), about: about.into(), settings: vec![setting] };
        let drawn = strategies(&[row], Look { colour: Colour::Off, width: Some(80) });
        assert!(drawn.lines().all(|line| line.len() <= 80), "{drawn}");
        insta::assert_snapshot!(drawn);
    }

    #[test]
    fn pings_of_scenarios_align_to_the_right() {
        let rows = [
            ScenarioRow {
                name: "quick".into(),
                about: "What the bare command runs.".into(),
                pings_count: Some(500_000),
                duplicate_percent: Some(8.26),
            },
            ScenarioRow {
                name: "unique-only".into(),
                about: "No duplicate at all.".into(),
                pings_count: Some(10_000_000),
                duplicate_percent: Some(0.0),
            },
            ScenarioRow {
                name: "daily".into(),
                about: "A day.".into(),
                pings_count: None,
                duplicate_percent: None,
            },
        ];
        insta::assert_snapshot!(scenarios(&rows, Look::PLAIN));
    }
}
