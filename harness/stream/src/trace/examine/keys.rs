//! Whether the fields of the id are the key.

use super::Examiner;
use super::copies::Copies;
use crate::trace::doubt::{Doubt, DoubtKind};
use crate::trace::error::excerpt_of_name;
use crate::trace::formats::{Fit, Recognised, options};

/// Fields that are named in a doubt.
const MOST_NAMED: usize = 5;
/// What stands for names that are data themselves.
const ANY: &str = "*";
/// So many digits in a row are no part of what somebody calls a field.
const FEWEST_DIGITS: usize = 4;

impl Examiner {
    /// What speaks against the key, of so many pings, of which so many are duplicates.
    pub(super) fn of_key(&self, pings: u64, duplicates: u64) -> Option<Doubt> {
        match self.copies.differing {
            0 => self.too_coarse(pings, duplicates),
            _ => Some(self.of_different_copies(duplicates)),
        }
        .or_else(|| self.too_fine())
    }

    fn of_different_copies(&self, duplicates: u64) -> Doubt {
        let Copies { compared, differing, .. } = self.copies;
        let telling = shown(&self.copies.telling(), differing, |name| self.copies.depth_of_data(name));
        let copies = counted(differing, compared, duplicates);
        let said = format!("{copies} from their first in {}: this may not be the key", named(&telling));
        let own = telling.first().filter(|field| !self.id.named().is_empty() && !field.ends_with(ANY)).map(
            |field| {
                let fields = [self.id.named(), &[field.to_string()]].concat();
                format!("{} if they are different pings", options(&fields))
            },
        );
        let known = self.recognised.as_ref().filter(|known| self.tells_apart(known));
        let fit = known.map(|known| known.fit(&self.id));
        Doubt::new(DoubtKind::Key, said).with_remedy(match (known.map(of_format), fit, own) {
            (Some(known), Some(Fit::Other), Some(own)) => format!("{own}, or {known}"),
            (Some(known), ..) => known,
            (None, _, Some(own)) => own,
            (None, _, None) => "name the field that tells them apart with one more --id-field".to_string(),
        })
    }

    /// Copies agree in everything that is not given to each delivery.
    fn too_coarse(&self, pings: u64, duplicates: u64) -> Option<Doubt> {
        let known = self.recognised.as_ref().filter(|known| known.fit(&self.id) == Fit::Less)?;
        let Copies { compared, .. } = self.copies;
        let differing = known.key.iter().map(|field| self.copies.differing_in(field)).max().unwrap_or(0);
        // Where every copy is the same ping again, this key does what the other would. A user, or a key that messages are
        // partitioned by, may be an id in truth: but not one that most pings share with an earlier one.
        let most_are_copies = duplicates > pings / 2;
        let said = format!("the fields are those of {}, whose key is {}", known.name, known.key.join(", "));
        let said = match differing {
            0 if compared < duplicates => said,
            1.. if most_are_copies => format!("{said}: in it, {}", counted(differing, compared, duplicates)),
            _ => return None,
        };
        Some(Doubt::new(DoubtKind::Key, said).with_remedy(known.options()))
    }

    /// Records that are one by the key of their format have different ids.
    fn too_fine(&self) -> Option<Doubt> {
        let (known, rival) = (self.recognised.as_ref()?, self.rival.as_ref()?);
        if rival.apart == 0 || rival.apart < rival.copies / 2 {
            return None;
        }
        let said = format!(
            "the fields are those of {}, whose key is {}: {} of {} copies by it have another id here",
            known.name,
            known.key.join(", "),
            rival.apart,
            rival.copies
        );
        Some(Doubt::new(DoubtKind::Key, said).with_remedy(known.options()))
    }

    /// Whether copies differ in the key of the format, and it is not in the id as it is.
    fn tells_apart(&self, known: &Recognised) -> bool {
        known.fit(&self.id) != Fit::Whole && known.key.iter().any(|field| self.copies.differing_in(field) > 0)
    }
}

