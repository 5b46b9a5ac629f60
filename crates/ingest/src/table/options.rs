//! What a table does not say of itself and a person may say for it.

use segue_core::FeedbackKind;

/// What the playlist column of a table stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaylistUse {
    /// Nothing: that a track is in a playlist says who put it there only where one knows whose
    /// playlist it is.
    #[default]
    Ignore,
    /// What the listener played from, or saved the track to.
    Context,
    /// A listener of its own, whose taste the playlist is.
    Listener,
}

/// How to read tables of tracks and of interactions.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// What the listener is taken to have said of every track that a file merely lists.
    pub mark: Option<FeedbackKind>,
    /// What the playlist column stands for.
    pub playlists: PlaylistUse,
    /// The column that says whether a track is liked, where it is not called `liked`.
    pub label_column: Option<String>,
    /// The best possible rating; four fifths of it and more is a like, two fifths and less a
    /// dislike.
    pub rating_scale: f32,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self { mark: None, playlists: PlaylistUse::Ignore, label_column: None, rating_scale: 5.0 }
    }
}
