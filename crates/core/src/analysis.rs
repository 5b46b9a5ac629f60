//! What was measured in a file of a track: descriptors, and the embedding and tags of a network.
//!
//! It is another source than the [audio features](crate::AudioFeatures) that services tell: both
//! have a tempo, but numbers of the two are never compared with each other.

use half::f16;

/// One number that is measured in a sound file. [`AudioAnalysis`] holds a [`Measurement`] of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Descriptor {
    /// Integrated loudness, gated, in LUFS.
    Loudness,
    /// Between soft and loud parts, in LU.
    LoudnessRange,
    /// Greatest level at four times the sample rate, in dBTP.
    TruePeak,
    /// Milliseconds until the first sample above -60 dBFS.
    SilenceBefore,
    /// Milliseconds from the last sample above -60 dBFS.
    SilenceBehind,
    /// Notes and beats that begin, a second.
    OnsetRate,
    /// Greatest autocorrelation of the onset curve, 0 to 1.
    PulseClarity,
    /// Beats a minute.
    Tempo,
    /// Half or twice the tempo, whichever is likelier.
    TempoAlternative,
    /// How far all notes are from 440 Hz for A, in cents.
    Tuning,
    /// 0 to 11: major from C on in semitones; 12 to 23: minor.
    Key,
    /// Mean middle of the spectrum, in Hz.
    SpectralCentroid,
    /// How much that changes, in Hz.
    SpectralCentroidDeviation,
    /// Mean frequency below which 85 % of the power is, in Hz.
    SpectralRolloff,
    /// 0 of a tone to 1 of noise, over mel bands.
    SpectralFlatness,
}

/// What is always so of a descriptor, whatever was measured.
struct DescriptorFacts {
    name: &'static str,
    unit: &'static str,
    definition: &'static str,
    source: &'static str,
}

const EBU: &str = "EBU R 128; ITU-R BS.1770-4, EBU Tech 3341";
const PEETERS: &str = "Peeters 2004, A large set of audio features";

impl Descriptor {
    /// How many there are.
    pub const COUNT: usize = 15;

    /// All of them, in the order in which they are stored, which never changes.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Loudness,
        Self::LoudnessRange,
        Self::TruePeak,
        Self::SilenceBefore,
        Self::SilenceBehind,
        Self::OnsetRate,
        Self::PulseClarity,
        Self::Tempo,
        Self::TempoAlternative,
        Self::Tuning,
        Self::Key,
        Self::SpectralCentroid,
        Self::SpectralCentroidDeviation,
        Self::SpectralRolloff,
        Self::SpectralFlatness,
    ];

    /// Its name in JSON and in the documentation, such as `true_peak`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Its unit; empty where it has none.
    pub fn unit(self) -> &'static str {
        self.facts().unit
    }

    /// What it says, as half a sentence.
    pub fn definition(self) -> &'static str {
        self.facts().definition
    }

    /// Whose definition that is.
    pub fn source(self) -> &'static str {
        self.facts().source
    }

    fn facts(self) -> DescriptorFacts {
        match self {
            Self::Loudness => DescriptorFacts {
                name: "loudness",
                unit: "LUFS",
                definition: "integrated loudness, gated",
                source: EBU,
            },
            Self::LoudnessRange => DescriptorFacts {
                name: "loudness_range",
                unit: "LU",
                definition: "between soft and loud parts",
                source: "EBU Tech 3342",
            },
            Self::TruePeak => DescriptorFacts {
                name: "true_peak",
                unit: "dBTP",
                definition: "greatest level at four times the rate",
                source: "ITU-R BS.1770-4, annex 2",
            },
            Self::SilenceBefore => DescriptorFacts {
                name: "silence_before",
                unit: "ms",
                definition: "until the first sample above -60 dBFS",
                source: "Segue",
            },
            Self::SilenceBehind => DescriptorFacts {
                name: "silence_behind",
                unit: "ms",
                definition: "from the last sample above -60 dBFS",
                source: "Segue",
            },
            Self::OnsetRate => DescriptorFacts {
                name: "onset_rate",
                unit: "1/s",
                definition: "notes and beats that begin",
                source: "Böck and Widmer 2013, SuperFlux",
            },
            Self::PulseClarity => DescriptorFacts {
                name: "pulse_clarity",
                unit: "",
                definition: "greatest autocorrelation of the onset curve, 0 to 1",
                source: "Lartillot and others 2008",
            },
            Self::Tempo => DescriptorFacts {
                name: "tempo",
                unit: "bpm",
                definition: "beats a minute",
                source: "after Percival and Tzanetakis 2014",
            },
            Self::TempoAlternative => DescriptorFacts {
                name: "tempo_alternative",
                unit: "bpm",
                definition: "half or twice the tempo, whichever is likelier",
                source: "after Percival and Tzanetakis 2014",
            },
            Self::Tuning => DescriptorFacts {
                name: "tuning",
                unit: "cents",
                definition: "how far all notes are from 440 Hz for A",
                source: "Gómez 2006, Tonal description",
            },
            Self::Key => DescriptorFacts {
                name: "key",
                unit: "",
                definition: "0 to 11: major from C on in semitones; 12 to 23: minor",
                source: "Krumhansl 1990; profiles of Albrecht and Shanahan 2013",
            },
            Self::SpectralCentroid => DescriptorFacts {
                name: "spectral_centroid",
                unit: "Hz",
                definition: "mean middle of the spectrum",
                source: PEETERS,
            },
            Self::SpectralCentroidDeviation => DescriptorFacts {
                name: "spectral_centroid_deviation",
                unit: "Hz",
                definition: "how much that changes",
                source: PEETERS,
            },
            Self::SpectralRolloff => DescriptorFacts {
                name: "spectral_rolloff",
                unit: "Hz",
                definition: "mean frequency below which 85 % of the power is",
                source: PEETERS,
            },
            Self::SpectralFlatness => DescriptorFacts {
                name: "spectral_flatness",
                unit: "",
                definition: "0 of a tone to 1 of noise, over mel bands",
                source: PEETERS,
            },
        }
    }
}

