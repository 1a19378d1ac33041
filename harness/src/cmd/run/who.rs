//! Who sent the pings of a trace: the options that name the fields.

use clap::Args;
use dedup_stream::trace::WhoFields;

/// Fields that say who sent the pings, for the impact pass.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Your own clients (--pass impact)")]
pub struct WhoArgs {
    /// Field that names the client, in every record: users are counted by it
    #[arg(long, value_name = "FIELD", requires = "trace", conflicts_with = "scenarios")]
    pub client_field: Option<String>,
    /// Field by whose values numbers are also counted, such as country (repeatable, up to 6)
    #[arg(long = "dimension-field", value_name = "FIELD", requires = "client_field")]
    pub dimension_fields: Vec<String>,
    /// Field that says what a ping is for
    #[arg(long, value_name = "FIELD", requires = "client_field")]
    pub type_field: Option<String>,
    /// Field that names the session: one is counted by its first ping
    #[arg(long, value_name = "FIELD", requires = "client_field")]
    pub session_field: Option<String>,
    /// Type of pings that say that something crashed (repeatable)
    #[arg(long = "crash-type", value_name = "TYPE", default_value = "crash", requires = "type_field")]
    pub crash_types: Vec<String>,
    /// Type of pings that only a new client sends (repeatable). Without any of them clients are new when they are seen first
    #[arg(
        long = "new-profile-type",
        value_name = "TYPE",
        default_value = "new-profile",
        requires = "type_field"
    )]
    pub new_profile_types: Vec<String>,
    /// Types that are the steps of a funnel, in their order: ready,installed,succeeded
    #[arg(long, value_name = "TYPES", value_delimiter = ',', requires = "type_field")]
    pub funnel: Vec<String>,
}

impl WhoArgs {
    /// The fields, where any are named.
    pub fn fields(&self) -> Option<WhoFields> {
        let client = self.client_field.clone()?;
        Some(WhoFields {
            client,
            dimensions: self.dimension_fields.clone(),
            kind: self.type_field.clone(),
            session: self.session_field.clone(),
            crash: self.crash_types.clone(),
            new_profile: self.new_profile_types.clone(),
            funnel: self.funnel.clone(),
        })
    }
}
