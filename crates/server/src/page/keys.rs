//! The list of keys, which `?` opens. What the keys do is in `assets/keys.js`.

use maud::{Markup, html};

use super::layout::{Frame, Section, is_shown};

/// Who has a use for a key.
#[derive(Clone, Copy)]
enum For {
    /// Everybody.
    All,
    /// Who may say something: not a page that only shows.
    Saying,
    /// Who is shown a part of the page.
    Seeing(Section),
}

/// Keys and what they do, in the order of the list.
const KEYS: &[(&[&str], &str, For)] = &[
    (&["j", "↓"], "next track", For::All),
    (&["k", "↑"], "previous track", For::All),
    (&["l"], "like", For::Saying),
    (&["s"], "skip: not now", For::Saying),
    (&["n"], "not for me", For::Saying),
    (&["b"], "never this artist", For::Saying),
    (&["u"], "undo", For::Saying),
    (&["Space"], "play or pause", For::All),
    (&["[", "]"], "less or more that is new", For::All),
    (&["/"], "find a track", For::All),
    (&["g", "h"], "go to Listen", For::Seeing(Section::Listen)),
    (&["g", "t"], "go to Taste", For::Seeing(Section::Taste)),
    (&["g", "m"], "go to Model", For::Seeing(Section::Model)),
    (&["g", "i"], "go to Import", For::Seeing(Section::Import)),
    (&["?"], "this list", For::All),
];

/// The dialog, closed; closing needs no script. Keys that lead nowhere for whoever looks are not in
/// it.
pub fn dialog(frame: &Frame) -> Markup {
    let is_of_use = |whose: For| match whose {
        For::All => true,
        For::Saying => !frame.only_looks,
        For::Seeing(section) => is_shown(frame, section),
    };
    let known = KEYS.iter().filter(|(.., whose)| is_of_use(*whose));
    html! {
        dialog #keys .sheet aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.keys {
                @for (keys, does, _) in known {
                    div {
                        dt { @for key in *keys { kbd { (key) } " " } }
                        dd { (does) }
                    }
                }
            }
            label.wanted { input #keys-wanted type="checkbox" checked; span { "Single keys work" } }
            form method="dialog" { button type="submit" { "Close" } }
        }
    }
}
