//! A made-up listener and all that the page would say of them, for tests and for looking at.

use jiff::SignedDuration;
use jiff::civil::{date, time};
use jiff::tz::TimeZone;
use maud::{Markup, html};
use segue::{NewFrom, OnlyPlayed};
use segue::{PromptReading, UnderstoodPart};
use segue_core::{
    AudioFeature, AudioFeatures, Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId,
};
use segue_engine::Catalogue;
use segue_engine::history::{DatedPlays, Period, Review, ReviewRequest};
use segue_server::page::artist::{ArtistHistory, ArtistView};
use segue_server::page::calibration::Bin;
use segue_server::page::card::Card;
use segue_server::page::dial::Preview;
use segue_server::page::held::{HeldView, KindView, RowView, WorldCard};
use segue_server::page::history::{DayOfPlays, HistoryView, OnePlay, PlaysView};
use segue_server::page::import::{FileRow, ImportStateView, ImportView, RowsReport, WorldTaken};
use segue_server::page::layout::{Flash, Frame, Section, Undo};
use segue_server::page::lists::{ListView, ListsView};
use segue_server::page::login::Login;
use segue_server::page::mix::Mix;
use segue_server::page::model::{ComparisonRow, ComparisonView, MetricView, ModelPage, ModelRow};
use segue_server::page::people::{Invitation, KnownPerson, PeopleView};
use segue_server::page::problem::ProblemPage;
use segue_server::page::search::Search;
use segue_server::page::shelves::{HomePage, ShelfView};
use segue_server::page::sketch::PETALS;
use segue_server::page::taste::{Example, ExclusionView, Given, OneTaste, TasteView, TrendView};
use segue_server::page::track::{SongHistory, TrackView};
use segue_server::page::urls::{self, MixSettings};
use segue_server::page::{
    artist, history, import, lists, login, mix, model, people, problem, search, shelves, taste,
    track, welcome,
};

/// Every page by a name for it.
pub(crate) fn pages() -> Vec<(&'static str, Markup)> {
    let empty = Frame { here: "/".to_owned(), ..Frame::default() };
    let listen = frame(Section::Listen, "/");
    let flash = Flash {
        message: "Never again: Marrow & Pine.".to_owned(),
        undo: Some(Undo {
            action: urls::feedback("ada"),
            fields: vec![
                ("artist".to_owned(), "Marrow & Pine".to_owned()),
                ("kind".to_owned(), "cleared".to_owned()),
            ],
        }),
    };
    let flashed = Frame { flash: Some(flash), ..frame(Section::Listen, "/mix") };
    vec![
        ("welcome", welcome::view(&empty, "ada")),
        ("listen", shelves::view(&listen, &home())),
        ("mix", mix::view(&flashed, &a_mix())),
        ("nothing-fits", mix::view(&listen, &Mix { settings: narrow(), ..Mix::default() })),
        ("search", search::view(&frame(Section::Elsewhere, "/search?q=tide"), &found())),
        ("search-empty", search::view(&frame(Section::Elsewhere, "/search"), &Search::default())),
        ("track", track::view(&frame(Section::Elsewhere, "/tracks/a"), &a_track())),
        ("artist", artist::view(&frame(Section::Elsewhere, "/artists/a"), &an_artist())),
        ("lists", lists::view(&frame(Section::Lists, "/lists"), &some_lists())),
        ("lists-empty", lists::view(&frame(Section::Lists, "/lists"), &ListsView::default())),
        ("list", lists::view_one(&frame(Section::Lists, "/lists/3"), &a_list(3), &cards(0, 6))),
        ("history", history::view(&frame(Section::History, "/history"), &a_history("2026", 60))),
        ("history-all", history::view(&frame(Section::History, "/history"), &a_history("all", 60))),
        (
            "history-empty",
            history::view(&frame(Section::History, "/history"), &a_history("all", 0)),
        ),
        ("plays", history::view_plays(&frame(Section::History, "/history/plays"), &some_plays())),
        ("taste", taste::view(&frame(Section::Taste, "/taste"), &a_taste())),
        ("taste-empty", taste::view(&frame(Section::Taste, "/taste"), &unknown_taste())),
        ("model", model::view(&frame(Section::Model, "/model"), &a_model())),
        ("model-empty", model::view(&frame(Section::Model, "/model"), &ModelPage::default())),
        ("import", import::view(&frame(Section::Import, "/import"), "ada")),
        ("held", import::view_import(&empty, &an_import(ImportStateView::Held))),
        ("reading", import::view_import(&empty, &an_import(ImportStateView::Reading))),
        ("training", import::view_import(&empty, &an_import(ImportStateView::Training))),
        (
            "report",
            import::view_import(
                &frame(Section::Import, "/import/7"),
                &an_import(ImportStateView::Done),
            ),
        ),
        ("failed", import::view_import(&empty, &an_import(ImportStateView::Failed))),
        ("login", login::view(&empty, &Login { back: "/taste".to_owned(), refused: true })),
        ("people", people::view(&frame(Section::Elsewhere, "/people"), &some_people())),
        ("invitation", login::invitation(&empty, "segue_0123")),
        ("problem", problem::view(&frame(Section::Elsewhere, "/nowhere"), &a_problem())),
    ]
}

