//! Keeps web pages of others away from a server on the loopback, which any browser on this machine
//! can reach.
//!
//! A page elsewhere can send requests here, though not read the answers, unless its name is made to
//! point to 127.0.0.1 (DNS rebinding). So without keys the `Host` must be a name of the loopback,
//! and nothing may say that a proxy sent the request on: what stands before the loopback would let
//! everybody in. And whatever changes something must come from a page of ours, or from no page at
//! all, as `Sec-Fetch-Site` and `Origin` tell.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::{Guard, in_authorization};
use crate::error::{ApiError, ApiResult};

/// Refuses what pages of other sites send.
pub(crate) async fn same_origin(
    State(guard): State<Guard>,
    request: Request,
    next: Next,
) -> ApiResult<Response> {
    let headers = request.headers();
    if !guard.keys.is_required() {
        keep_to_this_machine(headers)?;
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    // Clients of ListenBrainz run in browsers as extensions, whose origin is their own. A key in
    // `Authorization` is what no browser adds by itself, and no session writes there.
    let shows_key = guard.keys.is_required()
        && request.uri().path().starts_with("/1/")
        && in_authorization(headers).is_some();
    if shows_key {
        return Ok(next.run(request).await);
    }
    if !is_safe && !is_ours(headers, text(headers, header::HOST.as_str())) {
        let message = "pages of other sites may not change anything here";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "cross_origin", message));
    }
    if text(headers, "sec-fetch-site") == Some("cross-site") && !is_followed_link(headers) {
        // An image or a frame of another page shows nothing from here.
        let message = "pages of other sites may link here and no more";
        return Err(ApiError::new(StatusCode::FORBIDDEN, "cross_origin", message));
    }
    Ok(next.run(request).await)
}

/// Refuses what did not come straight from a program of this machine, as far as a request tells.
fn keep_to_this_machine(headers: &HeaderMap) -> ApiResult<()> {
    /// What proxies add, each by a custom of its own.
    const FORWARDED: [&str; 7] = [
        "forwarded",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-real-ip",
    ];
    let refused = |code, message| ApiError::new(StatusCode::MISDIRECTED_REQUEST, code, message);
    let hosts: Vec<_> = headers.get_all(header::HOST).iter().collect();
    if hosts.is_empty() || !hosts.iter().all(|host| host.to_str().is_ok_and(is_loopback)) {
        let message = "this server answers under names of the loopback only";
        return Err(refused("wrong_host", message).hint(
            "use http://127.0.0.1 or http://localhost; a server with keys answers under any name",
        ));
    }
    if FORWARDED.iter().any(|name| headers.contains_key(*name)) {
        let message = "a proxy sent this on, and without keys only this machine is served";
        return Err(refused("forwarded", message).hint(
            "`segue keys add NAME --scope admin` makes a key; with one, proxies are welcome",
        ));
    }
    Ok(())
}

/// Whether a browser's user went here from another page, which then is no longer there.
fn is_followed_link(headers: &HeaderMap) -> bool {
    text(headers, "sec-fetch-mode") == Some("navigate")
        && text(headers, "sec-fetch-dest").is_none_or(|into| into == "document")
}

/// Whether somebody asked for this on purpose, so that what is shown was seen: a page of ours, a
/// person who typed the address, or a program. Not a page of another site, by a link or by an
/// image, and not a browser that fetches what may be looked at later.
pub(crate) fn is_on_purpose(headers: &HeaderMap) -> bool {
    let is_early = ["sec-purpose", "purpose", "x-moz"]
        .iter()
        .any(|name| text(headers, name).is_some_and(|purpose| purpose.contains("prefetch")));
    let host = text(headers, header::HOST.as_str());
    let comes_from_here = match headers.get(header::REFERER).filter(|_| {
        !headers.contains_key("sec-fetch-site") && !headers.contains_key(header::ORIGIN)
    }) {
        Some(page) => page.to_str().is_ok_and(|page| authority_of(page) == host),
        None => is_ours(headers, host),
    };
    !is_early && comes_from_here
}

/// Whose page an address is.
fn authority_of(address: &str) -> Option<&str> {
    address.split_once("://")?.1.split(['/', '?', '#']).next()
}

fn is_ours(headers: &HeaderMap, host: Option<&str>) -> bool {
    match text(headers, "sec-fetch-site") {
        Some("same-origin" | "none") => return true,
        Some(_) => return false,
        None => {}
    }
    // Browsers send one or the other; programs send neither.
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let authority = origin.to_str().ok().and_then(|origin| Some(origin.split_once("://")?.1));
    authority.is_some() && authority == host
}

fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_names_of_the_loopback_are_answered_without_keys() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example:8080",
            "10.0.0.1",
            "",
            "127.0.0.1.evil.example",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_page_of_another_site_may_change_nothing_and_a_program_may() {
        let host = Some("127.0.0.1:8080");
        assert!(is_ours(&headers(&[]), host), "a program");
        assert!(is_ours(&headers(&[("origin", "http://127.0.0.1:8080")]), host));
        assert!(is_ours(&headers(&[("sec-fetch-site", "same-origin")]), host));
        assert!(!is_ours(&headers(&[("origin", "https://evil.example")]), host));
        assert!(!is_ours(&headers(&[("origin", "null")]), host), "a sandboxed frame");
        assert!(!is_ours(&headers(&[("sec-fetch-site", "cross-site")]), host));
        assert!(!is_ours(
            &headers(&[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:8080")]),
            host
        ));
    }
}
