//! Errors that are known before anything is run, from shares alone. Losses and copies are taken for independent of each
//! other and of the client.

/// The relative error of counts of pings: `copies` duplicates stay for each unique ping, and the share `loss` of these is lost.
pub fn counts(copies: f64, loss: f64) -> f64 {
    copies - loss
}

/// The chance that all pings of a client are lost, of which there are so many: `loss^pings`.
pub fn lost_whole(pings: u32, loss: f64) -> f64 {
    libm::pow(loss, f64::from(pings))
}

/// The relative error of a number of distinct clients: `by_pings[k]` clients send `k` pings in its window, on the day for daily
/// users, in 28 days for monthly ones. None where nobody sends any.
pub fn clients(by_pings: &[u64], loss: f64) -> Option<f64> {
    let senders = || by_pings.iter().enumerate().skip(1);
    let all: u64 = senders().map(|(_, clients)| clients).sum();
    let lost: f64 = senders().map(|(pings, clients)| *clients as f64 * lost_whole(pings as u32, loss)).sum();
    (all > 0).then(|| -lost / all as f64)
}

/// The same where the pings of a client are a Poisson number with this mean, of which those without any are not active:
/// `-(e^(mean loss) - 1) / (e^mean - 1)`.
pub fn clients_of_poisson(mean: f64, loss: f64) -> f64 {
    -libm::expm1(mean * loss) / libm::expm1(mean)
}

/// The relative error of a quotient from those of what is above and below: crash rates, steps of a funnel.
pub fn quotient(above: f64, below: f64) -> f64 {
    (1.0 + above) / (1.0 + below) - 1.0
}
