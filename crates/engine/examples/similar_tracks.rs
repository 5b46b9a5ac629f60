//! How well one track of a playlist tells the others: what the weights of similarity are chosen by.
//!
//! `cargo run --release -p segue-engine --example similar_tracks -- spotify_songs.csv` reads a
//! table of tracks with a column `playlist_id`, lets eight in ten playlists be known, and asks of
//! each track of the others (at most [`QUERIES`] a playlist) for twenty similar ones: how many are
//! in the playlist, by NDCG. Weights are chosen on half of the playlists left out and reported on
//! the other half.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an experiment, run by hand")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_chacha::ChaCha8Rng;
use segue_core::{AudioFeature, ListenerId, Track, TrackId, WorkId};
use segue_engine::Index;
use segue_engine::dataset::labels::work_label;
use segue_engine::metrics::Estimate;
use segue_engine::similar::{SimilarIndex, Weights};
use segue_engine::{Catalogue, Interaction, Profile, TrackIdx};

const QUERIES: usize = 10;
const MOST: usize = 20;

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let (catalogue, playlists) = read(&path);
    println!(
        "{} tracks, {} works, {} playlists",
        catalogue.len(),
        catalogue.work_count(),
        playlists.len()
    );
    let mut chosen: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let grid = grid();
    for seed in 0..3 {
        let mut playlists: Vec<&Vec<TrackIdx>> = playlists.values().collect();
        playlists.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (known, left_out) = playlists.split_at(playlists.len() * 8 / 10);
        let profiles: Vec<Profile> =
            known.iter().map(|tracks| profile(&catalogue, tracks)).collect();
        let index = Index::build(&catalogue, &profiles);
        let started = Instant::now();
        let mut similar = SimilarIndex::build(&catalogue, &index, &profiles);
        println!(
            "seed {seed}: built in {:?}, {} bytes of co-likes",
            started.elapsed(),
            similar.co_likes_bytes()
        );
        let (choosing, reporting) = left_out.split_at(left_out.len() / 2);
        for (i, &weights) in grid.iter().enumerate() {
            similar = similar.weighted(weights);
            let score = |playlists: &[&Vec<TrackIdx>]| {
                scores(&catalogue, &index, &similar, playlists, seed)
            };
            let (choosing, reporting) = (score(choosing), score(reporting));
            let mean = choosing.iter().sum::<f64>() / choosing.len() as f64;
            chosen.entry(2 * i).or_default().push(mean);
            chosen.entry(2 * i + 1).or_default().extend(reporting);
        }
    }
    println!(
        "| sound | artist | together | NDCG@20, choosing | NDCG@20, reporting |\n\
         |---|---|---|---|---|"
    );
    for (i, weights) in grid.iter().enumerate() {
        let choosing = chosen[&(2 * i)].iter().sum::<f64>() / chosen[&(2 * i)].len() as f64;
        let Estimate { mean, low, high } = Estimate::from_values(&chosen[&(2 * i + 1)], 1);
        println!(
            "| {:.2} | {:.2} | {:.2} | {choosing:.4} | {mean:.4} [{low:.4}, {high:.4}] |",
            weights.sound, weights.artist, weights.together
        );
    }
}

fn grid() -> Vec<Weights> {
    let steps = [
        (1.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        (0.0, 0.0, 1.0),
        (0.5, 0.5, 0.0),
        (0.0, 0.5, 0.5),
        (0.5, 0.0, 0.5),
        (0.5, 0.2, 0.3),
        (0.3, 0.2, 0.5),
        (0.3, 0.4, 0.3),
        (0.2, 0.2, 0.6),
        (0.2, 0.3, 0.5),
        (0.2, 0.4, 0.4),
        (0.1, 0.2, 0.7),
        (0.1, 0.3, 0.6),
        (0.1, 0.4, 0.5),
        (0.05, 0.25, 0.7),
        (0.1, 0.1, 0.8),
    ];
    steps.into_iter().map(|(sound, artist, together)| Weights { sound, artist, together }).collect()
}

/// The mean over queries of NDCG, for each playlist that has others to find.
fn scores(
    catalogue: &Catalogue,
    index: &Index,
    similar: &SimilarIndex,
    playlists: &[&Vec<TrackIdx>],
    seed: u64,
) -> Vec<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut scores = Vec::new();
    for tracks in playlists.iter().filter(|tracks| tracks.len() >= 5) {
        let works: BTreeSet<_> = tracks.iter().map(|&track| catalogue.work(track)).collect();
        let gain = |place: usize| 1.0 / (place as f64 + 2.0).log2();
        let ideal: f64 = (0..MOST.min(works.len() - 1)).map(gain).sum();
        let queries: Vec<TrackIdx> = tracks.sample(&mut rng, QUERIES).copied().collect();
        let score = |&query: &TrackIdx| {
            let found = similar.similar(catalogue, index, query, MOST);
            let hits =
                found.iter().enumerate().filter(|(_, x)| works.contains(&catalogue.work(x.track)));
            hits.map(|(place, _)| gain(place)).sum::<f64>() / ideal
        };
        scores.push(queries.iter().map(score).sum::<f64>() / queries.len() as f64);
    }
    scores
}

fn profile(catalogue: &Catalogue, tracks: &[TrackIdx]) -> Profile {
    let interaction = |&track: &TrackIdx| {
        let mut interaction = Interaction {
            plays: 1,
            finished: 1,
            liked_weight: 1.0,
            ..Interaction::new(track, catalogue.work(track))
        };
        interaction.label = work_label(&interaction);
        interaction
    };
    Profile::from_interactions(
        ListenerId::new("playlist"),
        tracks.iter().map(interaction).collect(),
    )
}

fn read(path: &str) -> (Catalogue, BTreeMap<String, Vec<TrackIdx>>) {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let headers = reader.headers().unwrap().clone();
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let features = AudioFeature::ALL
        .map(|feature| (feature, headers.iter().position(|h| h == feature.name())));
    let (id, title, artist, playlist) =
        (column("track_id"), column("track_name"), column("track_artist"), column("playlist_id"));
    let (mut tracks, mut rows) = (Vec::new(), Vec::new());
    for record in reader.records().map(Result::unwrap) {
        let text = |column: usize| record.get(column).unwrap_or_default().to_owned();
        let base = text(title).split(" - ").next().unwrap_or_default().to_lowercase();
        let work = WorkId::new(format!("{}\u{1f}{base}", text(artist).to_lowercase()));
        let mut track = Track::new(TrackId::new(text(id)), work, text(title));
        track.artists = vec![text(artist)];
        for (feature, column) in features {
            if let Some(value) = column.and_then(|column| record.get(column)?.parse().ok()) {
                track.features.set(feature, value);
            }
        }
        rows.push((text(playlist), track.id.clone()));
        tracks.push(track);
    }
    let catalogue = Catalogue::from_tracks(tracks);
    let mut playlists: BTreeMap<String, Vec<TrackIdx>> = BTreeMap::new();
    for (playlist, id) in rows {
        playlists.entry(playlist).or_default().push(catalogue.find(&id).unwrap());
    }
    (catalogue, playlists)
}
