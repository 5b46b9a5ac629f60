//! Opus, which Symphonia finds in its containers and leaves to others to decode.
//!
//! RFC 7845 has the header, RFC 6716 the codec. The decoder is written in safe Rust and passes the
//! test vectors of RFC 8251; libopus would be faster and brings C that reads foreign bytes.

use opus_decoder::{OpusDecoder, OpusMultistreamDecoder};
use symphonia::core::packet::Packet;

use super::Spec;
use crate::AudioError;

/// Opus is decoded at this rate, whatever the recording had.
const RATE_HZ: u32 = 48_000;
/// A packet is at most 120 ms long.
const LONGEST: usize = RATE_HZ as usize * 120 / 1_000;

enum Streams {
    One(Box<OpusDecoder>),
    Several(OpusMultistreamDecoder),
}

/// A stream of packets of Opus.
pub(super) struct OpusStream {
    streams: Streams,
    channels: usize,
    /// Samples of each channel that are still to be dropped at the beginning.
    to_skip: usize,
    /// What the header asks to multiply by.
    gain: f32,
    pcm: Vec<f32>,
}

impl OpusStream {
    /// Reads the header `OpusHead`.
    pub(super) fn new(header: &[u8]) -> Result<Self, AudioError> {
        let fixed = header.get(..19).filter(|fixed| fixed.starts_with(b"OpusHead"));
        let fixed = fixed.ok_or_else(|| unknown("an Opus header that is cut off"))?;
        let channels = usize::from(fixed[9]);
        let decibels = f32::from(i16::from_le_bytes([fixed[16], fixed[17]])) / 256.0;
        let streams = match fixed[18] {
            0 => OpusDecoder::new(RATE_HZ, channels).map(|one| Streams::One(Box::new(one))),
            _ => {
                let layout = header.get(19..21 + channels);
                let layout = layout.ok_or_else(|| unknown("an Opus header without channels"))?;
                let (streams, coupled) = (usize::from(layout[0]), usize::from(layout[1]));
                OpusMultistreamDecoder::new(RATE_HZ, channels, streams, coupled, &layout[2..])
                    .map(Streams::Several)
            }
        };
        Ok(Self {
            streams: streams.map_err(|error| unknown(&error.to_string()))?,
            channels,
            to_skip: usize::from(u16::from_le_bytes([fixed[10], fixed[11]])),
            gain: 10.0_f32.powf(decibels / 20.0),
            pcm: vec![0.0; LONGEST * channels],
        })
    }

    /// The samples of a packet, without those that only let the decoder settle.
    pub(super) fn decode(&mut self, packet: &Packet, samples: &mut Vec<f32>) -> Option<Spec> {
        samples.clear();
        let data = &packet.data;
        let frames = match &mut self.streams {
            Streams::One(decoder) => decoder.decode_float(data, &mut self.pcm, false),
            Streams::Several(decoder) => decoder.decode_float(data, &mut self.pcm, false),
        };
        let frames = frames.ok()?;
        let skipped = self.to_skip.min(frames);
        self.to_skip -= skipped;
        let trimmed = usize::try_from(packet.trim_end.get()).unwrap_or(usize::MAX);
        let end = frames.saturating_sub(trimmed).max(skipped);
        let kept = &self.pcm[skipped * self.channels..end * self.channels];
        samples.extend(kept.iter().map(|sample| sample * self.gain));
        Some(Spec { rate_hz: RATE_HZ, channels: self.channels })
    }
}

fn unknown(reason: &str) -> AudioError {
    AudioError::UnknownCodec { reason: reason.to_owned() }
}