fn a_list(id: i64) -> ListView {
    ListView {
        id,
        mix: id,
        name: "Today".to_owned(),
        edition: "2026-11-29".to_owned(),
        never_shown: 12,
        is_opened: id > 3,
    }
}

fn some_lists() -> ListsView {
    let week =
        ListView { name: "This week's finds".into(), edition: "2026-W48".into(), ..a_list(4) };
    let own = ListView { name: "Friday".into(), edition: String::new(), ..a_list(5) };
    ListsView {
        current: vec![a_list(3), week],
        missing: vec![("Back after a while".into(), "2 favourites are too few".into())],
        own: vec![own],
        weekly: vec![("Dinner".into(), "calm, half new, for dinner".into())],
        earlier: vec![a_list(2)],
    }
}

/// A page of somebody.
pub(crate) fn frame(section: Section, here: &str) -> Frame {
    Frame {
        listener: Some("ada".to_owned()),
        listeners: vec!["ada".to_owned(), "grace".to_owned()],
        section,
        here: here.to_owned(),
        signed_in: section == Section::Model,
        ..Frame::default()
    }
}

const SONGS: [(&str, &str, &str); 12] = [
    ("Low Tide Lullaby", "Marrow & Pine", "Driftwood"),
    ("Seventeen Lanterns", "Ines Calder", "Festival of Small Hours"),
    ("Concrete Orchard", "The Quiet Math", "Proofs"),
    ("Telegraph Hill", "Otto Vanterpool", "Switchboard"),
    ("Salt on the Dashboard", "Junia Reyes", "Coastal"),
    ("Hex & Honey", "Velvet Arithmetic", "Sums"),
    (
        "A Very Long Title That Somebody Thought Would Be Funny To Put On A Seven-Inch Single \
         (2011 Remaster)",
        "Kestrel Kestrel",
        "",
    ),
    ("Nightbus N29", "Ada Okafor", "Stops"),
    ("Paper Moths", "Lune Ferrant", "Papier"),
    ("Gravel", "Tin Cathedral", "Nave"),
    ("Orchid Radio", "Sunday Permafrost", "Thaw"),
    ("Donaudampfschifffahrtsgesellschaftskapitän", "Blechkapelle Süd", "Flussauf"),
];

const REASONS: [&str; 6] = [
    "back after 214 days",
    "you played this to the end 31 times",
    "close to Ines Calder – Seventeen Lanterns in tempo and mood",
    "a step outside: calmer and more acoustic than what you play",
    "you like 4 songs by The Quiet Math",
    "many listeners play this",
];

/// A card, another one for each position.
pub(crate) fn a_card(position: usize) -> Card {
    let (title, artist, album) = SONGS[position % SONGS.len()];
    let mut artists = vec![artist.to_owned()];
    if position % 5 == 3 {
        artists.push("Halcyon Twins".to_owned());
    }
    Card {
        track: format!("name:{artist}\u{241f}{title}"),
        title: title.to_owned(),
        artists,
        album: (!album.is_empty()).then(|| album.to_owned()),
        reason: REASONS[position % REASONS.len()].to_owned(),
        new_to_listener: position % 3 == 2,
        new_artist: false,
        liked: position % 7 == 1,
        audio: position.is_multiple_of(2).then(|| format!("/audio/{}", urls::encoded(title))),
        has_cover: position % 4 == 2,
        versions: vec![format!("spotify:track:{position}")],
        sound: a_sound(position),
    }
}

