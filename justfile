# Everyday commands; `just` alone lists them.

default:
    @just --list

# What CI runs.
ci:
    .ci/run

# The README's demonstration.
demo:
    cargo run --release -- demo

# Format and lint.
check:
    cargo fmt --all
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Licences, sources and duplicates of the dependencies.
deny:
    .ci/deny

# Build the documentation of all crates; a broken link is an error.
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --all-features

# Write down what a build answers, to hold another one to it.
golden out="golden.json" *options:
    cargo build --release
    python3 bench/golden.py --segue target/release/segue --out {{out}} {{options}}

test:
    cargo test --workspace

# Walk through the page in real browsers (needs Node, and Chromium or Firefox).
browser *journeys:
    cargo build -p segue-cli
    tests/browser/run.sh target/debug/segue {{journeys}}

# Build the Python wheel and run its tests.
wheel:
    .ci/wheel

# Attack a build: power loss, damage, a full disk, rude clients, hostile files, kills. Takes a quarter of an hour.
attack *parts:
    cargo build --release
    python3 bench/attack.py --segue target/release/segue {{parts}}
    python3 bench/crash.py --segue target/release/segue --rounds 25

# Speed and memory of the hot paths.
bench:
    cargo bench --workspace

# Fuzz every parser for a minute each (needs nightly and cargo-fuzz).
fuzz seconds="60":
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}}; done
