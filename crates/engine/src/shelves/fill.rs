//! Has the shelves of a plan made, one after another.

use segue_core::TrackId;

use super::{Filled, LeftOutShelf, Missing, Page, Plan, SHORTEST};
use crate::Catalogue;
use crate::pipeline::{MixError, MixOutcome, MixRequest};

/// Fills the shelves from the top; what one holds is left to it, in every version. `mix` makes one
/// mix.
///
/// # Errors
/// What `mix` cannot answer for other reasons than that too little is left. The shelves before it
/// are lost.
pub fn fill(
    catalogue: &Catalogue,
    plan: Plan,
    mut mix: impl FnMut(&MixRequest) -> Result<MixOutcome, MixError>,
) -> Result<Page, MixError> {
    let mut page = Page { shelves: Vec::new(), left_out: plan.left_out };
    let mut shown: Vec<TrackId> = Vec::new();
    for mut shelf in plan.shelves {
        shelf.request.exclude_tracks.extend(shown.iter().cloned());
        let outcome = match mix(&shelf.request) {
            Ok(outcome) => Some(outcome),
            Err(MixError::NothingEligible { .. } | MixError::EmptyCatalogue) => None,
            Err(other) => return Err(other),
        };
        let found = outcome.as_ref().map_or(0, |outcome| outcome.slate.picks.len() as u32);
        match outcome.filter(|_| found >= SHORTEST.min(shelf.request.length)) {
            Some(outcome) => {
                shown.extend(
                    outcome.slate.picks.iter().flat_map(|pick| versions(catalogue, &pick.track)),
                );
                page.shelves.push(Filled { shelf, outcome });
            }
            None => {
                page.left_out.push(LeftOutShelf {
                    kind: shelf.kind,
                    missing: Missing::TooFewLeft { found },
                });
            }
        }
    }
    Ok(page)
}

/// A track and all other versions of its work.
pub(crate) fn versions(catalogue: &Catalogue, id: &TrackId) -> Vec<TrackId> {
    let Some(track) = catalogue.find(id) else { return vec![id.clone()] };
    let versions = catalogue.versions(catalogue.work(track));
    versions.iter().map(|&version| catalogue.track(version).id.clone()).collect()
}