/// What a descriptor came to on one track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurement {
    /// How much, in the unit of the descriptor.
    pub value: f32,
    /// From 0 to 1. What follows from its definition is 1; of an estimate it is what the estimate
    /// says of itself; of a short or damaged file both are less.
    pub confidence: f32,
}

/// The tags that the network gives, in its order: the fifty most frequent of Last.fm's, as people
/// write them.
pub const SOUND_TAGS: [&str; 50] = [
    "rock",
    "pop",
    "alternative",
    "indie",
    "electronic",
    "female vocalists",
    "dance",
    "00s",
    "alternative rock",
    "jazz",
    "beautiful",
    "metal",
    "chillout",
    "male vocalists",
    "classic rock",
    "soul",
    "indie rock",
    "Mellow",
    "electronica",
    "80s",
    "folk",
    "90s",
    "chill",
    "instrumental",
    "punk",
    "oldies",
    "blues",
    "hard rock",
    "ambient",
    "acoustic",
    "experimental",
    "female vocalist",
    "guitar",
    "Hip-Hop",
    "70s",
    "party",
    "country",
    "easy listening",
    "sexy",
    "catchy",
    "funk",
    "electro",
    "heavy metal",
    "Progressive rock",
    "60s",
    "rnb",
    "indie pop",
    "sad",
    "House",
    "happy",
];

/// How many numbers the embedding of a track has.
pub const EMBEDDING: usize = 200;

/// How many numbers describe the timbre: mel-frequency cepstral coefficients, 13 means and then
/// their 13 standard deviations.
pub const TIMBRE: usize = 26;

/// What was measured in a file of a track. It says nothing of names or of who plays it.
///
/// ```
/// use segue_core::{AudioAnalysis, Descriptor, Measurement};
///
/// let mut analysis = AudioAnalysis::new(1);
/// analysis.set(Descriptor::Tempo, Measurement { value: 92.0, confidence: 0.8 });
/// assert_eq!(analysis.value(Descriptor::Tempo), Some(92.0));
/// assert_eq!(AudioAnalysis::from_bytes(1, &analysis.to_bytes()), Some(analysis));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AudioAnalysis {
    /// Which version of the analysis it is; the same file may have other values under another.
    pub version: u32,
    measurements: [Option<Measurement>; Descriptor::COUNT],
    timbre: Vec<f32>,
    embedding: Vec<f16>,
    tags: Vec<f16>,
}

