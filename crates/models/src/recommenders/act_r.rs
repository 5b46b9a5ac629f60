//! What a listener will play again, by how human memory forgets: ACT-R's base-level activation
//! (Anderson & Schooler 1991), as used for music in "Predicting music relistening behavior using
//! the ACT-R framework" (Reiter-Haas et al. 2021) and as the repeat module of PISA (Tran et al.
//! 2024).
//!
//! ```text
//! B_i = ln Σ_j (now − t_ij)^−d
//! score(i) = exp(B_i) / Σ_k exp(B_k) + s · mean_{j ∈ last session} P(i | j)
//! ```
//!
//! The second term is the spreading activation of what was just heard; `P(i | j)` is the share of
//! sessions with `j` that hold `i`. Items that the listener never heard come after all that they
//! did, by popularity. Undated data are aged by events instead of time and know no sessions.

use segue_engine::dataset::interactions::sessions::sessions;
use segue_engine::dataset::interactions::{History, Seconds, Training};
use segue_engine::{Query, Recommender};
use serde::{Deserialize, Serialize};

use super::counts::Counts;
use super::event_weighting::{Bag, EventWeighting, require_positive};
use super::item_knn::{ItemKnn, ItemKnnConfig};
use super::saved::{ModelWriter, Reader};
use crate::ModelError;

/// How [`ActR`] remembers: how fast activation decays and whether items of the same session call
/// each other to mind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ActRConfig {
    /// `d`: the power of time with which a memory fades; 0.5 in most of psychology, faster in
    /// music.
    pub decay: f64,
    /// `s`: how much the last session recalls what was heard along with it before; 0 asks nothing
    /// of sessions.
    pub spreading: f64,
    /// Pause in seconds that ends a session.
    pub session_gap_s: i64,
}

impl Default for ActRConfig {
    fn default() -> Self {
        Self { decay: 0.5, spreading: 0.0, session_gap_s: 1800 }
    }
}

/// Repeats by recency and frequency.
///
/// # Examples
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_engine::{Query, Recommender};
/// use segue_models::recommenders::{ActR, ActRConfig};
///
/// let mut builder = InteractionsBuilder::default();
/// for (listener, item) in [("ann", "a"), ("ann", "b"), ("bob", "a"), ("bob", "b"), ("cem", "c")] {
///     builder.push(listener, item, None, None)?;
/// }
/// let interactions = builder.build(KCore::default())?;
/// let model = ActR::fit(&interactions.all(), &ActRConfig::default())?;
///
/// // Ann heard only `a` so far: what comes next?
/// let history = interactions.history(segue_engine::ListenerIdx(0)).until(1);
/// let mut scores = vec![0.0; model.items()];
/// model.score(&[Query { history, ..Query::default() }], &mut scores);
/// let score = |name: &str| {
///     let row = (0..model.items() as u32).map(segue_engine::ItemIdx);
///     scores[row.into_iter().find(|&i| interactions.item_name(i) == name).unwrap().0 as usize]
/// };
/// assert!(score("a") > score("c"), "what was heard comes back first");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ActR {
    config: ActRConfig,
    /// Share of listeners who heard each item, less one: below everything that is remembered.
    popularity: Vec<f32>,
    /// What was heard in the same sessions; `None` without spreading or sessions.
    associations: Option<ItemKnn>,
}

impl ActR {
    const NAME: &str = "act_r";
    /// A minute: an event of this very moment would be remembered for ever.
    const SHORTEST_S: f64 = 60.0;
    /// Associations kept for each item.
    const ASSOCIATIONS: usize = 100;

