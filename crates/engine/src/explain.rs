//! All that can be said of a listener and one track: what the model expects, why it would be in a
//! mix, what the listener likes that sounds like it, where it differs from their taste, what is on
//! record, and whether a filter would leave it out.
//!
//! Facts and no sentences: pages and APIs say them in their own words.

use segue_core::{AudioFeature, Reason};

use crate::candidate::Sources;
use crate::mix::filters::{FilterStep, left_out_by};
use crate::mix::reasons::{AGREES, Likes, Reasons};
use crate::pipeline::{MixError, MixRequest};
use crate::sound::AXES;
use crate::{
    ArtistIdx, Catalogue, Index, Interaction, Likability, MixContext, Profile, Scorer, TrackIdx,
    predict,
};

/// At most this many near likes are named.
const MOST_NEAR: usize = 5;

/// A track that the listener likes and that sounds like the one explained: evidence that a page can
/// name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearLike {
    /// The liked track. It is a version of another work than the one explained, because a song is
    /// no evidence for itself.
    pub track: TrackIdx,
    /// Mean squared difference in the [space of sound](crate::sound): 0 for the same sound, about 2
    /// for two tracks at random.
    pub distance: f32,
}

/// How one audio feature of a track stands to what the listener likes: where it agrees with their
/// taste, and where it is out of the way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureMatch {
    /// The audio feature, one of the [axes](crate::sound::AXES) of the space of sound.
    pub feature: AudioFeature,
    /// How many standard deviations of the likes the track lies above their mean (below where
    /// negative); likes that all sound the same count as half as spread as the catalogue.
    pub away: f32,
}

/// What the listener did with an artist, over all works in the catalogue. All counts are 0 for an
/// artist they never met, and for a track without an artist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArtistRecord {
    /// Works by the artist that the listener knows, in any version; works are counted, not plays.
    pub known: u32,
    /// Works among them that count as liked, by the label policy or by feedback.
    pub liked: u32,
    /// Plays of works by the artist, those that count neither as liked nor as disliked included.
    pub plays: u32,
    /// Plays that went to the end, a part of `plays`: the strongest sign of liking short of
    /// feedback.
    pub finished: u32,
    /// Plays that were skipped, a part of `plays`. Plays that are neither finished nor skipped say
    /// nothing.
    pub skipped: u32,
    /// Whether the listener has banned the artist, so that no mix holds a track of theirs.
    pub is_banned: bool,
}

/// What can be said of a listener and one track, as facts for a page or an API to put into words.
/// It is made by [`explain`].
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the model expects, and how far it trusts itself: the same prediction as in a mix.
    pub likability: Likability,
    /// Whether the listener does not know the work in any version. It decides which side of the
    /// dial the track is on.
    pub is_new: bool,
    /// Why it would be in a mix: the reason that a mix would state beside it, whether or not a
    /// filter leaves it out.
    pub reason: Reason,
    /// At most five liked tracks nearest in sound, the nearest first; none where the sound of the
    /// track is not known.
    pub near: Vec<NearLike>,
    /// Features known for the track and the likes, those first in which it is farthest from them.
    /// It is empty where nothing is known of the sound.
    pub features: Vec<FeatureMatch>,
    /// What is on record about the work, all versions together; `None` where the listener never
    /// touched it.
    pub work: Option<Interaction>,
    /// In how many sittings it was shown lately without an answer since, the one that goes on not
    /// counted: by each of them it ranks lower in mixes ([fatigue](crate::mix::fatigue)).
    pub shown: u32,
    /// What is on record about the main artist, over all works; all 0 where the track has no
    /// artist.
    pub artist: ArtistRecord,
    /// The first filter that would leave the track out of a mix as requested; `None` if it may be
    /// in one.
    pub left_out: Option<FilterStep>,
}

/// Explains a track to a listener. `reasons` says who it is, what they like and at which moment;
/// `request` is the mix whose filters the track is held against. The track need not be one that a
/// mix would hold.
///
/// # Errors
/// [`MixError::Predictions`] if the scorer does not give exactly one prediction.
pub fn explain(
    reasons: &Reasons<'_>,
    scorer: &dyn Scorer,
    track: TrackIdx,
    request: &MixRequest,
) -> Result<Explanation, MixError> {
    let Reasons { catalogue, index, profile, likes, .. } = *reasons;
    let likability = predict(profile, scorer, &[track])?[0];
    let work = profile.interaction(catalogue.work(track));
    let decided_by = scorer.ranker().map_or_else(Sources::default, |ranker| {
        let reading = ranker.read(profile, MixContext::at(reasons.now));
        reading.relevance(track, likability).decided_by
    });
    let other_work = |anchor: &TrackIdx| catalogue.work(*anchor) != catalogue.work(track);
    let mut near: Vec<NearLike> = likes
        .anchors()
        .iter()
        .filter(|anchor| other_work(anchor))
        .filter_map(|&like| {
            Some(NearLike { track: like, distance: index.sound.distance(track, like)? })
        })
        .collect();
    near.sort_by(|a, b| a.distance.total_cmp(&b.distance).then(a.track.cmp(&b.track)));
    near.truncate(MOST_NEAR);
    Ok(Explanation {
        likability,
        is_new: !work.is_some_and(Interaction::is_known),
        reason: reasons.reason(track, decided_by),
        near,
        features: features(index, likes, track),
        work: work.cloned(),
        shown: profile.shown.count(catalogue.work(track), reasons.now),
        artist: catalogue
            .artist(track)
            .map_or_else(ArtistRecord::default, |artist| record(catalogue, profile, artist)),
        left_out: left_out_by(&request.filters(catalogue, profile), track),
    })
}

impl FeatureMatch {
    /// Whether the track is in this feature as the likes are: close enough to their mean, on either
    /// side, to be given as a reason.
    pub fn agrees(&self) -> bool {
        self.away.abs() <= AGREES
    }
}

/// The features known for the track and some of the likes, those first in which it is farthest from
/// them, ties by axis.
fn features(index: &Index, likes: &Likes, track: TrackIdx) -> Vec<FeatureMatch> {
    let away = |(axis, &feature): (usize, &AudioFeature)| {
        let away = likes.away(&index.sound, track, axis).filter(|away| !away.is_nan())?;
        Some(FeatureMatch { feature, away })
    };
    let mut features: Vec<FeatureMatch> = AXES.iter().enumerate().filter_map(away).collect();
    features.sort_by(|a, b| b.away.abs().total_cmp(&a.away.abs()));
    features
}

fn record(catalogue: &Catalogue, profile: &Profile, artist: ArtistIdx) -> ArtistRecord {
    let mut record = ArtistRecord {
        is_banned: profile.banned_artists.contains(&artist),
        ..ArtistRecord::default()
    };
    let theirs = profile.interactions.iter().filter(|x| catalogue.artist(x.track) == Some(artist));
    for interaction in theirs {
        record.known += u32::from(interaction.is_known());
        record.liked += u32::from(interaction.label.is_some_and(|label| label.liked));
        record.plays += interaction.plays;
        record.finished += interaction.finished;
        record.skipped += interaction.skipped;
    }
    record
}
