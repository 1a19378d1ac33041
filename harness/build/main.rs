//! What the binary carries inside itself: facts about its own build, the scenarios, and the virtual clock.

mod facts;
mod scenarios;
mod virtual_clock;

fn main() {
    facts::emit();
    scenarios::embed();
    virtual_clock::compile();
}
