//! The pipeline as a whole: what a mix promises, over random worlds and on hand-made ones.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use segue_core::{ListenerId, Reason, Slate, Track, TrackId, WorkId};
use segue_engine::Index;
use segue_engine::dataset::listener_works::ListenerWorks;
use segue_engine::dataset::profile::liking;
use segue_engine::mix::arrivals::AnswerCounts;
use segue_engine::mix::dial::new_artist_share;
use segue_engine::mix::filters::{Familiarity, FilterStep};
use segue_engine::mix::sentence::sentence;
use segue_engine::pipeline::{MixError, MixRequest, Mixer, NewFrom, Note};
use segue_engine::policy::PolicyKind;
use segue_engine::policy::draw::redraw;
use segue_engine::{Catalogue, Likability, Profile, Scorer, Stance, TrackIdx};

use crate::world::{HashScorer, Plan, RowScorer, World, days_ago, now, plans, request};

/// The most tracks of a class that a mix may hold under the caps, counted the plain way.
fn most_under_caps(world: &World, request: &MixRequest, class: impl Fn(TrackIdx) -> bool) -> u32 {
    let catalogue = &world.catalogue;
    let mut works = BTreeSet::new();
    let mut artists: BTreeMap<Option<String>, BTreeMap<String, u32>> = BTreeMap::new();
    for idx in catalogue.rows() {
        if !may_be_picked(world, request, idx)
            || !class(idx)
            || !works.insert(catalogue.work(representative(world, idx)))
        {
            continue;
        }
        let track = catalogue.track(representative(world, idx));
        let artist = track.artist().map(str::to_lowercase);
        let album = track
            .album
            .clone()
            .map_or(format!("alone {}", track.id), |album| format!("album {album}"));
        *artists.entry(artist).or_default().entry(album).or_default() += 1;
    }
    let capped = |(artist, albums): (&Option<String>, &BTreeMap<String, u32>)| {
        let sum: u32 = albums.values().map(|&count| count.min(request.album_cap)).sum();
        if artist.is_some() { sum.min(request.artist_cap) } else { sum }
    };
    artists.iter().map(capped).sum()
}

/// The version that stands for a track's work: known to the listener, else the most original, with
/// known sound, first.
fn representative(world: &World, idx: TrackIdx) -> TrackIdx {
    let work = world.catalogue.work(idx);
    if let Some(interaction) = world.profile.interaction(work).filter(|x| x.is_known()) {
        return interaction.track;
    }
    let versions = world.catalogue.versions(work);
    let key = |idx: &TrackIdx| {
        let track = world.catalogue.track(*idx);
        (track.version, track.features.is_silent(), *idx)
    };
    versions.iter().copied().min_by_key(key).expect("a work has a version")
}

fn may_be_picked(world: &World, request: &MixRequest, idx: TrackIdx) -> bool {
    let Some(interaction) = world.profile.interaction(world.catalogue.work(idx)) else {
        return true;
    };
    let window = days_ago(i64::from(request.no_repeat_days));
    !matches!(interaction.stance, Stance::Dislike | Stance::Ban)
        && (request.no_repeat_days == 0 || interaction.last_played.is_none_or(|at| at <= window))
}

fn is_new(world: &World, idx: TrackIdx) -> bool {
    !world.profile.knows(world.catalogue.work(idx))
}

/// Whether the track is by an artist of whom the listener knows no work, or by nobody named.
fn is_by_new_artist(world: &World, idx: TrackIdx) -> bool {
    let artist = |idx| world.catalogue.artist(representative(world, idx));
    let mut known = world.profile.interactions.iter().filter(|x| x.is_known());
    artist(idx).is_none_or(|of| known.all(|x| world.catalogue.artist(x.track) != Some(of)))
}

