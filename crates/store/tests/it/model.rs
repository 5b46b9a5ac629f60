//! The store as a few plain vectors: what it should hold, written down as slowly and obviously as
//! possible.

use std::collections::{BTreeMap, BTreeSet};

use segue_core::{
    ArtistTag, DeviceClass, EndReason, Feedback, FeedbackTarget, Impression, Listen, ListenerId,
    Moment, Record, Source, StartReason, Track, TrackId, WorkId,
};
use segue_store::{Exclusion, ExclusionId, ForgetReport, ImportCounts};

/// A track and whether a catalogue listed it.
#[derive(Clone, Debug)]
struct Described {
    track: Track,
    listed: bool,
}

/// What a model was registered with.
#[derive(Clone, Debug)]
struct Trained {
    version: String,
    listeners: Vec<ListenerId>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    listeners: BTreeSet<ListenerId>,
    tracks: Vec<Described>,
    listens: Vec<Listen>,
    feedback: Vec<Feedback>,
    friendships: BTreeSet<[ListenerId; 2]>,
    artist_tags: BTreeMap<[String; 2], u32>,
    exclusions: Vec<(ExclusionId, ListenerId, Exclusion)>,
    impressions: Vec<Impression>,
    complete: BTreeMap<String, BTreeSet<ListenerId>>,
    models: Vec<Trained>,
    active: Option<String>,
}

impl Model {
    pub(crate) fn describe(&mut self, track: &Track, listed: bool) -> bool {
        let Some(known) = self.tracks.iter_mut().find(|known| known.track.id == track.id) else {
            self.tracks.push(Described { track: track.clone(), listed });
            return true;
        };
        known.listed |= listed;
        let mine = &mut known.track;
        mine.album = mine.album.take().or_else(|| track.album.clone());
        mine.genre = mine.genre.take().or_else(|| track.genre.clone());
        mine.year = mine.year.or(track.year);
        mine.features.fill_from(&track.features);
        false
    }

    pub(crate) fn import(&mut self, fingerprint: &str, records: &[Record]) -> ImportCounts {
        let mut counts = ImportCounts::default();
        if self.complete.contains_key(fingerprint) {
            counts.already_imported = records.len() as u64;
            return counts;
        }
        let mut fed = BTreeSet::new();
        let mut taken = BTreeMap::new();
        for record in records {
            match record {
                Record::Track(track) => {
                    *(if self.describe(track, true) {
                        &mut counts.tracks_added
                    } else {
                        &mut counts.tracks_known
                    }) += 1;
                }
                Record::Feedback { feedback, track } => {
                    fed.insert(feedback.listener.clone());
                    track.iter().for_each(|track| {
                        self.describe(track, false);
                    });
                    self.import_feedback(feedback, &mut counts);
                }
                Record::Listen { listen, track } => {
                    fed.insert(listen.listener.clone());
                    self.describe(track, false);
                    self.import_listen(listen, &mut taken, &mut counts);
                }
                Record::Friendship { listener, friend } => {
                    let pair = [listener.clone(), friend.clone()];
                    let is_known =
                        |who: &&ListenerId| self.listeners.contains(*who) || fed.contains(*who);
                    let known: Vec<ListenerId> = pair.iter().filter(is_known).cloned().collect();
                    counts.friends_unknown += u64::from(known.len() < 2);
                    fed.extend(known);
                    *(if self.friendships.insert(pair) {
                        &mut counts.friendships_added
                    } else {
                        &mut counts.friendships_known
                    }) += 1;
                }
                Record::ArtistTag(said) => {
                    let names = [said.artist.clone(), said.tag.clone()];
                    let people = self.artist_tags.entry(names).or_default();
                    *(if said.people > *people {
                        &mut counts.artist_tags_added
                    } else {
                        &mut counts.artist_tags_known
                    }) += 1;
                    *people = said.people.max(*people);
                }
            }
        }
        self.listeners.extend(fed.iter().cloned());
        self.complete.insert(fingerprint.to_owned(), fed);
        counts
    }

