//! A library as it was at a moment, and what its listeners turned to after it.
//!
//! Dated histories are cut in time: everybody at one moment, so many days before the newest play of
//! all, or each where the newest share of their own plays begins. The latter asks everybody the
//! same amount, however long ago they left; the former is stricter, as nobody's plays are later
//! than the moment of anybody's mix. Of undated histories a fifth of the works is put aside at
//! random: they tell of discoveries, and nothing of repeats. What carries no time in a dated
//! history, such as what was saved, counts as known before, so that it is never an answer. What a
//! source says of a track, its popularity above all, is of the day of the import.
//!
//! A catalogue grows with plays. A track that nobody had played before the cut, that somebody
//! played after it, and of which nothing else is known (no sound, popularity, genre or year) is in
//! the catalogue *because* of the later plays: to offer it would tell what is to be guessed. Those
//! are taken out, of the catalogue that models learn on as well, and counted; nobody can be asked
//! for them. Where the library is used with a world, what nobody had played of what the world knows
//! is there if it is drawn from it again, by the plays before the cut.

use std::sync::Arc;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use segue::WorldView;
use segue_core::{FeedbackTarget, ListenerId, Timestamp, Track, WorkId};
use segue_engine::dataset::friends::FriendIndex;
use segue_engine::dataset::labels::PlayOutcome;
use segue_engine::dataset::plays::{Play, Plays};
use segue_engine::{Catalogue, Profile, TrackIdx, WorkIdx};

use super::{MixData, MixOptions};

/// Works that a listener has to be known by before a mix of theirs is judged.
pub const FEWEST_WORKS: usize = 5;
/// Share of the works of an undated history that is put aside.
const ASIDE_UNDATED: f64 = 0.2;
/// What counts as played again: within so many seconds.
const WEEK_S: i64 = 7 * 86_400;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// Which plays come after the cut: they judge mixes and are learned from by nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HeldOutPlays {
    /// The newest share of each listener's own plays, between 0 and 1.
    Share(f64),
    /// So many days before the newest play of all.
    Days(f64),
}

/// A listener at the moment for which a mix is made, and what came after. Rows are of the
/// [catalogue of the cut](MixCut::catalogue).
#[derive(Clone, Debug)]
pub struct MixCase {
    /// Who.
    pub listener: ListenerId,
    /// What was known of them.
    pub profile: Profile,
    /// The plays behind that, for rules that count them.
    pub past: Plays,
    /// The moment.
    pub now: Timestamp,
    /// Works they knew and played, without leaving them, in the following week; `None` where plays
    /// carry no time.
    pub again: Option<FxHashSet<WorkIdx>>,
    /// Works they did not know and turned to before the period was over.
    pub new: FxHashSet<WorkIdx>,
    /// Of works that they played in the period, whether the first play was finished; works of whose
    /// plays neither can be said are not among them.
    pub finished: FxHashMap<WorkIdx, bool>,
}

/// A library as it was at a moment, and what its listeners did afterwards. Nothing that came later
/// is in it but the answers: neither tracks nor popularity nor plays.
#[derive(Clone, Debug)]
pub struct MixCut {
    /// What the catalogue held by then.
    pub catalogue: Arc<Catalogue>,
    /// Everybody's plays up to then: all that may be learned from.
    pub past: Vec<Plays>,
    /// Listeners to be judged by what came after.
    pub cases: Vec<MixCase>,
    /// Tracks taken out of the catalogue, as they came with later plays.
    pub later_tracks: usize,
    /// Discoveries that nobody is asked for, as their tracks were taken out.
    pub unanswerable: usize,
    /// Works left in the catalogue that nobody had played.
    pub unplayed: usize,
    /// Those of them that somebody played later. Where it is most of them, the catalogue was
    /// gathered by what was played, and discoveries are easier than they were.
    pub unplayed_met: usize,
}

/// One listener's plays, cut.
struct Halves {
    past: Plays,
    after: After,
}