fn a_sound(position: usize) -> AudioFeatures {
    let mut sound = AudioFeatures::MISSING;
    if position % 11 == 10 {
        return sound;
    }
    for (petal, (feature, _)) in PETALS.into_iter().enumerate() {
        let drawn = ((position * 37 + petal * 53 + position * petal * 17) % 97) as f32 / 97.0;
        sound.set(feature, if petal > 2 { drawn * drawn } else { drawn });
    }
    sound.set(AudioFeature::Tempo, 62.0 + (position * 41 % 120) as f32);
    sound.set(AudioFeature::Mode, (position % 2) as f32);
    sound.set(AudioFeature::TimeSignature, if position % 4 == 1 { 3.0 } else { 4.0 });
    sound
}

fn cards(from: usize, count: usize) -> Vec<Card> {
    (from..from + count).map(a_card).collect()
}

fn shelf(id: &str, title: &str, subtitle: &str, from: usize) -> ShelfView {
    ShelfView {
        id: id.to_owned(),
        title: title.to_owned(),
        subtitle: subtitle.to_owned(),
        cards: cards(from, 5),
    }
}

/// A track that was played for years.
pub(crate) fn a_track() -> TrackView {
    TrackView {
        card: a_card(1),
        year: Some(2019),
        genre: Some("Dream pop".to_owned()),
        sound: Some("About 120 beats a minute, in A minor. By 14 analyses.".to_owned()),
        record: Some(SongHistory {
            plays: 1_204,
            finished: 1_100,
            skipped: 3,
            first_and_last: Some([date(2023, 5, 3), date(2026, 11, 20)]),
            by_year: vec![(2026, 900), (2023, 304)],
        }),
        left_out: Some("you played it within the last day, so it rests for now"),
        near: cards(2, 3),
        similar: cards(5, 8),
    }
}

/// An artist of whom half is known.
pub(crate) fn an_artist() -> ArtistView {
    ArtistView {
        name: "Marrow & Pine".to_owned(),
        songs: 24,
        record: ArtistHistory { known: 12, plays: 340, last: Some(date(2026, 11, 20)) },
        played: cards(0, 6),
        unheard: cards(6, 5),
        is_banned: false,
    }
}

/// Shelves and mix.
pub(crate) fn home() -> HomePage {
    HomePage {
        mix: a_mix(),
        shelves: vec![
            shelf(
                "because-1",
                "Because you played Seventeen Lanterns",
                "Near it in sound, and liked by those who like it.",
                3,
            ),
            shelf(
                "back",
                "Back after a while",
                "You finished these again and again, and then forgot about them.",
                8,
            ),
            shelf(
                "further",
                "Further out",
                "Nothing you would have picked. That is the point.",
                14,
            ),
        ],
    }
}

/// A mix.
pub(crate) fn a_mix() -> Mix {
    Mix {
        id: Some(7),
        settings: MixSettings::default(),
        after: vec!["Gravel".to_owned()],
        reading: a_reading(),
        example: "1990s, like Harbour Lights, an hour".to_owned(),
        preview: Preview { length: 30, new_tracks: 9, new_artists: 6, mean_likability: Some(0.71) },
        picks: cards(0, 12),
        seed: 1_764_086_400,
        notes: vec!["Only 12 tracks are left when one artist may have three.".to_owned()],
        why: vec![
            "600 candidates came from your favourites, from what sounds like them, and from what \
             is popular."
                .to_owned(),
            "Each was scored by the model of 21 November; the mix was drawn from the best 120 so \
             that good ones come often and no two mixes are the same."
                .to_owned(),
        ],
    }
}

fn a_reading() -> PromptReading {
    let part = |words: &str, meaning: &str, tracks| UnderstoodPart {
        words: words.to_owned(),
        read_as: None,
        meaning: meaning.to_owned(),
        tracks,
        set_aside: None,
    };
    let read_as = Some("mellow".to_owned());
    let set_aside = Some("set otherwise beside the words".to_owned());
    PromptReading {
        understood: vec![
            UnderstoodPart { read_as, ..part("melow", "energy up to 0.50", Some(6_047)) },
            part("90s", "released 1990 to 1999", Some(1)),
            UnderstoodPart { set_aside, ..part("mostly new", "the dial at 80 % new", None) },
        ],
        not_understood: vec!["glittering".to_owned()],
        notes: vec!["4 of 9 tracks here say how they sound".to_owned()],
    }
}

fn narrow() -> MixSettings {
    MixSettings {
        artist_cap: 1,
        exclude: vec!["spotify:track:1".to_owned()],
        ..MixSettings::default()
    }
}

