//! What the rankings of a set are linear in.
//!
//! A new track is described by what each member says of it, standardised over the vocabulary and
//! squashed, `asinh((s - mean) / sd)`, as it is and times how long the history is, but what friends
//! play fades with its length by [half-lives](fade); by whether nobody has played it yet; by the
//! logit of its likability, counted apart for what nobody has played; by how much the listener
//! plays its artist, ever and lately; and by how popular it is [beside friends](beside_friends). A
//! known one is described by the same members and likability, and by when and how often it was
//! played.

use rustc_hash::FxHashMap;
use segue_core::Timestamp;
use segue_engine::dataset::play_memory::{HALF_LIVES_DAYS, PlayMemory, WEEK_PARTS, week_part};
use segue_engine::{ArtistIdx, Catalogue, Interaction, Likability, Profile, Stance};

/// Features of a new track beside those of members.
pub(super) const OF_NEW: usize = 7;
/// Features of a known track beside those of members that hold for days.
pub(super) const OF_KNOWN: usize = 1;
/// Features of a known track at a moment.
pub(super) const AGAIN: usize = 6 + HALF_LIVES_DAYS.len();

/// Logits beyond this say no more.
const MOST_LOGIT: f32 = 4.0;
/// What is added to decayed counts before their logarithm is taken.
const FLOOR: f32 = 0.03;
/// Days after which plays of an artist count half for how lately they were played.
const ARTIST_HALF_LIFE: usize = 2;

/// Works of a history after which what friends play counts half: of what lasts, and of what is
/// worth something before the first few works only.
const FRIENDS_HALF_LIVES: [f64; 2] = [16.0, 2.0];
/// What has faded below this says nothing any more.
const LEAST_OF_FRIENDS: f64 = 1e-3;

/// How much of what friends play is left after so many works, `2^(−n/h)`: of what lasts, nothing
/// where that is nearly nothing, and what is left of the other as a share of it. A weight for each
/// makes the fade as steep as listeners were found to have it.
pub(super) fn fade(works: usize) -> Option<[f64; 2]> {
    let [slow, quick] = FRIENDS_HALF_LIVES.map(|half_life| (-(works as f64) / half_life).exp2());
    (slow >= LEAST_OF_FRIENDS).then(|| [slow, quick / slow])
}

/// How far popularity counts otherwise beside friends, after so many works, `2^(−n/h)`: what
/// everybody plays says less of somebody of whom friends tell. How much less is fitted. That it is
/// as if friends were worth three works was assumed before, and found less with friends alone
/// (recall@20 of HetRec's newcomers .374, now .394).
pub(super) fn beside_friends(works: usize) -> f64 {
    (-(works as f64) / FRIENDS_HALF_LIVES[1]).exp2()
}

/// The logit of a likability, bounded.
pub(super) fn logit(likability: Likability) -> f32 {
    let p = likability.mean.clamp(1e-4, 1.0 - 1e-4);
    if p.is_nan() { 0.0 } else { (p / (1.0 - p)).ln().clamp(-MOST_LOGIT, MOST_LOGIT) }
}

/// How much the logit rises with the likability.
pub(super) fn logit_slope(likability: Likability) -> f32 {
    let p = likability.mean.clamp(0.02, 0.98);
    if p.is_nan() { 0.0 } else { 1.0 / (p * (1.0 - p)) }
}

/// How much a listener plays each artist.
#[derive(Debug, Default)]
pub(super) struct ArtistPlays {
    plays: FxHashMap<ArtistIdx, (f32, f32)>,
}

impl ArtistPlays {
    pub(super) fn new(catalogue: &Catalogue, profile: &Profile, now: Timestamp) -> Self {
        let mut plays: FxHashMap<ArtistIdx, (f32, f32)> = FxHashMap::default();
        for interaction in &profile.interactions {
            if let Some(artist) = catalogue.artist(interaction.track) {
                let entry = plays.entry(artist).or_default();
                entry.0 += interaction.finished as f32;
                entry.1 += interaction.memory.decayed(now)[ARTIST_HALF_LIFE];
            }
        }
        Self { plays }
    }

    /// Logarithms of the plays of an artist, ever and lately.
    pub(super) fn of(&self, artist: Option<ArtistIdx>) -> [f32; 2] {
        let (ever, lately) =
            artist.and_then(|artist| self.plays.get(&artist)).copied().unwrap_or_default();
        [ever.ln_1p(), lately.ln_1p()]
    }
}

/// A moment at which it is asked what a listener would play again.
pub(super) struct Moment {
    now: Timestamp,
    /// In which parts of the week the listener plays, as shares that sum to one.
    week_shares: [f32; WEEK_PARTS],
}

impl Moment {
    pub(super) fn new(profile: &Profile, now: Timestamp) -> Self {
        let mut counts = [1.0_f32; WEEK_PARTS];
        for interaction in &profile.interactions {
            for (count, &plays) in counts.iter_mut().zip(interaction.memory.by_week_part()) {
                *count += f32::from(plays);
            }
        }
        let sum: f32 = counts.iter().sum();
        Self { now, week_shares: counts.map(|count| count / sum) }
    }

    /// What speaks for playing a known work again.
    pub(super) fn again(&self, interaction: &Interaction) -> [f32; AGAIN] {
        let memory = &interaction.memory;
        let decayed = memory.decayed(self.now).map(|count| (count + FLOOR).ln());
        let skips = interaction.skipped as f32 / (interaction.plays as f32 + 2.0);
        let is = |holds: bool| if holds { 1.0 } else { 0.0 };
        let mut features = [0.0; AGAIN];
        features[..6].copy_from_slice(&[
            (interaction.finished as f32).ln_1p(),
            self.habit(memory),
            skips,
            is(interaction.stance == Stance::Like),
            is(interaction.saved),
            memory.days_since(self.now).map_or(0.0, f32::ln_1p),
        ]);
        features[6..].copy_from_slice(&decayed);
        features
    }

    /// How much likelier the work is played in this part of the week than the listener plays
    /// anything: two plays as usual stand against what is known of the work.
    fn habit(&self, memory: &PlayMemory) -> f32 {
        let part = week_part(self.now);
        let plays: f32 = memory.by_week_part().iter().map(|&plays| f32::from(plays)).sum();
        let expected = self.week_shares[part];
        let here = f32::from(memory.by_week_part()[part]);
        ((here + 2.0 * expected) / ((plays + 2.0) * expected)).ln()
    }
}

/// Weights of [`Moment::again`] where nobody's dated plays could teach any: often and lately.
pub(super) const USUAL_AGAIN: [f32; AGAIN] = [0.3, 0.3, -1.0, 0.5, 0.2, 0.0, 0.0, 0.2, 0.3, 0.2];