fn rows(world: &World, slate: &Slate) -> Vec<TrackIdx> {
    slate
        .picks
        .iter()
        .map(|pick| world.catalogue.find(&pick.track).expect("picked from it"))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_dial_gives_exactly_the_share_of_new_tracks_that_is_possible(
        plan in plans(),
        length in 1_u32..40,
        explore in 0.0..=1.0_f32,
        caps in (1_u32..5, 1_u32..4),
        policy in 0_usize..3,
    ) {
        let world = plan.build();
        let request = MixRequest {
            artist_cap: caps.0,
            album_cap: caps.1,
            policy: PolicyKind::ALL[policy],
            no_repeat_days: 3,
            seed: plan.seed,
            ..request(length, explore)
        };
        let most = most_under_caps(&world, &request, |_| true).min(length);
        let most_new = most_under_caps(&world, &request, |idx| is_new(&world, idx)).min(most);
        let most_familiar = most_under_caps(&world, &request, |idx| !is_new(&world, idx)).min(most);
        let asked = (explore * length as f32).round() as u32;
        match world.mixer(&HashScorer(plan.seed)).mix(&request) {
            Ok(outcome) => {
                prop_assert_eq!(outcome.slate.picks.len() as u32, most);
                prop_assert_eq!(
                    outcome.slate.new_count() as u32,
                    asked.clamp(most - most_familiar, most_new)
                );
            }
            Err(error) => {
                let is_nothing_eligible = matches!(error, MixError::NothingEligible { .. });
                prop_assert!(is_nothing_eligible && most == 0, "{error}");
            }
        }
    }

    #[test]
    fn new_artists_and_then_arrivals_get_the_possible_share_nearest_to_what_is_asked(
        plan in plans(),
        length in 1_u32..40,
        explore in 0.0..=1.0_f32,
        share in 0.0..=1.0_f32,
        caps in (1_u32..5, 1_u32..4),
    ) {
        let world = plan.build();
        let is_late = |idx: TrackIdx| idx.0.is_multiple_of(3);
        let is_arrival =
            |idx: TrackIdx| is_new(&world, idx) && is_late(representative(&world, idx));
        let late = world.catalogue.rows().filter(|&idx| is_late(idx));
        let request = MixRequest {
            artist_cap: caps.0,
            album_cap: caps.1,
            seed: plan.seed,
            arrivals: late.map(|idx| world.catalogue.track(idx).id.clone()).collect(),
            arrival_share: share,
            exact: true,
            ..request(length, explore)
        };
        let Ok(outcome) = world.mixer(&HashScorer(plan.seed)).mix(&request) else {
            return Ok(());
        };
        let rank = |class: &dyn Fn(TrackIdx) -> bool| most_under_caps(&world, &request, class);
        let most = rank(&|_| true).min(length);
        prop_assert_eq!(outcome.slate.picks.len() as u32, most, "neither costs a track");
        let asked = (explore * length as f32).round() as u32;
        let most_new = rank(&|idx| is_new(&world, idx)).min(most);
        let new = asked.clamp(most - rank(&|idx| !is_new(&world, idx)).min(most), most_new);
        prop_assert_eq!(outcome.slate.new_count() as u32, new, "nor a share of new ones");

        // Which numbers are possible, tried one after another: every set of classes has room.
        let class = |idx: TrackIdx| match () {
            () if !is_new(&world, idx) => 0_u8,
            () if is_arrival(idx) => 3,
            () if is_by_new_artist(&world, idx) => 2,
            () => 1,
        };
        let ranks: Vec<u32> =
            (0..16_u8).map(|set| rank(&|idx| set & (1 << class(idx)) != 0)).collect();
        let is_possible = |numbers: [u32; 4]| {
            (0..16).all(|set: usize| {
                let sum: u32 = (0..4)
                    .filter(|class| set & (1 << class) != 0)
                    .map(|class| numbers[class])
                    .sum();
                sum <= ranks[set]
            })
        };
        let arrivals_asked = (share * asked as f32).round() as u32;
        let artists_asked =
            (new_artist_share(explore) * (asked - arrivals_asked) as f32).round() as u32;
        // Where songs by known artists are lacking, new artists stand in for them.
        let artists_asked = artists_asked.max(new.saturating_sub(ranks[2] + arrivals_asked));
        let mut possible: Vec<(u32, u32)> = (0..=new)
            .flat_map(|artists| (0..=new - artists).map(move |arrivals| (artists, arrivals)))
            .filter(|&(artists, arrivals)| {
                is_possible([most - new, new - artists - arrivals, artists, arrivals])
            })
            .collect();
        possible.sort_by_key(|(artists, arrivals)| {
            (artists.abs_diff(artists_asked), arrivals.abs_diff(arrivals_asked))
        });
        let count = |kind: u8| {
            rows(&world, &outcome.slate).into_iter().filter(|&idx| class(idx) == kind).count()
                as u32
        };
        prop_assert_eq!((count(2), count(3)), possible[0]);
        let config = &outcome.slate.config;
        prop_assert_eq!((config.new_artist_slots, config.arrival_slots), possible[0]);
        prop_assert_eq!(redraw(&world.catalogue, &outcome.slate).unwrap().len() as u32, most);
    }

    #[test]
    fn neither_new_tracks_nor_new_artists_get_fewer_when_the_dial_rises(
        plan in plans(),
        length in 1_u32..30,
    ) {
        let world = plan.build();
        let mut before = (0, 0);
        for step in 0..=10 {
            let request = request(length, step as f32 / 10.0);
            if let Ok(outcome) = world.mixer(&HashScorer(1)).mix(&request) {
                let after =
                    (outcome.slate.new_count() as u32, outcome.slate.config.new_artist_slots);
                prop_assert!(after.0 >= before.0 && after.1 >= before.1, "{before:?} {after:?}");
                before = after;
            }
        }
    }

    #[test]
    fn a_slate_keeps_every_rule(
        plan in plans(),
        length in 1_u32..40,
        explore in 0.0..=1.0_f32,
        seed: u64,
    ) {
        let world = plan.build();
        let request = MixRequest { seed, no_repeat_days: 14, ..request(length, explore) };
        let Ok(outcome) = world.mixer(&HashScorer(seed)).mix(&request) else {
            return Ok(());
        };
        let slate = &outcome.slate;
        let rows = rows(&world, slate);
        let works: BTreeSet<_> = rows.iter().map(|&idx| world.catalogue.work(idx)).collect();
        prop_assert_eq!(works.len(), rows.len(), "a work is played once");

        let mut artists: BTreeMap<_, u32> = BTreeMap::new();
        let mut albums: BTreeMap<_, u32> = BTreeMap::new();
        for (pick, &idx) in slate.picks.iter().zip(&rows) {
            prop_assert!(may_be_picked(&world, &request, idx));
            prop_assert_eq!(pick.new_to_listener, is_new(&world, idx));
            let is_named = world.catalogue.artist(idx).is_some();
            let is_claimed = is_new(&world, idx) && is_named && is_by_new_artist(&world, idx);
            prop_assert_eq!(pick.new_artist, is_claimed);
            prop_assert!(pick.propensity > 0.0 && pick.propensity <= 1.0 + 1e-12);
            prop_assert!(slate.shortlist.iter().any(|listed| listed.track == pick.track));
            if let Some(artist) = world.catalogue.artist(idx) {
                *artists.entry(artist).or_default() += 1;
            }
            if let Some(album) = &world.catalogue.track(idx).album {
                *albums.entry((world.catalogue.artist(idx), album.clone())).or_default() += 1;
            }
            prop_assert!(!sentence(&pick.reason).is_empty());
        }
        prop_assert!(artists.values().all(|&count| count <= request.artist_cap));
        prop_assert!(albums.values().all(|&count| count <= request.album_cap));
        let drawn: BTreeSet<u32> = slate.picks.iter().map(|pick| pick.drawn).collect();
        prop_assert_eq!(drawn, (0..slate.picks.len() as u32).collect());

        let left_out: usize = outcome.left_out.iter().map(|left_out| left_out.count).sum();
        prop_assert!(outcome.candidates >= left_out + slate.shortlist.len());
    }

    #[test]
    fn one_track_in_place_of_another_keeps_caps_and_dial_with_those_that_stay(
        plan in plans(),
        explore in 0.0..=1.0_f32,
        gone in 0_usize..20,
    ) {
        let world = plan.build();
        let whole = request(20, explore);
        let Ok(outcome) = world.mixer(&HashScorer(2)).mix(&whole) else { return Ok(()) };
        let mut stay: Vec<TrackId> =
            outcome.slate.picks.iter().map(|pick| pick.track.clone()).collect();
        let gone = stay.remove(gone % stay.len());
        let one = MixRequest {
            length: 1,
            exclude_tracks: vec![gone.clone()],
            beside: stay.clone(),
            ..whole.clone()
        };
        let Ok(fresh) = world.mixer(&HashScorer(2)).mix(&one) else { return Ok(()) };
        prop_assert_eq!(fresh.slate.config.beside.len(), stay.len());
        prop_assert_eq!(
            redraw(&world.catalogue, &fresh.slate).unwrap().len(),
            fresh.slate.picks.len()
        );
        let Some(pick) = fresh.slate.picks.first() else { return Ok(()) };
        prop_assert!(pick.track != gone && !stay.contains(&pick.track));

        let find = |id: &TrackId| world.catalogue.find(id).unwrap();
        let idx = find(&pick.track);
        let same = |of: &dyn Fn(TrackIdx) -> Option<String>| {
            let others = stay.iter().filter(|id| of(find(id)).is_some() && of(find(id)) == of(idx));
            others.count() as u32
        };
        let artist = |idx| world.catalogue.track(idx).artist().map(str::to_lowercase);
        prop_assert!(same(&artist) < whole.artist_cap);
        let album =
            |idx| Some(format!("{:?} {}", artist(idx), world.catalogue.track(idx).album.clone()?));
        prop_assert!(same(&album) < whole.album_cap);

        let new = stay.iter().filter(|id| is_new(&world, find(id))).count() as u32;
        let is_wanted = new < (explore * (stay.len() + 1) as f32).round() as u32;
        let has_note = fresh.notes.iter().any(|note| {
            matches!(note, Note::OtherShare { .. } | Note::NothingNew { .. } | Note::FewNew { .. })
        });
        prop_assert!(pick.new_to_listener == is_wanted || has_note || new == stay.len() as u32);
    }

    #[test]
    fn same_inputs_and_seed_give_the_same_slate(plan in plans(), explore in 0.0..=1.0_f32) {
        let world = plan.build();
        let request = request(20, explore);
        let run = || world.mixer(&HashScorer(3)).mix(&request);
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap().install(run);
        prop_assert_eq!(run(), alone);
    }

    #[test]
    fn reasons_state_facts(plan in plans(), explore in 0.0..=1.0_f32) {
        let world = plan.build();
        let request = request(25, explore);
        let Ok(outcome) = world.mixer(&HashScorer(5)).mix(&request) else {
            return Ok(());
        };
        for pick in &outcome.slate.picks {
            let idx = world.catalogue.find(&pick.track).unwrap();
            let known = world.profile.interaction(world.catalogue.work(idx));
            match &pick.reason {
                Reason::Liked => prop_assert_eq!(known.unwrap().stance, Stance::Like),
                Reason::Favourite { finished } => {
                    prop_assert_eq!(known.unwrap().finished, *finished)
                }
                Reason::BackAfter { days } => {
                    let at = known.unwrap().last_played.unwrap();
                    prop_assert_eq!(
                        (now().as_second() - at.as_second()) / 86_400,
                        i64::from(*days)
                    );
                }
                Reason::Saved => prop_assert!(known.unwrap().saved),
                Reason::Heard { plays } => prop_assert_eq!(known.unwrap().plays, *plays),
                Reason::Artist { artist, finished } => {
                    let by = |x: &&segue_engine::Interaction| {
                        world.catalogue.track(x.track).artist() == Some(artist.as_str())
                    };
                    let sum: u32 =
                        world.profile.interactions.iter().filter(by).map(|x| x.finished).sum();
                    prop_assert_eq!(sum, *finished);
                    prop_assert_eq!(world.catalogue.track(idx).artist(), Some(artist.as_str()));
                }
                Reason::ArtistLiked { artist, liked } => {
                    prop_assert_eq!(world.catalogue.track(idx).artist(), Some(artist.as_str()));
                    prop_assert!(*liked > 0);
                }
                Reason::SoundsLike { features, .. } => prop_assert!(!features.is_empty()),
                Reason::Genre { genre } => {
                    prop_assert_eq!(world.catalogue.track(idx).genre.as_ref(), Some(genre))
                }
                Reason::StepOutside { differences } => prop_assert!(!differences.is_empty()),
                Reason::Lately => {
                    prop_assert!(known.unwrap().memory.decayed(now())[1] >= 2.0);
                }
                Reason::Habit => prop_assert!(known.unwrap().plays > 0),
                Reason::PlayedWith { .. } | Reason::Together { .. } => {
                    prop_assert!(false, "this scorer knows nothing of who plays what");
                }
                Reason::Friends { .. } | Reason::LikeFriends => {
                    prop_assert!(false, "this listener has no friends");
                }
                Reason::NewFrom { artist } => {
                    prop_assert_eq!(world.catalogue.track(idx).artist(), Some(artist.as_str()));
                    prop_assert!(pick.new_to_listener);
                }
                Reason::Popular => prop_assert!(world.index.popularity.value(idx) > 0.0),
                Reason::Predicted | Reason::Tagged { .. } => prop_assert!(pick.new_to_listener),
            }
        }
    }
}