fn found() -> Search {
    Search {
        query: "tyde".to_owned(),
        read_as: Some("tide".to_owned()),
        artists: vec!["Tidal Arm".to_owned()],
        results: cards(0, 4),
        total: 31,
    }
}

/// A period of a made-up history of so many days with three plays each, up to 29 November 2026.
pub(crate) fn a_history(period: &str, days: i64) -> HistoryView {
    let songs: Vec<Card> = (0..SONGS.len()).map(a_card).collect();
    let tracks = songs.iter().map(|song| {
        let work = WorkId::new(song.track.as_str());
        let mut track = Track::new(TrackId::new(song.track.as_str()), work, song.title.as_str());
        track.artists = song.artists.clone();
        track.album = song.album.clone();
        track.year = Some(1987);
        track
    });
    let catalogue = Catalogue::from_tracks(tracks.collect());
    let today = date(2026, 11, 29);
    let evening = Timestamp::constant(1_795_984_200, 0); // half past eight of that day
    let plays = (0..days).flat_map(|day| (0..3).map(move |turn| (day, turn)));
    let listens: Vec<Listen> = plays
        .map(|(day, turn)| {
            let at = evening - SignedDuration::from_hours(24 * day - turn);
            let song = &songs[((day * turn) as usize + day as usize / 9) % songs.len()];
            let who = ListenerId::new("ada");
            Listen::new(who, TrackId::new(song.track.as_str()), at, Source::ListenBrainz)
        })
        .collect();
    let plays = DatedPlays::from_listens(&catalogue, &listens, &TimeZone::UTC);
    let period = Period::parse(period, today).unwrap_or(Period::All);
    HistoryView {
        review: Review::of(&catalogue, &plays, ReviewRequest { period, today, named: 12 }),
        today,
        time_zone: "Europe/Berlin".to_owned(),
        latest: if days > 0 { some_plays().days } else { Vec::new() },
        with_covers: songs
            .iter()
            .step_by(3)
            .map(|song| TrackId::new(song.track.as_str()))
            .collect(),
    }
}

fn some_people() -> PeopleView {
    let person = |name: &str, plays| KnownPerson { name: name.to_owned(), plays, keys: 1 };
    let link = "http://music.local:8080/join/segue_0123".to_owned();
    PeopleView {
        people: vec![person("ada", 41_208), person("grace", 12)],
        invitation: Some(Invitation { listener: "grace".to_owned(), link }),
        can_invite: true,
    }
}

fn some_plays() -> PlaysView {
    let play = |position: usize, remark: Option<&str>| {
        let card = a_card(position);
        OnePlay {
            time: Some(time(20, 30, 0, 0)),
            track: card.track,
            title: card.title,
            artists: card.artists,
            has_cover: card.has_cover,
            remark: remark.map(str::to_owned),
            stamp: Some("2026-11-29T19:30:00Z".to_owned()),
        }
    };
    let today = DayOfPlays {
        day: Some(date(2026, 11, 29)),
        plays: vec![play(0, None), play(6, Some("skipped after 4 s"))],
    };
    let undated = DayOfPlays { day: None, plays: vec![OnePlay { time: None, ..play(3, None) }] };
    let next = Some("2026-11-28T20:30:00Z~7".to_owned());
    PlaysView { days: vec![today, undated], next, is_first: false }
}

fn unknown_taste() -> TasteView {
    TasteView {
        listener: "ada".to_owned(),
        drawn_from: "Nothing has been played yet.".to_owned(),
        ..TasteView::default()
    }
}

/// A taste page.
pub(crate) fn a_taste() -> TasteView {
    TasteView {
        listener: "ada".to_owned(),
        drawn_from: "From 41,208 plays of 6,120 songs since March 2014.".to_owned(),
        tastes: vec![
            one_taste("Late, electronic and unhurried", 0.44, TrendView::Grows, 5),
            one_taste("Guitars with the windows down", 0.31, TrendView::Steady, 0),
            one_taste("Voices and one piano", 0.17, TrendView::Fades, 8),
            one_taste("Kitchen disco", 0.08, TrendView::Steady, 2),
        ],
        feedback: vec![
            given("Liked", "Seventeen Lanterns – Ines Calder", Some("spotify:track:17"), None),
            given("Never", "everything by Tin Cathedral", None, Some("Tin Cathedral")),
        ],
        exclusions: vec![ExclusionView {
            id: 3,
            what: "24 December 2023 to 6 January 2024".to_owned(),
            plays: Some(412),
        }],
        devices: vec![
            ("smart_speaker".to_owned(), "Smart speaker".to_owned()),
            ("phone".to_owned(), "Phone".to_owned()),
        ],
        contexts: vec!["Nursery rhymes".to_owned()],
    }
}

