//! A set of models: what it learns from plays alone, and that it is one thing that is written, read
//! and fitted the same way each time.

use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;
use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
use segue_engine::dataset::friends::{FriendIndex, FriendPlays};
use segue_engine::dataset::plays::Plays;
use segue_engine::pipeline::{MixRequest, Mixer};
use segue_engine::policy::PolicyKind;
use segue_engine::{Catalogue, Index, MixContext, Profile, Ranker, Scorer as _, UncertaintySource};
use segue_models::recommenders::{Ials, IalsConfig};
use segue_models::set::{
    Budget, LeftOutMember, MemberKind, ModelSet, OpenWorld, SetConfig, SetData, WorldRows,
};
use segue_models::{LikabilityConfig, ModelError};

const TRACKS: usize = 60;
const DAY: i64 = 86_400;

fn catalogue() -> Arc<Catalogue> {
    let track = |i: usize| Track {
        artists: vec![format!("Artist {}", i / 3)],
        ..Track::new(TrackId::new(format!("t{i:02}")), WorkId::new(format!("w{i:02}")), "Song")
    };
    Arc::new(Catalogue::from_tracks((0..TRACKS).map(track).collect()))
}

/// Listeners of two camps, each of which plays one half of the catalogue.
fn camps(catalogue: &Catalogue, listeners: usize, seed: u64) -> Vec<Plays> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let one = |number: usize| {
        let id = ListenerId::new(format!("l{number:02}"));
        let half = (number % 2) * TRACKS / 2;
        let listens: Vec<Listen> = (0..40)
            .map(|play| {
                let track = half + rng.random_range(0..TRACKS / 2);
                let second = i64::from(play) * DAY / 2 + rng.random_range(0..3_600);
                let at = Timestamp::from_second(1_700_000_000 + second).unwrap();
                Listen::new(id.clone(), TrackId::new(format!("t{track:02}")), at, Source::Segue)
            })
            .collect();
        Plays::read(catalogue, id, &listens, &[])
    };
    (0..listeners).map(one).collect()
}

fn small() -> SetConfig {
    let mut network =
        LikabilityConfig { rows: 500, most_episodes: 4, ..LikabilityConfig::default() };
    network.network.architecture.members = 2;
    network.network.architecture.hidden = vec![8];
    network.network.training.epochs = 2;
    SetConfig { likability: network.clone(), screening: network, ..SetConfig::default() }
}

fn fitted(catalogue: &Arc<Catalogue>, plays: &[Plays]) -> ModelSet {
    ModelSet::fit(&SetData::new(catalogue, plays), &small(), 1, &mut |_| {}).unwrap()
}

fn halves(catalogue: &Arc<Catalogue>, profile: &Profile, set: ModelSet) -> [usize; 2] {
    let index = Index::build(catalogue, [profile]);
    let scorer = set.scorer(catalogue);
    let mixer = Mixer { catalogue, index: &index, profile, scorer: &scorer };
    let now = Timestamp::from_second(1_700_000_000 + 30 * DAY).unwrap();
    let request = MixRequest {
        length: 8,
        explore: 1.0,
        artist_cap: 3,
        policy: PolicyKind::Greedy,
        ..MixRequest::new(now)
    };
    let mix = mixer.mix(&request).unwrap();
    let row = |track: &TrackId| catalogue.find(track).unwrap().0 as usize;
    let second = mix.slate.picks.iter().filter(|pick| row(&pick.track) >= TRACKS / 2).count();
    [mix.slate.picks.len() - second, second]
}