impl AudioAnalysis {
    /// One in which nothing was found.
    pub fn new(version: u32) -> Self {
        Self {
            version,
            measurements: [None; Descriptor::COUNT],
            timbre: Vec::new(),
            embedding: Vec::new(),
            tags: Vec::new(),
        }
    }

    /// Sets what a descriptor came to. What is not finite leaves it missing.
    pub fn set(&mut self, descriptor: Descriptor, measurement: Measurement) {
        let is_number = measurement.value.is_finite() && measurement.confidence.is_finite();
        self.measurements[descriptor as usize] = is_number.then_some(measurement);
    }

    /// Sets the timbre: `[TIMBRE]` numbers. Another number of them is left out, as are such that
    /// are not finite.
    pub fn set_timbre(&mut self, timbre: &[f32]) {
        if timbre.len() == TIMBRE && timbre.iter().all(|x| x.is_finite()) {
            self.timbre = timbre.to_vec();
        }
    }

    /// Sets what the network made of the sound: `[EMBEDDING]` numbers, and how likely each of
    /// [`SOUND_TAGS`] is. Both are kept to half precision. Other lengths are left out, as are
    /// numbers that are not finite.
    pub fn set_embedding(&mut self, embedding: &[f32], tags: &[f32]) {
        let is_whole = embedding.len() == EMBEDDING && tags.len() == SOUND_TAGS.len();
        if is_whole && embedding.iter().chain(tags).all(|x| f16::from_f32(*x).is_finite()) {
            self.embedding = embedding.iter().map(|&x| f16::from_f32(x)).collect();
            self.tags = tags.iter().map(|&x| f16::from_f32(x)).collect();
        }
    }

    /// What a descriptor came to; `None` where there was nothing to measure.
    pub fn measurement(&self, descriptor: Descriptor) -> Option<Measurement> {
        self.measurements[descriptor as usize]
    }

    /// The value of a descriptor, whatever its confidence.
    pub fn value(&self, descriptor: Descriptor) -> Option<f32> {
        Some(self.measurement(descriptor)?.value)
    }

    /// Every descriptor that was measured, in the order of [`Descriptor::ALL`].
    pub fn measurements(&self) -> impl Iterator<Item = (Descriptor, Measurement)> {
        Descriptor::ALL
            .into_iter()
            .filter_map(|descriptor| Some((descriptor, self.measurement(descriptor)?)))
    }

    /// The timbre: `[TIMBRE]` numbers, or none.
    pub fn timbre(&self) -> &[f32] {
        &self.timbre
    }

    /// `[EMBEDDING]` numbers in which tracks that sound alike lie near each other, once the mean
    /// over a collection is taken away; none where the file was too short.
    pub fn embedding(&self) -> impl ExactSizeIterator<Item = f32> {
        self.embedding.iter().map(|x| x.to_f32())
    }

    /// How likely each of [`SOUND_TAGS`] is, 0 to 1: guesses of the network, which sum to nothing
    /// in particular; none where the file was too short.
    pub fn tags(&self) -> impl ExactSizeIterator<Item = f32> {
        self.tags.iter().map(|x| x.to_f32())
    }

    /// How likely one tag of [`SOUND_TAGS`] is; `None` where the network was given nothing, or has
    /// no such tag.
    pub fn tag(&self, name: &str) -> Option<f32> {
        let place = SOUND_TAGS.iter().position(|tag| *tag == name)?;
        self.tags.get(place).map(|x| x.to_f32())
    }

    /// The likeliest tags, likeliest first: at most `most`, each at least as likely as `least`.
    pub fn likely_tags(&self, most: usize, least: f32) -> Vec<(&'static str, f32)> {
        let mut tags: Vec<(&str, f32)> =
            SOUND_TAGS.into_iter().zip(self.tags()).filter(|(_, p)| *p >= least).collect();
        tags.sort_by(|a, b| b.1.total_cmp(&a.1));
        tags.truncate(most);
        tags
    }

