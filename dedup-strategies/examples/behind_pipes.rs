//! A strategy of the list in a process of its own: what the pipes cost is the difference to the same one built in.
//!
//! `behind_pipes STRATEGY` speaks the protocol on its standard input and output; the systems in `systems/floor` start it so.

use std::io::{BufReader, BufWriter, stdin, stdout};
use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_strategies::protocol::hello::Value;
use dedup_strategies::protocol::{Hello, serve};
use dedup_strategies::{Context, RedisEndpoint, STRATEGIES, SettingKind, Sizing, Strategy, Unavailable};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_default();
    // A frame of a thousand pings goes through in one piece.
    let input = BufReader::with_capacity(1 << 16, stdin().lock());
    let output = BufWriter::with_capacity(1 << 16, stdout().lock());
    let version = format!("dedup-strategies {}", env!("CARGO_PKG_VERSION"));
    Ok(serve(input, output, &version, |hello| build(&name, hello))?)
}

fn build(name: &str, hello: &Hello) -> Result<Box<dyn Strategy>, Unavailable> {
    let definition = STRATEGIES.iter().find(|definition| definition.name == name);
    let definition = definition.ok_or_else(|| Unavailable(format!("no strategy is called {name:?}")))?;
    let declared = |setting: &str| definition.settings.iter().find(|def| def.name == setting);
    let text = |(setting, value): (&String, &Value)| match (value, declared(setting)?.kind) {
        (Value::Whole(nanos), SettingKind::Time | SettingKind::TimeOrZero) => {
            Some((setting.clone(), format!("{nanos}ns")))
        }
        (Value::Whole(count), _) => Some((setting.clone(), count.to_string())),
        (Value::Share(share), _) => Some((setting.clone(), share.to_string())),
        (Value::Word(word), _) => Some((setting.clone(), word.clone())),
    };
    let given: Vec<(String, String)> = hello.settings.iter().filter_map(text).collect();
    let window = match hello.settings.get("window") {
        Some(Value::Whole(nanos)) => Duration::from_nanos(*nanos),
        _ => Duration::from_secs(600),
    };
    // A server beside it is a Redis, on a socket.
    let redis = hello
        .server
        .as_ref()
        .map(|path| RedisEndpoint { url: format!("redis+unix://{path}"), prefix: String::new() });
    let context = Context {
        redis,
        store_time_factor: hello.time_factor,
        workers: NonZeroUsize::new(hello.workers).unwrap_or(NonZeroUsize::MIN),
        seed: hello.seed,
        state_dir: hello.state_dir.clone(),
        ..Context::embedded(Sizing { window, ids_in_window: hello.ids_in_window, ids_total: hello.ids_total })
    };
    let given: Vec<(&str, &str)> = given.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    definition.open(&given, &context).map_err(Unavailable::because)
}
