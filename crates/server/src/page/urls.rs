//! Every address that the page links or posts to, built here and nowhere else.
//!
//! Track ids are any text (`spotify:track:…`, `name:artist␟title`, a file path), so whatever is not
//! an unreserved character of RFC 3986 is percent-encoded, in paths as in queries. What comes back
//! from a browser is read here as well, and reading is total: a bookmark with nonsense in it gives
//! the defaults, not an error.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use segue_audio::covers::CoverSize;
use segue_engine::history::Period;
use segue_engine::mix::filters::Familiarity;

/// All but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Most tracks that a mix on the page may have.
pub const LONGEST_MIX: u32 = 200;
/// Most tracks that may be named as left out: an address has an end.
const MOST_EXCLUDED: usize = 100;
/// Most tracks that a mix on the page goes on from.
const MOST_AFTER: usize = 20;
/// Longest text that says what a mix is to be like, in characters.
pub const LONGEST_PROMPT: usize = 300;

/// What a listener may turn in a mix: the state of the page's form, which lives in the address.
#[derive(Clone, Debug, PartialEq)]
pub struct MixSettings {
    /// The dial, 0 (familiar) to 1 (new).
    pub explore: f32,
    /// How many tracks, 1 to [`LONGEST_MIX`]; what is outside of that is moved to the nearest end.
    pub length: u32,
    /// Whether picks must be owned, heard or new to the listener, or may be any.
    pub familiarity: Familiarity,
    /// Most tracks by one artist in the mix; at least 1.
    pub artist_cap: u32,
    /// Works played within this many days are left out.
    pub no_repeat_days: u32,
    /// Seed of the draw; `None` draws anew.
    pub seed: Option<u64>,
    /// Ids of tracks left out of this mix only: what the listener answered with "not now".
    pub exclude: Vec<String>,
    /// Ids of tracks that the mix goes on from, the last one played last; empty to go on from the
    /// history.
    pub after: Vec<String>,
    /// What the mix is to be like, in words; empty for no words.
    pub prompt: String,
}

impl Default for MixSettings {
    fn default() -> Self {
        Self {
            explore: 0.3,
            length: 30,
            familiarity: Familiarity::Any,
            artist_cap: 3,
            no_repeat_days: 1,
            seed: None,
            exclude: Vec::new(),
            after: Vec::new(),
            prompt: String::new(),
        }
    }
}

impl MixSettings {
    /// Reads a query string; what is missing or unusable is as in [`MixSettings::default`].
    ///
    /// # Examples
    /// ```
    /// use segue_server::page::urls::MixSettings;
    ///
    /// let query = "explore=.7&artist_cap=none&exclude=spotify%3Atrack%3A1";
    /// let settings = MixSettings::from_query(query);
    /// assert_eq!((settings.explore, settings.artist_cap), (0.7, 3));
    /// assert_eq!(settings.exclude, ["spotify:track:1"]);
    /// ```
    pub fn from_query(query: &str) -> Self {
        let mut settings = Self::default();
        for (name, value) in pairs(query) {
            settings.set(&name, value.into_owned());
        }
        settings
    }

    fn set(&mut self, name: &str, value: String) {
        match name {
            "explore" => {
                let explore = value.parse().ok().filter(|explore| (0.0..=1.0).contains(explore));
                self.explore = explore.unwrap_or(self.explore);
            }
            "length" => self.length = number(&value, 1, LONGEST_MIX).unwrap_or(self.length),
            "familiarity" => {
                self.familiarity = Familiarity::named(&value).unwrap_or(self.familiarity)
            }
            "artist_cap" => {
                self.artist_cap = number(&value, 1, LONGEST_MIX).unwrap_or(self.artist_cap)
            }
            "no_repeat_days" => {
                self.no_repeat_days = number(&value, 0, 3650).unwrap_or(self.no_repeat_days)
            }
            "seed" => self.seed = value.parse().ok(),
            "exclude" if self.exclude.len() < MOST_EXCLUDED && !self.exclude.contains(&value) => {
                self.exclude.push(value);
            }
            "after" if self.after.len() < MOST_AFTER && !self.after.contains(&value) => {
                self.after.push(value);
            }
            "prompt" => self.prompt = value.trim().chars().take(LONGEST_PROMPT).collect(),
            _ => {}
        }
    }

