//! Servers that keep us waiting: every wait has an end, and hears signals.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode};
use rustix::process::{Pid, Signal, kill_process};

/// A server that does `serve` with whoever calls; where it is.
fn server(serve: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || listener.incoming().map_while(Result::ok).for_each(serve));
    format!("redis://127.0.0.1:{port}")
}

fn run_on(url: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_dedup-harness"))
        .args(["run", "-f", "^quick$", "-s", "^redis-claim$", "--redis-url", url])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn end(child: Child) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = child.wait_with_output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_server_that_drips_is_given_up() {
    let url = server(|mut caller| {
        let mut sent = caller.write_all(b"+");
        while sent.is_ok() {
            thread::sleep(Duration::from_millis(20));
            sent = caller.write_all(b"x");
        }
    });
    let (code, said) = end(run_on(&url));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains(&format!("{url}: no answer in time")), "{said}");
}

/// Answers every command with a page of keys that is not the last; tells of each.
fn without_an_end() -> (String, Receiver<()>) {
    let (tell, asked) = channel();
    let url = server(move |mut caller| {
        while caller.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
            let _ = tell.send(());
            if caller.write_all(b"*2\r\n$1\r\n7\r\n*0\r\n").is_err() {
                break;
            }
        }
    });
    (url, asked)
}

#[test]
fn a_wait_for_a_server_hears_signals() {
    for signal in ["INT", "TERM"] {
        let (url, asked) = without_an_end();
        let child = run_on(&url);
        // By then it is in the middle of it.
        (0..10).for_each(|_| asked.recv_timeout(Duration::from_secs(120)).unwrap());
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
        let (code, said) = end(child);
        assert_eq!((code, said.trim_end()), (Some(130), "error: interrupted"));
    }
}

/// No more than a line is waited for, and no longer than until a signal.
#[test]
fn a_password_comes_through_a_pipe_and_one_that_says_nothing_hears_signals() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    rustix::fs::mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let (url, asked) = without_an_end();
    let run = |file: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dedup-harness"));
        command.args(["run", "-f", "^quick$", "-s", "^redis-claim$", "--redis-url", &url]);
        command.args(["--redis-password-file", file]).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    };
    // The writer keeps it open.
    let child = run(pipe.to_str().unwrap()).spawn().unwrap();
    let mut writer = std::fs::File::options().write(true).open(&pipe).unwrap();
    writer.write_all(b"s3cret\n").unwrap();
    asked.recv_timeout(Duration::from_secs(120)).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(end(child).0, Some(130));
    drop(writer);

    let child = run(pipe.to_str().unwrap()).spawn().unwrap();
    // It is open, and nothing comes.
    let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let (code, said) = end(child);
    assert_eq!((code, said.trim_end()), (Some(130), "error: interrupted"));
    drop(writer);

    let (code, said) = end(run("/dev/zero").spawn().unwrap());
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("/dev/zero: found what is no regular file and no pipe"), "{said}");
}

#[test]
fn so_does_a_wait_for_a_server_that_says_nothing() {
    let (tell, called) = channel();
    let url = server(move |mut caller| {
        let _ = tell.send(());
        // Until the caller is gone.
        while caller.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {}
    });
    let child = run_on(&url);
    called.recv_timeout(Duration::from_secs(120)).unwrap();
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    let (code, said) = end(child);
    assert_eq!((code, said.trim_end()), (Some(130), "error: interrupted"));
}
