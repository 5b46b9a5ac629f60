//! In which language a listener wants dates and numbers written: told by their browser, by
//! themselves, or by a program.

use segue_core::ListenerId;

use crate::api::listeners::unknown;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::page::words::{Words, known};

/// What somebody said of how dates are written for them, looked at: a language that is known, or
/// that they take it back.
pub(crate) struct DateLanguage(Option<Words>);

impl DateLanguage {
    /// Looks at what was said. The tag is not repeated to whoever sent one that is none.
    pub(crate) fn said(tag: Option<String>) -> ApiResult<Self> {
        let Some(tag) = tag else { return Ok(Self(None)) };
        let words = known(&tag).ok_or_else(|| {
            let message = "that is no tag of a language of which it is known how dates are written";
            ApiError::bad_request("bad_date_language", message)
                .hint("such as `de`, `en-US` or `pt-BR`")
        });
        Ok(Self(Some(words?)))
    }

    /// How dates are written from now on.
    pub(crate) fn words(&self) -> Words {
        self.0.clone().unwrap_or_default()
    }

    /// Keeps it.
    pub(crate) async fn keep(self, app: &App, listener: &ListenerId) -> ApiResult<()> {
        let (tag, whose) = (self.0.map(|words| words.tag().to_owned()), listener.clone());
        let kept = app.writer.run(move |store| store.set_date_language(&whose, tag.as_deref()));
        if kept.await? { Ok(()) } else { Err(unknown(listener.as_str())) }
    }
}
