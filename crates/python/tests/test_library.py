"""Each verb of the library, and what it says where it cannot do it."""

import os
import signal
import threading
from datetime import datetime, timezone

import pytest
from conftest import library_in, uri, write_history, write_tracks

import segue


def test_an_import_reports_what_became_of_the_rows(tmp_path):
    library = segue.Library(str(tmp_path / "library"))
    history, told = write_history(tmp_path, True), []
    report = library.import_(history, listener="ada", progress=told.append)
    assert report.counts["listens_added"] == 24 * 5 + 24 * 2
    assert report.files[0]["rows_read"] == 168
    assert report.problems == []
    assert "168 plays" in repr(report)
    assert any("MiB" in line for line in told)
    assert library.listeners == ["ada"]

    again = library.import_(os.fspath(history), listener="ada")
    assert again.counts["listens_added"] == 0
    assert "not read again" in again.problems[0]


def test_a_file_that_is_not_there_is_an_error_of_storage(tmp_path):
    library = segue.Library(tmp_path / "library")
    with pytest.raises(segue.StorageError, match="gone.zip") as error:
        library.import_(tmp_path / "gone.zip", listener="ada")
    assert isinstance(error.value, OSError) and isinstance(error.value, segue.Error)


def test_a_file_in_no_known_format_is_an_error_of_input(tmp_path):
    (tmp_path / "poem.txt").write_text("so much depends\nupon\n")
    with pytest.raises(segue.InputError, match="no format that segue knows") as error:
        segue.Library(tmp_path / "library").import_(tmp_path / "poem.txt", listener="ada")
    assert isinstance(error.value, ValueError)


