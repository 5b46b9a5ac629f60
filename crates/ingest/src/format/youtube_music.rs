//! YouTube Music in a Takeout archive: `watch-history.json`, whose path, name and sentences are
//! translated.
//!
//! The file holds everything that was watched; a row is music if its header, its link or its
//! details say so. Titles are sentences ("Watched X", "X angesehen"), taken apart by what the rows
//! of the file share ([`sentence`]). Artists are the channels that YouTube makes for them (`X -
//! Topic`), or else the first half of the video's title.

mod sentence;

use std::io::BufRead;

use rustc_hash::FxHashSet;
use segue_core::{Listen, Record, Source, TrackId};
use serde::Deserialize;

use sentence::{Sentence, bare_title};

use super::{Format, Head};
use crate::identity::{is_qualifier, normalise};
use crate::input::read_error;
use crate::json::{FromBareText, JsonRows, JsonText, List, LooseObject, Step, read_document};
use crate::{Context, DropReason, IngestError, time};

/// The format.
pub(crate) struct YouTubeMusic;

impl Format for YouTubeMusic {
    fn source(&self) -> Source {
        Source::YouTubeMusic
    }

    fn recognises(&self, head: &Head<'_>) -> bool {
        head.begins_with(['['])
            && head.has_keys(&["header", "title", "time"])
            && (head.has_key("titleUrl") || head.has_key("products"))
            && !holds_searches(head.text)
    }

    fn read(&self, input: &mut dyn BufRead, context: &mut Context<'_>) -> Result<(), IngestError> {
        let beginning = input.fill_buf().map_err(|error| read_error(error, context.path(), 1))?;
        let sentence = Sentence::of(&String::from_utf8_lossy(beginning));
        if let Some(sentence) = sentence.as_ref().filter(|sentence| sentence.is_learned()) {
            context.note(format!("titles stand in `{sentence}`"));
        }
        let mut rows = Watched { sentence, artists: FxHashSet::default() };
        read_document(input, context, &mut rows, |path| match path {
            "" => Step::Rows(0),
            _ => Step::Skip,
        })
    }
}

/// Whether an export holds what was searched, which is private and of the same shape.
fn holds_searches(text: &str) -> bool {
    let searches = text.matches("results?search_query").count();
    searches > text.matches("watch?v").count()
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Activity<'a> {
    #[serde(borrow)]
    header: JsonText<'a>,
    #[serde(borrow)]
    title: JsonText<'a>,
    #[serde(borrow)]
    title_url: JsonText<'a>,
    #[serde(borrow)]
    subtitles: List<LooseObject<Name<'a>>>,
    #[serde(borrow)]
    time: JsonText<'a>,
    #[serde(borrow)]
    details: List<LooseObject<Name<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Name<'a> {
    #[serde(borrow)]
    name: JsonText<'a>,
}

impl<'de: 'a, 'a> FromBareText<'de> for Name<'a> {}

impl Activity<'_> {
    fn is_music(&self) -> bool {
        self.header.get() == Some("YouTube Music")
            || self.title_url.get().is_some_and(|url| url.contains("music.youtube.com"))
            || self.details.0.iter().any(|detail| detail.0.name.get() == Some("From YouTube Music"))
    }
}

struct Watched {
    /// What titles are wrapped in.
    sentence: Option<Sentence>,
    /// Artists whose own channels came up so far, normalised.
    artists: FxHashSet<String>,
}

impl JsonRows for Watched {
    type Row<'de> = Activity<'de>;

    fn row(
        &mut self,
        activity: Activity<'_>,
        _: u8,
        context: &mut Context<'_>,
    ) -> Result<(), IngestError> {
        let dropped = |reason, context: &mut Context<'_>| {
            context.drop_row(reason);
            Ok(())
        };
        if !activity.is_music() {
            return dropped(DropReason::Video, context);
        }
        // Searches and visits to artists are activities, too, and videos that were removed have no
        // link.
        let Some(url) = activity.title_url.get() else {
            return dropped(DropReason::NoTrack, context);
        };
        let Some(video) = video_id(url) else { return dropped(DropReason::NotAPlay, context) };
        let channel = activity.subtitles.0.first().and_then(|subtitle| subtitle.0.name.get());
        let Some(title) = activity
            .title
            .get()
            .map(|sentence| bare_title(sentence, self.sentence.as_ref()))
            .filter(|title| !title.contains("://") && !title.is_empty())
        else {
            return dropped(DropReason::NoTitle, context);
        };
        let Some(at) = activity.time.get().and_then(time::parse) else {
            return dropped(DropReason::BadTime, context);
        };
        let (artist, title) = artist_and_title(channel, title, &self.artists);
        if let Some(artist) = artist.filter(|_| channel.is_some_and(is_artists_own)) {
            self.artists.insert(normalise(artist));
        }
        let id = TrackId::new(format!("youtube:{video}"));
        let track = context.namer.track(Some(id), artist, title);
        let listen =
            Listen::new(context.listener().clone(), track.id.clone(), at, Source::YouTubeMusic);
        context.keep(Record::Listen { listen, track })
    }
}

