//! Words to a mix: what is understood, what it is taken to mean, and what is said of the rest.

use segue::{
    Chosen, Error, Familiarity, ImportOptions, Library, MixRequest, PromptProblem, Prompted,
    Snapshot, TrackId,
};
use tempfile::TempDir;

use crate::{ann, now, trained};

/// Eight tracks of which the sound, the year and the genre are known, and one of which nothing is.
const TABLE: &str = "\
track_id,track_name,artist_name,year,genre,tempo,energy,valence,danceability,instrumentalness,\
duration_ms
t1,Teardrop,Massive Attack,1998,Trip-Hop,77,0.4,0.3,0.6,0.2,330000
t2,Angel,Massive Attack,1998,Trip-Hop,108,0.6,0.1,0.6,0.8,379000
t3,Wonderwall,Oasis,1995,Britpop Rock,87,0.9,0.4,0.4,0.0,258000
t4,Roxanne,The Police,1978,Rock,134,0.8,0.6,0.5,0.0,192000
t5,Vogue,Madonna,1990,Dance Pop,116,0.6,0.6,0.8,0.1,290000
t6,Hyperballad,Björk,1995,Electronic,84,0.5,0.3,0.6,0.1,321000
t7,Battery,Metallica,1986,Heavy Metal,190,0.95,0.2,0.3,0.4,312000
t8,Levitating,Dua Lipa,2020,Pop,103,0.8,0.9,0.7,0.0,203000
t9,Unknown,Nobody,,,,,,,,
t10,Teardrop (Live),Massive Attack,2004,Trip-Hop,78,0.4,0.3,0.6,0.2,340000
";

fn library(table: &str) -> (TempDir, Snapshot) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tracks.csv");
    std::fs::write(&file, table).unwrap();
    let mut library = Library::open(folder.path().join("library")).unwrap();
    library.import(&[file], &ImportOptions::new(ann()), &mut ()).unwrap();
    let snapshot = library.snapshot().unwrap();
    (folder, snapshot)
}

/// A mix of one track is asked for, so that what is only near is taken where nothing else is.
fn ask(snapshot: &Snapshot, words: &str) -> Result<Prompted, Error> {
    let request = MixRequest { length: 1, ..MixRequest::new(now()) };
    snapshot.prompted(words, request, Chosen::default())
}

fn names(tracks: &[TrackId]) -> String {
    let mut names: Vec<&str> =
        tracks.iter().map(|track| track.as_str().trim_start_matches("item:")).collect();
    names.sort_by_key(|name| (name.len(), *name));
    names.join(" ")
}

#[track_caller]
fn assert_found(snapshot: &Snapshot, words: &str, expected: &str) {
    let prompted = ask(snapshot, words).unwrap_or_else(|error| panic!("{words}: {error}"));
    assert_eq!(names(&prompted.request.within.unwrap()), expected, "{words}");
    assert_eq!(prompted.reading.not_understood, Vec::<String>::new(), "{words}");
}

fn problem(snapshot: &Snapshot, words: &str) -> PromptProblem {
    match ask(snapshot, words) {
        Err(Error::Prompt(problem)) => *problem,
        other => panic!("{words}: {other:?}"),
    }
}

