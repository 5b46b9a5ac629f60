//! Logging in with a user and a password, and knowing again who did.

use segue_core::ListenerId;

use super::answer::{LfmElement, LfmNode};
use super::failure::LfmFailure;
use crate::access::{Scope, md5_of};
use crate::app::App;
use crate::scrobbling::{FormFields, known_listener};

/// Gives a session key to whoever has a key for the user: shows it as the password, or proves it by
/// `authToken`, the digest of the user's name and the digest of the password. Without keys every
/// program of this machine may do everything, and the user says for whom.
pub(super) async fn mobile_session(app: &App, fields: &FormFields) -> Result<LfmNode, LfmFailure> {
    let missing = |what| LfmFailure::bad_parameter(format!("`{what}` is missing"));
    let user = fields.get("username").ok_or_else(|| missing("username"))?;
    let session_key = if app.keys.is_required() {
        let listener = ListenerId::new(user);
        let (password, proof) = (fields.get("password"), fields.get("authToken"));
        if password.or(proof).is_none() {
            return Err(missing("password"));
        }
        // Some clients send both, and then a digest as the password.
        let shown = password.and_then(|password| name_of(app, &listener, password));
        let name = shown
            .or_else(|| app.keys.proved(&listener, proof?, |md5| md5_of(&format!("{user}{md5}"))));
        name.and_then(|name| app.keys.session_key_of(&name))
    } else {
        known_listener(app, user).await?.map(|listener| listener.to_string())
    };
    let session_key = session_key.ok_or_else(LfmFailure::no_login)?;
    let session = vec![
        LfmElement::text("name", user),
        LfmElement::text("key", session_key),
        LfmElement::text("subscriber", 0),
    ];
    Ok(LfmNode::ok(vec![LfmElement::of("session", session)]))
}

/// The name of a key, if it is for this listener.
fn name_of(app: &App, listener: &ListenerId, key: &str) -> Option<String> {
    let (name, access) = app.keys.find(key)?;
    let may_write = access.require(Scope::Write).is_ok();
    (may_write && access.listener.as_ref() == Some(listener)).then_some(name)
}

/// For whom a call speaks, by its session key; without keys that is the name of the listener.
pub(super) async fn listener_of(app: &App, fields: &FormFields) -> Result<ListenerId, LfmFailure> {
    let shown = fields.get("sk").ok_or_else(LfmFailure::no_session)?;
    let listener = if app.keys.is_required() {
        app.keys.access_of_session_key(shown).and_then(|access| access.listener)
    } else {
        known_listener(app, shown).await?
    };
    listener.ok_or_else(LfmFailure::no_session)
}
