//! How a slate stands in the row of an impression: as bytes, without a loss, some 1,300 for thirty
//! picks from a short-list of 120, so that three share a page.
//!
//! - Integers take 7 bits a byte, the lowest first, the last byte without its highest bit.
//! - What mixes say again and again is a text with a key: the configuration without its seed, and
//!   names within reasons.
//! - A short-list whose tracks are in the order of their ids, as the engine makes them, is kept in
//!   that of their keys, each as its distance to the one before.
//! - A pick names its track by the place on the short-list as it is kept.
//!
//! ```text
//! slate    = version, u64 seed, config, n beside, are offers in order of ids, n offers,
//!            n factors, n picks
//! offer    = track, flags << 5 | place of the score's highest byte (or 16 and that byte),
//!            the other three
//! pick     = place on the short-list + 1 (or 0 and track), drawn, flags, f64 propensity unless it
//!            is 1, f64 error unless it is 0, f32 likability, f32 uncertainty, sources unless they
//!            are those of the pick before, reason
//! reason   = how many values << 5 | kind, values (see `reasons`)
//! ```
//!
//! A table with a row for every pick was rejected: it costs a page of an index for each of them,
//! thirty random pages to flush for one mix, and no query needs it. So was packing rows with zstd:
//! what remains is scores and probabilities, which no packing makes smaller. Fewer digits of them
//! would; then a slate could not be drawn again from what was logged.

mod before;
mod reasons;
mod wire;

use rusqlite::{Connection, Row};
use segue_core::{ListenerId, Pick, Shortlisted, Slate, SlateConfig, Sources, TrackId};

use crate::keys::Key;
use crate::names::KnownNames;
use crate::slates::reasons::StoredReason;
use crate::slates::wire::{Reader, Writer};
use crate::{Result, StoreError};

pub(crate) use before::{compact_slates, move_picks_into_impressions};

/// The first byte: rows of another form would have another.
const FORM: u8 = 1;

/// The highest bytes of scores whose size is from 1/8192 to 8: scores have a standard deviation of
/// 1.
const USUAL_SCORES: [u8; 16] = [
    0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf, 0xc0,
];
/// Says that the highest byte is none of these.
const UNUSUAL_SCORE: u8 = USUAL_SCORES.len() as u8;

/// A slate with keys in place of names.
pub(crate) struct StoredSlate {
    config: Key,
    seed: u64,
    beside: Vec<Key>,
    shortlist: Vec<StoredOffer>,
    /// Whether the short-list was offered in the order of its ids, and is kept in that of its keys.
    is_by_id: bool,
    factors: Vec<f32>,
    picks: Vec<StoredPick>,
}

struct StoredOffer {
    track: Key,
    score: f32,
    new_to_listener: bool,
    new_artist: bool,
    arrival: bool,
}

struct StoredPick {
    track: Key,
    drawn: u32,
    propensity: f64,
    propensity_error: f64,
    likability: f32,
    uncertainty: f32,
    new_to_listener: bool,
    new_artist: bool,
    sources: Sources,
    reason: StoredReason,
}

impl StoredSlate {
    /// A slate in keys, given that of each track and, once all tracks are known, of each text.
    pub(crate) fn of(
        slate: &Slate,
        mut key_of: impl FnMut(&TrackId) -> Result<Key>,
        mut text_of: impl FnMut(&str) -> Result<Key>,
    ) -> Result<Self> {
        let Slate { config, picks, shortlist, .. } = slate;
        let shortlist_keys = shortlist.iter().map(|offered| key_of(&offered.track));
        let shortlist_keys = shortlist_keys.collect::<Result<Vec<_>>>()?;
        let beside = config.beside.iter().map(&mut key_of).collect::<Result<Vec<_>>>()?;
        let pick_keys = picks.iter().map(|pick| key_of(&pick.track)).collect::<Result<Vec<_>>>()?;
        let offers = shortlist.iter().zip(shortlist_keys);
        let picks = picks.iter().zip(pick_keys);
        let factors: Vec<f32> = shortlist.iter().flat_map(|one| one.factors.clone()).collect();
        // Factors lie in the order in which tracks were offered.
        let is_by_id =
            factors.is_empty() && shortlist.is_sorted_by(|one, next| one.track < next.track);
        let mut shortlist: Vec<_> =
            offers.map(|(offered, track)| StoredOffer::of(offered, track)).collect();
        if is_by_id {
            shortlist.sort_by_key(|offer| offer.track);
        }
        Ok(Self {
            config: text_of(&text_of_config(config))?,
            seed: config.seed,
            beside,
            shortlist,
            is_by_id,
            factors,
            picks: picks
                .map(|(pick, track)| StoredPick::of(pick, track, &mut text_of))
                .collect::<Result<_>>()?,
        })
    }

