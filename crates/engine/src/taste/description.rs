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
    /// The like that lies most in the middle; it names the taste to machines.
    pub medoid: TrackId,
    /// Likes near the middle by different artists, the medoid first.
    pub examples: Vec<TrackId>,
    /// How many liked works belong to it.
    pub likes: u32,
    /// Its share of the listener's liking, each like weighing as its label does.
    pub share: f64,
    /// How it sounds, on every axis of the space of sound that is known.
    pub features: Vec<FeatureLevel>,
    /// In what it stands out from the catalogue, most first.
    pub stands_out: Vec<Difference>,
    /// In what it stands out from the listener's other tastes, most first.
    pub differs: Vec<Difference>,
    /// Its artists with most likes.
    pub artists: Vec<Leading>,
    /// Its genres with most likes.
    pub genres: Vec<Leading>,
    /// When any of it was last played.
    pub last_played: Option<Timestamp>,
    /// Whether it is played more than it was.
    pub trend: Trend,
}

/// How a taste sounds in one feature.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FeatureLevel {
    /// The audio feature, one of the axes of the space of sound.
    pub feature: AudioFeature,
    /// Its mean in the unit of the feature.
    pub value: f32,
    /// Standard deviations above the mean of the catalogue.
    pub above_catalogue: f32,
    /// Standard deviations of the catalogue by which the listener's other tastes are above its
    /// mean, if there are others.
    pub others_above_catalogue: Option<f32>,
}

/// An artist or genre of a taste.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leading {
    /// The name of the artist or genre as the catalogue spells it.
    pub name: String,
    /// How many liked works belong to it.
    pub likes: u32,
    /// Of the likes in the taste, 0 to 1.
    pub share: f64,
}

/// How much a taste was played of late, against before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Which way it goes.
    pub course: Course,
    /// Its share of plays of likes in the last 90 days, if there were any.
    pub recent_share: Option<f64>,
    /// Its share before that, if there were any.
    pub share_before: Option<f64>,
}

/// Which way a taste goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Course {
    /// Its share of plays has grown by more than chance.
    Grows,
    /// It has fallen by more than chance.
    Fades,
    /// Its share of plays has changed by no more than chance.
    Steady,
    /// Too little was played to tell.
    Unknown,
}
