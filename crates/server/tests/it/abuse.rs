//! A socket in bad hands: slow, huge, malformed, too many. The server answers with a status or
//! hangs up, and goes on serving.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{Method, Request};
use segue_server::Limits;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{Socket, World, answer, request};

const MIX: &str = "POST /v1/listeners/ada/mixes HTTP/1.1\r\nhost: localhost\r\ncontent-type: \
    application/json\r\n";

fn hasty(limits: &mut Limits) {
    limits.head_time = Duration::from_millis(300);
    limits.body_time = Duration::from_millis(300);
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

async fn is_well(world: &World, socket: &Socket) {
    assert_eq!(
        status(
            &socket
                .exchange(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
                .await
        ),
        "200"
    );
    world.mix("ada", &json!({"length": 3})).await;
}

#[tokio::test]
async fn a_client_that_dawdles_is_hung_up_on() {
    let world = World::with(|config| hasty(&mut config.limits)).await;
    let socket = Socket::of(&world.app).await;
    let slow_head = async {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        for byte in b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-a: aaaaaaaaaaaaaaaaaaaa" {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
        }
        answer(&mut stream).await
    };
    let slow_body = async {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        stream.write_all(format!("{MIX}content-length: 50\r\n\r\n{{").as_bytes()).await.unwrap();
        answer(&mut stream).await
    };
    let silent = async {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        answer(&mut stream).await
    };
    let begun = Instant::now();
    let (head, body, nothing) = tokio::join!(slow_head, slow_body, silent);
    assert!(head.is_empty() || status(&head) == "408", "{head}");
    assert_eq!(status(&body), "408", "{body}");
    assert!(body.contains("body_too_late"), "{body}");
    assert!(nothing.is_empty() || status(&nothing) == "408", "{nothing}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    is_well(&world, &socket).await;
    socket.stopped().await;
}

#[tokio::test]
async fn malformed_requests_are_refused_and_none_is_smuggled_behind_another() {
    let world = World::new().await;
    let socket = Socket::of(&world.app).await;
    let hidden = "DELETE /v1/listeners/ada HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let length = hidden.len();
    for (what, bytes) in [
        ("no request", b"\x00\x01\x02\x03\r\n\r\n".to_vec()),
        ("a handshake of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20)),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec()),
        ("a header without end", [b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'a'; 1 << 20]].concat()),
        (
            "a thousand headers",
            format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\n{}\r\n", "x: y\r\n".repeat(1_000))
                .into_bytes(),
        ),
        ("a null in the path", b"GET /v1/\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        ("no UTF-8 in the path", b"GET /v1/\xff HTTP/1.1\r\nhost: localhost\r\n\r\n".to_vec()),
        (
            "two lengths",
            format!("{MIX}content-length: 2\r\ncontent-length: {length}\r\n\r\n{{}}{hidden}")
                .into_bytes(),
        ),
        ("a length that is none", format!("{MIX}content-length: 2, 3\r\n\r\n{{}}").into_bytes()),
        ("a negative length", format!("{MIX}content-length: -1\r\n\r\n{{}}").into_bytes()),
        (
            "chunks of no length",
            format!("{MIX}transfer-encoding: chunked\r\n\r\nzz\r\n{{}}\r\n0\r\n\r\n").into_bytes(),
        ),
        (
            "an unknown coding",
            format!("{MIX}transfer-encoding: identity, chunked, gzip\r\n\r\n0\r\n\r\n")
                .into_bytes(),
        ),
        (
            "a folded header",
            b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: a\r\n b\r\n\r\n".to_vec(),
        ),
        (
            "a space before the colon",
            format!("{}transfer-encoding : chunked\r\n\r\n0\r\n\r\n", MIX).into_bytes(),
        ),
    ] {
        let answer = socket.exchange(&bytes).await;
        let refused = answer.is_empty()
            || ["400", "404", "408", "413", "414", "431"].contains(&status(&answer));
        assert!(refused, "{what}: {answer}");
    }
    for bytes in [
        format!(
            "{MIX}content-length: 5\r\ntransfer-encoding: \
             chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n{hidden}"
        ),
        format!("{MIX}transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n{hidden}"),
    ] {
        let answer = socket.exchange(bytes.as_bytes()).await;
        assert!(
            answer.matches("HTTP/1.1").count() <= 1,
            "a connection of two minds is closed: {answer}"
        );
    }
    assert_eq!(world.get("/v1/listeners/ada").await.ok()["listens"], 40, "ada is not forgotten");
    let old = socket.exchange(b"GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(
        status(&old) == "200" && old.ends_with("ok\n"),
        "HTTP/1.0 is answered and closed: {old}"
    );
    is_well(&world, &socket).await;
    socket.stopped().await;
}

#[tokio::test]
async fn bodies_that_are_too_large_too_deep_or_no_json_are_refused() {
    let world = World::new().await;
    let path = "/v1/listeners/ada/feedback";
    let send = async |kind: Option<&str>, body: Vec<u8>| {
        let mut request = Request::post(path);
        if let Some(kind) = kind {
            request = request.header("content-type", kind);
        }
        world.send(request.body(body.into()).unwrap()).await.error()
    };
    let json = Some("application/json");
    let refused = |status: u16, code: &str| (status, code.to_owned());
    assert_eq!(send(json, vec![b' '; (2 << 20) + 1]).await, refused(413, "body_too_large"));
    for nested in ["[".repeat(100_000), "{\"track\":".repeat(100_000)] {
        let (status, code) = send(json, nested.into_bytes()).await;
        assert!([400, 422].contains(&status) && code == "bad_body");
    }
    for broken in [
        &b""[..],
        b"{",
        b"{\"track\": \"\xff\"}",
        b"\xef\xbb\xbf{}",
        b"{\"kind\": \"like\"} {}",
        b"NaN",
    ] {
        let (status, code) = send(json, broken.to_vec()).await;
        assert!([400, 422].contains(&status) && code == "bad_body", "{broken:?}");
    }
    let huge = format!("{{\"track\": \"t\", \"kind\": \"like\", \"at\": {}}}", "9".repeat(100_000));
    assert_eq!(send(json, huge.into_bytes()).await.1, "bad_body");
    for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded")] {
        assert_eq!(send(kind, b"{}".to_vec()).await, refused(415, "not_json"));
    }
}

#[tokio::test]
async fn what_is_too_much_is_turned_away_and_told_when_to_come_back() {
    let world = World::with(|config| config.limits.in_flight = 0).await;
    let reply = world.get("/v1/models").await;
    assert_eq!(reply.error(), (503, "overloaded".to_owned()));
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(
        world.get("/healthz").await.status.as_u16(),
        200,
        "operators are answered all the same"
    );

    let world = World::with(|config| config.limits.rate = NonZeroU32::new(5)).await;
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let reply = world.get("/v1/models").await;
        if reply.status.as_u16() == 429 {
            assert_eq!(reply.error().1, "too_many_requests");
            assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() >= 1);
        }
        statuses.push(reply.status.as_u16());
    }
    assert!(statuses[..10].iter().all(|status| *status == 200), "a burst passes: {statuses:?}");
    assert!(statuses.contains(&429), "{statuses:?}");

    let world = World::with(|config| config.limits.request_time = Duration::from_millis(50)).await;
    let never = Body::from_stream(tokio_stream::pending::<Result<String, std::io::Error>>());
    let mut waiting = request(Method::POST, "/v1/listeners/ada/mixes", Some(&json!({})));
    *waiting.body_mut() = never;
    let reply = world.send(waiting).await;
    assert_eq!(reply.error(), (503, "timeout".to_owned()));
    assert!(reply.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn made_up_methods_leave_nothing_behind_in_the_metrics() {
    let world = World::new().await;
    for number in 0..50 {
        let method: Method = format!("METHOD{number}").parse().unwrap();
        let reply = world.send(request(method, "/v1/models", None)).await;
        assert_eq!(reply.error(), (405, "method_not_allowed".to_owned()));
    }
    let metrics = world.get("/metrics").await.text();
    assert!(metrics.contains("method=\"other\"") && !metrics.contains("METHOD1"));
}

#[tokio::test]
async fn hundreds_of_idle_connections_keep_nobody_out() {
    let world = World::with(|config| config.limits.connections = 32).await;
    let socket = Socket::of(&world.app).await;
    let mut idle = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        stream.write_all(b"GET / HT").await.unwrap();
        idle.push(stream);
        if idle.len() % 20 == 0 {
            assert_eq!(status(&well_again(&socket).await), "200");
        }
    }
    let last = idle.last_mut().unwrap();
    last.write_all(b"TP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    assert_eq!(status(&answer(last).await), "200", "those that came last are still open");
    drop(idle);
    socket.stopped().await;
}

#[tokio::test]
async fn uploads_that_drip_keep_nobody_from_forgetting() {
    let world = World::new().await;
    let socket = Socket::of(&world.app).await;
    let mut dripping = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        let head = "POST /v1/imports?listener=ada&name=a.csv HTTP/1.1\r\nhost: localhost\r\n\
            content-length: 1000\r\n\r\na";
        stream.write_all(head.as_bytes()).await.unwrap();
        dripping.push(stream);
    }
    let full = async {
        let upload = b"POST /v1/imports?listener=ada&name=b.csv HTTP/1.1\r\nhost: localhost\r\n\
            content-length: 1\r\nconnection: close\r\n\r\na";
        while status(&socket.exchange(upload).await) != "503" {}
    };
    tokio::time::timeout(Duration::from_secs(20), full).await.expect("there is no room for more");
    let forget =
        b"DELETE /v1/listeners/ada HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    assert_eq!(status(&socket.exchange(forget).await), "200");
    drop(dripping);
    socket.stopped().await;
}

#[tokio::test]
async fn clients_that_never_read_are_hung_up_on() {
    let world = World::with(|config| {
        config.limits.unread_time = Duration::from_millis(300);
        config.limits.connections = 8;
    })
    .await;
    let socket = Socket::of(&world.app).await;
    let asked = "GET /v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(400);
    let mut deaf = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        stream.write_all(asked.as_bytes()).await.unwrap();
        deaf.push(stream);
    }
    let answered = tokio::time::timeout(Duration::from_secs(30), async {
        while status(&well_again(&socket).await) != "200" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert!(answered.await.is_ok(), "they hold all connections");
    let whole = world.get("/v1/openapi.json").await.body.len() * 400;
    let mut rest = Vec::new();
    let _ = deaf[0].read_to_end(&mut rest).await;
    assert!(rest.len() < whole, "it was cut off: {} of {whole}", rest.len());
    socket.stopped().await;
}

async fn well_again(socket: &Socket) -> String {
    socket.exchange(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await
}

#[tokio::test]
async fn a_stop_lets_requests_end_and_loses_none_that_was_accepted() {
    let world = World::new().await;
    let mut socket = Socket::of(&world.app).await;
    let said = |number: usize| {
        let body = json!({
            "artist": format!("Said {number}"), "kind": "like", "client_id": format!("s{number}"),
        })
        .to_string();
        format!(
            "POST /v1/listeners/ada/feedback HTTP/1.1\r\nhost: localhost\r\nconnection: \
             close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let mut half = TcpStream::connect(socket.address).await.unwrap();
    let whole = said(0);
    let (first, rest) = whole.split_at(whole.len() - 10);
    half.write_all(first.as_bytes()).await.unwrap();
    let mut others = Vec::new();
    for number in 1..40 {
        let mut stream = TcpStream::connect(socket.address).await.unwrap();
        stream.write_all(said(number).as_bytes()).await.unwrap();
        others.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    socket.stop();
    tokio::time::sleep(Duration::from_millis(50)).await;
    half.write_all(rest.as_bytes()).await.unwrap();
    assert_eq!(status(&answer(&mut half).await), "200", "a request that was under way ends");
    for mut other in others {
        assert_eq!(status(&answer(&mut other).await), "200");
    }
    assert!(TcpStream::connect(socket.address).await.is_err(), "no connection is taken any more");
    let told = world.store().feedback(&segue_core::ListenerId::new("ada")).unwrap().len();
    assert_eq!(told, 3 + 40);
    socket.stopped().await;
    let late =
        world.post("/v1/listeners/ada/feedback", &json!({"artist": "Late", "kind": "like"})).await;
    assert_eq!(late.error(), (503, "stopping".to_owned()));
    let log = world.library().join("segue.db-wal");
    assert_eq!(std::fs::metadata(log).map_or(0, |log| log.len()), 0, "one file holds everything");
}
