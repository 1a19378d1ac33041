//! What the binary carries inside itself: facts about its own build, and the virtual clock.

mod facts;
mod virtual_clock;

fn main() {
    facts::emit();
    virtual_clock::compile();
}
