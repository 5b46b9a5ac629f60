//! Digests by which a file that was made from the store is known to be whole, and of what is there
//! now.

/// A BLAKE3 digest.
pub(crate) type Digest = [u8; 32];

/// The digest of bytes that lie together.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    *blake3::hash(bytes).as_bytes()
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