    /// Counts listeners, and sessions if activation spreads.
    ///
    /// # Errors
    /// [`ModelError::NoEvents`], or [`ModelError::Setting`].
    pub fn fit(training: &Training<'_>, config: &ActRConfig) -> Result<Self, ModelError> {
        require_positive("decay", config.decay)?;
        require_positive("session_gap_s", config.session_gap_s as f64)?;
        if !(config.spreading >= 0.0 && config.spreading.is_finite()) {
            let found = config.spreading.to_string();
            return Err(ModelError::Setting {
                setting: "spreading",
                expected: "zero or more".to_owned(),
                found,
            });
        }
        let counts = Counts::of(training, &EventWeighting::default())?;
        let mut popularity = vec![0.0f32; counts.columns()];
        counts.indices().iter().for_each(|&item| popularity[item as usize] += 1.0);
        let above_all = counts.rows() as f32 + 1.0;
        popularity.iter_mut().for_each(|heard| *heard = *heard / above_all - 1.0);
        let spreads = config.spreading > 0.0 && training.is_dated();
        let associations = spreads.then(|| associations(training, config)).transpose()?;
        Ok(Self { config: config.clone(), popularity, associations })
    }

    /// The model as the bytes of a safetensors file, the configuration in its metadata: equal
    /// models give equal bytes, on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let writer = ModelWriter::default().f32s("popularity", &[self.items()], &self.popularity);
        let writer = match &self.associations {
            Some(associations) => writer.bytes("associations", associations.to_bytes()),
            None => writer,
        };
        writer.finish(Self::NAME, &self.config)
    }

    /// The model back from its bytes.
    ///
    /// # Errors
    /// [`ModelError::Damaged`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (reader, config) = Reader::open(bytes, Self::NAME)?;
        let (_, popularity) = reader.f32s("popularity")?;
        let associations = match reader.u8s("associations") {
            Ok(bytes) => Some(ItemKnn::from_bytes(bytes)?),
            Err(_) => None,
        };
        let items = associations.as_ref().map_or(popularity.len(), Recommender::items);
        reader.require(items == popularity.len(), || {
            format!("{items} items are associated, {} are known", popularity.len())
        })?;
        Ok(Self { config, popularity, associations })
    }

    fn score_one(&self, query: &Query<'_>, scores: &mut [f32]) {
        let memories = memories(query.history, query.now, self.config.decay);
        let all: f64 = memories.iter().map(|memory| memory.1).sum();
        let mut recalled = vec![0.0; if self.associations.is_some() { scores.len() } else { 0 }];
        if let Some(associations) = &self.associations {
            let session = last_session(query.history, self.config.session_gap_s);
            associations.score_bags(&[session], &mut recalled);
        }
        scores.copy_from_slice(&self.popularity);
        for (item, strength) in memories {
            let spread = recalled.get(item as usize).map_or(0.0, |&recalled| f64::from(recalled));
            let memory = strength / all;
            scores[item as usize] = (memory + self.config.spreading * spread.max(0.0)) as f32;
        }
    }
}

impl Recommender for ActR {
    fn items(&self) -> usize {
        self.popularity.len()
    }

    fn score(&self, queries: &[Query<'_>], scores: &mut [f32]) {
        assert_eq!(scores.len(), queries.len() * self.items(), "one score a query and item");
        let rows = scores.chunks_exact_mut(self.items());
        queries.iter().zip(rows).for_each(|(query, scores)| self.score_one(query, scores));
    }
}

/// `P(i | j)` from sessions.
fn associations(training: &Training<'_>, config: &ActRConfig) -> Result<ItemKnn, ModelError> {
    let conditional = ItemKnnConfig {
        neighbours: ActR::ASSOCIATIONS,
        target_exponent: 0.0,
        session_gap_s: Some(config.session_gap_s),
        ..ItemKnnConfig::default()
    };
    ItemKnn::fit(training, &conditional)
}

/// `exp(B_i)` of each item that was heard, by rising item.
fn memories(history: History<'_>, now: Option<Seconds>, decay: f64) -> Vec<(u32, f64)> {
    let now = now.or(history.times.last().copied());
    let age = |event: usize| match (now, history.times.get(event)) {
        (Some(now), Some(&time)) => (now.0.saturating_sub(time.0) as f64).max(ActR::SHORTEST_S),
        _ => (history.items.len() - event) as f64,
    };
    let mut memories: Vec<(u32, f64)> = history
        .items
        .iter()
        .enumerate()
        .map(|(event, item)| (item.0, age(event).powf(-decay)))
        .collect();
    memories.sort_by_key(|memory| memory.0);
    memories.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    memories
}

/// The items of the last session, weighing one together.
fn last_session(history: History<'_>, gap_s: i64) -> Bag {
    let last = sessions(history.times, gap_s).last().unwrap_or(0..0);
    let mut bag = Bag::new();
    EventWeighting::default().weigh(history.range(last), None, &mut bag);
    let share = 1.0 / bag.len().max(1) as f32;
    bag.iter_mut().for_each(|entry| entry.1 = share);
    bag
}

#[cfg(test)]
mod tests {
    use segue_engine::dataset::interactions::{InteractionsBuilder, ItemIdx, KCore};

