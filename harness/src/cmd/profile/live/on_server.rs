//! What shadows on a Redis server need by and by: that no ping waits for others for long, and that the claim on the keys lasts.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::Scope;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::watch::Watch;
use crate::environment::RedisChoice;
use crate::servers::{SharedRedis, VirtualClock};

/// For how long a ping may wait to be judged with others.
const LONGEST_WAIT: Duration = Duration::from_millis(200);
/// A claim lasts for longer than this.
const RENEWED: Duration = Duration::from_secs(600);

/// Sees to it, until what it gives is dropped.
pub(super) fn keep<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    watch: &'env Mutex<Watch>,
    claim: &'env mut Option<SharedRedis>,
) -> Sender<()> {
    let (end, ended) = channel();
    scope.spawn(move || {
        let mut renewed = Instant::now();
        while let Err(RecvTimeoutError::Timeout) = ended.recv_timeout(LONGEST_WAIT) {
            watch.lock().catch_up();
            if renewed.elapsed() >= RENEWED {
                // A server that cannot be reached just now is told again.
                let told = claim.as_mut().map(SharedRedis::renew);
                renewed = if let Some(Err(_)) = told { renewed } else { Instant::now() };
            }
        }
    });
    end
}

/// Whose time windows on the server have.
pub(super) fn said(redis: &RedisChoice, claim: Option<&SharedRedis>, times: Option<&str>) -> String {
    let server = match (redis, claim) {
        (RedisChoice::Given { prefix, .. }, Some(claim)) => {
            format!("shadows keep their ids on {}, under {prefix}, until this ends", claim.shown())
        }
        _ if VirtualClock::is_supported() => {
            return "shadows keep their ids on a private Redis server, which has the time of the pings"
                .to_string();
        }
        _ => "shadows keep their ids on a private Redis server".to_string(),
    };
    let whose = match times {
        None => String::new(),
        Some(field) => format!(
            ": it has its own time, so that they forget rightly where pings come as fast as {field} says, as those of a \
             file do not"
        ),
    };
    format!("{server}{whose}")
}
