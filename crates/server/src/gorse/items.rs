//! Items: tracks of the catalogue. What gorse knows of an item is its labels, so they describe the
//! track: `title:…`, `artist:…` (as often as there are artists), `album:…`, `genre:…`, `year:…`,
//! `popularity:…`, `isrc:…` and the audio features by their names, as texts or as an object of the
//! same names. The comment is the title where no label is, the first category the genre. Other
//! labels, `Timestamp` and further categories are left aside. A track keeps what is known of it:
//! later descriptions add to it and overwrite nothing, and nobody's item can be hidden from or
//! deleted for everybody.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use segue_core::{AudioFeature, Track, TrackId, WorkId};
use segue_ingest::identity;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::not_supported;
use super::shapes::{Folded, Success, ZERO_TIME, check_count, page, understood};
use crate::api::shapes::check_name;
use crate::api::tracks::describe_tracks;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Body, InPath};
use crate::limits::{LONGEST_NAME, MOST_ARTISTS, MOST_PER_PAGE};
use crate::query::Pairs;

/// An item as clients send it.
#[derive(Debug, Deserialize)]
pub(super) struct ItemIn {
    #[serde(rename = "itemid")]
    item_id: String,
    #[serde(flatten)]
    about: About,
}

/// What is said about an item.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    #[serde(rename = "ishidden")]
    is_hidden: Option<bool>,
    categories: Option<Vec<String>>,
    labels: Value,
    comment: Option<String>,
}

/// An item as it is answered.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Item {
    item_id: String,
    is_hidden: bool,
    categories: Vec<String>,
    timestamp: String,
    labels: Vec<String>,
    comment: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Items {
    cursor: String,
    items: Vec<Item>,
}

impl Item {
    fn new(track: &Track) -> Self {
        let label =
            |name: &str, value: Option<String>| value.map(|value| format!("{name}:{value}"));
        let title = Some(track.title.clone()).filter(|title| !title.is_empty());
        let artists = track.artists.iter().map(|artist| format!("artist:{artist}"));
        let known = [
            label("album", track.album.clone()),
            label("genre", track.genre.clone()),
            label("year", track.year.map(|year| year.to_string())),
            label("isrc", track.isrc.clone()),
            label("popularity", track.popularity.map(|popularity| popularity.to_string())),
        ];
        let feature = |feature: AudioFeature| {
            label(feature.name(), track.features.get(feature).map(|value| value.to_string()))
        };
        let features = AudioFeature::ALL.into_iter().filter_map(feature);
        Self {
            item_id: track.id.to_string(),
            is_hidden: false,
            categories: track.genre.iter().cloned().collect(),
            timestamp: released(track).unwrap_or_else(|| ZERO_TIME.to_owned()),
            labels: label("title", title.clone())
                .into_iter()
                .chain(artists)
                .chain(known.into_iter().flatten())
                .chain(features)
                .collect(),
            // What a client sends back as a comment becomes the title, so that none is made up.
            comment: title.unwrap_or_else(|| track.id.to_string()),
        }
    }
}

/// The first day of the year of release.
fn released(track: &Track) -> Option<String> {
    track.year.map(|year| format!("{year:04}-01-01T00:00:00Z"))
}

pub(super) async fn insert(
    State(app): State<Arc<App>>,
    Body(item): Body<Value>,
) -> ApiResult<Json<Success>> {
    add(&app, vec![item]).await.map(Json)
}

pub(super) async fn insert_many(
    State(app): State<Arc<App>>,
    Body(items): Body<Vec<Value>>,
) -> ApiResult<Json<Success>> {
    add(&app, items).await.map(Json)
}

async fn add(app: &App, items: Vec<Value>) -> ApiResult<Success> {
    check_count(items.len())?;
    let (tracks, refused) = understood(items, |item: ItemIn| item.about.into_track(item.item_id))?;
    let row_affected = tracks.len();
    describe_tracks(app, tracks).await?;
    Ok(Success { row_affected, refused })
}

/// Adds to what is known of a track; the answer says whether that was anything.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    InPath(item): InPath<String>,
    Body(Folded(about)): Body<Folded<About>>,
) -> ApiResult<Json<Success>> {
    add_to(&app, item, about).await.map(Json)
}

