//! What became of every row that a build read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Made;
use crate::dump::{DumpMemberReport, Member, TableReport};

/// What became of a member of a dump.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberOutcome {
    /// Its name, behind that of the dump.
    pub member: String,
    /// How long it is.
    pub bytes: u64,
    /// Rows that it has.
    pub rows: u64,
    /// Rows that were kept.
    pub listens: u64,
    /// Rows that were not, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Why nothing of it counts, if it is damaged.
    pub broken: Option<String>,
}

impl MemberOutcome {
    pub(super) fn drop(&mut self, reason: &str) {
        match self.dropped.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(self.dropped.insert(reason.to_owned(), 1)),
        }
    }

    /// Adds what became of the rows of another part of it.
    pub(super) fn add(&mut self, part: &Self) {
        self.listens += part.listens;
        for (reason, count) in &part.dropped {
            *self.dropped.entry(reason.clone()).or_default() += count;
        }
    }

    /// Adds what its reader says of it.
    pub(super) fn read(&mut self, member: &Member, report: &DumpMemberReport) {
        (self.member, self.bytes) = (member.name.clone(), member.bytes);
        self.rows = report.rows;
        self.broken.clone_from(&report.broken);
        for (reason, count) in &report.dropped {
            *self.dropped.entry(reason.to_string()).or_default() += count;
        }
    }
}

/// What became of a dump of features. Rows are those that were joined and those that were dropped.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FeatureOutcome {
    /// Its name, without folders.
    pub dump: String,
    /// How long it is.
    pub bytes: u64,
    /// Rows that it has: one a submission.
    pub rows: u64,
    /// Rows that tell of a recording of the world.
    pub joined: u64,
    /// Rows that do not, by reason.
    pub dropped: BTreeMap<String, u64>,
    /// Why nothing of it counts, if it is damaged.
    pub broken: Option<String>,
}

impl FeatureOutcome {
    pub(super) fn drop(&mut self, reason: &str) {
        match self.dropped.get_mut(reason) {
            Some(count) => *count += 1,
            None => drop(self.dropped.insert(reason.to_owned(), 1)),
        }
    }

    /// Adds what its reader says of it.
    pub(super) fn read(&mut self, report: &TableReport) {
        self.rows = report.rows;
        for (reason, count) in &report.dropped {
            *self.dropped.entry(reason.to_string()).or_default() += count;
        }
    }

    fn adds_up(&self) -> bool {
        self.broken.is_some() || self.rows == self.joined + self.dropped.values().sum::<u64>()
    }
}

/// What a build read and what it kept. Rows are those that were kept and those that were dropped;
/// what was kept is joined by one rule or another, a duplicate, or by too few people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BuildReport {
    /// Every member of every dump.
    pub members: Vec<MemberOutcome>,
    /// Listens whose recording was told by each rule.
    pub joined: BTreeMap<String, u64>,
    /// Listens whose names say nothing, such as those by "Various Artists".
    pub unnamed: u64,
    /// Listens of one person at one moment of one recording, beyond the first.
    pub duplicates: u64,
    /// Listens of recordings that too few people played.
    pub by_too_few: u64,
    /// Listens that are in the world.
    pub listens: u64,
    /// People whose listens these are.
    pub people: u64,
    /// Recordings that are in the world.
    pub recordings: u64,
    /// Artists of these.
    pub artists: u64,
    /// Pairs that were counted, and that enough people share.
    pub pairs: [u64; 2],
    /// First and last day of listens, as days since 1970.
    pub days: [u32; 2],
    /// Every dump of features.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<FeatureOutcome>,
    /// Recordings of which it is known how they sound.
    #[serde(default)]
    pub sounds: u64,
}

impl BuildReport {
    /// Whether every row that was read is accounted for.
    pub fn adds_up(&self) -> bool {
        let whole = self.members.iter().filter(|member| member.broken.is_none());
        let is_whole = |member: &MemberOutcome| {
            member.rows == member.listens + member.dropped.values().sum::<u64>()
        };
        let kept: u64 = whole.clone().map(|member| member.listens).sum();
        whole.clone().all(is_whole)
            && self.features.iter().all(FeatureOutcome::adds_up)
            && kept == self.joined.values().sum::<u64>() + self.unnamed
            && kept - self.unnamed == self.duplicates + self.by_too_few + self.listens
    }
}

pub(super) fn report(made: &Made) -> BuildReport {
    let Made { members, counted, sounds, neighbours, .. } = made;
    BuildReport {
        members: members.clone(),
        features: sounds.outcomes.clone(),
        sounds: sounds.known,
        joined: counted.joined.clone(),
        unnamed: counted.unnamed,
        duplicates: counted.duplicates,
        by_too_few: counted.by_too_few,
        listens: counted.listens,
        people: counted.people,
        recordings: counted.recordings() as u64,
        artists: counted.artists() as u64,
        pairs: neighbours.pairs,
        days: counted.days,
    }
}
