//! `segue mix`: a mix for a listener, with a reason for every pick.

use std::io::Write as _;
use std::time::Instant;

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use segue::{Chosen, EveryWeek, KeptAs, PromptReading, Prompted, Snapshot};
use segue_core::{AudioFeature, Pick, Slate, Timestamp, TrackId};
use segue_engine::Catalogue;
use segue_engine::experiment::{Part, Settings};
use segue_engine::mix::filters::Familiarity;
use segue_engine::mix::sentence::sentence;
use segue_engine::pipeline::{MixError, MixOutcome, MixRequest, Note, SourceCount};
use segue_engine::playlist::{Playlist, PlaylistFormat};
use segue_engine::policy::PolicyKind;
use serde_json::{Value, json};

use crate::home::{Home, open_library};
use crate::part;
use crate::policy::policy_parser;
use crate::terminal::{print_json, print_line, say, table};

/// Where the likabilities of a mix differ by less, they are not shown.
const LEAST_SPREAD: f32 = 0.1;

/// Make a mix: what you love and what you might, in playing order, with a reason for each pick.
///
/// `--explore` is the share of tracks that are new to you. Every mix is logged with the probability
/// of each pick, so that later models can be judged by it; `--dry-run` makes one without logging
/// it. While an experiment runs (`segue experiment`), a mix gets the settings of its listener's
/// arm, unless one of them is given here.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  segue mix                                     thirty tracks, three in ten of them new
  segue mix --explore 0.8 --length 50           further out, and longer
  segue mix --prompt \"mellow, 90s, like Massive Attack, an hour\"   in words, see docs/prompts.md
  segue mix --only new --export uris            \
        only what you never played, as URIs to paste into Spotify
  segue mix --explore 0 --no-repeat-days 90     old favourites that have rested for a season
  segue mix --after spotify:track:4uLU6hMCjMI75M1A2tKUQC    more like this track, from here on
  segue mix --seed 7 --json                     \
        the same mix each time, with scores and probabilities
  segue mix --prompt \"calm, for dinner\" --keep Dinner --weekly   and a new one every week
  segue mix --keep \"Friday\"                      \
        the same list whenever you look, see `segue lists`
  segue mix --on home                           only what is on your server, see `segue connect`
  segue mix --export m3u8 > friday.m3u8")]
pub(crate) struct MixArgs {
    /// For whom [default: the only listener].
    #[arg(long, value_name = "NAME")]
    listener: Option<String>,
    /// What it should be like, in words: how it sounds, when it was released, genres, artists, how
    /// much is new, how long. What is given by other options wins over the words.
    #[arg(long, value_name = "WORDS")]
    prompt: Option<String>,
    /// The dial: 0 plays what you know, 1 what you do not [default: 0.3].
    #[arg(long, value_name = "0..1")]
    explore: Option<f32>,
    /// How many tracks [default: 30].
    #[arg(long, short = 'n', value_name = "N")]
    length: Option<u32>,
    /// Which works may be picked [default: any].
    #[arg(long, value_enum)]
    only: Option<Only>,
    /// Only songs that are on a connected server in some version, see `segue connect`.
    #[arg(long, value_name = "CONNECTION")]
    on: Option<String>,
    /// How tracks are drawn from the short-list [default: plackett-luce].
    #[arg(long, value_name = "NAME", value_parser = policy_parser())]
    policy: Option<PolicyKind>,
    /// Leave out works played within this many days; 0 leaves out none [default: 1].
    #[arg(long, value_name = "DAYS")]
    no_repeat_days: Option<u32>,
    /// Most tracks by one artist [default: 3].
    #[arg(long, value_name = "N")]
    artist_cap: Option<u32>,
    /// Most tracks from one album [default: 2].
    #[arg(long, value_name = "N")]
    album_cap: Option<u32>,
    /// The share of the new tracks that is given to ones added since the model was trained, until
    /// three listeners have answered them.
    #[arg(long, default_value_t = 0.1, value_name = "0..1")]
    arrivals: f32,
    /// Leave out an artist; may be given several times.
    #[arg(long, value_name = "NAME")]
    without_artist: Vec<String>,
    /// Go on from a track, by its id, instead of your history; may be given several times, the last
    /// one played last.
    #[arg(long, value_name = "TRACK")]
    after: Vec<String>,
    /// Ask the model about every track of the catalogue instead of the most promising ones. Takes
    /// longer the larger the catalogue is.
    #[arg(long)]
    exact: bool,
    /// Seed of the draw [default: another one each time; it is printed].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write a playlist to stdout instead of a table.
    #[arg(long, value_name = "m3u8|xspf|jspf|csv|uris", conflicts_with = "json")]
    export: Option<PlaylistFormat>,
    /// Name of the exported playlist.
    #[arg(long, default_value = "Segue mix", value_name = "TITLE")]
    title: String,
    /// Print JSON: picks in playing order with scores, probabilities and reasons, and the whole
    /// short-list.
    #[arg(long)]
    json: bool,
    /// Do not log the mix as shown.
    #[arg(long)]
    dry_run: bool,
    /// Keep the mix as a list of this name, see `segue lists`.
    #[arg(long, value_name = "NAME", conflicts_with = "dry_run")]
    keep: Option<String>,
    /// Make a new list of that name every week, by the words of the prompt; this mix is the first.
    #[arg(long, requires_all = ["keep", "prompt"])]
    weekly: bool,
}

