//! Training, validation and test: cuts through each listener's history.
//!
//! A split copies no event. Every protocol but [`random_holdout`] keeps time: nothing that is
//! trained on or shown is later than the answers asked for.

use std::ops::Range;

use rand::seq::SliceRandom;
use rand::{Rng, RngExt};

use super::builder::gather;
use super::{History, Interactions, ItemIdx, ListenerIdx, Seconds, Training};
use crate::Query;

/// One question with its answers: given the oldest events of a listener, which items follow?
/// [`full_ranking::evaluate`](crate::full_ranking::evaluate) puts it to a recommender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who is asked about: a row of the [`Interactions`] that were split.
    pub listener: ListenerIdx,
    /// How many of the listener's oldest events the model is shown; what comes after stays hidden
    /// from it.
    pub shown: u32,
    /// Which of the listener's events are the answers, as positions in their history; never empty,
    /// and never before `shown`.
    pub answers: Range<u32>,
    /// The moment of asking, which models that weigh recency count back from; `None` if the data
    /// carry no time.
    pub now: Option<Seconds>,
    /// Friends of the listener among those that were trained on, for social recommenders; the
    /// splits here know none and leave it empty.
    pub friends: Vec<ListenerIdx>,
}

impl Case {
    /// What the model gets to see: the first `shown` events, the moment and the friends.
    pub fn query<'a>(&'a self, interactions: &'a Interactions) -> Query<'a> {
        let history = interactions.history(self.listener).until(self.shown as usize);
        Query { history, now: self.now, friends: &self.friends }
    }

    /// What the model has to find: the events that followed, repeats included.
    pub fn answers<'a>(&self, interactions: &'a Interactions) -> History<'a> {
        interactions
            .history(self.listener)
            .range(self.answers.start as usize..self.answers.end as usize)
    }
}

/// Data cut in three. Learn from the first, choose models and settings by the second, and report
/// the third once: a test set that was chosen by is a validation set.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    /// What models learn from. It holds none of the answers of validation and test.
    pub training: Training<'a>,
    /// Questions to choose models and settings by, at most one a listener.
    pub validation: Vec<Case>,
    /// Questions to report on, once, when all is chosen; at most one a listener.
    pub test: Vec<Case>,
}

impl<'a> Split<'a> {
    /// Everything that may be known when the test is asked: the training data and the answers of
    /// validation. A model that was chosen is trained on this before it is tested.
    pub fn training_and_validation(&self, interactions: &'a Interactions) -> Training<'a> {
        let trained = |row| self.training.history(ListenerIdx(row)).items.len() as u32;
        let mut ends: Vec<u32> = (0..interactions.listeners() as u32).map(trained).collect();
        for case in &self.validation {
            ends[case.listener.row()] = case.answers.end;
        }
        Training::new(interactions, ends)
    }
}

/// Leave-one-out: the last event of each listener tests, the second last validates (Kang & McAuley
/// 2018). Listeners with fewer than three events are only trained on.
///
/// Time is kept within each listener, not between them: another listener's later events are trained
/// on. Use [`temporal`] where that would flatter a model.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore, split::leave_one_out};
///
/// let mut builder = InteractionsBuilder::default();
/// for item in ["a", "b", "c", "d"] {
///     builder.push("ann", item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let split = leave_one_out(&interactions);
///
/// assert_eq!(split.training.events(), 2);
/// let case = &split.test[0];
/// // To find "d", the model is shown "a", "b" and "c".
/// assert_eq!(case.query(&interactions).history.items.len(), 3);
/// assert_eq!(interactions.item_name(case.answers(&interactions).items[0]), "d");
/// # Ok::<(), segue_engine::dataset::interactions::DatasetError>(())
/// ```
pub fn leave_one_out(interactions: &Interactions) -> Split<'_> {
    let (mut ends, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (listener, history) in histories(interactions) {
        let events = history.items.len() as u32;
        if events < 3 {
            ends.push(events);
            continue;
        }
        ends.push(events - 2);
        for (cases, answer) in [(&mut validation, events - 2), (&mut test, events - 1)] {
            let now = history.times.get(answer as usize).copied();
            cases.push(Case {
                listener,
                shown: answer,
                answers: answer..answer + 1,
                now,
                friends: Vec::new(),
            });
        }
    }
    Split { training: Training::new(interactions, ends), validation, test }
}

/// The cuts of [`temporal`], counted back from the latest event of the data. Yambda tests on a day,
/// with a gap of half an hour before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemporalCuts {
    /// Length of the test period, in seconds; it ends with the latest event of anybody.
    pub test_s: i64,
    /// Length of the validation period before it, in seconds; 0 leaves no question to choose by.
    pub validation_s: i64,
    /// Before each period this many seconds are neither trained on nor shown, as a served model is
    /// never up to the second. 0 leaves no gap.
    pub gap_s: i64,
    /// So many seconds before the latest event all of it ends, as if nothing had happened since; 0
    /// leaves nothing out. Splits that go back by one test period after the other ask about few
    /// listeners several times (rolling origin, Tashman 2000).
    pub back_s: i64,
}

