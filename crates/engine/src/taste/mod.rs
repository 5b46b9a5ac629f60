//! The several tastes of a listener, each with what it is and a name made of facts.
//!
//! Who likes two kinds of music does not like what lies between, so one average describes nobody
//! (PinnerSage: Pal et al., KDD 2020). As there, likes are clustered by Ward's method (`ward`)
//! and a cluster is stood for by its medoid, a real track. What is clustered is where the likes lie
//! in the [space of sound](crate::sound), with a little of who made them and of what genre they are
//! (`likes`); the number of tastes is the one that sets them apart most clearly, or one
//! (`number`). Likes then move to the nearest centre until none does, which smooths what Ward's
//! merges fixed too early. The paper cuts its tree at a distance instead, which suits embeddings
//! whose scale is known and gives hundreds of clusters for nobody to read.
//!
//! Where the sound of most likes is not known, genres stand for tastes. Likes that have neither a
//! sound nor an artist or genre in common with a taste belong to none, and are counted.

mod describe;
mod description;
mod likes;
mod name;
mod number;
mod trend;
mod ward;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::Index;
use crate::history::{self, DatedPlays, Era};
use crate::{Catalogue, Profile, TrackIdx, WorkIdx};

pub use description::{Course, FeatureLevel, Leading, Taste, Trend};
use likes::{Centre, Like, likes};
use number::{FEWEST_LIKES, MOST_TASTES};
pub use trend::{CountedTrack, PlaysLately};

/// Fewer likes are not split.
const FEWEST_TO_SPLIT: usize = 16;
/// At most this many likes are clustered, evenly thinned; the others join the taste that they are
/// nearest to.
const MOST_CLUSTERED: usize = 2_000;
/// The sound must be known of this share of likes, or genres stand for tastes.
const LEAST_SHARE_OF_SOUND: f64 = 0.3;
/// A genre with a smaller share of likes is no taste.
const LEAST_SHARE_OF_GENRE: f64 = 0.15;
const MOST_MOVES: usize = 10;

/// By what the tastes of a listener were told apart, so that a page can say how far to trust them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// By how they sound, with a little of artist and genre. [`Tastes::separation`] says how
    /// clearly.
    Sound,
    /// By genre, because the sound of most likes is not known.
    Genre,
    /// By nothing: there is one taste, or none.
    #[default]
    None,
}

/// Everything that a listener likes, by taste, as [`Tastes::find`] puts it together. It takes five
/// likes to have one taste, and sixteen of known sound to have several that are told apart by
/// sound.
///
/// # Examples
/// ```
/// use segue_core::{Feedback, FeedbackKind, FeedbackTarget, ListenerId, Source};
/// use segue_core::{Timestamp, Track, TrackId, WorkId};
/// use segue_engine::taste::{Basis, PlaysLately, Tastes};
/// use segue_engine::{Catalogue, Index, Profile};
///
/// let ids = ["a", "b", "c", "d", "e"];
/// let track = |id: &str| {
///     let mut track = Track::new(TrackId::new(id), WorkId::new(id), id);
///     track.artists = vec!["Ann".to_owned()];
///     track
/// };
/// let catalogue = Catalogue::from_tracks(ids.map(track).to_vec());
/// let me = ListenerId::new("me");
/// let likes = ids.map(|id| Feedback {
///     listener: me.clone(),
///     target: FeedbackTarget::Track(TrackId::new(id)),
///     kind: FeedbackKind::Like,
///     at: None,
///     source: Source::Segue,
/// });
///
/// let index = Index::build(&catalogue, []);
/// let find = |likes: &[Feedback]| {
///     let profile = Profile::fold(&catalogue, me.clone(), [], likes);
///     Tastes::find(&catalogue, &index, &profile, &PlaysLately::new(Timestamp::UNIX_EPOCH))
/// };
/// let tastes = find(&likes);
/// assert_eq!((tastes.tastes.len(), tastes.basis), (1, Basis::None));
/// assert_eq!(tastes.tastes[0].artists[0].name, "Ann");
/// assert_eq!(tastes.sound_unknown, 5);
/// assert!(find(&likes[..4]).tastes.is_empty(), "too few to say anything");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tastes {
    /// The tastes, the largest first by weight of likes; at most six, and none where there are
    /// fewer than five likes.
    pub tastes: Vec<Taste>,
    /// By what the tastes were told apart: sound, genre, or [`Basis::None`] where there are not
    /// several.
    pub basis: Basis,
    /// How clearly: the mean silhouette, -1 to 1, where they are told apart by sound.
    pub separation: Option<f32>,
    /// All liked works of the listener, in a taste or in none: what the counts of the tastes and
    /// `unplaced` add up to.
    pub likes: u32,
    /// Likes that belong to no taste, because neither their sound nor their artist or genre says
    /// which.
    pub unplaced: u32,
    /// Likes of whose sound fewer than three features are known, placed or not. Many of them make
    /// tastes less certain.
    pub sound_unknown: u32,
    #[serde(skip)]
    by_work: FxHashMap<WorkIdx, usize>,
}