/// Which works may be picked.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Only {
    /// All.
    Any,
    /// In your library or playlists.
    Owned,
    /// Played before.
    Heard,
    /// Never played, liked or owned.
    New,
}

/// Says why a mix is not made with the model in use.
pub(super) fn say_if_fallback(snapshot: &Snapshot) {
    if let Some(why) = &snapshot.fallback {
        say(&format!("note: {why}; `segue train` makes a new model"));
    }
}

pub(crate) fn run(args: MixArgs, home: &Home) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut library = open_library(home)?;
    let listener = library.listener(args.listener.as_deref())?;
    let snapshot = library.snapshot()?;
    say_if_fallback(&snapshot);
    let now = Timestamp::now();
    let within = args.on.as_deref().map(|name| library.tracks_on(name)).transpose()?;
    let asked = MixRequest { within, ..args.request(now) };
    for track in &asked.after {
        snapshot.find(track.as_str())?;
    }
    let Prompted { request: asked, explore, reading } = args.prompted(&snapshot, asked)?;
    let given = args.given();
    let given = Settings { explore: given.explore.or(explore), ..given };
    let part = snapshot.part(&listener, given)?;
    let profile = snapshot.profile(library.store(), &listener)?;
    part::announce(&part);
    let made = snapshot.mix_in_experiment(&part, &profile, &asked);
    let made = made.map_err(|error| {
        let nothing_new = snapshot.nothing_new(&profile);
        part::blame(&part, explained_for(error, asked.familiarity, nothing_new))
    })?;
    part::report_failed(&made);
    if !args.dry_run {
        let logged = library.log(&made.impressions(&part, now));
        let logged =
            logged.context("cannot log the mix; `--dry-run` makes one without logging it")?;
        if let Some(name) = &args.keep {
            let weekly = args.prompt.clone().filter(|_| args.weekly);
            let zone = segue::time_zone(library.store(), &listener)?;
            let day = now.to_zoned(zone).date();
            let weekly = weekly.map(|prompt| EveryWeek { prompt, day });
            let kept = KeptAs { name: name.clone(), weekly };
            let list = library.keep_list(&kept, logged[0])?;
            say(&format!("kept as list {}, `{}`", list.id.0, list.name.name));
            if args.weekly {
                say("`segue lists refresh` makes the next one next week, as `segue serve` does");
            }
        }
    }
    let (catalogue, outcome) = (&snapshot.catalogue, &made.outcome);
    for note in &outcome.notes {
        say(&format!("note: {note}"));
    }
    if let Some(format) = args.export {
        say(&outcome.headline());
        return export(catalogue, &outcome.slate, format, &args.title, now);
    }
    if args.json {
        let mut json = as_json(catalogue, outcome, &part);
        if args.prompt.is_some() {
            json["prompt"] = json!(reading);
        }
        return print_json(&json);
    }
    print_mix(catalogue, outcome)?;
    let seconds = begun.elapsed().as_secs_f64();
    say(&format!("seed {}, model {}, {seconds:.1} s", asked.seed, outcome.slate.config.model));
    Ok(())
}