/// The moments between which a [`temporal`] split trains, validates and tests, in order. Each is
/// the first that no longer belongs to what it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Periods {
    /// End of what is trained on: all that is known when validation is asked.
    pub training_until: Seconds,
    /// Begin of the answers of validation, a gap later.
    pub validation_from: Seconds,
    /// Their end, and the end of all that is known when the test is asked.
    pub validation_until: Seconds,
    /// Begin of the answers of the test, a gap later.
    pub test_from: Seconds,
    /// Their end.
    pub test_until: Seconds,
}

impl TemporalCuts {
    /// Counts back from the latest event of the data.
    pub fn periods(&self, latest: Seconds) -> Periods {
        let earlier = |moment: Seconds, seconds: i64| Seconds(moment.0.saturating_sub(seconds));
        let test_until = earlier(Seconds(latest.0.saturating_add(1)), self.back_s);
        let test_from = earlier(test_until, self.test_s);
        let validation_until = earlier(test_from, self.gap_s);
        let validation_from = earlier(validation_until, self.validation_s);
        let training_until = earlier(validation_from, self.gap_s);
        Periods { training_until, validation_from, validation_until, test_from, test_until }
    }
}

/// Two cuts in time, the same for all listeners: train before, validate between, test after (as in
/// Yambda, arXiv 2505.22238). All a listener's events in a period are the answers; those without
/// any are not asked about.
///
/// Among the answers are items that nobody had turned to before: rank what was
/// [known](Interactions::known_before) at the cut. A model that is asked to tell from its scores
/// which items are still unknown to everybody would be told the answers.
///
/// `None` if the data carry no time.
pub fn temporal(interactions: &Interactions, cuts: TemporalCuts) -> Option<Split<'_>> {
    let periods = cuts.periods(interactions.latest()?);
    let Periods { training_until, validation_from, validation_until, test_from, test_until } =
        periods;
    let (mut ends, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (listener, history) in histories(interactions) {
        let before = |moment: Seconds| history.times.partition_point(|&time| time < moment) as u32;
        let trained = before(training_until);
        ends.push(trained);
        let periods = [
            (
                &mut validation,
                trained,
                before(validation_from)..before(validation_until),
                validation_from,
            ),
            (&mut test, before(validation_until), before(test_from)..before(test_until), test_from),
        ];
        for (cases, shown, answers, now) in periods {
            if !answers.is_empty() {
                cases.push(Case { listener, shown, answers, now: Some(now), friends: Vec::new() });
            }
        }
    }
    Some(Split { training: Training::new(interactions, ends), validation, test })
}

impl Interactions {
    /// Of each item whether anybody turned to it before a moment, `[items]`: what can be ranked if
    /// that moment is the present. All `false` if the data carry no time.
    pub fn known_before(&self, moment: Seconds) -> Vec<bool> {
        let mut known = vec![false; self.items()];
        for (_, history) in histories(self) {
            let before = history.times.partition_point(|&time| time < moment);
            history.items[..before].iter().for_each(|item| known[item.row()] = true);
        }
        known
    }

    /// Puts each listener's events into random order and forgets the times: for protocols that ask
    /// which items belong to a listener, whatever the order. Same generator, same order.
    pub fn shuffled(self, rng: &mut impl Rng) -> Self {
        self.reordered(|_, order| order.shuffle(rng))
    }
}

/// A split that somebody else made: the first `trained[listener]` events of each listener are
/// given to learn from, the others to test on; listeners without others are not asked about.
///
/// Validation is taken from the end of what is given to learn from, as large a share of it as the
/// test is of all events, one event at least of everybody who has two.
///
/// # Panics
/// If there is not one number per listener, or one is beyond the listener's history.
pub fn given<'a>(interactions: &'a Interactions, trained: &[u32]) -> Split<'a> {
    assert_eq!(trained.len(), interactions.listeners(), "one number per listener");
    let given: f64 = trained.iter().map(|&events| f64::from(events)).sum();
    let share = 1.0 - given / interactions.events().max(1) as f64;
    let (mut ends, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for ((listener, history), &given) in histories(interactions).zip(trained) {
        let held_out = ((f64::from(given) * share).round() as u32).max(1);
        let learned = if given < 2 { given } else { given - held_out.min(given - 1) };
        ends.push(learned);
        let events = history.items.len() as u32;
        for (cases, answers) in [(&mut validation, learned..given), (&mut test, given..events)] {
            if !answers.is_empty() {
                let now = history.times.get(answers.start as usize).copied();
                let (shown, friends) = (answers.start, Vec::new());
                cases.push(Case { listener, shown, answers, now, friends });
            }
        }
    }
    Split { training: Training::new(interactions, ends), validation, test }
}

