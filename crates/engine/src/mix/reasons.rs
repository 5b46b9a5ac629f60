//! Why a track is in a mix: facts that the listener can check, and nothing that is not so.
//!
//! Of each track all that is true and worth saying is gathered, the most telling first: what the
//! model that decided goes by, then for what the listener knows what they did with it, and for what
//! is new its artist, a like that it closely resembles, its genre, how many friends play it, being
//! a step outside, being popular, and last the model's word. A mix then says various things: no
//! kind of reason is given for more than a third of its tracks where another true one exists, and
//! of what speaks for a track that is named which the mix has named least so far.
//!
//! Friends are counted and never named, and not counted below two: who follows one person would
//! learn from "a friend of yours" what that person plays.

use std::collections::BTreeMap;
use std::mem::discriminant;

use segue_core::{AudioFeature, Difference, Direction, Reason, Timestamp};

use crate::candidate::Sources;
use crate::dataset::play_memory::week_part;
use crate::sound::estimates::fitting_tags;
use crate::sound::{AXES, SoundSpace};
use crate::{ArtistIdx, Catalogue, Evidence, Index, Interaction, Profile, Stance, TrackIdx};

/// At most this many likes are compared with, those that weigh most: everything resembles one of a
/// thousand songs, and a resemblance to one that the listener hardly remembers explains nothing.
const MOST_ANCHORS: usize = 200;
/// Squared distance to the nearest like up to which a track closely resembles it. Two tracks at
/// random are 2 apart.
const CLOSE: f32 = 0.35;
/// Squared distance from every like beyond which a track is a step outside.
const FAR: f32 = 0.8;
/// Two standardised values agree within this.
pub(crate) const AGREES: f32 = 0.5;
/// So many features are named.
const NAMED: usize = 2;
const FEWEST_FINISHED_OF_FAVOURITE: u32 = 3;
const FEWEST_FINISHED_OF_ARTIST: u32 = 2;
const FEWEST_LIKED_OF_GENRE: u32 = 3;
const LEAST_SHARE_OF_GENRE: f32 = 0.1;
const FEWEST_DAYS_AWAY: u32 = 30;
/// Which decayed count of a [memory](crate::dataset::play_memory) says "lately": that of a week.
const WITHIN_WEEKS: usize = 1;
const FEWEST_LATELY: f32 = 2.0;
const FEWEST_OF_HABIT: u16 = 4;
const MOST_ANCHORS_NAMED: usize = 2;
/// Among so many that speak for a track, a mix names those that it has named least.
const MOST_ANCHORS_GATHERED: usize = 12;
/// Of one friend a number would tell what that friend plays.
const FEWEST_FRIENDS: u32 = 2;
const SECONDS_PER_DAY: i64 = 86_400;

/// A listener's likes, summed up for explaining, and the artists that they know: a function of the
/// profile, made once for many mixes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likes {
    anchors: Vec<TrackIdx>,
    /// For each artist, in order, plays to the end and liked works.
    by_artist: Vec<(ArtistIdx, u32, u32)>,
    /// Liked works of each genre, in order.
    by_genre: Vec<(Box<str>, u32)>,
    /// Main artists of all works that the listener knows, liked or not, in order.
    known_artists: Vec<ArtistIdx>,
    liked: u32,
    /// Mean and standard deviation of the likes on every axis of sound, of those likes whose
    /// features are told or estimated, whichever are more: numbers of two sources do not compare.
    sound: [(f32, f32); AXES.len()],
    is_told: bool,
}

