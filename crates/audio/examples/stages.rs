//! Times each stage of the analysis on one thread: `stages FILE…`.
//!
//! On Linux it is processor time, which a busy machine does not change; elsewhere, wall time.
//! Each stage runs by itself over the whole of each file, which is held in memory for that; the
//! last line is the analysis as it is, streamed.
#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use segue_audio::decode::{Decoder, SampleBlock};
use segue_audio::descriptors::{self, SpectralMeter};
use segue_audio::level::{LevelMeter, SilenceMeter};
use segue_audio::musicnn::{self, MelFrames, Musicnn, PatchPicker};
use segue_audio::print::{self, PrintMeter};
use segue_audio::resample::{MonoResampler, downmix};
use segue_audio::tags::read_tags;
use segue_audio::{Analyser, AudioError};

/// Seconds by stage, and what they are for.
struct Stages {
    began: Instant,
    seconds: BTreeMap<&'static str, f64>,
    sound_s: f64,
    files: u32,
    patches: usize,
}

impl Stages {
    fn new() -> Self {
        let seconds = BTreeMap::new();
        Self { began: Instant::now(), seconds, sound_s: 0.0, files: 0, patches: 0 }
    }

    /// Seconds of this thread's processor time, or else since the beginning.
    fn now(&self) -> f64 {
        let spent = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanoseconds = spent.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
        nanoseconds.map_or_else(|| self.began.elapsed().as_secs_f64(), |spent| spent / 1e9)
    }

    fn time<T>(&mut self, stage: &'static str, run: impl FnOnce() -> T) -> T {
        let start = self.now();
        let made = run();
        let took = self.now() - start;
        *self.seconds.entry(stage).or_default() += took;
        made
    }

    fn print(&self) {
        let files = f64::from(self.files.max(1));
        println!("{} files, {:.1} s of sound a file", self.files, self.sound_s / files);
        println!("{:24} {:>10} {:>14}", "stage", "ms a file", "times real time");
        for (stage, seconds) in &self.seconds {
            let speed = self.sound_s / seconds;
            println!("{stage:24} {:>10.1} {speed:>14.0}", 1_000.0 * seconds / files);
        }
        let network = self.seconds.get("5 network").copied().unwrap_or(0.0);
        println!("{:.1} ms a patch", 1_000.0 * network / self.patches.max(1) as f64);
    }
}

/// All samples of a file.
struct Whole {
    samples: Vec<f32>,
    channels: usize,
    rate_hz: u32,
}

impl Whole {
    fn blocks(&self) -> impl Iterator<Item = SampleBlock<'_>> {
        let Self { channels, rate_hz, .. } = *self;
        let blocks = self.samples.chunks(1_152 * channels);
        blocks.map(move |samples| SampleBlock { samples, channels, rate_hz })
    }
}

fn main() -> Result<(), AudioError> {
    let mut stages = Stages::new();
    let network = Musicnn::new();
    let analyser = Analyser::new();
    for file in std::env::args().skip(1) {
        let path = Path::new(&file);
        run(&mut stages, &network, path)?;
        stages.time("9 all of it, streamed", || analyser.analyse(path))?;
    }
    stages.print();
    Ok(())
}

fn run(stages: &mut Stages, network: &Musicnn, path: &Path) -> Result<(), AudioError> {
    let whole = stages.time("1 decode", || decode(path))?;
    stages.files += 1;
    stages.sound_s += (whole.samples.len() / whole.channels) as f64 / f64::from(whole.rate_hz);
    // A file without tags is measured as well.
    let _ = stages.time("2 tags", || read_tags(path));
    let mono = mono(&whole);
    let at_16k =
        stages.time("3 resample to 16 kHz", || resample(&whole, &mono, musicnn::RATE_HZ))?;
    let patches = stages.time("4 mel", || patches(&at_16k));
    stages.patches += patches.len();
    stages.time("5 network", || {
        for patch in &patches {
            network.hear(patch);
        }
    });
    stages.time("6 level", || level(&whole))?;
    let rate = descriptors::RATE_HZ;
    let at_22k = stages.time("3 resample to 22 kHz", || resample(&whole, &mono, rate))?;
    stages.time("7 spectral descriptors", || {
        let mut meter = SpectralMeter::new();
        meter.push(&at_22k);
        meter.finish()
    });
    stages.time("8 print", || print(&at_22k))
}

fn decode(path: &Path) -> Result<Whole, AudioError> {
    let mut decoder = Decoder::open(path)?;
    let mut samples = Vec::new();
    while let Some(block) = decoder.next_block() {
        samples.extend_from_slice(block.samples);
    }
    let report = decoder.finish()?;
    Ok(Whole { samples, channels: report.channels, rate_hz: report.rate_hz })
}

fn mono(whole: &Whole) -> Vec<f32> {
    let (mut all, mut mono) = (Vec::new(), Vec::new());
    for block in whole.blocks() {
        downmix(block, &mut mono);
        all.extend_from_slice(&mono);
    }
    all
}

fn resample(whole: &Whole, mono: &[f32], rate_hz: u32) -> Result<Vec<f32>, AudioError> {
    let mut resampler = MonoResampler::new(whole.rate_hz, rate_hz)?;
    let mut made = Vec::new();
    resampler.push(mono, |samples| made.extend_from_slice(samples));
    resampler.finish(|samples| made.extend_from_slice(samples));
    Ok(made)
}

fn patches(samples: &[f32]) -> Vec<Vec<f32>> {
    let (mut mel, mut picker) = (MelFrames::new(), PatchPicker::default());
    mel.push(samples, |frame| picker.push(frame));
    mel.finish(|frame| picker.push(frame));
    picker.finish()
}

fn level(whole: &Whole) -> Result<(), AudioError> {
    let mut level = LevelMeter::new(whole.channels, whole.rate_hz)?;
    let mut silence = SilenceMeter::default();
    for block in whole.blocks() {
        level.push(block);
        silence.push(block);
    }
    level.finish();
    silence.finish(whole.rate_hz);
    Ok(())
}

fn print(at_22k: &[f32]) -> Result<(), AudioError> {
    let mut resampler = MonoResampler::new(descriptors::RATE_HZ, print::RATE_HZ)?;
    let mut meter = PrintMeter::new();
    for samples in at_22k.chunks(4_096) {
        if !meter.is_full() {
            resampler.push(samples, |samples| meter.push(samples));
        }
    }
    meter.finish();
    Ok(())
}
