//! Who stands in colour and by name where a report has more strategies than an eye can tell apart.

use std::collections::BTreeSet;

use super::model::Section;
use super::overview::lives;
use super::palette::Palette;
use super::panel::Panel;

/// As many are told apart as they are.
const TOLD_APART: usize = 8;

/// How many are named beside those on the frontier.
const CHOSEN: usize = 6;

/// Those on the frontier of the first chart of accuracy, and up to six more: the worst of each family that is not there
/// yet, then the worst of all.
pub(super) fn loud(sections: &[Section], panels: &[Panel<'_>], palette: &Palette) -> BTreeSet<usize> {
    let all = palette.names().len();
    if all <= TOLD_APART {
        return (0..all).collect();
    }
    let mut loud = frontier(sections);
    let most = loud.len() + CHOSEN;
    let worst: Vec<usize> = lives(panels).iter().map(|life| life.strategy).collect();
    let family = |strategy: &usize| palette.look(*strategy).colour;
    for strategy in &worst {
        let is_there = loud.iter().any(|other| family(other) == family(strategy));
        if !is_there && loud.len() < most {
            loud.insert(*strategy);
        }
    }
    for strategy in worst {
        if loud.len() < most {
            loud.insert(strategy);
        }
    }
    loud
}

fn frontier(sections: &[Section]) -> BTreeSet<usize> {
    let accuracy = sections.iter().find(|section| section.id == "accuracy");
    let chart = accuracy.and_then(|section| section.figures.first()?.charts.first());
    let on = chart
        .into_iter()
        .flat_map(|(chart, _)| chart.frontier().into_iter().filter_map(|index| chart.series[index].strategy));
    on.collect()
}
