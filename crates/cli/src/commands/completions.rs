//! `segue completions`: what a shell needs to complete the command line.

use std::io::{self, Write as _};

use clap::{Args, CommandFactory as _};
use clap_complete::{Shell, generate};

/// Print a script with which a shell completes commands and options.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    segue completions bash > ~/.local/share/bash-completion/completions/segue\n  \
    segue completions zsh > ~/.zfunc/_segue\n  \
    segue completions fish > ~/.config/fish/completions/segue.fish")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

pub(crate) fn run(args: &CompletionsArgs) -> anyhow::Result<()> {
    // The generator panics where it cannot write, as into a closed pipe.
    let mut script = Vec::new();
    generate(args.shell, &mut crate::Cli::command(), "segue", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(())
}
