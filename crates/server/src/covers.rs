//! Covers as they are served: found by the files of a song, drawn anew, and kept for a while.
//!
//! Two things are remembered. By the files of a song: the digest of the picture that is their
//! cover, or that they have none, as long as nothing that was looked at for it has changed. By such
//! a digest and a size: what was drawn, so that the tracks of an album, each of which brings the
//! same picture, cost one drawing. Both are bounded by bytes. The tag of an answer is that digest
//! too: whoever has the picture is told so without its being drawn again.
//!
//! Nothing of a foreign picture is passed on; [`segue_audio::covers`] says how it is drawn. That
//! takes up to a second and hundreds of megabytes for the largest, so that two are drawn at a time,
//! away from the threads that answer.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use blake3::Hash;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use segue_audio::covers::{CoverSize, CoverSource, drawn};
use tokio::sync::Semaphore;

use crate::error::{ApiError, ApiResult};
use crate::limits;
use crate::music::MusicFile;
use crate::page::assets;

/// How long a browser shows a cover without asking whether it is still the same.
const KEEP: &str = "private, max-age=3600";
/// What an entry takes beside what it holds, in bytes.
const ENTRY_BYTES: usize = 200;

/// The covers that were found and drawn lately.
pub(crate) struct Covers {
    known: Cache<Box<[MusicFile]>, Arc<KnownCover>, ByBytes>,
    drawn: Cache<Drawing, Option<Bytes>, ByBytes>,
    turns: Arc<Semaphore>,
}

/// A picture and how large it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Drawing {
    picture: Hash,
    size: CoverSize,
}

/// Which picture is the cover of some files.
struct KnownCover {
    picture: Option<Hash>,
    looked_at: Vec<LookedAt>,
}

/// A file or folder that was looked at for a cover, as it was then.
#[derive(PartialEq, Eq)]
struct LookedAt {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: Option<u64>,
}

/// Weighs entries by their bytes.
#[derive(Clone)]
struct ByBytes;

impl Default for Covers {
    fn default() -> Self {
        let (known, drawn) = (limits::KNOWN_COVERS_BYTES, limits::DRAWN_COVERS_BYTES);
        Self {
            known: Cache::with_weighter(limits::USUAL_COVERS, known, ByBytes),
            drawn: Cache::with_weighter(limits::USUAL_COVERS, drawn, ByBytes),
            turns: Arc::new(Semaphore::new(limits::COVERS_DRAWN_AT_ONCE)),
        }
    }
}

/// A cover that is asked for.
pub(crate) struct AskedCover {
    /// The files of its song.
    files: Box<[MusicFile]>,
    size: CoverSize,
    /// Tags of the covers that the client has.
    tags: Vec<String>,
}

/// What there is of a cover.
enum AtHand {
    /// Nobody has looked yet, or it is no longer kept.
    Nothing,
    /// There is none.
    NoCover,
    /// The client has it.
    Same(Drawing),
    Drawn(Drawing, Bytes),
}

impl AskedCover {
    /// The cover of a song, by its files, as a request with these headers asks for it.
    pub(crate) fn of(
        files: impl Iterator<Item = MusicFile>,
        size: CoverSize,
        headers: &HeaderMap,
    ) -> Self {
        let tags = headers.get_all(IF_NONE_MATCH).iter().filter_map(|tags| tags.to_str().ok());
        let tags = tags.map(str::to_owned).collect();
        Self { files: first(files), size, tags }
    }
}

fn first(files: impl Iterator<Item = MusicFile>) -> Box<[MusicFile]> {
    files.take(limits::MOST_FILES_FOR_A_COVER).collect()
}

/// Runs what reads files, away from the threads that answer.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> ApiResult<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))
}

impl AtHand {
    fn response(self) -> ApiResult<Response> {
        let headers = |drawing: Drawing| [(ETAG, drawing.tag()), (CACHE_CONTROL, KEEP.to_owned())];
        match self {
            Self::Same(drawing) => Ok((StatusCode::NOT_MODIFIED, headers(drawing)).into_response()),
            Self::Drawn(drawing, content) => {
                Ok((headers(drawing), [(CONTENT_TYPE, "image/jpeg")], content).into_response())
            }
            Self::Nothing | Self::NoCover => {
                Err(ApiError::not_found("no_cover", "there is no cover of this track here"))
            }
        }
    }
}

impl Covers {
    /// Whether a song with these files may have a cover: it has files, and is not known to have
    /// none.
    pub(crate) fn may_have(&self, files: impl Iterator<Item = MusicFile>) -> bool {
        let files = first(files);
        !files.is_empty() && self.known(&files).is_none_or(|known| known.picture.is_some())
    }