fn given(what: &str, of: &str, track: Option<&str>, artist: Option<&str>) -> Given {
    Given {
        what: what.to_owned(),
        of: of.to_owned(),
        when: Some(date(2026, 5, 3)),
        track: track.map(str::to_owned),
        artist: artist.map(str::to_owned),
    }
}

fn one_taste(name: &str, share: f32, trend: TrendView, from: usize) -> OneTaste {
    let sound = a_sound(from);
    OneTaste {
        name: name.to_owned(),
        share,
        artists: SONGS[from..from + 3].iter().map(|song| song.1.to_owned()).collect(),
        examples: cards(from, 3)
            .into_iter()
            .map(|card| Example {
                track: card.track,
                title: card.title,
                artists: card.artists,
                has_cover: card.has_cover,
            })
            .collect(),
        sound,
        features: Some(chart()),
        trend,
        remarks: vec!["Mostly after ten in the evening.".to_owned()],
    }
}

fn chart() -> Markup {
    html! {
        figure {
            svg viewBox="0 0 300 60" role="img" {
                title { "Plays by month" }
                path d="M0 50L60 20L120 34L180 8L240 28L300 14" fill="none" stroke="currentColor"
                    stroke-width="2" {}
            }
        }
        details.as-table {
            summary { "As a table" } table { tr { th scope="row" { "May" } td { "412" } } }
        }
    }
}

/// A model page.
pub(crate) fn a_model() -> ModelPage {
    let metric = |name: &str, value: &str, interval: &str, meaning: &str| MetricView {
        name: name.to_owned(),
        meaning: meaning.to_owned(),
        value: value.to_owned(),
        interval: Some(interval.to_owned()),
    };
    ModelPage {
        learned: vec![
            "You finish calm songs more often than loud ones, above all in the evening.".to_owned(),
            "An artist you finished twice is worth more to you than any sound.".to_owned(),
            "Live recordings lose you: you skip two in three.".to_owned(),
        ],
        calibration: bins(),
        metrics: vec![
            metric(
                "AUC",
                "0.812",
                "0.797 to 0.826",
                "How often a track you like is put above one you do not.",
            ),
            metric(
                "Log loss",
                "0.488",
                "0.471 to 0.505",
                "How surprised it was by what you did; less is better.",
            ),
            metric(
                "ECE",
                "0.021",
                "0.013 to 0.034",
                "How far its promises are from what happened.",
            ),
        ],
        measured_on: Some(
            "Measured on 4,102 plays from the last three weeks, none of which it had seen."
                .to_owned(),
        ),
        models: vec![
            model_row("likability-2026-11-21", "21 November 2026", true),
            model_row("likability-2026-10-30", "30 October 2026", false),
            model_row("likability-2026-09-02", "2 September 2026", false),
        ],
        comparison: Some(a_comparison()),
        training: None,
        world: Some("The world in use knows 1,031,202 songs.".to_owned()),
        learns_at_night: true,
        may_change: true,
    }
}

fn bins() -> Vec<Bin> {
    (0..10u32)
        .map(|bin| {
            let predicted = f64::from(bin) / 10.0 + 0.05;
            let happened = predicted * 0.93 + 0.02;
            Bin {
                predicted,
                happened,
                low: happened - 0.06,
                high: happened + 0.05,
                count: u64::from(1400 - bin * 120),
            }
        })
        .collect()
}

fn model_row(version: &str, trained: &str, active: bool) -> ModelRow {
    ModelRow {
        version: version.to_owned(),
        kind: "likability".to_owned(),
        trained: trained.to_owned(),
        learned_from: "41,208 plays, 2 listeners".to_owned(),
        bytes: 1_843_200,
        headline: "AUC 0.812".to_owned(),
        active,
    }
}

fn a_comparison() -> ComparisonView {
    let row = |name: &str, left: &str, right: &str, difference: &str| ComparisonRow {
        name: name.to_owned(),
        left: left.to_owned(),
        right: right.to_owned(),
        difference: difference.to_owned(),
    };
    ComparisonView {
        left: "likability-2026-11-21".to_owned(),
        right: "likability-2026-10-30".to_owned(),
        rows: vec![
            row("AUC", "0.812", "0.804", "+0.008 (−0.004 to +0.019)"),
            row("Log loss", "0.488", "0.495", "−0.007 (−0.015 to +0.002)"),
        ],
        verdict: "Too close to call: every interval holds zero.".to_owned(),
    }
}

