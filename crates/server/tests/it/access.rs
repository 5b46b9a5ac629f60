//! Who may do what: every operation of the document by every way of showing a key, and by none.

use axum::body::Body;
use axum::http::{Method, Request, header};
use segue_core::{ListenerId, Timestamp};
use segue_server::{Scope, openapi};
use serde_json::{Value, json};

use crate::world::{World, logged, request, track_id};

/// What only a key of scope `admin` may do.
const ADMIN: [(&str, &str); 6] = [
    ("delete", "/v1/listeners/{listener}"),
    ("post", "/v1/models/{version}/activate"),
    ("post", "/v1/models/rollback"),
    ("post", "/v1/models/train"),
    ("delete", "/v1/world"),
    ("put", "/v1/tracks/{track}/overrides"),
];

struct Operation {
    method: Method,
    path: String,
    needs: Scope,
}

/// Everything that the document has, and what is behind keys beside it.
fn operations() -> Vec<Operation> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut operations = vec![get("/v1/openapi.json"), get("/metrics"), get("/nowhere")];
    for (path, methods) in document["paths"].as_object().unwrap() {
        for name in methods.as_object().unwrap().keys() {
            let method: Method = name.to_uppercase().parse().unwrap();
            let needs = match &method {
                _ if ADMIN.contains(&(name, path)) => Scope::Admin,
                &Method::GET => Scope::Read,
                _ => Scope::Write,
            };
            operations.push(Operation { method, path: filled(path), needs });
        }
    }
    let admin = operations.iter().filter(|operation| operation.needs == Scope::Admin).count();
    assert_eq!(admin, ADMIN.len(), "the document has lost one");
    assert!(operations.len() > 30);
    operations
}

fn get(path: &str) -> Operation {
    Operation { method: Method::GET, path: path.to_owned(), needs: Scope::Read }
}

/// A path with something for each of its parameters. What is changed by such requests is made up,
/// so that nothing is.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[derive(Clone, Copy, Debug)]
enum Way {
    Bearer,
    Header,
    Cookie,
}