#[test]
fn words_choose_tracks_by_sound_time_genre_artist_and_version() {
    let (_folder, snapshot) = library(TABLE);
    assert_eq!(
        ask(&snapshot, "like Teardrop by Massive Attack").unwrap().reading.understood.len(),
        1
    );
    for (words, expected) in [
        ("slow", "t1 t3 t6 t10"),
        ("songs that are slow and sad, please", "t1 t6 t10"),
        ("very fast", "t7"),
        ("not slow", "t2 t4 t5 t7 t8"),
        ("not too slow", "t2 t3 t4 t5 t6 t7 t8"),
        ("some mellow music from the 90s", "t1 t6"),
        ("mellow 1990s", "t1 t6"),
        ("80-110 bpm", "t2 t3 t6 t8"),
        ("before 1990", "t4 t7"),
        ("since 2000", "t8 t10"),
        ("80s or 70s", "t4 t7"),
        ("rock", "t3 t4"),
        ("Rock, no Britpop", "t4"),
        ("heavy metal", "t7"),
        ("trip hop", "t1 t2 t10"),
        ("triphop, no live", "t1 t2"),
        ("pop and rock", "t3 t4 t5 t8"),
        ("no rock or pop, 90s", "t1 t2 t6"),
        ("by Bjork", "t6"),
        ("by Oasis or Björk", "t3 t6"),
        ("90s without Massive Attack", "t3 t5 t6"),
        ("instrumental", "t2"),
        ("90's, melow", "t1 t6"),
        ("songs over 3 minutes, under 4 minutes", "t4 t8"),
        ("live", "t10"),
        ("rock or metal from before 1990", "t4 t7"),
        ("old", "t1 t2 t3 t4 t5 t6 t7"),
    ] {
        assert_found(&snapshot, words, expected);
    }
}

#[test]
fn a_genre_that_few_tracks_have_is_widened_to_what_goes_with_it() {
    let mut table = "track_id,track_name,artist_name,genre,tempo\n".to_owned();
    let mut add = |i: usize, artist: usize, genre: &str| {
        table += &format!("t{i},Song {i},Artist {artist},{genre},100\n");
    };
    (0..4).for_each(|i| add(i, i, "Shoegaze"));
    (4..8).for_each(|i| add(i, i - 4, "Dream Pop"));
    (8..12).for_each(|i| add(i, i, "Dream Pop"));
    (12..50).for_each(|i| add(i, i, "Classical"));
    let (_folder, snapshot) = library(&table);
    let asked = |words: &str, length| {
        let request = MixRequest { length, ..MixRequest::new(now()) };
        snapshot.prompted(words, request, Chosen::default()).unwrap()
    };
    let enough = asked("shoegaze", 4);
    assert_eq!(names(&enough.request.within.unwrap()), "t0 t1 t2 t3");
    assert_eq!(enough.reading.understood[0].meaning, "of a genre called shoegaze");
    let few = asked("shoegaze", 6);
    assert_eq!(names(&few.request.within.unwrap()), "t0 t1 t2 t3 t4 t5 t6 t7 t8 t9 t10 t11");
    assert_eq!(
        few.reading.understood[0].meaning,
        "of a genre called shoegaze, and what is called alike: Dream Pop"
    );
    assert_eq!(few.reading.understood[0].tracks, Some(4));
    let note = "4 tracks are all of this; the 8 that come nearest to it are taken too";
    assert!(few.reading.notes.iter().any(|said| said == note), "{:?}", few.reading.notes);
    let without = asked("no shoegaze", 6);
    assert_eq!(without.request.within.unwrap().len(), 46, "what goes with it is another genre");
}

/// What people call some of the artists of [`TABLE`], and others that are not in it.
const TAGS: &str = "\
artist,tag,count
massive attack,trip-hop,40
Massive Attack,Bristol,9
Björk,female vocalists,30
Björk,icelandic,12
Björk,trip-hop,2
Madonna,female vocalists,20
Madonna,80s pop,20
Madonna,dance,20
Dua Lipa,female vocalists,2
Dua Lipa,nobody else,1
Nobody,Massive Attack,5
Oasis,police,9
Portishead,trip-hop,9
";

/// A library of [`TABLE`], and of what people call its artists.
fn tagged_library(table: &str, tags: &str) -> (TempDir, Snapshot) {
    let folder = tempfile::tempdir().unwrap();
    let files = [("tracks.csv", table), ("artist_tags.csv", tags)].map(|(name, text)| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file
    });
    let mut library = Library::open(folder.path().join("library")).unwrap();
    library.import(&files, &ImportOptions::new(ann()), &mut ()).unwrap();
    let snapshot = library.snapshot().unwrap();
    (folder, snapshot)
}