/// Songs by as many artists, without features.
fn songs(count: u32) -> Vec<Track> {
    let song = |i: u32| {
        let mut track = Track::new(
            TrackId::new(format!("t{i:03}")),
            WorkId::new(format!("w{i}")),
            format!("Song {i}"),
        );
        track.artists = vec![format!("Artist {i}")];
        track
    };
    (0..count).map(song).collect()
}

fn stranger() -> Profile {
    Profile::empty(ListenerId::new("stranger"))
}

#[test]
fn a_new_listener_gets_what_is_popular() {
    let mut tracks = songs(100);
    for (i, track) in tracks.iter_mut().enumerate() {
        track.popularity = Some(if i % 10 == 0 { 0.9 } else { 0.1 });
    }
    let world = World::new(Catalogue::from_tracks(tracks), stranger());
    let request = MixRequest { policy: PolicyKind::Greedy, ..request(10, 0.3) };
    let outcome = world.mixer(&RowScorer(|_| 0.5)).mix(&request).unwrap();
    assert!(rows(&world, &outcome.slate).iter().all(|idx| idx.0 % 10 == 0));
    assert!(outcome.notes.contains(&Note::NewListener));
    assert_eq!(outcome.headline(), "10 of 10 new to you", "whose artists are all new as well");
}

