//! Lists that stay, for the API and the page: made in parallel to other requests, kept in line with
//! all writes.

use jiff::Zoned;
use segue::{Chosen, DueLists, EveryWeek, KeptAs, Refreshed, keep_mix};
use segue_core::{Impression, ListenerId, Timestamp};
use segue_engine::pipeline::MixRequest;
use segue_store::{ImpressionId, ListId, SavedList};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::history::time_zone_of;
use crate::mixing;

/// Makes the lists that are due at a moment, whose time zone says which day it is.
pub(crate) async fn refresh(
    app: &App,
    listener: &ListenerId,
    when: Zoned,
) -> ApiResult<Vec<Refreshed>> {
    let forgotten = app.writer.forgotten();
    let listener = app.listeners.get(listener).await?;
    let due = app.readers.run(move |store| {
        let due =
            DueLists { snapshot: &listener.snapshot, profile: &listener.profile, when: &when };
        Ok(due.find(store, |request| listener.mix(request))?)
    });
    let due = due.await?;
    let kept = app.writer.run(move |store| {
        // Made of what somebody had who is forgotten by now, perhaps.
        if store.marks()?.forgotten != forgotten {
            return Ok(None);
        }
        due.into_iter().map(|list| list.keep(store)).collect::<Result<_, _>>().map(Some)
    });
    kept.await?.ok_or_else(|| {
        let message = "somebody was forgotten while the lists were made";
        ApiError::conflict("forgotten_meanwhile", message).hint("ask again")
    })
}

/// Keeps a mix of the listener under a name, and notes where a new one is to be made every week.
pub(crate) async fn keep(
    app: &App,
    listener: &ListenerId,
    kept: KeptAs,
    mix: ImpressionId,
) -> ApiResult<SavedList> {
    let whose = listener.clone();
    let found = app.readers.run(move |store| Ok(store.impression(mix)?)).await?;
    if found.is_none_or(|found| found.slate.listener != whose) {
        let message = format!("`{whose}` has no mix {}", mix.0);
        return Err(ApiError::not_found("unknown_mix", message));
    }
    app.writer.run(move |store| Ok(keep_mix(store, &kept, mix))).await?.map_err(Into::into)
}

/// How a mix is to be kept: once, or as the first of a list that is made every week by some words.
pub(crate) async fn kept_as(
    app: &App,
    listener: &ListenerId,
    name: String,
    weekly: Option<String>,
) -> ApiResult<KeptAs> {
    let Some(prompt) = weekly else { return Ok(KeptAs { name, weekly: None }) };
    let zone = time_zone_of(app, listener, None).await?;
    let day = Timestamp::now().to_zoned(zone).date();
    // Words that mean nothing are said to be so now and not next week.
    let request = MixRequest::new(Timestamp::now());
    mixing::prompted(app, &prompt, request, Chosen::default()).await??;
    Ok(KeptAs { name, weekly: Some(EveryWeek { prompt, day }) })
}

/// A list with its mix, which nobody may have seen by that; `None` where the listener has no such
/// list.
pub(crate) async fn look(
    app: &App,
    listener: ListenerId,
    id: ListId,
) -> ApiResult<Option<(SavedList, Impression)>> {
    let read = app.readers.run(move |store| {
        let Some(list) = store.lists(&listener)?.into_iter().find(|list| list.id == id) else {
            return Ok(None);
        };
        let mix = store.impression(list.impression)?;
        Ok(mix.map(|mix| (list, mix)))
    });
    read.await
}

/// A list with its mix, which counts as shown from then on; `None` where the listener has no such
/// list.
pub(crate) async fn open(
    app: &App,
    listener: &ListenerId,
    id: ListId,
) -> ApiResult<Option<(SavedList, Impression)>> {
    let whose = listener.clone();
    let opened = app.writer.run(move |store| store.open_list(&whose, id, Timestamp::now())).await?;
    if opened.is_some() {
        app.listeners.changed(listener);
    }
    Ok(opened)
}
