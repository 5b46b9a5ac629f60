//! The relation of a track to a listener's history, as numbers that a network trained on *other*
//! listeners can read: a relation network (Sung 2018) whose relations are named instead of learned
//! end to end, because a few hundred listeners are too few to learn them and named ones can be
//! explained.
//!
//! Everything is measured against what the listener liked and disliked without the track itself: a
//! track's own label never enters its relation. Absent is NaN; a listener of whom nothing is known
//! has every relation absent, which is how the network tells that only its prior applies.

use std::borrow::Cow;

use segue_engine::TrackIdx;

use super::describe::{self, Descriptions, NEWNESS, POPULARITY, REWORKED};
use super::feature_spaces::{FeatureSpaces, Placed, Positions, SPACES};
use super::labelled::{LabelledTrack, weight_of};
use super::side::{Side, get};

/// Names of the columns after the descriptors of the track itself.
const RELATIONS: [&str; 40] = [
    "liked_by",
    "artist_liked_by",
    "likes",
    "dislikes",
    "sound_ratio",
    "sound_distance",
    "sound_wide",
    "sound_narrow",
    "sound_nearest",
    "sound_third",
    "all_ratio",
    "all_distance",
    "all_wide",
    "all_narrow",
    "all_nearest",
    "all_third",
    "disliked_sound_ratio",
    "disliked_sound_wide",
    "disliked_sound_nearest",
    "disliked_all_ratio",
    "disliked_all_wide",
    "disliked_all_nearest",
    "sound_contrast",
    "all_contrast",
    "sound_cosine",
    "artist_likes",
    "artist_share",
    "artist_dislikes",
    "artist_balance",
    "album_likes",
    "genre_ratio",
    "disliked_genre_ratio",
    "newness_from_mean",
    "newness_from_nearest",
    "popularity_from_mean",
    "reworked_share",
    "artist_near_mean",
    "artist_nearest",
    "artist_near_disliked",
    "artist_contrast",
];

/// Number of columns.
pub(crate) const COLUMNS: usize = describe::COUNT + RELATIONS.len();

/// Names of all columns, in order.
pub(crate) fn column_names() -> Vec<&'static str> {
    describe::NAMES.into_iter().chain(RELATIONS).collect()
}

/// A listener's history, prepared for many queries.
pub(crate) struct PreparedHistory<'a> {
    feature_spaces: &'a FeatureSpaces,
    descriptions: &'a Descriptions,
    likes: Side,
    dislikes: Side,
}