impl Likes {
    /// Sums up a listener's likes by artist, genre and sound. Of an empty profile it holds nothing,
    /// and reasons fall back on popularity and the model's word.
    pub fn from_profile(catalogue: &Catalogue, index: &Index, profile: &Profile) -> Self {
        let mut by_artist: BTreeMap<ArtistIdx, (u32, u32)> = BTreeMap::new();
        let mut by_genre: BTreeMap<&str, u32> = BTreeMap::new();
        let mut liked = 0;
        for interaction in &profile.interactions {
            let is_liked = interaction.label.is_some_and(|label| label.liked);
            liked += u32::from(is_liked);
            let artist = catalogue.artist(interaction.track);
            if let Some(artist) = artist.filter(|_| is_liked || interaction.finished > 0) {
                let counts = by_artist.entry(artist).or_default();
                counts.0 += interaction.finished;
                counts.1 += u32::from(is_liked);
            }
            if let Some(genre) =
                catalogue.track(interaction.track).genre.as_deref().filter(|_| is_liked)
            {
                *by_genre.entry(genre).or_default() += 1;
            }
        }
        let anchors = anchors(profile);
        let describes = |anchor: &TrackIdx| index.sound.place(*anchor).told.is_some();
        let is_told = index.sound.is_mostly_told(anchors.iter().copied());
        let compared = anchors.iter().copied().filter(|anchor| describes(anchor) == is_told);
        let compared: Vec<TrackIdx> = compared.collect();
        let sound = std::array::from_fn(|axis| moments(index, &compared, axis));
        Self {
            anchors,
            by_artist: by_artist
                .into_iter()
                .map(|(artist, (finished, liked))| (artist, finished, liked))
                .collect(),
            by_genre: by_genre.into_iter().map(|(genre, liked)| (genre.into(), liked)).collect(),
            known_artists: profile.known_artists(catalogue),
            liked,
            sound,
            is_told,
        }
    }

    /// The likes that tracks are compared with, those that weigh most first, at most two hundred;
    /// empty if nothing is liked.
    pub fn anchors(&self) -> &[TrackIdx] {
        &self.anchors
    }

    /// Whether the listener knows some work by the main artist of a track; `false` where it names
    /// no artist.
    pub fn knows_artist(&self, catalogue: &Catalogue, track: TrackIdx) -> bool {
        let artist = catalogue.artist(track);
        artist.is_some_and(|artist| self.known_artists.binary_search(&artist).is_ok())
    }

    /// How many standard deviations of the likes a track lies above their mean, on one axis of
    /// sound; `None` if there are no likes, or none that compare with it.
    pub(crate) fn away(&self, sound: &SoundSpace, track: TrackIdx, axis: usize) -> Option<f32> {
        let (mean, deviation) = self.sound[axis];
        let compares = sound.place(track).told.is_some() == self.is_told;
        // Likes that all sound the same would make every difference look large.
        (!self.anchors.is_empty() && compares)
            .then(|| (sound.position(track)[axis] - mean) / deviation.max(0.5))
    }

    /// Plays to the end and liked works of an artist.
    fn of_artist(&self, artist: ArtistIdx) -> (u32, u32) {
        let found = self.by_artist.binary_search_by_key(&artist, |(artist, ..)| *artist);
        found.map_or((0, 0), |i| (self.by_artist[i].1, self.by_artist[i].2))
    }

    fn of_genre(&self, genre: &str) -> u32 {
        let found = self.by_genre.binary_search_by(|(other, _)| other.as_ref().cmp(genre));
        found.map_or(0, |i| self.by_genre[i].1)
    }

    /// Bytes that it takes up beyond its own size.
    pub(crate) fn bytes(&self) -> usize {
        let genres: usize =
            self.by_genre.iter().map(|(genre, _)| genre.len() + size_of::<(Box<str>, u32)>()).sum();
        self.anchors.len() * size_of::<TrackIdx>()
            + self.by_artist.len() * size_of::<(ArtistIdx, u32, u32)>()
            + self.known_artists.len() * size_of::<ArtistIdx>()
            + genres
    }
}

