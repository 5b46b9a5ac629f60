//! A trial: the same listeners in the same world, once for every setting of the dial, day by day.
//!
//! ```text
//! Opening: a world, listeners, what they played by themselves before day 0
//!    └─► run(arm, learner)
//!           every day     nights ─► own listening ─► visits ─► pipeline::mix ─► answers
//!                         ─► rows ─► profile
//!           now and then  profiles ─► Learner::refit
//! ```
//!
//! A mix is made by [`Mixer`] from a profile folded of rows, as in serving: the answers are plays
//! and words in the form in which a store holds them, and the label policy decides what they say.
//! Listeners also play what they choose themselves, so that no arm starves; whatever is drawn for
//! them is the same in all arms (see [`Chance`]). What only the simulation knows, the truth, goes
//! into the [`ListeningCourse`] of each listener and nowhere else.

pub mod comparison;
mod course;
mod learner;
pub mod measures;
pub mod oracle;

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashSet;
use segue_core::{
    EndReason, Feedback, FeedbackTarget, Impression, Listen, ListenerId, Moment, Source,
    StartReason, Timestamp, TrackId,
};

pub use course::{Day, KEPT_AFTER_DAYS, ListeningCourse, Meeting};
pub use learner::{Answered, Learner, LearnerError};

use super::listeners::{Listener, ListenerModel, Occasion, SimulatedReaction};
use super::world::{Chance, MadeUpWorld, Purpose, WorldConfig};
use segue_engine::Index;
use segue_engine::dataset::listener_works::ListenerWorks;
use segue_engine::mix::arrivals::AnswerCounts;
use segue_engine::mix::quota::Caps;
use segue_engine::pipeline::{MixError, MixRequest, Mixer};
use segue_engine::policy::PolicyKind;
use segue_engine::{Catalogue, Profile, TrackIdx};

/// Time of day at which listeners play what they choose, and at which they hear a mix, in days.
const MORNING: f64 = 0.3;
const EVENING: f64 = 0.75;
const MS_PER_DAY: f64 = 86_400_000.0;
/// How likely a listener is to play something by themselves on a day of the trial.
const OWN_LISTENING: f64 = 0.4;

/// What all arms of a trial have in common: the world, its people, and how long they listen before
/// and during it.
#[derive(Clone, Debug)]
pub struct TrialConfig {
    /// Seed of world, listeners and everybody's luck.
    pub seed: u64,
    /// How listeners work.
    pub model: ListenerModel,
    /// How many.
    pub listeners: usize,
    /// Artists, about ten tracks each.
    pub artists: usize,
    /// Days of listening before the first mix.
    pub history_days: u32,
    /// Days of the trial.
    pub days: u32,
    /// The moment at which the trial begins.
    pub start: Timestamp,
}

/// A way to make mixes that is tried on everybody, beside others that begin from the same evening.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialArm {
    /// The dial.
    pub explore: f32,
    /// The policy.
    pub policy: PolicyKind,
    /// Tracks in a mix.
    pub length: u32,
    /// As in [`MixRequest`].
    pub no_repeat_days: u32,
    /// The model is fitted anew after every so many days; 0 for never.
    pub refit_days: u32,
}

/// A trial that could not be finished.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// No mix could be made.
    #[error("no mix on day {day}")]
    Mix {
        /// The day.
        day: u32,
        /// Why.
        source: MixError,
    },
    /// The model could not be fitted again.
    #[error("the model could not be fitted after day {day}")]
    Learner {
        /// The day.
        day: u32,
        /// Why.
        source: LearnerError,
    },
}

/// The evening before day 0: where every arm begins.
pub struct Opening {
    /// The world.
    pub world: Arc<MadeUpWorld>,
    config: TrialConfig,
    people: Vec<Person>,
}