    /// The answer to a request: the cover, or that it is the one that the client has.
    pub(crate) async fn answer(self: &Arc<Self>, asked: AskedCover) -> ApiResult<Response> {
        let asked = Arc::new(asked);
        let (covers, looking) = (Arc::clone(self), Arc::clone(&asked));
        let found = match blocking(move || covers.at_hand(&looking)).await? {
            AtHand::Nothing => self.draw(asked).await?,
            found => found,
        };
        found.response()
    }

    /// Draws a cover when its turn has come, unless somebody did meanwhile. What was begun is
    /// ended, and keeps its turn, whether or not anybody still waits.
    async fn draw(self: &Arc<Self>, asked: Arc<AskedCover>) -> ApiResult<AtHand> {
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(limits::LONGEST_WAIT_FOR_COVERS, turn).await;
        let shed = |_| ApiError::overloaded("overloaded", "too many covers are being drawn");
        let turn = turn.map_err(shed)?.expect("the semaphore is never closed");
        let covers = Arc::clone(self);
        let drawing = blocking(move || {
            let found = covers.drawn_for(&asked);
            drop(turn);
            found
        });
        drawing.await
    }

    /// What was found for some files, if nothing has changed since.
    fn known(&self, files: &[MusicFile]) -> Option<Arc<KnownCover>> {
        let known = self.known.get(files)?;
        known.looked_at.iter().all(LookedAt::is_unchanged).then_some(known)
    }

    fn at_hand(&self, asked: &AskedCover) -> AtHand {
        let Some(known) = self.known(&asked.files) else { return AtHand::Nothing };
        let Some(picture) = known.picture else { return AtHand::NoCover };
        let drawing = Drawing { picture, size: asked.size };
        if asked.tags.iter().any(|tags| assets::is_among(tags, &drawing.tag())) {
            return AtHand::Same(drawing);
        }
        match self.drawn.get(&drawing).flatten() {
            Some(content) => AtHand::Drawn(drawing, content),
            None => AtHand::Nothing,
        }
    }

    /// Draws what is not at hand, and remembers it.
    fn drawn_for(&self, asked: &AskedCover) -> AtHand {
        match self.at_hand(asked) {
            AtHand::Nothing => {}
            found => return found,
        }
        let mut looked_at = Vec::new();
        let first = |file: &MusicFile| self.first_drawn(file, asked.size, &mut looked_at);
        let found = asked.files.iter().find_map(first);
        let picture = found.as_ref().map(|(drawing, _)| drawing.picture);
        self.known.insert(asked.files.clone(), Arc::new(KnownCover { picture, looked_at }));
        match found {
            Some((drawing, content)) => AtHand::Drawn(drawing, content),
            None => AtHand::NoCover,
        }
    }

    /// The first picture for a file that can be drawn.
    fn first_drawn(
        &self,
        file: &MusicFile,
        size: CoverSize,
        looked_at: &mut Vec<LookedAt>,
    ) -> Option<(Drawing, Bytes)> {
        // A picture may come to lie there, or go.
        looked_at.extend(file.path.parent().map(LookedAt::now));
        CoverSource::of(&file.path, &file.folder).iter().find_map(|source| {
            looked_at.push(LookedAt::now(source.path()));
            let content = source.read()?;
            let drawing = Drawing { picture: blake3::hash(&content), size };
            let drawn = self.drawn.get(&drawing).unwrap_or_else(|| {
                let drawn = drawn(&content, size).map(Bytes::from);
                self.drawn.insert(drawing, drawn.clone());
                drawn
            });
            Some((drawing, drawn?))
        })
    }
}

impl LookedAt {
    fn now(path: &Path) -> Self {
        let known = path.metadata().ok();
        let modified = known.as_ref().and_then(|known| known.modified().ok());
        Self { path: path.to_owned(), modified, bytes: known.map(|known| known.len()) }
    }

    fn is_unchanged(&self) -> bool {
        *self == Self::now(&self.path)
    }
}

impl Drawing {
    /// The tag by which a client knows it.
    fn tag(self) -> String {
        format!("\"{}-{}\"", &self.picture.to_hex()[..32], self.size.side())
    }
}

impl Weighter<Box<[MusicFile]>, Arc<KnownCover>> for ByBytes {
    fn weight(&self, files: &Box<[MusicFile]>, known: &Arc<KnownCover>) -> u64 {
        let files =
            files.iter().map(|file| file.path.as_os_str().len() + file.folder.as_os_str().len());
        let looked_at = known.looked_at.iter().map(|one| one.path.as_os_str().len());
        files.chain(looked_at).map(|bytes| (bytes + ENTRY_BYTES) as u64).sum()
    }
}

impl Weighter<Drawing, Option<Bytes>> for ByBytes {
    fn weight(&self, _: &Drawing, drawn: &Option<Bytes>) -> u64 {
        (ENTRY_BYTES + drawn.as_ref().map_or(0, Bytes::len)) as u64
    }
}
