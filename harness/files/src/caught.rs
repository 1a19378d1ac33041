//! Libraries that panic where a file is not sound.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is an error that somebody will say.
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Calls `read`, which reads a file by means of a library that panics where the file is not what the library thinks: what
/// it said then goes into `error`. What `read` was working on is not to be used any more.
///
/// # Errors
///
/// That of `read`, or what it panicked with.
pub fn caught<T, E>(read: impl FnOnce() -> Result<T, E>, error: impl FnOnce(String) -> E) -> Result<T, E> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let says = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if !IS_CAUGHT.get() {
                says(panic);
            }
        }));
    });
    let before = IS_CAUGHT.replace(true);
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    IS_CAUGHT.set(before);
    read.unwrap_or_else(|panic| Err(error(said(panic.as_ref()))))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it cannot be read".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_library_panics_with_is_an_error_like_others() {
        let read = |text: &'static str| {
            caught(|| text.parse::<u8>().map_err(|error| error.to_string()), |said| said)
        };
        assert_eq!(read("7"), Ok(7));
        assert_eq!(read("x"), Err("invalid digit found in string".to_string()));
        let nested = || caught(|| panic!("no page {}", 1), |said| format!("inner: {said}"));
        assert_eq!(caught::<(), _>(nested, |said| said), Err("inner: no page 1".to_string()));
        let none = std::hint::black_box(None::<Result<(), String>>);
        assert_eq!(caught(|| none.expect("a page"), |said| said), Err("a page".to_string()));
        assert!(!IS_CAUGHT.get());
    }
}
