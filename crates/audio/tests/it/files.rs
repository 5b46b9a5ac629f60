//! Whole files: what comes out of them, and what they say of themselves.

use segue_audio::decode::sound_hash;
use segue_audio::tags::{CoverKind, read_cover, read_tags};
use segue_audio::{Analyser, VERSION};
use segue_core::{Descriptor, EMBEDDING, TIMBRE};

use crate::signals::{RATE_HZ, Wave, drums, wave};
use crate::support::{analysed, real_data};

#[test]
fn a_file_becomes_everything_that_is_known_of_it() {
    let mut sound = vec![0.0; RATE_HZ as usize];
    sound.extend(drums(120.0, 0.5, 20.0));
    sound.extend(vec![0.0; RATE_HZ as usize * 2]);
    let found = analysed(&sound);
    assert_eq!(found.version, VERSION);
    assert_eq!((found.decoded.codec.as_str(), found.decoded.channels), ("pcm_f32le", 2));
    assert_eq!((found.decoded.duration_ms(), found.decoded.broken_packets), (23_000, 0));
    assert!(!found.decoded.is_cut_short);
    assert!((1_040..1_060).contains(&found.silence.leading_ms), "{:?}", found.silence);
    assert!((2_000..2_600).contains(&found.silence.trailing_ms), "{:?}", found.silence);
    let embedding = found.embedding.as_ref().unwrap();
    assert_eq!((embedding.numbers.len(), embedding.tags.len(), embedding.patches), (200, 50, 7));
    assert!(found.print.items.len() > 100);
    let summary = found.summary();
    for (descriptor, measurement) in summary.measurements() {
        assert!((0.0..=1.0).contains(&measurement.confidence), "{descriptor:?} {measurement:?}");
    }
    assert_eq!(summary.measurements().count(), Descriptor::COUNT);
    assert_eq!((summary.timbre().len(), summary.embedding().len()), (TIMBRE, EMBEDDING));
}

#[test]
fn what_is_stored_is_read_back_to_the_last_bit() {
    let found = analysed(&drums(100.0, 0.5, 8.0));
    let text = serde_json::to_string(&found).unwrap();
    assert_eq!(serde_json::from_str::<segue_audio::Analysis>(&text).unwrap(), found);
}

#[test]
fn the_same_file_gives_the_same_numbers() {
    let sound = drums(100.0, 0.5, 8.0);
    assert_eq!(analysed(&sound), analysed(&sound));
}

#[test]
fn descriptors_hardly_depend_on_rate_and_channels() {
    let sound = drums(100.0, 0.5, 12.0);
    let stereo = analysed(&sound);
    let twice: Vec<f32> = sound.iter().flat_map(|x| [*x, *x]).collect();
    let mono = Wave { rate_hz: 2 * RATE_HZ, channels: 1, claimed: None }.of(&twice);
    let mono = Analyser::new().analyse_bytes(mono).unwrap();
    let tempo = |analysis: &segue_audio::Analysis| analysis.rhythm.unwrap().tempo.unwrap().bpm;
    assert!((tempo(&stereo) - tempo(&mono)).abs() < 0.5);
    assert!(stereo.print.likeness(&mono.print) > 0.7);
}

#[test]
fn prints_tell_recordings_apart() {
    let one = analysed(&crate::signals::scale(48, false)).print;
    let other = analysed(&crate::signals::cadence(51, true, 0.0)).print;
    assert_eq!(one.likeness(&one), 1.0);
    assert!(one.likeness(&other) < 0.3, "{}", one.likeness(&other));
    let mut late = vec![0.0; RATE_HZ as usize * 2];
    late.extend(crate::signals::scale(48, false));
    let late = analysed(&late).print;
    assert!(one.is_same_recording(&late), "{}", one.likeness(&late));
}

