//! What a browser sees when something went wrong: the same code, message and hint that the API
//! gives as JSON.

use maud::{Markup, html};

use super::card::sentence;
use super::layout::{Frame, page};

/// What went wrong.
#[derive(Clone, Debug, Default)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What can be done about it.
    pub hint: String,
    /// Names the request in the log.
    pub request: Option<String>,
}

/// The page.
pub fn view(frame: &Frame, problem: &Problem) -> Markup {
    let heading = match problem.status {
        401 | 403 => "Not for this key",
        404 => "Nothing here",
        429 | 503 => "Too much at once",
        400..=499 => "That did not work",
        _ => "Something broke",
    };
    let main = html! {
        div.narrow {
            h1 { (heading) }
            p.lead { (sentence(&problem.message)) }
            @if !problem.hint.is_empty() { p { (sentence(&problem.hint)) } }
            p { a.button href="/" { "Back to listening" } }
            p.small { code { (problem.status) " " (problem.code) } @if let Some(request) = &problem.request { " · request " code { (request) } } }
        }
    };
    page(frame, heading, &main)
}
