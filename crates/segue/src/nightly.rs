//! Learning without being told: what a server asks once a night.
//!
//! A play or an answer counts in the next mix as it is. What only a training brings is what others
//! learn from it: neighbours of songs that came lately, factors, sequences, who is alike. So a
//! library that is played in goes on learning every night, and finds everything out anew once a
//! week, as the data may warrant other members by then.

use segue_core::Timestamp;
use segue_store::{ModelEntry, Store};
use serde_json::Value;

use crate::Result;
use crate::models::{Models, Start};

/// Fewer new plays and answers than this teach nothing that mixes do not know by themselves.
const FEWEST_ROWS: u64 = 20;
/// Hours after which everything is found out anew.
const FRESH_EVERY_HOURS: i64 = 7 * 24;

/// How a library is to be trained in the night that began at `night`, or `None` if it is not: where
/// too little came since the model in use was trained, where one was trained this night, and where
/// somebody went back to an earlier one, which is theirs to end.
///
/// # Errors
/// When the store cannot be read.
pub fn due_training(store: &Store, models: &dyn Models, night: Timestamp) -> Result<Option<Start>> {
    let mut all = store.models()?;
    all.retain(|entry| models.serves(&entry.kind));
    let rows = store.marks()?.rows();
    let Some(newest) = all.last() else {
        return Ok((rows >= FEWEST_ROWS).then_some(Start::Fresh));
    };
    if newest.created_at >= night || !newest.active {
        return Ok(None);
    }
    let age = night.duration_since(found_out_at(&all, newest));
    let is_stale = age.as_hours() >= FRESH_EVERY_HOURS;
    let is_worth_it = match of_card(newest, "rows").as_u64() {
        Some(known) => rows.saturating_sub(known) >= FEWEST_ROWS,
        // Models of earlier versions do not say what they know.
        None => is_stale,
    };
    Ok(is_worth_it.then_some(if is_stale { Start::Fresh } else { Start::Continue }))
}

/// When the model was trained from nothing that this one went on from, as far as it is known still.
fn found_out_at(all: &[ModelEntry], model: &ModelEntry) -> Timestamp {
    let mut first = model;
    while let Some(earlier) = before(all, first) {
        first = earlier;
    }
    first.created_at
}

/// The model that another went on from.
fn before<'a>(all: &'a [ModelEntry], model: &ModelEntry) -> Option<&'a ModelEntry> {
    let card = of_card(model, "continued_from");
    let version = card.as_str().filter(|version| *version != model.version)?;
    all.iter().find(|entry| entry.version == version)
}

/// What the card of a model says under a name.
fn of_card(model: &ModelEntry, name: &str) -> Value {
    let card: Value = serde_json::from_str(&model.card).unwrap_or_default();
    card.get(name).cloned().unwrap_or_default()
}
