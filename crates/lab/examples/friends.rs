//! What a list of friends is worth to somebody new, through the mix: the table of
//! `docs/measurements.md`.
//!
//! ```sh
//! cargo run -p segue-lab --example friends -- HETREC/user_artists.dat HETREC/user_friends.dat
//! ```
//!
//! A fifth of the listeners is hidden from everything that learns. Each of them who has friends
//! among the others is then asked for as a newcomer: with none, one, three, five and ten of their
//! artists known, with their friends and without, a mix of a hundred new artists is made as it is
//! served, by the greedy policy, without caps. What is to be found is all that is not known yet.
//! Beside the mix stand popularity, the shares of the friends by themselves, and EASE asked with
//! what friends play.

#![allow(clippy::print_stdout)] // what it measures is its output

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{ListenerId, Timestamp};
use segue_engine::dataset::friends::{FriendIndex, FriendPlays};
use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
use segue_engine::dataset::plays::Plays;
use segue_engine::metrics::Estimate;
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::Mixer;
use segue_engine::policy::PolicyKind;
use segue_engine::{
    Catalogue, History, Index, ItemIdx, Profile, Query, Recommender, TrackIdx, WorkIdx,
};
use segue_lab::events::{EventColumns, EventFile, read_events};
use segue_lab::mix::{MixData, MixOptions};
use segue_lab::progress::Silent;
use segue_models::ModelSet;
use segue_models::recommenders::{Ease, EaseConfig};
use segue_models::set::{SetConfig, SetData, SetScorer};

/// Artists of a newcomer that are known.
const KNOWN: [usize; 5] = [0, 1, 3, 5, 10];
/// Items with fewer listeners are left out.
const FEWEST_LISTENERS: u32 = 8;
const DEPTH: usize = 100;
const RECALL_DEPTH: usize = 20;

