//! The cover of a file of music: where it is found, and how it is drawn anew.
//!
//! [`CoverSource::of`] lists the pictures that may stand for a file, its own before those beside
//! it. What is in a picture is foreign: [`drawn`] decodes it within limits of size and memory and
//! encodes what was seen as a small JPEG, so that none of its bytes reach whoever looks. Nothing
//! here is remembered; a server keeps what it drew.

use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{self, FilterType};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage};

use crate::decode::guarded;
use crate::tags::{CoverKind, LARGEST_COVER, read_cover};

/// Names of pictures beside a file that are its cover, the likeliest first, in small letters.
const NAMES: [&str; 4] = ["cover", "folder", "front", "album"];
/// Their endings, of several with one name the first.
const ENDINGS: [&str; 4] = ["jpg", "jpeg", "png", "webp"];
/// In a folder of more entries no further ones are looked at.
const MOST_ENTRIES: usize = 10_000;
/// Longest side of a picture that is decoded.
const LONGEST_SIDE: u32 = 10_000;
/// Most pixels of a picture that is decoded: a square of 5,000.
const MOST_PIXELS: u64 = 25_000_000;
/// Most memory for its pixels; a progressive JPEG takes twice as much again while it is decoded.
const MOST_MEMORY: u64 = 128 << 20;
/// Of the JPEGs that are made. Above it they grow faster than anybody sees.
const QUALITY: u8 = 85;

/// A picture that may stand for a file of music.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoverSource {
    /// The picture in the tags of a file.
    Embedded(PathBuf),
    /// A picture in the folder of the file.
    Beside(PathBuf),
}

impl CoverSource {
    /// What may stand for a file, the best first: its own picture, then `cover`, `folder`, `front`
    /// or `album` beside it, as JPEG, PNG or WebP, in any case of letters.
    ///
    /// Links are followed within `folder` alone, a real path in which the file has to lie. Whether
    /// a file has a picture of its own is told by [`Self::read`].
    pub fn of(file: &Path, folder: &Path) -> Vec<Self> {
        let beside = file.parent().map(|parent| pictures_in(parent, folder)).unwrap_or_default();
        let own = std::iter::once(Self::Embedded(file.to_owned()));
        own.chain(beside.into_iter().map(Self::Beside)).collect()
    }

    /// The file that it is read from: it changes when the picture does.
    pub fn path(&self) -> &Path {
        match self {
            Self::Embedded(path) | Self::Beside(path) => path,
        }
    }

    /// The bytes of the picture; `None` where there is none, none that can be read, or one of more
    /// than [`LARGEST_COVER`] bytes. They are of a [known kind](CoverKind) by how they begin and
    /// not to be trusted any further.
    pub fn read(&self) -> Option<Vec<u8>> {
        match self {
            Self::Embedded(path) => read_cover(path).ok()?,
            Self::Beside(path) => read_picture(path),
        }
    }
}

/// The pictures of a folder that are covers, the likeliest first, by their real paths.
fn pictures_in(parent: &Path, folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let entries = entries.take(MOST_ENTRIES).filter_map(|entry| Some(entry.ok()?.path()));
    let mut found: Vec<_> = entries.filter_map(|path| Some((rank(&path)?, path))).collect();
    found.sort();
    let real = found.into_iter().filter_map(|(_, path)| path.canonicalize().ok());
    real.filter(|path| path.starts_with(folder) && path.is_file()).collect()
}

/// How likely a name is that of a cover, from 0 on; `None` of any other file.
fn rank(path: &Path) -> Option<usize> {
    let place = |part: Option<&std::ffi::OsStr>, known: &[&str]| {
        let part = part?.to_str()?;
        known.iter().position(|known| known.eq_ignore_ascii_case(part))
    };
    Some(place(path.file_stem(), &NAMES)? * ENDINGS.len() + place(path.extension(), &ENDINGS)?)
}

fn read_picture(path: &Path) -> Option<Vec<u8>> {
    let file = File::open(path).ok()?;
    let known = file.metadata().ok()?;
    if !known.is_file() || known.len() > LARGEST_COVER as u64 {
        return None;
    }
    let mut content = Vec::with_capacity(known.len() as usize);
    // It may grow meanwhile.
    file.take(LARGEST_COVER as u64 + 1).read_to_end(&mut content).ok()?;
    (content.len() <= LARGEST_COVER && CoverKind::of(&content).is_some()).then_some(content)
}

