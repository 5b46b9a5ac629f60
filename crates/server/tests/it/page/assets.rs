//! Assets are named after what is in them, and nothing else is served.

use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use segue_server::page::assets::{ASSETS, respond, url};

#[test]
fn every_asset_is_served_for_ever_under_the_hash_of_them_all() {
    for asset in ASSETS {
        assert!(!asset.bytes.is_empty(), "{}", asset.name);
        let address = url(asset.name);
        let response =
            respond(address.strip_prefix("/assets/").expect("assets have a folder"), None);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CONTENT_TYPE], asset.content_type);
        assert_eq!(response.headers()[ETAG], asset.etag());
        assert!(response.headers()[CACHE_CONTROL].to_str().expect("text").contains("immutable"));
    }
}

#[test]
fn a_bare_or_old_address_is_asked_about_each_time() {
    for address in ["app.js", "0000000000000000/app.js"] {
        let response = respond(address, None);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache");
    }
}

#[test]
fn a_known_asset_is_not_sent_again() {
    let etag = ASSETS[0].etag();
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        assert_eq!(
            respond(ASSETS[0].name, Some(&known)).status(),
            StatusCode::NOT_MODIFIED,
            "{known}"
        );
    }
    assert_eq!(respond(ASSETS[0].name, Some("\"other\"")).status(), StatusCode::OK);
}

#[test]
fn no_path_leads_out_of_the_table() {
    for path in
        ["", "/", "../Cargo.toml", "%2e%2e/Cargo.toml", "x/../app.js", "app.js/", "APP.JS", "\0"]
    {
        assert_eq!(respond(path, None).status(), StatusCode::NOT_FOUND, "{path:?}");
    }
}

#[test]
fn modules_load_only_each_other() {
    for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
        let text = std::str::from_utf8(asset.bytes).expect("modules are text");
        for from in text.lines().filter(|line| line.starts_with("import ")) {
            let name = from
                .split('"')
                .nth(1)
                .and_then(|path| path.strip_prefix("./"))
                .expect("a relative import");
            assert!(ASSETS.iter().any(|other| other.name == name), "{}: {from}", asset.name);
        }
        assert!(
            !text.contains("eval(") && !text.contains("http://") && !text.contains("https://"),
            "{}",
            asset.name
        );
    }
}