#[test]
fn words_find_artists_by_what_listeners_call_them() {
    let (_folder, snapshot) = tagged_library(TABLE, TAGS);
    for (words, expected) in [
        ("female vocalists", "t5 t6 t8"),
        ("no female vocals, 90s", "t1 t2 t3"),
        ("icelandic", "t6"),
        ("Bristol, slow", "t1 t10"),
        // By genre or by tag, whichever there is; two of 44 is too little.
        ("trip-hop", "t1 t2 t10"),
        ("female vocalists, no icelandic", "t5 t8"),
    ] {
        assert_found(&snapshot, words, expected);
    }
    let meaning = |words: &str| {
        let reading = ask(&snapshot, words).unwrap().reading;
        (reading.understood[0].meaning.clone(), reading.understood[0].tracks)
    };
    assert_eq!(meaning("icelandic"), ("tagged icelandic by listeners".to_owned(), Some(1)));
    let both = "of a genre called trip hop, or tagged so by listeners".to_owned();
    assert_eq!(meaning("trip hop"), (both, Some(3)));
    let women = "tagged female vocalists or female vocalist by listeners".to_owned();
    assert_eq!(meaning("female vocals"), (women, Some(3)));
    let parts = problem(&snapshot, "80s pop").reading.understood.len();
    assert_eq!(parts, 2, "years are no tags: a decade and a genre");
    let like = ask(&snapshot, "Massive Attack").unwrap().reading.understood.remove(0);
    assert_eq!(like.meaning, "close to what Massive Attack made", "artists are no tags");
    let police = ask(&snapshot, "Police").unwrap().reading.understood.remove(0);
    assert_eq!(
        police.meaning, "close to what The Police made",
        "nor are they without their article"
    );
}

#[test]
fn an_echo_names_a_network_only_where_one_heard_files() {
    let (_folder, snapshot) = tagged_library(TABLE, "artist,tag,count\nBjörk,icelandic,12\n");
    let reading = problem(&snapshot, "female vocals").reading;
    assert_eq!(
        reading.understood[0].meaning,
        "tagged female vocalists or female vocalist by listeners"
    );
}

#[test]
fn a_tag_that_few_artists_have_is_widened_to_what_goes_with_it() {
    let mut tags = "artist,tag,count\n".to_owned();
    for artist in ["Massive Attack", "A", "B", "C"] {
        tags += &format!("{artist},Bristol,5\n{artist},moody,5\n");
    }
    let letters = ('D'..='Z').map(String::from);
    for artist in ["Oasis", "The Police"].map(str::to_owned).into_iter().chain(letters) {
        tags += &format!("{artist},guitars,5\n");
    }
    tags += "Björk,moody,5\n";
    let (_folder, snapshot) = tagged_library(TABLE, &tags);
    let request = MixRequest { length: 4, ..MixRequest::new(now()) };
    let few = snapshot.prompted("bristol", request, Chosen::default()).unwrap();
    assert_eq!(names(&few.request.within.unwrap()), "t1 t2 t6 t10");
    assert_eq!(
        few.reading.understood[0].meaning,
        "tagged bristol by listeners, and what is called alike: moody"
    );
}

#[test]
fn words_set_the_dial_the_length_and_what_may_be_picked() {
    let (_folder, snapshot) = library(TABLE);
    let asked = |words| ask(&snapshot, words).unwrap();
    let new = asked("mostly new, 20 songs");
    assert_eq!((new.request.explore, new.request.length, new.explore), (0.8, 20, Some(0.8)));
    assert_eq!(new.request.within, None, "nothing is said of the tracks");
    assert_eq!(asked("only new").request.familiarity, Familiarity::New);
    assert_eq!(asked("nothing new").request.familiarity, Familiarity::Heard);
    assert_eq!(asked("in my library").request.familiarity, Familiarity::Owned);
    // Nine of the tracks take 4:51 on average.
    assert_eq!(asked("an hour").request.length, 12);
    assert_eq!(asked("half an hour of fast songs").request.length, 7, "fast ones take 4:12");
}