fn of_format(known: &Recognised) -> String {
    format!("{} (the key of {})", known.options(), known.name)
}

/// "3 of 4 copies (a sample of 9) differ".
fn counted(differing: u64, compared: u64, duplicates: u64) -> String {
    let sample = if compared == duplicates { String::new() } else { format!(" (a sample of {duplicates})") };
    let verb = if differing == 1 { "differs" } else { "differ" };
    format!("{differing} of {compared} copies{sample} {verb}")
}

/// The fields in which copies differ, each once. Where the keys of an object are data, such as users, their names are neither a
/// field to name nor for others to see: then `*` stands for them.
/// `by_records` says from which part on a name is data by how many records have it.
fn shown(telling: &[(&str, u64)], differing: u64, by_records: impl Fn(&str) -> Option<usize>) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for (name, _) in telling {
        let mut parts: Vec<&str> = name.split('.').collect();
        let depths = [depth_of_data(name, telling, differing), by_records(name)];
        let depth = depths.into_iter().flatten().min().unwrap_or(parts.len());
        if depth < parts.len() {
            parts.truncate(depth);
            parts.push(ANY);
        }
        let name = parts.join(".");
        if !shown.contains(&name) {
            shown.push(name);
        }
    }
    shown
}

/// From which part on `name` is data.
fn depth_of_data(name: &str, telling: &[(&str, u64)], differing: u64) -> Option<usize> {
    let ends = name.match_indices('.').map(|(at, _)| at);
    let within = ends.map(|at| &name[..=at]).collect::<Vec<_>>();
    let by_look = name.split('.').position(looks_like_data);
    // Each copy differs in other names below the same one.
    let by_number = within.iter().position(|within| {
        let below = || telling.iter().filter(|(name, _)| name.starts_with(within));
        below().count() > 1 && below().all(|(_, count)| *count <= differing / 2)
    });
    match (by_look, by_number.map(|position| position + 1)) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// Addresses, numbers and digests.
fn looks_like_data(part: &str) -> bool {
    part.contains('@')
        || part.as_bytes().split(|byte| !byte.is_ascii_digit()).any(|run| run.len() >= FEWEST_DIGITS)
}

/// The first few of `fields`, as a message names them.
fn named(fields: &[String]) -> String {
    let shown: Vec<_> =
        fields.iter().take(MOST_NAMED).map(|name| format!("`{}`", excerpt_of_name(name))).collect();
    match fields.len() {
        count if count > MOST_NAMED => format!("{} and {} more", shown.join(", "), count - MOST_NAMED),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(telling: &[(&str, u64)], differing: u64) -> String {
        named(&shown(telling, differing, |_| None))
    }

    #[test]
    fn names_that_are_data_are_not_shown() {
        let users = [("by_user.al", 1), ("by_user.bo", 1), ("by_user.cy", 1), ("v", 1)];
        assert_eq!(of(&users, 3), "`by_user.*`, `v`");
        let deep = [("a.by_user.al.clicks", 1), ("a.by_user.bo.clicks", 1), ("a.b", 2)];
        assert_eq!(of(&deep, 2), "`a.by_user.*`, `a.b`");
        assert_eq!(of(&[("by_user.al@example.com", 1)], 1), "`by_user.*`");
        assert_eq!(of(&[("al@example.com", 1), ("bo@example.com", 1)], 2), "`*`");
        assert_eq!(of(&[("of.2026-03-01.clicks", 4)], 4), "`of.*`");
        assert_eq!(of(&[("of.550e8400-e29b-41d4-a716-446655440000", 4)], 4), "`of.*`");
    }

    #[test]
    fn names_of_fields_are_shown() {
        let fields = [("page.url", 9), ("page.title", 2), ("User Id", 1), ("utm_2", 1), ("x.y.z", 1)];
        assert_eq!(of(&fields, 10), "`page.url`, `page.title`, `User Id`, `utm_2`, `x.y.z`");
    }
}
