//! What the page loads besides itself: one style sheet, a few modules and an icon, compiled in.
//!
//! Their folder is named after the hash of everything in it, `/assets/{hash}/app.js`, so a browser
//! may keep them for ever and modules import each other by relative names. The bare name,
//! `/assets/app.js`, works too and is revalidated by ETag.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// One file of the page, such as a style or a script, which is built into the binary.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its name under `/assets/…/`, with the ending; no two assets share one.
    pub name: &'static str,
    /// Its media type as the `content-type` header has it, with the character set for text.
    pub content_type: &'static str,
    /// Its content as it was when the binary was built; nothing is read from disk.
    pub bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal: $content_type:expr),* $(,)?) => {
        &[$(Asset {
            name: $name,
            content_type: $content_type,
            bytes: include_bytes!(concat!("../../assets/", $name)),
        }),*]
    };
}

const STYLE: &str = "text/css; charset=utf-8";
const MODULE: &str = "text/javascript; charset=utf-8";

/// All of them.
pub const ASSETS: &[Asset] = assets! {
    "segue.css": STYLE,
    "app.js": MODULE,
    "api.js": MODULE,
    "cards.js": MODULE,
    "dial.js": MODULE,
    "import.js": MODULE,
    "keys.js": MODULE,
    "player.js": MODULE,
    "toast.js": MODULE,
    "zone.js": MODULE,
    "icon.svg": "image/svg+xml",
};

static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = blake3::Hasher::new();
    for asset in ASSETS {
        hasher.update(asset.name.as_bytes()).update(asset.bytes);
    }
    hasher.finalize().to_hex()[..16].to_owned()
});

impl Asset {
    /// Its ETag, quotes included: the hash of its content.
    pub fn etag(&self) -> String {
        format!("\"{}\"", &blake3::hash(self.bytes).to_hex()[..32])
    }
}

/// The address of an asset under the hash of all of them.
pub fn url(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// Answers `GET /assets/{path}`; `if_none_match` is the header of that name.
pub fn respond(path: &str, if_none_match: Option<&str>) -> Response {
    let (versioned, name) = match path.split_once('/') {
        Some((version, name)) => (version == *VERSION, name),
        None => (false, path),
    };
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == name) else {
        return with_status(StatusCode::NOT_FOUND, Body::from("no such asset"));
    };
    let etag = asset.etag();
    let fresh = if_none_match.is_some_and(|known| is_among(known, &etag));
    let mut response = match fresh {
        true => with_status(StatusCode::NOT_MODIFIED, Body::empty()),
        false => with_status(StatusCode::OK, Body::from(asset.bytes)),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    headers.insert(ETAG, HeaderValue::from_str(&etag).expect("a quoted hash is a header value"));
    let keep = if versioned { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    response
}

/// Whether a tag is among those of an `If-None-Match`, by weak comparison (RFC 9110, section
/// 13.1.2): a proxy that compresses makes our tag a weak one.
pub(crate) fn is_among(if_none_match: &str, etag: &str) -> bool {
    let mut known = if_none_match.split(',').map(str::trim);
    known.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

fn with_status(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}