impl<'a> PreparedHistory<'a> {
    /// Prepares labelled tracks; `positions` says where a track of the catalogue lies, as
    /// [`FeatureSpaces::positions`] does.
    pub(crate) fn new<'p>(
        feature_spaces: &'a FeatureSpaces,
        descriptions: &'a Descriptions,
        labelled: &[LabelledTrack],
        positions: impl Fn(TrackIdx) -> Cow<'p, Positions>,
    ) -> Self {
        let side = |liked| {
            let members: Vec<LabelledTrack> =
                labelled.iter().copied().filter(|labelled| labelled.liked == liked).collect();
            Side::new(feature_spaces, descriptions, &members, &positions)
        };
        Self { feature_spaces, descriptions, likes: side(true), dislikes: side(false) }
    }

    /// The columns of one query, in the order of [`column_names`].
    pub(crate) fn relate(&self, query: &Placed, scratch: &mut Vec<f32>) -> [f32; COLUMNS] {
        let row = query.track.0 as usize;
        let work = self.descriptions.works[row];
        let like = self.likes.by_work.get(&work);
        let dislike = self.dislikes.by_work.get(&work);
        let likes = self.likes.total - weight_of(like);
        let dislikes = self.dislikes.total - weight_of(dislike);

        let mut columns = Columns::default();
        columns.extend(&query.description);
        columns.extend(&self.popularity_with_others(query, like.is_some()));
        columns.extend(&[likes.ln_1p(), dislikes.ln_1p()]);
        let (mut wide_likes, mut wide_dislikes) = ([f32::NAN; SPACES], [f32::NAN; SPACES]);
        for (space, wide) in wide_likes.iter_mut().enumerate() {
            let (ratio, distance) =
                self.likes.ratio(self.feature_spaces, space, query, like, self.descriptions);
            let near =
                self.likes.near(self.feature_spaces, space, query, like.map(|_| work), scratch);
            let kernels = near.kernels.log_ratio(near.total, query.density[space]);
            *wide = kernels.wide;
            let known = [ratio, distance, kernels.wide, kernels.narrow, near.nearest, near.third];
            columns.extend(&if near.total > 0.0 { known } else { [f32::NAN; 6] });
        }
        for (space, wide) in wide_dislikes.iter_mut().enumerate() {
            let (ratio, _) =
                self.dislikes.ratio(self.feature_spaces, space, query, dislike, self.descriptions);
            let near = self.dislikes.near(
                self.feature_spaces,
                space,
                query,
                dislike.map(|_| work),
                scratch,
            );
            let kernels = near.kernels.log_ratio(near.total, query.density[space]);
            *wide = kernels.wide;
            let known = [ratio, kernels.wide, near.nearest];
            columns.extend(&if near.total > 0.0 { known } else { [f32::NAN; 3] });
        }
        let has_both = likes > 0.0 && dislikes > 0.0;
        for (likes, dislikes) in wide_likes.into_iter().zip(wide_dislikes) {
            columns.extend(&[if has_both { likes - dislikes } else { f32::NAN }]);
        }
        columns.extend(&[self.likes.sound_cosine(query, like, self.descriptions)]);
        columns.extend(&self.names(query, likes, like, dislike));
        columns.extend(&self.circumstances(query, likes, like));
        columns.extend(&self.co_likes(query, like, dislike, scratch));
        columns.values
    }

    /// How known the track and its artist are among other listeners.
    fn popularity_with_others(&self, query: &Placed, own: bool) -> [f32; 2] {
        if self.feature_spaces.community.listeners == 0 {
            return [f32::NAN; 2];
        }
        // The listener may be one of those counted: what they like themselves is counted once less.
        let others = |count: f32| (count - if own { 1.0 } else { 0.0 }).max(0.0).ln_1p();
        let artist = query.artist_place.map_or(0.0, |artist_place| artist_place.listeners as f32);
        [others(query.liked_by), others(artist)]
    }

    /// Artist, album and genre.
    fn names(
        &self,
        query: &Placed,
        likes: f32,
        like: Option<&LabelledTrack>,
        dislike: Option<&LabelledTrack>,
    ) -> [f32; 7] {
        let mut names = [f32::NAN; 7];
        if let Some(artist) = query.artist {
            let liked = get(&self.likes.by_artist, &artist) - weight_of(like);
            let disliked = get(&self.dislikes.by_artist, &artist) - weight_of(dislike);
            let balance = ((liked.max(0.0) + 0.5) / (disliked.max(0.0) + 0.5)).ln();
            names[..4].copy_from_slice(&[liked, liked / (likes + 1.0), disliked, balance]);
        }
        if let Some(album) = query.album {
            names[4] = get(&self.likes.by_album, &album) - weight_of(like);
        }
        if let Some(genre) = query.genre {
            let share = self.descriptions.genre_shares[genre as usize];
            names[5] = self.likes.genre_ratio(genre, share, weight_of(like));
            names[6] = self.dislikes.genre_ratio(genre, share, weight_of(dislike));
        }
        names
    }

    /// Age, popularity and kind of version.
    fn circumstances(&self, query: &Placed, likes: f32, like: Option<&LabelledTrack>) -> [f32; 4] {
        let own = like.map(|labelled| (labelled, self.descriptions.of(labelled.track)));
        let from_mean = |(sum, weight): (f32, f32), descriptor: usize| {
            let own = own.filter(|(_, description)| !description[descriptor].is_nan());
            let own_weight = own.map_or(0.0, |(labelled, _)| labelled.weight);
            let own_sum = own
                .map_or(0.0, |(labelled, description)| labelled.weight * description[descriptor]);
            let weight = weight - own_weight;
            if weight > 1e-3 {
                query.description[descriptor] - (sum - own_sum) / weight
            } else {
                f32::NAN
            }
        };
        let own_reworked =
            own.map_or(0.0, |(labelled, description)| labelled.weight * description[REWORKED]);
        [
            from_mean(self.likes.newness, NEWNESS),
            self.likes.newness_from_nearest(
                query,
                like.map(|_| self.descriptions.works[query.track.0 as usize]),
            ),
            from_mean(self.likes.popularity, POPULARITY),
            if likes > 1e-3 { (self.likes.reworked - own_reworked) / likes } else { f32::NAN },
        ]
    }

    /// How near the artist stands to artists of either side.
    fn co_likes(
        &self,
        query: &Placed,
        like: Option<&LabelledTrack>,
        dislike: Option<&LabelledTrack>,
        scratch: &mut Vec<f32>,
    ) -> [f32; 4] {
        let Some(artist_place) = query.artist_place else { return [f32::NAN; 4] };
        let (near, nearest) =
            self.likes.co_likes(query.artist, &artist_place.place, weight_of(like), scratch);
        let (near_disliked, nearest_disliked) =
            self.dislikes.co_likes(query.artist, &artist_place.place, weight_of(dislike), scratch);
        [near, nearest, near_disliked, nearest - nearest_disliked]
    }
}

/// Values pushed one after another.
struct Columns {
    values: [f32; COLUMNS],
    filled: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Self { values: [f32::NAN; COLUMNS], filled: 0 }
    }
}

impl Columns {
    fn extend(&mut self, values: &[f32]) {
        self.values[self.filled..self.filled + values.len()].copy_from_slice(values);
        self.filled += values.len();
    }
}

#[cfg(test)]
mod tests {
    use super::super::describe::Scale;
    use super::super::labelled::labelled_tracks;
    use super::super::testing::{catalogue, fans, outspoken};
    use super::*;

