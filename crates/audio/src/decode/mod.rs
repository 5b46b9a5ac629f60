//! Sound files to samples, packet by packet.
//!
//! What a file is, its content decides, never its name. A packet that cannot be decoded is skipped
//! and counted; only a file without a single sample is an error. Memory does not grow with the
//! length of a file: a caller sees one packet's samples at a time. Symphonia reads containers and
//! all codecs but Opus, for which there is `opus`.

mod opus;

use std::any::Any;
use std::fs::File;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use serde::{Deserialize, Serialize};
use symphonia::core::audio::GenericAudioBufferRef;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::common::Limit;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use crate::AudioError;
use opus::OpusStream;

/// The sample rates that are read, in Hz.
const RATES_HZ: std::ops::RangeInclusive<u32> = 1_000..=768_000;
/// How many channels may be read.
const MOST_CHANNELS: usize = 64;
const LIMITS: &str = "rates of 1,000 to 768,000 Hz and up to 64 channels are";
/// After so many failures in a row a file is taken to hold nothing more.
const MOST_FAILURES: u32 = 1_000;
/// Symphonia reads tags on its way; here they are passed over, pictures of any size at that.
const TAG_BYTES: usize = 1 << 20;

/// What became of the packets of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecodeReport {
    /// The container by its content, such as `wave`, `ogg` or `isomp4`.
    pub container: String,
    /// The codec within it, such as `mp3`, `flac` or `opus`.
    pub codec: String,
    /// Samples a second of each channel.
    pub rate_hz: u32,
    /// How many channels there are.
    pub channels: usize,
    /// How many samples of each channel were decoded.
    pub frames: u64,
    /// How many packets were skipped: undecodable, or of another rate or number of channels.
    pub broken_packets: u64,
    /// The file declares clearly more sound than it holds, or ends within a packet.
    pub is_cut_short: bool,
}

impl DecodeReport {
    /// How long the decoded sound is.
    pub fn duration_ms(&self) -> u64 {
        self.frames.saturating_mul(1_000) / u64::from(self.rate_hz.max(1))
    }
}

/// The samples of one packet, channels interleaved, full scale at 1. Packets differ in length, and
/// the last may be short.
#[derive(Clone, Copy, Debug)]
pub struct SampleBlock<'a> {
    /// Samples from -1 to 1, those of all channels of one moment together. Never empty.
    pub samples: &'a [f32],
    /// How many channels there are.
    pub channels: usize,
    /// Samples a second of each channel.
    pub rate_hz: u32,
}

/// A sound file that is being decoded.
///
/// # Examples
/// ```no_run
/// # fn main() -> Result<(), segue_audio::AudioError> {
/// let mut decoder = segue_audio::decode::Decoder::open("song.ogg".as_ref())?;
/// while let Some(block) = decoder.next_block() {
///     println!("{} samples of {} channels", block.samples.len(), block.channels);
/// }
/// println!("{} packets were broken", decoder.finish()?.broken_packets);
/// # Ok(())
/// # }
/// ```
pub struct Decoder {
    reader: Box<dyn FormatReader>,
    codec: Codec,
    track: u32,
    declared_frames: Option<u64>,
    samples: Vec<f32>,
    failures: u32,
    report: DecodeReport,
    is_done: bool,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Decoder").field("report", &self.report).finish_non_exhaustive()
    }
}

enum Codec {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<OpusStream>),
}

impl Decoder {
    /// Opens a file and finds the first track of sound in it.
    ///
    /// # Errors
    /// If the file cannot be read, is no container that is known, or holds no codec that is.
    pub fn open(path: &Path) -> Result<Self, AudioError> {
        let file =
            File::open(path).map_err(|source| AudioError::Io { path: path.to_owned(), source })?;
        Self::new(Box::new(file))
    }

    /// The same of a file in memory.
    ///
    /// # Errors
    /// As [`Decoder::open`].
    pub fn from_bytes(content: Vec<u8>) -> Result<Self, AudioError> {
        Self::new(Box::new(Cursor::new(content)))
    }

    fn new(source: Box<dyn MediaSource>) -> Result<Self, AudioError> {
        let reader = guarded(|| probe(source)).ok_or(AudioError::ReaderFailed)??;
        let track = reader.default_track(TrackType::Audio).ok_or_else(no_track)?;
        let (codec, report) = describe(&*reader, track)?;
        Ok(Self {
            codec,
            track: track.id,
            declared_frames: track.num_frames,
            samples: Vec::new(),
            failures: 0,
            report,
            is_done: false,
            reader,
        })
    }

