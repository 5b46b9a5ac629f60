//! A door for the fuzz target: any bytes as what a server answers.

use crate::http::HttpAnswer;
use crate::subsonic::read_page;

/// Reads an answer as one of a Subsonic server with songs in it.
///
/// # Panics
/// When the account of the songs does not add up, or an error shows what is secret.
pub fn read_subsonic(body: &[u8]) {
    match read_page(&HttpAnswer { status: 200, body: body.to_vec(), wait: None }) {
        Ok(report) => assert!(report.adds_up(), "{report:?}"),
        Err(error) => assert!(!error.to_string().contains("secret"), "{error}"),
    }
}
