//! Every recommender through one suite, and what only some of them promise.

mod conformance;

use segue_models::recommenders::{
    Counting, DecayedPopularity, DecayedPopularityConfig, Ease, EaseConfig, Ials, IalsConfig, ItemKnn,
    ItemKnnConfig, Popularity, PopularityConfig,
};

use self::conformance::{Promise, conformance};

conformance!(popularity, Popularity, Promise::OneForAll, |training| {
    Popularity::fit(training, &PopularityConfig { counting: Counting::Listeners })
});
conformance!(decayed_popularity, DecayedPopularity, Promise::OneForAll, |training| {
    DecayedPopularity::fit(training, &DecayedPopularityConfig::default())
});
conformance!(item_knn, ItemKnn, Promise::Discovers, |training| {
    ItemKnn::fit(training, &ItemKnnConfig::default())
});
conformance!(ease, Ease, Promise::Discovers, |training| {
    Ease::fit(training, &EaseConfig { regularisation: 1.0, ..EaseConfig::default() })
});
conformance!(ials, Ials, Promise::Discovers, |training| {
    Ials::fit(training, &IalsConfig { factors: 8, ..IalsConfig::default() }, 1)
});
