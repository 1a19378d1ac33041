//! Python, which has the packages of some engines.

use super::missing;

#[path = "../../../../engine/tests/common/python.rs"]
mod runner;

pub(super) use runner::run;

/// Whether it has this package.
pub(super) fn has(package: &str) -> bool {
    let script =
        format!("from importlib.util import find_spec\nassert find_spec({package:?}), 'no {package}'");
    let found = run(&["-c", &script], "");
    if let Err(error) = &found {
        missing(error.trim(), &format!("pip install {package}, and name its Python in {}", runner::VARIABLE));
    }
    found.is_ok()
}
