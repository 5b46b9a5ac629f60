//! Words to a mix: "mellow, 90s, not too slow, like Massive Attack, mostly new, an hour".
//!
//! ```text
//! text ─► words ─► conditions on tracks ─► the tracks that a mix chooses from   (within)
//!                 └ settings: dial, length, familiarity ─► the rest of the request
//! ```
//!
//! A small grammar in English, no language model and no network: `docs/prompts.md` teaches it. What
//! was understood is echoed with what it was taken to mean and how many tracks that is; what was
//! not is said. The words decide what may be picked; what *is* picked is as personal as in any mix.
//!
//! Of several genres, artists, likenesses, times or kinds of version any will do; all else holds
//! together. Where fewer tracks than the mix has places are all of what the words about sound and
//! genre say, those that come nearest are taken too, and that is said. Rejected: ranking all tracks
//! by how well they fit, which gives thirty tracks to any words at all and tells nobody that
//! nothing fits.

mod alike;
mod matching;
mod meaning;
mod numbers;
mod reader;
mod tags;
mod tokens;
mod vocabulary;
mod words;

use std::fmt;

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{AudioFeature, Timestamp, TrackId, Version};
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::{LONGEST_MIX, MixRequest};
use segue_engine::{ArtistIdx, Profile, TrackIdx};
use serde::Serialize;

use crate::{Error, Result, Snapshot};

use matching::Matcher;
use reader::Part;
pub use vocabulary::PromptNames;
use vocabulary::Vocabulary;

/// A track of which the length is not known takes so long.
const USUAL_DURATION_MS: f64 = 225_000.0;

/// Which settings whoever asks chose beside the prompt: those win over its words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The dial.
    pub explore: bool,
    /// How many tracks.
    pub length: bool,
    /// Which works may be picked.
    pub familiarity: bool,
}

/// What a prompt was taken to mean, for whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PromptReading {
    /// The parts that were understood, in their order.
    pub understood: Vec<UnderstoodPart>,
    /// The words that were not, as they were written.
    pub not_understood: Vec<String>,
    /// What else there is to say, in English: of how many tracks it is known how they sound.
    pub notes: Vec<String>,
}

/// A part of a prompt that was understood.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnderstoodPart {
    /// The words as they were written.
    pub words: String,
    /// What they were read as, where a letter was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_as: Option<String>,
    /// What they were taken to mean, as half a sentence in English.
    pub meaning: String,
    /// How many tracks that is, taken alone; `None` of what says nothing about tracks, and of
    /// likeness, of which there is always a little more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracks: Option<usize>,
    /// Why it has no effect, as half a sentence in English; `None` where it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_aside: Option<String>,
}

/// A request for a mix by a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Prompted {
    /// The request, with what the prompt says.
    pub request: MixRequest,
    /// The dial where the words set it: whoever said so chose it, which matters to an experiment
    /// that varies it.
    pub explore: Option<f32>,
    /// What it was taken to mean.
    pub reading: PromptReading,
}

/// Why no mix can be made by a prompt. Its `Display` is an English sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptProblem {
    /// What the prompt was taken to mean, as far as it was understood.
    pub reading: PromptReading,
    kind: ProblemKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProblemKind {
    NotUnderstood,
    NothingTells,
    NoTrack,
}

impl std::error::Error for PromptProblem {}

impl fmt::Display for PromptProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let understood = &self.reading.understood;
        match self.kind {
            ProblemKind::NotUnderstood => f.write_str(
                "none of this is understood; try words such as mellow, not too slow, 90s, rock, \
                 like and an artist, mostly new, an hour",
            ),
            ProblemKind::NothingTells => {
                let why = understood.iter().filter_map(|part| {
                    Some(format!("“{}”: {}", part.words, part.set_aside.as_ref()?))
                });
                write!(f, "nothing here tells which tracks these are ({})", joined(why))
            }
            ProblemKind::NoTrack => {
                let counts = understood.iter().filter_map(|part| {
                    let tracks = part.tracks.filter(|_| part.set_aside.is_none())?;
                    Some(format!("“{}” {}", part.words, meaning::counted(tracks)))
                });
                write!(f, "no track is all of this together: {}", joined(counts))
            }
        }
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// What a stretch of a prompt means.
#[derive(Clone, Debug, PartialEq)]
enum Meaning {
    Condition(Condition),
    Setting(Setting),
}

