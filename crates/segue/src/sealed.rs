//! Files that are made from what a library holds, under a seal by which they are known to be whole,
//! and made from what is there now.
//!
//! ```text
//! magic, version                    8 + 8 bytes, little-endian
//! digest of what it was made from   32
//! digest of all that follows        32
//! body
//! ```

/// A BLAKE3 digest.
pub(crate) type Digest = [u8; 32];

/// Where the body begins.
pub(crate) const BODY_AT: usize = 80;

/// What kind of file it is, and what it is made from.
pub(crate) struct Seal<'d> {
    /// Tells the kinds of files apart.
    pub(crate) magic: [u8; 8],
    /// Goes up whenever the layout of the body changes, or what it means.
    pub(crate) version: u64,
    /// See [`Digester`].
    pub(crate) made_from: &'d Digest,
}

impl Seal<'_> {
    /// What stands before a body.
    pub(crate) fn before(&self, body: &[u8]) -> [u8; BODY_AT] {
        let mut head = [0; BODY_AT];
        head[..8].copy_from_slice(&self.magic);
        head[8..16].copy_from_slice(&self.version.to_le_bytes());
        head[16..48].copy_from_slice(self.made_from);
        head[48..].copy_from_slice(blake3::hash(body).as_bytes());
        head
    }

    /// The body of a file, if the file is whole, of this kind and version, and made from the same.
    pub(crate) fn body<'f>(&self, file: &'f [u8]) -> Option<&'f [u8]> {
        let body = file.get(BODY_AT..)?;
        let is_ours = file[..8] == self.magic
            && file[8..16] == self.version.to_le_bytes()
            && file[16..48] == *self.made_from;
        (is_ours && is_whole(file)).then_some(body)
    }
}

/// Whether a file of any kind holds what was written.
pub(crate) fn is_whole(file: &[u8]) -> bool {
    file.get(BODY_AT..).is_some_and(|body| file[48..BODY_AT] == *blake3::hash(body).as_bytes())
}

/// A digest of many small pieces, which go into it many at a time.
#[derive(Default)]
pub(crate) struct Digester {
    hasher: blake3::Hasher,
    waiting: Vec<u8>,
}

impl Digester {
    /// Adds a text, with its length: two texts are not one.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes(&(text.len() as u32).to_le_bytes());
        self.bytes(text.as_bytes());
    }

    /// Adds bytes of a length that is always the same.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= 1 << 16 {
            self.hasher.update(&self.waiting);
            self.waiting.clear();
        }
    }

    /// The digest of all that was added.
    pub(crate) fn finish(mut self) -> Digest {
        self.hasher.update(&self.waiting);
        *self.hasher.finalize().as_bytes()
    }
}
