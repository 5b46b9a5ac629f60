//! A file in, everything that is known of its sound out.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::AudioError;
use crate::decode::{DecodeReport, Decoder, SampleBlock};
use crate::descriptors::{self, SpectralDescriptors, SpectralMeter};
use crate::level::{EndSilence, Level, LevelMeter, SilenceMeter};
use crate::musicnn::{self, MelFrames, Musicnn, PatchPicker, SoundEmbedding};
use crate::print::{self, AudioPrint, PrintMeter};
use crate::resample::{MonoResampler, downmix};
use crate::rhythm::Rhythmic;
use crate::tags::{Tags, read_tags, tags_from_bytes};
use crate::timbre::Timbre;
use crate::tonality::Tonal;

/// One version for all descriptors. It is raised whenever the same file gives other values, so that
/// what was kept under an older one is measured again.
pub const VERSION: u32 = 1;

/// All that is known of a sound file. [`Analysis::summary`] is what a library keeps of it.
///
/// Values are `None` where there is nothing to measure: silence, or too short a file.
/// [`Analysis::summary`] lists every number by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// [`VERSION`] at the time of the analysis.
    pub version: u32,
    /// What became of the packets of the file.
    pub decoded: DecodeReport,
    /// What the file says of itself; empty where its tags cannot be read.
    pub tags: Tags,
    /// How loud it is.
    pub level: Level,
    /// How long it is silent at its ends.
    pub silence: EndSilence,
    /// Onsets, tempo and pulse.
    pub rhythm: Option<Rhythmic>,
    /// Tuning and key.
    pub tonality: Option<Tonal>,
    /// The colour of the sound.
    pub timbre: Option<Timbre>,
    /// The same recording has nearly the same print.
    pub print: AudioPrint,
    /// What the network heard.
    pub embedding: Option<SoundEmbedding>,
}

/// What turns files into [`Analysis`]: made once, shared among threads.
///
/// # Examples
/// ```no_run
/// # fn main() -> Result<(), segue_audio::AudioError> {
/// let analyser = segue_audio::Analyser::new();
/// let song = analyser.analyse("song.flac".as_ref())?;
/// println!("{:?} LUFS, {:?}", song.level.integrated_lufs, song.rhythm);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Analyser {
    network: Musicnn,
}

impl Analyser {
    /// Loads the network.
    pub fn new() -> Self {
        Self::default()
    }

    /// Analyses a file. It takes some 20 MB whatever the length.
    ///
    /// # Errors
    /// If the file cannot be opened, or no sound can be decoded from it. Broken packets and tags
    /// are no error.
    pub fn analyse(&self, path: &Path) -> Result<Analysis, AudioError> {
        let decoder = Decoder::open(path)?;
        let tags = read_tags(path).unwrap_or_default();
        self.measure(decoder, tags)
    }

    /// The same of a file in memory.
    ///
    /// # Errors
    /// As [`Analyser::analyse`].
    pub fn analyse_bytes(&self, content: Vec<u8>) -> Result<Analysis, AudioError> {
        let tags = tags_from_bytes(&content).unwrap_or_default();
        self.measure(Decoder::from_bytes(content)?, tags)
    }

    fn measure(&self, mut decoder: Decoder, tags: Tags) -> Result<Analysis, AudioError> {
        let mut meters: Option<Meters> = None;
        while let Some(block) = decoder.next_block() {
            match &mut meters {
                Some(meters) => meters.push(block),
                None => meters.insert(Meters::new(block)?).push(block),
            }
        }
        let decoded = decoder.finish()?;
        let empty = AudioError::Empty { broken_packets: decoded.broken_packets };
        let measured = meters.ok_or(empty)?.finish(&self.network, decoded.rate_hz);
        let SpectralDescriptors { rhythm, tonality, timbre } = measured.spectral;
        Ok(Analysis {
            version: VERSION,
            decoded,
            tags,
            level: measured.level,
            silence: measured.silence,
            rhythm,
            tonality,
            timbre,
            print: measured.print,
            embedding: measured.embedding,
        })
    }
}

/// Everything that listens to a stream.
struct Meters {
    mono: Vec<f32>,
    level: LevelMeter,
    silence: SilenceMeter,
    to_network: MonoResampler,
    mel: MelFrames,
    patches: PatchPicker,
    to_spectra: MonoResampler,
    spectral: SpectralMeter,
    to_print: MonoResampler,
    print: PrintMeter,
}

/// What they heard.
struct Measured {
    level: Level,
    silence: EndSilence,
    spectral: SpectralDescriptors,
    print: AudioPrint,
    embedding: Option<SoundEmbedding>,
}

impl Meters {
    fn new(first: SampleBlock<'_>) -> Result<Self, AudioError> {
        let rate = first.rate_hz;
        Ok(Self {
            mono: Vec::new(),
            level: LevelMeter::new(first.channels, rate)?,
            silence: SilenceMeter::default(),
            to_network: MonoResampler::new(rate, musicnn::RATE_HZ)?,
            mel: MelFrames::new(),
            patches: PatchPicker::default(),
            to_spectra: MonoResampler::new(rate, descriptors::RATE_HZ)?,
            spectral: SpectralMeter::new(),
            to_print: MonoResampler::new(descriptors::RATE_HZ, print::RATE_HZ)?,
            print: PrintMeter::new(),
        })
    }

    fn push(&mut self, block: SampleBlock<'_>) {
        self.level.push(block);
        self.silence.push(block);
        downmix(block, &mut self.mono);
        let Self { mono, to_network, mel, patches, to_spectra, spectral, to_print, print, .. } =
            self;
        to_network.push(mono, |samples| mel.push(samples, |frame| patches.push(frame)));
        to_spectra.push(mono, |samples| {
            spectral.push(samples);
            if !print.is_full() {
                to_print.push(samples, |samples| print.push(samples));
            }
        });
    }

    fn finish(mut self, network: &Musicnn, rate_hz: u32) -> Measured {
        let Self { to_network, mel, patches, to_spectra, spectral, to_print, print, .. } =
            &mut self;
        to_network.finish(|samples| mel.push(samples, |frame| patches.push(frame)));
        mel.finish(|frame| patches.push(frame));
        to_spectra.finish(|samples| {
            spectral.push(samples);
            to_print.push(samples, |samples| print.push(samples));
        });
        to_print.finish(|samples| print.push(samples));
        let heard = self.patches.finish();
        let heard: Vec<SoundEmbedding> = heard.iter().map(|patch| network.hear(patch)).collect();
        Measured {
            level: self.level.finish(),
            silence: self.silence.finish(rate_hz),
            spectral: self.spectral.finish(),
            print: self.print.finish(),
            embedding: SoundEmbedding::mean(&heard),
        }
    }
}