    /// All of it but the version, some 900 bytes, the same on any machine.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for measurement in self.measurements {
            let missing = Measurement { value: f32::NAN, confidence: 0.0 };
            let Measurement { value, confidence } = measurement.unwrap_or(missing);
            bytes.extend(value.to_le_bytes());
            bytes.extend(confidence.to_le_bytes());
        }
        bytes.push(self.timbre.len() as u8);
        bytes.extend(self.timbre.iter().flat_map(|x| x.to_le_bytes()));
        bytes.push(u8::from(!self.embedding.is_empty()));
        bytes.extend(self.embedding.iter().chain(&self.tags).flat_map(|x| x.to_le_bytes()));
        bytes
    }

    /// The analysis of that version back from its bytes; `None` if they are no such bytes.
    pub fn from_bytes(version: u32, bytes: &[u8]) -> Option<Self> {
        let mut rest = Bytes(bytes);
        let mut analysis = Self::new(version);
        for descriptor in Descriptor::ALL {
            let [value, confidence] = [rest.f32()?, rest.f32()?];
            analysis.set(descriptor, Measurement { value, confidence });
        }
        let timbre = usize::from(rest.u8()?);
        let timbre: Vec<f32> = (0..timbre).map(|_| rest.f32()).collect::<Option<_>>()?;
        analysis.set_timbre(&timbre);
        if rest.u8()? == 1 {
            let embedding = (0..EMBEDDING).map(|_| rest.f16()).collect::<Option<Vec<f32>>>()?;
            let tags = SOUND_TAGS.iter().map(|_| rest.f16()).collect::<Option<Vec<f32>>>()?;
            analysis.set_embedding(&embedding, &tags);
        }
        rest.0.is_empty().then_some(analysis)
    }
}

/// Numbers off the front of some bytes.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn f32(&mut self) -> Option<f32> {
        self.take().map(f32::from_le_bytes)
    }

    fn f16(&mut self) -> Option<f32> {
        self.take().map(|bytes| f16::from_le_bytes(bytes).to_f32())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn analysis() -> AudioAnalysis {
        let mut analysis = AudioAnalysis::new(3);
        analysis.set(Descriptor::Key, Measurement { value: 13.0, confidence: 0.25 });
        analysis.set(Descriptor::Loudness, Measurement { value: f32::NAN, confidence: 1.0 });
        analysis.set_timbre(&[1.5; TIMBRE]);
        let embedding: Vec<f32> = (0..EMBEDDING).map(|i| i as f32 / 7.0).collect();
        let tags: Vec<f32> = (0..SOUND_TAGS.len()).map(|i| i as f32 / 50.0).collect();
        analysis.set_embedding(&embedding, &tags);
        analysis
    }

    #[test]
    fn an_analysis_comes_back_from_its_bytes() {
        let analysis = analysis();
        let bytes = analysis.to_bytes();
        assert_eq!(AudioAnalysis::from_bytes(3, &bytes), Some(analysis.clone()));
        assert_eq!(analysis.measurements().count(), 1);
        let empty = AudioAnalysis::new(1);
        assert_eq!(AudioAnalysis::from_bytes(1, &empty.to_bytes()), Some(empty));
    }

    #[test]
    fn bytes_that_were_cut_or_prolonged_are_none() {
        let bytes = analysis().to_bytes();
        assert!((0..bytes.len()).all(|end| AudioAnalysis::from_bytes(3, &bytes[..end]).is_none()));
        assert_eq!(AudioAnalysis::from_bytes(3, &[bytes, vec![0]].concat()), None);
    }

    #[test]
    fn the_likeliest_tags_come_first() {
        let tags = analysis().likely_tags(2, 0.5);
        assert_eq!(tags.iter().map(|tag| tag.0).collect::<Vec<_>>(), ["happy", "House"]);
        assert!(analysis().likely_tags(50, 0.99).is_empty());
        assert!(analysis().tag("sad").is_some_and(|p| (p - 0.94).abs() < 1e-3));
        assert_eq!(analysis().tag("polka"), None);
    }
}
