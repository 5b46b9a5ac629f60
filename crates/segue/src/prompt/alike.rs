//! Which genres go together, by the artists that both are said of.
//!
//! A genre that few tracks bear is widened to those that co-occur with it: their pointwise mutual
//! information `I = ln(n_ab N / n_a n_b)` over artists (Church and Hanks 1990) is that of five
//! times the chance or more, at least three artists have both, and at least a tenth of those who
//! have the one have the other. Below such counts the information of rare pairs is noise, and
//! greatest; at three times the chance HetRec's shoegaze goes with indie and nothing else. They are
//! ordered by `n_ab I²`. Genres are as sources tell them, an artist's those of all their tracks,
//! and what listeners call artists where a table of tags was imported, of artists without a track
//! here too. What a network hears is left out: it is a guess, and says of a genre what it resembles
//! rather than what people call it as well.

use rustc_hash::FxHashMap;
use segue_core::ArtistTag;
use segue_engine::Catalogue;

use super::vocabulary::{parts, squeeze};

/// So many artists have both, if two genres go together.
const FEWEST_ARTISTS: usize = 3;
/// So much of those of the one have the other.
const LEAST_SHARE: f64 = 0.1;
/// Five times as often as by chance.
const LEAST_INFORMATION: f64 = 1.6094;
/// A genre is widened to so many at most.
const MOST: usize = 3;

/// The genres of every artist of a catalogue.
#[derive(Debug, Default)]
pub(super) struct GenreTies {
    /// As the first source writes each.
    names: Vec<String>,
    /// Of every artist who has any, ascending, each once.
    of_artists: Vec<Vec<u32>>,
}

impl GenreTies {
    pub(super) fn of(catalogue: &Catalogue, said: &[ArtistTag]) -> Self {
        let mut ties = Self::default();
        let mut known: FxHashMap<String, u32> = FxHashMap::default();
        let mut place = |name: &str| {
            *known.entry(name.to_lowercase()).or_insert_with(|| {
                ties.names.push(name.to_owned());
                ties.names.len() as u32 - 1
            })
        };
        let mut of_artist: FxHashMap<String, Vec<u32>> = FxHashMap::default();
        for row in catalogue.rows() {
            let Some(genre) = catalogue.track(row).genre.as_deref() else { continue };
            let Some(artist) = catalogue.artist(row) else { continue };
            let theirs = of_artist.entry(squeeze(catalogue.artist_name(artist))).or_default();
            theirs.extend(names_in(genre).map(&mut place));
        }
        for said in said.chunk_by(|a, b| a.artist == b.artist) {
            let theirs = of_artist.entry(squeeze(&said[0].artist)).or_default();
            theirs.extend(said.iter().map(|said| place(&said.tag)));
        }
        of_artist.retain(|_, genres| !genres.is_empty());
        for genres in of_artist.values_mut() {
            genres.sort_unstable();
            genres.dedup();
        }
        ties.of_artists = of_artist.into_values().collect();
        ties
    }

    /// The genres that go with one in whose name some words are, squeezed, the closest first.
    pub(super) fn alike(&self, words: &str) -> Vec<&str> {
        let bears: Vec<bool> = self.names.iter().map(|name| parts(name).contains(words)).collect();
        let (mut with, mut all) = (vec![0_usize; bears.len()], vec![0_usize; bears.len()]);
        let mut bearers = 0;
        for genres in &self.of_artists {
            let is_bearer = genres.iter().any(|&genre| bears[genre as usize]);
            bearers += usize::from(is_bearer);
            for &genre in genres {
                all[genre as usize] += 1;
                with[genre as usize] += usize::from(is_bearer);
            }
        }
        let artists = self.of_artists.len() as f64;
        let tie = |genre: usize| {
            let (both, bearers) = (with[genre] as f64, bearers as f64);
            let information = (both * artists / (bearers * all[genre] as f64)).ln();
            let is_tied = with[genre] >= FEWEST_ARTISTS
                && both >= LEAST_SHARE * bearers
                && information >= LEAST_INFORMATION;
            (!bears[genre] && is_tied).then_some((both * information.powi(2), genre))
        };
        let mut ties: Vec<(f64, usize)> = (0..bears.len()).filter_map(tie).collect();
        ties.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ties.into_iter().take(MOST).map(|(_, genre)| self.names[genre].as_str()).collect()
    }
}

/// The genres in one text, as tags of files and tables list them.
pub(super) fn names_in(genre: &str) -> impl Iterator<Item = &str> {
    genre.split([';', '/', ',', '|']).map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use segue_core::{Track, TrackId, WorkId};

    use super::*;
    use crate::{ImportOptions, Library, ListenerId};

    fn catalogue<'a>(genres: impl Iterator<Item = (String, &'a str)>) -> Catalogue {
        let track = |(i, (artist, genre)): (usize, (String, &str))| {
            let id = format!("{i:06}");
            let mut track = Track::new(TrackId::new(&*id), WorkId::new(&*id), &*id);
            track.artists = vec![artist];
            track.genre = Some(genre.to_owned());
            track
        };
        Catalogue::from_tracks(genres.enumerate().map(track).collect())
    }

    #[test]
    fn genres_that_artists_share_more_than_by_chance_go_together() {
        let of = |i: usize| match i {
            0..4 => "Shoegaze; Dream Pop",
            4..6 => "shoegaze/Rock",
            6..40 => "Rock",
            40..42 => "Dream pop",
            42..60 => "Classical",
            _ => "Jazz, Shoegaze Revival, Rock",
        };
        let catalogue = catalogue((0..62).map(|i| (format!("artist {i}"), of(i))));
        let ties = GenreTies::of(&catalogue, &[]);
        // Of eight artists with the word four are dream pop, and no more are rock than by chance;
        // jazz is too seldom.
        assert_eq!(ties.alike("shoegaze"), ["Dream Pop"]);
        assert!(ties.alike("polka").is_empty() && ties.alike("rock").is_empty());
    }

    /// What HetRec's listeners tagged artists of Last.fm with, as it is imported.
    #[test]
    fn what_people_tag_alike_goes_together_in_real_tags() {
        let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
            Into::into,
        );
        let hetrec = folder.join("hetrec2011_lastfm_2k");
        if !hetrec.exists() {
            println!("skipped: HetRec's tags are not at hand");
            return;
        }
        let home = tempfile::tempdir().unwrap();
        let mut library = Library::open(home.path()).unwrap();
        let options = ImportOptions::new(ListenerId::new("ann"));
        library.import(&[hetrec], &options, &mut ()).unwrap();
        let said = library.store().artist_tags().unwrap();
        let ties = GenreTies::of(&Catalogue::default(), &said);
        assert_eq!(ties.alike("shoegaze"), ["noise pop", "dream pop", "post-rock"]);
        assert_eq!(ties.alike("triphop")[..2], ["downtempo", "chillout"]);
    }
}
