//! The document in the repository is the one that the code makes.

use std::collections::BTreeSet;
use std::path::Path;

/// Refresh it with `UPDATE=1 cargo test -p segue-server openapi`.
#[test]
fn the_document_in_the_repository_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let made = serde_json::to_string_pretty(&segue_server::openapi()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "docs/openapi.json is stale: `UPDATE=1 cargo test -p segue-server openapi` refreshes it"
    );
}

/// Every code that an error is made with, as the sources have it.
fn codes(folder: &Path, found: &mut BTreeSet<String>) {
    const MAKERS: [&str; 5] =
        ["bad_request(", "not_found(", "conflict(", "overloaded(", "unauthorized("];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            codes(&path, found);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap_or_default();
        let after = |maker: &'static str| source.split(maker).skip(1);
        let named = MAKERS.into_iter().flat_map(after);
        let numbered =
            after("StatusCode::").filter_map(|rest| rest.split_once(',')).filter(|(status, _)| {
                status.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
            });
        for rest in named.chain(numbered.map(|(_, rest)| rest)) {
            if let Some(code) =
                rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next())
            {
                found.insert(code.to_owned());
            }
        }
    }
}

#[test]
fn every_code_of_an_error_is_described() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let described = std::fs::read_to_string(root.join("../../docs/api.md")).unwrap();
    let mut found = BTreeSet::new();
    codes(&root.join("src"), &mut found);
    assert!(found.len() > 40, "{found:?}");
    let missing: Vec<_> =
        found.iter().filter(|code| !described.contains(&format!("`{code}`"))).collect();
    assert!(missing.is_empty(), "docs/api.md has nothing of {missing:?}");
}
