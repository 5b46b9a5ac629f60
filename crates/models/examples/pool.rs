//! throwaway timing
#![allow(clippy::print_stdout, clippy::unwrap_used)]
use std::sync::Arc;
use std::time::Instant;
use segue_core::Timestamp;
use segue_engine::retrieval::{Index, retrieve};
use segue_engine::pipeline::{MixRequest, mix};
use segue_engine::simulation::community::{Community, CommunityConfig, History};
use segue_engine::{Catalogue, Profile, Scorer, TrackIdx};
use segue_models::likability::{LikabilityConfig, LikabilityModel};

fn main() {
    let number = |place: usize| std::env::args().nth(place).and_then(|n| n.parse().ok());
    let (artists, listeners, sessions) = (number(1).unwrap_or(3000), number(2).unwrap_or(100), number(3).unwrap_or(12));
    let start = Timestamp::from_second(1_735_689_600).unwrap();
    let config = CommunityConfig { seed: 1, listeners, artists, days: 120, sessions, start };
    let t = Instant::now();
    let community = Community::draw(&config);
    let catalogue = Arc::new(Catalogue::from_tracks(community.tracks.clone()));
    println!("{} tracks, drawn in {:?}", catalogue.len(), t.elapsed());
    let fold = |h: &History| Profile::fold(&catalogue, h.listener.clone(), &h.listens, &h.feedback);
    let profiles: Vec<Profile> = community.histories.iter().map(fold).collect();
    let labels: usize = profiles.iter().map(|p| p.labelled().count()).sum();
    println!("labels a listener {}", labels / profiles.len());
    let t = Instant::now();
    let (model, _) = LikabilityModel::fit(&catalogue, &profiles, LikabilityConfig::default(), 1, &mut |_| {}).unwrap();
    println!("fit {:?}", t.elapsed());
    let t = Instant::now();
    let index = Index::build(&catalogue, &profiles);
    println!("index {:?}", t.elapsed());
    let t = Instant::now();
    let scorer = model.scorer(&catalogue).online();
    println!("scorer {:?}", t.elapsed());
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().ok();
    for n in [1usize, 30, 250, 1000, 1500, 5000] {
        let step = catalogue.len() / n;
        let tracks: Vec<TrackIdx> = (0..n).map(|i| TrackIdx((i * step) as u32)).collect();
        let t = Instant::now();
        let reps = 5;
        for p in profiles.iter().take(reps) { std::hint::black_box(scorer.score(p, &tracks)); }
        let e = t.elapsed() / reps as u32;
        let t = Instant::now();
        for p in profiles.iter().take(reps) { std::hint::black_box(scorer.network().score(p, &tracks)); }
        println!("score {n}: {e:?} = {:?} a track; network alone {:?}", e / n as u32, t.elapsed() / reps as u32);
    }
    let t = Instant::now();
    for p in profiles.iter().take(5) { std::hint::black_box(retrieve(&catalogue, &index, p, 0)); }
    println!("retrieve by sources {:?}", t.elapsed() / 5);
    let now = Timestamp::from_second(start.as_second() + 121 * 86_400).unwrap();
    let t = Instant::now();
    let m = mix(&catalogue, &index, &profiles[0], &scorer, &MixRequest::new(now)).unwrap();
    println!("mix {:?} {}", t.elapsed(), m.headline());
}
