//! `/login`: one field for a key, where keys are asked for; `/join/{key}`: a link with the key in
//! it, for whoever was invited. Both post `key` and `back` to `/login`.

use maud::{Markup, html};

use super::layout::{Frame, page};
use super::urls;

/// What the form that asks for a key has to know. It never holds the key itself.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Path and query of the page to go to once in, which must be on this server.
    pub back: String,
    /// Whether a key was tried and did not fit, so that the form says so.
    pub refused: bool,
}

/// The page.
pub fn view(frame: &Frame, login: &Login) -> Markup {
    let main = html! {
        div.narrow {
            h1 { "A key, please" }
            p.lead { "This Segue can be reached by others, so it asks who comes in. Whoever runs \
                it can make you a key." }
            @if login.refused { p.wrong #wrong role="alert" { "That key does not fit." } }
            form.stack method="post" action="/login" {
                input type="hidden" name="back" value=(urls::local(&login.back));
                label for="key" { "Key" }
                input #key type="password" name="key" required autocomplete="current-password"
                    spellcheck="false" aria-invalid=[login.refused.then_some("true")]
                    aria-describedby=[login.refused.then_some("wrong")];
                button.primary type="submit" { "Come in" }
            }
        }
    };
    page(frame, "A key, please", &main)
}

/// The page behind the link of an invitation.
pub fn invitation(frame: &Frame, key: &str) -> Markup {
    let main = html! {
        div.narrow {
            h1 { "You are invited" }
            p.lead { "This link opens your own pages here: what you might hear next, and what you \
                played. Keep it to yourself; whoever has it comes in as you." }
            form.stack method="post" action="/login" {
                input type="hidden" name="back" value="/";
                input type="hidden" name="key" value=(key);
                button.primary type="submit" { "Come in" }
            }
        }
    };
    page(frame, "You are invited", &main)
}
