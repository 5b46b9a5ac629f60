//! What a history says about each of its items: how strongly it was heard, and how long ago.

use segue_engine::Query;
use segue_engine::dataset::interactions::{History, Seconds};
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// How much the events of one item count together, of which there may be many: between an item that
/// was heard once and a favourite lies a factor of a hundred.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// One for an item that was heard, however often; with a decay, that of its latest event.
    #[default]
    Presence,
    /// The sum over its events of weight times decay; events without weights count one.
    Sum,
    /// `ln(1 + sum)`: the second hundred plays say less than the first.
    Log,
}

/// How an event fades with age: half-lives by the calendar, or by what was played since, which also
/// works where nothing is dated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Events do not fade: an old one counts as much as a new one.
    #[default]
    None,
    /// It halves in so many days; undated events do not fade.
    Days(f64),
    /// It halves with so many later events of the same history.
    Events(f64),
}

impl Decay {
    /// The weight of an event with so many days and events since.
    pub fn weight(self, days: f64, events: usize) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Days(half_life) => (-days.max(0.0) / half_life).exp2(),
            Self::Events(half_life) => (-(events as f64) / half_life).exp2(),
        }
    }

    /// Fails unless the half-life is a positive number.
    pub(super) fn require_sound(self, setting: &'static str) -> Result<(), ModelError> {
        match self {
            Self::Days(half_life) | Self::Events(half_life) => require_positive(setting, half_life),
            Self::None => Ok(()),
        }
    }
}

/// Fails unless a setting is a positive number.
pub(super) fn require_positive(setting: &'static str, found: f64) -> Result<(), ModelError> {
    if found > 0.0 && found.is_finite() {
        return Ok(());
    }
    Err(ModelError::Setting {
        setting,
        expected: "a positive number".to_owned(),
        found: found.to_string(),
    })
}

/// The way from a history to a weight for each of its items, which neighbour models and factor
/// models share. The default takes presence and lets nothing fade.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventWeighting {
    /// How much of an item's events count.
    pub strength: Strength,
    /// How an event fades with age.
    pub decay: Decay,
}

/// Distinct items with their weights, by rising item.
pub type Bag = Vec<(u32, f32)>;

impl EventWeighting {
    /// The bag of each query.
    pub(super) fn bags(&self, queries: &[Query<'_>]) -> Vec<Bag> {
        let bag = |query: &Query<'_>| {
            let mut bag = Bag::new();
            self.weigh(query.history, query.now, &mut bag);
            bag
        };
        queries.iter().map(bag).collect()
    }

    /// Appends the distinct items of a history with their weights, by rising item. Ages are counted
    /// from `now`, else from the last event.
    pub(super) fn weigh(&self, history: History<'_>, now: Option<Seconds>, weighed: &mut Bag) {
        let start = weighed.len();
        let now = now.or(history.times.last().copied());
        let last = history.items.len().saturating_sub(1);
        weighed.extend(history.items.iter().enumerate().map(|(event, item)| {
            let days =
                history.times.get(event).map_or(0.0, |&time| now.unwrap_or(time).days_since(time));
            let weight = if self.strength == Strength::Presence {
                1.0
            } else {
                history.weights.get(event).map_or(1.0, |&weight| f64::from(weight.max(0.0)))
            };
            (item.0, (weight * self.decay.weight(days, last - event)) as f32)
        }));
        weighed[start..].sort_by_key(|&(item, _)| item);
        self.merge(weighed, start);
    }

    /// One entry an item; sums are taken in the order of events.
    fn merge(&self, weighed: &mut Bag, start: usize) {
        let mut end = start;
        for at in start..weighed.len() {
            let (item, weight) = weighed[at];
            if end > start && weighed[end - 1].0 == item {
                let merged = &mut weighed[end - 1].1;
                *merged = if self.strength == Strength::Presence {
                    merged.max(weight)
                } else {
                    *merged + weight
                };
            } else {
                weighed[end] = (item, weight);
                end += 1;
            }
        }
        weighed.truncate(end);
        if self.strength == Strength::Log {
            weighed[start..].iter_mut().for_each(|(_, weight)| *weight = weight.ln_1p());
        }
    }
}

#[cfg(test)]
mod tests {
    use segue_engine::dataset::interactions::ItemIdx;

    use super::*;

    const DAY: i64 = 86_400;

    fn weigh(strength: Strength, decay: Decay) -> Vec<(u32, f32)> {
        let history = History {
            items: &[ItemIdx(5), ItemIdx(2), ItemIdx(5)],
            times: &[Seconds(0), Seconds(DAY), Seconds(2 * DAY)],
            weights: &[3.0, 1.0, 2.0],
        };
        let mut weighed = vec![(9, 9.0)];
        EventWeighting { strength, decay }.weigh(history, Some(Seconds(3 * DAY)), &mut weighed);
        assert_eq!(weighed.remove(0), (9, 9.0), "what was there before stays");
        weighed
    }

    #[test]
    fn repeats_merge_by_strength() {
        assert_eq!(weigh(Strength::Presence, Decay::None), [(2, 1.0), (5, 1.0)]);
        assert_eq!(weigh(Strength::Sum, Decay::None), [(2, 1.0), (5, 5.0)]);
        assert_eq!(weigh(Strength::Log, Decay::None), [(2, 2f32.ln()), (5, 6f32.ln())]);
    }

    #[test]
    fn events_fade_by_days_or_by_later_events() {
        assert_eq!(weigh(Strength::Presence, Decay::Days(1.0)), [(2, 0.25), (5, 0.5)]);
        assert_eq!(weigh(Strength::Sum, Decay::Days(1.0)), [(2, 0.25), (5, 3.0 / 8.0 + 1.0)]);
        assert_eq!(weigh(Strength::Presence, Decay::Events(1.0)), [(2, 0.5), (5, 1.0)]);
    }
}
