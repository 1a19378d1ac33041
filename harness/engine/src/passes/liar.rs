//! Strategies of tests, which do not do as they should.

use dedup_strategies::{Build, Definition, Forgets, Needs, Operation, Role};

/// One that takes no settings, whatever it does.
pub(super) const fn liar(name: &'static str, build: Build) -> Definition {
    Definition {
        name,
        about: "a liar",
        role: Role::Candidate,
        settings: &[],
        needs: Needs::Nothing,
        operation: Operation::NOTHING,
        forgets: |_, _| Forgets::AtWindowEnd,
        estimate: None,
        prospect: None,
        build,
    }
}
