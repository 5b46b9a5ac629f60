//! `/` on the first visit: what this is, and the place to drop an export.

use maud::{Markup, html};
use segue_core::{FORMATS, Origin, Request};

use super::import::drop_zone;
use super::layout::{Frame, page};
use super::sketch;

/// The page. `listener` is the name that the field starts with.
pub fn view(frame: &Frame, listener: &str) -> Markup {
    let main = html! {
        div.welcome {
            div.hello {
                h1 { "Your music, " em { "and what comes next" } }
                p.lead {
                    "Segue looks at what you have played, what you finished and what you skipped, \
                     and learns what you are likely to enjoy. "
                    "Then it mixes what you love with what you have not heard yet. How far it \
                     strays is up to you: there is one dial."
                }
                p { strong { "Nothing leaves this machine." } " No account, no cloud, nobody \
                    looking on. Forgetting you takes one button, and means it." }
            }
            div.garland aria-hidden="true" {
                @for sound in sketch::samples() {
                    div class={ "sleeve " (sketch::mood(&sound).class()) } {
                        (sketch::drawing(&sound))
                    }
                }
            }
        }
        (drop_zone(frame, listener))
        (origins())
    };
    page(frame, "Welcome", &main)
}

fn origins() -> Markup {
    html! {
        section.origins aria-labelledby="origins-title" {
            h2 #origins-title { "Where to get it" }
            p { "Your history is yours: these services hand it over when you ask. Wait for their \
                mail, and drop here what they send, zipped or not." }
            dl {
                @for origin in requests() {
                    div {
                        dt { (origin.service) }
                        dd {
                            p { (origin.ask_for) "." }
                            p.small { a href=(origin.address) rel="external noopener \
                                noreferrer" { (origin.at) } " · " (origin.wait) }
                        }
                    }
                }
            }
            p.small {
                "Also " (programs()) ", and any CSV or Parquet of plays or of audio features."
            }
        }
    }
}

/// The services that hand a history over to whoever asks.
fn requests() -> impl Iterator<Item = &'static Request> {
    FORMATS.iter().filter_map(|format| match &format.origin {
        Origin::Request(request) => Some(request),
        Origin::Program(_) | Origin::Elsewhere => None,
    })
}

/// The programs that write a history by themselves.
fn programs() -> String {
    let programs = FORMATS.iter().filter_map(|format| match format.origin {
        Origin::Program(name) => Some(name),
        Origin::Request(_) | Origin::Elsewhere => None,
    });
    programs.collect::<Vec<_>>().join(", ")
}