def test_a_folder_that_is_a_file_holds_no_library(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(segue.StorageError, match="file"):
        segue.Library(tmp_path / "file" / "library")


def test_a_path_of_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    segue.Library("~/library")
    assert (tmp_path / "library").is_dir()


def test_nothing_is_learned_from_nothing(tmp_path):
    library = segue.Library(tmp_path / "library")
    with pytest.raises(segue.NotReadyError, match="nothing has been imported"):
        library.train()
    library.import_(write_tracks(tmp_path), listener="ada")
    with pytest.raises(segue.NotReadyError):
        library.train()
    with pytest.raises(segue.NotReadyError):
        library.train(further=True)


def test_a_training_tells_its_stages_and_what_it_made(trained, stages):
    assert "choosing settings: ease" in stages and "likability: calibrating" in stages
    assert trained.snapshot().model_version


def test_an_exception_of_a_callback_ends_the_call_and_nothing_else(untrained):
    def stop(line):
        raise RuntimeError(line)

    with pytest.raises(RuntimeError, match="settings|rankings|likability"):
        untrained.train(progress=stop)
    assert untrained.snapshot().model_version is None
    assert untrained.train().version


def test_an_import_that_was_stopped_goes_on(tmp_path):
    def stop(line):
        raise KeyboardInterrupt

    library = segue.Library(tmp_path / "library")
    history = write_history(tmp_path, True)
    with pytest.raises(KeyboardInterrupt):
        library.import_(history, listener="ada", progress=stop)
    counts = library.import_(history, listener="ada").counts
    assert counts["listens_added"] + counts["already_imported"] == 168


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_ctrl_c_ends_a_training(untrained):
    def interrupt(line):
        os.kill(os.getpid(), signal.SIGINT)

    # A program that a shell starts in the background does not hear Ctrl-C unless it asks to.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            untrained.train(progress=interrupt)
    finally:
        signal.signal(signal.SIGINT, before)
    assert untrained.snapshot().model_version is None


def test_a_callback_that_asks_the_same_library_is_told_so(untrained):
    with pytest.raises(segue.NotReadyError, match="in the middle of a call"):
        untrained.train(progress=lambda line: untrained.snapshot())


def test_other_threads_run_while_one_trains(untrained):
    """The interpreter's lock is free: another thread counts while this one is in Rust."""
    counted, done = [], threading.Event()

    def count():
        while not done.is_set():
            counted.append(None)
            done.wait(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    before = len(counted)
    untrained.train()
    after = len(counted)
    done.set()
    counter.join()
    assert after - before > 10


def test_a_mix_is_read_in_several_ways(trained):
    mix = trained.snapshot().mix("ada", explore=0.4, length=10, seed=7)
    assert len(mix) == len(list(mix)) == 10
    assert mix.id is not None and mix.seed == 7 and mix.listener == "ada"
    assert mix[-1] is list(mix)[-1] and mix[:2] == (mix[0], mix[1])
    with pytest.raises(IndexError):
        mix[10]
    for pick in mix:
        assert pick.track.startswith("spotify:track:") and "Song" in pick.title
        assert 0 < pick.propensity <= 1 and 0 <= pick.likability <= 1
        assert pick.artist.startswith("Artist") and pick.reason
    assert any(pick.is_new for pick in mix)
    assert repr(mix).startswith("Mix for ada: ") and mix[0].title in repr(mix)
    assert mix._repr_html_().count("<tr>") == 11
    assert "likability" in repr(mix[0])


def test_the_same_seed_makes_the_same_mix(trained):
    snapshot = trained.snapshot()
    mixes = [snapshot.mix("ada", seed=3, length=8, log=False) for _ in range(2)]
    assert mixes[0].id is None
    assert [p.track for p in mixes[0]] == [p.track for p in mixes[1]]


def test_a_mix_keeps_to_what_was_asked(trained):
    snapshot = trained.snapshot()
    mix = snapshot.mix("bob", only="new", length=5, explore=1.0, without_artists=["Artist 1"])
    assert all(pick.is_new and pick.artist != "Artist 1" for pick in mix)
    greedy = snapshot.mix("bob", policy="greedy", after=[uri(5)], artist_cap=1, length=5)
    assert all(pick.propensity == 1 for pick in greedy)
    assert len({pick.artist for pick in greedy}) == 5


def test_a_mix_that_cannot_be_says_why(trained, untrained):
    snapshot = trained.snapshot()
    with pytest.raises(segue.InputError, match="`explore` goes from 0 to 1"):
        snapshot.mix("ada", explore=2)
    with pytest.raises(segue.InputError, match="`only` is"):
        snapshot.mix("ada", only="old")
    with pytest.raises(segue.InputError, match="unknown policy"):
        snapshot.mix("ada", policy="dice")
    with pytest.raises(segue.NotFoundError, match="did you mean `ada`") as error:
        snapshot.mix("adda")
    assert isinstance(error.value, LookupError)
    with pytest.raises(segue.InputError, match="there are 2 listeners"):
        snapshot.mix()
    with pytest.raises(segue.NotFoundError, match="no track `nowhere`"):
        snapshot.mix("ada", after=["nowhere"])
    with pytest.raises(segue.NotReadyError, match="no model"):
        untrained.snapshot().mix("ada")


def test_what_comes_next_is_not_logged_and_stays_the_same(trained):
    snapshot = trained.snapshot()
    first, second = snapshot.next("ada", length=4), snapshot.next("ada", length=4)
    assert first.id is None
    assert [p.track for p in first] == [p.track for p in second]
    assert all(pick.is_new for pick in snapshot.next("ada", only="new"))


def test_what_is_said_counts_in_the_next_mix(tmp_path):
    library = library_in(tmp_path)
    library.train()
    snapshot = library.snapshot()
    pick = snapshot.mix("ada", explore=0, length=5, seed=1)[0]
    library.record("ada", pick.track, "never")
    after = snapshot.mix("ada", explore=0, length=5, seed=1)
    assert pick.track not in [other.track for other in after]
    assert snapshot.explain("ada", pick.track).left_out == "rejected"
    library.record("ada", pick.track, "cleared")
    assert snapshot.explain("ada", pick.track).left_out != "rejected"

    plays = snapshot.explain("ada", pick.track).plays
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
    library.record("ada", pick.track, "finished", played_ms=199_000, at=noon)
    assert snapshot.explain("ada", pick.track).plays == plays + 1


def test_what_cannot_be_recorded_says_why(untrained):
    with pytest.raises(segue.InputError, match="expected one of `finished`"):
        untrained.record("ada", uri(1), "adore")
    with pytest.raises(segue.NotFoundError, match="nowhere"):
        untrained.record("ada", "nowhere", "like")
    with pytest.raises(segue.NotFoundError, match="there is no listener `cem`"):
        untrained.record("cem", uri(1), "like")
    with pytest.raises((TypeError, ValueError)):
        untrained.record("ada", uri(1), "like", at=datetime(2026, 1, 1))


def test_tracks_are_found_explained_and_compared(trained):
    snapshot = trained.snapshot()
    assert len(snapshot) == 80 and "80 tracks" in repr(snapshot)
    assert snapshot.fallback is None
    (found,) = snapshot.search("slow sogn 41", 1) or [None]
    assert found is not None and found.title == title_of(snapshot, found.id)
    assert snapshot.track(uri(41)).artists == ["Artist 8"]
    similar = snapshot.similar(uri(41), 3)
    assert len(similar) == 3 and all(0 <= other.similarity <= 1 for other in similar)
    explanation = snapshot.explain("ada", uri(43))
    assert explanation.is_new and explanation.plays == 0 and explanation.reason
    assert explanation.track.id == uri(43)
    with pytest.raises(segue.NotFoundError, match="no track"):
        snapshot.similar("nowhere")
    with pytest.raises(segue.NotFoundError, match="no track"):
        snapshot.explain("ada", "nowhere")


def title_of(snapshot, track):
    return snapshot.track(track).title


def test_who_is_forgotten_leaves_nothing(untrained):
    untrained.train()
    gone = untrained.forget("ada")
    assert gone["found"] and gone["listens"] == 168 and gone["models"]
    assert untrained.listeners == ["bob"]
    with pytest.raises(segue.NotFoundError):
        untrained.forget("ada")


def test_a_backup_is_a_library(untrained, tmp_path):
    untrained.backup(tmp_path / "copy")
    assert segue.Library(tmp_path / "copy").listeners == ["ada", "bob"]
    with pytest.raises(segue.Error, match="copy"):
        untrained.backup(tmp_path / "copy")
