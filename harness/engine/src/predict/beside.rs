//! What theory says, beside what was counted.

use crate::record::{Foreseen, ForeseenShare, Prediction, StableFigures, Tables, VerifyFigures};

/// The predictions for each cause and for the stable tables, beside what `seen` counted of them.
pub fn predictions(foreseen: &[Foreseen], seen: &VerifyFigures) -> Vec<Prediction> {
    let live = foreseen.iter().filter_map(|cause| live(cause, seen));
    let stable = seen.stable.as_ref().and_then(|stable| in_stable(foreseen, stable, seen));
    live.chain(stable).collect()
}

fn live(cause: &Foreseen, seen: &VerifyFigures) -> Option<Prediction> {
    let counted = seen.by_cause.iter().find(|figures| figures.cause == cause.cause)?;
    Some(Prediction {
        cause: cause.cause.clone(),
        tables: Tables::Live,
        because: cause.because.clone(),
        duplicate_count: counted.duplicate_count,
        missed_count: counted.missed_count,
        predicted_ratio: cause.live.ratio,
        independent_count: cause.live.independent(counted.duplicate_count),
    })
}

/// The job's count is one for all causes: the share of each, by its duplicates.
fn in_stable(foreseen: &[Foreseen], stable: &StableFigures, seen: &VerifyFigures) -> Option<Prediction> {
    let mut all = (0.0, 0.0, 0.0);
    for cause in foreseen {
        let Some(counted) = seen.by_cause.iter().find(|figures| figures.cause == cause.cause) else {
            continue;
        };
        let (share, copies) = (cause.stable?, counted.duplicate_count as f64);
        let variance =
            share.ratio * (1.0 - share.ratio) / share.independent(counted.duplicate_count).max(1) as f64;
        all = (all.0 + copies, all.1 + copies * share.ratio, all.2 + copies * copies * variance);
    }
    let (copies, missed, variance) = all;
    if copies == 0.0 {
        return None;
    }
    let ratio = missed / copies;
    let of_all = ForeseenShare { ratio, variance_a_copy: variance / copies };
    let because = &foreseen.first()?.because;
    let because = match stable.preceding_days {
        0 => format!("{because}; then the end of the day"),
        days => format!("{because}; then the end of the day, {days} before it looked at"),
    };
    Some(Prediction {
        cause: "all".to_string(),
        tables: Tables::Stable,
        because,
        duplicate_count: seen.duplicate_count,
        missed_count: stable.missed_count,
        predicted_ratio: ratio,
        independent_count: of_all.independent(seen.duplicate_count),
    })
}
