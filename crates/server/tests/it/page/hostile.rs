//! A listener, a catalogue and a model whose every word tries to break out of the page.

use maud::Markup;
use segue::{PromptReading, UnderstoodPart};
use segue_core::TrackId;
use segue_server::page::artist::ArtistView;
use segue_server::page::card::Card;
use segue_server::page::held::{HeldView, KindView, RowView, WorldCard};
use segue_server::page::history::{DayOfPlays, HistoryView, OnePlay, PlaysView};
use segue_server::page::import::{FileRow, ImportStateView, ImportView, RowsReport, WorldTaken};
use segue_server::page::layout::{Flash, Frame, Section, Undo};
use segue_server::page::links::ListeningService;
use segue_server::page::lists::{ListView, ListsView};
use segue_server::page::login::Login;
use segue_server::page::mix::Mix;
use segue_server::page::model::{ComparisonRow, ComparisonView, MetricView, ModelPage, ModelRow};
use segue_server::page::people::{Invitation, KnownPerson, PeopleView};
use segue_server::page::problem::ProblemPage;
use segue_server::page::search::Search;
use segue_server::page::shelves::{HomePage, ShelfView};
use segue_server::page::taste::{Example, ExclusionView, Given, OneTaste, TasteView};
use segue_server::page::track::TrackView;
use segue_server::page::urls::MixSettings;
use segue_server::page::words::Words;
use segue_server::page::{
    artist, history, import, lists, login, mix, model, people, problem, search, shelves, taste,
    track, welcome,
};

use super::markup::tags;
use crate::made_up;

