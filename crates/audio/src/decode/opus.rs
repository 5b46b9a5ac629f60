//! Opus, which Symphonia finds in its containers and leaves to others to decode.
//!
//! RFC 7845 has the header, RFC 6716 the codec. The decoder is a port of libopus to Rust, which
//! spares a C compiler foreign bytes; another one, without any unsafe code, took longer than the
//! music lasts.

use ropus::{Channels, DecodeMode, Decoder, OpusMSDecoder};
use symphonia::core::packet::Packet;

use super::Spec;
use crate::AudioError;

/// Opus is decoded at this rate, whatever the recording had.
const RATE_HZ: u32 = 48_000;
/// A packet is at most 120 ms long.
const LONGEST: usize = RATE_HZ as usize * 120 / 1_000;

enum Streams {
    One(Box<Decoder>),
    Several(Box<OpusMSDecoder>),
}

/// A stream of packets of Opus.
pub(super) struct OpusStream {
    streams: Streams,
    channels: usize,
    /// Samples of each channel that are still to be dropped at the beginning.
    to_skip: usize,
    /// What the header asks to multiply by, and what makes a sample of sixteen bits.
    gain: f32,
    pcm: Vec<i16>,
}

impl OpusStream {
    /// Reads the header `OpusHead`.
    pub(super) fn new(header: &[u8]) -> Result<Self, AudioError> {
        let fixed = header.get(..19).filter(|fixed| fixed.starts_with(b"OpusHead"));
        let fixed = fixed.ok_or_else(|| unknown("an Opus header that is cut off"))?;
        let channels = usize::from(fixed[9]);
        let decibels = f32::from(i16::from_le_bytes([fixed[16], fixed[17]])) / 256.0;
        let streams = match (fixed[18], channels) {
            (0, 1) => one(Channels::Mono)?,
            (0, 2) => one(Channels::Stereo)?,
            (0, _) => return Err(unknown("an Opus header of more channels than its kind has")),
            _ => several(channels, header.get(19..21 + channels))?,
        };
        Ok(Self {
            streams,
            channels,
            to_skip: usize::from(u16::from_le_bytes([fixed[10], fixed[11]])),
            gain: 10.0_f32.powf(decibels / 20.0) / 32_768.0,
            pcm: vec![0; LONGEST * channels],
        })
    }

    /// The samples of a packet, without those that only let the decoder settle.
    pub(super) fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>) -> Option<Spec> {
        samples.clear();
        let frames = self.frames(&packet.data)?;
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        let trimmed = usize::try_from(packet.trim_end.get()).unwrap_or(usize::MAX);
        let end = frames.saturating_sub(trimmed).max(skipped);
        let kept = &self.pcm[skipped * self.channels..end * self.channels];
        samples.extend(kept.iter().map(|sample| f32::from(*sample) * self.gain));
        Some(Spec { rate_hz: RATE_HZ, channels: self.channels })
    }

    /// Decodes a packet, and tells how many samples each channel has.
    fn frames(&mut self, data: &[u8]) -> Option<usize> {
        if data.is_empty() {
            return None;
        }
        match &mut self.streams {
            Streams::One(decoder) => decoder.decode(data, &mut self.pcm, DecodeMode::Normal).ok(),
            Streams::Several(decoder) => {
                let length = i32::try_from(data.len()).ok()?;
                let pcm = &mut self.pcm;
                let frames = decoder.decode(Some(data), length, pcm, LONGEST as i32, false);
                frames.ok().and_then(|frames| usize::try_from(frames).ok())
            }
        }
    }
}

fn one(channels: Channels) -> Result<Streams, AudioError> {
    let decoder = Decoder::new(RATE_HZ, channels);
    decoder.map(|one| Streams::One(Box::new(one))).map_err(|_| unknown("an Opus header"))
}

/// Several streams of one or two channels, by the table behind the header: how many, how many of
/// two channels, and which channel is whose.
fn several(channels: usize, table: Option<&[u8]>) -> Result<Streams, AudioError> {
    let Some([streams, coupled, mapping @ ..]) = table else {
        return Err(unknown("an Opus header without its channels"));
    };
    let (streams, coupled) = (i32::from(*streams), i32::from(*coupled));
    OpusMSDecoder::new(RATE_HZ as i32, channels as i32, streams, coupled, mapping)
        .map(|several| Streams::Several(Box::new(several)))
        .map_err(|code| unknown(&format!("an Opus header with error {code}")))
}

fn unknown(reason: &str) -> AudioError {
    AudioError::UnknownCodec { reason: reason.to_owned() }
}
