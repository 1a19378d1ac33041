//! A system's file as a line in the list of strategies.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dedup_engine::servers::{LONGEST_SOCKET, filled, placeholders};
use dedup_strategies::protocol::{Hello, VERSION};
use dedup_strategies::{
    Batching, BuildError, Context, Definition, Forgets, Listens, Needs, Operation, Role, Routing, Server,
    SettingDef, Settings, Strategy,
};
use dedup_stream::scenario::{ScenarioError as FileError, Source};
use toml::Spanned;

use crate::file::{ClockName, File, FlowTable, RoleName, RoutingName};
use crate::flow::Flow;
use crate::judge::Judge;
use crate::process::{NotStarted, Start};
use crate::promise::{Promised, Wrong};
use crate::settings::{self, Unfit};

/// How long a server may take until it listens, where the file does not say.
const STARTS_WITHIN: Duration = Duration::from_secs(25);
/// As long as a name may be that tables show.
const LONGEST_NAME: usize = 40;
/// A million pings are 40 MB on their way.
const MOST_BEFORE_A_MARKER: usize = 1_000_000;
/// How long a reply may take, where the file does not say.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads the file of a system.
///
/// A definition is for as long as the program runs, so what it refers to is kept for as long.
///
/// # Errors
///
/// The file cannot be read, or something in it is not allowed: names the place, what was found and what is allowed.
pub fn load(path: &Path) -> Result<Definition, FileError> {
    let label = path.display().to_string();
    let unreadable = |cause: &dyn std::fmt::Display| FileError::unreadable(&label, &cause.to_string());
    let text = dedup_files::read_to_string(path).map_err(|error| unreadable(&error))?;
    let path = std::path::absolute(path).map_err(|error| unreadable(&error))?;
    let file: File = toml::from_str(&text).map_err(|error| FileError::from_toml(&label, &text, &error))?;
    checked(&Source { file: &label, text: &text }, &path, &file)
}

fn checked(source: &Source, path: &Path, file: &File) -> Result<Definition, FileError> {
    let name = file.name.get_ref();
    let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.len() > LONGEST_NAME || !name.bytes().all(is_name) || name.bytes().all(|byte| byte == b'-') {
        let allowed = "a name of up to 40 lower case letters, digits and `-`, such as \"nats-jetstream\"";
        return Err(source.refuse(file.name.span(), "name", allowed));
    }
    let about = file.about.get_ref();
    if about.trim().is_empty() || about.trim_end().contains('\n') {
        let allowed = "one line that says what it is, which tables and lists show";
        return Err(source.refuse(file.about.span(), "about", allowed));
    }
    if let Some(note) = file.note.as_ref().filter(|note| {
        let text = note.get_ref().trim_end();
        text.is_empty() || text.contains('\n')
    }) {
        return Err(source.refuse(note.span(), "note", "one line: what a reader of its figures has to know"));
    }
    if !is_command(file.command.get_ref()) {
        let allowed = "a program and its arguments, such as [\"python3\", \"mine.py\"]";
        return Err(source.refuse(file.command.span(), "command", allowed));
    }
    no_placeholders_but(&[], source, "command", &file.command)?;
    let declared: &'static [SettingDef] = declared(source, file)?.leak();
    let promised =
        Promised::read(file.promise.get_ref(), declared).map_err(|Wrong(field, found, allowed)| {
            let place = file.promise.get_ref().place_of(field).unwrap_or(file.promise.span());
            source.refuse_found(place, format!("promise.{field}"), found, allowed)
        })?;
    let start = Arc::new(Start {
        name: kept(name),
        command: file.command.get_ref().iter().map(|word| filled(word, &[])).collect(),
        directory: path.parent().unwrap_or(Path::new("/")).to_path_buf(),
        patience: patience(source, file)?,
        install: file.install.clone(),
    });
    let shape = Shape::of(source, file)?;
    let build = move |settings: &Settings, context: &Context| -> Result<Box<dyn Strategy>, BuildError> {
        start.program().map_err(|no| BuildError::Missing {
            reason: format!("command: {no}"),
            remedy: no.remedy(&start.install),
        })?;
        std::fs::create_dir_all(&context.state_dir)?;
        let hello = greeting(declared, settings, context);
        let (open, promise) = (Arc::clone(&start), promised.with(settings));
        let opened: Result<Box<dyn Strategy>, NotStarted> = match shape {
            Shape::Judge(routing) => {
                Judge::open(open, hello, routing, promise).map(|judge| Box::new(judge) as _)
            }
            Shape::Flow(_) => Flow::open(open, hello, promise).map(|flow| Box::new(flow) as _),
        };
        opened.map_err(|error| match error {
            NotStarted::Missing(_) => {
                BuildError::Missing { reason: error.to_string(), remedy: start.install.clone() }
            }
            NotStarted::Unavailable(error) => BuildError::Server(error.to_string()),
        })
    };
    let operate = kept(&file.operate);
    Ok(Definition {
        name: kept(name),
        about: kept(about.trim_end()),
        role: match file.role {
            RoleName::Candidate => Role::Candidate,
            RoleName::Floor => Role::Floor,
        },
        settings: declared,
        needs: Needs::System {
            file: kept(&path.display().to_string()),
            wall_clock: file.clock == ClockName::Wall,
            server: server(source, file)?,
            batching: match shape {
                Shape::Judge(_) => None,
                Shape::Flow(batching) => Some(batching),
            },
        },
        operation: match &file.model_of {
            Some(system) => Operation::of_model(kept(system), operate),
            None => Operation::of(operate),
        }
        .noted(file.note.as_ref().map(|note| kept(note.get_ref().trim_end()))),
        forgets: |_, _| Forgets::Unknown,
        estimate: None,
        prospect: None,
        build: Box::leak(Box::new(build)),
    })
}

