//! The list of keys, which `?` opens. What the keys do is in `assets/keys.js`.

use maud::{Markup, html};

/// Keys and what they do, in the order of the list.
const KEYS: &[(&[&str], &str)] = &[
    (&["j", "↓"], "next track"),
    (&["k", "↑"], "previous track"),
    (&["l"], "like"),
    (&["s"], "skip: not now"),
    (&["n"], "not for me"),
    (&["b"], "never this artist"),
    (&["u"], "undo"),
    (&["Space"], "play or pause"),
    (&["[", "]"], "less or more that is new"),
    (&["/"], "find a track"),
    (&["g", "h"], "go to Listen"),
    (&["g", "t"], "go to Taste"),
    (&["g", "m"], "go to Model"),
    (&["g", "i"], "go to Import"),
    (&["?"], "this list"),
];

/// The dialog, closed; closing needs no script.
pub fn dialog() -> Markup {
    html! {
        dialog #keys .sheet aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.keys {
                @for (keys, does) in KEYS {
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
