//! What a type of ping is counted as.

use dedup_impact::Kind;

/// Types that the numbers know by name.
const CRASH: &str = "crash";
pub(super) const NEW_PROFILE: &str = "new-profile";
const MAIN: &str = "main";

/// What a type of ping is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: Kind,
    /// The step of the funnel that it stands for.
    pub(super) step: Option<u8>,
}

/// Of the types with these names, by number, where the funnel's steps are of those with the numbers `funnel`.
pub(super) fn types(names: &[String], funnel: &[u8]) -> Vec<Type> {
    let step = |number: usize| funnel.iter().position(|step| usize::from(*step) == number);
    let of = |(number, name): (usize, &String)| Type {
        kind: kind(name),
        step: step(number).and_then(|at| u8::try_from(at).ok()),
    };
    names.iter().enumerate().map(of).collect()
}

fn kind(name: &str) -> Kind {
    match name {
        MAIN => Kind::Main,
        NEW_PROFILE => Kind::NewProfile,
        CRASH => Kind::Crash,
        _ => Kind::Other,
    }
}
