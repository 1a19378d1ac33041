//! Batches that a store answered in part.

use super::strategy::{Unavailable, Verdict};

/// Appends a verdict for each ping of a batch, for [`Worker::judge`](super::Worker::judge) of a strategy on a store:
/// what was decided stands, whatever became of the others. An id that a store has claimed is claimed, so that its ping,
/// if it were delivered again, would meet its own claim and be dropped.
///
/// Gives why some are [`Verdict::Unjudged`], for [`Worker::unjudged`](super::Worker::unjudged); an error, with nothing
/// appended, where nothing at all was decided.
pub fn judge_each(
    verdicts: &mut Vec<Verdict>,
    each: impl Iterator<Item = Result<Verdict, Unavailable>>,
) -> Result<Option<Unavailable>, Unavailable> {
    let before = verdicts.len();
    let mut why = None;
    verdicts.extend(each.map(|verdict| {
        verdict.unwrap_or_else(|unavailable| {
            why.get_or_insert(unavailable);
            Verdict::Unjudged
        })
    }));
    match why {
        Some(why) if verdicts[before..].iter().all(|verdict| *verdict == Verdict::Unjudged) => {
            verdicts.truncate(before);
            Err(why)
        }
        why => Ok(why),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(each: &[Result<Verdict, &str>]) -> (Vec<Verdict>, Result<Option<Unavailable>, Unavailable>) {
        let mut verdicts = vec![Verdict::Late];
        let each = each.iter().map(|one| one.map_err(Unavailable::because));
        let result = judge_each(&mut verdicts, each);
        (verdicts.split_off(1), result)
    }

    #[test]
    fn what_was_decided_stands_and_the_first_reason_is_given() {
        let (verdicts, why) =
            judged(&[Ok(Verdict::New), Err("node 2 is away"), Err("node 3 is away"), Ok(Verdict::Duplicate)]);
        assert_eq!(verdicts, [Verdict::New, Verdict::Unjudged, Verdict::Unjudged, Verdict::Duplicate]);
        assert_eq!(why, Ok(Some(Unavailable("node 2 is away".into()))));
    }

    #[test]
    fn a_batch_of_which_nothing_was_decided_failed_and_one_of_which_all_was_did_not() {
        let away = Unavailable("away".into());
        assert_eq!(judged(&[Err("away"), Err("gone")]), (vec![], Err(away)));
        assert_eq!(judged(&[Ok(Verdict::New)]), (vec![Verdict::New], Ok(None)));
        assert_eq!(judged(&[]), (vec![], Ok(None)));
    }
}
