//! Which fields of a trace say who sent its pings, and what for.

use serde::{Deserialize, Serialize};

use super::error::{TraceError, excerpt};
use super::key::IdFields;
use super::options::TraceOptions;
use crate::clients::MOST_DIMENSIONS;

/// The fields of a record that say who sent it, written like those of the id. With them a trace can be counted by clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoFields {
    /// The client, which every record has to name.
    pub client: String,
    /// What numbers are also counted by.
    pub dimensions: Vec<String>,
    /// What a ping is for.
    pub kind: Option<String>,
    /// The session in which it was sent.
    pub session: Option<String>,
    /// Types that say that something crashed.
    pub crash: Vec<String>,
    /// Types that a client sends when it is new.
    pub new_profile: Vec<String>,
    /// Types that are the steps of a funnel, in their order.
    pub funnel: Vec<String>,
}

/// The most steps of a funnel.
const MOST_STEPS: usize = 32;

impl WhoFields {
    /// Every field with the option that names it: the client, dimensions, the type, the session.
    pub(crate) fn all(&self) -> Vec<(&'static str, &str)> {
        let dimensions = self.dimensions.iter().map(|field| ("--dimension-field", field.as_str()));
        let kind = self.kind.iter().map(|field| ("--type-field", field.as_str()));
        let session = self.session.iter().map(|field| ("--session-field", field.as_str()));
        let client = ("--client-field", self.client.as_str());
        std::iter::once(client).chain(dimensions).chain(kind).chain(session).collect()
    }

    /// Refuses what makes no sense, by itself or beside the other options.
    pub fn check(&self, options: &TraceOptions) -> Result<(), TraceError> {
        let refuse = |flag, found: &str, allowed| Err(TraceError::option(flag, found, allowed));
        if let Some((flag, _)) = self.all().into_iter().find(|(_, field)| field.is_empty()) {
            return refuse(flag, "an empty name", "a field's name");
        }
        if options.time_field.is_none() {
            let allowed = "this only beside --time-field, which says on what day a ping came";
            return refuse("--client-field", "no --time-field", allowed);
        }
        if let IdFields::AllBut(_) = options.id {
            return refuse(
                "--client-field",
                "--id-all-but",
                "this only beside --id-field, or a field of a usual name",
            );
        }
        if self.dimensions.len() > MOST_DIMENSIONS {
            let found = format!("{} fields", self.dimensions.len());
            return refuse("--dimension-field", &found, "up to 6 of them");
        }
        if let Some(twice) = twice(&self.dimensions) {
            return refuse("--dimension-field", &format!("{} twice", excerpt(twice)), "each field once");
        }
        if let Some(twice) = twice(&self.funnel) {
            return refuse("--funnel", &format!("{} twice", excerpt(twice)), "each type once");
        }
        if self.funnel.len() == 1 || self.funnel.len() > MOST_STEPS {
            let found = format!("{} types", self.funnel.len());
            return refuse("--funnel", &found, "2 to 32 types, such as ready,installed");
        }
        Ok(())
    }
}

fn twice(names: &[String]) -> Option<&String> {
    names.iter().enumerate().find(|(at, name)| names[..*at].contains(name)).map(|(_, name)| name)
}