#[test]
fn the_headline_tells_new_artists_from_new_songs() {
    let mut tracks = songs(40);
    tracks.iter_mut().enumerate().for_each(|(i, track)| {
        track.artists = vec![format!("Artist {}", if i < 20 { i % 10 } else { i })];
    });
    let catalogue = Catalogue::from_tracks(tracks);
    let known: Vec<TrackIdx> = (0..10).map(TrackIdx).collect();
    let profile = liking(&catalogue, ListenerId::new("ann"), &known);
    let world = World::new(catalogue, profile);
    let mixed = |explore| {
        let request = MixRequest { exact: true, ..request(10, explore) };
        world.mixer(&HashScorer(1)).mix(&request).unwrap()
    };
    assert_eq!(mixed(0.0).headline(), "0 of 10 new to you");
    let few = "2 of 10 new to you, 1 by an artist you have never heard";
    assert_eq!(mixed(0.2).headline(), few);
    assert_eq!(mixed(1.0).headline(), "10 of 10 new to you, 6 by artists you have never heard");
}

#[test]
fn a_mix_without_enough_that_is_new_says_where_it_comes_from() {
    let mixed = |known: u32, request: MixRequest| {
        let catalogue = Catalogue::from_tracks(songs(40));
        let known: Vec<TrackIdx> = (0..known).map(TrackIdx).collect();
        let profile = liking(&catalogue, ListenerId::new("ann"), &known);
        World::new(catalogue, profile).mixer(&HashScorer(1)).mix(&request)
    };
    let asked = |new_from| MixRequest { new_from, ..request(10, 0.5) };
    for (from, says) in [
        (NewFrom::Import, "segue world --help"),
        (NewFrom::Training, "segue train"),
        (NewFrom::Nowhere, "known here"),
    ] {
        let notes = mixed(40, asked(from)).unwrap().notes;
        assert_eq!(notes, [Note::NothingNew { from }]);
        assert!(notes[0].to_string().contains(says), "{}", notes[0]);
    }
    let from = NewFrom::Training;
    let few = Note::FewNew { asked: 5, found: 2, unknown: 2, from };
    assert_eq!(mixed(38, asked(from)).unwrap().notes, [few]);
    assert!(few.to_string().contains("only 2 songs are known here"), "{few}");

    let new = MixRequest { familiarity: Familiarity::New, ..asked(from) };
    let few = Note::FewNew { asked: 10, found: 2, unknown: 2, from };
    assert_eq!(mixed(38, new.clone()).unwrap().notes, [few]);
    assert!(matches!(mixed(40, new), Err(MixError::NothingEligible { .. })));
    assert_eq!(mixed(20, asked(from)).unwrap().notes, [], "there is enough");
    assert_eq!(mixed(40, request(10, 0.0)).unwrap().notes, [], "nothing new was asked for");
}

