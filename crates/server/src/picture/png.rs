//! The picture in pixels.

use std::sync::{Arc, LazyLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};

use super::svg::{HEIGHT, WIDTH};

/// The typeface for machines without any.
const OWN_FAMILY: &str = "Ubuntu";

/// The picture could not be drawn. Of a picture that [`svg`](super::svg) made that is a fault of
/// ours.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The text is no drawing.
    #[error("the drawing cannot be read")]
    Drawing(#[from] resvg::usvg::Error),
    /// The pixels found no room, or could not be packed.
    #[error("the pixels cannot be packed: {0}")]
    Pixels(String),
}

/// The typefaces of this machine, read once: half a second where there are thousands.
static TYPEFACES: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut typefaces = fontdb::Database::new();
    typefaces.load_system_fonts();
    typefaces.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    Arc::new(typefaces)
});

/// Turns a picture that [`svg`](super::svg) made into a PNG of the same size. It takes a tenth of a
/// second.
///
/// # Errors
/// [`PictureError`].
pub fn png(svg: &str) -> Result<Vec<u8>, PictureError> {
    let fontdb = Arc::clone(&TYPEFACES);
    let options = Options { fontdb, font_family: OWN_FAMILY.to_owned(), ..Options::default() };
    let tree = Tree::from_str(svg, &options)?;
    let no_room = || PictureError::Pixels("there is no room".to_owned());
    let mut pixels = Pixmap::new(WIDTH as u32, HEIGHT as u32).ok_or_else(no_room)?;
    resvg::render(&tree, Transform::identity(), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| PictureError::Pixels(error.to_string()))
}
