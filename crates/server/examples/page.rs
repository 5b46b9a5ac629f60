//! Writes every page, made up, into a folder, so that the page can be looked at without a server:
//!
//! ```sh
//! cargo run -p segue-server --example page -- /tmp/pages && chromium /tmp/pages/listen.html
//! ```

#[path = "../tests/it/made_up.rs"]
mod made_up;

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use segue_server::page::assets;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map_or_else(|| PathBuf::from("pages"), PathBuf::from);
    fs::create_dir_all(&folder)?;
    for asset in assets::ASSETS {
        write(&folder, asset.name, asset.bytes)?;
    }
    for (name, markup) in made_up::pages() {
        let html = markup.into_string();
        // Beside the pages instead of under the address that the server has for them.
        let html = assets::ASSETS
            .iter()
            .fold(html, |html, asset| html.replace(&assets::url(asset.name), asset.name));
        write(&folder, &format!("{name}.html"), html.as_bytes())?;
    }
    Ok(())
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::write(folder.join(name), bytes)
}
