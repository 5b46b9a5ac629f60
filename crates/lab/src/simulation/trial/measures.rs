//! What a setting of the dial does to listeners, one number per listener.

use serde::{Deserialize, Serialize};

use super::{Day, ListeningCourse};
use segue_engine::sound::SoundSpace;

/// One question about the course that somebody's listening took, answered by a number for each
/// listener, so that arms can be compared listener by listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Mean true enjoyment of a track heard in a mix, in the first third of the trial.
    SatisfactionFirst,
    /// The same in the last third.
    SatisfactionLast,
    /// The same over all days.
    Satisfaction,
    /// Mean true enjoyment of those tracks that were new to them.
    SatisfactionNew,
    /// Sum of the true enjoyment of what was heard in mixes, per day, in the last third:
    /// satisfaction, and how often they come and how long they stay.
    EnjoyedLast,
    /// The same over all days.
    Enjoyed,
    /// Mean true enjoyment of what listeners choose themselves, in the last third.
    OwnLast,
    /// Mean enjoyment of the best possible mix less that of the one shown.
    Regret,
    /// Share of the days on which they come for a mix, in the last third.
    VisitsLast,
    /// Share of the tracks that came on and were skipped.
    SkipRate,
    /// Share of the tracks that came on and were new to them.
    NewShare,
    /// Artists first met in a mix to whom they come back after thirty days.
    Discoveries,
    /// Generalist-specialist score of what they heard in mixes: [`generalist_specialist`].
    Specialisation,
    /// Mean popularity of what they heard in mixes less that of what they played before.
    PopularityLift,
}

impl Measure {
    /// All of them, as reports list them.
    pub const ALL: [Self; 14] = [
        Self::SatisfactionFirst,
        Self::SatisfactionLast,
        Self::Satisfaction,
        Self::SatisfactionNew,
        Self::EnjoyedLast,
        Self::Enjoyed,
        Self::OwnLast,
        Self::Regret,
        Self::VisitsLast,
        Self::SkipRate,
        Self::NewShare,
        Self::Discoveries,
        Self::Specialisation,
        Self::PopularityLift,
    ];

    /// Its name, such as `satisfaction-last`.
    pub fn name(self) -> &'static str {
        match self {
            Self::SatisfactionFirst => "satisfaction-first",
            Self::SatisfactionLast => "satisfaction-last",
            Self::Satisfaction => "satisfaction",
            Self::SatisfactionNew => "satisfaction-new",
            Self::EnjoyedLast => "enjoyed-last",
            Self::Enjoyed => "enjoyed",
            Self::OwnLast => "own-last",
            Self::Regret => "regret",
            Self::VisitsLast => "visits-last",
            Self::SkipRate => "skip-rate",
            Self::NewShare => "new-share",
            Self::Discoveries => "discoveries",
            Self::Specialisation => "specialisation",
            Self::PopularityLift => "popularity-lift",
        }
    }

    /// The answer for one listener; `None` where there is none, such as for one who never came.
    pub fn of(self, course: &ListeningCourse, sound: &SoundSpace) -> Option<f64> {
        let days = &course.days[..];
        let third = days.len().div_ceil(3);
        let (first, last) = (&days[..third], &days[days.len() - third..]);
        match self {
            Self::SatisfactionFirst => satisfaction(first),
            Self::SatisfactionLast => satisfaction(last),
            Self::Satisfaction => satisfaction(days),
            Self::SatisfactionNew => {
                ratio(total(days, |day| day.new_enjoyment), total(days, |day| day.new.into()))
            }
            Self::EnjoyedLast => enjoyed(last),
            Self::Enjoyed => enjoyed(days),
            Self::OwnLast => {
                ratio(total(last, |day| day.own_enjoyment), total(last, |day| day.own_plays.into()))
            }
            Self::Regret => {
                ratio(total(days, |day| day.regret), total(days, |day| day.mixes.into()))
            }
            Self::VisitsLast => ratio(total(last, |day| day.mixes.into()), last.len() as f64),
            Self::SkipRate => ratio(total(days, |day| day.skips.into()), heard(days)),
            Self::NewShare => ratio(total(days, |day| day.new.into()), heard(days)),
            Self::Discoveries => {
                Some(course.meetings.values().filter(|meeting| meeting.is_kept).count() as f64)
            }
            Self::Specialisation => {
                let position = |&track| {
                    sound.position(track).map(|x| if x.is_nan() { 0.0 } else { f64::from(x) })
                };
                generalist_specialist(&course.heard.iter().map(position).collect::<Vec<_>>())
            }
            Self::PopularityLift => ratio(total(days, |day| day.popularity), heard(days))
                .map(|popularity| popularity - course.popularity_before),
        }
    }
}

fn total(days: &[Day], value: impl Fn(&Day) -> f64) -> f64 {
    days.iter().map(value).sum()
}

fn ratio(sum: f64, count: f64) -> Option<f64> {
    (count > 0.0).then(|| sum / count)
}

fn heard(days: &[Day]) -> f64 {
    total(days, |day| day.heard.into())
}

fn satisfaction(days: &[Day]) -> Option<f64> {
    ratio(total(days, |day| day.enjoyment), heard(days))
}

fn enjoyed(days: &[Day]) -> Option<f64> {
    ratio(total(days, |day| day.enjoyment), days.len() as f64)
}

/// The generalist-specialist score (Waller & Anderson, WWW 2019; for music Anderson et al., WWW
/// 2020): the mean cosine between what was heard and its centroid, `GS = 1/n Σ_j (v_j · μ) / (|v_j|
/// |μ|)`, `μ = 1/n Σ_j v_j`. Near 1 for who hears one kind of music, lower for who hears many;
/// `None` where nothing points anywhere.
///
/// The papers embed tracks by who listens to them; with a few dozen listeners the [space of
/// sound](segue_engine::sound) says more.
pub fn generalist_specialist<const N: usize>(vectors: &[[f64; N]]) -> Option<f64> {
    let mut centroid = [0.0; N];
    for vector in vectors {
        centroid.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
    let length = |vector: &[f64; N]| vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    let of_centroid = length(&centroid);
    let cosine = |vector: &[f64; N]| {
        let dot: f64 = vector.iter().zip(&centroid).map(|(a, b)| a * b).sum();
        let lengths = length(vector) * of_centroid;
        (lengths > 1e-12).then(|| dot / lengths)
    };
    let cosines: Vec<f64> = vectors.iter().filter_map(cosine).collect();
    ratio(cosines.iter().sum(), cosines.len() as f64)
}

/// The Gini coefficient of how exposure is spread over works: 0 where all came on equally often,
/// near 1 where one had everything; 0 where nothing came on.
pub fn gini(exposures: &[u32]) -> f64 {
    let mut sorted = exposures.to_vec();
    sorted.sort_unstable();
    let (n, total) = (sorted.len() as f64, sorted.iter().map(|&x| f64::from(x)).sum::<f64>());
    if total == 0.0 {
        return 0.0;
    }
    let ranked: f64 = (1..).zip(&sorted).map(|(rank, &x)| f64::from(rank) * f64::from(x)).sum();
    2.0 * ranked / (n * total) - (n + 1.0) / n
}