async fn add_to(app: &App, item: String, about: About) -> ApiResult<Success> {
    known(app, &item).await?;
    let described = describe_tracks(app, vec![about.into_track(item)?]).await?;
    Ok(Success::of(described.changed))
}

/// Makes a category the genre of a track that has none.
pub(super) async fn add_category(
    State(app): State<Arc<App>>,
    InPath((item, category)): InPath<(String, String)>,
) -> ApiResult<Json<Success>> {
    let about = About { categories: Some(vec![category]), ..About::default() };
    add_to(&app, item, about).await.map(Json)
}

pub(super) async fn remove_category() -> ApiError {
    not_supported("what is known of a track is not taken away; its category stays")
}

pub(super) async fn remove() -> ApiError {
    not_supported("tracks stay in the catalogue, for what was played refers to them")
        .hint("a listener can ban one: feedback of type `ban`")
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    InPath(item): InPath<String>,
) -> ApiResult<Json<Item>> {
    Ok(Json(Item::new(&known(&app, &item).await?)))
}

async fn known(app: &App, item: &str) -> ApiResult<Track> {
    let id = TrackId::new(item);
    let found = app.readers.run(move |store| Ok(store.track(&id)?)).await?;
    found.ok_or_else(|| ApiError::not_found("unknown_track", format!("there is no item `{item}`")))
}

/// Items in the order of their ids, or those that match the words of `q`.
pub(super) async fn list(State(app): State<Arc<App>>, query: Pairs) -> ApiResult<Json<Items>> {
    let (n, cursor) = page(&query)?;
    let snapshot = app.snapshot.load_full();
    if let Some(words) = query.get("q").map(str::to_owned) {
        let found = app.search(snapshot, move |snapshot| {
            snapshot
                .search(&words, n.min(MOST_PER_PAGE as usize))
                .tracks
                .into_iter()
                .map(|row| Item::new(snapshot.catalogue.track(row)))
                .collect()
        });
        let items = found.await?;
        return Ok(Json(Items { cursor: String::new(), items }));
    }
    // Rows are in the order of ids, and an id that is gone still has a place in it.
    let rows: Vec<_> = snapshot.catalogue.rows().collect();
    let begin = cursor.map_or(0, |cursor| {
        rows.partition_point(|row| snapshot.catalogue.track(*row).id.as_str() <= cursor)
    });
    let taken = &rows[begin..(begin + n).min(rows.len())];
    let last = taken.last().filter(|_| begin + n < rows.len());
    Ok(Json(Items {
        cursor: last.map(|row| snapshot.catalogue.track(*row).id.to_string()).unwrap_or_default(),
        items: taken.iter().map(|row| Item::new(snapshot.catalogue.track(*row))).collect(),
    }))
}

impl About {
    fn into_track(self, id: String) -> ApiResult<Track> {
        check_name("an item", &id)?;
        if self.is_hidden == Some(true) {
            return Err(not_supported(format!("item `{id}` cannot be hidden from everybody"))
                .hint("a listener can ban it: feedback of type `ban`"));
        }
        let labels = labels(&self.labels);
        let all = |wanted: &str| -> Vec<String> {
            let named = labels.iter().filter(|(name, _)| name == wanted);
            named.map(|(_, value)| value.trim()).filter(is_name).map(str::to_owned).collect()
        };
        let one = |wanted: &str| all(wanted).into_iter().next();
        let mut artists = all("artist");
        artists.extend(all("artists"));
        artists.truncate(MOST_ARTISTS);
        let comment = self.comment.filter(|comment| is_title(comment));
        let mut track = match one("title").or(comment) {
            Some(title) => identity::named_track(Some(TrackId::new(id)), artists, &title),
            // A work of its own until somebody names it.
            None => Track { artists, ..Track::new(TrackId::new(id.as_str()), WorkId::new(id), "") },
        };
        track.album = one("album");
        let mut categories = self.categories.into_iter().flatten();
        track.genre = one("genre").or_else(|| categories.find(|name| is_name(&name.trim())));
        track.year = one("year").and_then(|year| year_in(&year));
        track.isrc = one("isrc");
        track.popularity = one("popularity")
            .and_then(|value| value.parse().ok())
            .filter(|popularity| (0.0..=1.0).contains(popularity));
        for feature in AudioFeature::ALL {
            if let Some(value) = one(feature.name()).and_then(|value| value.parse().ok()) {
                // A value out of range is another service's label of that name.
                let _ = track.features.set(feature, value);
            }
        }
        Ok(track)
    }
}

