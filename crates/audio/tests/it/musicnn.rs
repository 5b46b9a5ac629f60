//! The network, held to what the published one gives.

use std::path::Path;

use segue_audio::musicnn::{Musicnn, SoundEmbedding};

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