/// What tracks must be, or must not be.
#[derive(Clone, Debug, PartialEq)]
struct Condition {
    property: Property,
    wanted: bool,
}

/// What can be said of a track.
#[derive(Clone, Debug, PartialEq)]
enum Property {
    /// A feature lies between two values, both included. `is_soft` where a track may come near it.
    Sound { feature: AudioFeature, least: f32, most: f32, is_soft: bool },
    /// Any of these tags of the network fits its file.
    Tagged { tags: &'static [&'static str] },
    /// It was released in these years, both included.
    Released { first: u16, last: u16 },
    /// It, or its artist elsewhere, is of a genre in whose name these words are.
    Genre { squeezed: String, said: String },
    /// It is by an artist.
    By(ArtistIdx),
    /// It is like the tracks of an artist.
    LikeArtist(ArtistIdx),
    /// It is like a track.
    LikeTrack(TrackIdx),
    /// It is such a version.
    Version(Version),
    /// It is among the popular ones.
    Popular,
}

/// What a prompt says of the mix rather than of its tracks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Setting {
    Explore(f32),
    Familiarity(Familiarity),
    Tracks(u32),
    Minutes(u32),
}

/// Kinds of meaning: of several wanted conditions of a kind that is alternative any will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Sound,
    Tagged,
    Released,
    Genre,
    By,
    Like,
    Version,
    Popular,
    Setting,
}

impl Meaning {
    fn condition(&self) -> Option<&Condition> {
        match self {
            Self::Condition(condition) => Some(condition),
            Self::Setting(_) => None,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Condition(condition) => condition.property.kind(),
            Self::Setting(_) => Kind::Setting,
        }
    }
}

impl Property {
    fn kind(&self) -> Kind {
        match self {
            Self::Sound { .. } => Kind::Sound,
            Self::Tagged { .. } => Kind::Tagged,
            Self::Released { .. } => Kind::Released,
            Self::Genre { .. } => Kind::Genre,
            Self::By(_) => Kind::By,
            Self::LikeArtist(_) | Self::LikeTrack(_) => Kind::Like,
            Self::Version(_) => Kind::Version,
            Self::Popular => Kind::Popular,
        }
    }
}

impl Kind {
    /// Whether one of several will do.
    fn is_alternative(self) -> bool {
        matches!(self, Self::Released | Self::Genre | Self::By | Self::Like | Self::Version)
    }
}

impl Setting {
    fn is_chosen(self, chosen: Chosen) -> bool {
        match self {
            Self::Explore(_) => chosen.explore,
            Self::Familiarity(_) => chosen.familiarity,
            Self::Tracks(_) | Self::Minutes(_) => chosen.length,
        }
    }
}