impl Opening {
    /// Draws world and listeners and lets them listen by themselves until the trial begins.
    pub fn draw(config: &TrialConfig) -> Self {
        let world = Arc::new(MadeUpWorld::draw(&WorldConfig {
            seed: config.seed,
            artists: config.artists,
            days: config.days,
            start: config.start,
        }));
        let listeners = config.model.draw(&world, config.seed, config.listeners);
        let mut people: Vec<Person> = (0..)
            .zip(listeners)
            .map(|(number, listener)| Person::new(config.seed, number, listener))
            .collect();
        for day in -(config.history_days as i32)..0 {
            let released = world.released(day);
            for person in &mut people {
                person.listener.wakes(day);
                let mut luck = person.chance.of(Purpose::Visit, day, 0);
                if person.listener.comes(luck.random()) {
                    let plays = luck.random_range(8..=14);
                    person.plays_own(&world, &released, day, plays);
                }
            }
        }
        people.iter_mut().for_each(|person| person.fold(&world));
        Self { world, config: config.clone(), people }
    }

    /// How its listeners work.
    pub fn model(&self) -> ListenerModel {
        self.config.model
    }

    /// What a model may learn from before the first mix: the tracks that are out and everybody's
    /// profile over them.
    pub fn fit_set(&self) -> (Catalogue, Vec<Profile>) {
        fit_set(&self.world, &self.people, -1)
    }

    /// Everybody's rows: plays and words in order of time.
    pub fn rows(&self) -> impl Iterator<Item = (&[Listen], &[Feedback])> {
        self.people.iter().map(|person| (&person.listens[..], &person.feedback[..]))
    }
}

/// What came of one arm: everybody's course, and what was shown how often.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// One listener each, in the same order in all arms.
    pub courses: Vec<ListeningCourse>,
    /// How often each work that was out at the end came on in a mix.
    pub exposures: Vec<u32>,
}

/// Runs an arm from the opening to its end; `progress` is called after every day. Nothing but the
/// arguments counts, and not the number of threads.
///
/// # Errors
/// If a mix cannot be made or the learner fails.
pub fn run(
    opening: &Opening,
    arm: &TrialArm,
    learner: &mut dyn Learner,
    progress: &mut dyn FnMut(u32),
) -> Result<Run, TrialError> {
    let world = &opening.world;
    let mut people: Vec<Person> = opening.people.iter().map(Person::twin).collect();
    let mut taught: FxHashSet<TrackIdx> = world.released(-1).into_iter().collect();
    for day in 0..opening.config.days {
        let released = world.released(day as i32);
        let profiles = people.iter().map(|person| &person.profile);
        let heard: Vec<ListenerWorks> = profiles.map(ListenerWorks::from).collect();
        let index = Index::of_listeners(&world.catalogue, &heard);
        let lately = released.iter().copied().filter(|track| !taught.contains(track));
        let arrivals = AnswerCounts::of(&heard).arrivals(&world.catalogue, lately);
        let evening =
            Evening { world, index: &index, released: &released, arrivals: &arrivals, arm, day };
        for person in &mut people {
            person.listener.wakes(day as i32);
            person.morning(&evening);
            let luck = person.chance.of(Purpose::Visit, day as i32, 0).random();
            if person.listener.comes(luck) {
                person
                    .hears_mix(&evening, learner)
                    .map_err(|source| TrialError::Mix { day, source })?;
            }
        }
        let is_due = arm.refit_days > 0 && (day + 1).is_multiple_of(arm.refit_days);
        if is_due && day + 1 < opening.config.days {
            let (released, profiles) = fit_set(world, &people, day as i32);
            taught = world.released(day as i32).into_iter().collect();
            learner
                .refit(&released, &profiles, day)
                .map_err(|source| TrialError::Learner { day, source })?;
        }
        progress(day);
    }
    Ok(Run { exposures: exposures(world, &people, opening.config.days), courses: courses(people) })
}

/// What there is to learn from at the end of a day: the tracks that are out and everybody's profile
/// over them.
fn fit_set(world: &MadeUpWorld, people: &[Person], day: i32) -> (Catalogue, Vec<Profile>) {
    let released = world.catalogue_of(day);
    let fold = |person: &Person| {
        Profile::fold(&released, person.profile.listener.clone(), &person.listens, &person.feedback)
    };
    let profiles = people.iter().map(fold).collect();
    (released, profiles)
}

