//! A small world for the tests of this folder: tracks in camps that sound alike, some of them
//! poorly described, and listeners who like what is in their camp.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{AudioFeature, ListenerId, Track, TrackId, WorkId};
use segue_engine::dataset::profile::liking;
use segue_engine::{Catalogue, Profile, Stance, TrackIdx};

pub(crate) const CAMPS: usize = 3;

/// A catalogue in which track `i` is of camp `i % CAMPS`; every tenth is silent, every seventh has
/// no year.
pub(crate) fn catalogue(tracks: usize) -> Catalogue {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    Catalogue::from_tracks((0..tracks).map(|i| track(i, &mut rng)).collect())
}

fn track(i: usize, rng: &mut impl Rng) -> Track {
    let id = format!("t{i:05}");
    let mut track = Track::new(TrackId::new(id.as_str()), WorkId::new(id.as_str()), id.as_str());
    let camp = i % CAMPS;
    track.artists = vec![format!("artist {}", (i / CAMPS % 8) * CAMPS + camp)];
    track.album = Some(format!("album {}", i / 12));
    track.genre = (!i.is_multiple_of(5)).then(|| format!("genre {camp}"));
    track.year = (!i.is_multiple_of(7)).then_some(1980 + 10 * camp as u16 + (i % 8) as u16);
    track.popularity = Some((i % 100) as f32 / 100.0);
    if !i.is_multiple_of(10) {
        let mut set = |feature, centre: f32| {
            track.features.set(feature, centre + rng.random_range(-0.1..0.1))
        };
        set(AudioFeature::Energy, 0.2 + 0.3 * camp as f32);
        set(AudioFeature::Danceability, 0.8 - 0.3 * camp as f32);
        set(AudioFeature::Valence, 0.5);
        set(AudioFeature::Acousticness, 0.5);
        track.features.set(AudioFeature::Tempo, 90.0 + rng.random_range(0.0..60.0));
    }
    track
}

/// Listener `i` likes `likes` tracks of camp `i % CAMPS`.
pub(crate) fn fans(catalogue: &Catalogue, listeners: usize, likes: usize) -> Vec<Profile> {
    (0..listeners)
        .map(|i| {
            let mut rng = ChaCha8Rng::seed_from_u64(100 + i as u64);
            let of_camp = catalogue.len() / CAMPS;
            let rows: Vec<TrackIdx> = (0..likes)
                .map(|_| TrackIdx((rng.random_range(0..of_camp) * CAMPS + i % CAMPS) as u32))
                .collect();
            liking(catalogue, ListenerId::new(format!("fan {i:03}")), &rows)
        })
        .collect()
}

/// A listener who said of `likes` tracks of camp 0 that they like them, and of as many others that
/// they do not.
pub(crate) fn outspoken(catalogue: &Catalogue, likes: usize) -> Profile {
    let rows: Vec<TrackIdx> =
        (0..(CAMPS * likes) as u32).map(TrackIdx).filter(|row| row.0 % 3 != 2).collect();
    let mut interactions = liking(catalogue, ListenerId::new("outspoken"), &rows).interactions;
    for interaction in interactions.iter_mut().filter(|interaction| interaction.track.0 % 3 == 1) {
        interaction.stance = Stance::Dislike;
        interaction.label = segue_engine::dataset::labels::work_label(interaction);
    }
    Profile::from_interactions(ListenerId::new("outspoken"), interactions)
}