    /// The slate with its names, as it was logged.
    pub(crate) fn into_slate(
        self,
        connection: &Connection,
        names: &mut KnownNames,
        listener: ListenerId,
    ) -> Result<Slate> {
        let config = names.text(connection, self.config)?;
        let config: SlateConfig = serde_json::from_str(&config)
            .map_err(|error| StoreError::corrupt(format!("the configuration of a mix: {error}")))?;
        let mut track = |key| names.get(connection, key);
        let beside = self.beside.into_iter().map(&mut track).collect::<Result<_>>()?;
        let offered = |offer: &StoredOffer| Ok(offer.with_track(track(offer.track)?));
        let shortlist = self.shortlist.iter().map(offered);
        let mut shortlist = shortlist.collect::<Result<Vec<_>>>()?;
        if self.is_by_id {
            shortlist.sort_by(|one, other| one.track.cmp(&other.track));
        }
        give_factors(&self.factors, &mut shortlist)?;
        let picks = self.picks.into_iter().map(|pick| pick.into_pick(connection, names));
        let picks = picks.collect::<Result<_>>()?;
        let config = SlateConfig { seed: self.seed, beside, ..config };
        Ok(Slate { listener, config, picks, shortlist })
    }

    /// The keys of the tracks that were picked, in playing order.
    pub(crate) fn picked(&self) -> impl Iterator<Item = Key> {
        self.picks.iter().map(|pick| pick.track)
    }

    /// The keys of all tracks that it names.
    pub(crate) fn tracks(&self) -> impl Iterator<Item = Key> {
        let offered = self.shortlist.iter().map(|offer| offer.track);
        self.picked().chain(offered).chain(self.beside.iter().copied())
    }

    /// The keys of all texts that it names.
    pub(crate) fn texts(&self) -> impl Iterator<Item = Key> {
        let reasons = self.picks.iter().flat_map(|pick| pick.reason.texts().iter().copied());
        std::iter::once(self.config).chain(reasons)
    }