/// A wave file with an ID3 tag in a chunk, as many programs write it.
fn tagged(frames: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut tag = Vec::new();
    for (name, content) in frames {
        tag.extend(*name);
        tag.extend((content.len() as u32).to_be_bytes());
        tag.extend([0, 0]);
        tag.extend(*content);
    }
    let size = tag.len();
    let mut id3 = b"ID3\x03\x00\x00".to_vec();
    id3.extend([21, 14, 7, 0].map(|shift| ((size >> shift) & 127) as u8));
    id3.extend(tag);
    let mut file = wave(&[0.1; 4_410], 1);
    file.extend(b"id3 ");
    file.extend((id3.len() as u32).to_le_bytes());
    file.extend(&id3);
    if id3.len() % 2 == 1 {
        file.push(0);
    }
    let riff = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&riff.to_le_bytes());
    file
}

#[test]
fn tags_and_the_cover_are_read() {
    let png = b"\x89PNG\r\n\x1a\nnot much of a picture";
    let mut cover = b"\0image/svg+xml\0\x03\0".to_vec();
    cover.extend(png);
    let file = tagged(&[
        (b"TIT2", b"\0Roads\x1b[31m"),
        (b"TPE1", b"\0Portishead"),
        (b"TALB", b"\0Dummy"),
        (b"TYER", b"\x001994"),
        (b"TRCK", b"\x008/11"),
        (b"TCON", b"\0Trip-Hop"),
        (b"TSRC", b"\0GBAAN9400037"),
        (b"APIC", &cover),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("song.ogg");
    std::fs::write(&path, file).unwrap();
    let tags = read_tags(&path).unwrap();
    assert_eq!(tags.title.as_deref(), Some("Roads[31m"));
    assert_eq!(
        (&tags.artists[..], &tags.genres[..]),
        (&["Portishead".into()][..], &["Trip-Hop".into()][..])
    );
    assert_eq!((tags.year, tags.track_number, tags.track_total), (Some(1994), Some(8), Some(11)));
    assert_eq!(tags.isrc.as_deref(), Some("GBAAN9400037"));
    let kept = tags.cover.unwrap();
    assert_eq!((kept.kind, kept.bytes), (CoverKind::Png, png.len()));
    assert_eq!(read_cover(&path).unwrap().as_deref(), Some(&png[..]));
    assert_eq!(Analyser::new().analyse(&path).unwrap().tags, tags);
}

#[test]
fn a_picture_that_may_hold_a_script_is_no_cover() {
    let mut cover = b"\0image/png\0\x03\0".to_vec();
    cover.extend(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    let tags = segue_audio::tags::tags_from_bytes(&tagged(&[(b"APIC", &cover)])).unwrap();
    assert_eq!(tags.cover, None);
}

#[test]
fn mp3_is_decoded_and_heard() {
    let Some(folder) = real_data("musicnn") else { return };
    let analyser = Analyser::new();
    let techno = "joram-moments_of_clarity-08-solipsism-59-88.mp3";
    let techno = analyser.analyse(&folder.join(techno)).unwrap();
    assert_eq!((techno.decoded.codec.as_str(), techno.decoded.broken_packets), ("mp3", 0));
    let tags: Vec<&str> =
        techno.summary().likely_tags(3, 0.0).into_iter().map(|(tag, _)| tag).collect();
    assert!(tags.contains(&"electronic"), "{tags:?}");
}

#[test]
fn a_file_that_was_moved_or_tagged_anew_has_the_same_sound() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (folder.path().join("a.wav"), folder.path().join("b.wav"));
    let sound = drums(100.0, 0.5, 3.0);
    std::fs::write(&one, wave(&sound, 2)).unwrap();
    std::fs::write(&other, wave(&sound, 2)).unwrap();
    let hash = sound_hash(&one).unwrap();
    assert_eq!(sound_hash(&other).unwrap(), hash);
    let mut tag = lofty::id3::v2::Id3v2Tag::default();
    lofty::tag::Accessor::set_title(&mut tag, "Another title".to_owned());
    lofty::tag::TagExt::save_to_path(&tag, &other, lofty::config::WriteOptions::default()).unwrap();
    assert_eq!(read_tags(&other).unwrap().title.as_deref(), Some("Another title"));
    assert_eq!(sound_hash(&other).unwrap(), hash);
    std::fs::write(&other, wave(&drums(101.0, 0.5, 3.0), 2)).unwrap();
    assert_ne!(sound_hash(&other).unwrap(), hash);
    assert!(sound_hash(folder.path()).is_err());
}
