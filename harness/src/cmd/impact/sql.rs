//! The statements that make usage histories and numbers of a day in an engine of one's own.

use dedup_impact::sql::{
    ColumnName, Columns, Dialect, History, Query, SqlError, TableName, Tables, TypeName, Types, statements,
    text,
};
use dedup_impact::{Day, Newcomers};

/// What to print for an engine.
#[derive(Clone, Debug, clap::Args)]
pub struct SqlArgs {
    /// Print the statements that count the same in this engine (clients_daily, clients_last_seen, numbers, also by dimension), and do nothing
    #[arg(long, value_name = "ENGINE", value_parser = dialect(), requires = "day", conflicts_with_all = ["runs", "output"])]
    pub emit_sql: Option<Dialect>,
    /// The day that they write, such as 2026-01-31
    #[arg(long, value_name = "DAY", requires = "emit_sql")]
    pub day: Option<Day>,
    /// The table with a row a ping: a live or a stable one
    #[arg(long, value_name = "TABLE", requires = "emit_sql", default_value = "telemetry_stable.main_v5")]
    pub source: TableName,
    /// Where a row a day and client goes
    #[arg(long, value_name = "TABLE", requires = "emit_sql", default_value = "analysis.clients_daily")]
    pub daily_table: TableName,
    /// Where a pattern of 28 days a client goes
    #[arg(long, value_name = "TABLE", requires = "emit_sql", default_value = "analysis.clients_last_seen")]
    pub history_table: TableName,
    /// Where a row a day, client and value of a dimension goes
    #[arg(
        long,
        value_name = "TABLE",
        requires = "emit_sql",
        default_value = "analysis.clients_by_dimension"
    )]
    pub dimension_table: TableName,
    /// The column that says who sent a ping
    #[arg(long, value_name = "COLUMN", requires = "emit_sql", default_value = "client_id")]
    pub client_column: ColumnName,
    /// The column with the time at which a ping was submitted
    #[arg(long, value_name = "COLUMN", requires = "emit_sql", default_value = "submission_timestamp")]
    pub time_column: ColumnName,
    /// The column that names the session of a ping
    #[arg(long, value_name = "COLUMN", requires = "emit_sql", default_value = "session_id")]
    pub session_column: ColumnName,
    /// The column that says what a ping is for
    #[arg(long, value_name = "COLUMN", requires = "emit_sql", default_value = "type")]
    pub type_column: ColumnName,
    /// The type of pings that say that something crashed
    #[arg(long = "crash-type", value_name = "TYPE", requires = "emit_sql", default_value = "crash")]
    pub crash: TypeName,
    /// The type of pings that only a new client sends
    #[arg(
        long = "new-profile-type",
        value_name = "TYPE",
        requires = "emit_sql",
        default_value = "new-profile"
    )]
    pub new_profile: TypeName,
    /// Take clients for new when they are seen first, where no type of pings says so
    #[arg(long, requires = "emit_sql", conflicts_with = "new_profile")]
    pub first_seen: bool,
    /// A column by which numbers are split (repeatable)
    #[arg(long = "dimension", value_name = "COLUMN", requires = "emit_sql")]
    pub dimensions: Vec<ColumnName>,
    /// Make the day's patterns from the raw rows of 28 days, and not from yesterday's
    #[arg(long, requires = "emit_sql")]
    pub rebuilt: bool,
}

fn dialect() -> impl clap::builder::TypedValueParser<Value = Dialect> {
    use clap::builder::TypedValueParser;
    let names = Dialect::ALL.map(Dialect::name);
    clap::builder::PossibleValuesParser::new(names)
        .map(|name| Dialect::ALL.into_iter().find(|dialect| dialect.name() == name).expect("one of them"))
}

/// All statements of a day.
pub(super) fn script(dialect: Dialect, args: &SqlArgs) -> Result<String, SqlError> {
    let query = Query {
        tables: Tables {
            source: args.source.clone(),
            clients_daily: args.daily_table.clone(),
            clients_last_seen: args.history_table.clone(),
            clients_by_dimension: args.dimension_table.clone(),
        },
        columns: Columns {
            client: args.client_column.clone(),
            time: args.time_column.clone(),
            session: args.session_column.clone(),
            kind: args.type_column.clone(),
            dimensions: args.dimensions.clone(),
        },
        types: Types { crash: args.crash.clone(), new_profile: args.new_profile.clone() },
        newcomers: if args.first_seen { Newcomers::FirstSeen } else { Newcomers::ByPing },
        day: args.day.expect("it is required beside --emit-sql"),
        history: if args.rebuilt { History::Rebuilt } else { History::Incremental },
    };
    Ok(text(&statements(dialect, &query)?))
}
