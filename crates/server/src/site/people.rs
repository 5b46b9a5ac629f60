//! Who uses this Segue, and links to their own pages.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::Response;
use jiff::Timestamp;
use segue_core::ListenerId;
use segue_store::{KeyEntry, ListenerSummary};
use serde::Deserialize;

use super::frame::{Asked, answer, frame};
use crate::access::{Admin, ApiKey, Scope};
use crate::api::check_name;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::Submitted;
use crate::page::layout::Section;
use crate::page::people::{self as view, Invitation, KnownPerson, PeopleView};

/// Most people who are listed.
const MOST_LISTED: usize = 1_000;

/// `/people`.
pub(super) async fn show(
    _: Admin,
    State(app): State<Arc<App>>,
    asked: Asked,
) -> ApiResult<Response> {
    shown(&app, &asked, None).await
}

async fn shown(
    app: &Arc<App>,
    asked: &Asked,
    invitation: Option<Invitation>,
) -> ApiResult<Response> {
    let frame = frame(app, asked, Section::Elsewhere).await?;
    let read = app.readers.run(|store| {
        let keys = store.keys()?;
        Ok((store.listeners_page(None, MOST_LISTED)?, keys))
    });
    let (mut listeners, keys) = read.await?;
    let keys: Vec<KeyEntry> = keys.into_iter().filter(|key| key.revoked_at.is_none()).collect();
    let person = |summary: ListenerSummary| KnownPerson {
        name: summary.id.to_string(),
        plays: summary.listens,
        keys: keys.iter().filter(|key| key.listener.as_ref() == Some(&summary.id)).count() as u64,
    };
    // Whoever was invited and did nothing yet is not in the log.
    for listener in keys.iter().filter_map(|key| key.listener.clone()) {
        if listeners.iter().all(|known| known.id != listener) {
            listeners.push(nobody_yet(listener));
        }
    }
    listeners.sort_by(|a, b| a.id.cmp(&b.id));
    let people = PeopleView {
        people: listeners.into_iter().map(person).collect(),
        invitation,
        can_invite: app.keys.is_required(),
    };
    Ok(answer(&frame, view::view(&frame, &people)))
}

fn nobody_yet(id: ListenerId) -> ListenerSummary {
    ListenerSummary {
        id,
        listens: 0,
        first: None,
        last: None,
        feedback: 0,
        time_zone: None,
        date_language: None,
    }
}

/// Whom to invite.
#[derive(Deserialize)]
pub(super) struct Invited {
    listener: String,
}

/// Makes a key that is for one listener, and shows it once as a link.
pub(super) async fn invite(
    _: Admin,
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    asked: Asked,
    Submitted(Invited { listener }): Submitted<Invited>,
) -> ApiResult<Response> {
    let listener = listener.trim().to_owned();
    check_name("a listener", &listener)?;
    if !app.keys.is_required() {
        let message = "the first key is for whoever runs this, or they are locked out";
        return Err(ApiError::conflict("no_admin_key", message)
            .hint("`segue keys add me --scope admin` makes it"));
    }
    let key = ApiKey::generate(&mut rand::rng());
    let (hash, md5, whose) = (key.hash(), key.md5(), ListenerId::new(listener.as_str()));
    let added = app.writer.run(move |store| {
        let names: HashSet<String> = store.keys()?.into_iter().map(|key| key.name).collect();
        // A name is used once, also by a key that was revoked.
        let name = (1..)
            .map(|number| format!("{whose}, invited {number}"))
            .find(|name| !names.contains(name))
            .expect("there are more numbers than keys");
        store.add_key(&KeyEntry {
            name,
            scope: Scope::Write.to_string(),
            hash,
            md5: Some(md5),
            listener: Some(whose),
            created_at: Timestamp::now(),
            revoked_at: None,
        })
    });
    added.await?;
    app.reload_keys().await?;
    let link = format!("{}/join/{}", origin(&headers), key.reveal());
    shown(&app, &asked, Some(Invitation { listener, link })).await
}

/// How the browser that sent a form calls this server.
fn origin(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (Some(origin), _) if origin.starts_with("http") => origin.to_owned(),
        (_, host) => format!("http://{}", host.unwrap_or("localhost:8080")),
    }
}
