//! Whether the fields of the id are the key.

use super::Examiner;
use super::copies::Copies;
use crate::trace::doubt::{Doubt, DoubtKind};
use crate::trace::error::excerpt_of_name;
use crate::trace::formats::{Fit, Recognised, options};

/// Fields that are named in a doubt.
const MOST_NAMED: usize = 5;

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
        let telling: Vec<_> = self.copies.telling().into_iter().map(|(name, _)| name).collect();
        let copies = counted(differing, compared, duplicates);
        let said = format!("{copies} from their first in {}: this may not be the key", named(&telling));
        let own = telling.first().filter(|_| !self.id.named().is_empty()).map(|field| {
            let fields = [self.id.named(), &[field.to_string()]].concat();
            format!("{} if they are different pings", options(&fields))
        });
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

/// The first few of `fields`, as a message names them.
fn named(fields: &[&str]) -> String {
    let shown: Vec<_> =
        fields.iter().take(MOST_NAMED).map(|name| format!("`{}`", excerpt_of_name(name))).collect();
    match fields.len() {
        count if count > MOST_NAMED => format!("{} and {} more", shown.join(", "), count - MOST_NAMED),
        _ => shown.join(", "),
    }
}
