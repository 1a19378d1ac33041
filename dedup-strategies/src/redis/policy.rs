//! What to do when a store does not answer, or refuses: the settings that all strategies on Redis share.

use std::time::Duration;

use crate::contract::{SettingDef, SettingDefault, SettingKind, Settings, WhileAway};

/// What to do about a command that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnError {
    /// Let the ping pass, and leave the mark out: duplicates may pass, the pipeline goes on.
    Open,
    /// Leave the ping unjudged: the source delivers it again.
    Closed,
    /// Try again, with pauses that double; then as `Closed`.
    Retry,
}

/// How failures are dealt with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    pub(super) on_error: OnError,
    /// Bound on each wait: for a connection, for a write, for a reply.
    pub(super) timeout: Duration,
    retries: u32,
}

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The setting `on_error`, with this default.
pub(super) const fn on_error(default: &'static str) -> SettingDef {
    SettingDef {
        name: "on_error",
        about: "where the server does not answer or refuses: open lets pings pass and skips marks, closed leaves \
                pings to be delivered again, retry tries again first",
        kind: SettingKind::Word(&["open", "closed", "retry"]),
        default: SettingDefault::Text(default),
    }
}

/// The setting `timeout`.
pub(crate) const TIMEOUT: SettingDef = SettingDef {
    name: "timeout",
    about: "bound on each wait for the server, in real time",
    kind: SettingKind::Time,
    default: SettingDefault::Text("2s"),
};

/// The setting `retries`: with the default, tries go on for 2.3 s beside what they take themselves, longer than the
/// failover of a cluster with a node timeout of a second.
pub(crate) const RETRIES: SettingDef = SettingDef {
    name: "retries",
    about: "with on_error=retry: tries after the first, 10 ms later, then 20 ms, doubling up to 1 s",
    kind: SettingKind::Count(100),
    default: SettingDefault::Text("8"),
};

/// What becomes of pings while the server is away.
pub(super) fn while_away(settings: &Settings) -> WhileAway {
    match Policy::of(settings).on_error {
        OnError::Open => WhileAway::Passes,
        OnError::Closed | OnError::Retry => WhileAway::Waits,
    }
}

impl Policy {
    pub(super) fn of(settings: &Settings) -> Policy {
        Policy {
            on_error: match settings.word("on_error") {
                "open" => OnError::Open,
                "closed" => OnError::Closed,
                _ => OnError::Retry,
            },
            timeout: settings.time("timeout"),
            retries: settings.count("retries") as u32,
        }
    }

    /// How long to wait before each further try.
    pub(super) fn pauses(&self) -> impl Iterator<Item = Duration> + use<> {
        let tries = if self.on_error == OnError::Retry { self.retries } else { 0 };
        (0..tries).map(|nth| FIRST_PAUSE.saturating_mul(1 << nth.min(16)).min(LONGEST_PAUSE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_second_and_only_for_retries() {
        let policy = |on_error| Policy { on_error, timeout: Duration::ZERO, retries: 9 };
        let pauses: Vec<u128> = policy(OnError::Retry).pauses().map(|pause| pause.as_millis()).collect();
        assert_eq!(pauses, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);
        assert_eq!(policy(OnError::Open).pauses().count() + policy(OnError::Closed).pauses().count(), 0);
    }
}
