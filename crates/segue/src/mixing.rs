//! A mix with the part that an experiment has in it, and the impressions to be logged of it.

use segue_core::{Impression, ListenerId, Slate, Timestamp};
use segue_engine::Profile;
use segue_engine::experiment::{Arm, Part, Settings};
use segue_engine::pipeline::{MixError, MixOutcome, MixRequest};

use crate::{Error, Result, Snapshot};

/// A mix to be shown, and what other arms of a shadow experiment would have shown instead.
///
/// [`Library::mix`](crate::Library::mix) makes and logs one in a single step. Make one yourself to
/// keep settings that the listener chose, or to show a mix without logging it.
///
/// # Examples
/// With no experiment running there is nothing but the mix:
/// ```
/// use segue::{ExperimentMix, MixError, MixRequest, Part, Timestamp};
///
/// let request = MixRequest::new(Timestamp::UNIX_EPOCH);
/// let tried = std::cell::Cell::new(0);
/// let made: Result<ExperimentMix<'_>, MixError> =
///     ExperimentMix::make(&Part::None, &request, |asked| {
///         tried.set(tried.get() + 1);
///         assert_eq!(asked, &request);
///         Err(MixError::EmptyCatalogue)
///     });
/// assert_eq!((made.err(), tried.get()), (Some(MixError::EmptyCatalogue), 1));
/// ```
/// A listener who chose the dial is left out of an experiment that varies it:
/// ```
/// use segue::{Arm, Design, ListenerId, Mode, Part, Settings};
///
/// let arm = |name: &str, explore| Arm {
///     name: name.to_owned(),
///     share: 1,
///     settings: Settings { explore: Some(explore), ..Settings::default() },
/// };
/// let design =
///     Design::from_parts("dial", vec![arm("near", 0.1), arm("far", 0.9)], Mode::Shadow, 14)?;
/// let ann = ListenerId::new("ann");
/// assert!(Part::of(Some(&design), &ann, Settings::default()).enrolment().is_some());
/// let chosen = Settings { explore: Some(0.5), ..Settings::default() };
/// assert!(matches!(Part::of(Some(&design), &ann, chosen), Part::Refused { .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ExperimentMix<'s> {
    /// The mix that is shown, made by the settings of the listener's arm.
    pub outcome: MixOutcome,
    /// What each arm would have shown, where the experiment runs in shadow mode.
    pub shadows: Vec<(&'s Arm, Slate)>,
    /// Arms that could not make their shadow. The others go on.
    pub failed: Vec<(&'s Arm, MixError)>,
}

impl<'s> ExperimentMix<'s> {
    /// Makes the mix and its shadows, each by `make`, which is called once a mix: with a
    /// [`KeptListener`](crate::KeptListener) or a mixer of your own.
    /// [`Snapshot::mix_in_experiment`] does so with the snapshot's.
    ///
    /// # Errors
    /// Why the mix that is shown cannot be made; a shadow that cannot be made is no error.
    pub fn make<E: From<MixError>>(
        part: &Part<'s>,
        asked: &MixRequest,
        make: impl Fn(&MixRequest) -> std::result::Result<MixOutcome, MixError>,
    ) -> std::result::Result<Self, E> {
        let outcome = make(&part.request(asked.clone()))?;
        let (mut shadows, mut failed) = (Vec::new(), Vec::new());
        for (arm, request) in part.shadow_requests(asked) {
            match make(&request) {
                Ok(outcome) => shadows.push((arm, outcome.slate)),
                Err(error) => failed.push((arm, error)),
            }
        }
        Ok(Self { outcome, shadows, failed })
    }

    /// What is to be logged by [`Library::log`](crate::Library::log): the mix first, then its
    /// shadows, all of the moment `at`.
    pub fn impressions(&self, part: &Part<'s>, at: Timestamp) -> Vec<Impression> {
        part.impressions(at, &self.outcome.slate, self.shadows.iter().cloned())
    }
}

impl Snapshot {
    /// The part that a mix of a listener has in the experiment that is running. `given` are the
    /// settings that whoever asks chose themselves: a mix with a setting that the experiment varies
    /// is no part of it.
    ///
    /// # Errors
    /// [`Error::ForeignExperiment`] if the experiment was started by another version of Segue.
    pub fn part(&self, listener: &ListenerId, given: Settings) -> Result<Part<'_>> {
        match (&self.experiment, &self.experiment_name) {
            (None, Some(name)) => Err(Error::ForeignExperiment { name: name.clone() }),
            (design, _) => Ok(Part::of(design.as_ref(), listener, given)),
        }
    }

    /// Makes a mix as `part` of an experiment, with the arrivals of this snapshot.
    ///
    /// # Errors
    /// As [`Self::mix`].
    pub fn mix_in_experiment<'s>(
        &self,
        part: &Part<'s>,
        profile: &Profile,
        asked: &MixRequest,
    ) -> Result<ExperimentMix<'s>> {
        let asked = self.completed(asked.clone());
        let mixer = self.mixer(profile)?;
        ExperimentMix::make(part, &asked, |request| mixer.mix(request))
    }
}