/// How large a cover is drawn: the longer side of what comes, in pixels. A smaller picture keeps
/// its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoverSize {
    /// 96 pixels, for a line of a list.
    Small,
    /// 320 pixels, for a card.
    Medium,
    /// 640 pixels, for a card on a screen of twice the density.
    Large,
}

impl CoverSize {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// The longest side in pixels.
    pub fn side(self) -> u32 {
        match self {
            Self::Small => 96,
            Self::Medium => 320,
            Self::Large => 640,
        }
    }

    /// The smallest that is sharp where it is shown over so many pixels, or the largest there is.
    pub fn for_side(side: u32) -> Self {
        Self::ALL.into_iter().find(|size| size.side() >= side).unwrap_or(Self::Large)
    }
}

/// A picture drawn anew: a JPEG without anything but its pixels, upright, on white where it lets
/// its ground through.
///
/// `None` of what is no whole picture of a [known kind](CoverKind), and of more than 25 million
/// pixels. Of a picture that moves the first frame is drawn. It takes up to a second and some
/// hundred megabytes, so that few should be drawn at a time.
pub fn drawn(content: &[u8], size: CoverSize) -> Option<Vec<u8>> {
    guarded(|| jpeg(&on_white(&reduced(decoded(content)?, size.side())))).flatten()
}

fn decoded(content: &[u8]) -> Option<DynamicImage> {
    let format = match CoverKind::of(content)? {
        CoverKind::Jpeg if !is_whole_jpeg(content) => return None,
        CoverKind::Jpeg => ImageFormat::Jpeg,
        CoverKind::Png => ImageFormat::Png,
        CoverKind::Webp => ImageFormat::WebP,
        CoverKind::Gif => ImageFormat::Gif,
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(content), format);
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return None;
    }
    limits.reserve(decoder.total_bytes()).ok()?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).ok()?;
    picture.apply_orientation(orientation);
    Some(picture)
}

/// Whether a JPEG has its end: a decoder makes up the rest of one that was cut off. No picture
/// holds `ff d9` or `ff da` but as these marks, though a picture within its head may have both.
fn is_whole_jpeg(content: &[u8]) -> bool {
    let last = |mark: u8| content.windows(2).rposition(|pair| pair == [0xff, mark]);
    last(0xd9) > last(0xda)
}

/// The picture with no side longer than this. One that is far larger is averaged first, which is
/// fast, and then resampled from at least twice the size, which is sharp.
fn reduced(picture: DynamicImage, side: u32) -> DynamicImage {
    let longest = picture.width().max(picture.height());
    if longest <= side {
        return picture;
    }
    let picture = if longest > 4 * side { picture.thumbnail(2 * side, 2 * side) } else { picture };
    picture.resize(side, side, FilterType::CatmullRom)
}

fn on_white(picture: &DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.to_rgb8();
    }
    let mut ground = DynamicImage::ImageRgb8(RgbImage::from_pixel(
        picture.width(),
        picture.height(),
        Rgb([255; 3]),
    ))
    .to_rgba8();
    imageops::overlay(&mut ground, &picture.to_rgba8(), 0, 0);
    DynamicImage::ImageRgba8(ground).to_rgb8()
}

fn jpeg(picture: &RgbImage) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(picture).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_covers_are_told_in_any_case_of_letters() {
        let place = |name: &str| rank(Path::new(name));
        assert_eq!(place("cover.jpg"), Some(0));
        assert!(
            place("Cover.PNG") < place("FOLDER.jpg") && place("front.webp") < place("Album.JPG")
        );
        for other in ["cover", "cover.svg", "back.jpg", ".cover.jpg", "cover.jpg.exe", "cover2.jpg"]
        {
            assert_eq!(place(other), None, "{other}");
        }
    }

    #[test]
    fn a_cover_is_as_large_as_it_is_shown() {
        let sides: Vec<u32> =
            [1, 96, 97, 320, 321, 4_000].map(|side| CoverSize::for_side(side).side()).to_vec();
        assert_eq!(sides, [96, 96, 320, 320, 640, 640]);
    }
}