#[test]
fn scrobbles_without_a_skip_teach_what_people_with_the_same_history_play() {
    let catalogue = catalogue();
    let plays = camps(&catalogue, 24, 1);
    let set = fitted(&catalogue, &plays);
    assert!(set.card().members.iter().any(|member| member.member == MemberKind::ItemKnn));
    // A newcomer with three songs of the second camp.
    let at = |n: i64| Timestamp::from_second(1_700_000_000 + n * DAY).unwrap();
    let id = ListenerId::new("newcomer");
    let listens: Vec<Listen> = ["t31", "t40", "t50"]
        .iter()
        .zip(0..)
        .map(|(track, day)| Listen::new(id.clone(), TrackId::new(*track), at(day), Source::Segue))
        .collect();
    let newcomer = Plays::read(&catalogue, id, &listens, &[]).profile(&catalogue);
    let [first, second] = halves(&catalogue, &newcomer, set);
    assert!(second >= 7, "{second} of {} are of the newcomer's camp", first + second);
}

/// Listeners of two camps who are friends of four others of their camp.
fn befriended(catalogue: &Catalogue, listeners: usize) -> Vec<Plays> {
    let plays = camps(catalogue, listeners, 1);
    let name = |number: usize| ListenerId::new(format!("l{:02}", number % listeners));
    let befriend = |(number, one): (usize, Plays)| {
        let friends = (1..=4).map(|step| name(number + 2 * step)).collect();
        Plays { friends, ..one }
    };
    plays.into_iter().enumerate().map(befriend).collect()
}

/// What listeners of the second camp play, to whoever is friends with three of them.
fn of_second_camp(catalogue: &Catalogue, plays: &[Plays]) -> FriendPlays {
    let profiles: Vec<Profile> = plays.iter().map(|one| one.profile(catalogue)).collect();
    let friends = ["l01", "l03", "l05"].map(ListenerId::new);
    FriendIndex::of_plays(plays, &profiles).plays_of(&friends)
}

#[test]
fn somebody_without_a_play_gets_what_their_friends_play() {
    let catalogue = catalogue();
    let plays = befriended(&catalogue, 24);
    let friends = of_second_camp(&catalogue, &plays);
    let nobody = Profile::empty(ListenerId::new("nobody")).with_friends(friends);
    let set = fitted(&catalogue, &plays);
    assert!(set.card().members.iter().any(|member| member.member == MemberKind::Friends));
    let [first, second] = halves(&catalogue, &nobody, set);
    assert!(second >= 7, "{second} of {} are of the camp of the friends", first + second);
}

#[test]
fn what_friends_play_says_less_to_whoever_has_a_history() {
    let catalogue = catalogue();
    let plays = befriended(&catalogue, 24);
    let friends = of_second_camp(&catalogue, &plays);
    let scorer = fitted(&catalogue, &plays).scorer(&catalogue);
    let context = MixContext::at(Timestamp::from_second(1_700_000_000 + 30 * DAY).unwrap());
    let worth = |profile: &Profile| -> Vec<f32> {
        let likability = segue_engine::Likability { mean: 0.5, uncertainty: 0.0 };
        let new = catalogue.rows().filter(|&track| !profile.knows(catalogue.work(track)));
        let reading = scorer.read(profile, context);
        new.map(|track| reading.relevance(track, likability).score).collect()
    };
    let told = |profile: Profile| {
        let before = worth(&profile);
        let after = worth(&profile.with_friends(friends.clone()));
        before.iter().zip(after).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
    };
    let newcomer = told(Profile::empty(ListenerId::new("nobody")));
    let regular = told(plays[0].profile(&catalogue));
    assert!(newcomer > 0.0 && regular < 0.5 * newcomer, "{regular} beside {newcomer}");
}

#[test]
fn a_library_without_friends_has_no_model_of_them() {
    let catalogue = catalogue();
    let set = fitted(&catalogue, &camps(&catalogue, 12, 3));
    assert!(set.card().left_out.iter().any(|left_out| left_out.member == MemberKind::Friends));
}

