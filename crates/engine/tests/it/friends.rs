//! What friends play, as a bag and as a reason.

use segue_core::{ListenerId, Reason, Track, TrackId, WorkId};
use segue_engine::candidate::Sources;
use segue_engine::dataset::friends::{FriendIndex, FriendPlays};
use segue_engine::dataset::profile::liking;
use segue_engine::mix::reasons::{Likes, Reasons};
use segue_engine::{Catalogue, Index, Profile, TrackIdx, WorkIdx};

use crate::world::now;

fn songs(count: u32) -> Catalogue {
    let song = |i: u32| {
        let name = format!("song {i}");
        Track::new(TrackId::new(name.as_str()), WorkId::new(name.as_str()), name)
    };
    Catalogue::from_tracks((0..count).map(song).collect())
}

/// Somebody who played these songs once each and liked them.
fn playing(catalogue: &Catalogue, name: &str, songs: &[u32]) -> Profile {
    let tracks: Vec<TrackIdx> = songs.iter().copied().map(TrackIdx).collect();
    let mut profile = liking(catalogue, ListenerId::new(name), &tracks);
    profile.interactions.iter_mut().for_each(|interaction| interaction.plays = 1);
    profile
}

fn names<const N: usize>(names: [&str; N]) -> Vec<ListenerId> {
    names.into_iter().map(ListenerId::new).collect()
}

fn shares(plays: &FriendPlays) -> Vec<(u32, u32, f32)> {
    plays.works().iter().map(|work| (work.work.0, work.players, work.share)).collect()
}

#[test]
fn a_work_counts_as_much_as_the_friends_who_have_it() {
    let catalogue = songs(4);
    let profiles = [
        playing(&catalogue, "bob", &[0, 1]),
        playing(&catalogue, "cid", &[1]),
        playing(&catalogue, "dot", &[]),
    ];
    let friends = names(["bob", "cid", "dot", "nobody"]);
    let ann = ListenerId::new("ann");
    let index = FriendIndex::new([(&ann, friends.as_slice())], &profiles);
    // Of two nothing is known: they neither play nor count as not playing.
    assert_eq!(shares(&index.plays_of(&friends)), [(0, 1, 0.5), (1, 2, 1.0)]);
    assert_eq!(index.plays_of(&friends).players(WorkIdx(1)), 2);
    assert_eq!(index.plays_of(&friends).players(WorkIdx(3)), 0);
    assert_eq!(
        index.plays_of(&names(["bob", "bob", "cid"])),
        index.plays_of(&names(["cid", "bob"]))
    );
    assert_eq!(index.plays_of(&[]), FriendPlays::default());
}

#[test]
fn whom_many_follow_says_less() {
    let catalogue = songs(2);
    let profiles = [playing(&catalogue, "bob", &[0]), playing(&catalogue, "star", &[1])];
    let followers: Vec<(ListenerId, Vec<ListenerId>)> = (0..4)
        .map(|i| (ListenerId::new(format!("fan {i}")), names(["star"])))
        .chain([(ListenerId::new("ann"), names(["bob"]))])
        .collect();
    let pairs = followers.iter().map(|(one, friends)| (one, friends.as_slice()));
    let index = FriendIndex::new(pairs, &profiles);
    let found = index.plays_of(&names(["bob", "star"]));
    assert_eq!(shares(&found), [(0, 1, 2.0 / 3.0), (1, 1, 1.0 / 3.0)]);
}

#[test]
fn what_friends_only_liked_is_evidence_and_no_play() {
    let catalogue = songs(2);
    let liked = liking(&catalogue, ListenerId::new("bob"), &[TrackIdx(1)]);
    let friends = names(["bob"]);
    let ann = ListenerId::new("ann");
    let index = FriendIndex::new([(&ann, friends.as_slice())], [&liked]);
    assert_eq!(shares(&index.plays_of(&friends)), [(1, 0, 1.0)]);
}

#[test]
fn friends_are_counted_from_two_up_and_never_named() {
    let catalogue = songs(3);
    let profiles = [playing(&catalogue, "bob", &[0, 1]), playing(&catalogue, "cid", &[1])];
    let friends = names(["bob", "cid"]);
    let ann = ListenerId::new("ann");
    let plays = FriendIndex::new([(&ann, friends.as_slice())], &profiles).plays_of(&friends);
    let profile = Profile::empty(ann).with_friends(plays);
    let index = Index::build(&catalogue, []);
    let likes = Likes::from_profile(&catalogue, &index, &profile);
    let (catalogue, index, profile, likes) = (&catalogue, &index, &profile, &likes);
    let reasons = Reasons { catalogue, index, profile, likes, evidence: None, now: now() };
    let all = |song, by| reasons.all(TrackIdx(song), by);
    assert_eq!(all(0, Sources::default()), [Reason::Predicted]);
    assert_eq!(all(0, Sources::FRIENDS), [Reason::LikeFriends]);
    assert_eq!(all(1, Sources::default()), [Reason::Friends { friends: 2 }]);
    assert_eq!(all(1, Sources::FRIENDS), [Reason::Friends { friends: 2 }, Reason::LikeFriends]);
}

#[test]
fn a_mix_of_what_friends_play_does_not_say_so_throughout() {
    let catalogue = songs(9);
    let heard: Vec<u32> = (0..9).collect();
    let profiles = [playing(&catalogue, "bob", &heard), playing(&catalogue, "cid", &heard)];
    let friends = names(["bob", "cid"]);
    let ann = ListenerId::new("ann");
    let plays = FriendIndex::new([(&ann, friends.as_slice())], &profiles).plays_of(&friends);
    let profile = Profile::empty(ann).with_friends(plays);
    let index = Index::build(&catalogue, &profiles);
    let likes = Likes::from_profile(&catalogue, &index, &profile);
    let (catalogue, index, profile, likes) = (&catalogue, &index, &profile, &likes);
    let reasons = Reasons { catalogue, index, profile, likes, evidence: None, now: now() };
    let tracks: Vec<_> = (0..9).map(|i| (TrackIdx(i), Sources::FRIENDS)).collect();
    let given = reasons.varied(&tracks);
    let count = |kind: Reason| given.iter().filter(|reason| **reason == kind).count();
    assert_eq!(count(Reason::Friends { friends: 2 }), 3);
    assert_eq!(count(Reason::LikeFriends), 3);
    assert_eq!(count(Reason::Popular), 3);
}
