//! The page to read the API by.

use axum::http::StatusCode;

use crate::world::World;

#[tokio::test]
async fn every_operation_and_every_shape_of_the_document_is_on_the_page() {
    let world = World::new().await;
    let reply = world.get("/docs").await;
    assert_eq!(reply.status, StatusCode::OK);
    let page = reply.text();
    let document = serde_json::to_value(segue_server::openapi()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        assert!(page.contains(&format!("<code>{path}</code>")), "{path}");
        for operation in methods.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(page.contains(&format!("id=\"operation-{id}\"")), "{id}");
            assert!(page.contains(&format!("href=\"#operation-{id}\"")), "{id}");
        }
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(page.contains(&format!("id=\"shape-{name}\"")), "{name}");
    }
    for link in page.split("href=\"#shape-").skip(1) {
        let name = link.split('"').next().unwrap();
        assert!(page.contains(&format!("id=\"shape-{name}\"")), "{name} is linked and not there");
    }
}

#[tokio::test]
async fn a_request_to_copy_has_what_is_required_and_works() {
    let page = World::new().await.get("/docs").await.text();
    assert!(page.contains("curl 'http://127.0.0.1:8080/v1/listeners/ann/mixes'"));
    assert!(page.contains("-X POST"));
    assert!(page.contains("/v1/path?from="), "required parameters are in the address");
    assert!(!page.contains("<script>") && !page.contains("style=\""));
}