/// What was put aside of a listener.
enum After {
    /// Plays from one moment to before another.
    Dated { from: Timestamp, until: Timestamp },
    /// Works of an undated history.
    Undated { works: FxHashSet<WorkIdx> },
    /// Nothing: there is too little.
    Nothing,
}

impl MixCut {
    /// Cuts the data for the `number`-th time, 0 for the latest.
    pub fn new(data: &MixData, options: &MixOptions, number: usize) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(options.seed.wrapping_add(number as u64));
        let newest = data.plays.iter().flat_map(|one| &one.plays).filter_map(|play| play.at).max();
        let newest = newest.unwrap_or(Timestamp::UNIX_EPOCH);
        let moment = Moment { held_out: options.held_out, number, newest };
        let halves: Vec<Halves> =
            data.plays.iter().map(|one| moment.cut(&data.catalogue, one, &mut rng)).collect();
        let known = known_tracks(data, &halves);
        let later = |&track: &TrackIdx| !known.contains(&track);
        let played_later: FxHashSet<TrackIdx> =
            data.plays.iter().flat_map(|one| &one.plays).map(|p| p.track).filter(later).collect();
        let view = data.world.as_ref().map(|world| WorldView::new(world, &data.catalogue));
        let draw = |view: &WorldView<'_>| {
            let past: Vec<Plays> = halves.iter().map(|half| half.past.clone()).collect();
            view.draw(&past)
        };
        let drawn = view.as_ref().map(draw).unwrap_or_default();
        let drawn_works: FxHashSet<WorkIdx> = drawn.works.iter().copied().collect();
        let is_there = |track: &TrackIdx| {
            let work = data.catalogue.work(*track);
            match &view {
                _ if known.contains(track) => true,
                // Unless a table told of it, a training drew it, by all plays.
                Some(view) if view.has(work) => {
                    drawn_works.contains(&work) || is_described(data.catalogue.track(*track))
                }
                _ => !played_later.contains(track) || is_described(data.catalogue.track(*track)),
            }
        };
        let rows: Vec<TrackIdx> = data.catalogue.rows().filter(is_there).collect();
        let translation = Translation::new(&data.catalogue, &rows, drawn.missing);
        let gone = |track: &&TrackIdx| translation.tracks[track.0 as usize].is_none();
        let mut cut = Self {
            later_tracks: played_later.iter().filter(gone).count(),
            past: halves.iter().map(|half| translation.plays(&half.past)).collect(),
            catalogue: Arc::clone(&translation.catalogue),
            cases: Vec::new(),
            unanswerable: 0,
            unplayed: 0,
            unplayed_met: 0,
        };
        cut.count_unplayed(&known, &played_later, &translation);
        for listener in order(data.plays.len(), options.seed) {
            if cut.cases.len() == options.listeners {
                break;
            }
            let one = &data.plays[listener];
            cut.ask(data, one, listener, &halves[listener].after, &translation, newest);
        }
        cut.befriend();
        cut
    }

    /// Tells of each listener what their friends had played by then.
    fn befriend(&mut self) {
        if self.past.iter().all(|one| one.friends.is_empty()) {
            return;
        }
        let profiles: Vec<Profile> =
            self.past.par_iter().map(|one| one.profile(&self.catalogue)).collect();
        let index = FriendIndex::of_plays(&self.past, &profiles);
        for case in &mut self.cases {
            case.profile.friends = index.plays_of(&case.past.friends);
        }
    }

    fn count_unplayed(
        &mut self,
        known: &FxHashSet<TrackIdx>,
        later: &FxHashSet<TrackIdx>,
        translation: &Translation,
    ) {
        let works = |tracks: &FxHashSet<TrackIdx>| -> FxHashSet<WorkIdx> {
            let kept = tracks.iter().filter_map(|track| translation.tracks[track.0 as usize]);
            kept.map(|track| self.catalogue.work(track)).collect()
        };
        let (known, later) = (works(known), works(later));
        self.unplayed = self.catalogue.work_count() - known.len();
        self.unplayed_met = later.difference(&known).count();
    }

    #[allow(clippy::too_many_arguments, reason = "a step of `new` that reads all it has made")]
    fn ask(
        &mut self,
        data: &MixData,
        one: &Plays,
        listener: usize,
        after: &After,
        translation: &Translation,
        newest: Timestamp,
    ) {
        let past = self.past[listener].clone();
        let profile = past.profile(&self.catalogue);
        if profile.interactions.iter().filter(|x| x.is_known()).count() < FEWEST_WORKS {
            return;
        }
        let heard = |until: Timestamp, from: Timestamp| {
            let plays = one.plays.iter().filter(move |play| {
                play.at.is_some_and(|at| (from..until).contains(&at))
                    && !matches!(play.outcome, PlayOutcome::Disliked { .. })
            });
            plays.map(|play| data.catalogue.work(play.track)).collect::<FxHashSet<WorkIdx>>()
        };
        let (now, again, turned_to, aside) = match after {
            After::Nothing => return,
            After::Undated { works } => {
                let aside = |play: &&Play| works.contains(&data.catalogue.work(play.track));
                let plays: Vec<Play> = one.plays.iter().filter(aside).copied().collect();
                (newest, None, works.clone(), plays)
            }
            &After::Dated { from, until } => {
                let aside = |play: &&Play| play.at.is_some_and(|at| (from..until).contains(&at));
                let plays: Vec<Play> = one.plays.iter().filter(aside).copied().collect();
                let week = heard(seconds_after(from, WEEK_S), from);
                (from, Some(week), heard(until, from), plays)
            }
        };
        let here = |works: FxHashSet<WorkIdx>| -> FxHashSet<WorkIdx> {
            works.into_iter().filter_map(|work| translation.works[work.row()]).collect()
        };
        let missing =
            turned_to.iter().filter(|work| translation.works[work.row()].is_none()).count();
        let mut again = again.map(here);
        if let Some(again) = &mut again {
            again.retain(|&work| profile.knows(work));
        }
        let mut new = here(turned_to);
        new.retain(|&work| !profile.knows(work));
        if new.is_empty() && again.as_ref().is_none_or(FxHashSet::is_empty) {
            return;
        }
        self.unanswerable += missing;
        let finished = first_outcomes(&data.catalogue, aside, translation);
        let listener = one.listener.clone();
        self.cases.push(MixCase { listener, profile, past, now, again, new, finished });
    }
}