impl Snapshot {
    /// A request with what some words say: which tracks to choose from, the dial, the length. The
    /// request keeps what was `chosen`. The first prompt of a snapshot reads the names of its
    /// catalogue, later ones take some passes over the tracks: one or two for each of sixteen
    /// parts.
    ///
    /// # Errors
    /// [`Error::Prompt`] where nothing of it is understood or nothing here fits it.
    ///
    /// # Examples
    /// ```
    /// # use segue::{Chosen, ImportOptions, Library, ListenerId, MixRequest, Timestamp};
    /// # let folder = tempfile::tempdir()?;
    /// # let table = folder.path().join("tracks.csv");
    /// # let rows = "track_id,track_name,artist_name,tempo,year\n\
    /// #             t1,Slow,Ann,72,1994\nt2,Fast,Ann,140,1994\n";
    /// # std::fs::write(&table, rows)?;
    /// # let mut library = Library::open(folder.path().join("library"))?;
    /// # library.import(&[table], &ImportOptions::new(ListenerId::new("ann")), &mut ())?;
    /// let snapshot = library.snapshot()?;
    /// let request = MixRequest::new(Timestamp::UNIX_EPOCH);
    /// let prompted = snapshot.prompted("slow, 90s, glittering", request, Chosen::default())?;
    /// assert_eq!(prompted.request.within.unwrap().len(), 1);
    /// assert_eq!(prompted.reading.understood[1].meaning, "released 1990 to 1999");
    /// assert_eq!(prompted.reading.not_understood, ["glittering"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn prompted(&self, text: &str, request: MixRequest, chosen: Chosen) -> Result<Prompted> {
        let text = shortened(text);
        let vocabulary = Vocabulary::of(&self.catalogue, &self.prompt_names);
        let parts = reader::read(&self.catalogue, vocabulary, text, year_of(request.now));
        let meanings = parts.iter().flat_map(|part| &part.meanings);
        let conditions = meanings.clone().filter_map(Meaning::condition);
        let matcher = Matcher::of(self, conditions);
        let all = matcher.all();
        let mean_ms = self.mean_duration_ms(&all);
        let is_overruled = |setting: Setting| {
            setting.is_chosen(chosen) && setting.on(request.clone(), mean_ms) != request
        };
        let reading = self.reading(text, &parts, &matcher, is_overruled);
        let settings = meanings.filter_map(|meaning| match meaning {
            Meaning::Setting(setting) => Some(*setting).filter(|one| !one.is_chosen(chosen)),
            Meaning::Condition(_) => None,
        });
        let settings: Vec<Setting> = settings.collect();
        let problem = |kind, reading| Err(Error::Prompt(Box::new(PromptProblem { reading, kind })));
        if reading.understood.is_empty() {
            return problem(ProblemKind::NotUnderstood, reading);
        }
        if reading.understood.iter().all(|part| part.is_set_aside_for_good()) {
            return problem(ProblemKind::NothingTells, reading);
        }
        let request =
            settings.iter().fold(request, |request, setting| setting.on(request, mean_ms));
        let explore = settings.iter().rev().find_map(|setting| match setting {
            Setting::Explore(explore) => Some(*explore),
            _ => None,
        });
        if !matcher.has_any() {
            return Ok(Prompted { request, explore, reading });
        }
        let all = self.among(all, request.within.as_deref());
        let matches = matcher.matches(all, &request);
        if matches.rows.is_empty() {
            return problem(ProblemKind::NoTrack, reading);
        }
        let mut reading = reading;
        if matches.near > 0 {
            let exact = matches.rows.len() - matches.near;
            reading.notes.push(meaning::nearly(exact, matches.near));
        }
        let near = matches.rows[matches.rows.len() - matches.near..].iter().copied();
        let alike: Vec<TrackIdx> = near.filter(|&row| matcher.is_alike(row)).collect();
        say_widened(&mut reading, &parts, &matcher, &alike);
        let near = self.among(matches.rows, request.within.as_deref()).into_iter();
        let within = Some(near.map(|row| self.catalogue.track(row).id.clone()).collect());
        Ok(Prompted { request: MixRequest { within, ..request }, explore, reading })
    }

    /// Words that this library can answer, as an example for a listener of it.
    pub fn prompt_example(&self, profile: &Profile) -> String {
        let tracks = || self.catalogue.rows().map(|row| self.catalogue.track(row));
        let has_energy = |row| self.catalogue.feature(row, AudioFeature::Energy).is_some();
        let sounds = self.catalogue.rows().any(has_energy);
        let decade = tracks().find_map(|track| track.year).map(|year| year / 10 * 10);
        let artist = self.most_played_artist(profile);
        let is_any_new = profile.unknown_works(&self.catalogue) > 0;
        let words = [
            sounds.then(|| "mellow".to_owned()),
            decade.map(|decade| format!("{decade}s")),
            artist.map(|artist| format!("like {artist}")),
            is_any_new.then(|| "mostly new".to_owned()),
            Some("an hour".to_owned()),
        ];
        joined(words.into_iter().flatten())
    }

    fn most_played_artist(&self, profile: &Profile) -> Option<&str> {
        let mut plays: FxHashMap<ArtistIdx, u32> = FxHashMap::default();
        for interaction in &profile.interactions {
            if let Some(artist) = self.catalogue.artist(interaction.track) {
                *plays.entry(artist).or_default() += interaction.plays;
            }
        }
        let most = plays.into_iter().max_by_key(|&(artist, plays)| (plays, artist))?;
        Some(self.catalogue.artist_name(most.0))
    }

    /// Those rows that a request may choose from.
    fn among(&self, rows: Vec<TrackIdx>, within: Option<&[TrackId]>) -> Vec<TrackIdx> {
        let Some(within) = within else { return rows };
        let within: FxHashSet<TrackIdx> =
            within.iter().filter_map(|id| self.catalogue.find(id)).collect();
        rows.into_iter().filter(|row| within.contains(row)).collect()
    }

    fn reading(
        &self,
        text: &str,
        parts: &[Part],
        matcher: &Matcher<'_>,
        is_overruled: impl Fn(Setting) -> bool,
    ) -> PromptReading {
        let mut reading = PromptReading { notes: matcher.notes(), ..PromptReading::default() };
        for part in parts {
            let words = text[part.place.clone()].to_owned();
            if part.meanings.is_empty() {
                reading.not_understood.push(words);
                continue;
            }
            let conditions: Vec<&Condition> =
                part.meanings.iter().filter_map(Meaning::condition).collect();
            let is_like = |condition: &&Condition| condition.property.kind() == Kind::Like;
            let is_counted = !conditions.is_empty() && !conditions.iter().any(is_like);
            let overruled = part.meanings.iter().any(
                |meaning| matches!(meaning, Meaning::Setting(setting) if is_overruled(*setting)),
            );
            let overruled = overruled.then(|| OVERRULED.to_owned());
            reading.understood.push(UnderstoodPart {
                words,
                read_as: part.read_as.clone(),
                meaning: meaning::of(&self.catalogue, &part.meanings, matcher),
                tracks: is_counted.then(|| matcher.count(&conditions)),
                set_aside: matcher.unknown(&conditions).or(overruled),
            });
        }
        reading
    }

    /// How long the tracks of some rows take on average, as far as that is known.
    fn mean_duration_ms(&self, rows: &[TrackIdx]) -> f64 {
        let known = rows.iter().filter_map(|&row| self.catalogue.track(row).duration_ms());
        let (sum, count) =
            known.fold((0.0, 0.0), |(sum, count), ms| (sum + f64::from(ms), count + 1.0));
        if count == 0.0 { USUAL_DURATION_MS } else { sum / count }
    }
}

