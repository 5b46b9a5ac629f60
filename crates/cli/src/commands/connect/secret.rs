//! Asking for a password: at a terminal without showing it, else from the first line of stdin.
//! There is no argument for it: those of a process can be read by others, and shells keep them.

use std::io::{self, BufRead as _, IsTerminal as _};

use anyhow::{Context as _, bail};
use segue_core::Secret;

/// Asks for what is named, such as "password".
pub(super) fn ask(what: &str) -> anyhow::Result<Secret> {
    let typed = match io::stdin().is_terminal() {
        true => rpassword::prompt_password(format!("{what}: ")).context("cannot ask for it")?,
        false => {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line)?;
            line
        }
    };
    let typed = typed.strip_suffix('\n').unwrap_or(&typed);
    let typed = typed.strip_suffix('\r').unwrap_or(typed);
    if typed.is_empty() {
        bail!("no {what} was given: type it when asked, or hand it in as a line of stdin");
    }
    Ok(Secret::new(typed))
}
