//! Training, validation and test: cuts through each listener's history.

use std::ops::Range;

use super::{History, Interactions, ListenerIdx, Seconds, Training};
use crate::Query;

/// One question with its answers: given the oldest events of a listener, which items follow?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Who is asked about.
    pub listener: ListenerIdx,
    /// How many of the listener's oldest events are shown.
    pub shown: u32,
    /// Which of the listener's events are the answers.
    pub answers: Range<u32>,
    /// The moment of asking; `None` if the data carry no time.
    pub now: Option<Seconds>,
    /// Friends among the listeners that were trained on.
    pub friends: Vec<ListenerIdx>,
}

impl Case {
    /// What the model gets to see.
    pub fn query<'a>(&'a self, interactions: &'a Interactions) -> Query<'a> {
        let history = interactions.history(self.listener).until(self.shown as usize);
        Query { history, now: self.now, friends: &self.friends }
    }

    /// What it has to find.
    pub fn answers<'a>(&self, interactions: &'a Interactions) -> History<'a> {
        interactions.history(self.listener).range(self.answers.start as usize..self.answers.end as usize)
    }
}

/// Data cut in three; no answer is earlier than what was trained on or shown, save in splits that say so.
#[derive(Clone, Debug)]
pub struct Split<'a> {
    /// To learn from.
    pub training: Training<'a>,
    /// To choose by.
    pub validation: Vec<Case>,
    /// To report, once.
    pub test: Vec<Case>,
}

/// Leave-one-out: the last event of each listener tests, the second last validates (Kang & McAuley 2018). Listeners with
/// fewer than three events are only trained on.
pub fn leave_one_out(interactions: &Interactions) -> Split<'_> {
    let (mut ends, mut validation, mut test) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..interactions.listeners() {
        let listener = ListenerIdx(row as u32);
        let history = interactions.history(listener);
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
