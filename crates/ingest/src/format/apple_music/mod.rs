//! Apple Music, as `Apple_Media_Services.zip` holds it: every file of a folder has a shape of its
//! own.
//!
//! | file | read as |
//! |---|---|
//! | `Apple Music Play Activity.csv` | plays ([`PlayActivity`]) |
//! | `Apple Music - Play History Daily Tracks.csv` | plays of a day ([`DailyTracks`]), where there is no play activity |
//! | `Apple Music Library Tracks.json` | what the listener owns, likes and dislikes ([`LibraryTracks`]) |
//! | `Apple Music - Favorites.csv`, `Apple Music Likes and Dislikes.csv` | what the listener said ([`Favorites`]) |
//!
//! Most vintages of the play activity do not name the artist. The other files do, so [`Artists`]
//! can be learnt from them and handed to [`PlayActivity`]; without it, plays are of a title by
//! nobody. A title that several artists of the listener share stays without one: a wrong artist is
//! worse than none.

mod activity;
mod artists;
mod daily;
mod favorites;
mod library;
#[cfg(test)]
mod tests;

pub(crate) use activity::PlayActivity;
pub(crate) use artists::Artists;
pub(crate) use daily::DailyTracks;
pub(crate) use favorites::Favorites;
pub(crate) use library::LibraryTracks;

use segue_core::EndReason;

/// Why a play ended. A pause or a scrub ends a row but not the listening, so it is a stop, which
/// teaches nothing.
fn end_reason(text: &str) -> EndReason {
    match text {
        "NATURAL_END_OF_TRACK" => EndReason::Finished,
        "TRACK_SKIPPED_FORWARDS" | "TRACK_BANNED" => EndReason::SkippedForward,
        "TRACK_SKIPPED_BACKWARDS" => EndReason::SkippedBack,
        "MANUALLY_SELECTED_PLAYBACK_OF_A_DIFF_ITEM" | "QUICK_PLAY" => EndReason::ChoseAnother,
        "PLAYBACK_MANUALLY_PAUSED"
        | "PLAYBACK_SUSPENDED"
        | "PLAYBACK_PAUSED_DUE_TO_INACTIVITY"
        | "PLAYBACK_STOPPED_DUE_TO_SESSION_TIMEOUT"
        | "PAUSED_ON_TIMEOUT"
        | "SCRUB_BEGIN"
        | "SCRUB_END" => EndReason::Stopped,
        "EXITED_APPLICATION" => EndReason::Logout,
        "FAILED_TO_LOAD" | "NOT_SUPPORTED_BY_CLIENT" => EndReason::Failed,
        _ => EndReason::Unknown,
    }
}

/// The source's own word on a skip, where its end reason is one.
fn skipped(reason: EndReason) -> Option<bool> {
    match reason {
        EndReason::SkippedForward => Some(true),
        EndReason::Finished => Some(false),
        _ => None,
    }
}

/// `Artist - Title`. Of several dashes the first one separates: titles have more of them (`Song -
/// Live`) than artists.
fn artist_and_title(description: &str) -> (Option<&str>, &str) {
    match description.split_once(" - ") {
        Some((artist, title)) if !artist.trim().is_empty() && !title.trim().is_empty() => {
            (Some(artist.trim()), title.trim())
        }
        _ => (None, description.trim()),
    }
}