fn courses(people: Vec<Person>) -> Vec<ListeningCourse> {
    people.into_iter().map(|person| person.course).collect()
}

fn exposures(world: &MadeUpWorld, people: &[Person], days: u32) -> Vec<u32> {
    let catalogue = &world.catalogue;
    let mut by_work = vec![None; catalogue.work_count()];
    for track in world.released(days as i32) {
        by_work[catalogue.work(track).0 as usize] = Some(0);
    }
    for track in people.iter().flat_map(|person| &person.course.heard) {
        *by_work[catalogue.work(*track).0 as usize].get_or_insert(0) += 1;
    }
    by_work.into_iter().flatten().collect()
}

/// What a mix is made of besides the listener.
struct Evening<'a> {
    world: &'a MadeUpWorld,
    index: &'a Index,
    released: &'a [TrackIdx],
    arrivals: &'a [TrackId],
    arm: &'a TrialArm,
    day: u32,
}

/// A listener and all that is on record of them.
struct Person {
    listener: Box<dyn Listener>,
    chance: Chance,
    listens: Vec<Listen>,
    feedback: Vec<Feedback>,
    profile: Profile,
    course: ListeningCourse,
}

impl Person {
    fn new(seed: u64, number: u64, listener: Box<dyn Listener>) -> Self {
        Self {
            listener,
            chance: Chance::new(seed, number),
            listens: Vec::new(),
            feedback: Vec::new(),
            profile: Profile::empty(ListenerId::new(format!("listener-{:03}", number + 1))),
            course: ListeningCourse::new(),
        }
    }

    fn twin(&self) -> Self {
        Self {
            listener: self.listener.twin(),
            chance: self.chance,
            listens: self.listens.clone(),
            feedback: self.feedback.clone(),
            profile: self.profile.clone(),
            course: self.course.clone(),
        }
    }

    fn fold(&mut self, world: &MadeUpWorld) {
        let listener = self.profile.listener.clone();
        self.profile = Profile::fold(&world.catalogue, listener, &self.listens, &self.feedback);
    }

    /// What they play by themselves before they come for a mix.
    fn morning(&mut self, evening: &Evening<'_>) {
        let mut luck = self.chance.of(Purpose::OwnSession, evening.day as i32, 0);
        self.course.days.push(Day::default());
        if luck.random_bool(OWN_LISTENING) {
            let plays = luck.random_range(3..=6);
            self.plays_own(evening.world, evening.released, evening.day as i32, plays);
            self.fold(evening.world);
        }
    }

    fn plays_own(&mut self, world: &MadeUpWorld, released: &[TrackIdx], day: i32, plays: u64) {
        let mut at = f64::from(day) + MORNING;
        self.listener.sits_down(Occasion::Own);
        for place in 0..plays {
            let mut rng = self.chance.of(Purpose::OwnChoice, day, place);
            let track = self.listener.chooses(released, at, &mut rng);
            let enjoyment = self.listener.enjoyment(track, at);
            let answer = self.plays(world, (track, StartReason::Chosen), &mut at, &mut rng);
            self.course.own_play(world, track, day, enjoyment, answer);
        }
        self.listener.gets_up();
    }