impl Tastes {
    /// Finds the tastes of a listener. Likes come from `profile`; `plays` only say which taste
    /// grows. It draws from generators with fixed seeds, so
    /// the same arguments give the same tastes.
    pub fn find(
        catalogue: &Catalogue,
        index: &Index,
        profile: &Profile,
        plays: &PlaysLately,
    ) -> Self {
        let likes = likes(catalogue, &index.sound, profile);
        let sound_unknown = likes.iter().filter(|like| like.position.is_none()).count() as u32;
        let Partition { places, basis, separation } = partition(&likes);
        let unplaced = places.iter().filter(|place| place.is_none()).count() as u32;
        let placed = likes.iter().zip(&places);
        let by_work = placed.filter_map(|(like, place)| Some((like.work, (*place)?))).collect();
        let mut tastes = Self {
            tastes: describe::describe(catalogue, index, &likes, &places),
            basis,
            separation,
            likes: likes.len() as u32,
            unplaced,
            sound_unknown,
            by_work,
        };
        tastes.look_back(catalogue, profile, plays);
        name::name(&mut tastes.tastes);
        tastes
    }

    /// The taste that a liked work belongs to, as its place in `tastes`; `None` for works that are
    /// not liked or belong to none.
    pub fn of_work(&self, work: WorkIdx) -> Option<usize> {
        self.by_work.get(&work).copied()
    }

    /// The eras of a history in which one taste led, as
    /// [`artist_eras`](crate::history::artist_eras) for artists. Plays of what belongs to no taste
    /// count for the length of an era and lead none.
    pub fn eras(&self, catalogue: &Catalogue, plays: &DatedPlays) -> Vec<Era> {
        let key = |track: TrackIdx| self.of_work(catalogue.work(track)).map(|taste| taste as u32);
        history::eras(plays, key, |taste| self.tastes[taste as usize].name.clone())
    }

    fn look_back(&mut self, catalogue: &Catalogue, profile: &Profile, plays: &PlaysLately) {
        for interaction in &profile.interactions {
            if let Some(taste) = self.of_work(interaction.work) {
                let taste = &mut self.tastes[taste];
                taste.last_played = taste.last_played.max(interaction.last_played);
            }
        }
        let trends =
            trend::trends(self.tastes.len(), plays, |track| self.of_work(catalogue.work(track)));
        self.tastes.iter_mut().zip(trends).for_each(|(taste, trend)| taste.trend = trend);
    }
}

/// Which taste each like belongs to.
struct Partition {
    places: Vec<Option<usize>>,
    basis: Basis,
    separation: Option<f32>,
}

