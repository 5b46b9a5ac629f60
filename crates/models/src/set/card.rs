//! The card of a set: what is in it, why, and how well it did on what listeners turned to next.

use serde::{Deserialize, Serialize};

use super::{Budget, MemberKind};
use crate::likability::LikabilityCard;

/// What a set was learned from and how well. It names no listener.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SetCard {
    /// Seed of everything random: equal data and seed, equal set.
    pub seed: u64,
    /// What the training could cost: equal data, seed and budget, equal set.
    #[serde(default)]
    pub budget: Budget,
    /// What was shortened to keep to it, in words; empty where all was done.
    #[serde(default)]
    pub cuts: Vec<String>,
    /// The set that this one went on from. Settings, weights and what was measured are then those
    /// of the last training from nothing; none for such a one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continued_from: Option<String>,
    /// Works that anybody played: the vocabulary of the members.
    pub items: usize,
    /// Tracks of the catalogue.
    pub tracks: usize,
    /// Listeners that it learned from.
    pub listeners: usize,
    /// The members with their settings and weights.
    pub members: Vec<MemberReport>,
    /// Models that are not in the set, each with the reason.
    pub left_out: Vec<LeftOutMember>,
    /// How well new tracks were ranked for listeners held out; none where there were too few.
    pub new: Option<NewReport>,
    /// How well known tracks were ranked; none without dated plays.
    pub again: Option<AgainReport>,
    /// What likability was learned from and how well it did on what was held out; none if there is
    /// no likability.
    pub likability: Option<LikabilityCard>,
    /// Why there is no likability.
    pub without_likability: Option<String>,
}

/// What the card of a set says of a member: its settings, how well it ranks alone, and how much the
/// two rankings listen to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberReport {
    /// Which model it is.
    pub member: MemberKind,
    /// Its settings, chosen on what listeners tried after the cut.
    pub settings: serde_json::Value,
    /// NDCG@60 of the member alone on what listeners tried, among all they did not know.
    pub ndcg_alone: f64,
    /// Its weight among new tracks, for a history of middling length; that of friends, which fades,
    /// for a history of nothing.
    pub weight: f64,
    /// Its weight among known tracks.
    pub weight_known: f64,
}

/// A model that is not in a set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutMember {
    /// Which model it is.
    pub member: MemberKind,
    /// Why it is left out.
    pub reason: String,
}

/// How well new tracks were ranked, for listeners that the ranking was not fitted on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewReport {
    /// How many questions were asked.
    pub cases: usize,
    /// NDCG@60 of the ranking: 1 if what was tried came first.
    pub ndcg: f64,
    /// Share of what was tried that is among the first twenty.
    pub recall: f64,
    /// NDCG@60 of the same candidates in the order of likability alone.
    pub likability_ndcg: f64,
    /// Share of what was tried that retrieval had named at all: no ranking finds more.
    pub retrieved: f64,
}

/// How well known tracks were ranked: of the first thirty, the share that was played within a week.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgainReport {
    /// How many questions were asked.
    pub cases: usize,
    /// By the ranking.
    pub played: f64,
    /// In the order of how often they had been played.
    pub most_played: f64,
    /// In the order of how often they had been played, where a play counts half after 30 days.
    pub lately_played: f64,
}
