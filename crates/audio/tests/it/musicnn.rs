//! The network, held to what the published one gives.

use std::path::Path;

use segue_audio::decode::Decoder;
use segue_audio::musicnn::{MelFrames, Musicnn, PatchPicker, RATE_HZ, SoundEmbedding};
use segue_audio::resample::{MonoResampler, downmix};

use crate::support::real_data;

/// The numbers of a small file of numpy's: little-endian f32 behind a header.
fn numbers(path: &Path) -> Vec<f32> {
    let content = std::fs::read(path).unwrap();
    let header = usize::from(u16::from_le_bytes([content[8], content[9]]));
    let (words, rest) = content[10 + header..].as_chunks::<4>();
    assert!(rest.is_empty());
    words.iter().map(|&word| f32::from_le_bytes(word)).collect()
}

/// The largest differences of the embedding and of the tags.
fn differences(heard: &SoundEmbedding, folder: &Path) -> (f32, f32) {
    let worst = |found: &[f32], file: &str| {
        let wanted = numbers(&folder.join(file));
        assert_eq!(found.len(), wanted.len());
        found.iter().zip(&wanted).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    (worst(&heard.numbers, "patch_embedding.npy"), worst(&heard.tags, "patch_tags.npy"))
}

#[test]
fn one_patch_gives_what_the_published_network_gives() {
    let Some(folder) = real_data("musicnn") else { return };
    let patch = numbers(&folder.join("patch_logmel.npy"));
    let (embedding, tags) = differences(&Musicnn::new().hear(&patch), &folder);
    println!("f16: embedding within {embedding}, tags within {tags}");
    assert!(embedding < 1e-2 && tags < 1e-3, "{embedding} {tags}");
    // Made by `tools/musicnn_weights.py --float 32`.
    let full = std::env::var_os("SEGUE_TEST_MUSICNN_F32").map(std::path::PathBuf::from);
    let Some(full) = full.filter(|path| path.exists()) else {
        println!("skipped: SEGUE_TEST_MUSICNN_F32 names no weights in f32");
        return;
    };
    let (embedding, tags) = differences(&Musicnn::load(&full).unwrap().hear(&patch), &folder);
    println!("f32: embedding within {embedding}, tags within {tags}");
    assert!(embedding < 1e-4 && tags < 1e-4, "{embedding} {tags}");
}

/// The tags of the model that was trained on MagnaTagATune, in its order.
const TAGS_OF_MAGNATAGATUNE: [&str; 50] = [
    "guitar",
    "classical",
    "slow",
    "techno",
    "strings",
    "drums",
    "electronic",
    "rock",
    "fast",
    "piano",
    "ambient",
    "beat",
    "violin",
    "vocal",
    "synth",
    "female",
    "indian",
    "opera",
    "male",
    "singing",
    "vocals",
    "no vocals",
    "harpsichord",
    "loud",
    "quiet",
    "flute",
    "woman",
    "male vocal",
    "no vocal",
    "pop",
    "soft",
    "sitar",
    "solo",
    "man",
    "classic",
    "choir",
    "voice",
    "new age",
    "dance",
    "male voice",
    "female vocal",
    "beats",
    "harp",
    "cello",
    "no voice",
    "weird",
    "country",
    "metal",
    "female voice",
    "choral",
];

/// The likeliest tags of a file by a network, decoded and resampled here.
fn likeliest(network: &Musicnn, path: &Path, most: usize) -> Vec<&'static str> {
    let mut decoder = Decoder::open(path).unwrap();
    let (mut mono, mut made) = (Vec::new(), Vec::new());
    while let Some(block) = decoder.next_block() {
        let mut of_block = Vec::new();
        downmix(block, &mut of_block);
        mono.extend(of_block);
    }
    let rate_hz = decoder.finish().unwrap().rate_hz;
    let mut resampler = MonoResampler::new(rate_hz, RATE_HZ).unwrap();
    resampler.push(&mono, |samples| made.extend_from_slice(samples));
    resampler.finish(|samples| made.extend_from_slice(samples));
    let (mut mel, mut picker) = (MelFrames::new(), PatchPicker::default());
    mel.push(&made, |frame| picker.push(frame));
    mel.finish(|frame| picker.push(frame));
    let heard: Vec<SoundEmbedding> =
        picker.finish().iter().map(|patch| network.hear(patch)).collect();
    let tags = SoundEmbedding::mean(&heard).unwrap().tags;
    let mut named: Vec<(f32, &str)> = tags.into_iter().zip(TAGS_OF_MAGNATAGATUNE).collect();
    named.sort_by(|a, b| b.0.total_cmp(&a.0));
    named.into_iter().take(most).map(|(_, tag)| tag).collect()
}

/// The whole way from a file to tags, with the model of which the tags of two files are published.
#[test]
fn two_files_get_the_tags_that_are_published_of_them() {
    // Made by `tools/musicnn_weights.py --model MTT`.
    let weights = std::env::var_os("SEGUE_TEST_MUSICNN_MTT").map(std::path::PathBuf::from);
    let Some(weights) = weights.filter(|path| path.exists()) else {
        println!("skipped: SEGUE_TEST_MUSICNN_MTT names no weights");
        return;
    };
    let Some(folder) = real_data("musicnn") else { return };
    let network = Musicnn::load(&weights).unwrap();
    let of = |file: &str, most: usize| likeliest(&network, &folder.join(file), most);
    assert_eq!(
        of("joram-moments_of_clarity-08-solipsism-59-88.mp3", 10),
        [
            "techno",
            "electronic",
            "synth",
            "fast",
            "beat",
            "drums",
            "no vocals",
            "no vocal",
            "dance",
            "ambient"
        ]
    );
    assert_eq!(of("TRWJAZW128F42760DD_test.mp3", 3), ["guitar", "piano", "fast"]);
}