    /// The query string that [`from_query`](Self::from_query) reads back.
    pub fn to_query(&self) -> String {
        let mut query = format!(
            "explore={}&length={}&familiarity={}&artist_cap={}&no_repeat_days={}",
            self.explore,
            self.length,
            self.familiarity.name(),
            self.artist_cap,
            self.no_repeat_days
        );
        query.push('&');
        query.push_str(&self.to_short_query());
        query.trim_end_matches('&').to_owned()
    }

    /// Words, seed, tracks left out and tracks to go on from alone: the rest is as it comes.
    pub fn to_short_query(&self) -> String {
        let seed = self.seed.map(|seed| format!("seed={seed}"));
        let excluded = self.exclude.iter().map(|track| format!("exclude={}", encoded(track)));
        let after = self.after.iter().map(|track| format!("after={}", encoded(track)));
        let prompt = (!self.prompt.is_empty()).then(|| format!("prompt={}", encoded(&self.prompt)));
        let named = excluded.chain(after);
        prompt.into_iter().chain(seed).chain(named).collect::<Vec<_>>().join("&")
    }

    /// The same with the draw fixed.
    pub fn with_seed(&self, seed: u64) -> Self {
        Self { seed: Some(seed), ..self.clone() }
    }
}

fn number(text: &str, least: u32, most: u32) -> Option<u32> {
    text.parse().ok().map(|number: u32| number.clamp(least, most))
}

/// The names and values of a query string, decoded.
pub fn pairs(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(text).decode_utf8_lossy()
}

/// Text made fit for a path segment or a query value.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The mix as a list.
pub fn mix(settings: &MixSettings) -> String {
    format!("/mix?{}", settings.to_query())
}

/// A mix that goes on from some tracks, the last one played last.
pub fn mix_after<'a>(tracks: impl IntoIterator<Item = &'a str>) -> String {
    let after = tracks.into_iter().map(|track| format!("after={}", encoded(track)));
    format!("/mix?{}", after.collect::<Vec<_>>().join("&"))
}

/// The page of a track.
pub fn track(track: &str) -> String {
    format!("/tracks/{}", encoded(track))
}

/// The cover of a track, in one of the sizes that there are.
pub fn cover(track: &str, size: CoverSize) -> String {
    format!("/v1/tracks/{}/cover?size={}", encoded(track), size.side())
}

/// The page of an artist.
pub fn artist(name: &str) -> String {
    format!("/artists/{}", encoded(name))
}

/// A mix that was logged as a playlist file; `format` is `m3u8`, `xspf`, `jspf`, `csv` or `uris`.
pub fn playlist(mix: i64, format: &str) -> String {
    format!("/v1/mixes/{mix}/playlist?format={format}")
}

/// The page of a list.
pub fn list(id: i64) -> String {
    format!("/lists/{id}")
}

/// The page of a period of the history.
pub fn history(period: Period) -> String {
    format!("/history?period={period}")
}

/// The page of plays before a place in the history.
pub fn plays_before(cursor: &str) -> String {
    format!("/history/plays?before={}", encoded(cursor))
}

/// A period of a history as a picture; `format` is `svg` or `png`.
pub fn picture(listener: &str, period: Period, format: &str) -> String {
    format!("/v1/listeners/{}/history/picture.{format}?period={period}", encoded(listener))
}

/// Where a listener says where they are: fields `time_zone`, `back`.
pub fn time_zone(listener: &str) -> String {
    format!("/listeners/{}/time-zone", encoded(listener))
}

/// Where a listener says how dates are written for them: fields `date_language`, `back`.
pub fn date_language(listener: &str) -> String {
    format!("/listeners/{}/date-language", encoded(listener))
}