impl MixArgs {
    fn request(&self, now: Timestamp) -> MixRequest {
        let usual = MixRequest::new(now);
        let request = MixRequest {
            length: self.length.unwrap_or(usual.length),
            seed: self.seed.unwrap_or_else(|| now.as_nanosecond() as u64),
            familiarity: match self.only {
                None | Some(Only::Any) => Familiarity::Any,
                Some(Only::Owned) => Familiarity::Owned,
                Some(Only::Heard) => Familiarity::Heard,
                Some(Only::New) => Familiarity::New,
            },
            exclude_artists: self.without_artist.clone(),
            arrival_share: self.arrivals,
            after: self.after.iter().map(|id| TrackId::new(id.as_str())).collect(),
            exact: self.exact,
            ..usual
        };
        self.given().apply(request)
    }

    /// The request with what the prompt says, where there is one.
    fn prompted(&self, snapshot: &Snapshot, request: MixRequest) -> anyhow::Result<Prompted> {
        let Some(prompt) = &self.prompt else {
            let reading = PromptReading::default();
            return Ok(Prompted { request, explore: None, reading });
        };
        let chosen = Chosen {
            explore: self.explore.is_some(),
            length: self.length.is_some(),
            familiarity: self.only.is_some(),
        };
        let prompted = snapshot.prompted(prompt, request, chosen);
        match &prompted {
            Ok(prompted) => say_reading(&prompted.reading),
            Err(segue::Error::Prompt(problem)) => say_reading(&problem.reading),
            Err(_) => {}
        }
        Ok(prompted?)
    }

    /// The settings that were typed, of those that an experiment may change.
    fn given(&self) -> Settings {
        Settings {
            explore: self.explore,
            policy: self.policy,
            artist_cap: self.artist_cap,
            album_cap: self.album_cap,
            no_repeat_days: self.no_repeat_days,
        }
    }
}

/// Says what the words of a prompt were taken to mean.
fn say_reading(reading: &PromptReading) {
    for part in &reading.understood {
        let words = match &part.read_as {
            Some(read_as) => format!("{}, read as {read_as}", part.words),
            None => part.words.clone(),
        };
        let tracks = part.tracks.map(|tracks| format!(" ({tracks} tracks)")).unwrap_or_default();
        match &part.set_aside {
            Some(why) => say(&format!("{words}: {}, which has no effect: {why}", part.meaning)),
            None => say(&format!("{words}: {}{tracks}", part.meaning)),
        }
    }
    for words in &reading.not_understood {
        say(&format!("not understood: {words}"));
    }
    for note in &reading.notes {
        say(&format!("note: {note}"));
    }
}

/// An empty mix says which filter took what; one that was to be new where all is known says what
/// brings new tracks.
pub(super) fn explained_for(
    error: segue::Error,
    familiarity: Familiarity,
    nothing_new: Option<Note>,
) -> anyhow::Error {
    let is_empty = matches!(&error, segue::Error::Mix(MixError::NothingEligible { .. }));
    match nothing_new.filter(|_| is_empty && familiarity == Familiarity::New) {
        Some(note) => anyhow::anyhow!("{note}"),
        None => explained(error),
    }
}

/// An empty mix says which filter took what.
pub(crate) fn explained(error: segue::Error) -> anyhow::Error {
    match &error {
        segue::Error::Mix(MixError::NothingEligible { left_out, .. }) => {
            let steps: Vec<String> =
                left_out.iter().map(|step| format!("{:?}: {}", step.step, step.count)).collect();
            anyhow::anyhow!("{}", steps.join(", ")).context(error)
        }
        _ => error.into(),
    }
}

/// Writes a slate to stdout as a playlist, and says what could not be written.
pub(super) fn export(
    catalogue: &Catalogue,
    slate: &Slate,
    format: PlaylistFormat,
    title: &str,
    at: Timestamp,
) -> anyhow::Result<()> {
    let playlist = Playlist::from_slate(catalogue, slate, title, at)?;
    let rendered = format.render(&playlist);
    std::io::stdout().lock().write_all(rendered.text.as_bytes())?;
    if rendered.left_out > 0 {
        say(&format!(
            "{} tracks have no address that `{}` can hold and are left out",
            rendered.left_out,
            format.name()
        ));
    }
    if rendered.by_name > 0 {
        say(&format!(
            "{} tracks are given by name only; the player has to find them",
            rendered.by_name
        ));
    }
    Ok(())
}