/// Recall and NDCG by how many works are known and by what made the list, of each listener once for
/// every seed that hid them.
type Found = FxHashMap<(usize, &'static str), FxHashMap<ListenerId, Vec<[f64; 2]>>>;

/// Measure what friends are worth to somebody new.
#[derive(Debug, Parser)]
struct Arguments {
    /// Who listens to what: a listener and an item a row.
    events: PathBuf,
    /// Who is friends with whom: two listeners a row, one way.
    friends: PathBuf,
    /// How often to hide listeners, fit and ask.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// The first of these seeds.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let data = load(&arguments)?;
    let mut found = Found::default();
    for seed in (arguments.seed..).take(arguments.seeds as usize) {
        let world = World::new(&data, seed)?;
        eprintln!("seed {seed}: {} newcomers; {}", world.newcomers.len(), world.members);
        for (listener, known, name, figures) in world.measure() {
            let of_row = found.entry((known, name)).or_default();
            of_row.entry(listener).or_default().push(figures);
        }
    }
    print(&found);
    Ok(())
}

/// Means over listeners, each the mean over the seeds that hid them.
fn print(found: &Found) {
    let mut rows: Vec<_> = found.keys().copied().collect();
    rows.sort_unstable();
    for row in rows {
        let mut listeners: Vec<_> = found[&row].iter().collect();
        listeners.sort_by_key(|(listener, _)| *listener);
        let estimate = |figure: usize| {
            let mean = |(_, all): &(&ListenerId, &Vec<[f64; 2]>)| {
                all.iter().map(|figures| figures[figure]).sum::<f64>() / all.len() as f64
            };
            let Estimate { mean, low, high } =
                Estimate::from_values(&listeners.iter().map(mean).collect::<Vec<_>>(), 1);
            format!("{mean:.4} [{low:.4}, {high:.4}]")
        };
        let (known, name) = row;
        println!(
            "{known:>2} {name:<28} R@20 {}  NDCG@100 {}  {} listeners",
            estimate(0),
            estimate(1),
            listeners.len()
        );
    }
}

fn load(arguments: &Arguments) -> Result<MixData> {
    let core = KCore { listener: 1, item: FEWEST_LISTENERS };
    let path: &Path = &arguments.events;
    let events = EventFile { path, format: None, columns: EventColumns::default() }
        .interactions(core, &Silent)
        .context("cannot read who listens to what")?;
    let mut data = MixData::from_events("newcomers".to_owned(), &events);
    let mut friends: FxHashMap<String, Vec<ListenerId>> = FxHashMap::default();
    read_events(&arguments.friends, None, &EventColumns::default(), &mut |pair| {
        let friend = ListenerId::new(pair.item);
        friends.entry(pair.listener.to_owned()).or_default().push(friend);
        Ok(())
    })?;
    for one in &mut data.plays {
        one.friends = friends.remove(one.listener.as_str()).unwrap_or_default();
    }
    Ok(data)
}

/// What some listeners taught, and others who are to be asked.
struct World {
    catalogue: Arc<Catalogue>,
    index: Index,
    scorer: SetScorer,
    /// EASE over the same listeners, asked with what friends play.
    ease: Ease,
    /// Work of each item of EASE.
    works: Vec<WorkIdx>,
    newcomers: Vec<Newcomer>,
    members: String,
}

/// Somebody whom nothing was learned from.
struct Newcomer {
    whole: Plays,
    friends: FriendPlays,
    /// Works in the order in which they become known.
    works: Vec<WorkIdx>,
}

impl World {
    fn new(data: &MixData, seed: u64) -> Result<Self> {
        let catalogue = Arc::clone(&data.catalogue);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..data.plays.len()).collect();
        order.shuffle(&mut rng);
        let hidden = order.split_off(order.len() - order.len() / 5);
        order.sort_unstable();
        let taught: Vec<Plays> = order.iter().map(|&row| data.plays[row].clone()).collect();
        let profiles: Vec<Profile> = taught.iter().map(|one| one.profile(&catalogue)).collect();
        let everybody = data.plays.iter().map(|one| (&one.listener, one.friends.as_slice()));
        let friends = FriendIndex::new(everybody, &profiles);
        let set = ModelSet::fit(
            &SetData::new(&catalogue, &taught),
            &SetConfig::default(),
            seed,
            &mut |_| {},
        )?;
        let describe = |member: &segue_models::set::MemberReport| {
            format!("{} {:.2} {}", member.member.name(), member.weight, member.settings)
        };
        let members: Vec<String> = set.card().members.iter().map(describe).collect();
        let newcomer = |&row: &usize| {
            let whole = data.plays[row].clone();
            let mut works: Vec<WorkIdx> =
                whole.plays.iter().map(|play| catalogue.work(play.track)).collect();
            works.shuffle(&mut rng);
            let friends = friends.plays_of(&whole.friends);
            let most = KNOWN[KNOWN.len() - 1];
            (works.len() > most && !friends.works().is_empty()).then_some(Newcomer {
                whole,
                friends,
                works,
            })
        };
        let newcomers = hidden.iter().filter_map(newcomer).collect();
        let (ease, works) = ease(&catalogue, &profiles)?;
        let index = Index::build(&catalogue, &profiles);
        let (scorer, members) = (set.scorer(&catalogue), members.join(", "));
        Ok(Self { catalogue, index, scorer, ease, works, newcomers, members })
    }

    /// Recall and NDCG of every newcomer, by what is known of them and by what makes the list.
    fn measure(&self) -> Vec<(ListenerId, usize, &'static str, [f64; 2])> {
        let of_one = |newcomer: &Newcomer| {
            let mut figures = Vec::new();
            let mut add = |known: usize, name, list: Vec<WorkIdx>| {
                let listener = newcomer.whole.listener.clone();
                figures.push((listener, known, name, newcomer.figures(known, &list)));
            };
            for known in KNOWN {
                let profile = newcomer.profile(&self.catalogue, known);
                add(known, "mix without friends", self.mix(&profile));
                let profile = profile.with_friends(newcomer.friends.clone());
                add(known, "mix with friends", self.mix(&profile));
                let popular = self.index.popularity.most_popular().iter();
                add(
                    known,
                    "popularity",
                    popular.map(|&track| self.catalogue.work(track)).collect(),
                );
                add(known, "friends' shares", shares(&newcomer.friends));
                add(known, "EASE asked with friends' plays", self.ease_of(&newcomer.friends));
            }
            figures
        };
        self.newcomers.par_iter().flat_map(of_one).collect()
    }

    /// The works of a mix, in the order in which they were drawn.
    fn mix(&self, profile: &Profile) -> Vec<WorkIdx> {
        let (catalogue, index, scorer) = (&self.catalogue, &self.index, &self.scorer);
        let mut request = MixOptions::default().without_rules().request;
        request.now = Timestamp::UNIX_EPOCH;
        request.length = DEPTH as u32;
        request.explore = 1.0;
        request.familiarity = Familiarity::New;
        request.policy = PolicyKind::Greedy;
        let made = Mixer { catalogue, index, profile, scorer }.mix(&request);
        let mut picks = made.map_or_else(|_| Vec::new(), |made| made.slate.picks);
        picks.sort_by_key(|pick| pick.drawn);
        let tracks = picks.iter().filter_map(|pick| catalogue.find(&pick.track));
        tracks.map(|track: TrackIdx| catalogue.work(track)).collect()
    }

    fn ease_of(&self, friends: &FriendPlays) -> Vec<WorkIdx> {
        let item = |work: WorkIdx| self.works.binary_search(&work).ok();
        let items: Vec<ItemIdx> = friends
            .works()
            .iter()
            .filter_map(|friends| item(friends.work).map(|row| ItemIdx(row as u32)))
            .collect();
        let history = History { items: &items, times: &[], weights: &[] };
        let mut scores = vec![0.0; self.works.len()];
        self.ease.score(&[Query { history, now: None, friends: &[] }], &mut scores);
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
        order.into_iter().map(|row| self.works[row]).collect()
    }
}