#[test]
fn a_policy_can_explore_by_what_plays_alone_leave_uncertain() {
    let catalogue = catalogue();
    let plays = camps(&catalogue, 24, 1);
    let scorer = fitted(&catalogue, &plays).scorer(&catalogue);
    let profile = plays[0].profile(&catalogue);
    let index = Index::build(&catalogue, [&profile]);
    let now = Timestamp::from_second(1_700_000_000 + 30 * DAY).unwrap();
    let mixer = Mixer { catalogue: &catalogue, index: &index, profile: &profile, scorer: &scorer };
    let policy = PolicyKind::LinearThompson;
    let request = MixRequest { length: 8, explore: 0.5, policy, ..MixRequest::new(now) };
    assert_eq!(mixer.mix(&request).unwrap().slate.picks.len(), 8);

    let context = MixContext::at(now);
    let reading = scorer.read(&profile, context);
    let new: Vec<_> = catalogue.rows().filter(|&t| !profile.knows(catalogue.work(t))).collect();
    let tracks: Vec<_> = new.iter().copied().zip(scorer.score(&profile, &new)).collect();
    let factors =
        Ranker::factors(&scorer, &profile, context, &tracks, UncertaintySource::Posterior);
    let width = factors.len() / tracks.len();
    for (&(track, likability), factors) in tracks.iter().zip(factors.chunks_exact(width)) {
        let deviation = factors.iter().map(|factor| factor.powi(2)).sum::<f32>().sqrt();
        let uncertainty = reading.relevance(track, likability).uncertainty;
        assert!((deviation - uncertainty).abs() < 1e-4, "{deviation} is not {uncertainty}");
        assert!(deviation > 0.0);
    }
}

#[test]
fn one_listener_alone_can_be_learned_from() {
    let catalogue = catalogue();
    let plays = camps(&catalogue, 1, 2);
    let set = fitted(&catalogue, &plays);
    let profile = plays[0].profile(&catalogue);
    let scorer = set.scorer(&catalogue);
    let now = profile.last_played.unwrap();
    let latest = profile.interaction(profile.recent.last().unwrap().0).unwrap().track;
    let tracks: Vec<_> = profile.interactions.iter().map(|x| x.track).collect();
    let again = scorer.again(&profile, now, &tracks);
    let of_latest = again[tracks.iter().position(|track| *track == latest).unwrap()];
    let above = again.iter().filter(|score| **score > of_latest).count();
    assert!(above < tracks.len() / 2, "what was played last is likelier than most: {above}");
}

#[test]
fn a_set_is_the_same_after_writing_and_reading_and_on_any_number_of_threads() {
    let catalogue = catalogue();
    let plays = befriended(&catalogue, 12);
    let set = fitted(&catalogue, &plays);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let other = alone.install(|| fitted(&catalogue, &plays));
    assert_eq!(set.version(), other.version());

    let bytes = set.to_bytes();
    let card = serde_json::to_vec(set.card()).unwrap();
    let read = ModelSet::from_bytes(&bytes, &card).unwrap();
    assert_eq!(read.version(), set.version());
    assert_eq!(read.to_bytes(), bytes);
    assert!(ModelSet::from_bytes(&bytes[..bytes.len() / 2], &card).is_err());

    let profile = plays[0].profile(&catalogue);
    let tracks: Vec<_> = catalogue.rows().collect();
    let [one, two] = [set.scorer(&catalogue), read.scorer(&catalogue)];
    assert_eq!(one.score(&profile, &tracks), two.score(&profile, &tracks));
    let context = MixContext::at(profile.last_played.unwrap());
    let worth = |set: &segue_models::set::SetScorer| {
        let reading = set.read(&profile, context);
        let likability = segue_engine::Likability { mean: 0.5, uncertainty: 0.0 };
        tracks.iter().map(|&track| reading.relevance(track, likability)).collect::<Vec<_>>()
    };
    assert_eq!(worth(&one), worth(&two));
}

