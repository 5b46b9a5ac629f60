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
    cargo clippy --workspace --all-targets -- -D warnings

test:
    cargo test --workspace

# Walk through the page in a real browser (needs Node and Chromium).
browser *journeys:
    cargo build -p segue
    tests/browser/run.sh target/debug/segue {{journeys}}

# Speed and memory of the hot paths.
bench:
    cargo bench --workspace

# Fuzz every parser for a minute each (needs nightly and cargo-fuzz).
fuzz seconds="60":
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run "$target" -- -max_total_time={{seconds}}; done