/// Says behind every genre that was widened of which genres the tracks are that were taken for it.
fn say_widened(
    reading: &mut PromptReading,
    parts: &[Part],
    matcher: &Matcher<'_>,
    taken: &[TrackIdx],
) {
    let understood = parts.iter().filter(|part| !part.meanings.is_empty());
    for (part, said) in understood.zip(&mut reading.understood) {
        let conditions: Vec<&Condition> =
            part.meanings.iter().filter_map(Meaning::condition).collect();
        let alike = matcher.alike(&conditions, taken);
        if !alike.is_empty() {
            said.meaning.push_str(&meaning::alike(&alike));
        }
    }
}

/// Why a setting of a prompt has no effect.
const OVERRULED: &str = "set otherwise beside the words";

impl UnderstoodPart {
    fn is_set_aside_for_good(&self) -> bool {
        self.set_aside.as_deref().is_some_and(|why| why != OVERRULED)
    }
}

impl Setting {
    /// The request with this setting. `mean_ms` is how long a track takes.
    fn on(self, request: MixRequest, mean_ms: f64) -> MixRequest {
        match self {
            Self::Explore(explore) => MixRequest { explore, ..request },
            Self::Familiarity(familiarity) => MixRequest { familiarity, ..request },
            Self::Tracks(tracks) => MixRequest { length: tracks.clamp(1, LONGEST_MIX), ..request },
            Self::Minutes(minutes) => {
                let tracks = (f64::from(minutes) * 60_000.0 / mean_ms).round() as u32;
                MixRequest { length: tracks.clamp(1, LONGEST_MIX), ..request }
            }
        }
    }
}

/// The year of a moment, which "recent" counts from.
fn year_of(now: Timestamp) -> u16 {
    let year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
    u16::try_from(year)
        .unwrap_or_default()
        .clamp(*numbers::YEARS.start() + 100, *numbers::YEARS.end())
}

/// The text as far as it is read.
fn shortened(text: &str) -> &str {
    let end = (0..=tokens::LONGEST.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or(0)]
}
