//! What a table leaves open and a person may decide for it.

use segue_core::FeedbackKind;

/// What the playlist column of a table stands for, which only a person can know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlaylistUse {
    /// Nothing. A playlist shows somebody's taste only where one knows whose playlist it is.
    #[default]
    Ignore,
    /// What the listener played the track from, or saved it to.
    Context,
    /// A listener of its own, so that a table of playlists becomes one of listeners.
    Listener,
}

/// How to read tables of tracks, of interactions and of friends where the table itself leaves it
/// open. The default reads them as they are.
#[derive(Clone, Debug, PartialEq)]
pub struct TableOptions {
    /// The feedback that the listener is taken to have given on every track that a file merely
    /// lists; `None` adds such tracks to the catalogue only.
    pub mark: Option<FeedbackKind>,
    /// What the playlist column stands for; by default it is ignored.
    pub playlists: PlaylistUse,
    /// Name of the column that holds whether a track is liked, where it is not called `liked`;
    /// letter case is ignored.
    pub label_column: Option<String>,
    /// The best possible rating. At four fifths of it or more a rating is a like, at two fifths or
    /// less a dislike.
    pub rating_scale: f32,
    /// Names of the columns that hold a listener and a friend of theirs, for tables of friends
    /// whose columns are not called `user` and `friend`; letter case is ignored.
    pub friend_columns: Option<[String; 2]>,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            mark: None,
            playlists: PlaylistUse::Ignore,
            label_column: None,
            rating_scale: 5.0,
            friend_columns: None,
        }
    }
}