    /// The column.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(FORM);
        writer.whole(&self.seed.to_le_bytes());
        writer.integer(self.config.into());
        writer.counted(&self.beside, |writer, track| writer.integer((*track).into()));
        writer.byte(self.is_by_id.into());
        let mut before = 0;
        writer.counted(&self.shortlist, |writer, offer| {
            writer.integer((offer.track - before).into());
            before = if self.is_by_id { offer.track } else { 0 };
            offer.write(writer);
        });
        writer.counted(&self.factors, |writer, factor| writer.whole(&factor.to_le_bytes()));
        let mut sources = Sources::default();
        writer.counted(&self.picks, |writer, pick| {
            pick.write(writer, &self.shortlist, std::mem::replace(&mut sources, pick.sources));
        });
        writer.into_bytes()
    }

    /// The slate in a column of a row.
    ///
    /// # Errors
    /// As [`Self::from_bytes`].
    pub(crate) fn from_row(row: &Row<'_>, column: usize) -> Result<Self> {
        let bytes = row.get_ref(column)?.as_blob();
        Self::from_bytes(bytes.map_err(|_| StoreError::corrupt("a logged mix is no blob"))?)
    }

    /// The slate of a column.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for what [`Self::to_bytes`] never wrote.
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let cut_off = || StoreError::corrupt("a logged mix is cut off or damaged");
        Self::read(Reader::new(bytes)).ok_or_else(cut_off)
    }

    fn read(mut reader: Reader<'_>) -> Option<Self> {
        if reader.byte()? != FORM {
            return None;
        }
        let seed = u64::from_le_bytes(reader.whole()?);
        let config = reader.key()?;
        let beside = reader.counted(Reader::key)?;
        let is_by_id = reader.byte()? != 0;
        let mut before = 0;
        let shortlist = reader.counted(|reader| {
            let track = reader.key()?.checked_add(before)?;
            before = if is_by_id { track } else { 0 };
            StoredOffer::read(reader, track)
        })?;
        let factors = reader.counted(|reader| reader.whole().map(f32::from_le_bytes))?;
        let mut sources = Sources::default();
        let picks = reader.counted(|reader| {
            let pick = StoredPick::read(reader, &shortlist, sources)?;
            sources = pick.sources;
            Some(pick)
        })?;
        let slate = Self { config, seed, beside, shortlist, is_by_id, factors, picks };
        reader.is_at_end().then_some(slate)
    }
}

/// A configuration as text, without what differs from mix to mix.
fn text_of_config(config: &SlateConfig) -> String {
    let alike = SlateConfig { seed: 0, beside: Vec::new(), ..config.clone() };
    serde_json::to_string(&alike).expect("a configuration always serialises")
}

/// Gives the tracks of a short-list their factors, the same number each.
fn give_factors(factors: &[f32], shortlist: &mut [Shortlisted]) -> Result<()> {
    let width = factors.len().checked_div(shortlist.len()).unwrap_or(0);
    if width * shortlist.len() != factors.len() {
        return Err(StoreError::corrupt("the factors of a mix do not fit its short-list"));
    }
    for (listed, factors) in shortlist.iter_mut().zip(factors.chunks_exact(width.max(1))) {
        listed.factors = factors.to_vec();
    }
    Ok(())
}

impl StoredOffer {
    fn of(offered: &Shortlisted, track: Key) -> Self {
        let Shortlisted { score, new_to_listener, new_artist, arrival, .. } = *offered;
        Self { track, score, new_to_listener, new_artist, arrival }
    }

    fn with_track(&self, track: TrackId) -> Shortlisted {
        let Self { score, new_to_listener, new_artist, arrival, .. } = *self;
        Shortlisted { track, score, new_to_listener, new_artist, arrival, factors: Vec::new() }
    }

    /// All but the key.
    fn write(&self, writer: &mut Writer) {
        let flags = u8::from(self.new_to_listener)
            | u8::from(self.new_artist) << 1
            | u8::from(self.arrival) << 2;
        let [first, rest @ ..] = self.score.to_be_bytes();
        match USUAL_SCORES.iter().position(|usual| *usual == first) {
            Some(place) => writer.byte(flags << 5 | place as u8),
            None => {
                writer.byte(flags << 5 | UNUSUAL_SCORE);
                writer.byte(first);
            }
        }
        writer.whole(&rest);
    }

    fn read(reader: &mut Reader<'_>, track: Key) -> Option<Self> {
        let packed = reader.byte()?;
        let first = match packed & 31 {
            UNUSUAL_SCORE => reader.byte()?,
            place => *USUAL_SCORES.get(usize::from(place))?,
        };
        let [b, c, d] = reader.whole()?;
        Some(Self {
            track,
            score: f32::from_be_bytes([first, b, c, d]),
            new_to_listener: packed & 1 << 5 != 0,
            new_artist: packed & 1 << 6 != 0,
            arrival: packed & 1 << 7 != 0,
        })
    }
}

