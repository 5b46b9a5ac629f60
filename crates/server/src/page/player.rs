//! The bar at the foot of the window that plays what the catalogue has as files. It stays hidden
//! until something plays; without scripts, the play link of a card opens the file itself.

use maud::{Markup, html};

use super::icons::icon;

/// The bar, empty and hidden. `assets/player.js` fills it.
pub fn bar() -> Markup {
    html! {
        section #player .player aria-label="Player" hidden {
            button.round type="button" data-player="toggle" aria-pressed="false" {
                span.when-paused { (icon("play")) }
                span.when-playing { (icon("pause")) }
                span.unseen { "Play or pause" }
            }
            span.sleeve.thumbnail.unknown data-player="cover" hidden {}
            p.now { strong data-player="title" {} " " span data-player="artists" {} }
            label.unseen for="position" { "Position" }
            input #position type="range" min="0" max="1000" value="0" step="1"
                data-player="position";
            span.clock data-player="clock" { "0:00" }
            button.round type="button" data-player="next" {
                (icon("skip")) span.unseen { "Skip to the next track" }
            }
            audio preload="none" data-player="audio" {}
        }
    }
}