/// An import in some state.
pub(crate) fn an_import(state: ImportStateView) -> ImportView {
    ImportView {
        id: "7".to_owned(),
        state,
        bytes_read: 18_400_000,
        bytes_total: 44_100_000,
        held: (state == ImportStateView::Held).then(a_look),
        file: Some("my_spotify_data.zip › Streaming_History_Audio_2019-2021_4.json".to_owned()),
        report: matches!(state, ImportStateView::Done | ImportStateView::Failed).then(a_report),
        error: (state == ImportStateView::Failed).then(|| {
            "The archive ends in the middle of a file: it may not have been sent whole.".to_owned()
        }),
        world: (state == ImportStateView::Done).then(|| WorldTaken {
            file: "2026.world".to_owned(),
            songs: 248,
            known: 211,
        }),
        only_played: (state == ImportStateView::Done)
            .then(|| OnlyPlayed { from: NewFrom::Import }.to_string()),
    }
}

fn a_look() -> HeldView {
    let row = |at: &str, artist: &str, title: &str| RowView {
        at: at.to_owned(),
        artist: artist.to_owned(),
        title: title.to_owned(),
        played: "3:21".to_owned(),
        ..RowView::default()
    };
    let spotify = KindView {
        format: "Spotify extended streaming history".to_owned(),
        files: (0..12).map(|n| format!("Streaming_History_Audio_2019-2021_{n}.json")).collect(),
        rows: 16_612,
        goes_on: true,
        first: vec![
            row("2019-03-01 08:12", "Wye Oak", "Civilian"),
            row("2019-03-01 08:16", "Múm", "We Have a Map of the Piano"),
        ],
        dropped: vec![("podcast episodes".to_owned(), 570)],
        ..KindView::default()
    };
    let column = |name: &str, meaning: &str| (name.to_owned(), meaning.to_owned());
    let table = KindView {
        format: "table of interactions".to_owned(),
        files: vec!["plays.csv".to_owned()],
        rows: 6,
        columns: vec![
            column("Artist", "artist"),
            column("Track", "title"),
            column("Date", "time of the play"),
        ],
        unread_columns: vec!["Mood time".to_owned()],
        first: vec![RowView { played: String::new(), ..row("2022-02-28", "Vera", "Tide") }],
        notes: vec!["columns not read: `Mood time`".to_owned()],
        misses_columns: true,
        ..KindView::default()
    };
    let empty = KindView { first: Vec::new(), ..table.clone() };
    HeldView {
        world: Some(WorldCard {
            file: "2026.world".to_owned(),
            recordings: 1_031_202,
            people: 30_112,
        }),
        kinds: vec![spotify, table, empty],
        unreadable: vec![("notes.txt".to_owned(), "it begins with `milk, bread`".to_owned())],
        left_alone: vec![("my_spotify_data.zip/Userdata.json".to_owned(), "private".to_owned())],
    }
}

fn a_report() -> RowsReport {
    let audio = FileRow {
        file: "Streaming_History_Audio_2019-2021_4.json".to_owned(),
        format: Some("Spotify extended streaming history".to_owned()),
        rows: 15_800,
        plays: 15_206,
        already_imported: 0,
        duplicates: 31,
        dropped: vec![("podcast episodes".to_owned(), 570), ("rows without a time".to_owned(), 24)],
        ..FileRow::default()
    };
    let library = FileRow {
        file: "YourLibrary.json".to_owned(),
        format: Some("Spotify account data".to_owned()),
        rows: 812,
        signals: 812,
        ..FileRow::default()
    };
    let alone = FileRow {
        file: "Userdata.json".to_owned(),
        note: Some("nothing about music".to_owned()),
        ..FileRow::default()
    };
    let total = FileRow { rows: 16_612, signals: 812, ..audio.clone() };
    RowsReport { total, files: vec![audio, library, alone] }
}

fn a_problem() -> ProblemPage {
    ProblemPage {
        status: 404,
        code: "track_not_found".to_owned(),
        message: "No track is called “spotify:track:0”.".to_owned(),
        hint: "Search for it by title; the catalogue may know it under another id.".to_owned(),
        request: Some("01JD7Z".to_owned()),
    }
}