fn with_key(operation: &Operation, way: Way, key: &str) -> Request<Body> {
    let body = (operation.method == Method::POST).then_some(&Value::Null);
    let mut request = request(operation.method.clone(), &operation.path, body);
    let (name, value) = match way {
        Way::Bearer => (header::AUTHORIZATION.as_str(), format!("Bearer {key}")),
        Way::Header => ("x-api-key", key.to_owned()),
        Way::Cookie => (header::COOKIE.as_str(), format!("other=1; segue_session={key}")),
    };
    request
        .headers_mut()
        .insert(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
    request
}

/// Logs in and returns the token.
pub(crate) async fn session(world: &World, key: &str) -> String {
    let form = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
    let reply = world.send(form.body(format!("key={key}").into()).unwrap()).await;
    assert_eq!(reply.status.as_u16(), 303, "{}", reply.text());
    let cookie = reply.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    cookie.split(['=', ';']).nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn every_operation_asks_for_the_scope_that_it_needs() {
    let (world, keys) = World::with_keys(|_| {}).await;
    let scopes = [Scope::Read, Scope::Write, Scope::Admin];
    let mut tried = 0;
    for operation in &operations() {
        let none = world.send(request(operation.method.clone(), &operation.path, None)).await;
        assert_eq!(
            none.error(),
            (401, "key_required".to_owned()),
            "{} {}",
            operation.method,
            operation.path
        );
        for way in [Way::Bearer, Way::Header, Way::Cookie] {
            for (key, scope) in keys.iter().zip(scopes) {
                let shown =
                    if let Way::Cookie = way { session(&world, key).await } else { key.clone() };
                let reply = world.send(with_key(operation, way, &shown)).await;
                let what = format!(
                    "{} {} with {scope} by {way:?}: {}",
                    operation.method,
                    operation.path,
                    reply.text()
                );
                if scope >= operation.needs {
                    assert!(![401, 403].contains(&reply.status.as_u16()), "{what}");
                } else {
                    assert_eq!(reply.error(), (403, "scope_too_small".to_owned()), "{what}");
                }
                assert!(reply.status.as_u16() < 500, "{what}");
                tried += 1;
            }
        }
    }
    assert!(tried > 260, "{tried}");
}

#[tokio::test]
async fn a_key_for_a_listener_opens_what_concerns_them_and_nothing_else() {
    let (world, [ann, _]) = World::with_tokens(["1", "ada"]).await;
    let mut opened = Vec::new();
    let elsewhere = [
        (Method::GET, "/"),
        (Method::GET, "/taste"),
        (Method::GET, "/import"),
        (Method::POST, "/import"),
        (Method::POST, "/listeners/1/feedback"),
        (Method::POST, "/listeners/1/forget"),
        (Method::GET, "/api/users"),
        (Method::POST, "/api/feedback"),
        (Method::GET, "/api/recommend/1"),
        (Method::GET, "/rest/getSimilarSongs2"),
        (Method::GET, "/v1/listeners/ada"),
        (Method::GET, "/v1/listeners/ada/listens"),
        (Method::GET, "/v1/listeners/ada%2f..%2f1/listens"),
        (Method::POST, "/v1/listeners/ada/listens"),
        (Method::POST, "/v1/listeners/1/listens/../../ada/listens"),
    ];
    let elsewhere = elsewhere.into_iter().map(|(method, path)| Operation {
        method,
        path: path.to_owned(),
        needs: Scope::Write,
    });
    for operation in operations().into_iter().chain(elsewhere) {
        for way in [Way::Bearer, Way::Header] {
            let reply = world.send(with_key(&operation, way, &ann)).await;
            let is_open = reply.status.as_u16() != 403;
            if is_open && operation.path.starts_with("/rest/") {
                assert!(reply.text().contains("code=\"50\""), "{}", reply.text());
            } else if is_open {
                opened.push(format!("{} {}", operation.method, operation.path));
            }
        }
    }
    opened.sort();
    opened.dedup();
    let expected = [
        "DELETE /v1/imports/1",
        "GET /v1/imports",
        "GET /v1/imports/1",
        "GET /v1/listeners/1",
        "GET /v1/listeners/1/exclusions",
        "GET /v1/listeners/1/explanation",
        "GET /v1/listeners/1/export",
        "GET /v1/listeners/1/feedback",
        "GET /v1/listeners/1/history",
        "GET /v1/listeners/1/history/1",
        "GET /v1/listeners/1/listens",
        "GET /v1/listeners/1/lists",
        "GET /v1/listeners/1/lists/1",
        "GET /v1/listeners/1/mix/preview",
        "GET /v1/listeners/1/taste",
        "POST /v1/imports",
        "POST /v1/imports/1/start",
        "POST /v1/listeners/1/feedback",
        "POST /v1/listeners/1/listens",
    ];
    assert_eq!(opened, expected);
}

#[tokio::test]
async fn an_extension_of_a_browser_may_scrobble_with_a_key_and_not_without_keys() {
    let (closed, [ann]) = World::with_tokens(["ann"]).await;
    let open = World::new().await;
    let path = "/1/submit-listens";
    let token = format!("Token {ann}");
    for origin in ["moz-extension://2c1d", "https://evil.example"] {
        let headers = [("host", "localhost:8080"), ("origin", origin)];
        let with_key = [&headers[..], &[("authorization", token.as_str())]].concat();
        let reply = closed.send(from_page(Method::POST, path, &with_key)).await;
        assert_eq!(reply.status.as_u16(), 400, "it is let in: {}", reply.text());
        assert_eq!(closed.send(from_page(Method::POST, path, &headers)).await.status.as_u16(), 403);
        let named = [&headers[..], &[("authorization", "Token ada")]].concat();
        assert_eq!(open.send(from_page(Method::POST, path, &named)).await.status.as_u16(), 403);
        let elsewhere = from_page(Method::POST, "/v1/listeners/ann/listens", &with_key);
        assert_eq!(closed.send(elsewhere).await.status.as_u16(), 403, "nowhere else");
    }
}

#[tokio::test]
async fn a_wrong_or_revoked_key_opens_nothing() {
    let (world, keys) = World::with_keys(|_| {}).await;
    let revoked = world.add_key("old", Scope::Admin);
    let token = session(&world, &keys[2]).await;
    world.store().revoke_key("old", Timestamp::now()).unwrap();
    let wrong = "segue_0000000000000000000000000000000000000000000000000000000000000000";
    let (start, last) = keys[2].split_at(keys[2].len() - 1);
    let almost = format!("{start}{}", if last == "0" { "1" } else { "0" });
    for operation in &operations() {
        for key in
            [wrong, &revoked, &almost, "x", &keys[2].to_uppercase(), &format!("{} ", keys[0])[..20]]
        {
            for way in [Way::Bearer, Way::Header] {
                let reply = world.send(with_key(operation, way, key)).await;
                assert_eq!(
                    reply.error(),
                    (401, "unknown_key".to_owned()),
                    "{way:?} {}",
                    operation.path
                );
                assert!(
                    !reply.text().contains(key) || key == "x",
                    "the answer must not repeat the key"
                );
            }
            let reply = world.send(with_key(operation, Way::Cookie, key)).await;
            assert_eq!(reply.error(), (401, "key_required".to_owned()), "{}", operation.path);
        }
    }
    assert_eq!(
        world.send(with_key(&get("/v1/models"), Way::Cookie, &token)).await.status.as_u16(),
        200
    );
}

#[tokio::test]
async fn revoking_a_key_ends_its_sessions_and_logging_out_ends_one() {
    let (world, keys) = World::with_keys(|_| {}).await;
    let (one, two) = (session(&world, &keys[1]).await, session(&world, &keys[1]).await);
    let log_out = Request::post("/logout").header("cookie", format!("segue_session={one}"));
    world.send(log_out.body(Body::empty()).unwrap()).await;
    let looks = async |token: &str| {
        world.send(with_key(&get("/v1/models"), Way::Cookie, token)).await.status.as_u16()
    };
    assert_eq!((looks(&one).await, looks(&two).await), (401, 200));
    world.store().revoke_key("writer", Timestamp::now()).unwrap();
    let socket = crate::world::Socket::of(&world.app).await;
    let mut tries = 0;
    while looks(&two).await != 401 {
        tries += 1;
        assert!(tries < 200, "the server never noticed");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    socket.stopped().await;
}

#[tokio::test]
async fn without_keys_everything_is_open_to_this_machine() {
    let world = World::new().await;
    for operation in &operations() {
        let body = (operation.method == Method::POST).then_some(&Value::Null);
        let reply = world.send(request(operation.method.clone(), &operation.path, body)).await;
        assert!(
            ![401, 403].contains(&reply.status.as_u16()),
            "{} {}",
            operation.method,
            operation.path
        );
        // A gorse client that was given no key sends an empty one.
        let reply = world.send(with_key(operation, Way::Header, "")).await;
        assert!(
            ![401, 403].contains(&reply.status.as_u16()),
            "{} {}",
            operation.method,
            operation.path
        );
    }
}

#[tokio::test]
async fn what_is_open_to_everybody_needs_no_key() {
    let (world, _) = World::with_keys(|_| {}).await;
    for path in ["/healthz", "/readyz", "/login"] {
        assert_eq!(world.get(path).await.status.as_u16(), 200, "{path}");
    }
}

fn from_page(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = request(method, path, Some(&json!({"length": 1})));
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    request
}

#[tokio::test]
async fn a_name_that_was_pointed_here_is_not_answered_without_keys() {
    let path = "/v1/listeners";
    let (open, (closed, keys)) = (World::new().await, World::with_keys(|_| {}).await);
    for host in [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "10.0.0.7",
        "0.0.0.0",
        "",
        "[::1",
    ] {
        let reply = open.send(from_page(Method::GET, path, &[("host", host)])).await;
        assert_eq!(reply.error(), (421, "wrong_host".to_owned()), "{host:?}");
    }
    let mut raw = from_page(Method::GET, path, &[("host", "localhost")]);
    raw.headers_mut().append("host", "evil.example".parse().unwrap());
    assert_eq!(open.send(raw).await.status.as_u16(), 421, "every Host has to be ours");
    let mut raw = from_page(Method::GET, path, &[]);
    raw.headers_mut().insert("host", header::HeaderValue::from_bytes(b"ev\xefl.example").unwrap());
    assert_eq!(open.send(raw).await.status.as_u16(), 421, "one that is no text is not ours");
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        assert_eq!(
            open.send(from_page(Method::GET, path, &[("host", host)])).await.status.as_u16(),
            200,
            "{host}"
        );
    }
    let named = [("host", "music.example"), ("x-api-key", keys[0].as_str())];
    assert_eq!(closed.send(from_page(Method::GET, path, &named)).await.status.as_u16(), 200);
}

#[tokio::test]
async fn what_a_proxy_sends_on_is_not_answered_without_keys() {
    let (open, (closed, keys)) = (World::new().await, World::with_keys(|_| {}).await);
    let bare = Request::get("/v1/listeners").body(Body::empty()).unwrap();
    assert_eq!(open.send_as_it_is(bare).await.error(), (421, "wrong_host".to_owned()), "no Host");
    for name in [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-real-ip",
        "forwarded",
        "via",
    ] {
        // A proxy names the server that it speaks to, unless told otherwise.
        let headers = [("host", "127.0.0.1:8080"), (name, "203.0.113.9")];
        for (method, path) in [(Method::GET, "/v1/listeners"), (Method::POST, "/login")] {
            let reply = open.send(from_page(method, path, &headers)).await;
            assert_eq!(reply.error(), (421, "forwarded".to_owned()), "{name} {path}");
        }
        let known = [headers[0], headers[1], ("x-api-key", keys[0].as_str())];
        let reply = closed.send(from_page(Method::GET, "/v1/listeners", &known)).await;
        assert_eq!(reply.status.as_u16(), 200, "{name}");
    }
}

#[tokio::test]
async fn revoking_the_last_key_opens_nothing_even_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    crate::world::add_key(folder.path(), "only", Scope::Admin);
    segue_store::Store::open(folder.path()).unwrap().revoke_key("only", Timestamp::now()).unwrap();
    let world = World::on(folder, |_| {}).await;
    let reply = world.get("/v1/listeners").await;
    assert_eq!(reply.error(), (401, "key_required".to_owned()));
}

#[tokio::test]
async fn a_key_is_taken_in_any_spelling_of_its_scheme_and_in_no_address_but_opensubsonics() {
    let (world, keys) = World::with_keys(|_| {}).await;
    for scheme in ["Bearer", "bearer", "BEARER", "Token", "token"] {
        let shown = format!("{scheme} {}", keys[0]);
        let reply =
            world.send(from_page(Method::GET, "/v1/models", &[("authorization", &shown)])).await;
        assert_eq!(reply.status.as_u16(), 200, "{scheme}");
    }
    for path in ["/v1/models", "/api/items", "/"] {
        let reply = world.get(&format!("{path}?apiKey={}", keys[2])).await;
        assert_eq!(reply.status.as_u16(), 401, "{path}");
    }
    let reply = world.get(&format!("/rest/ping?f=json&apiKey={}", keys[0])).await;
    assert!(reply.text().contains("\"ok\""), "{}", reply.text());
}

#[tokio::test]
async fn cookies_are_kept_to_tls_where_the_browser_uses_it() {
    let (world, keys) = World::with_keys(|_| {}).await;
    for (origin, is_secure) in [("https://music.example", true), ("http://music.example", false)] {
        let form = Request::post("/login")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("host", "music.example")
            .header("origin", origin);
        let reply = world.send(form.body(format!("key={}", keys[0]).into()).unwrap()).await;
        let cookie = reply.headers[header::SET_COOKIE].to_str().unwrap();
        assert_eq!(cookie.ends_with("; Secure"), is_secure, "{origin}: {cookie}");
    }
}

#[tokio::test]
async fn only_what_was_asked_for_on_purpose_is_logged_as_shown() {
    let (open, (closed, keys)) = (World::new().await, World::with_keys(|_| {}).await);
    let shown = |world: &World| world.store().status().unwrap().impressions;
    let ours = ("host", "localhost:8080");
    for path in ["/", "/mix", "/fragments/mix"] {
        for foreign in [
            vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
            vec![("sec-fetch-site", "same-site")],
            vec![("sec-fetch-site", "none"), ("sec-purpose", "prefetch")],
            vec![("purpose", "prefetch")],
            vec![("referer", "http://evil.example/page")],
        ] {
            let headers = [vec![ours], foreign].concat();
            let reply = open.send(from_page(Method::GET, path, &headers)).await;
            assert_eq!(reply.status.as_u16(), 200, "{path} {headers:?}");
            assert_eq!(shown(&open), 0, "{path} {headers:?}");
        }
        let reader = [ours, ("x-api-key", keys[0].as_str())];
        assert_eq!(closed.send(from_page(Method::GET, path, &reader)).await.status.as_u16(), 200);
        assert_eq!(shown(&closed), 0, "a key to read writes nothing: {path}");
    }
    let followed = [ours, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
    for path in ["/api/recommend/ada", "/"] {
        let framed = [&followed[..], &[("sec-fetch-dest", "iframe")]].concat();
        let reply = open.send(from_page(Method::GET, path, &framed)).await;
        assert_eq!(reply.status.as_u16(), 403, "a frame of {path}");
    }
    let reply = open.send(from_page(Method::GET, "/api/recommend/ada", &followed)).await;
    assert_eq!(reply.status.as_u16(), 403, "{}", reply.text());
    assert_eq!(shown(&open), 0);
    let typed = [ours, ("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate")];
    open.send(from_page(Method::GET, "/", &typed)).await;
    assert!(shown(&open) > 0, "who types the address sees what is shown");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing() {
    let (open, (closed, keys)) = (World::new().await, World::with_keys(|_| {}).await);
    let token = session(&closed, &keys[2]).await;
    let cookie = format!("segue_session={token}");
    let path = "/v1/listeners/ada/mixes";
    for world in [&open, &closed] {
        for foreign in [
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
            vec![("origin", "http://localhost:9999")],
            vec![("origin", "localhost:8080")],
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site"), ("origin", "http://localhost:8080")],
        ] {
            let mut headers = vec![("host", "localhost:8080"), ("cookie", cookie.as_str())];
            headers.extend(foreign);
            let reply = world.send(from_page(Method::POST, path, &headers)).await;
            assert_eq!(reply.error(), (403, "cross_origin".to_owned()), "{headers:?}");
            // A foreign page may link here, and show nothing from here.
            let is_told = headers.contains(&("sec-fetch-site", "cross-site"));
            let looked =
                world.send(from_page(Method::GET, "/v1/models", &headers)).await.status.as_u16();
            assert_eq!(looked, if is_told { 403 } else { 200 });
            headers.push(("sec-fetch-mode", "navigate"));
            assert_eq!(
                world.send(from_page(Method::GET, "/v1/models", &headers)).await.status.as_u16(),
                200
            );
        }
        for ours in [
            vec![("origin", "http://localhost:8080")],
            vec![("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8080")],
            vec![("sec-fetch-site", "none")],
            vec![],
        ] {
            let mut headers = vec![("host", "localhost:8080"), ("cookie", cookie.as_str())];
            headers.extend(ours);
            assert_eq!(
                world.send(from_page(Method::POST, path, &headers)).await.status.as_u16(),
                201,
                "{headers:?}"
            );
        }
    }
    let mut unreadable = from_page(Method::POST, path, &[("host", "localhost:8080")]);
    unreadable
        .headers_mut()
        .insert("origin", header::HeaderValue::from_bytes(b"http://\xff").unwrap());
    assert_eq!(open.send(unreadable).await.status.as_u16(), 403);
}

#[tokio::test]
async fn neither_keys_nor_names_of_listeners_are_in_the_log() {
    let (world, keys) = World::with_keys(|_| {}).await;
    let token = session(&world, &keys[0]).await;
    let wrong = format!("segue_{}", "e".repeat(64));
    for operation in &operations() {
        for way in [Way::Bearer, Way::Header] {
            for key in [&keys[0], &keys[2], &wrong] {
                world.send(with_key(operation, way, key)).await;
            }
        }
        world.send(with_key(operation, Way::Cookie, &token)).await;
    }
    let secret = "/v1/listeners/a-private-person/mixes";
    let key = keys[2].as_str();
    world
        .send(from_page(Method::POST, secret, &[("x-api-key", key), ("x-request-id", "req-77")]))
        .await;
    let text = logged();
    assert!(
        text.contains("answered") && text.contains("req-77"),
        "every request is in the log under its id"
    );
    for hidden in
        [&keys[0], &keys[1], &keys[2], &wrong, &token, "a-private-person"].map(String::from)
    {
        assert!(!text.contains(hidden.as_str()), "{hidden} is in the log");
    }
}

/// A request as a browser sends it that came in with a key, and that says to be somebody else.
pub(crate) fn by_browser(session: &str, method: Method, path: &str, fields: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path);
    let request = request
        .header(header::COOKIE, format!("segue_session={session}; segue_listener=bob"))
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    request.body(Body::from(fields.to_owned())).unwrap()
}

#[tokio::test]
async fn who_comes_in_as_one_listener_sees_and_changes_nothing_of_others() {
    let (world, [ada, _, keeper]) = World::household().await;
    let keeper = session(&world, &keeper).await;
    let session = session(&world, &ada).await;
    let asked = with_body(&keeper, "/v1/listeners/bob/mixes", &json!({"length": 3}));
    let theirs = world.send(asked).await.ok()["id"].clone();
    let send = |method, path: &str, fields: &str| {
        let request = by_browser(&session, method, path, fields);
        async { world.send(request).await }
    };
    let track = track_id(0, 0);
    let pages = [
        "/".to_owned(),
        "/mix?length=5".to_owned(),
        "/search?q=Song".to_owned(),
        "/lists".to_owned(),
        "/history".to_owned(),
        "/history?period=all".to_owned(),
        "/history/plays".to_owned(),
        "/taste".to_owned(),
        "/import".to_owned(),
        "/fragments/mix".to_owned(),
        format!("/tracks/{track}"),
        "/artists/Artist%2003".to_owned(),
        "/v1/listeners/ada/history/picture.svg".to_owned(),
    ];
    for page in &pages {
        let reply = send(Method::GET, page, "").await;
        let text = reply.text();
        assert_eq!(reply.status.as_u16(), 200, "{page}: {text}");
        assert!(!text.contains("bob") && !text.contains("Switch"), "{page}: {text}");
        assert!(!text.contains("href=\"/model") && !text.contains("go to Model"), "{page}");
    }
    let closed = [
        (Method::GET, "/model"),
        (Method::GET, "/docs"),
        (Method::GET, "/metrics"),
        (Method::GET, "/v1/listeners"),
        (Method::GET, "/v1/listeners/bob"),
        (Method::GET, "/v1/listeners/bob/history"),
        (Method::GET, "/v1/listeners/ada%2f..%2fbob/listens"),
        (Method::GET, "/v1/models"),
        (Method::GET, "/api/users"),
        (Method::POST, "/models/train"),
        (Method::POST, "/world/drop"),
        (Method::POST, "/v1/events"),
        (Method::POST, "/listeners/bob/feedback"),
        (Method::POST, "/listeners/bob/time-zone"),
        (Method::POST, "/listeners/ada/forget"),
        (Method::DELETE, "/v1/listeners/ada"),
        (Method::PATCH, "/v1/listeners/bob"),
    ];
    for (method, path) in closed {
        let reply = send(method.clone(), path, "confirm=ada").await;
        assert_eq!(reply.status.as_u16(), 403, "{method} {path}");
        assert!(!reply.text().contains("bob") || path.contains("bob"), "{method} {path}");
    }
    let reply = send(Method::GET, &format!("/v1/mixes/{theirs}"), "").await;
    assert_eq!(reply.status.as_u16(), 404, "a mix of bob's");
    for (path, fields) in [
        ("/listeners/ada/feedback", format!("kind=like&track={track}&back=/")),
        ("/listeners/ada/time-zone", "time_zone=Asia/Tokyo&back=/".to_owned()),
        ("/listeners/ada/exclusions", "kind=artist&value=Artist 03&back=/".to_owned()),
    ] {
        assert_eq!(send(Method::POST, path, &fields).await.status.as_u16(), 303, "{path}");
    }
    let mix =
        world.send(with_body(&session, "/v1/listeners/ada/mixes", &json!({"length": 3}))).await;
    let own = format!("/v1/mixes/{}/playlist?format=m3u8", mix.ok()["id"]);
    assert_eq!(send(Method::GET, &own, "").await.status.as_u16(), 200);
}

fn with_body(session: &str, path: &str, body: &Value) -> Request<Body> {
    let mut request = request(Method::POST, path, Some(body));
    let cookie = format!("segue_session={session}").parse().unwrap();
    request.headers_mut().insert(header::COOKIE, cookie);
    request
}

#[tokio::test]
async fn a_kiosk_shows_and_teaches_nothing() {
    let (world, [_, hall, _]) = World::household().await;
    let session = session(&world, &hall).await;
    let before = world.store().impressions(&ListenerId::new("ada"), 99).unwrap().len();
    for page in ["/", "/mix", "/lists", "/history", "/taste"] {
        let reply = world.send(by_browser(&session, Method::GET, page, "")).await;
        assert_eq!(reply.status.as_u16(), 200, "{page}");
        let text = reply.text();
        assert!(text.contains("data-only-looks") && !text.contains("href=\"/import"), "{page}");
        assert!(!text.contains("go to Import") && !text.contains("never this artist"), "{page}");
    }
    let import = world.send(by_browser(&session, Method::GET, "/import", "")).await.text();
    assert!(!import.contains("type=\"file\""), "{import}");
    for path in [
        "/listeners/ada/feedback",
        "/v1/listeners/ada/listens",
        "/v1/imports",
        "/import",
        "/1/submit-listens",
    ] {
        let reply = world.send(by_browser(&session, Method::POST, path, "kind=like")).await;
        assert_eq!(reply.status.as_u16(), 403, "{path}");
    }
    assert_eq!(world.store().impressions(&ListenerId::new("ada"), 99).unwrap().len(), before);

    // By the doors that have keys of their own.
    let login = format!("method=auth.getMobileSession&username=ada&password={hall}&format=json");
    let reply = world.send(by_browser("", Method::POST, "/2.0/", &login)).await;
    assert!(reply.text().contains("\"error\""), "{}", reply.text());
    let now = Timestamp::now().as_second();
    let proof = md5::compute(format!("{:x}{now}", md5::compute(&hall)));
    let hello = format!("/audioscrobbler/?hs=true&p=1.2&u=ada&t={now}&a={proof:x}&c=t&v=1");
    let reply = world.send(request(Method::GET, &hello, None)).await;
    assert!(reply.text().starts_with("BADAUTH"), "{}", reply.text());
}

#[tokio::test]
async fn a_list_is_opened_by_whoever_may_write_and_by_no_other_question() {
    let (world, [ada, hall, keeper]) = World::household().await;
    let keeper = session(&world, &keeper).await;
    let refresh = with_body(&keeper, "/v1/listeners/ada/lists/refresh", &json!({}));
    let lists = world.send(refresh).await.ok();
    let list = lists["lists"].as_array().unwrap().iter().find(|list| list["kind"] == "today");
    let path = format!("/v1/listeners/ada/lists/{}", list.unwrap()["list"]["id"]);
    let ask = async |key: &str, method: Method| {
        let mut request = request(method, &path, None);
        request.headers_mut().insert("x-api-key", key.parse().unwrap());
        assert_eq!(world.send(request).await.status.as_u16(), 200);
        let lists = world.store().lists(&ListenerId::new("ada")).unwrap();
        lists.iter().any(|list| list.is_opened)
    };
    assert!(!ask(&hall, Method::GET).await && !ask(&ada, Method::HEAD).await);
    assert!(ask(&ada, Method::GET).await);
}

#[tokio::test]
async fn whoever_runs_it_invites_by_a_link_that_opens_the_pages_of_one() {
    let (world, [ada, _, keeper]) = World::household().await;
    let keeper = session(&world, &keeper).await;
    let send = async |session: &str, method, path: &str, fields: &str| {
        world.send(by_browser(session, method, path, fields)).await
    };
    let as_ada = session(&world, &ada).await;
    for (method, path) in [(Method::GET, "/people"), (Method::POST, "/people/invite")] {
        let reply = send(&as_ada, method, path, "listener=ada").await;
        assert_eq!(reply.status.as_u16(), 403, "{path}");
    }
    let asks = async |session: &str| {
        let page = send(session, Method::GET, "/history", "").await.text();
        let asks = page.contains("data-asks-time-zone");
        assert_eq!(page.contains("data-asks-date-language"), asks, "both or neither");
        asks
    };
    assert!(asks(&as_ada).await, "her browser knows where she is");
    assert!(!asks(&keeper).await, "nobody else's does");
    world.store().set_time_zone(&ListenerId::new("ada"), Some("Asia/Tokyo")).unwrap();
    world.store().set_date_language(&ListenerId::new("ada"), Some("ja")).unwrap();
    assert!(!asks(&as_ada).await, "she has said it");
    let page = send(&keeper, Method::GET, "/people", "").await.text();
    assert!(page.contains("bob") && !page.contains("/join/segue_"), "{page}");
    for who in ["tom", "tom"] {
        let page = send(&keeper, Method::POST, "/people/invite", &format!("listener={who}")).await;
        let link =
            page.text().split("/join/").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let tom = session(&world, &link).await;
        let home = send(&tom, Method::GET, "/", "").await;
        let text = home.text();
        assert_eq!(home.status.as_u16(), 200, "{text}");
        assert!(text.contains("data-listener=\"tom\"") && !text.contains("bob"), "{text}");
    }
    assert!(!logged().contains("/join/segue_"));
    let open = World::new().await;
    let form = Request::post("/people/invite")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let reply = open.send(form.body(Body::from("listener=tom")).unwrap()).await;
    assert_eq!(reply.error(), (409, "no_admin_key".to_owned()), "nobody locks themselves out");
}

#[tokio::test]
async fn an_invitation_lets_nobody_in_before_it_is_taken() {
    let (world, [ada]) = World::with_tokens(["ada"]).await;
    let link = format!("/join/{ada}");
    let reply = world.send(request(Method::GET, &link, None)).await;
    assert_eq!((reply.status.as_u16(), reply.headers.get("set-cookie")), (200, None));
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert!(reply.text().contains("You are invited") && !logged().contains(&ada));
    let wrong = world.send(request(Method::GET, "/join/wrong", None)).await;
    assert_eq!(wrong.status.as_u16(), 200, "it tells nobody which keys there are");
}