    /// The samples of the next packet that can be decoded; `None` at the end.
    pub fn next_block(&mut self) -> Option<SampleBlock<'_>> {
        while !self.is_done {
            if self.step() {
                let report = &mut self.report;
                report.frames += (self.samples.len() / report.channels) as u64;
                self.failures = 0;
                return Some(SampleBlock {
                    samples: &self.samples,
                    channels: report.channels,
                    rate_hz: report.rate_hz,
                });
            }
        }
        None
    }

    /// What became of the file, after its last block.
    ///
    /// # Errors
    /// If there was not a single sample.
    pub fn finish(mut self) -> Result<DecodeReport, AudioError> {
        if self.report.frames == 0 {
            return Err(AudioError::Empty { broken_packets: self.report.broken_packets });
        }
        // A second and a fiftieth: declared lengths of MP3 are often estimates.
        let slack = u64::from(self.report.rate_hz) + self.report.frames / 50;
        let declared = self.declared_frames.unwrap_or(0);
        self.report.is_cut_short |= declared > self.report.frames.saturating_add(slack);
        Ok(self.report)
    }

    /// Reads one packet. Tells whether `samples` now holds what can be passed on.
    fn step(&mut self) -> bool {
        let Some(next) = guarded(|| self.reader.next_packet()) else {
            return self.stop();
        };
        match next {
            Ok(Some(packet)) if packet.track_id == self.track => self.decode(&packet),
            Ok(Some(_)) => false,
            Ok(None) => {
                self.is_done = true;
                false
            }
            Err(Error::ResetRequired) => self.restart(),
            Err(Error::IoError(_)) => {
                self.report.is_cut_short = true;
                self.is_done = true;
                false
            }
            Err(_) => self.fail(),
        }
    }

    fn decode(&mut self, packet: &Packet) -> bool {
        let Self { codec, samples, .. } = self;
        let decoded = guarded(|| match codec {
            Codec::Symphonia(decoder) => {
                decoder.decode(packet).ok().map(|buffer| copy(&buffer, samples))
            }
            Codec::Opus(stream) => stream.decode(packet, samples),
        });
        match decoded {
            None => self.stop(),
            Some(None) => self.fail(),
            Some(Some(_)) if self.samples.is_empty() => false,
            Some(Some(spec)) => self.admit(spec),
        }
    }

    /// The first packet decides on rate and channels; a packet with others is passed over.
    fn admit(&mut self, spec: Spec) -> bool {
        let report = &mut self.report;
        if report.frames == 0 {
            (report.rate_hz, report.channels) = (spec.rate_hz, spec.channels);
        }
        let known = Spec { rate_hz: report.rate_hz, channels: report.channels };
        let whole = self.samples.len().is_multiple_of(spec.channels.max(1));
        if spec != known || check(spec).is_err() || !whole {
            return self.fail();
        }
        // Codecs of floats may hold anything.
        for sample in &mut self.samples {
            *sample = if sample.is_finite() { sample.clamp(-16.0, 16.0) } else { 0.0 };
        }
        true
    }

    /// Another stream begins within the file, as Ogg allows.
    fn restart(&mut self) -> bool {
        let track = self.reader.default_track(TrackType::Audio);
        let next = track.map(|track| (track.id, describe(&*self.reader, track)));
        match next {
            Some((track, Ok((codec, _)))) => {
                (self.track, self.codec, self.declared_frames) = (track, codec, None);
                self.count_failure(false)
            }
            _ => self.stop(),
        }
    }

    fn fail(&mut self) -> bool {
        self.count_failure(true)
    }

    fn count_failure(&mut self, is_broken: bool) -> bool {
        self.report.broken_packets += u64::from(is_broken);
        self.failures += 1;
        self.is_done |= self.failures >= MOST_FAILURES;
        false
    }

    /// Gives up: what is behind this cannot be reached.
    fn stop(&mut self) -> bool {
        self.report.broken_packets += 1;
        self.report.is_cut_short = true;
        self.is_done = true;
        false
    }
}