fn moments(index: &Index, anchors: &[TrackIdx], axis: usize) -> (f32, f32) {
    let values = || {
        let values = anchors.iter().map(|&anchor| index.sound.position(anchor)[axis]);
        values.filter(|value| !value.is_nan())
    };
    let count = values().count().max(1) as f32;
    let mean = values().sum::<f32>() / count;
    (mean, (values().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt())
}

/// What reasons are drawn from, made once for all tracks of a mix; [`Reasons::reason`] gives one
/// for a track.
pub struct Reasons<'a> {
    /// The catalogue that tracks, works and artists are rows of, and that names them.
    pub catalogue: &'a Catalogue,
    /// The index over the catalogue: where tracks lie in sound, and what is popular.
    pub index: &'a Index,
    /// The profile of the listener to whom reasons are given, as of this moment.
    pub profile: &'a Profile,
    /// Their likes, summed up by [`Likes::from_profile`], which a server keeps between mixes.
    pub likes: &'a Likes,
    /// What models that ranked found in the history; `None` without such models.
    pub evidence: Option<Box<dyn Evidence + 'a>>,
    /// The moment for which reasons are given, from which "back after 40 days" is counted.
    pub now: Timestamp,
}

impl Reasons<'_> {
    /// Why a track was picked: the most telling of all that is true.
    pub fn reason(&self, track: TrackIdx, decided_by: Sources) -> Reason {
        self.all(track, decided_by).swap_remove(0)
    }

    /// One reason for each track of a mix, so that no kind of reason fills more than a third, and
    /// no sentence more than a tenth, where another true one exists. Tracks of which little can be
    /// said choose first. Where several of the listener's songs speak for a track, those are named
    /// that fewest tracks before it named.
    pub fn varied(&self, tracks: &[(TrackIdx, Sources)]) -> Vec<Reason> {
        let all: Vec<Vec<Reason>> =
            tracks.iter().map(|&(track, decided_by)| self.gathered(track, decided_by)).collect();
        let (most, most_alike) = (tracks.len().div_ceil(3), tracks.len().div_ceil(10));
        let mut order: Vec<usize> = (0..all.len()).collect();
        order.sort_by_key(|&i| (all[i].len(), i));
        let mut given: Vec<&Reason> = Vec::new();
        let mut chosen = vec![0; all.len()];
        for i in order {
            let is_rare = |reason: &Reason| {
                let kind = discriminant(reason);
                given.iter().filter(|other| discriminant(**other) == kind).count() < most
            };
            let says_other = |reason: &Reason| {
                let alike = given.iter().filter(|other| **other == reason).count();
                alike < most_alike * sentences(reason)
            };
            let fresh = all[i].iter().position(|reason| is_rare(reason) && says_other(reason));
            chosen[i] = fresh.or_else(|| all[i].iter().position(is_rare)).unwrap_or(0);
            given.push(&all[i][chosen[i]]);
        }
        let chosen = all.into_iter().zip(chosen).map(|(mut all, chosen)| all.swap_remove(chosen));
        let mut named = BTreeMap::new();
        chosen.map(|reason| naming_others(reason, &mut named)).collect()
    }

    /// All that is true of a track and worth saying, the most telling first; never empty.
    /// `decided_by` is the source that decided its relevance, or the default.
    pub fn all(&self, track: TrackIdx, decided_by: Sources) -> Vec<Reason> {
        let all = self.gathered(track, decided_by).into_iter();
        all.map(|reason| naming_others(reason, &mut BTreeMap::new())).collect()
    }

    /// As [`all`](Self::all), with more names than are said.
    fn gathered(&self, track: TrackIdx, decided_by: Sources) -> Vec<Reason> {
        let interaction = self.profile.interaction(self.catalogue.work(track));
        match interaction.filter(|interaction| interaction.is_known()) {
            Some(interaction) => self.all_for_known(interaction),
            None => self.all_for_new(track, decided_by),
        }
    }

    fn all_for_known(&self, interaction: &Interaction) -> Vec<Reason> {
        let is_liked = interaction.label.is_some_and(|label| label.liked);
        let days = interaction.last_played.map_or(0, |at| days_between(at, self.now));
        let is_back = is_liked && interaction.plays > 0 && days >= FEWEST_DAYS_AWAY;
        let finished = interaction.finished;
        let reasons = [
            is_back.then_some(Reason::BackAfter { days }),
            self.is_played_lately(interaction).then_some(Reason::Lately),
            self.is_habit(interaction).then_some(Reason::Habit),
            (interaction.stance == Stance::Like).then_some(Reason::Liked),
            (finished >= FEWEST_FINISHED_OF_FAVOURITE).then_some(Reason::Favourite { finished }),
            self.together(interaction.track),
            interaction.saved.then_some(Reason::Saved),
        ];
        let mut reasons: Vec<Reason> = reasons.into_iter().flatten().collect();
        if reasons.is_empty() {
            reasons.push(Reason::Heard { plays: interaction.plays });
        }
        reasons
    }

    /// Whether a work was played so often in the last days that it is on the listener's mind.
    fn is_played_lately(&self, interaction: &Interaction) -> bool {
        interaction.memory.decayed(self.now)[WITHIN_WEEKS] >= FEWEST_LATELY
    }

    /// Whether most plays of a work were in the part of the week that it is now.
    fn is_habit(&self, interaction: &Interaction) -> bool {
        let parts = interaction.memory.by_week_part();
        let now = parts[week_part(self.now)];
        let all: u32 = parts.iter().map(|&plays| u32::from(plays)).sum();
        now >= FEWEST_OF_HABIT && 2 * u32::from(now) > all
    }

    fn all_for_new(&self, track: TrackIdx, decided_by: Sources) -> Vec<Reason> {
        let nearest = self.nearest_anchor(track);
        let within = |limit: f32| nearest.filter(|(distance, _)| *distance <= limit);
        let is_far = nearest.is_some_and(|(distance, _)| distance > FAR);
        let is_popular = self.index.popularity.is_popular(track);
        let close = within(CLOSE).and_then(|(_, anchor)| self.sounds_like(track, anchor));
        let near = within(FAR).filter(|_| close.is_none());
        let (decided, others) = self.by_friends(track, decided_by);
        let reasons = [
            decided,
            self.by_decision(track, decided_by),
            self.by_artist(track),
            close,
            self.by_genre(track),
            others,
            is_far.then(|| self.step_outside(track)).flatten(),
            is_popular.then_some(Reason::Popular),
            near.and_then(|(_, anchor)| self.sounds_like(track, anchor)),
        ];
        let mut reasons: Vec<Reason> = reasons.into_iter().flatten().collect();
        if reasons.is_empty() {
            reasons.push(self.tagged(track).unwrap_or(Reason::Predicted));
        }
        reasons
    }

    /// The tags of a track's file: the most that can be said to somebody whose taste nobody knows.
    fn tagged(&self, track: TrackIdx) -> Option<Reason> {
        let tags = fitting_tags(self.catalogue.analysis(track)?);
        let tags: Vec<String> = tags.into_iter().take(NAMED).map(str::to_owned).collect();
        (self.likes.liked == 0 && !tags.is_empty()).then_some(Reason::Tagged { tags })
    }

    /// What the model goes by that decided.
    fn by_decision(&self, track: TrackIdx, decided_by: Sources) -> Option<Reason> {
        match decided_by {
            Sources::SASREC | Sources::SESSIONS => {
                self.together(track).or_else(|| self.played_with(track, Sources::ITEM_KNN))
            }
            Sources::ITEM_KNN | Sources::EASE | Sources::IALS => {
                self.played_with(track, Sources::ITEM_KNN)
            }
            Sources::WORLD_NEIGHBOURS | Sources::WORLD_IALS => {
                self.played_with(track, Sources::WORLD_NEIGHBOURS)
            }
            Sources::WORLD_POPULAR => Some(Reason::Popular),
            Sources::FRIENDS => Some(Reason::LikeFriends),
            Sources::ARRIVALS => match self.by_artist(track)? {
                Reason::Artist { artist, .. } | Reason::ArtistLiked { artist, .. } => {
                    Some(Reason::NewFrom { artist })
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// How many friends play it, as what decided or as one more thing that is true.
    fn by_friends(&self, track: TrackIdx, decided_by: Sources) -> (Option<Reason>, Option<Reason>) {
        let friends = self.profile.friends.players(self.catalogue.work(track));
        let reason = (friends >= FEWEST_FRIENDS).then_some(Reason::Friends { friends });
        match decided_by {
            Sources::FRIENDS => (reason, None),
            _ => (None, reason),
        }
    }

    /// What of the listener's is played by those who play a track, as some neighbours have it. That
    /// those who play an artist play another song of the same says nothing.
    fn played_with(&self, track: TrackIdx, neighbours: Sources) -> Option<Reason> {
        let evidence = self.evidence.as_ref()?;
        let anchors = evidence.because(track, neighbours, MOST_ANCHORS_GATHERED);
        let artist = self.catalogue.artist(track);
        let is_other =
            |anchor: &TrackIdx| artist.is_none() || self.catalogue.artist(*anchor) != artist;
        let others = anchors.into_iter().filter(is_other);
        let mut names: Vec<String> = Vec::new();
        for name in others.map(|anchor| self.short_name(anchor)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then_some(Reason::PlayedWith { anchors: names })
    }

    fn together(&self, track: TrackIdx) -> Option<Reason> {
        let because = self.evidence.as_ref()?.because(track, Sources::SESSIONS, 1);
        let anchor = *because.first()?;
        let is_itself = self.catalogue.work(anchor) == self.catalogue.work(track);
        (!is_itself).then(|| Reason::Together { anchor: self.name(anchor) })
    }

    /// What people call it: the artist where there is one, else as in full.
    fn short_name(&self, track: TrackIdx) -> String {
        let artist = self.catalogue.track(track).artist();
        artist.map_or_else(|| self.name(track), str::to_owned)
    }

    fn name(&self, track: TrackIdx) -> String {
        let row = self.catalogue.track(track);
        // tables of audio features may leave out the title, the artist or both
        match (row.artist(), row.title.as_str()) {
            (Some(artist), "") => format!("a song by {artist} that you like"),
            (Some(artist), title) => format!("{artist} – {title}"),
            (None, "") => "a song that you like".to_owned(),
            (None, title) => title.to_owned(),
        }
    }

    fn by_artist(&self, track: TrackIdx) -> Option<Reason> {
        let idx = self.catalogue.artist(track)?;
        let artist = || self.catalogue.artist_name(idx).to_owned();
        let (finished, liked) = self.likes.of_artist(idx);
        if finished >= FEWEST_FINISHED_OF_ARTIST {
            return Some(Reason::Artist { artist: artist(), finished });
        }
        (liked > 0).then(|| Reason::ArtistLiked { artist: artist(), liked })
    }

    fn by_genre(&self, track: TrackIdx) -> Option<Reason> {
        let genre = self.catalogue.track(track).genre.as_ref()?;
        let liked = self.likes.of_genre(genre);
        let is_liked = liked >= FEWEST_LIKED_OF_GENRE
            && liked as f32 >= LEAST_SHARE_OF_GENRE * self.likes.liked as f32;
        is_liked.then(|| Reason::Genre { genre: genre.clone() })
    }

    fn nearest_anchor(&self, track: TrackIdx) -> Option<(f32, TrackIdx)> {
        let sound = &self.index.sound;
        let distances = self
            .likes
            .anchors
            .iter()
            .filter_map(|&anchor| Some((sound.distance(track, anchor)?, anchor)));
        distances.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
    }

    /// Names the features in which both agree, those first in which both are unlike the average
    /// track.
    fn sounds_like(&self, track: TrackIdx, anchor: TrackIdx) -> Option<Reason> {
        let features = shared_features(&self.index.sound, track, anchor);
        let anchor = self.name(anchor);
        (!features.is_empty()).then_some(Reason::SoundsLike { anchor, features })
    }

    /// Names the features in which the track is more than one standard deviation away from the
    /// likes.
    fn step_outside(&self, track: TrackIdx) -> Option<Reason> {
        let away = |axis: usize| self.likes.away(&self.index.sound, track, axis).unwrap_or(0.0);
        let features = most_telling(|axis| Some(away(axis).abs()).filter(|away| *away > 1.0));
        let differences: Vec<Difference> = features
            .into_iter()
            .map(|feature| {
                let axis =
                    AXES.iter().position(|&axis| axis == feature).expect("named from the axes");
                let direction = if away(axis) > 0.0 { Direction::More } else { Direction::Less };
                Difference { feature, direction }
            })
            .collect();
        (!differences.is_empty()).then_some(Reason::StepOutside { differences })
    }
}

/// How many sentences a reason can become: of many names some are said.
fn sentences(reason: &Reason) -> usize {
    match reason {
        Reason::PlayedWith { anchors } => anchors.len().div_ceil(MOST_ANCHORS_NAMED),
        _ => 1,
    }
}

/// Keeps of the names that a reason gives those that were named least, the most telling first, and
/// counts them as named.
fn naming_others(reason: Reason, named: &mut BTreeMap<String, u32>) -> Reason {
    let Reason::PlayedWith { mut anchors } = reason else { return reason };
    anchors.sort_by_key(|anchor| named.get(anchor).copied().unwrap_or(0));
    anchors.truncate(MOST_ANCHORS_NAMED);
    for anchor in &anchors {
        *named.entry(anchor.clone()).or_default() += 1;
    }
    Reason::PlayedWith { anchors }
}

/// The features in which two tracks agree, those first in which both are unlike the average track;
/// at most two.
pub(crate) fn shared_features(sound: &SoundSpace, a: TrackIdx, b: TrackIdx) -> Vec<AudioFeature> {
    // What services tell and what was estimated from a file do not compare.
    if sound.place(a).told.is_some() != sound.place(b).told.is_some() {
        return Vec::new();
    }
    let (a, b) = (sound.position(a), sound.position(b));
    most_telling(|axis| {
        let difference = (a[axis] - b[axis]).abs();
        (difference <= AGREES).then(|| distinction(axis, (a[axis] + b[axis]) / 2.0) - difference)
    })
}

/// How much a standardised value sets a track apart. Having no spoken words, no instrumental
/// passages or no audience does not: most tracks have none.
fn distinction(axis: usize, value: f32) -> f32 {
    match AXES[axis] {
        AudioFeature::Speechiness | AudioFeature::Instrumentalness | AudioFeature::Liveness => {
            value
        }
        _ => value.abs(),
    }
}

/// The features for which `telling` says most, most first, ties by axis.
fn most_telling(telling: impl Fn(usize) -> Option<f32>) -> Vec<AudioFeature> {
    let mut axes: Vec<(f32, usize)> =
        (0..AXES.len()).filter_map(|axis| Some((telling(axis)?, axis))).collect();
    axes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    axes.into_iter().take(NAMED).map(|(_, axis)| AXES[axis]).collect()
}

/// Likes to compare with: those that weigh most, then those finished most often, ties by row.
fn anchors(profile: &Profile) -> Vec<TrackIdx> {
    let weight = |interaction: &Interaction| {
        interaction.label.filter(|label| label.liked).map(|label| label.weight)
    };
    let mut liked: Vec<(f32, &Interaction)> = profile
        .interactions
        .iter()
        .filter_map(|interaction| Some((weight(interaction)?, interaction)))
        .collect();
    liked.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then(b.1.finished.cmp(&a.1.finished)).then(a.1.track.cmp(&b.1.track))
    });
    liked.into_iter().take(MOST_ANCHORS).map(|(_, interaction)| interaction.track).collect()
}

fn days_between(earlier: Timestamp, later: Timestamp) -> u32 {
    let seconds = later.as_second().saturating_sub(earlier.as_second());
    u32::try_from(seconds / SECONDS_PER_DAY).unwrap_or(0)
}
