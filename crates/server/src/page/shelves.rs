//! `/` for a listener with a history: the dial, the beginning of the mix, and shelves to browse.

use maud::{Markup, html};

use super::card::{Card, card, sentence};
use super::dial::dial;
use super::layout::{Frame, page};
use super::mix::{Mix, fragment, place};
use super::sketch;

/// How many picks of the mix the first page shows; `/mix` shows all.
pub const SHOWN_PICKS: usize = 8;

/// Shelves and mix.
#[derive(Clone, Debug, Default)]
pub struct Home {
    /// The mix at the settings in the address.
    pub mix: Mix,
    /// The shelves, most inviting first; one without cards is left out.
    pub shelves: Vec<ShelfView>,
}

/// Some tracks with one idea.
#[derive(Clone, Debug, Default)]
pub struct ShelfView {
    /// Its name in addresses: what `list` of `/fragments/card` says.
    pub id: String,
    /// What it is: "Because you played …".
    pub title: String,
    /// The idea in a sentence, lower case, no full stop.
    pub subtitle: String,
    /// Its cards.
    pub cards: Vec<Card>,
}

/// The page.
pub fn view(frame: &Frame, home: &Home) -> Markup {
    let main = html! {
        div.page-head { h1 { "What next?" } }
        div.listening {
            aside aria-label="Dial and filters" { (dial("/", &home.mix.settings, &home.mix.preview)) }
            (fragment(frame, &home.mix, SHOWN_PICKS))
        }
        @for shelf in home.shelves.iter().filter(|shelf| !shelf.cards.is_empty()) { (view_shelf(frame, shelf)) }
        (sketch::legend())
    };
    page(frame, "Listen", &main)
}

fn view_shelf(frame: &Frame, shelf: &ShelfView) -> Markup {
    let title = format!("shelf-{}", super::urls::encoded(&shelf.id));
    html! {
        section.shelf aria-labelledby=(title) {
            div.shelf-head { h2 id=(title) { (shelf.title) } p { (sentence(&shelf.subtitle)) } }
            ul.cards { @for offered in &shelf.cards { li { (card(&place(frame, &shelf.id), offered)) } } }
        }
    }
}