/// Of the tracks that listeners turn to after a moment and did not know, the share that a set ranks
/// among the first ten of what they did not know.
fn found(catalogue: &Arc<Catalogue>, plays: &[Plays], cut: Timestamp, set: ModelSet) -> f64 {
    let scorer = set.scorer(catalogue);
    let (mut found, mut asked) = (0, 0);
    for one in plays {
        let (past, whole) = (one.before(cut).profile(catalogue), one.profile(catalogue));
        let reading = scorer.read(&past, MixContext::at(cut));
        let new: Vec<_> = catalogue.rows().filter(|&t| !past.knows(catalogue.work(t))).collect();
        let worth = |(&track, likability)| (track, reading.relevance(track, likability).score);
        let mut ranked: Vec<_> = new.iter().zip(scorer.score(&past, &new)).map(worth).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        let is_answer = |track: &_| whole.knows(catalogue.work(*track));
        found += ranked.iter().take(10).filter(|(track, _)| is_answer(track)).count();
        asked += new.iter().filter(|track| is_answer(track)).count().min(10);
    }
    found as f64 / asked as f64
}

#[test]
fn going_on_learns_new_plays_listeners_and_tracks_nearly_as_well_as_training_anew() {
    let catalogue = catalogue();
    let plays = camps(&catalogue, 110, 4);
    let day = |n: i64| Timestamp::from_second(1_700_000_000 + n * DAY).unwrap();
    let until = |listeners: usize, end| plays[..listeners].iter().map(move |one| one.before(end));
    // Two thirds of the listeners in the first ten days, before some of the works were there; then
    // everybody until the fifteenth.
    let late: FxHashSet<_> = catalogue.works().filter(|work| work.row() % 10 >= 8).collect();
    let first: Vec<Plays> = until(20, day(10)).map(|one| one.without(&catalogue, &late)).collect();
    let later: Vec<Plays> = until(30, day(15)).collect();
    let before = fitted(&catalogue, &first);
    let (version, items) = (before.version().to_owned(), before.card().items);
    let new = fitted(&catalogue, &later);
    assert!(new.card().items > items, "some works were played for the first time since");
    let on = before.go_on(&SetData::new(&catalogue, &later), 1, &mut |_| {}).unwrap();
    assert_eq!(on.card().continued_from.as_ref(), Some(&version));
    assert_eq!((on.card().items, on.card().listeners), (new.card().items, 30));
    let again = fitted(&catalogue, &first)
        .go_on(&SetData::new(&catalogue, &later), 1, &mut |_| {})
        .unwrap();
    assert_eq!(on.version(), again.version());

    // What others turn to, of whom neither learned.
    let on = found(&catalogue, &plays[30..], day(15), on);
    let new = found(&catalogue, &plays[30..], day(15), new);
    assert!(on >= 0.9 * new, "{on} going on, {new} anew");
}

#[test]
fn a_small_budget_makes_a_smaller_set_and_its_card_says_what_was_cut() {
    let catalogue = catalogue();
    let plays = camps(&catalogue, 24, 1);
    let budget = Budget { core_seconds: 0.01, ..Budget::default() };
    let cheap = SetConfig { budget, ..small() };
    let set = ModelSet::fit(&SetData::new(&catalogue, &plays), &cheap, 1, &mut |_| {}).unwrap();
    let card = set.card();
    assert!(!card.cuts.is_empty() && fitted(&catalogue, &plays).card().cuts.is_empty());
    let is_time = |left_out: &LeftOutMember| left_out.reason.contains("time");
    assert!(card.left_out.iter().any(|one| one.member == MemberKind::Ease && is_time(one)));
    assert!(card.members.iter().any(|member| member.member == MemberKind::ItemKnn));
    let again = ModelSet::fit(&SetData::new(&catalogue, &plays), &cheap, 1, &mut |_| {}).unwrap();
    assert_eq!(set.version(), again.version());
}

/// A world of two camps of people, who play the two halves of the catalogue.
struct Camps {
    catalogue: Arc<Catalogue>,
    rows: WorldRows,
}