/// When one of several cuts is.
struct Moment {
    held_out: HeldOutPlays,
    number: usize,
    newest: Timestamp,
}

impl Moment {
    fn cut(&self, catalogue: &Catalogue, one: &Plays, rng: &mut ChaCha8Rng) -> Halves {
        match self.span(one) {
            Some((from, until)) => {
                Halves { past: one.before(from), after: After::Dated { from, until } }
            }
            None => self.cut_undated(catalogue, one, rng),
        }
    }

    /// From when to when plays are put aside, where most of them carry times that differ.
    fn span(&self, one: &Plays) -> Option<(Timestamp, Timestamp)> {
        let mut times: Vec<Timestamp> = one.plays.iter().filter_map(|play| play.at).collect();
        times.sort_unstable();
        if 2 * times.len() < one.plays.len() || times.first() == times.last() {
            return None;
        }
        match self.held_out {
            HeldOutPlays::Days(days) => Some(self.days_back(days)),
            HeldOutPlays::Share(share) => {
                let place = |back: usize| {
                    let kept = (1.0 - share * back as f64).max(0.0);
                    times.get((times.len() as f64 * kept).floor() as usize).copied()
                };
                let until = place(self.number).unwrap_or(Timestamp::MAX);
                Some((place(self.number + 1)?, until))
            }
        }
    }

    fn days_back(&self, days: f64) -> (Timestamp, Timestamp) {
        let back = |periods: usize| {
            let seconds = (days * SECONDS_PER_DAY * periods as f64).round() as i64;
            seconds_after(self.newest, -seconds)
        };
        let until = if self.number == 0 { Timestamp::MAX } else { back(self.number) };
        (back(self.number + 1), until)
    }