#[test]
fn predictions_that_are_not_numbers_come_last() {
    let world = World::new(Catalogue::from_tracks(songs(40)), stranger());
    let scorer = RowScorer(|row| if row < 30 { f32::NAN } else { 0.0 });
    let request = MixRequest { policy: PolicyKind::Greedy, ..request(10, 1.0) };
    let outcome = world.mixer(&scorer).mix(&request).unwrap();
    assert!(rows(&world, &outcome.slate).iter().all(|idx| idx.0 >= 30));
    assert!(outcome.notes.contains(&Note::NotFinite { count: 30 }));
    assert!(outcome.slate.picks.iter().all(|pick| pick.likability.is_finite()));
}

#[test]
fn each_filter_counts_what_it_left_out() {
    let mut tracks = songs(6);
    let mut twin = tracks[5].clone();
    twin.id = TrackId::new("t005-live");
    twin.version = segue_core::Version::Live;
    tracks.push(twin);
    let world = World::new(Catalogue::from_tracks(tracks), stranger());
    let request = MixRequest {
        within: Some(["t001", "t002", "t003", "t005", "t005-live"].map(TrackId::new).to_vec()),
        exclude_tracks: vec![TrackId::new("t001")],
        exclude_artists: vec!["ARTIST 2".to_owned()],
        ..request(10, 1.0)
    };
    let outcome = world.mixer(&HashScorer(1)).mix(&request).unwrap();
    let counts: Vec<_> =
        outcome.left_out.iter().map(|left_out| (left_out.step, left_out.count)).collect();
    // What the request names is all that is looked at.
    assert_eq!(outcome.candidates, 5);
    assert_eq!(counts[..2], [(FilterStep::Outside, 0), (FilterStep::Excluded, 2)]);
    assert_eq!(counts[6], (FilterStep::Twin, 1));
    let ids: BTreeSet<_> = outcome.slate.picks.iter().map(|pick| pick.track.to_string()).collect();
    assert_eq!(ids, BTreeSet::from(["t003".to_owned(), "t005".to_owned()]));
    assert!(outcome.notes.contains(&Note::Shorter { asked: 10, found: 2 }));
}

