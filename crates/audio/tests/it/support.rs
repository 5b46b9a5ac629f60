//! What several tests need.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use segue_audio::descriptors::{self, SpectralDescriptors, SpectralMeter};
use segue_audio::resample::MonoResampler;
use segue_audio::{Analyser, Analysis};

use crate::signals::{RATE_HZ, wave};

/// A file of real data, or `None` with a message where there is none.
pub(crate) fn real_data(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEGUE_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = folder.join(name);
    if !path.exists() {
        println!("skipped: no real data at {}", path.display());
        return None;
    }
    Some(path)
}

/// What is known of a sound, as a file of two channels.
pub(crate) fn analysed(sound: &[f32]) -> Analysis {
    static ANALYSER: OnceLock<Analyser> = OnceLock::new();
    ANALYSER.get_or_init(Analyser::new).analyse_bytes(wave(sound, 2)).unwrap()
}

/// What is measured on the spectra of a sound: all but level, print and network.
pub(crate) fn spectral(sound: &[f32]) -> SpectralDescriptors {
    let mut resampler = MonoResampler::new(RATE_HZ, descriptors::RATE_HZ).unwrap();
    let mut meter = SpectralMeter::new();
    resampler.push(sound, |samples| meter.push(samples));
    resampler.finish(|samples| meter.push(samples));
    meter.finish()
}