const TEXT: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;{}`";
const ADDRESS: &str = "javascript:alert(1)";

fn h() -> String {
    TEXT.to_owned()
}

pub(super) fn pages() -> Vec<(&'static str, Markup)> {
    let frame = frame();
    let an_import = ImportView {
        id: h(),
        state: ImportStateView::Failed,
        file: Some(h()),
        error: Some(h()),
        only_played: Some(h()),
        world: Some(WorldTaken { file: h(), songs: 2, known: 1 }),
        report: Some(RowsReport { total: row(), files: vec![row()] }),
        ..ImportView::default()
    };
    let held = ImportView {
        state: ImportStateView::Held,
        held: Some(a_look()),
        report: None,
        ..an_import.clone()
    };
    let reading = ImportView { state: ImportStateView::Reading, ..an_import.clone() };
    let done = ImportView { state: ImportStateView::Done, ..an_import.clone() };
    let shelf = ShelfView { id: h(), title: h(), subtitle: h(), cards: vec![a_card()] };
    let a_problem =
        ProblemPage { status: 500, code: h(), message: h(), hint: h(), request: Some(h()) };
    vec![
        ("hostile welcome", welcome::view(&frame, TEXT)),
        ("hostile listen", shelves::view(&frame, &HomePage { mix: a_mix(), shelves: vec![shelf] })),
        ("hostile mix", mix::view(&frame, &a_mix())),
        ("hostile search", search::view(&frame, &a_search())),
        ("hostile track", track::view(&frame, &a_track())),
        ("hostile artist", artist::view(&frame, &an_artist())),
        ("hostile lists", lists::view(&frame, &some_lists())),
        ("hostile list", lists::view_one(&frame, &a_list(), &[a_card()])),
        ("hostile history", history::view(&frame, &a_history())),
        ("hostile plays", history::view_plays(&frame, &some_plays())),
        ("hostile taste", taste::view(&frame, &a_taste())),
        ("hostile model", model::view(&frame, &a_model())),
        ("hostile import", import::view(&frame, TEXT)),
        ("hostile report", import::view_import(&frame, &an_import)),
        ("hostile held", import::view_import(&frame, &held)),
        ("hostile reading", import::view_import(&frame, &reading)),
        ("hostile import done", import::view_import(&frame, &done)),
        ("hostile login", login::view(&frame, &Login { back: ADDRESS.to_owned(), refused: true })),
        ("hostile people", people::view(&frame, &some_people())),
        ("hostile invitation", login::invitation(&frame, TEXT)),
        ("hostile problem", problem::view(&frame, &a_problem)),
    ]
}

fn a_list() -> ListView {
    ListView { id: 1, mix: 1, name: h(), edition: h(), never_shown: 0, is_opened: false }
}

fn some_lists() -> ListsView {
    let lists = || vec![a_list()];
    ListsView {
        current: lists(),
        missing: vec![(h(), h())],
        own: lists(),
        weekly: vec![(h(), h())],
        earlier: lists(),
    }
}

fn a_look() -> HeldView {
    let row = RowView { what: h(), at: h(), artist: h(), title: h(), played: h() };
    let kind = KindView {
        format: h(),
        files: vec![h()],
        columns: vec![(h(), h())],
        unread_columns: vec![h()],
        first: vec![row],
        dropped: vec![(h(), 1)],
        notes: vec![h()],
        ..KindView::default()
    };
    let world = WorldCard { file: h(), recordings: 2, people: 1 };
    HeldView {
        world: Some(world),
        kinds: vec![kind],
        unreadable: vec![(h(), h())],
        left_alone: vec![(h(), h())],
    }
}

fn frame() -> Frame {
    let undo = Undo { action: "/undo".to_owned(), fields: vec![(h(), h())] };
    Frame {
        time_zone: Some(h()),
        asks_time_zone: true,
        asks_date_language: true,
        words: Words::of(Some(TEXT)),
        is_own: false,
        is_new: true,
        is_admin: true,
        only_looks: false,
        listener: Some(h()),
        listeners: vec![h(), ADDRESS.to_owned()],
        section: Section::Listen,
        here: ADDRESS.to_owned(),
        opens: Some(ListeningService::Bandcamp),
        signed_in: true,
        flash: Some(Flash { message: h(), undo: Some(undo) }),
        reload_seconds: None,
    }
}

fn a_card() -> Card {
    Card {
        track: h(),
        title: h(),
        artists: vec![h(), h()],
        album: Some(h()),
        reason: h(),
        versions: vec![h(), ADDRESS.to_owned(), format!("spotify:track:{}", h())],
        audio: Some(ADDRESS.to_owned()),
        has_cover: true,
        ..Card::default()
    }
}

fn a_search() -> Search {
    let results = vec![a_card()];
    Search { query: h(), read_as: Some(h()), artists: vec![h()], results, total: 9 }
}

fn a_track() -> TrackView {
    let cards = || vec![a_card()];
    TrackView {
        card: a_card(),
        genre: Some(h()),
        sound: Some(h()),
        near: cards(),
        similar: cards(),
        ..TrackView::default()
    }
}

fn an_artist() -> ArtistView {
    let [played, unheard] = [vec![a_card()], vec![a_card()]];
    ArtistView { name: h(), played, unheard, ..ArtistView::default() }
}

fn a_mix() -> Mix {
    let settings =
        MixSettings { exclude: vec![h()], after: vec![h()], prompt: h(), ..MixSettings::default() };
    let part = UnderstoodPart {
        words: h(),
        read_as: Some(h()),
        meaning: h(),
        tracks: None,
        set_aside: Some(h()),
    };
    Mix {
        settings,
        reading: PromptReading {
            understood: vec![part],
            not_understood: vec![h()],
            notes: vec![h()],
        },
        example: h(),
        after: vec![h()],
        picks: vec![a_card()],
        notes: vec![h()],
        why: vec![h()],
        ..Mix::default()
    }
}

fn some_people() -> PeopleView {
    PeopleView {
        people: vec![KnownPerson { name: h(), plays: 1, keys: 2 }],
        invitation: Some(Invitation { listener: h(), link: h() }),
        can_invite: true,
    }
}

fn a_history() -> HistoryView {
    let mut history = made_up::a_history("all", 60);
    let top = &mut history.review.top;
    top.artists.iter_mut().for_each(|top| top.artist = h());
    top.tracks.iter_mut().for_each(|top| (top.track, top.title) = (TrackId::new(TEXT), h()));
    top.albums.iter_mut().for_each(|top| (top.artist, top.album) = (Some(h()), h()));
    for found in &mut history.review.discoveries {
        (found.artist, found.title, found.track) = (h(), h(), TrackId::new(TEXT));
    }
    history.review.eras.iter_mut().flat_map(|era| &mut era.top).for_each(|top| top.name = h());
    let with_covers = [TrackId::new(TEXT)].into();
    HistoryView { time_zone: h(), latest: some_plays().days, with_covers, ..history }
}

fn some_plays() -> PlaysView {
    let play = OnePlay {
        time: None,
        track: h(),
        title: h(),
        artists: vec![h()],
        has_cover: true,
        remark: Some(h()),
        stamp: Some(h()),
    };
    let days = vec![DayOfPlays { day: None, plays: vec![play] }];
    PlaysView { days, next: Some(h()), is_first: false }
}

/// A picture with such names is a drawing still: it can be read as XML, and drawn.
#[test]
fn a_picture_holds_names_as_text() {
    let svg = segue_server::picture::svg(&Words::of(Some(TEXT)), &a_history().review);
    assert!(!svg.contains("<script") && !svg.contains("<img") && !svg.contains("style="));
    assert!(segue_server::picture::png(&svg).unwrap().starts_with(b"\x89PNG"));
}

fn a_taste() -> TasteView {
    let example = Example { track: h(), title: h(), artists: vec![h()], has_cover: true };
    let one = OneTaste {
        name: h(),
        artists: vec![h()],
        examples: vec![example],
        features: None,
        remarks: vec![h()],
        ..OneTaste::default()
    };
    TasteView {
        listener: h(),
        drawn_from: h(),
        tastes: vec![one],
        feedback: vec![Given { what: h(), of: h(), when: None, track: Some(h()), artist: None }],
        exclusions: vec![ExclusionView { id: -1, what: h(), plays: None }],
        devices: vec![(h(), h())],
        contexts: vec![h()],
    }
}

fn a_model() -> ModelPage {
    let row = ModelRow {
        version: h(),
        kind: h(),
        trained: h(),
        learned_from: h(),
        headline: h(),
        bytes: u64::MAX,
        active: false,
    };
    let figure = ComparisonRow { name: h(), left: h(), right: h(), difference: h() };
    ModelPage {
        learned: vec![h()],
        metrics: vec![MetricView { name: h(), meaning: h(), value: h(), interval: Some(h()) }],
        measured_on: Some(h()),
        models: vec![row.clone(), row],
        comparison: Some(ComparisonView {
            left: h(),
            right: h(),
            rows: vec![figure],
            verdict: h(),
        }),
        training: Some(h()),
        world: Some(h()),
        learns_at_night: true,
        may_change: true,
        ..ModelPage::default()
    }
}

fn row() -> FileRow {
    FileRow {
        file: h(),
        format: Some(h()),
        dropped: vec![(h(), 1)],
        note: Some(h()),
        ..FileRow::default()
    }
}

#[test]
fn hostile_text_stays_text() {
    for (page, markup) in pages() {
        let html = markup.into_string();
        assert!(
            html.contains("&lt;script&gt;") || page == "hostile login",
            "{page} does not show it at all"
        );
        assert!(!html.contains("<script>") && !html.contains("<img src=x"), "{page}");
        tags(&html);
    }
}

#[test]
fn no_address_runs_a_script_or_leads_elsewhere() {
    for (page, markup) in pages() {
        for tag in tags(&markup.into_string()) {
            for name in ["href", "action", "formaction", "src"] {
                let Some(address) = tag.get(name) else { continue };
                let external = tag.get("rel").is_some_and(|rel| rel.contains("external"));
                let ours = (address.starts_with('/') && !address.starts_with("//"))
                    || address.starts_with('#');
                assert!(
                    ours || (external && address.starts_with("https://")),
                    "{page}: `{address}`"
                );
                assert!(!address.contains(['<', '"', ' ']), "{page}: `{address}`");
            }
            if tag.get("name") == Some("back") {
                assert_eq!(tag.get("value"), Some("/"), "{page}");
            }
        }
    }
}
