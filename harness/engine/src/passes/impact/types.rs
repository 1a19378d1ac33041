//! What a type of ping is counted as.

use dedup_impact::Kind;
use dedup_stream::trace::WhoFields;

/// Types that the numbers know by name.
const CRASH: &str = "crash";
const NEW_PROFILE: &str = "new-profile";
const MAIN: &str = "main";

/// What a type of ping is counted as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) kind: Kind,
    /// The step of the funnel that it stands for.
    pub(super) step: Option<u8>,
}

/// That of pings that do not say what they are for.
pub(super) const UNTYPED: Type = Type { kind: Kind::Other, step: None };

/// Of the types with these names, by number, where the funnel's steps are of those with the numbers `funnel`.
pub(super) fn declared(names: &[String], funnel: &[u8]) -> Vec<Type> {
    let step = |number: usize| funnel.iter().position(|step| usize::from(*step) == number);
    let of = |(number, name): (usize, &String)| Type { kind: kind(name), step: step_of(step(number)) };
    names.iter().enumerate().map(of).collect()
}

/// The same of a trace, whose user says which types are what.
pub(super) fn told(names: &[String], who: &WhoFields) -> Vec<Type> {
    let kind = |name: &String| match name {
        crash if who.crash.contains(crash) => Kind::Crash,
        new if who.new_profile.contains(new) => Kind::NewProfile,
        _ => Kind::Other,
    };
    let step = |name: &String| who.funnel.iter().position(|step| step == name);
    names.iter().map(|name| Type { kind: kind(name), step: step_of(step(name)) }).collect()
}

fn step_of(place: Option<usize>) -> Option<u8> {
    place.and_then(|place| u8::try_from(place).ok())
}

fn kind(name: &str) -> Kind {
    match name {
        MAIN => Kind::Main,
        NEW_PROFILE => Kind::NewProfile,
        CRASH => Kind::Crash,
        _ => Kind::Other,
    }
}
