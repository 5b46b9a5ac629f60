//! Who and what there is: people, recordings, and the communities that both belong to.

/// How large a made-up world is. None of its numbers may be zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlantedConfig {
    /// Same seed, same dumps.
    pub seed: u64,
    /// Listens of all people together.
    pub listens: u64,
    /// Recordings in the world. At least one a community is played.
    pub recordings: u32,
    /// People who listen.
    pub people: u32,
    /// Groups of people with a taste in common, each with its own artists.
    pub communities: u32,
    /// Days over which the listens are spread, roughly.
    pub days: u32,
    /// When the first day begins, in seconds since 1970.
    pub start_s: i64,
    /// Rows of a Parquet member. The real ones have 1,650,000.
    pub rows_a_member: usize,
    /// Rows of a group within a member.
    pub rows_a_group: usize,
}

impl Default for PlantedConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            listens: 20_000,
            recordings: 2_000,
            people: 60,
            communities: 4,
            days: 30,
            start_s: 1_780_272_000,
            rows_a_member: 6_000,
            rows_a_group: 1 << 20,
        }
    }
}

/// One in so many recordings is credited to two artists.
const JOINT_EVERY: u32 = 31;
/// One in so many has a second identifier, of another version.
const VERSION_EVERY: u32 = 7;
/// Recordings of an artist.
const RECORDINGS_AN_ARTIST: u32 = 10;
/// Recordings on a release.
pub(super) const RECORDINGS_A_RELEASE: u32 = 5;

/// A world: what there is in it, by number, without a list of it.
#[derive(Clone, Copy, Debug)]
pub struct PlantedWorld {
    /// How large it is.
    pub config: PlantedConfig,
}

/// What an identifier is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Recording,
    Version,
    Artist,
    Release,
}

/// A recording with all that a dump tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlantedRecording {
    /// Its number, from 0.
    pub number: u32,
    /// Whose community plays it.
    pub community: u32,
    /// Its identifier.
    pub mbid: String,
    /// The identifier of another version, for which the first one stands.
    pub version: Option<String>,
    /// Its artists, as they are credited.
    pub artist: String,
    /// The identifiers of these artists.
    pub artists: Vec<String>,
    /// The title.
    pub title: String,
    /// How long it is.
    pub duration_ms: u32,
}

impl PlantedWorld {
    /// A made-up world of that size. Nothing is drawn yet: each recording follows from its number.
    pub fn new(config: PlantedConfig) -> Self {
        Self { config }
    }

    /// The community of a person, who are numbered from 1.
    pub fn community_of_person(&self, user: u32) -> u32 {
        user % self.config.communities
    }

    /// The community that plays a recording most.
    pub fn community_of_recording(&self, recording: u32) -> u32 {
        recording % self.config.communities
    }

    /// The recording of that number. The lower it is, the more it is played in its community.
    pub fn recording(&self, number: u32) -> PlantedRecording {
        let artists = self.artists_of(number);
        let names: Vec<String> = artists.iter().map(|&artist| self.artist_name(artist)).collect();
        PlantedRecording {
            number,
            community: self.community_of_recording(number),
            mbid: self.mbid(Kind::Recording, number),
            version: self.has_version(number).then(|| self.mbid(Kind::Version, number)),
            artist: names.join(" & "),
            artists: artists.iter().map(|&artist| self.mbid(Kind::Artist, artist)).collect(),
            title: self.title(number),
            duration_ms: self.duration_ms(number),
        }
    }

    pub(super) fn has_version(&self, recording: u32) -> bool {
        (recording / self.config.communities) % VERSION_EVERY == 3
    }

    pub(super) fn duration_ms(&self, recording: u32) -> u32 {
        150_000 + (self.hash(6, recording) % 150_000) as u32
    }

    /// How many recordings a community has. Where they do not come out even, the rest is not
    /// played.
    pub(super) fn recordings_a_community(&self) -> u32 {
        (self.config.recordings / self.config.communities).max(1)
    }

    pub(super) fn artists_a_community(&self) -> u32 {
        (self.recordings_a_community() / RECORDINGS_AN_ARTIST).max(1)
    }