/// A hash of the encoded sound of a file: of the packets of its first track of sound, whatever its
/// name, tags and cover are. Nothing is decoded.
///
/// # Errors
/// If the file cannot be read, or is no container that is known.
pub fn sound_hash(path: &Path) -> Result<[u8; 16], AudioError> {
    let file =
        File::open(path).map_err(|source| AudioError::Io { path: path.to_owned(), source })?;
    let mut reader = guarded(|| probe(Box::new(file))).ok_or(AudioError::ReaderFailed)??;
    let track = reader.default_track(TrackType::Audio).ok_or_else(no_track)?.id;
    let mut hasher = blake3::Hasher::new();
    let mut failures = 0;
    while failures < MOST_FAILURES {
        match guarded(|| reader.next_packet()) {
            Some(Ok(Some(packet))) if packet.track_id == track => {
                hasher.update(&packet.data);
            }
            Some(Ok(Some(_))) => {}
            Some(Ok(None) | Err(Error::IoError(_))) | None => break,
            Some(Err(_)) => failures += 1,
        }
    }
    let mut hash = [0; 16];
    hasher.finalize_xof().fill(&mut hash);
    Ok(hash)
}

/// What a packet decoded to.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Spec {
    rate_hz: u32,
    channels: usize,
}

fn check(spec: Spec) -> Result<(), AudioError> {
    let Spec { rate_hz, channels } = spec;
    if RATES_HZ.contains(&rate_hz) && (1..=MOST_CHANNELS).contains(&channels) {
        return Ok(());
    }
    Err(AudioError::OutOfRange { rate_hz, channels, limits: LIMITS })
}

fn probe(source: Box<dyn MediaSource>) -> Result<Box<dyn FormatReader>, AudioError> {
    let stream = MediaSourceStream::new(source, Default::default());
    let limits = MetadataOptions::default()
        .limit_tag_bytes(Limit::Maximum(TAG_BYTES))
        .limit_visual_bytes(Limit::Maximum(TAG_BYTES));
    let probe = symphonia::default::get_probe();
    probe
        .probe(&Hint::new(), stream, FormatOptions::default(), limits)
        .map_err(|error| AudioError::UnknownFormat { reason: error.to_string() })
}

fn no_track() -> AudioError {
    AudioError::UnknownCodec { reason: "there is none".to_owned() }
}

/// The codec of a track, and a report that is still to be filled.
fn describe(reader: &dyn FormatReader, track: &Track) -> Result<(Codec, DecodeReport), AudioError> {
    let parameters =
        track.codec_params.as_ref().and_then(|codec| codec.audio()).ok_or_else(no_track)?;
    // An encoder that was interrupted leaves a length of nothing behind. All that is there would be
    // cut off as what lies beyond the end.
    let has_length = track.num_frames != Some(0);
    let opened = guarded(|| open_codec(parameters, has_length));
    let (codec, name) = opened.ok_or(AudioError::ReaderFailed)??;
    let rate_hz = parameters.sample_rate.unwrap_or(0);
    let channels = parameters.channels.as_ref().map_or(0, |channels| channels.count());
    if rate_hz > 0 && channels > 0 {
        check(Spec { rate_hz, channels })?;
    }
    let report = DecodeReport {
        container: reader.format_info().short_name.to_owned(),
        codec: name,
        rate_hz,
        channels,
        frames: 0,
        broken_packets: 0,
        is_cut_short: false,
    };
    Ok((codec, report))
}

/// The decoder of a codec, and its name. `trims` leaves out what encoders add at both ends.
fn open_codec(
    parameters: &AudioCodecParameters,
    trims: bool,
) -> Result<(Codec, String), AudioError> {
    if parameters.codec == CODEC_ID_OPUS {
        let stream = OpusStream::new(parameters.extra_data.as_deref().unwrap_or_default())?;
        return Ok((Codec::Opus(Box::new(stream)), "opus".to_owned()));
    }
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default().gapless(trims))
        .map_err(|error| AudioError::UnknownCodec { reason: error.to_string() })?;
    let name = decoder.codec_info().short_name.to_owned();
    Ok((Codec::Symphonia(decoder), name))
}

fn copy(buffer: &GenericAudioBufferRef<'_>, samples: &mut Vec<f32>) -> Spec {
    buffer.copy_to_vec_interleaved(samples);
    Spec { rate_hz: buffer.spec().rate(), channels: buffer.spec().channels().count() }
}

/// Runs a reader of foreign bytes. Decoders are large, and one that panics over damaged bytes must
/// cost the rest of that file and not the process.
pub(crate) fn guarded<T>(run: impl FnOnce() -> T) -> Option<T> {
    let outcome: Result<T, Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(run));
    outcome.ok()
}