impl Camps {
    fn new(catalogue: &Arc<Catalogue>) -> Self {
        let half = |work: usize| work / (TRACKS / 2);
        let people = 40;
        let (mut offsets, mut items) = (vec![0], Vec::new());
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for person in 0..people {
            let of_camp = |work: &usize| half(*work) == person % 2;
            let heard = (0..TRACKS).filter(of_camp).filter(|_| rng.random_bool(0.5));
            items.extend(heard.map(|work| work as u32));
            offsets.push(items.len());
        }
        let config = IalsConfig { factors: 8, ..IalsConfig::default() };
        let (factors, fold_in) = Ials::factorise(TRACKS, offsets, items, &config, 1).unwrap();
        let near = |work: usize| {
            let others = (0..TRACKS).filter(|&other| other != work && half(other) == half(work));
            others.map(|other| (other as u32, 10.0)).collect()
        };
        let rows = WorldRows {
            works: catalogue.works().map(|work| catalogue.work_id(work).clone()).collect(),
            people: vec![people as f32 / 4.0; TRACKS],
            neighbours: (0..TRACKS).map(near).collect(),
            factors,
            fold_in,
        };
        Self { catalogue: Arc::clone(catalogue), rows }
    }
}

impl OpenWorld for Camps {
    fn near(&self, _: &[Plays]) -> Option<WorldRows> {
        Some(self.rows.clone())
    }
}

/// Somebody who is alone in a library and played some of the second camp.
fn alone(catalogue: &Catalogue) -> Plays {
    let id = ListenerId::new("alone");
    let listens: Vec<Listen> = (0..8)
        .map(|play| {
            let at = Timestamp::from_second(1_700_000_000 + play * DAY).unwrap();
            let track = TrackId::new(format!("t{:02}", TRACKS / 2 + 3 * play as usize));
            Listen::new(id.clone(), track, at, Source::Segue)
        })
        .collect();
    Plays::read(catalogue, id, &listens, &[])
}

#[test]
fn a_world_tells_somebody_who_is_alone_what_people_with_the_same_history_play() {
    let world = Camps::new(&catalogue());
    let plays = [alone(&world.catalogue)];
    let data = SetData { world: Some(&world), ..SetData::new(&world.catalogue, &plays) };
    let set = ModelSet::fit(&data, &small(), 1, &mut |_| {}).unwrap();
    let has = |kind| set.card().members.iter().any(|member| member.member == kind);
    assert!(has(MemberKind::WorldNeighbours) && has(MemberKind::WorldIals), "{:?}", set.card());

    // It serves without the world, and what is learned afterwards is told apart by it.
    let (bytes, card) = (set.to_bytes(), serde_json::to_vec(set.card()).unwrap());
    let read = ModelSet::from_bytes(&bytes, &card).unwrap();
    assert_eq!(read.version(), set.version());
    let profile = plays[0].profile(&world.catalogue);
    let [first, second] = halves(&world.catalogue, &profile, read);
    assert!(second >= 7, "{second} of {} are of the listener's camp", first + second);
}

#[test]
fn a_set_with_a_world_goes_on_with_it_and_not_without() {
    let world = Camps::new(&catalogue());
    let plays = [alone(&world.catalogue)];
    let with = SetData { world: Some(&world), ..SetData::new(&world.catalogue, &plays) };
    let fit = || ModelSet::fit(&with, &small(), 1, &mut |_| {}).unwrap();
    let members = |set: &ModelSet| set.card().members.len();
    let before = fit();
    let (count, on) = (members(&before), before.go_on(&with, 1, &mut |_| {}).unwrap());
    assert_eq!(members(&on), count);
    let without = SetData::new(&world.catalogue, &plays);
    let gone = fit().go_on(&without, 1, &mut |_| {});
    assert!(matches!(gone, Err(ModelError::NoWorld)));
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    let nobody = ModelSet::fit(&SetData::new(&catalogue(), &[]), &small(), 1, &mut |_| {});
    assert!(nobody.is_err());
}