    fn import_feedback(&mut self, said: &Feedback, counts: &mut ImportCounts) {
        let repeated = self.feedback.iter().any(|other| {
            (&other.listener, &other.target, other.kind)
                == (&said.listener, &said.target, said.kind)
                && (said.at.is_none() || other.at == said.at)
        });
        if repeated {
            counts.feedback_repeated += 1;
        } else {
            counts.feedback_added += 1;
            self.feedback.push(said.clone());
        }
    }

    /// The rule of `segue_store::dedup`. `taken` says which plays of the file are folded into
    /// which rows, or were appended as them.
    fn import_listen(
        &mut self,
        new: &Listen,
        taken: &mut BTreeMap<usize, Option<Listen>>,
        counts: &mut ImportCounts,
    ) {
        let again = |row: usize, taken: &BTreeMap<usize, Option<Listen>>| {
            let by = taken.get(&row)?.as_ref().unwrap_or(&self.listens[row]);
            let same = must_be_one(by, new) && self.can_be_one(by, new);
            same.then(|| (distance(by, new), row))
        };
        let rows = 0..self.listens.len();
        let again = rows.filter_map(|row| again(row, taken)).min();
        let found = again.map(|(_, row)| row).or_else(|| self.matched(new, taken));
        let Some(row) = found else {
            counts.listens_added += 1;
            taken.insert(self.listens.len(), None);
            self.listens.push(new.clone());
            return;
        };
        if again.is_none() {
            taken.insert(row, Some(new.clone()));
        }
        let old = &self.listens[row];
        let exact = start(old) == start(new) && old.ms_played == new.ms_played;
        *(if exact { &mut counts.exact_duplicates } else { &mut counts.near_duplicates }) += 1;
        let completed = complete(old, new);
        counts.completed += u64::from(completed != *old);
        self.listens[row] = completed;
    }

    /// The row that a play of a file gets, which may move other plays of the file to other rows.
    fn matched(&self, new: &Listen, taken: &mut BTreeMap<usize, Option<Listen>>) -> Option<usize> {
        // Plays in search of a row, each with the row that it has and what comes after it.
        let mut searching: Vec<(Listen, Option<(usize, usize)>)> = vec![(new.clone(), None)];
        let mut seen = BTreeSet::new();
        let mut next = 0;
        while next < searching.len() {
            let play = searching[next].0.clone();
            let mut rows: Vec<usize> = (0..self.listens.len())
                .filter(|&row| self.can_be_one(&self.listens[row], &play))
                .collect();
            rows.sort_by_key(|&row| (distance(&self.listens[row], &play), row));
            if let Some(&free) = rows.iter().find(|row| !taken.contains_key(row)) {
                let (mut to, mut at) = (free, next);
                while let (play, Some((row, before))) = &searching[at] {
                    taken.insert(to, Some(play.clone()));
                    (to, at) = (*row, *before);
                }
                return Some(to);
            }
            for row in rows {
                let Some(Some(by)) = taken.get(&row) else { continue };
                // A play that is in the log itself stays where it is.
                if (next > 0 || !must_be_one(by, new)) && seen.insert(row) {
                    searching.push((by.clone(), Some((row, next))));
                }
            }
            next += 1;
        }
        None
    }

    fn can_be_one(&self, a: &Listen, b: &Listen) -> bool {
        let apart = (start(a) - start(b)).abs();
        let one_source = a.source == b.source;
        let lengths_fit = match (a.ms_played, b.ms_played) {
            (Some(a), Some(b)) if one_source => a == b,
            (Some(a), Some(b)) => a.abs_diff(b) < 1000,
            _ => true,
        };
        let fits = if one_source && is_open(a) == is_open(b) {
            if whole_minute(a) == whole_minute(b) {
                apart == 0 || must_be_one(a, b)
            } else {
                apart < 60
            }
        } else {
            begin_apart(a, b) <= if whole_minute(a) || whole_minute(b) { 90 } else { 30 }
        };
        let one_work = self.work(&a.track) == self.work(&b.track);
        a.listener == b.listener && one_work && lengths_fit && fits
    }

