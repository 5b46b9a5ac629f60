//! For whom a program speaks where there are no keys: the name of a listener whom the library
//! knows, or `me`, who is there from the start. Any other is refused, so that a name with a slip
//! makes no second listener, and a token of another service that was pasted here does not become a
//! name.

use segue_core::ListenerId;

use crate::app::App;
use crate::error::ApiResult;

/// The listener for whom imports are where nobody is named.
const FIRST_LISTENER: &str = "me";

/// The listener of that name, if the library knows them.
pub(crate) async fn known_listener(app: &App, name: &str) -> ApiResult<Option<ListenerId>> {
    let listener = ListenerId::new(name);
    if name == FIRST_LISTENER {
        return Ok(Some(listener));
    }
    let found = app.readers.run(move |store| Ok((store.has_listener(&listener)?, listener)));
    found.await.map(|(is_known, listener)| is_known.then_some(listener))
}