#[test]
fn what_was_chosen_beside_the_words_wins_and_that_is_said() {
    let (_folder, snapshot) = library(TABLE);
    let request = MixRequest { explore: 0.2, length: 7, ..MixRequest::new(now()) };
    let chosen = Chosen { explore: true, length: true, familiarity: false };
    let words = "mostly new, 7 songs, slow";
    let prompted = snapshot.prompted(words, request, chosen).unwrap();
    assert_eq!((prompted.request.explore, prompted.explore), (0.2, None));
    let aside: Vec<bool> =
        prompted.reading.understood.iter().map(|part| part.set_aside.is_some()).collect();
    assert_eq!(aside, [true, false, false], "seven songs were chosen anyway");
}

#[test]
fn the_reading_quotes_explains_and_counts() {
    let (_folder, snapshot) = library(TABLE);
    let words = "Not too slow, 90s, glittering unicorns, like teardrop by massive attack";
    let reading = ask(&snapshot, words).unwrap().reading;
    let parts: Vec<(&str, &str, Option<usize>)> = reading
        .understood
        .iter()
        .map(|part| (part.words.as_str(), part.meaning.as_str(), part.tracks))
        .collect();
    assert_eq!(
        parts[..2],
        [
            ("Not too slow", "a tempo from 80 bpm", Some(7)),
            ("90s", "released 1990 to 1999", Some(5)),
        ]
    );
    assert_eq!(parts[2].0, "like teardrop by massive attack");
    assert_eq!(parts[2].1, "close to Teardrop by Massive Attack");
    assert_eq!(reading.not_understood, ["glittering unicorns"]);
    assert_eq!(reading.notes[0], "9 of 10 tracks here say how they sound");
    let unknown = ask(&snapshot, "mellow, like Quux and the Zyxes, 90s").unwrap().reading;
    assert_eq!(unknown.not_understood, ["like Quux and the Zyxes"]);
    let the = ask(&snapshot, "like the pollice").unwrap().reading;
    assert_eq!(the.understood[0].read_as.as_deref(), Some("The Police"));
    let corrected = ask(&snapshot, "like masive atack").unwrap().reading;
    assert_eq!(corrected.understood[0].read_as.as_deref(), Some("Massive Attack"));
}

#[test]
fn what_nearly_sounds_so_is_taken_where_too_little_does_and_that_is_said() {
    let (_folder, snapshot) = library(TABLE);
    let prompted = ask(&snapshot, "mellow and happy").unwrap();
    assert_eq!(names(&prompted.request.within.unwrap()), "t5", "energy .6 and valence .6");
    assert_eq!(
        prompted.reading.notes.last().unwrap(),
        "no track is all of this; the one that comes nearest to it is taken"
    );
}

#[test]
fn what_cannot_be_answered_is_said_with_the_reason() {
    let (_folder, snapshot) = library(TABLE);
    let nothing = problem(&snapshot, "glittering unicorns");
    assert!(nothing.to_string().starts_with("none of this is understood"), "{nothing}");
    let none = problem(&snapshot, "rock, since 2000");
    assert_eq!(
        none.to_string(),
        "no track is all of this together: “rock” 2 tracks, “since 2000” 2 tracks"
    );
    let jazz = problem(&snapshot, "jazz");
    assert_eq!(jazz.to_string(), "no track is all of this together: “jazz” 0 tracks");

    let (_folder, bare) =
        library("track_name,artist_name,played_at\nSlow,Dots,2026-01-01T10:00:00Z\n");
    let silent = problem(&bare, "mellow, 90s");
    assert_eq!(
        silent.to_string(),
        "nothing here tells which tracks these are (“mellow”: no track here says how it sounds, \
         “90s”: no track here says when it was released)"
    );
    let by = ask(&bare, "mellow, by Dots").unwrap();
    assert_eq!(by.request.within.unwrap().len(), 1, "what can be told is");
    assert!(by.reading.understood[0].set_aside.is_some());
}

