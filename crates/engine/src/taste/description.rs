//! What is said of a taste: its name, its sound, its artists and genres, and how its share of plays
//! changes.

use segue_core::{AudioFeature, Difference, Timestamp, TrackId};
use serde::Serialize;

/// One taste of a listener: a group of likes that sound alike, with everything that a page says of
/// it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taste {
    /// A few words made of facts, such as "calm and acoustic"; no two tastes of a listener share
    /// them.
    pub name: String,
    /// The liked track that lies most in the middle of the taste. It names the taste to machines,
    /// and may change as likes come in.
    pub medoid: TrackId,
    /// Up to four likes near the middle, by different artists, the medoid first: what to play for
    /// somebody who asks what this taste is.
    pub examples: Vec<TrackId>,
    /// How many liked works belong to it. Works are counted, however many versions were liked.
    pub likes: u32,
    /// Its share of the listener's liking, above 0 and at most 1, each like weighing as its label
    /// does. Likes in no taste count in the whole.
    pub share: f64,
    /// How it sounds, feature by feature in the order of [`AXES`](crate::sound::AXES); features
    /// that are known of none of its likes are left out.
    pub features: Vec<FeatureLevel>,
    /// In what it stands out from the catalogue, most first, at most four features. It may be
    /// empty.
    pub stands_out: Vec<Difference>,
    /// In what it stands out from the listener's other tastes, most first, at most four. It is
    /// empty where there is no other taste.
    pub differs: Vec<Difference>,
    /// Its artists with most likes, the most first, at most five, ties by name.
    pub artists: Vec<Leading>,
    /// Its genres with most likes, the most first, at most five; empty where the catalogue knows no
    /// genres.
    pub genres: Vec<Leading>,
    /// When a work of it was last played; `None` if no play of it has a date.
    pub last_played: Option<Timestamp>,
    /// Whether it is played more of late than it was before, as its share of plays.
    pub trend: Trend,
}

/// How a taste sounds in one audio feature, in the unit of the feature and compared with the
/// catalogue and with other tastes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FeatureLevel {
    /// The audio feature, one of the [axes](crate::sound::AXES) of the space of sound.
    pub feature: AudioFeature,
    /// Its weighted mean over the likes of the taste, in the unit of the feature: beats per minute
    /// for tempo, 0 to 1 for energy. Where services tell it of some and it is estimated of others,
    /// over those that are more: their scales are not the same.
    pub value: f32,
    /// How many standard deviations of the catalogue the taste lies above the catalogue's mean;
    /// below it where negative. What is told is measured by what is told, what is estimated by what
    /// is estimated, and all likes count.
    pub above_catalogue: f32,
    /// Standard deviations of the catalogue by which the listener's other tastes are above its
    /// mean, if there are others.
    pub others_above_catalogue: Option<f32>,
}

/// An artist or a genre that leads within a taste, with how much of it they make up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leading {
    /// The name of the artist or genre as the catalogue spells it, for a page to show.
    pub name: String,
    /// How many liked works of the taste are by this artist, or of this genre; at least 1.
    pub likes: u32,
    /// Share of the works in the taste, above 0 and at most 1, each work counting the same.
    pub share: f64,
}

/// How much a taste was played in the last 90 days, against all that is on record before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Whether the share has grown, fallen or stayed. [`Course::Unknown`] where there are too few
    /// plays to compare.
    pub course: Course,
    /// Its share, 0 to 1, of plays of likes in the last 90 days; `None` if there were no plays of
    /// any taste.
    pub recent_share: Option<f64>,
    /// Its share, 0 to 1, of plays of likes before the last 90 days; `None` if there were none.
    pub share_before: Option<f64>,
}

/// Which way the share of a taste goes. It takes 30 plays on either side, and a change by 5 points
/// and two standard errors, to be called a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Its share of plays has grown by more than chance would explain.
    Grows,
    /// Its share of plays has fallen by more than chance would explain.
    Fades,
    /// Its share of plays has changed by no more than chance.
    Steady,
    /// Too little was played, of late or before, to tell.
    Unknown,
}
