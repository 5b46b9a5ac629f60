//! `/` on the first visit: what this is, and the place to drop an export.

use maud::{Markup, html};

use super::import::drop_zone;
use super::layout::{Frame, page};
use super::sketch;

/// Where a history comes from.
struct Origin {
    service: &'static str,
    ask_for: &'static str,
    at: &'static str,
    address: &'static str,
    wait: &'static str,
}

const ORIGINS: [Origin; 5] = [
    Origin {
        service: "Spotify",
        ask_for: "“Extended streaming history”: my_spotify_data.zip. “Account data” works too, \
            but knows the last year only",
        at: "Account › Privacy › Download your data",
        address: "https://www.spotify.com/account/privacy/",
        wait: "often days, 30 at most",
    },
    Origin {
        service: "Apple Music",
        ask_for: "“Apple Media Services information”: the zip, or its Apple Music Play \
            Activity.csv",
        at: "privacy.apple.com › Request a copy of your data",
        address: "https://privacy.apple.com/",
        wait: "up to a week",
    },
    Origin {
        service: "YouTube Music",
        ask_for: "Takeout of “YouTube and YouTube Music”, history as JSON: watch-history.json",
        at: "takeout.google.com",
        address: "https://takeout.google.com/",
        wait: "minutes to hours",
    },
    Origin {
        service: "ListenBrainz",
        ask_for: "“Export your data”: the zip",
        at: "Settings › Export",
        address: "https://listenbrainz.org/settings/export/",
        wait: "minutes",
    },
    Origin {
        service: "Last.fm",
        ask_for: "It has no export of its own: the CSV of a tool such as lastfm-to-csv, or recent \
            tracks as JSON",
        at: "lastfm-to-csv",
        address: "https://benjaminbenben.com/lastfm-to-csv/",
        wait: "minutes",
    },
];

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
            div.garland aria-hidden="true" { @for sound in sketch::samples() { div class={ "sleeve " (sketch::mood(&sound).class()) } { (sketch::drawing(&sound)) } } }
        }
        (drop_zone(listener))
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
                @for origin in &ORIGINS {
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
            p.small { "Also Maloja, Koito, Libre.fm, Pano Scrobbler, Rockbox, and any CSV or \
                Parquet of plays or of audio features." }
        }
    }
}
