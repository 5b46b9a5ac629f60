//! What gorse's feedback types mean here. gorse lets every service name its own; these are the
//! names in common use, letter case ignored. An unknown one is refused: a guess would teach the
//! model something that nobody meant.
//!
//! | types | here | what it teaches |
//! |---|---|---|
//! | `like`, `star`, `love`, `favorite`, `favourite`, `thumbs_up` | like | liked |
//! | `dislike`, `thumbs_down` | dislike | not liked |
//! | `ban`, `block` | ban | never again |
//! | `save`, `saved`, `collect`, `playlist` | saved | owned, mildly liked |
//! | `finish`, `finished`, `complete`, `completed` | a play to the end | liked, mildly |
//! | `play`, `listen`, `scrobble` | a play of unknown length, as a scrobble | liked, mildly |
//! | `skip`, `skipped` | a play that was skipped | not liked |
//! | `read`, `view`, `click`, `impression` | a play of no length: met, and nothing known of the rest | nothing but not being new |
//!
//! Types in one line are one and the same: feedback written as `star` is read as `star` and as
//! `like`, and listed as the first of its line.

use segue::{Ending, PlayDetails, Reaction};
use segue_core::{FeedbackKind, Listen, ListenerId, Timestamp, TrackId};
use segue_store::{ClientId, Entry, Event};

use crate::error::{ApiError, ApiResult};

/// What a feedback type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Like,
    Dislike,
    Ban,
    Save,
    Finish,
    Play,
    Skip,
    Read,
}

/// Kinds and their names, the one that is written first.
const NAMES: [(Kind, &[&str]); 8] = [
    (Kind::Like, &["like", "star", "love", "favorite", "favourite", "thumbs_up"]),
    (Kind::Dislike, &["dislike", "thumbs_down"]),
    (Kind::Ban, &["ban", "block"]),
    (Kind::Save, &["save", "saved", "collect", "playlist"]),
    (Kind::Finish, &["finish", "finished", "complete", "completed"]),
    (Kind::Play, &["play", "listen", "scrobble"]),
    (Kind::Skip, &["skip", "skipped"]),
    (Kind::Read, &["read", "view", "click", "impression"]),
];

impl Kind {
    /// The kind that a type names.
    pub(super) fn of(name: &str) -> ApiResult<Self> {
        let named = |(_, names): &&(Self, &[&str])| {
            names.iter().any(|known| known.eq_ignore_ascii_case(name))
        };
        NAMES.iter().find(named).map(|(kind, _)| *kind).ok_or_else(|| {
            let known: Vec<&str> =
                NAMES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
            ApiError::bad_request(
                "unknown_feedback_type",
                format!("feedback type `{name}` is not known here"),
            )
            .hint(format!("known are {}", known.join(", ")))
        })
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, names)| names[0])
    }

    /// Whether it speaks for an item.
    pub(super) fn is_positive(self) -> bool {
        matches!(self, Self::Like | Self::Save | Self::Finish | Self::Play)
    }

    /// The stated opinion, where it is one and not a play.
    pub(super) fn opinion(self) -> Option<FeedbackKind> {
        match self.reaction() {
            Reaction::Opinion(kind) => Some(kind),
            Reaction::Play(_) => None,
        }
    }

    /// The kind of an opinion; taking one back is none.
    pub(super) fn of_opinion(kind: FeedbackKind) -> Option<Self> {
        match kind {
            FeedbackKind::Like => Some(Self::Like),
            FeedbackKind::Dislike => Some(Self::Dislike),
            FeedbackKind::Ban => Some(Self::Ban),
            FeedbackKind::Saved => Some(Self::Save),
            FeedbackKind::Cleared => None,
        }
    }

    /// The kind of a play.
    pub(super) fn of_play(listen: &Listen) -> Self {
        match Ending::of(listen) {
            Ending::Seen => Self::Read,
            Ending::Skipped => Self::Skip,
            Ending::Finished => Self::Finish,
            Ending::Stopped | Ending::Unknown => Self::Play,
        }
    }

    /// What it is as an answer to an item.
    fn reaction(self) -> Reaction {
        match self {
            Self::Like => Reaction::LIKE,
            Self::Dislike => Reaction::NOT_FOR_ME,
            Self::Ban => Reaction::NEVER,
            Self::Save => Reaction::SAVED,
            Self::Finish => Reaction::FINISHED,
            Self::Play => Reaction::Play(Ending::Unknown),
            Self::Skip => Reaction::SKIPPED,
            Self::Read => Reaction::Play(Ending::Seen),
        }
    }

    /// What is written into the log. A play is named after its time, so that a request sent twice
    /// writes it once.
    pub(super) fn entry(
        self,
        user: &ListenerId,
        item: &TrackId,
        dated: Option<Timestamp>,
        now: Timestamp,
    ) -> Entry {
        let (listener, at) = (user.clone(), dated.unwrap_or(now));
        let event = self.reaction().about(listener, item.clone(), at, PlayDetails::default());
        if let Event::Feedback(_) = event {
            return Entry::from(event);
        }
        let name = format!("gorse {} {item}", self.name());
        let client_id = match dated {
            Some(at) => ClientId::new(format!("{name} {at}")),
            None => ClientId::of_undated(name),
        };
        Entry { client_id: Some(client_id), event }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_as_a_kind_is_read_as_that_kind() {
        let (user, item, now) = (ListenerId::new("ann"), TrackId::new("t"), Timestamp::UNIX_EPOCH);
        for (kind, names) in NAMES {
            assert!(names.iter().all(|name| Kind::of(name).unwrap() == kind));
            let read = match kind.entry(&user, &item, None, now).event {
                Event::Listen(listen) => Some(Kind::of_play(&listen)),
                Event::Feedback(feedback) => Kind::of_opinion(feedback.kind),
                _ => None,
            };
            assert_eq!(read, Some(kind));
        }
    }

    #[test]
    fn an_unknown_type_is_refused_with_the_known_ones() {
        let error = Kind::of("wiggle").unwrap_err();
        assert_eq!(error.code, "unknown_feedback_type");
        assert!(error.hint.unwrap().contains("star"));
    }
}