    fn cut_undated(&self, catalogue: &Catalogue, one: &Plays, rng: &mut ChaCha8Rng) -> Halves {
        let one = match self.held_out {
            HeldOutPlays::Days(days) => one.before(self.days_back(days).0),
            HeldOutPlays::Share(_) => one.clone(),
        };
        let whole = one.profile(catalogue);
        let played = whole.interactions.iter().filter(|x| x.finished > 0);
        let mut works: Vec<WorkIdx> = played.map(|interaction| interaction.work).collect();
        works.shuffle(rng);
        works.truncate((works.len() as f64 * ASIDE_UNDATED) as usize);
        if works.is_empty() {
            return Halves { past: one, after: After::Nothing };
        }
        let works: FxHashSet<WorkIdx> = works.into_iter().collect();
        Halves { past: one.without(catalogue, &works), after: After::Undated { works } }
    }
}

/// From the rows of all the data to those of a catalogue that holds some of it.
struct Translation {
    catalogue: Arc<Catalogue>,
    tracks: Vec<Option<TrackIdx>>,
    works: Vec<Option<WorkIdx>>,
}

impl Translation {
    fn new(whole: &Catalogue, rows: &[TrackIdx], more: Vec<Track>) -> Self {
        let kept = rows.iter().map(|&row| whole.track(row).clone());
        let catalogue = Catalogue::from_tracks(kept.chain(more).collect());
        let by_id: FxHashMap<&WorkId, WorkIdx> =
            catalogue.works().map(|work| (catalogue.work_id(work), work)).collect();
        let works = whole.works().map(|work| by_id.get(whole.work_id(work)).copied()).collect();
        let tracks = whole.rows().map(|row| catalogue.find(&whole.track(row).id)).collect();
        Self { catalogue: Arc::new(catalogue), tracks, works }
    }

    fn plays(&self, one: &Plays) -> Plays {
        let play = |play: &Play| Some(Play { track: self.tracks[play.track.0 as usize]?, ..*play });
        Plays {
            listener: one.listener.clone(),
            plays: one.plays.iter().filter_map(play).collect(),
            feedback: one.feedback.clone(),
            friends: one.friends.clone(),
        }
    }
}

/// Tracks that somebody had played, or said something of.
fn known_tracks(data: &MixData, halves: &[Halves]) -> FxHashSet<TrackIdx> {
    let mut known = FxHashSet::default();
    for half in halves {
        known.extend(half.past.plays.iter().map(|play| play.track));
        known.extend(half.past.feedback.iter().filter_map(|said| match &said.target {
            FeedbackTarget::Track(id) => data.catalogue.find(id),
            FeedbackTarget::Artist(_) => None,
        }));
    }
    known
}

/// Whether more is known of a track than a play tells.
fn is_described(track: &Track) -> bool {
    !track.features.is_silent()
        || track.popularity.is_some()
        || track.genre.is_some()
        || track.year.is_some()
}

/// Listeners in a random order, the same at every cut.
fn order(listeners: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..listeners).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    order
}

/// Whether the first play of each work that says so was finished.
fn first_outcomes(
    catalogue: &Catalogue,
    mut plays: Vec<Play>,
    translation: &Translation,
) -> FxHashMap<WorkIdx, bool> {
    plays.sort_by_key(|play| play.at);
    let mut finished = FxHashMap::default();
    for play in plays {
        let is_finished = match play.outcome {
            PlayOutcome::Liked { .. } => true,
            PlayOutcome::Disliked { .. } => false,
            PlayOutcome::Censored | PlayOutcome::Excluded => continue,
        };
        if let Some(work) = translation.works[catalogue.work(play.track).row()] {
            finished.entry(work).or_insert(is_finished);
        }
    }
    finished
}

fn seconds_after(moment: Timestamp, seconds: i64) -> Timestamp {
    let second = moment.as_second().saturating_add(seconds);
    let bound = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(bound)
}