/// How it is spoken to.
#[derive(Clone, Copy)]
enum Shape {
    /// A verdict for each ping.
    Judge(Routing),
    /// What passes comes out; a marker follows each of these batches.
    Flow(Batching),
}

impl Shape {
    fn of(source: &Source, file: &File) -> Result<Shape, FileError> {
        let allowed = "routing (\"by-key\" or \"any\") for a program that judges, or [flow] for one that pings flow through";
        match (file.routing, &file.flow) {
            (Some(RoutingName::Any), None) => Ok(Shape::Judge(Routing::Any)),
            (Some(RoutingName::ByKey), None) => Ok(Shape::Judge(Routing::ByKey)),
            (None, Some(table)) => batching(source, table).map(Shape::Flow),
            (None, None) => {
                Err(source.refuse_found(file.name.span(), "routing", "nothing".to_string(), allowed))
            }
            (Some(_), Some(table)) => {
                Err(source.refuse_found(table.pings.span(), "routing", "both".to_string(), allowed))
            }
        }
    }
}

fn batching(source: &Source, table: &FlowTable) -> Result<Batching, FileError> {
    let pings = usize::try_from(*table.pings.get_ref()).ok().filter(|pings| *pings <= MOST_BEFORE_A_MARKER);
    let pings = pings.and_then(NonZeroUsize::new);
    let allowed = format!("a number of pings from 1 to {MOST_BEFORE_A_MARKER}");
    Ok(Batching {
        pings: pings.ok_or_else(|| source.refuse(table.pings.span(), "flow.pings", allowed))?,
        linger: time(source, "flow.linger", &table.linger)?,
    })
}

fn declared(source: &Source, file: &File) -> Result<Vec<SettingDef>, FileError> {
    let declared = file.settings.iter().map(|(name, table)| {
        if !is_setting(name) {
            let allowed = "a setting's name of lower case letters, digits, `-` and `_`, such as \"window\"";
            return Err(source.refuse_found(table.span(), "settings", format!("{name:?}"), allowed));
        }
        settings::declared(name, table.get_ref()).map_err(|Unfit(field, place, allowed)| {
            let field = format!("settings.{name}.{field}");
            match place {
                Some(place) => source.refuse(place, field, allowed),
                None => source.refuse_found(table.span(), field, "nothing", allowed),
            }
        })
    });
    declared.collect()
}