fn video_id(url: &str) -> Option<&str> {
    let (_, query) = url.split_once("watch?")?;
    let id = query.split('&').find_map(|pair| pair.strip_prefix("v="))?;
    let well_formed = id.len() == 11
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    well_formed.then_some(id)
}

/// What stands between artist and title in the titles of videos.
const DASHES: [&str; 3] = [" - ", " – ", " — "];
/// The same in titles that may have it for other reasons.
const OTHERS: [&str; 3] = [" | ", ": ", " \""];

/// The artist by the channel, or by a title such as "Artist - Title" where the channel is of that
/// artist or of somebody else: a label, a fan.
fn artist_and_title<'t>(
    channel: Option<&'t str>,
    title: &'t str,
    artists: &FxHashSet<String>,
) -> (Option<&'t str>, &'t str) {
    let Some(channel) = channel else { return (None, title) };
    if let Some(artist) = channel.strip_suffix(" - Topic") {
        return (Some(artist), title);
    }
    let owner = channel.strip_suffix("VEVO").unwrap_or(channel).trim();
    let halves = |separators: &[&str]| {
        let halves = separators.iter().filter_map(|separator| title.split_once(separator));
        let (artist, rest) = halves.min_by_key(|(artist, _)| artist.len())?;
        let rest = rest.trim_end().trim_end_matches('"');
        (!artist.trim().is_empty() && !is_qualifier(rest)).then_some((artist.trim(), rest))
    };
    let (dashed, other) = (halves(&DASHES), halves(&OTHERS));
    let own = |(artist, _): &(&str, &str)| same_name(artist, owner);
    let known = |(artist, _): &(&str, &str)| artists.contains(&normalise(artist));
    let cut = [dashed.filter(own), other.filter(own), dashed.filter(known), other.filter(known)];
    let is_artist = artists.contains(&normalise(owner));
    let foreign = if is_artist { None } else { dashed.or(other.filter(|_| is_label(owner))) };
    match cut.into_iter().flatten().next().or(foreign) {
        Some((artist, rest)) => (Some(artist), rest),
        None => (Some(owner), title),
    }
}

/// Whether YouTube made a channel for an artist.
fn is_artists_own(channel: &str) -> bool {
    channel.ends_with(" - Topic") || channel.ends_with("VEVO")
}

/// Whether a channel calls itself what labels do.
fn is_label(channel: &str) -> bool {
    const WORDS: [&str; 14] = [
        "records",
        "recordings",
        "record",
        "label",
        "music",
        "musik",
        "entertainment",
        "tv",
        "channel",
        "media",
        "productions",
        "official",
        "hits",
        "sounds",
    ];
    normalise(channel).split(' ').any(|word| WORDS.contains(&word))
}

/// Whether a channel is an artist's: `AdeleVEVO`, `Adele Official`.
fn same_name(artist: &str, channel: &str) -> bool {
    let squeezed = |name: &str| normalise(name).replace(' ', "");
    let artist = squeezed(artist);
    !artist.is_empty() && squeezed(channel).starts_with(&artist)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artist_of<'t>(channel: &'t str, title: &'t str) -> (Option<&'t str>, &'t str) {
        let known = FxHashSet::from_iter(["die laternen".to_owned()]);
        artist_and_title(Some(channel), title, &known)
    }

    #[test]
    fn channels_give_the_artist() {
        assert_eq!(artist_of("Nina - Topic", "A - B"), (Some("Nina"), "A - B"));
        assert_eq!(
            artist_of("NinaSimoneVEVO", "Nina Simone - Song"),
            (Some("Nina Simone"), "Song")
        );
        assert_eq!(artist_of("Nina", "Song - Live"), (Some("Nina"), "Song - Live"));
        assert_eq!(artist_of("Nina", "Song"), (Some("Nina"), "Song"));
        assert_eq!(artist_and_title(None, "Song", &FxHashSet::default()), (None, "Song"));
    }

    #[test]
    fn videos_of_labels_and_fans_name_the_artist_in_their_titles() {
        for (channel, title) in [
            ("Nordlicht Records", "Mira Sol - Glas"),
            ("Nordlicht Records", "Mira Sol – Glas"),
            ("Nordlicht Records", "Mira Sol | Glas"),
            ("Nordlicht Records", "Mira Sol \"Glas\""),
            ("somebody99", "Mira Sol - Glas"),
            ("Mira Sol", "Mira Sol: Glas"),
        ] {
            assert_eq!(artist_of(channel, title), (Some("Mira Sol"), "Glas"), "{channel}: {title}");
        }
        let known = (Some("Die Laternen"), "Kupferblau");
        assert_eq!(artist_of("somebody99", "Die Laternen: Kupferblau"), known);
        assert_eq!(artist_of("somebody99", "Suite: Glas"), (Some("somebody99"), "Suite: Glas"));
        assert_eq!(artist_of("Die Laternen", "Glas - Teil zwei").0, Some("Die Laternen"));
    }
}