/// Prints the table that a person reads.
pub(crate) fn print_mix(catalogue: &Catalogue, outcome: &MixOutcome) -> anyhow::Result<()> {
    print_picks(catalogue, &outcome.slate.picks)?;
    print_line(&outcome.headline())
}

/// Prints picks as a table.
pub(super) fn print_picks(catalogue: &Catalogue, picks: &[Pick]) -> anyhow::Result<()> {
    let likely: Vec<Option<f32>> = picks.iter().map(|pick| likability(catalogue, pick)).collect();
    let tells = likability_tells(&likely);
    let header = ["", "artist", "title", "", "likely", "why"];
    let mut rows =
        table(&header.into_iter().filter(|name| tells || *name != "likely").collect::<Vec<_>>());
    for (number, (pick, likely)) in picks.iter().zip(likely).enumerate() {
        let track = catalogue.find(&pick.track).map(|idx| catalogue.track(idx));
        let percent = |likely| format!("{:.0} %", likely * 100.0);
        let likely = tells.then(|| likely.map(percent).unwrap_or_default());
        let cells = [
            Some((number + 1).to_string()),
            Some(track.map(|t| t.artists.join(", ")).unwrap_or_default()),
            Some(track.map_or_else(|| pick.track.to_string(), |t| t.display_title().into_owned())),
            Some(mark(pick).to_owned()),
            likely,
            Some(sentence(&pick.reason)),
        ];
        rows.add_row(cells.into_iter().flatten());
    }
    print_line(&rows.to_string())
}

/// How likely it is that a pick is liked; `None` for a new one of which it is not known how it
/// sounds, as of songs that a world brought: the network that says so has nothing to go by.
fn likability(catalogue: &Catalogue, pick: &Pick) -> Option<f32> {
    let features = catalogue.find(&pick.track).map(|row| catalogue.track(row).features);
    let is_heard = |feature: &AudioFeature| *feature != AudioFeature::DurationMs;
    let sounds = features.is_some_and(|features| {
        AudioFeature::ALL.into_iter().filter(is_heard).any(|one| features.get(one).is_some())
    });
    (sounds || !pick.new_to_listener).then_some(pick.likability)
}

/// Whether the likabilities of a mix differ enough to tell anything: what somebody finished again
/// and again is all near 99 %.
fn likability_tells(likely: &[Option<f32>]) -> bool {
    let (lowest, highest) = likely
        .iter()
        .flatten()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), &value| (a.min(value), b.max(value)));
    highest - lowest >= LEAST_SPREAD
}

fn mark(pick: &Pick) -> &'static str {
    match (pick.new_to_listener, pick.new_artist) {
        (false, _) => "",
        (true, false) => "new",
        (true, true) => "new artist",
    }
}

/// All of a mix, for programs.
pub(crate) fn as_json(catalogue: &Catalogue, outcome: &MixOutcome, part: &Part<'_>) -> Value {
    let slate = &outcome.slate;
    let source = |count: &SourceCount| {
        let (candidates, picks) = (count.candidates, count.picks);
        (count.source.to_owned(), json!({"candidates": candidates, "picks": picks}))
    };
    let sources: serde_json::Map<String, Value> = outcome.sources.iter().map(source).collect();
    json!({
        "listener": slate.listener,
        "config": slate.config,
        "experiment": part.enrolment(),
        "new": slate.new_count(),
        "length": slate.picks.len(),
        "picks": picks_as_json(catalogue, &slate.picks),
        "shortlist": slate.shortlist,
        "candidates": outcome.candidates,
        "sources": sources,
        "notes": outcome.notes.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

/// Picks with what a program wants to show of them.
pub(super) fn picks_as_json(catalogue: &Catalogue, picks: &[Pick]) -> Vec<Value> {
    let value = |pick: &Pick| {
        let track = catalogue.find(&pick.track).map(|idx| catalogue.track(idx));
        let mut value = json!(pick);
        value["title"] = json!(track.map(|t| t.display_title()));
        value["artists"] = json!(track.map(|t| &t.artists));
        value["why"] = json!(sentence(&pick.reason));
        value
    };
    picks.iter().map(value).collect()
}