impl Newcomer {
    /// As they are while so many of their works are known.
    fn profile(&self, catalogue: &Catalogue, known: usize) -> Profile {
        let unknown: FxHashSet<WorkIdx> = self.works[known..].iter().copied().collect();
        self.whole.without(catalogue, &unknown).profile(catalogue)
    }

    /// Recall@20, of at most twenty, and NDCG@100 of a list from which what is known is taken.
    fn figures(&self, known: usize, list: &[WorkIdx]) -> [f64; 2] {
        let (known, answers) = self.works.split_at(known);
        let new = list.iter().filter(|work| !known.contains(work)).take(DEPTH);
        let hits: Vec<bool> = new.map(|work| answers.contains(work)).collect();
        let gain = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let found = hits.iter().take(RECALL_DEPTH).filter(|is_hit| **is_hit).count();
        let gained: f64 = hits
            .iter()
            .enumerate()
            .filter(|(_, is_hit)| **is_hit)
            .map(|(rank, _)| gain(rank))
            .sum();
        let ideal: f64 = (0..answers.len().min(DEPTH)).map(gain).sum();
        [found as f64 / answers.len().min(RECALL_DEPTH) as f64, gained / ideal]
    }
}

/// What most friends have, first.
fn shares(friends: &FriendPlays) -> Vec<WorkIdx> {
    let mut works: Vec<_> = friends.works().to_vec();
    works.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.work.cmp(&b.work)));
    works.into_iter().map(|friends| friends.work).collect()
}

/// EASE over what profiles hold, with the work of each of its items, in rising order.
fn ease(catalogue: &Catalogue, profiles: &[Profile]) -> Result<(Ease, Vec<WorkIdx>)> {
    let mut builder = InteractionsBuilder::default();
    let works: Vec<WorkIdx> = catalogue.works().collect();
    for &work in &works {
        builder.know_item(catalogue.work_id(work).as_str())?;
    }
    for profile in profiles {
        for interaction in &profile.interactions {
            let item = ItemIdx(interaction.work.row() as u32);
            builder.push_item(profile.listener.as_str(), item, None, None)?;
        }
    }
    let data = builder.build(KCore::default())?;
    let config = EaseConfig { regularisation: 100.0, ..EaseConfig::default() };
    Ok((Ease::fit(&data.all(), &config)?, works))
}