impl StoredPick {
    const NEW: u8 = 1;
    const NEW_ARTIST: u8 = 2;
    const CERTAIN: u8 = 4;
    const WITH_ERROR: u8 = 8;
    const OTHER_SOURCES: u8 = 16;

    fn of(pick: &Pick, track: Key, text_of: impl FnMut(&str) -> Result<Key>) -> Result<Self> {
        Ok(Self {
            track,
            drawn: pick.drawn,
            propensity: pick.propensity,
            propensity_error: pick.propensity_error,
            likability: pick.likability,
            uncertainty: pick.uncertainty,
            new_to_listener: pick.new_to_listener,
            new_artist: pick.new_artist,
            sources: pick.sources,
            reason: StoredReason::of(&pick.reason, text_of)?,
        })
    }

    fn into_pick(self, connection: &Connection, names: &mut KnownNames) -> Result<Pick> {
        Ok(Pick {
            track: names.get(connection, self.track)?,
            drawn: self.drawn,
            propensity: self.propensity,
            propensity_error: self.propensity_error,
            likability: self.likability,
            uncertainty: self.uncertainty,
            new_to_listener: self.new_to_listener,
            new_artist: self.new_artist,
            sources: self.sources,
            reason: self.reason.into_reason(|key| names.text(connection, key))?,
        })
    }

    /// `before` are the sources of the pick before.
    fn flags(&self, before: Sources) -> u8 {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        flag(self.new_to_listener, Self::NEW)
            | flag(self.new_artist, Self::NEW_ARTIST)
            | flag(self.propensity.to_bits() == 1f64.to_bits(), Self::CERTAIN)
            | flag(self.propensity_error.to_bits() != 0, Self::WITH_ERROR)
            | flag(self.sources != before, Self::OTHER_SOURCES)
    }

    fn write(&self, writer: &mut Writer, shortlist: &[StoredOffer], before: Sources) {
        match shortlist.iter().position(|offer| offer.track == self.track) {
            Some(place) => writer.integer(place as u64 + 1),
            None => {
                writer.integer(0);
                writer.integer(self.track.into());
            }
        }
        writer.integer(self.drawn.into());
        let flags = self.flags(before);
        writer.byte(flags);
        if flags & Self::CERTAIN == 0 {
            writer.whole(&self.propensity.to_le_bytes());
        }
        if flags & Self::WITH_ERROR != 0 {
            writer.whole(&self.propensity_error.to_le_bytes());
        }
        writer.whole(&self.likability.to_le_bytes());
        writer.whole(&self.uncertainty.to_le_bytes());
        if flags & Self::OTHER_SOURCES != 0 {
            writer.integer(self.sources.bits().into());
        }
        self.reason.write(writer);
    }

    fn read(reader: &mut Reader<'_>, shortlist: &[StoredOffer], before: Sources) -> Option<Self> {
        let track = match usize::try_from(reader.integer()?).ok()?.checked_sub(1) {
            Some(place) => shortlist.get(place)?.track,
            None => reader.key()?,
        };
        let drawn = u32::try_from(reader.integer()?).ok()?;
        let flags = reader.byte()?;
        let has = |flag| flags & flag != 0;
        let mut double = |is_there, otherwise| match is_there {
            true => reader.whole().map(f64::from_le_bytes),
            false => Some(otherwise),
        };
        let propensity = double(!has(Self::CERTAIN), 1.0)?;
        let propensity_error = double(has(Self::WITH_ERROR), 0.0)?;
        Some(Self {
            track,
            drawn,
            propensity,
            propensity_error,
            likability: f32::from_le_bytes(reader.whole()?),
            uncertainty: f32::from_le_bytes(reader.whole()?),
            new_to_listener: has(Self::NEW),
            new_artist: has(Self::NEW_ARTIST),
            sources: match has(Self::OTHER_SOURCES) {
                true => Sources::from_bits(u16::try_from(reader.integer()?).ok()?),
                false => before,
            },
            reason: StoredReason::read(reader)?,
        })
    }
}
