//! What a world says of itself.

use serde::{Deserialize, Serialize};

use crate::build::{BuildConfig, BuildReport, Factors};

/// What a world was made of, by which settings, and what became of every row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of Segue that built it.
    pub built_by: String,
    /// Names of the dumps of listens, without folders.
    pub listens: Vec<String>,
    /// Name of the dump of canonical names, if there was one.
    pub canonical: Option<String>,
    /// Where it is from how recordings sound, if that was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<FeaturesManifest>,
    /// What may be done with it: ListenBrainz, MusicBrainz's canonical data and AcousticBrainz are
    /// in the public domain.
    pub licence: String,
    /// A recording is in it if at least so many people played it.
    pub fewest_people: u32,
    /// A pair is in it if at least so many people played both in one sitting.
    pub fewest_people_of_pair: u32,
    /// Numbers that a recording's factors have, and what their model knows besides.
    pub factors: FactorsManifest,
    /// The same of artists.
    pub artist_factors: FactorsManifest,
    /// The digest of the world that this is a part of, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_of: Option<String>,
    /// What became of every row.
    pub report: BuildReport,
}

/// Where a world has from how recordings sound: who measured it, in which dumps, under which
/// licence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeaturesManifest {
    /// Who measured it.
    pub source: String,
    /// Names of the dumps, without folders.
    pub dumps: Vec<String>,
    /// What may be done with it.
    pub licence: String,
    /// Recordings of which anything is known.
    pub recordings: u64,
}

/// What is needed to read the factors of a world and to place somebody among them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FactorsManifest {
    /// Numbers a row.
    pub width: usize,
    /// What the model knows besides, as JSON of its own.
    pub settings: String,
}

/// The public domain.
const LICENCE: &str = "CC0-1.0";

impl FeaturesManifest {
    /// Of the dumps that were read; `None` where there were none.
    fn of(report: &BuildReport) -> Option<Self> {
        let whole = report.features.iter().filter(|dump| dump.broken.is_none());
        let dumps: Vec<String> = whole.map(|dump| dump.dump.clone()).collect();
        (!dumps.is_empty()).then(|| Self {
            source: "AcousticBrainz".to_owned(),
            dumps,
            licence: LICENCE.to_owned(),
            recordings: report.sounds,
        })
    }
}

impl Manifest {
    pub(crate) fn of(
        config: &BuildConfig,
        report: &BuildReport,
        factors: &Factors,
        artist_factors: &Factors,
    ) -> Self {
        let name = |path: &std::path::PathBuf| {
            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        };
        let of = |factors: &Factors| FactorsManifest {
            width: factors.width,
            settings: factors.settings.clone(),
        };
        Self {
            built_by: env!("CARGO_PKG_VERSION").to_owned(),
            listens: config.listens.iter().map(name).collect(),
            canonical: config.canonical.as_ref().map(name),
            features: FeaturesManifest::of(report),
            licence: LICENCE.to_owned(),
            fewest_people: config.fewest_people,
            fewest_people_of_pair: crate::build::FEWEST_PEOPLE_OF_PAIR,
            factors: of(factors),
            artist_factors: of(artist_factors),
            part_of: None,
            report: report.clone(),
        }
    }
}