/// The last `share` (0 to 1) of each listener's events tests and as much before it validates. Of
/// [`shuffled`](Interactions::shuffled) data this is the random hold-out of static collaborative
/// filtering (Liang et al. 2018), of ordered data the newest share.
///
/// Each event is drawn by itself, so that a listener may lose none or more than the share; who
/// loses none is not asked about.
pub fn random_holdout<'a>(
    interactions: &'a Interactions,
    share: f64,
    rng: &mut impl Rng,
) -> Split<'a> {
    let (mut ends, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (listener, history) in histories(interactions) {
        let events = history.items.len() as u32;
        let draw = |rng: &mut dyn Rng, from: u32| {
            (0..from).filter(|_| rng.random_bool(share)).count() as u32
        };
        let tested = events - draw(rng, events);
        let trained = tested - draw(rng, tested);
        ends.push(trained);
        for (cases, answers) in [(&mut validation, trained..tested), (&mut test, tested..events)] {
            if !answers.is_empty() {
                cases.push(Case {
                    listener,
                    shown: answers.start,
                    answers,
                    now: None,
                    friends: Vec::new(),
                });
            }
        }
    }
    Split { training: Training::new(interactions, ends), validation, test }
}

/// New listeners: a share `unseen` (0 to 1) of the listeners, twice, is hidden from training whole,
/// once to validate and once to test. At most a third of the listeners is hidden each time. Of
/// each, the oldest `shown` events are given and the rest asked for; who has no more than that is
/// not asked about.
pub fn new_listeners<'a>(
    interactions: &'a Interactions,
    unseen: f64,
    shown: u32,
    rng: &mut impl Rng,
) -> Split<'a> {
    let mut rows: Vec<u32> = (0..interactions.listeners() as u32).collect();
    rows.shuffle(rng);
    let hidden = ((rows.len() as f64 * unseen).round() as usize).min(rows.len() / 3);
    let mut ends: Vec<u32> =
        histories(interactions).map(|(_, history)| history.items.len() as u32).collect();
    let mut cases = rows[..2 * hidden].chunks(hidden.max(1)).map(|rows| {
        let mut rows = rows.to_vec();
        rows.sort_unstable();
        let cases = rows.into_iter().filter_map(|row| {
            let events = std::mem::take(&mut ends[row as usize]);
            let listener = ListenerIdx(row);
            let now = interactions.history(listener).times.get(shown as usize).copied();
            (events > shown).then(|| Case {
                listener,
                shown,
                answers: shown..events,
                now,
                friends: Vec::new(),
            })
        });
        cases.collect::<Vec<_>>()
    });
    let (test, validation) = (cases.next().unwrap_or_default(), cases.next().unwrap_or_default());
    drop(cases);
    Split { training: Training::new(interactions, ends), validation, test }
}

impl Interactions {
    /// Puts each listener's events into the order of `stage`, those of the same stage in the order
    /// they had, and forgets the times, which no longer rise: for protocols that withhold items,
    /// such as [`new_items`].
    pub fn staged(self, stage: impl Fn(ItemIdx) -> u8) -> Self {
        self.reordered(|events, order| order.sort_by_key(|&row| stage(events[row as usize])))
    }

    fn reordered(mut self, mut arrange: impl FnMut(&[ItemIdx], &mut [u32])) -> Self {
        self.times = Vec::new();
        let mut order: Vec<u32> = (0..self.events.len() as u32).collect();
        for range in self.offsets.windows(2) {
            arrange(&self.events, &mut order[range[0]..range[1]]);
        }
        self.events = gather(self.events, &order);
        self.weights = gather(self.weights, &order);
        self
    }
}

/// New items: of events [`staged`](Interactions::staged) so that stage 0 is known, 1 validates and
/// 2 tests, the items of the later stages are in nobody's training data, and asked for.
pub fn new_items(interactions: &Interactions, stage: impl Fn(ItemIdx) -> u8) -> Split<'_> {
    let (mut ends, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for (listener, history) in histories(interactions) {
        let until = |last: u8| history.items.partition_point(|&item| stage(item) <= last) as u32;
        let (known, validated, events) = (until(0), until(1), history.items.len() as u32);
        ends.push(known);
        for (cases, answers) in
            [(&mut validation, known..validated), (&mut test, validated..events)]
        {
            if !answers.is_empty() && known > 0 {
                cases.push(Case {
                    listener,
                    shown: answers.start,
                    answers,
                    now: None,
                    friends: Vec::new(),
                });
            }
        }
    }
    Split { training: Training::new(interactions, ends), validation, test }
}

fn histories(interactions: &Interactions) -> impl Iterator<Item = (ListenerIdx, History<'_>)> {
    (0..interactions.listeners() as u32)
        .map(|row| (ListenerIdx(row), interactions.history(ListenerIdx(row))))
}
