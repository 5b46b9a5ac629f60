//! The OpenAPI document and the routes are the same thing.

use axum::http::Method;
use segue_server::openapi;
use serde_json::Value;

use crate::world::{World, request};

fn document() -> Value {
    serde_json::to_value(openapi()).unwrap()
}

#[tokio::test]
async fn every_operation_of_the_document_is_routed_and_no_other_method_is() {
    let world = World::new().await;
    for (path, methods) in document()["paths"].as_object().unwrap() {
        let address = path.replace(['{', '}'], "");
        for method in ["get", "put", "post", "delete", "patch"] {
            let name: Method = method.to_uppercase().parse().unwrap();
            let reply = world.send(request(name, &address, None)).await;
            let is_routed = reply.status.as_u16() != 405;
            assert_eq!(
                is_routed,
                methods.get(method).is_some(),
                "{method} {path}: {}",
                reply.status
            );
            assert!(!reply.text().contains("no_such_route"), "{method} {path}");
            if !is_routed {
                assert_eq!(reply.error(), (405, "method_not_allowed".to_owned()));
                assert!(reply.headers.contains_key("allow"), "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn the_document_that_is_served_is_the_one_that_is_generated() {
    let served = World::new().await.get("/v1/openapi.json").await.ok();
    assert_eq!(served, document());
}

#[test]
fn every_operation_is_described_named_once_and_says_how_it_fails() {
    let document = document();
    let mut names = std::collections::HashSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(
                operation["summary"].as_str().is_some_and(|text| !text.is_empty()),
                "{what} has no summary"
            );
            assert!(
                names.insert(operation["operationId"].as_str().unwrap().to_owned()),
                "{what}: its name is taken"
            );
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.contains_key("4XX"), "{what} does not say how it fails");
            assert!(responses.contains_key("503"), "{what} does not say that it may be shed");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let text = parameter["description"].as_str();
                assert!(
                    text.is_some_and(|text| !text.is_empty()),
                    "{what}: {} is not described",
                    parameter["name"]
                );
            }
        }
    }
}

#[tokio::test]
async fn an_error_is_an_error_at_any_address() {
    let world = World::new().await;
    for (path, expected) in [
        ("/v1", (404, "no_such_route")),
        ("/v1/", (404, "no_such_route")),
        ("/v1/listeners/", (404, "no_such_route")),
        ("/v1/tracks/%FF", (400, "bad_path")),
        ("/v1/tracks/%2e%2e%2f%2e%2e%2fetc%2fpasswd", (404, "unknown_track")),
        ("/v1/tracks/..%00", (404, "unknown_track")),
        ("/v1/../../etc/passwd", (404, "no_such_route")),
        ("/assets/../../Cargo.toml", (404, "no_such_route")),
    ] {
        let reply = world.get(path).await;
        if path.starts_with("/assets") {
            assert_eq!(reply.status.as_u16(), 404, "{path}");
            continue;
        }
        assert_eq!(reply.error(), (expected.0, expected.1.to_owned()), "{path}");
    }
}