    pub(crate) fn append_listens(&mut self, listens: &[Listen]) {
        self.listeners.extend(listens.iter().map(|listen| listen.listener.clone()));
        self.listens.extend_from_slice(listens);
    }

    pub(crate) fn append_feedback(&mut self, feedback: &[Feedback]) {
        self.listeners.extend(feedback.iter().map(|said| said.listener.clone()));
        self.feedback.extend_from_slice(feedback);
    }

    pub(crate) fn log_impression(&mut self, impression: Impression) {
        self.listeners.insert(impression.slate.listener.clone());
        self.impressions.push(impression);
    }

    pub(crate) fn exclude(&mut self, id: ExclusionId, who: &ListenerId, exclusion: Exclusion) {
        self.listeners.insert(who.clone());
        if !self.exclusions.iter().any(|(known, ..)| *known == id) {
            self.exclusions.push((id, who.clone(), exclusion));
        }
    }

    pub(crate) fn include_again(&mut self, id: ExclusionId) -> bool {
        let before = self.exclusions.len();
        self.exclusions.retain(|(known, ..)| *known != id);
        self.exclusions.len() < before
    }

    pub(crate) fn register(&mut self, version: &str, listeners: &[ListenerId]) {
        self.listeners.extend(listeners.iter().cloned());
        self.models.push(Trained { version: version.to_owned(), listeners: listeners.to_vec() });
        self.active = Some(version.to_owned());
    }

    pub(crate) fn artist_tags(&self) -> Vec<ArtistTag> {
        let said = |([artist, tag], people): (&[String; 2], &u32)| ArtistTag {
            artist: artist.clone(),
            tag: tag.clone(),
            people: *people,
        };
        self.artist_tags.iter().map(said).collect()
    }

    pub(crate) fn friends(&self, who: &ListenerId) -> Vec<ListenerId> {
        self.friendships
            .iter()
            .filter(|[one, _]| one == who)
            .map(|[_, other]| other.clone())
            .collect()
    }

    pub(crate) fn activate(&mut self, version: &str) {
        self.active = Some(version.to_owned());
    }

    pub(crate) fn forget(&mut self, who: &ListenerId) -> ForgetReport {
        let before = self.clone();
        self.friendships.retain(|pair| !pair.contains(who));
        let friendships = (before.friendships.len() - self.friendships.len()) as u64;
        if !self.listeners.remove(who) {
            let found = friendships > 0;
            return ForgetReport { found, friendships, erased: true, ..ForgetReport::default() };
        }
        self.listens.retain(|listen| listen.listener != *who);
        self.feedback.retain(|said| said.listener != *who);
        self.exclusions.retain(|(_, listener, _)| listener != who);
        self.impressions.retain(|impression| impression.slate.listener != *who);
        self.complete.retain(|_, fed| !(fed.len() == 1 && fed.contains(who)));
        self.complete.values_mut().for_each(|fed| {
            fed.remove(who);
        });
        self.models.retain(|model| !model.listeners.contains(who));
        let active_model_removed = self
            .active
            .as_ref()
            .is_some_and(|active| !self.models.iter().any(|model| model.version == *active));
        if active_model_removed {
            self.active = None;
        }
        self.forget_tracks(&before, who);
        let versions = |model: &Self| {
            model.models.iter().map(|model| model.version.clone()).collect::<BTreeSet<_>>()
        };
        ForgetReport {
            connections: 0,
            keys: 0,
            found: true,
            listens: (before.listens.len() - self.listens.len()) as u64,
            feedback: (before.feedback.len() - self.feedback.len()) as u64,
            friendships,
            exclusions: (before.exclusions.len() - self.exclusions.len()) as u64,
            lists: 0,
            impressions: (before.impressions.len() - self.impressions.len()) as u64,
            uploads: 0,
            imports: (before.complete.len() - self.complete.len()) as u64,
            tracks: (before.tracks.len() - self.tracks.len()) as u64,
            models: versions(&before).difference(&versions(self)).cloned().collect(),
            active_model_removed,
            erased: true,
        }
    }