#[test]
fn what_has_no_title_is_new_to_nobody_where_others_have_one() {
    let mixed = |untitled: usize| {
        let mut tracks = songs(6);
        tracks[..untitled].iter_mut().for_each(|track| track.title.clear());
        let catalogue = Catalogue::from_tracks(tracks);
        let ann = liking(&catalogue, ListenerId::new("ann"), &[TrackIdx(0)]);
        let world = World::new(catalogue, ann);
        let outcome = world.mixer(&HashScorer(1)).mix(&request(6, 1.0)).unwrap();
        let mut ids: Vec<_> = outcome.slate.picks.iter().map(|pick| pick.track.clone()).collect();
        ids.sort_unstable();
        ids.into_iter().map(|id| id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(mixed(2), ["t000", "t002", "t003", "t004", "t005"], "one is liked, one unknown");
    assert_eq!(mixed(6).len(), 6, "a table of features has no titles at all");
}

#[test]
fn filters_that_leave_nothing_say_which_did() {
    let world = World::new(Catalogue::from_tracks(songs(3)), stranger());
    let request = MixRequest { familiarity: Familiarity::Heard, ..request(3, 0.0) };
    let error = world.mixer(&HashScorer(1)).mix(&request).unwrap_err();
    let MixError::NothingEligible { candidates, left_out } = error else { panic!("{error}") };
    assert_eq!(candidates, 3);
    assert!(left_out.iter().any(|x| x.step == FilterStep::Familiarity && x.count == 3));
}

#[test]
fn requests_out_of_range_are_refused() {
    let world = World::new(Catalogue::from_tracks(songs(3)), stranger());
    let run = |request: MixRequest| world.mixer(&HashScorer(1)).mix(&request).unwrap_err();
    assert_eq!(run(request(0, 0.5)), MixError::Length { found: 0 });
    assert_eq!(run(request(5, 1.5)), MixError::Explore { found: 1.5 });
    assert!(matches!(run(request(5, f32::NAN)), MixError::Explore { .. }));
    assert_eq!(run(MixRequest { album_cap: 0, ..request(5, 0.5) }), MixError::Cap);
    let empty = Catalogue::default();
    let outcome = Mixer {
        catalogue: &empty,
        index: &Index::default(),
        profile: &stranger(),
        scorer: &HashScorer(1),
    }
    .mix(&request(5, 0.5));
    assert_eq!(outcome, Err(MixError::EmptyCatalogue));
}

#[test]
fn a_scorer_that_miscounts_is_found_out() {
    struct Silent;
    impl Scorer for Silent {
        fn version(&self) -> &str {
            "silent"
        }
        fn score(&self, _: &Profile, _: &[TrackIdx]) -> Vec<Likability> {
            Vec::new()
        }
    }
    let world = World::new(Catalogue::from_tracks(songs(3)), stranger());
    let error = world.mixer(&Silent).mix(&request(2, 0.5)).unwrap_err();
    assert_eq!(error, MixError::Predictions { expected: 3, found: 0 });
}

#[test]
fn a_track_stops_being_an_arrival_when_three_listeners_have_answered_it() {
    let world = Plan { seed: 3, tracks: 40, artists: 8, known: 0.0 }.build();
    let answered = |listener: usize, rows: &[u32]| {
        let rows: Vec<TrackIdx> = rows.iter().copied().map(TrackIdx).collect();
        liking(&world.catalogue, ListenerId::new(format!("listener {listener}")), &rows)
    };
    let heard = [answered(0, &[1, 2]), answered(1, &[1, 2]), answered(2, &[1])]
        .map(|profile| ListenerWorks::from(&profile));
    let lately = [TrackIdx(1), TrackIdx(2), TrackIdx(3)];
    let left = AnswerCounts::of(&heard).arrivals(&world.catalogue, lately);
    assert_eq!(left, [2, 3].map(|row| world.catalogue.track(TrackIdx(row)).id.clone()));
}