/// Where a mix is kept as a list: fields `name`, `mix`, and `weekly` with the words where a new one
/// is to be made every week.
pub fn lists(listener: &str) -> String {
    format!("/listeners/{}/lists", encoded(listener))
}

/// Where a weekly list is ended: field `name`.
pub fn end_weekly_list(listener: &str) -> String {
    format!("/listeners/{}/weekly-lists/end", encoded(listener))
}

/// Where a list is removed.
pub fn remove_list(listener: &str, id: i64) -> String {
    format!("{}/{id}/remove", lists(listener))
}

/// Where the forms of a card go: fields `track`, `artist`, `kind`, `back`.
///
/// `kind=ban` with an `artist` bans the artist; every other kind speaks of the `track`. A form with
/// one of the two speaks of that.
pub fn feedback(listener: &str) -> String {
    format!("/listeners/{}/feedback", encoded(listener))
}

/// Where "not now" goes: fields `track`, `back`; the answer is a redirect to [`leave_out`].
pub fn skip(listener: &str) -> String {
    format!("/listeners/{}/skip", encoded(listener))
}

/// Where an exclusion is added: fields `kind` (`period`, `device`, `track`, `artist`, `context`,
/// `play`), `value` or `from` and `to`, `back`; a play is its track as `value` and its stamp as
/// `from`.
pub fn exclusions(listener: &str) -> String {
    format!("/listeners/{}/exclusions", encoded(listener))
}

/// Where an exclusion is taken back: field `back`.
pub fn include_again(listener: &str, exclusion: i64) -> String {
    format!("/listeners/{}/exclusions/{exclusion}/remove", encoded(listener))
}

/// Where a listener asks to be forgotten: field `confirm` holds the listener's name.
pub fn forget(listener: &str) -> String {
    format!("/listeners/{}/forget", encoded(listener))
}

/// Where everything that is known about a listener can be fetched.
pub fn export(listener: &str) -> String {
    format!("/v1/listeners/{}/export", encoded(listener))
}

/// The page of one import.
pub fn import(id: &str) -> String {
    format!("/import/{}", encoded(id))
}

/// Where an import that is held is begun.
pub fn start_import(id: &str) -> String {
    format!("{}/start", import(id))
}

/// Where an import that is held is discarded.
pub fn discard_import(id: &str) -> String {
    format!("{}/discard", import(id))
}

/// Where a model is made the one that serves: field `back`.
pub fn activate_model(version: &str) -> String {
    format!("/models/{}/activate", encoded(version))
}

/// The model page with two models side by side.
pub fn compare_models(left: &str, right: &str) -> String {
    format!("/model?left={}&right={}", encoded(left), encoded(right))
}

/// Tracks found by words.
pub fn search(query: &str) -> String {
    format!("/search?q={}", encoded(query))
}

/// The page `back` without what is not now: the same address with one more track left out.
pub fn leave_out(back: &str, track: &str) -> String {
    let back = local(back);
    let separator = if back.contains('?') { '&' } else { '?' };
    format!("{back}{separator}exclude={}", encoded(track))
}

/// Where to go back to after a form: an address of this very page, whatever was asked for.
///
/// # Examples
/// ```
/// use segue_server::page::urls::local;
/// assert_eq!(local("/mix?explore=0.4"), "/mix?explore=0.4");
/// assert_eq!(local("//evil.example"), "/");
/// assert_eq!(local("javascript:alert(1)"), "/");
/// ```
pub fn local(back: &str) -> &str {
    if is_local(back) { back } else { "/" }
}

/// A sound file's address, if it is one of ours: anything else is not linked.
pub fn audio(address: &str) -> Option<&str> {
    is_local(address).then_some(address)
}

/// Browsers read `//host` and `/\host` as another host, and drop tabs and line ends before they
/// look.
fn is_local(address: &str) -> bool {
    let mut characters = address.chars();
    characters.next() == Some('/')
        && !matches!(characters.next(), Some('/' | '\\'))
        && !address.chars().any(|character| character.is_control())
}
