//! Who a client speaks for, and how much they played.

use segue_core::Timestamp;

use super::answer::{LfmElement, LfmNode};
use super::failure::LfmFailure;
use super::login::listener_of;
use crate::app::App;
use crate::scrobbling::FormFields;

/// What is known of the user whose session it is. Nobody else is told of.
pub(super) async fn info(app: &App, fields: &FormFields) -> Result<LfmNode, LfmFailure> {
    let listener = listener_of(app, fields).await?;
    if fields.get("user").is_some_and(|user| user != listener.as_str()) {
        return Err(LfmFailure::bad_parameter("a session tells of its own user only"));
    }
    let name = listener.to_string();
    let found = app.readers.run(move |store| {
        let first = store.listener(&listener)?.and_then(|found| found.first);
        Ok((crate::listenbrainz::listen_count(store, &listener)?, first))
    });
    let (plays, first) = found.await?;
    let first = first.map_or(0, Timestamp::as_second);
    // Last.fm writes numbers as text here.
    let elements = vec![
        LfmElement::text("name", name),
        LfmElement::text("realname", ""),
        LfmElement::text("url", ""),
        LfmElement::text("subscriber", "0"),
        LfmElement::text("playcount", plays.to_string()),
        LfmElement::text("registered", first.to_string()).with("unixtime", first.to_string()),
    ];
    Ok(LfmNode::ok(vec![LfmElement::of("user", elements)]))
}