    fn world() -> (Descriptions, FeatureSpaces, Vec<LabelledTrack>) {
        let catalogue = catalogue(240);
        let descriptions = Descriptions::new(&catalogue, &Scale::fit(&catalogue));
        let likes: Vec<Vec<TrackIdx>> = fans(&catalogue, 24, 12)
            .iter()
            .map(|profile| profile.labelled().map(|(track, _)| track).collect())
            .collect();
        let feature_spaces = FeatureSpaces::fit(&descriptions, &likes, 5);
        (descriptions, feature_spaces, labelled_tracks(&outspoken(&catalogue, 20)))
    }

    fn relate(
        descriptions: &Descriptions,
        feature_spaces: &FeatureSpaces,
        history: &[LabelledTrack],
        track: TrackIdx,
    ) -> [f32; COLUMNS] {
        let positions = |track| Cow::Owned(feature_spaces.positions(descriptions.of(track)));
        let history = PreparedHistory::new(feature_spaces, descriptions, history, positions);
        history.relate(&feature_spaces.place(descriptions, track), &mut Vec::new())
    }

    fn assert_alike(a: &[f32; COLUMNS], b: &[f32; COLUMNS]) {
        for ((name, a), b) in column_names().iter().zip(a).zip(b) {
            let alike = (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-3 * (1.0 + a.abs());
            assert!(alike, "`{name}`: {a} is not {b}");
        }
    }

    #[test]
    fn the_label_of_a_track_never_enters_its_own_relation() {
        let (descriptions, feature_spaces, history) = world();
        // What others did is counted with the listener among them, so that column is told apart
        // below.
        let popularity_with_others =
            column_names().iter().position(|name| *name == "liked_by").unwrap();
        for i in 0..history.len() {
            let track = history[i].track;
            let mut without = history.clone();
            without.remove(i);
            let mut flipped = history.clone();
            flipped[i].liked = !flipped[i].liked;
            let mut expected = relate(&descriptions, &feature_spaces, &without, track);
            for history in [&history, &flipped] {
                let mut found = relate(&descriptions, &feature_spaces, history, track);
                for columns in [&mut expected, &mut found] {
                    columns[popularity_with_others..popularity_with_others + 2].fill(0.0);
                }
                assert_alike(&found, &expected);
            }
        }
    }

    #[test]
    fn what_a_listener_likes_is_counted_once_less_among_all_who_do() {
        let (descriptions, feature_spaces, history) = world();
        let popularity_with_others =
            column_names().iter().position(|name| *name == "liked_by").unwrap();
        let stranger =
            |track| relate(&descriptions, &feature_spaces, &[], track)[popularity_with_others];
        let liked =
            history.iter().find(|labelled| labelled.liked && stranger(labelled.track) > 0.0);
        let track = liked.unwrap().track;
        let as_a_stranger = stranger(track);
        let as_one_of_them =
            relate(&descriptions, &feature_spaces, &history, track)[popularity_with_others];
        assert!((as_a_stranger.exp() - as_one_of_them.exp() - 1.0).abs() < 1e-4);
    }

    #[test]
    fn an_empty_history_has_no_relations_but_the_prior_ones() {
        let (descriptions, feature_spaces, _) = world();
        let columns = relate(&descriptions, &feature_spaces, &[], TrackIdx(1));
        let relations: Vec<&str> = column_names()[describe::COUNT + 4..].to_vec();
        let known: Vec<&str> = relations
            .iter()
            .zip(&columns[describe::COUNT + 4..])
            .filter(|(_, x)| !x.is_nan())
            .map(|(n, _)| *n)
            .collect();
        let zero_by_nature = [
            "artist_likes",
            "artist_share",
            "artist_dislikes",
            "artist_balance",
            "album_likes",
            "genre_ratio",
            "disliked_genre_ratio",
        ];
        for name in known {
            assert!(zero_by_nature.contains(&name), "`{name}` is known");
        }
    }

    #[test]
    fn liked_sound_is_nearer_than_disliked_sound() {
        let (descriptions, feature_spaces, history) = world();
        let column = |name| column_names().iter().position(|other| *other == name).unwrap();
        let of = |row| relate(&descriptions, &feature_spaces, &history, TrackIdx(row));
        // Rows 201 and 202 are beyond the history; 201 is of the liked camp, 202 of the disliked
        // one.
        for name in ["sound_ratio", "all_ratio", "sound_wide", "sound_contrast", "genre_ratio"] {
            assert!(of(201)[column(name)] > of(202)[column(name)], "`{name}`");
        }
    }

    #[test]
    fn a_silent_track_keeps_the_relations_that_need_no_sound() {
        let (descriptions, feature_spaces, history) = world();
        let column = |name| column_names().iter().position(|other| *other == name).unwrap();
        let columns = relate(&descriptions, &feature_spaces, &history, TrackIdx(220));
        assert!(columns[column("sound_ratio")].is_nan() && columns[column("sound_wide")].is_nan());
        assert!(
            !columns[column("artist_likes")].is_nan()
                && !columns[column("newness_from_nearest")].is_nan()
        );
    }
}
