//! The program asks other machines for nothing, but for the commands in which a person named them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::segue::Segue;

/// Of each package in the lock file, which packages of it depend on it, whatever the feature.
fn dependents() -> BTreeMap<String, BTreeSet<String>> {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap();
    let mut dependents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for package in lock.split("[[package]]").skip(1) {
        let quoted = |line: &str| {
            let text = line.trim().trim_end_matches(',').trim_matches('"');
            text.split(' ').next().unwrap().to_owned()
        };
        let name = package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap();
        dependents.entry(quoted(name)).or_default();
        let needs = package.split("dependencies = [").nth(1).unwrap_or_default();
        for line in needs.split(']').next().unwrap().lines().filter(|line| line.contains('"')) {
            dependents.entry(quoted(line)).or_default().insert(quoted(name));
        }
    }
    dependents
}

#[test]
fn what_can_ask_another_machine_is_in_one_crate_that_the_command_line_alone_uses() {
    let dependents = dependents();
    let of = |name: &str| -> Vec<&str> {
        dependents.get(name).into_iter().flatten().map(String::as_str).collect()
    };
    assert_eq!(of("ureq"), ["segue-connect"]);
    assert_eq!(of("segue-connect"), ["segue-cli"]);
    // Behind features: the exporter of traces, and the cluster that builds worlds.
    assert!(
        of("reqwest").iter().all(|user| user.starts_with("opentelemetry")),
        "{:?}",
        of("reqwest")
    );
    let of_tonic = of("tonic");
    let is_known = |user: &&str| {
        ["segue-world", "tonic-prost", "opentelemetry-otlp", "opentelemetry-proto"].contains(user)
    };
    assert!(of_tonic.iter().all(is_known), "{of_tonic:?}");
    for client in ["isahc", "curl", "attohttpc", "minreq", "surf", "awc", "hyper-tls", "native-tls"]
    {
        assert!(!dependents.contains_key(client), "`{client}` is another HTTP client");
    }
}

/// Writes down each connection to another machine that a program begins.
const WATCH: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void note(const char *what) {
    int file = open(getenv("SEGUE_TEST_CONNECTS"), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file >= 0) { write(file, what, 1); close(file); }
}

int connect(int socket, const struct sockaddr *to, socklen_t length) {
    if (to->sa_family == AF_INET || to->sa_family == AF_INET6) note("c");
    int (*real)(int, const struct sockaddr *, socklen_t) = dlsym(RTLD_NEXT, "connect");
    return real(socket, to, length);
}

int getaddrinfo(const char *node, const char *service, const void *hints, void **found) {
    note("n");
    int (*real)(const char *, const char *, const void *, void **) = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(node, service, hints, found);
}
"#;

/// The watch as a library to be loaded before all others; `None` where it cannot be built.
fn watch(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("watch.c"), folder.join("watch.so"));
    fs::write(&source, WATCH).unwrap();
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-w", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let is_built = cfg!(target_os = "linux") && cc.status().is_ok_and(|status| status.success());
    is_built.then_some(library)
}

#[test]
fn importing_training_mixing_and_serving_connect_to_nobody() {
    let segue = Segue::new();
    let Some(library) = watch(segue.folder()) else {
        eprintln!("skipped: there is no Linux with a C compiler to watch connections with");
        return;
    };
    let connects = segue.folder().join("connects");
    let run = |args: &[&str]| {
        let mut command = segue.command(args);
        command.env("LD_PRELOAD", &library).env("SEGUE_TEST_CONNECTS", &connects);
        command
    };
    segue.write_export("Streaming_History_Audio_2010_0.json", 200);
    segue.write_catalogue("tracks.csv");
    let all: [&[&str]; 7] = [
        &["import", "tracks.csv", "Streaming_History_Audio_2010_0.json", "--listener", "ann"],
        &["train"],
        &["mix", "-n", "5"],
        &["lists", "refresh"],
        &["status"],
        &["connect"],
        &["doctor"],
    ];
    for args in all {
        assert!(run(args).output().unwrap().status.success(), "{args:?}");
    }
    let mut served = run(&["serve", "--bind", "127.0.0.1:0"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = std::io::BufReader::new(served.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening on") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut log, &mut line).unwrap() > 0);
    }
    std::thread::sleep(std::time::Duration::from_secs(1));
    served.kill().unwrap();
    served.wait().unwrap();
    assert!(!connects.exists(), "somebody was asked for something");

    let watched = run(&["connect", "subsonic", "http://127.0.0.1:1", "--user", "ann"])
        .stdin(fs::File::open(segue.folder().join("tracks.csv")).unwrap())
        .output()
        .unwrap();
    assert!(!watched.status.success() && connects.exists(), "the watch itself must work");
}
