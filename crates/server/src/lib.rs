//! The HTTP API and the page.

pub mod page;
