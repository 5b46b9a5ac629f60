//! Members of a tar that are written as they are made.

use std::io::{self, BufWriter, Write};

use tar::{EntryType, Header};

const BLOCK: u64 = 512;

/// Adds a member whose length is known.
pub(super) fn add_member(
    out: &mut dyn Write,
    name: &str,
    bytes: u64,
    content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_path(name)?;
    header.set_size(bytes);
    header.set_mode(0o644);
    header.set_entry_type(EntryType::Regular);
    header.set_mtime(0);
    header.set_cksum();
    out.write_all(header.as_bytes())?;
    let mut counted = Counted { out, bytes: 0 };
    content(&mut counted)?;
    if counted.bytes != bytes {
        return Err(io::Error::other(format!("`{name}` is not as long as it was said to be")));
    }
    let padding = bytes.wrapping_neg() % BLOCK;
    out.write_all(&[0; BLOCK as usize][..padding as usize])
}

/// Adds a member that is made twice, first to see how long it is.
pub(super) fn add_streamed(
    out: &mut dyn Write,
    name: &str,
    content: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut counted = Counted { out: &mut io::sink(), bytes: 0 };
    content(&mut counted)?;
    let bytes = counted.bytes;
    add_member(out, name, bytes, content)
}

/// Two blocks of zeros end an archive.
pub(super) fn finish(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK as usize])
}

/// Writes an archive packed as the program `zstd` packs it: in one frame, with a checksum at its
/// end.
pub(super) fn write_packed(
    out: &mut dyn Write,
    members: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut packer = zstd::Encoder::new(out, 0)?;
    packer.include_checksum(true)?;
    let mut archive = BufWriter::new(packer);
    members(&mut archive)?;
    finish(&mut archive)?;
    archive.into_inner().map_err(io::IntoInnerError::into_error)?.finish()?.flush()
}

struct Counted<'o> {
    out: &'o mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let written = self.out.write(content)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
