//! What a browser sees when something went wrong: the same code, message and hint that the API
//! gives as JSON.

use maud::{Markup, html};

use super::card::sentence;
use super::layout::{Frame, page};

/// An error as a page shows it to somebody with a browser; programs get the same as JSON.
#[derive(Clone, Debug, Default)]
pub struct ProblemPage {
    /// The HTTP status of the answer, 400 to 599, shown small above the message.
    pub status: u16,
    /// The stable code of the error, as in [`ApiError::code`](crate::ApiError::code).
    pub code: String,
    /// What happened, in a sentence; it may quote what the visitor sent and is shown as text.
    pub message: String,
    /// What can be done about it, in a sentence; empty where nothing is known to help.
    pub hint: String,
    /// The id of the request, under which the log has the details; `None` where it had none.
    pub request: Option<String>,
}

/// The page.
pub fn view(frame: &Frame, problem: &ProblemPage) -> Markup {
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
            p.small {
                code { (problem.status) " " (problem.code) }
                @if let Some(request) = &problem.request { " · request " code { (request) } }
            }
        }
    };
    page(frame, heading, &main)
}
