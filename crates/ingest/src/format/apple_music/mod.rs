//! Apple Music, as `Apple_Media_Services.zip` holds it: every file of a folder has a shape of its
//! own.
//!
//! - `Apple Music Play Activity.csv` holds plays ([`PlayActivity`]).
//! - `Apple Music - Play History Daily Tracks.csv` holds plays of a day ([`DailyTracks`]). It is
//!   read where there is no play activity.
//! - `Apple Music Library Tracks.json` holds what the listener owns, likes and dislikes
//!   ([`LibraryTracks`]).
//! - `Library.xml`, which iTunes and the Music app write themselves, holds the same with counts of
//!   plays ([`ITunesLibrary`]).
//! - `Apple Music - Favorites.csv` and `Apple Music Likes and Dislikes.csv` hold explicit feedback
//!   ([`Favorites`]).
//!
//! Most versions of the play activity do not name the artist. The other files do, so [`Artists`]
//! are learnt from them and handed to [`PlayActivity`]. Without them, plays have a title and no
//! artist. A title that several artists of the listener share stays without one: a wrong artist is
//! worse than none.

mod activity;
mod artists;
mod daily;
mod favorites;
mod itunes;
mod library;
mod owned;
#[cfg(test)]
mod tests;

pub(crate) use activity::PlayActivity;
pub(crate) use artists::Artists;
pub(crate) use daily::DailyTracks;
pub(crate) use favorites::Favorites;
pub(crate) use itunes::ITunesLibrary;
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

/// Whether the source calls it a skip, where its end reason is a skip.
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