    fn forget_tracks(&mut self, before: &Self, who: &ListenerId) {
        let mentioned = self.mentioned(|_| true);
        let brought = before.mentioned(|listener| listener == who);
        let stays = |known: &Described| known.listed || mentioned.contains(&known.track.id);
        let works: BTreeSet<WorkId> = self
            .tracks
            .iter()
            .filter(|known| stays(known))
            .map(|known| known.track.work.clone())
            .collect();
        self.tracks.retain(|known| {
            stays(known)
                || (works.contains(&known.track.work) && !brought.contains(&known.track.id))
        });
    }

    fn mentioned(&self, by: impl Fn(&ListenerId) -> bool) -> BTreeSet<TrackId> {
        let listens = self
            .listens
            .iter()
            .filter(|listen| by(&listen.listener))
            .map(|listen| listen.track.clone());
        let feedback = self.feedback.iter().filter(|said| by(&said.listener)).filter_map(|said| {
            match &said.target {
                FeedbackTarget::Track(track) => Some(track.clone()),
                FeedbackTarget::Artist(_) => None,
            }
        });
        let slates = self
            .impressions
            .iter()
            .map(|impression| &impression.slate)
            .filter(|slate| by(&slate.listener));
        let shown = slates.flat_map(|slate| {
            slate
                .shortlist
                .iter()
                .map(|offered| &offered.track)
                .chain(slate.picks.iter().map(|pick| &pick.track))
                .cloned()
                .collect::<Vec<_>>()
        });
        listens.chain(feedback).chain(shown).collect()
    }

    fn work(&self, track: &TrackId) -> &WorkId {
        &self
            .tracks
            .iter()
            .find(|known| known.track.id == *track)
            .expect("it was described")
            .track
            .work
    }

    pub(crate) fn listeners(&self) -> Vec<ListenerId> {
        self.listeners.iter().cloned().collect()
    }

    pub(crate) fn knows(&self, track: &TrackId) -> bool {
        self.tracks.iter().any(|known| known.track.id == *track)
    }

    pub(crate) fn tracks(&self) -> Vec<Track> {
        self.tracks.iter().map(|known| known.track.clone()).collect()
    }

    pub(crate) fn all_listens(&self, who: &ListenerId) -> Vec<Listen> {
        self.listens.iter().filter(|listen| listen.listener == *who).cloned().collect()
    }

    pub(crate) fn listens(&self, who: &ListenerId) -> Vec<Listen> {
        let exclusions = self.exclusions(who);
        let excluded = |listen: &Listen| {
            exclusions.iter().any(|(_, exclusion)| match exclusion {
                Exclusion::Period { from, to } => {
                    listen.started_at().is_some_and(|start| *from <= start && start < *to)
                }
                Exclusion::Device(device) => listen.device == *device,
                Exclusion::Context(context) => listen.context.as_ref() == Some(context),
                Exclusion::Track(track) => listen.track == *track,
                Exclusion::Work(work) => self.work(&listen.track) == work,
                Exclusion::Play { track, at } => {
                    let second = listen.at.map(|at| at.as_second());
                    listen.track == *track && second == Some(at.as_second())
                }
                Exclusion::Artist(artist) => {
                    let known = self
                        .tracks
                        .iter()
                        .find(|known| known.track.id == listen.track)
                        .expect("described");
                    known
                        .track
                        .artists
                        .iter()
                        .any(|credit| credit.to_lowercase() == artist.to_lowercase())
                }
            })
        };
        self.all_listens(who).into_iter().filter(|listen| !excluded(listen)).collect()
    }

    pub(crate) fn feedback(&self, who: &ListenerId) -> BTreeMap<String, usize> {
        let mut said = BTreeMap::new();
        for feedback in self.feedback.iter().filter(|said| said.listener == *who) {
            *said.entry(format!("{feedback:?}")).or_default() += 1;
        }
        said
    }

    pub(crate) fn exclusions(&self, who: &ListenerId) -> Vec<(ExclusionId, Exclusion)> {
        let of_listener = self.exclusions.iter().filter(|(_, listener, _)| listener == who);
        of_listener.map(|(id, _, exclusion)| (*id, exclusion.clone())).collect()
    }

