//! The one door for what other programs report as it happens, whichever protocol they speak:
//! ListenBrainz's, Audioscrobbler's or Last.fm's. Each protocol takes its requests apart; what a
//! play means, which times are taken, who is spoken for and how a play comes into the log is here.

mod fields;
mod playing;
mod plays;
mod who;

pub(crate) use fields::FormFields;
pub(crate) use playing::Playing;
pub(crate) use plays::{
    Collected, OutOfTime, ReportedTrack, TrackFields, keep, moment, opinion, play,
};
pub(crate) use who::known_listener;