fn partition(likes: &[Like]) -> Partition {
    let known = likes.iter().filter(|like| like.position.is_some()).count();
    let mut partition = if likes.len() < FEWEST_LIKES {
        Partition { places: vec![None; likes.len()], basis: Basis::None, separation: None }
    } else if known >= FEWEST_TO_SPLIT && known as f64 >= LEAST_SHARE_OF_SOUND * likes.len() as f64
    {
        by_sound(likes)
    } else if known < FEWEST_TO_SPLIT && likes.len() >= FEWEST_TO_SPLIT || known < likes.len() / 2 {
        by_genre(likes)
    } else {
        Partition { places: vec![Some(0); likes.len()], basis: Basis::None, separation: None }
    };
    order_by_weight(likes, &mut partition.places);
    partition
}

fn by_sound(likes: &[Like]) -> Partition {
    let known: Vec<usize> = (0..likes.len()).filter(|&i| likes[i].position.is_some()).collect();
    let size = known.len().min(MOST_CLUSTERED);
    let thinned: Vec<&Like> = (0..size).map(|i| &likes[known[i * known.len() / size]]).collect();
    let chosen = number::choose(&thinned, &ward::ward(&thinned));
    let mut centres = Centre::of_clusters(&thinned, &chosen.clusters, chosen.count);
    let known: Vec<&Like> = known.into_iter().map(|i| &likes[i]).collect();
    let mut clusters = nearest(&known, &centres);
    for _ in 0..MOST_MOVES {
        centres = Centre::of_clusters(&known, &clusters, chosen.count);
        let moved = nearest(&known, &centres);
        if moved == clusters {
            break;
        }
        clusters = moved;
    }
    let place = |like: &Like| match like.position {
        Some(_) => likes::nearest(like, &centres),
        None => likes::most_of_its_kind(like, &centres),
    };
    Partition {
        places: likes.iter().map(place).collect(),
        basis: if chosen.count > 1 { Basis::Sound } else { Basis::None },
        separation: chosen.separation,
    }
}

fn nearest(likes: &[&Like], centres: &[Centre]) -> Vec<usize> {
    likes.iter().map(|like| likes::nearest(like, centres).expect("there is a centre")).collect()
}

/// Genres with a good share of the likes are tastes; one taste where there is none.
fn by_genre(likes: &[Like]) -> Partition {
    let mut counts: FxHashMap<u32, usize> = FxHashMap::default();
    likes
        .iter()
        .filter_map(|like| like.genre)
        .for_each(|genre| *counts.entry(genre).or_default() += 1);
    let fewest = (LEAST_SHARE_OF_GENRE * likes.len() as f64).max(FEWEST_LIKES as f64);
    let mut genres: Vec<(u32, usize)> =
        counts.into_iter().filter(|(_, count)| *count as f64 >= fewest).collect();
    genres.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    genres.truncate(MOST_TASTES);
    if genres.len() < 2 {
        return Partition {
            places: vec![Some(0); likes.len()],
            basis: Basis::None,
            separation: None,
        };
    }
    let own = |like: &Like| genres.iter().position(|(genre, _)| like.genre == Some(*genre));
    let placed: Vec<(&Like, usize)> =
        likes.iter().filter_map(|like| Some((like, own(like)?))).collect();
    let (members, clusters): (Vec<&Like>, Vec<usize>) = placed.into_iter().unzip();
    let centres = Centre::of_clusters(&members, &clusters, genres.len());
    let place = |like: &Like| own(like).or_else(|| likes::most_of_its_kind(like, &centres));
    Partition { places: likes.iter().map(place).collect(), basis: Basis::Genre, separation: None }
}

/// Numbers tastes by the weight of their likes, the largest 0; one that lost all its likes is
/// dropped.
fn order_by_weight(likes: &[Like], places: &mut [Option<usize>]) {
    let mut weights = [0.0_f64; MOST_TASTES];
    for (like, place) in likes.iter().zip(places.iter()) {
        if let Some(place) = place {
            weights[*place] += f64::from(like.weight);
        }
    }
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
    for place in places.iter_mut().flatten() {
        *place = order.iter().position(|&old| old == *place).expect("all are ordered");
    }
}