    use super::*;

    fn scores(
        events: &[(&str, i64)],
        config: &ActRConfig,
    ) -> impl Fn(&[(&str, i64)], i64) -> Vec<f32> + use<> {
        let mut builder = InteractionsBuilder::default();
        for (item, time) in events {
            builder.push("listener", item, Some(Seconds(*time)), None).unwrap();
        }
        let interactions = builder.build(KCore::default()).unwrap();
        let model = ActR::fit(&interactions.all(), config).unwrap();
        move |history, now| {
            let row = |name: &str| {
                (0..interactions.items() as u32)
                    .map(ItemIdx)
                    .find(|&item| interactions.item_name(item) == name)
            };
            let items: Vec<ItemIdx> = history.iter().map(|event| row(event.0).unwrap()).collect();
            let times: Vec<Seconds> = history.iter().map(|event| Seconds(event.1)).collect();
            let history = History { items: &items, times: &times, weights: &[] };
            let mut scores = vec![0.0; model.items()];
            model.score(&[Query { history, now: Some(Seconds(now)), friends: &[] }], &mut scores);
            ["a", "b", "c"].map(|name| scores[row(name).unwrap().row()]).to_vec()
        }
    }

    const ALL: [(&str, i64); 3] = [("a", 0), ("b", 0), ("c", 0)];

    #[test]
    fn activation_sums_powers_of_age() {
        let score = scores(&ALL, &ActRConfig::default());
        let found = score(&[("a", 0), ("b", 600), ("a", 900)], 1000);
        let (a, b) = (1000f64.powf(-0.5) + 100f64.powf(-0.5), 400f64.powf(-0.5));
        assert!((f64::from(found[0]) - a / (a + b)).abs() < 1e-6);
        assert!((f64::from(found[1]) - b / (a + b)).abs() < 1e-6);
        assert!(found[2] < 0.0, "never heard");
    }

    #[test]
    fn often_and_long_ago_loses_to_once_and_just_now_until_it_is_often_enough() {
        let score = scores(&ALL, &ActRConfig::default());
        let day = 86_400;
        let few = score(&[("a", 0), ("a", 60), ("b", 30 * day)], 30 * day + 60);
        assert!(few[1] > few[0]);
        let often: Vec<(&str, i64)> =
            (0..400).map(|n| ("a", n * 3600)).chain([("b", 30 * day)]).collect();
        let many = score(&often, 31 * day);
        assert!(many[0] > many[1]);
    }

    #[test]
    fn the_last_session_recalls_what_was_heard_along_with_it() {
        let day = 86_400;
        let together = [("a", 0), ("b", 60), ("a", day), ("b", day + 60), ("c", 2 * day)];
        let spreading = ActRConfig { spreading: 1.0, ..ActRConfig::default() };
        let history = [("b", 0), ("c", 10 * day), ("a", 20 * day)];
        let without = scores(&together, &ActRConfig::default())(&history, 20 * day + 120);
        assert!(without[1] < without[2], "heard longer ago");
        let with = scores(&together, &spreading)(&history, 20 * day + 120);
        assert!(with[1] > with[2], "but along with what plays now");
    }
}
