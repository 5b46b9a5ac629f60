//! How a slate stands in the row of an impression: as bytes, without a loss, some 1,500 for thirty
//! picks from a short-list of 120.
//!
//! - Integers take 7 bits a byte, the lowest first, the last byte without its highest bit.
//! - What mixes say again and again is a text with a key: the configuration without its seed, and
//!   names within reasons.
//! - A pick names its track by the place on the short-list.
//!
//! ```text
//! slate    = version, u64 seed, config, n beside, n offers, n factors, n picks
//! offer    = track << 3 | flags, f32 score
//! pick     = place on the short-list + 1 (or 0 and track), drawn, flags, f64 propensity unless it
//!            is 1, f64 error unless it is 0, f32 likability, f32 uncertainty, sources, reason
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

/// A slate with keys in place of names.
pub(crate) struct StoredSlate {
    config: Key,
    seed: u64,
    beside: Vec<Key>,
    shortlist: Vec<StoredOffer>,
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
        Ok(Self {
            config: text_of(&text_of_config(config))?,
            seed: config.seed,
            beside,
            factors: shortlist.iter().flat_map(|offered| offered.factors.clone()).collect(),
            shortlist: offers.map(|(offered, track)| StoredOffer::of(offered, track)).collect(),
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
        writer.counted(&self.shortlist, |writer, offer| offer.write(writer));
        writer.counted(&self.factors, |writer, factor| writer.whole(&factor.to_le_bytes()));
        writer.counted(&self.picks, |writer, pick| pick.write(writer, &self.shortlist));
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
        let shortlist = reader.counted(StoredOffer::read)?;
        let factors = reader.counted(|reader| reader.whole().map(f32::from_le_bytes))?;
        let picks = reader.counted(|reader| StoredPick::read(reader, &shortlist))?;
        reader.is_at_end().then_some(Self { config, seed, beside, shortlist, factors, picks })
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

    fn write(&self, writer: &mut Writer) {
        let flags = u64::from(self.new_to_listener)
            | u64::from(self.new_artist) << 1
            | u64::from(self.arrival) << 2;
        writer.integer(u64::from(self.track) << 3 | flags);
        writer.whole(&self.score.to_le_bytes());
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let packed = reader.integer()?;
        Some(Self {
            track: Key::try_from(packed >> 3).ok()?,
            score: f32::from_le_bytes(reader.whole()?),
            new_to_listener: packed & 1 != 0,
            new_artist: packed & 2 != 0,
            arrival: packed & 4 != 0,
        })
    }
}

impl StoredPick {
    const NEW: u8 = 1;
    const NEW_ARTIST: u8 = 2;
    const CERTAIN: u8 = 4;
    const WITH_ERROR: u8 = 8;

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

    fn flags(&self) -> u8 {
        let flag = |is_set: bool, flag: u8| if is_set { flag } else { 0 };
        flag(self.new_to_listener, Self::NEW)
            | flag(self.new_artist, Self::NEW_ARTIST)
            | flag(self.propensity.to_bits() == 1f64.to_bits(), Self::CERTAIN)
            | flag(self.propensity_error.to_bits() != 0, Self::WITH_ERROR)
    }

    fn write(&self, writer: &mut Writer, shortlist: &[StoredOffer]) {
        match shortlist.iter().position(|offer| offer.track == self.track) {
            Some(place) => writer.integer(place as u64 + 1),
            None => {
                writer.integer(0);
                writer.integer(self.track.into());
            }
        }
        writer.integer(self.drawn.into());
        let flags = self.flags();
        writer.byte(flags);
        if flags & Self::CERTAIN == 0 {
            writer.whole(&self.propensity.to_le_bytes());
        }
        if flags & Self::WITH_ERROR != 0 {
            writer.whole(&self.propensity_error.to_le_bytes());
        }
        writer.whole(&self.likability.to_le_bytes());
        writer.whole(&self.uncertainty.to_le_bytes());
        writer.integer(self.sources.bits().into());
        self.reason.write(writer);
    }

    fn read(reader: &mut Reader<'_>, shortlist: &[StoredOffer]) -> Option<Self> {
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
            sources: Sources::from_bits(u16::try_from(reader.integer()?).ok()?),
            reason: StoredReason::read(reader)?,
        })
    }
}