#[test]
fn any_text_is_read_without_a_panic_and_in_bounded_time() {
    let (_folder, snapshot) = library(TABLE);
    for words in [
        "",
        " ",
        ",",
        "not",
        "no no no",
        "like",
        "like like like",
        "by",
        "between 3 and",
        "-",
        "--",
        "1990-",
        "in",
        "in f",
        "'''",
        "☃ ☃",
        "İ ǅ",
        "a a a a a a a a a a",
        "not too",
        "9999999999 bpm",
        "0 songs",
        "0 bpm",
        "5-1 bpm",
        "1999-1990",
        "\u{0}\u{1}",
        "like ,",
        "an",
        "half an",
        "the the the",
        "&&&",
        "90s90s",
        "&",
        "#",
        "like teardrop by",
        "no like no by",
    ] {
        let _ = ask(&snapshot, words);
    }
    let many = ask(&snapshot, &"slow, ".repeat(60)).unwrap().reading;
    assert_eq!((many.understood.len(), many.not_understood.len()), (16, 1));
    let long = "mellow and not too slow like 🎵 massive attack, ".repeat(10_000);
    let prompted = ask(&snapshot, &long).unwrap();
    assert!(prompted.reading.understood.len() < 50, "only the beginning is read");
}

#[test]
fn a_mix_by_words_holds_nothing_else() {
    let (_folder, library) = trained();
    let snapshot = library.snapshot().unwrap();
    let profile = snapshot.profile(library.store(), &ann()).unwrap();
    let request = MixRequest { length: 10, seed: 7, ..MixRequest::new(now()) };
    let prompted = snapshot.prompted("energetic, half new", request, Chosen::default()).unwrap();
    let within = prompted.request.within.clone().unwrap();
    let mix = snapshot.mix(&profile, &prompted.request).unwrap();
    assert_eq!(mix.slate.picks.len(), 10);
    assert!(mix.slate.picks.iter().all(|pick| within.contains(&pick.track)));
    let energy = |pick: &segue::Pick| {
        snapshot.track(&pick.track).unwrap().features.get(segue::AudioFeature::Energy).unwrap()
    };
    assert!(mix.slate.picks.iter().all(|pick| energy(pick) >= 0.7));
}

#[test]
fn the_example_promises_only_what_the_library_can_answer() {
    let (_folder, library) = trained();
    let snapshot = library.snapshot().unwrap();
    let profile = snapshot.profile(library.store(), &ann()).unwrap();
    let example = snapshot.prompt_example(&profile);
    let request = MixRequest::new(now());
    let prompted = snapshot.prompted(&example, request, Chosen::default());
    let reading = match prompted {
        Ok(prompted) => prompted.reading,
        Err(Error::Prompt(problem)) => problem.reading,
        Err(other) => panic!("{other}"),
    };
    assert!(reading.not_understood.is_empty(), "{example}: {reading:?}");
    assert!(reading.understood.iter().all(|part| part.set_aside.is_none()), "{example}");
}

/// What the documentation says that is understood is understood: its tables, word by word.
#[test]
fn every_word_of_the_documentation_is_understood() {
    let (_folder, snapshot) = library(TABLE);
    let text = include_str!("../../../../docs/prompts.md");
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains('`'));
    let cells = rows.filter_map(|line| line.split(" | ").next());
    let cells = cells.map(|cell| cell.trim_start_matches("| ")).filter(|cell| *cell != "words");
    let words: Vec<&str> = cells.flat_map(|cell| cell.split([',', ';']).map(str::trim)).collect();
    assert!(words.len() > 120, "{}", words.len());
    for word in words {
        let reading = match ask(&snapshot, word) {
            Ok(prompted) => prompted.reading,
            Err(Error::Prompt(problem)) => problem.reading,
            Err(other) => panic!("{word}: {other}"),
        };
        assert!(reading.not_understood.is_empty(), "{word}: {reading:?}");
        assert_eq!(reading.understood.len(), 1, "{word}: {reading:?}");
        assert_eq!(reading.understood[0].read_as, None, "{word}");
    }
}