    pub(crate) fn impressions(&self, who: &ListenerId) -> Vec<Impression> {
        let of_listener =
            self.impressions.iter().filter(|impression| impression.slate.listener == *who);
        of_listener.filter(|impression| impression.was_shown()).rev().cloned().collect()
    }

    pub(crate) fn enrolled(&self) -> Vec<Impression> {
        self.impressions
            .iter()
            .filter(|impression| impression.enrolment.is_some())
            .cloned()
            .collect()
    }

    pub(crate) fn models(&self) -> Vec<(String, bool)> {
        let is_active = |model: &Trained| self.active.as_ref() == Some(&model.version);
        self.models.iter().map(|model| (model.version.clone(), is_active(model))).collect()
    }

    pub(crate) fn totals(&self) -> [usize; 7] {
        let works: BTreeSet<&WorkId> = self.tracks.iter().map(|known| &known.track.work).collect();
        [
            self.listeners.len(),
            works.len(),
            self.listens.len(),
            self.feedback.len(),
            self.exclusions.len(),
            self.impressions.iter().filter(|impression| impression.was_shown()).count(),
            self.complete.len(),
        ]
    }
}

/// The row that stays, with what only the other one tells.
fn start(listen: &Listen) -> i64 {
    listen.started_at().unwrap().as_second()
}

fn whole_minute(listen: &Listen) -> bool {
    match listen.source {
        Source::SpotifyAccount => true,
        Source::LastFm => listen.at.unwrap().as_second() % 60 == 0,
        _ => false,
    }
}

/// Whether the stamp leaves open when the play began.
fn is_open(listen: &Listen) -> bool {
    match listen.moment {
        Moment::Ended => listen.ms_played.is_none(),
        _ => matches!(listen.source, Source::LastFm | Source::ListenBrainz),
    }
}

fn longest_s(a: &Listen, b: &Listen) -> i64 {
    i64::from(a.ms_played.max(b.ms_played).unwrap_or(0).div_ceil(1000))
}

/// How far apart two plays must have begun.
fn begin_apart(a: &Listen, b: &Listen) -> i64 {
    let first = |listen| start(listen) - if is_open(listen) { longest_s(a, b) } else { 0 };
    (first(a) - start(b)).max(first(b) - start(a)).max(0)
}

/// How well two reports of one play agree.
fn distance(a: &Listen, b: &Listen) -> (bool, bool, i64, i64) {
    let apart = (start(a) - start(b)).abs();
    let same_row = a.source == b.source && apart == 0;
    let stamps = apart.min((apart - longest_s(a, b)).abs());
    (!same_row, a.ms_played != b.ms_played, begin_apart(a, b), stamps)
}

/// Whether two rows of one file overlap for certain.
fn must_be_one(a: &Listen, b: &Listen) -> bool {
    let apart = (start(a) - start(b)).abs();
    let known = a.ms_played.or(b.ms_played);
    let lengths_fit = a.ms_played.zip(b.ms_played).is_none_or(|(a, b)| a == b);
    lengths_fit
        && if whole_minute(a) && whole_minute(b) {
            match known {
                Some(ms) => apart <= 90 && (apart + 60) * 1000 <= i64::from(ms),
                None => apart == 0,
            }
        } else {
            apart == 0 || apart <= 30 && apart * 1000 < known.map_or(10_000, i64::from)
        }
}

fn complete(old: &Listen, new: &Listen) -> Listen {
    let mut row = old.clone();
    if row.moment == Moment::Started {
        row.ms_played = row.ms_played.or(new.ms_played);
    }
    if row.start_reason == StartReason::Unknown {
        row.start_reason = new.start_reason;
    }
    if row.end_reason == EndReason::Unknown {
        row.end_reason = new.end_reason;
    }
    if row.device == DeviceClass::Unknown {
        row.device = new.device;
    }
    row.skipped = row.skipped.or(new.skipped);
    row.shuffle = row.shuffle.or(new.shuffle);
    row.offline = row.offline.or(new.offline);
    row.private_session |= new.private_session;
    row.context = row.context.or_else(|| new.context.clone());
    row
}
