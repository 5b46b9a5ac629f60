//! The models behind a mix, as one: what is trained, registered, put in use and rolled back
//! together.
//!
//! A set holds *members*, each of which ranks everything that anybody played (popularity, item
//! neighbours, EASE, iALS, a sequence model, sittings, and what a [world] knows), a likability
//! network, and two *rankings* over what these say. One ranking is for tracks that the listener
//! does not know: what should they try? The other is for those that they know: what would they play
//! again, now? Both are linear, fitted as a conditional logit (McFadden 1974) on what listeners
//! turned to after a cut in time, and members that add nothing there are left out. Late fusion was
//! chosen over one joint network because it won wherever both were tried, and because a home with
//! one listener teaches few numbers.
//!
//! ```text
//! plays ─► before the cut ─► members, likability ─┐
//!       └► after the cut ──────────────────────────┴► rankings ─► members and likability on all
//! ```
//!
//! [world]: OpenWorld
//!
//! What nobody has played has no row in any member. Likability, which hears how it sounds, speaks
//! for it, and how much that counts beside what is played is learned as well.

mod bound;
mod budget;
mod card;
mod cases;
mod continued;
mod features;
mod fit;
mod listener;
mod member;
mod options;
mod questions;
mod ranking;
mod training;
mod world;

use std::sync::Arc;

use segue_core::WorkId;
use segue_engine::Catalogue;
use serde::{Deserialize, Serialize};

use self::bound::Rankings;
use self::features::{AGAIN, OF_KNOWN, OF_NEW};
use self::listener::Vocabulary;
use self::member::Member;
use self::ranking::{Chance, Ranking};
use crate::ModelError;
use crate::likability::LikabilityModel;
use crate::recommenders::saved::{ModelWriter, Reader};

pub use bound::SetScorer;
pub use budget::Budget;
pub use card::{AgainReport, LeftOutMember, MemberReport, NewReport, SetCard};
pub use fit::{SetConfig, SetData, SetStage};
pub use member::MemberKind;
pub use world::{OpenWorld, WorldRows};

/// A fitted set, free of any catalogue: works go by their names.
#[derive(Debug)]
pub struct ModelSet {
    version: String,
    /// Works that listeners here have played, then those that only a world knows.
    names: Vec<WorkId>,
    /// How many of them listeners here have played.
    played: usize,
    members: Vec<Member>,
    rankings: Rankings,
    likability: Option<LikabilityModel>,
    card: SetCard,
}

/// What is saved beside the tensors.
#[derive(Debug, Serialize, Deserialize)]
struct Saved {
    members: Vec<MemberKind>,
    /// Sets of before there were worlds have played them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    played: Option<usize>,
    new: Ranking,
    known: Ranking,
    chances: [Chance; 2],
}

impl ModelSet {
    /// Kind under which sets are registered.
    pub const KIND: &str = "set";

    fn assemble(
        (names, played): (Vec<WorkId>, usize),
        members: Vec<Member>,
        rankings: Rankings,
        likability: Option<LikabilityModel>,
        card: SetCard,
    ) -> Self {
        let version = String::new();
        let mut set = Self { version, names, played, members, rankings, likability, card };
        set.version = version_of(&set.to_bytes());
        set
    }

    /// Identifies the learned content: equal sets have equal versions, on any machine.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it was learned from and how well.
    pub fn card(&self) -> &SetCard {
        &self.card
    }

    /// The set as the bytes of a safetensors file; the [card](Self::card) is kept beside it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let names: String =
            self.names.iter().map(|name| name.as_str().replace('\n', " ") + "\n").collect();
        let mut writer = ModelWriter::default().bytes(VOCABULARY, names.into_bytes());
        for member in &self.members {
            writer = writer.bytes(member.kind.name(), member.to_bytes());
        }
        if let Some(model) = &self.likability {
            let (weights, card) = model.to_bytes();
            writer = writer.bytes(LIKABILITY, weights).bytes(LIKABILITY_CARD, card);
        }
        let Rankings { new, known, chances } = self.rankings.clone();
        let members = self.members.iter().map(|member| member.kind).collect();
        let played = (self.played < self.names.len()).then_some(self.played);
        writer.finish(NAME, &Saved { members, played, new, known, chances })
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote. `card` is what [`card`](Self::card) was, as
    /// JSON.
    ///
    /// # Errors
    /// [`ModelError::Damaged`] if the bytes are something else.
    pub fn from_bytes(bytes: &[u8], card: &[u8]) -> Result<Self, ModelError> {
        let damaged = |reason: String| ModelError::Damaged { path: NAME.into(), reason };
        let card = serde_json::from_slice(card).map_err(|error| damaged(error.to_string()))?;
        let (reader, saved): (_, Saved) = Reader::open(bytes, NAME)?;
        let names = std::str::from_utf8(reader.u8s(VOCABULARY)?)
            .map_err(|error| damaged(error.to_string()))?;
        let names: Vec<WorkId> = names.lines().map(WorkId::new).collect();
        let read = |kind: &MemberKind| Member::from_bytes(*kind, reader.u8s(kind.name())?);
        let members: Vec<Member> = saved.members.iter().map(read).collect::<Result<_, _>>()?;
        let played = saved.played.unwrap_or(names.len());
        let rows = |member: &Member| {
            let expected = if member.kind.is_of_world() { names.len() } else { played };
            member.recommender().items() == expected
        };
        let is_sound = played <= names.len() && members.iter().all(rows);
        reader.require(is_sound, || "members differ in their items".to_owned())?;
        let count = members.len();
        let features = 2 * count + OF_NEW;
        let new = match saved.new.is_sound(features - 1) {
            // Of before popularity counted by itself beside friends.
            true => saved.new.with_one_more(),
            false => saved.new,
        };
        let is_sound = new.is_sound(features) && saved.known.is_sound(count + OF_KNOWN + AGAIN);
        reader.require(is_sound, || "a ranking does not fit the members".to_owned())?;
        let likability = match (reader.u8s(LIKABILITY), reader.u8s(LIKABILITY_CARD)) {
            (Ok(weights), Ok(card)) => Some(LikabilityModel::from_bytes(weights, card)?),
            _ => None,
        };
        let Saved { known, chances, .. } = saved;
        Ok(Self {
            version: version_of(bytes),
            names,
            played,
            members,
            rankings: Rankings { new, known, chances },
            likability,
            card,
        })
    }

    /// Binds the set to a catalogue, which need not be the one it was fitted on.
    pub fn scorer(self, catalogue: &Arc<Catalogue>) -> SetScorer {
        let likability = self.likability.map(|model| Arc::new(model.scorer(catalogue).online()));
        SetScorer {
            version: self.version,
            vocabulary: Vocabulary::new(catalogue, &self.names),
            catalogue: Arc::clone(catalogue),
            members: Arc::new(self.members),
            rankings: self.rankings,
            likability,
        }
    }
}

const NAME: &str = "set";
const VOCABULARY: &str = "vocabulary";
const LIKABILITY: &str = "likability";
const LIKABILITY_CARD: &str = "likability_card";

fn version_of(bytes: &[u8]) -> String {
    format!("{NAME}-{}", &blake3::hash(bytes).to_hex()[..12])
}