    fn hears_mix(
        &mut self,
        evening: &Evening<'_>,
        learner: &mut dyn Learner,
    ) -> Result<(), MixError> {
        let Evening { world, index, released, arrivals, arm, day } = *evening;
        let mut at = f64::from(day) + EVENING;
        let request = MixRequest {
            length: arm.length,
            explore: arm.explore,
            seed: self.chance.seed(Purpose::Mix, day as i32, 0),
            no_repeat_days: arm.no_repeat_days,
            policy: arm.policy,
            arrivals: arrivals.to_vec(),
            within: Some(
                released.iter().map(|&track| world.catalogue.track(track).id.clone()).collect(),
            ),
            ..MixRequest::new(world.moment(at))
        };
        let slate = Mixer {
            catalogue: &world.catalogue,
            index,
            profile: &self.profile,
            scorer: learner.scorer(),
        }
        .mix(&request)?
        .slate;
        let picks: Vec<(TrackIdx, bool)> = slate
            .picks
            .iter()
            .map(|pick| {
                let track =
                    world.catalogue.find(&pick.track).expect("a mix is made of the catalogue");
                (track, pick.new_to_listener)
            })
            .collect();
        let best = self.best_mean(evening, &request, at);
        let shown = picks.iter().map(|&(track, _)| self.listener.enjoyment(track, at)).sum::<f64>();
        self.course.sits_down(picks.len() as u32, best - shown / picks.len().max(1) as f64);

        let (first_listen, first_word) = (self.listens.len(), self.feedback.len());
        self.listener.sits_down(Occasion::Mix);
        for (track, is_new) in picks {
            let enjoyment = self.listener.enjoyment(track, at);
            let mut rng = self.chance.of(Purpose::Reaction, day as i32, u64::from(track.0));
            let answer =
                self.plays(world, (track, StartReason::PreviousFinished), &mut at, &mut rng);
            self.course.mix_play(world, (track, is_new), day, enjoyment, answer);
            if answer.leaves {
                break;
            }
        }
        self.listener.gets_up();
        let before = self.profile.clone();
        self.fold(world);
        learner.answered(&Answered {
            catalogue: &world.catalogue,
            impression: &Impression::new(request.now, slate),
            before: &before,
            after: &self.profile,
            listens: &self.listens[first_listen..],
            feedback: &self.feedback[first_word..],
        });
        Ok(())
    }

    /// The best that could have been mixed under the caps, of what has rested long enough.
    fn best_mean(&self, evening: &Evening<'_>, request: &MixRequest, at: f64) -> f64 {
        let world = evening.world;
        let window_start = world.moment(at - f64::from(request.no_repeat_days));
        let has_rested = |track: &TrackIdx| {
            let interaction = self.profile.interaction(world.catalogue.work(*track));
            let last_played = interaction.and_then(|interaction| interaction.last_played);
            request.no_repeat_days == 0 || last_played.is_none_or(|played| played <= window_start)
        };
        let rested = evening.released.iter().copied().filter(has_rested);
        let enjoyments = rested.map(|track| (track, self.listener.enjoyment(track, at)));
        let caps = Caps { artist: request.artist_cap, album: request.album_cap };
        oracle::best_mean(&world.catalogue, enjoyments, caps, request.length as usize)
    }

    /// A track comes on: the listener answers, and the answer becomes rows.
    fn plays(
        &mut self,
        world: &MadeUpWorld,
        (track, start_reason): (TrackIdx, StartReason),
        at: &mut f64,
        rng: &mut ChaCha8Rng,
    ) -> SimulatedReaction {
        let answer = self.listener.hears(track, *at, rng);
        let row = world.catalogue.track(track);
        let duration_ms = row.duration_ms().expect("every track of a world has a duration");
        let is_finished = answer.share_played >= 1.0;
        let ms_played = (answer.share_played.min(1.0) * f64::from(duration_ms)) as u32;
        let now = world.moment(*at);
        self.listens.push(Listen {
            moment: Moment::Started,
            ms_played: Some(ms_played),
            start_reason,
            end_reason: if is_finished { EndReason::Finished } else { EndReason::SkippedForward },
            skipped: Some(!is_finished),
            ..Listen::new(self.profile.listener.clone(), row.id.clone(), now, Source::Segue)
        });
        self.feedback.extend(answer.said.map(|kind| Feedback {
            listener: self.profile.listener.clone(),
            target: FeedbackTarget::Track(row.id.clone()),
            kind,
            at: Some(now),
            source: Source::Segue,
        }));
        *at += (f64::from(ms_played) + 1_000.0) / MS_PER_DAY;
        answer
    }
}
