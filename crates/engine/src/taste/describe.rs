//! What a taste is: its middle, its sound, its artists and genres.

use std::collections::BTreeMap;

use segue_core::{AudioFeature, Difference, Direction};

use super::likes::{Like, squared_distance};
use super::{Course, FeatureLevel, Leading, Taste, Trend};
use crate::Index;
use crate::sound::AXES;
use crate::{ArtistIdx, Catalogue};

/// So many examples, artists and genres are named.
const EXAMPLES: usize = 4;
const LEADING: usize = 5;
/// So many differences are named.
const DIFFERENCES: usize = 4;
/// Standard deviations of the catalogue from which a difference is worth a word.
const WORTH_A_WORD: f32 = 0.4;
/// The middle is looked for among at most this many likes of a taste, evenly thinned.
const MOST_COMPARED: usize = 700;

/// Describes the tastes that likes were put into, in their order; names and trends are still to
/// come.
pub(super) fn describe(
    catalogue: &Catalogue,
    index: &Index,
    likes: &[Like],
    places: &[Option<usize>],
) -> Vec<Taste> {
    let count = places.iter().flatten().max().map_or(0, |last| last + 1);
    let mut members: Vec<Vec<&Like>> = vec![Vec::new(); count];
    for (like, place) in likes.iter().zip(places) {
        if let Some(place) = place {
            members[*place].push(like);
        }
    }
    let weight: f64 = likes.iter().map(|like| f64::from(like.weight)).sum();
    let others = |taste: usize| -> Vec<&Like> {
        let others = members.iter().enumerate().filter(|(other, _)| *other != taste);
        others.flat_map(|(_, likes)| likes.iter().copied()).collect()
    };
    let taste = |taste: usize| one(catalogue, index, &members[taste], &others(taste), weight);
    (0..count).map(taste).collect()
}

fn one(
    catalogue: &Catalogue,
    index: &Index,
    members: &[&Like],
    others: &[&Like],
    all: f64,
) -> Taste {
    let examples = examples(members);
    let id = |like: &Like| catalogue.track(like.track).id.clone();
    let features: Vec<FeatureLevel> =
        (0..AXES.len()).filter_map(|axis| level(catalogue, index, axis, members, others)).collect();
    let artist =
        |like: &Like| like.artist.map(|artist: ArtistIdx| catalogue.artist_name(artist).to_owned());
    let genre = |like: &Like| catalogue.track(like.track).genre.clone();
    Taste {
        name: String::new(),
        medoid: id(examples[0]),
        examples: examples.into_iter().map(id).collect(),
        likes: members.len() as u32,
        share: members.iter().map(|like| f64::from(like.weight)).sum::<f64>() / all,
        stands_out: differences(&features, |level| Some(level.above_catalogue)),
        differs: differences(&features, |level| {
            Some(level.above_catalogue - level.others_above_catalogue?)
        }),
        features,
        artists: leading(members, artist),
        genres: leading(members, genre),
        last_played: None,
        trend: Trend { course: Course::Unknown, recent_share: None, share_before: None },
    }
}

/// The medoid, which is the like with the smallest weighted sum of distances to the others, and the
/// next best of other artists.
fn examples<'a>(members: &[&'a Like]) -> Vec<&'a Like> {
    let size = members.len().min(MOST_COMPARED);
    let compared: Vec<&Like> = (0..size).map(|i| members[i * members.len() / size]).collect();
    let is_heard = |like: &&&Like| like.position.is_some();
    let heard: Vec<&'a Like> = compared.iter().filter(is_heard).copied().collect();
    let compared = if heard.is_empty() { compared } else { heard };
    let distance = |like: &Like| -> f64 {
        let distances = compared.iter().map(|other| {
            if other.work == like.work {
                0.0
            } else {
                f64::from(other.weight * squared_distance(like, other).sqrt())
            }
        });
        distances.sum()
    };
    let mut by_distance: Vec<(f64, &Like)> =
        compared.iter().map(|like| (distance(like), *like)).collect();
    by_distance.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.track.cmp(&b.1.track)));
    let mut examples: Vec<&Like> = Vec::new();
    for (_, like) in by_distance {
        let is_other = |example: &&Like| like.artist.is_none() || example.artist != like.artist;
        if examples.len() < EXAMPLES && examples.iter().all(is_other) {
            examples.push(like);
        }
    }
    examples
}

fn level(
    catalogue: &Catalogue,
    index: &Index,
    axis: usize,
    members: &[&Like],
    others: &[&Like],
) -> Option<FeatureLevel> {
    let feature = AXES[axis];
    let position =
        |like: &Like| Some(index.sound.position(like.track)[axis]).filter(|value| !value.is_nan());
    let is_told = index.sound.is_mostly_told(members.iter().map(|like| like.track));
    let value = |like: &Like| {
        let told = index.sound.place(like.track).told.is_some();
        catalogue.track(like.track).features.get(feature).filter(|_| told == is_told)
    };
    Some(FeatureLevel {
        feature,
        value: mean(members, value)?,
        above_catalogue: mean(members, position)?,
        others_above_catalogue: mean(others, position),
    })
}

/// The weighted mean of what is known.
fn mean(likes: &[&Like], value: impl Fn(&Like) -> Option<f32>) -> Option<f32> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for like in likes {
        if let Some(value) = value(like) {
            sum += f64::from(value * like.weight);
            weight += f64::from(like.weight);
        }
    }
    (weight > 0.0).then(|| (sum / weight) as f32)
}

/// The features in which `above` is worth a word, most first, ties by axis.
fn differences(
    features: &[FeatureLevel],
    above: impl Fn(&FeatureLevel) -> Option<f32>,
) -> Vec<Difference> {
    let mut found: Vec<(f32, Difference)> = Vec::new();
    for level in features {
        let Some(above) = above(level).filter(|above| above.abs() >= WORTH_A_WORD) else {
            continue;
        };
        let direction = if above > 0.0 { Direction::More } else { Direction::Less };
        if tells(level.feature, direction) {
            found.push((above.abs(), Difference { feature: level.feature, direction }));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    found.into_iter().take(DIFFERENCES).map(|(_, difference)| difference).collect()
}

/// Most tracks have no spoken words, no instrumental passages and no audience, so having few says
/// nothing.
fn tells(feature: AudioFeature, direction: Direction) -> bool {
    let is_rare = matches!(
        feature,
        AudioFeature::Speechiness | AudioFeature::Instrumentalness | AudioFeature::Liveness
    );
    !is_rare || direction == Direction::More
}

/// The names with most likes, ties by name.
fn leading(members: &[&Like], name: impl Fn(&Like) -> Option<String>) -> Vec<Leading> {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    members
        .iter()
        .filter_map(|like| name(like))
        .for_each(|name| *counts.entry(name).or_default() += 1);
    let mut counts: Vec<(String, u32)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    counts.truncate(LEADING);
    let share = |likes: u32| f64::from(likes) / members.len() as f64;
    counts.into_iter().map(|(name, likes)| Leading { name, likes, share: share(likes) }).collect()
}
