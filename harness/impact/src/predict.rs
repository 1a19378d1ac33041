//! Errors that are known before anything is run, from shares alone. Losses and copies are taken for independent of each
//! other and of the client.

use crate::numbers::Number;

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
    clients_in_groups(&[(loss, by_pings)])
}

/// The same where pings of some clients are lost with another chance than those of others: the chance of each group, and its clients.
pub fn clients_in_groups(groups: &[(f64, &[u64])]) -> Option<f64> {
    let (mut all, mut lost) = (0u64, 0.0);
    for (loss, by_pings) in groups {
        for (pings, clients) in by_pings.iter().enumerate().skip(1) {
            all += clients;
            lost += *clients as f64 * lost_whole(pings as u32, *loss);
        }
    }
    (all > 0).then(|| -lost / all as f64)
}

/// The same where the pings of a client are a Poisson number with this mean, of which those without any are not active:
/// `-(e^(mean loss) - 1) / (e^mean - 1)`.
pub fn clients_of_poisson(mean: f64, loss: f64) -> f64 {
    -libm::expm1(mean * loss) / libm::expm1(mean)
}

/// The relative error of a number where nothing is known of clients, for so many copies of each unique ping and a share of these
/// lost, whoever sent them and whatever for. Of what clients do, the most that it can be: each sends one ping in the number's days. Copies
/// come on days on which their client is active anyway. Steps of a funnel are bent alike, and their quotients not at all.
pub fn whoever(number: Number, copies: f64, loss: f64) -> f64 {
    let users = -loss;
    match number {
        Number::Pings | Number::Sessions | Number::Crashes => counts(copies, loss),
        Number::CrashRate => {
            // Either no client-day is lost whole, or as many are as pings.
            let all = [0.0, users].map(|users| quotient(counts(copies, loss), users));
            if all[0].abs() > all[1].abs() { all[0] } else { all[1] }
        }
        Number::Dau | Number::Wau | Number::Mau | Number::NewProfiles => users,
        // Of a cohort that is known as a whole, or of one of which as many are lost.
        Number::Retention(_) => quotient(0.0, users),
        Number::Step(_) => 0.0,
    }
}

/// The relative error of a quotient from those of what is above and below: crash rates, steps of a funnel.
pub fn quotient(above: f64, below: f64) -> f64 {
    (1.0 + above) / (1.0 + below) - 1.0
}
