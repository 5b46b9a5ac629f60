//! What friends play, for listeners of whom little else is known.
//!
//! Of everybody who is somebody's friend the works that speak for them are kept. For a listener
//! these become one bag: a work's share is that of the friends who have it, where a friend whom
//! many follow says less,
//!
//! ```text
//! share(work) = Σ_{f has work} 1/√followers(f)  /  Σ_f 1/√followers(f)
//! ```
//!
//! A friend of whom nothing is known counts for nothing, in the sum below as well. Nothing here
//! says who plays what: a bag of two friends or more does not tell.

use rustc_hash::FxHashMap;
use segue_core::ListenerId;

use super::listener_works::{ListenerWorks, WorkSummary};
use super::plays::Plays;
use crate::{Profile, WorkIdx};

/// Friends that are asked, those first whom the fewest follow.
const MOST_FRIENDS: usize = 200;
/// Works that are kept of a friend, those first that they finished most often.
const MOST_OF_ONE: usize = 1_000;
/// Works that are kept of all friends of a listener, those first with the largest shares.
const MOST_OF_ALL: usize = 2_000;

/// What a listener's friends play, as a bag of works.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FriendPlays {
    works: Vec<FriendWork>,
}

/// A work that friends have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FriendWork {
    /// The work: a row of the catalogue.
    pub work: WorkIdx,
    /// How many friends ever played it. Others may have saved or liked it without a play.
    pub players: u32,
    /// Share of the friends who have it, weighted, above 0 and at most 1.
    pub share: f32,
}

impl FriendPlays {
    /// What friends have, in the order of works; at most two thousand, those of the largest shares.
    pub fn works(&self) -> &[FriendWork] {
        &self.works
    }

    /// Bytes of memory beside its own size.
    pub(super) fn bytes(&self) -> usize {
        self.works.capacity() * size_of::<FriendWork>()
    }

    /// How many friends ever played a work; 0 for one that none has.
    pub fn players(&self, work: WorkIdx) -> u32 {
        let found = self.works.binary_search_by_key(&work, |friends| friends.work);
        found.map_or(0, |at| self.works[at].players)
    }
}

/// What everybody plays who is somebody's friend: made once for many listeners.
///
/// # Examples
/// ```
/// use segue_core::{ListenerId, Track, TrackId, WorkId};
/// use segue_engine::dataset::friends::FriendIndex;
/// use segue_engine::dataset::profile::liking;
/// use segue_engine::{Catalogue, TrackIdx};
///
/// let track = Track::new(TrackId::new("t1"), WorkId::new("w1"), "Song");
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let [ann, bob] = ["ann", "bob"].map(ListenerId::new);
/// let profiles = [liking(&catalogue, bob.clone(), &[TrackIdx(0)])];
///
/// let friends = vec![bob, ListenerId::new("somebody else")];
/// let index = FriendIndex::new([(&ann, friends.as_slice())], &profiles);
/// let heard = index.plays_of(&friends);
/// assert_eq!((heard.works().len(), heard.works()[0].share), (1, 1.0));
/// ```
#[derive(Clone, Debug, Default)]
pub struct FriendIndex {
    heard: FxHashMap<ListenerId, Heard>,
}

/// What one friend plays.
#[derive(Clone, Debug)]
struct Heard {
    /// `1/√followers`.
    discount: f32,
    /// Works, and whether each was ever played.
    works: Box<[(WorkIdx, bool)]>,
}

impl FriendIndex {
    /// From who is friends with whom and what those friends play. A friend without a profile says
    /// nothing, and neither does one whose profile holds no work that speaks for them.
    pub fn new<'a>(
        friends: impl IntoIterator<Item = (&'a ListenerId, &'a [ListenerId])>,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let heard: Vec<ListenerWorks> = profiles.into_iter().map(ListenerWorks::from).collect();
        Self::of_listeners(friends, &heard)
    }

    /// The same from what is kept of all listeners.
    pub fn of_listeners<'a>(
        friends: impl IntoIterator<Item = (&'a ListenerId, &'a [ListenerId])>,
        heard: &[ListenerWorks],
    ) -> Self {
        let mut followers: FxHashMap<&ListenerId, u32> = FxHashMap::default();
        for friend in friends.into_iter().flat_map(|(_, friends)| friends) {
            *followers.entry(friend).or_default() += 1;
        }
        let heard = heard.iter().filter_map(|heard| {
            let &followers = followers.get(&heard.listener)?;
            let discount = 1.0 / (followers as f32).sqrt();
            let works = works_of(heard);
            (!works.is_empty()).then(|| (heard.listener.clone(), Heard { discount, works }))
        });
        Self { heard: heard.collect() }
    }

    /// The same from everybody's plays and the profiles folded from them.
    pub fn of_plays(plays: &[Plays], profiles: &[Profile]) -> Self {
        Self::new(plays.iter().map(|one| (&one.listener, one.friends.as_slice())), profiles)
    }

    /// What these friends play. It does not depend on their order.
    pub fn plays_of(&self, friends: &[ListenerId]) -> FriendPlays {
        let mut known: Vec<(&ListenerId, &Heard)> =
            friends.iter().filter_map(|friend| self.heard.get_key_value(friend)).collect();
        known.sort_by(|a, b| b.1.discount.total_cmp(&a.1.discount).then(a.0.cmp(b.0)));
        known.dedup_by_key(|friend| friend.0);
        known.truncate(MOST_FRIENDS);
        let total: f32 = known.iter().map(|(_, heard)| heard.discount).sum();
        let mut sums: FxHashMap<WorkIdx, FriendWork> = FxHashMap::default();
        for (_, heard) in known {
            for &(work, is_played) in &heard.works {
                let sum = sums.entry(work).or_insert(FriendWork { work, players: 0, share: 0.0 });
                sum.players += u32::from(is_played);
                sum.share += heard.discount / total;
            }
        }
        let mut works: Vec<FriendWork> = sums.into_values().collect();
        works.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.work.cmp(&b.work)));
        works.truncate(MOST_OF_ALL);
        works.shrink_to_fit();
        works.sort_by_key(|friends| friends.work);
        FriendPlays { works }
    }
}

/// The works that speak for a friend.
fn works_of(heard: &ListenerWorks) -> Box<[(WorkIdx, bool)]> {
    let mut works: Vec<&WorkSummary> =
        heard.works.iter().filter(|heard| heard.is_positive).collect();
    works.sort_by_key(|heard| (std::cmp::Reverse(heard.finished), heard.work));
    works.truncate(MOST_OF_ONE);
    works.into_iter().map(|heard| (heard.work, heard.is_played)).collect()
}