/// Whether it can be typed as NAME=VALUE, among others.
fn is_setting(name: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(is_letter)
}

/// Refuses a word with a placeholder in it that nobody fills in.
fn no_placeholders_but(
    known: &[&str],
    source: &Source,
    field: &str,
    command: &Spanned<Vec<String>>,
) -> Result<(), FileError> {
    let mut found = command.get_ref().iter().flat_map(|word| placeholders(word));
    let Some(other) = found.find(|name| !known.contains(name)) else { return Ok(()) };
    let allowed = match known {
        [] => "none here, as what a program has to know is in the greeting",
        _ => "`{dir}` and `{port}`",
    };
    let allowed = format!("{allowed}; where the braces are meant, write `{{{{{other}}}}}`");
    let found = format!("the placeholder `{{{other}}}`");
    Err(source.refuse_found(command.span(), field, found, allowed))
}

/// Whether words can be a command: a program, and nothing that no argument can hold.
fn is_command(words: &[String]) -> bool {
    words.first().is_some_and(|program| !program.is_empty()) && words.iter().all(|word| !word.contains('\0'))
}

fn patience(source: &Source, file: &File) -> Result<Duration, FileError> {
    file.reply_within.as_ref().map_or(Ok(PATIENCE), |given| time(source, "reply-within", given))
}

fn time(source: &Source, field: &str, given: &Spanned<String>) -> Result<Duration, FileError> {
    match dedup_files::parse_time(given.get_ref()) {
        Some(time) if !time.is_zero() => Ok(time),
        _ => Err(source.refuse(
            given.span(),
            field,
            "a length of time above zero and up to 100y, such as \"10s\"",
        )),
    }
}

/// The server beside it, as long as the program runs.
fn server(source: &Source, file: &File) -> Result<Option<&'static Server>, FileError> {
    let Some(table) = &file.server else { return Ok(None) };
    let words = table.command.get_ref();
    if !is_command(words) {
        let allowed =
            "a program and its arguments, such as [\"memcached\", \"-s\", \"{dir}/memcached.sock\"]";
        return Err(source.refuse(table.command.span(), "server.command", allowed));
    }
    no_placeholders_but(&["dir", "port"], source, "server.command", &table.command)?;
    let has_port = words.iter().any(|word| placeholders(word).any(|name| name == "port"));
    let listens = match &table.socket {
        Some(name)
            if name.get_ref().is_empty()
                || name.get_ref().starts_with('/')
                || name.get_ref().contains("..")
                || name.get_ref().len() > LONGEST_SOCKET =>
        {
            let allowed = format!(
                "the path of a socket, from the server's private directory on, of up to {LONGEST_SOCKET} bytes"
            );
            return Err(source.refuse(name.span(), "server.socket", allowed));
        }
        Some(name) => Listens::Socket(kept(name.get_ref())),
        None if has_port => Listens::Port,
        None => {
            let allowed = "server.socket, or `{port}` in a word of server.command: where it listens";
            return Err(source.refuse(table.command.span(), "server.command", allowed));
        }
    };
    let within =
        table.within.as_ref().map_or(Ok(STARTS_WITHIN), |given| time(source, "server.within", given))?;
    let command: Vec<&'static str> = words.iter().map(|word| kept(word)).collect();
    let server = Server { command: command.leak(), listens, within, install: kept(&file.install) };
    Ok(Some(Box::leak(Box::new(server))))
}

fn greeting(declared: &[SettingDef], settings: &Settings, context: &Context) -> Hello {
    Hello {
        version: VERSION,
        worker: 0,
        workers: context.workers.get(),
        seed: context.seed,
        state_dir: context.state_dir.clone(),
        ids_in_window: context.sizing.ids_in_window,
        ids_total: context.sizing.ids_total,
        time_factor: context.store_time_factor,
        settings: settings::told(declared, settings),
        server: context.server.as_ref().map(ToString::to_string),
    }
}

/// Text for as long as the program runs, as the list of strategies has it.
pub(crate) fn kept(text: &str) -> &'static str {
    Box::leak(text.into())
}