/// Whether a text can be a name; what is too long for one is left aside.
fn is_name(text: &&str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME
}

/// Whether a comment is the title of a track and not a description: short, and one line.
fn is_title(comment: &str) -> bool {
    const LONGEST_TITLE: usize = 200;
    !comment.trim().is_empty() && comment.len() <= LONGEST_TITLE && !comment.contains(['\n', '\r'])
}

/// The year of `1965` or `1965-05-01`.
fn year_in(text: &str) -> Option<u16> {
    let year = text.split('-').next().unwrap_or(text);
    year.parse().ok().filter(|year| (1000..10_000).contains(year))
}

/// Labels as names and values: texts such as `artist:Nina Simone`, or an object.
fn labels(labels: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match labels {
        Value::Array(texts) => {
            let pairs = texts.iter().filter_map(|label| label.as_str()?.split_once(':'));
            pairs.map(|(name, value)| (name.trim().to_lowercase(), value.to_owned())).collect()
        }
        Value::Object(object) => {
            let pairs = object.iter().flat_map(|(name, value)| {
                let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                values.iter().filter_map(move |value| Some((name.to_lowercase(), text(value)?)))
            });
            pairs.collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn track(about: Value) -> ApiResult<Track> {
        let Folded(about) = Folded::<About>::try_from(about).unwrap();
        about.into_track("x:1".to_owned())
    }

    #[test]
    fn labels_describe_a_track_as_texts_and_as_an_object() {
        let texts = json!([
            "title:Sinnerman",
            "artist:Nina Simone",
            "artist:Felix da Housecat",
            "year:1965",
            "energy:0.7",
            "mood"
        ]);
        let object = json!({
            "title": "Sinnerman", "artist": ["Nina Simone", "Felix da Housecat"],
            "year": 1965, "energy": 0.7,
        });
        let one = track(json!({"Labels": texts, "Categories": ["jazz", "soul"]})).unwrap();
        let other = track(json!({"Labels": object, "Categories": ["jazz"]})).unwrap();
        assert_eq!((one.title.as_str(), one.artists.len(), one.year), ("Sinnerman", 2, Some(1965)));
        assert_eq!(one.genre.as_deref(), Some("jazz"));
        assert_eq!(Item::new(&one).labels, Item::new(&other).labels);
        let again = track(json!({"Labels": Item::new(&one).labels})).unwrap();
        assert_eq!(Item::new(&again).labels, Item::new(&one).labels, "what is read can be written");
    }

    #[test]
    fn an_item_without_a_name_is_a_work_of_its_own() {
        assert_eq!(track(json!({})).unwrap().work.as_str(), "x:1");
        assert_eq!(track(json!({"Comment": "Sinnerman"})).unwrap().title, "Sinnerman");
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        assert_eq!(track(json!({"IsHidden": true})).unwrap_err().code, "not_supported");
    }

    #[test]
    fn labels_of_another_meaning_are_left_aside() {
        let plain = track(json!({"Labels": []})).unwrap();
        for label in
            ["tempo:fast", "energy:7", "year:1990s", "popularity:66", "key:Am", "mode:major"]
        {
            assert_eq!(track(json!({"Labels": [label, "lofi"]})).unwrap(), plain, "{label}");
        }
        assert_eq!(track(json!({"labels": ["year:1999-05-01"]})).unwrap().year, Some(1999));
    }

    #[test]
    fn a_description_is_no_title() {
        let long = "words ".repeat(100);
        for comment in [long.as_str(), "one line\nanother"] {
            assert_eq!(track(json!({"Comment": comment})).unwrap().title, "");
        }
    }
}
