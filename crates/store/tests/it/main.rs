//! The store as its callers see it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod analyses;
mod api_keys;
mod append;
mod backup;
mod connections;
mod crash;
mod damage;
mod duplicates;
mod exclusions;
mod experiments;
mod fixtures;
mod forget;
mod histories;
mod import;
mod impressions;
mod migrations;
mod model;
mod models;
mod news;
mod overrides;
mod prune;
mod random;
mod reading;
mod reported;
mod settling;
mod writers;