    /// The artists of a recording, by number: one or two of the same community.
    pub(super) fn artists_of(&self, recording: u32) -> Vec<u32> {
        let communities = self.config.communities;
        let (rank, community) = (recording / communities, recording % communities);
        let among = self.artists_a_community();
        let first = (rank % among) * communities + community;
        let second = ((rank + 1) % among) * communities + community;
        match rank % JOINT_EVERY {
            7 if second != first => vec![first, second],
            _ => vec![first],
        }
    }

    /// The release that a recording is on, by number.
    pub(super) fn release_of(&self, recording: u32) -> u32 {
        let rank = recording / self.config.communities;
        let album = rank / self.artists_a_community() / RECORDINGS_A_RELEASE;
        self.artists_of(recording)[0].wrapping_mul(64).wrapping_add(album)
    }

    fn artist_name(&self, artist: u32) -> String {
        let bits = self.hash(7, artist);
        let second = word(bits >> 30);
        if bits.is_multiple_of(5) {
            format!("The {second}")
        } else {
            format!("{} {second}", word(bits))
        }
    }

    fn title(&self, recording: u32) -> String {
        const OPENINGS: [&str; 16] = [
            "Blue", "Paper", "Slow", "Northern", "Glass", "Hollow", "Golden", "Second", "Distant",
            "Silver", "Wild", "Last", "Quiet", "Early", "Salt", "Open",
        ];
        let bits = self.hash(8, recording);
        format!("{} {}", OPENINGS[(bits >> 60) as usize], word(bits))
    }

    pub(super) fn release_name(&self, release: u32) -> String {
        word(self.hash(9, release))
    }

    /// An identifier as MusicBrainz makes them: random, version 4.
    pub(super) fn mbid(&self, kind: Kind, number: u32) -> String {
        identifier(self.hash(kind as u64, number))
    }

    /// The identifier that ListenBrainz gives to names, whatever they mean.
    pub(super) fn msid(&self, artist: &str, title: &str) -> String {
        let bytes = artist.bytes().chain([0]).chain(title.bytes());
        identifier(bytes.fold(self.config.seed, |hash, byte| mixed(hash ^ u64::from(byte))))
    }

    /// What is random about a thing of that number, and stays.
    pub(super) fn hash(&self, purpose: u64, number: u32) -> u64 {
        mixed(mixed(mixed(self.config.seed) ^ purpose) ^ u64::from(number))
    }
}

/// An identifier made of a hash.
fn identifier(high: u64) -> String {
    let low = mixed(high);
    let version = (high & !0xf000) | 0x4000;
    let variant = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        version >> 32,
        version >> 16 & 0xffff,
        version & 0xffff,
        variant >> 48,
        variant & 0xffff_ffff_ffff
    )
}

/// A step of SplitMix64 (Steele, Lea & Flood 2014): every bit of the argument changes half the bits
/// of the result.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A pronounceable word of two or three syllables, out of thirty bits.
fn word(bits: u64) -> String {
    const ONSETS: [&str; 16] =
        ["b", "br", "d", "f", "gl", "h", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v"];
    const NUCLEI: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
    const CODAS: [&str; 8] = ["", "", "", "l", "n", "r", "s", "th"];
    let syllables = if bits.is_multiple_of(3) { 2 } else { 3 };
    let mut word = String::new();
    for at in 0..syllables {
        let bits = (bits >> (10 * at)) as usize;
        word += ONSETS[bits & 15];
        word += NUCLEI[bits >> 4 & 7];
        word += CODAS[bits >> 7 & 7];
    }
    word[..1].make_ascii_uppercase();
    word
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn recordings_differ_in_identifier_and_in_names() {
        let world = PlantedWorld::new(PlantedConfig::default());
        let recordings: Vec<_> = (0..2_000).map(|number| world.recording(number)).collect();
        let mbids: BTreeSet<_> = recordings.iter().map(|found| &found.mbid).collect();
        let names: BTreeSet<_> =
            recordings.iter().map(|found| (&found.artist, &found.title)).collect();
        assert_eq!((mbids.len(), names.len()), (2_000, 2_000));
        assert!(recordings.iter().any(|found| found.artists.len() == 2));
    }

    #[test]
    fn artists_stay_in_their_community() {
        let world = PlantedWorld::new(PlantedConfig { communities: 7, ..Default::default() });
        for number in 0..2_000 {
            let communities = world.artists_of(number).into_iter().map(|artist| artist % 7);
            assert!(communities.into_iter().all(|found| found == number % 7), "{number}");
        }
    }
}
