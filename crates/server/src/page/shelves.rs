//! `/` for a listener with a history: the dial, the beginning of the mix, and shelves to browse.

use maud::{Markup, html};

use super::card::{Card, card, sentence};
use super::dial::dial;
use super::layout::{Frame, page};
use super::mix::{Mix, fragment, place};
use super::prompt;
use super::sketch;

/// How many picks of the mix the first page shows; `/mix` shows all.
pub const SHOWN_PICKS: usize = 8;

/// Everything that `/` shows a listener with a history: the beginning of the mix, and shelves.
#[derive(Clone, Debug, Default)]
pub struct HomePage {
    /// The mix at the settings in the address, of which the first [`SHOWN_PICKS`] are shown.
    pub mix: Mix,
    /// The shelves, most inviting first; one without cards is left out.
    pub shelves: Vec<ShelfView>,
}

/// Some tracks with one idea, shown as a row of cards under a title.
#[derive(Clone, Debug, Default)]
pub struct ShelfView {
    /// Its name in addresses: what `list` of `/fragments/card` says.
    pub id: String,
    /// What it is, as a heading: "Because you played …". It differs from those of other shelves.
    pub title: String,
    /// The idea in a sentence, lower case, without a full stop, shown under the title.
    pub subtitle: String,
    /// Its cards, the first one leftmost; a shelf without any is not shown.
    pub cards: Vec<Card>,
}

/// The page.
pub fn view(frame: &Frame, home: &HomePage) -> Markup {
    let main = html! {
        div.page-head {
            h1 { "What next?" }
            @if frame.is_new && !frame.only_looks { (bring_a_history()) }
        }
        div.listening {
            aside aria-label="Dial, words and filters" {
                (prompt::beside(
                    &home.mix.settings.prompt,
                    &home.mix.example,
                    &dial("/", &home.mix.settings, &home.mix.preview),
                ))
            }
            (fragment(frame, &home.mix, SHOWN_PICKS))
        }
        @for shelf in home.shelves.iter().filter(|shelf| !shelf.cards.is_empty()) {
            (view_shelf(frame, shelf))
        }
        (sketch::legend())
    };
    page(frame, "Listen", &main)
}

/// What is offered to somebody of whom nothing is known comes from what others know.
fn bring_a_history() -> Markup {
    html! {
        p.lead {
            "Nothing is known of you yet. " a href="/import" { "Bring what you have played" }
            " elsewhere, or like and skip what is below."
        }
    }
}

fn view_shelf(frame: &Frame, shelf: &ShelfView) -> Markup {
    let title = format!("shelf-{}", super::urls::encoded(&shelf.id));
    html! {
        section.shelf aria-labelledby=(title) {
            div.shelf-head { h2 id=(title) { (shelf.title) } p { (sentence(&shelf.subtitle)) } }
            ul.cards {
                @for offered in &shelf.cards { li { (card(&place(frame, &shelf.id), offered)) } }
            }
        }
    }
}
