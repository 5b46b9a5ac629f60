"""Drives unchanged ListenBrainz clients from PyPI through what they can call, against a running
`segue serve`.

    pip install liblistenbrainz pylistenbrainz listenbrainz-submit
    segue --home demo/home keys add player --listener ann     # prints the token
    segue --home demo/home serve
    python bench/listenbrainz_client.py http://127.0.0.1:8080 TOKEN ann

Prints what was called and what came back. Ends with 1 if an answer is not what ListenBrainz's would
be.
"""

import json
import logging
import ssl
import sys
import time
import urllib.error
import urllib.request

import liblistenbrainz
import listenbrainz_submit
import pylistenbrainz
import tls_tunnel

MBID = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
failures = 0


def show(call, answer, holds):
    global failures
    failures += not holds
    text = str(answer)
    print(
        f"{'ok  ' if holds else 'FAIL'} {call:<52} {text if len(text) < 90 else text[:87] + '...'}"
    )


def refused(call, action, kind, status):
    try:
        show(call, action(), False)
    except kind as error:
        show(call, f"{error.status_code} {error.message}", error.status_code == status)


def drive(library, name, endpoint, token, user, began):
    """The two libraries are one, before and after it was renamed."""
    error = library.errors.ListenBrainzAPIException
    client = library.ListenBrainz()
    client.api_base_url = endpoint
    if name == "pylistenbrainz":
        # It has no setting for the address but the constant of its module.
        library.client.API_BASE_URL = endpoint
    try:
        client.set_auth_token("wrong")
        show(f"{name} set_auth_token(wrong)", "taken", False)
    except library.errors.InvalidAuthTokenException:
        show(f"{name} set_auth_token(wrong)", "refused", True)
    client.set_auth_token(token)
    show(f"{name} set_auth_token", "valid", True)

    before = count(endpoint, token, user)
    listen = lambda offset, **more: library.Listen(
        track_name="Sinnerman", artist_name="Nina Simone", listened_at=began + offset, **more
    )
    full = dict(
        release_name="Pastel Blues",
        recording_mbid=MBID,
        artist_mbids=[MBID],
        release_mbid=MBID,
        tags=["jazz"],
        release_group_mbid=MBID,
        work_mbids=[MBID],
        tracknumber=10,
        spotify_id="https://open.spotify.com/track/1rrgWMXGCGHru5bIRxGFV0",
        listening_from="vlc",
        isrc="USPR36507262",
        additional_info={"duration_ms": 622000},
    )
    for again in ("", ", again"):
        answer = client.submit_single_listen(listen(0, **full))
        show(f"{name} submit_single_listen{again}", answer, answer == {"status": "ok"})
    many = [listen(1000 * number, **full) for number in range(1, 10)]
    answer = client.submit_multiple_listens(many)
    show(f"{name} submit_multiple_listens", answer, answer == {"status": "ok"})
    show(
        f"{name} each play counts once",
        count(endpoint, token, user) - before,
        count(endpoint, token, user) - before == 10,
    )
    answer = client.submit_playing_now(
        library.Listen(track_name="Sinnerman", artist_name="Nina Simone")
    )
    show(f"{name} submit_playing_now", answer, answer == {"status": "ok"})
    now = client.get_playing_now(user)
    show(f"{name} get_playing_now", now.track_name, now.track_name == "Sinnerman")
    listens = client.get_listens(user, max_ts=began + 9001, count=5)
    times = [play.listened_at - began for play in listens]
    show(f"{name} get_listens(max_ts, count)", times, times == [9000, 8000, 7000, 6000, 5000])
    holds = listens[0].recording_mbid == MBID and listens[0].release_name == "Pastel Blues"
    show(f"{name} get_listens: what was sent", listens[0].additional_info, holds)
    times = [play.listened_at - began for play in client.get_listens(user, min_ts=began, count=2)]
    show(f"{name} get_listens(min_ts, count)", times, times == [2000, 1000])
    if hasattr(client, "get_user_listen_count"):
        answer = client.get_user_listen_count(user)
        show(f"{name} get_user_listen_count", answer, answer == before + 10)
    if hasattr(client, "submit_user_feedback"):
        for score in (1, -1, 0):
            answer = client.submit_user_feedback(score, MBID)
            show(f"{name} submit_user_feedback({score})", answer, answer == {"status": "ok"})
            answer = client.get_user_feedback(user, score, True)["feedback"]
            found = [each for each in answer if each["recording_mbid"] == MBID]
            show(f"{name} get_user_feedback({score})", found, len(found) == abs(score))
        refused(
            f"{name} submit_user_feedback, unheard of",
            lambda: client.submit_user_feedback(1, MBID.replace("8", "9")),
            error,
            404,
        )
    refused(
        f"{name} submit_single_listen of 1990",
        lambda: client.submit_single_listen(library.Listen("S", "A", listened_at=640000000)),
        error,
        400,
    )
    refused(
        f"{name} get_listens of somebody else",
        lambda: client.get_listens("somebody-else"),
        error,
        403,
    )
    refused(f"{name} get_user_artists", lambda: client.get_user_artists(user), error, 501)
    if hasattr(client, "delete_listen"):
        left = count(endpoint, token, user) - 1
        answer = client.delete_listen(listens[0])
        show(f"{name} delete_listen", answer, answer == {"status": "ok"})
        client.submit_multiple_listens(many)
        answer = count(endpoint, token, user)
        show(f"{name} a deleted listen does not come back", answer, answer == left)


def count(endpoint, token, user):
    request = urllib.request.Request(
        f"{endpoint}/1/user/{user}/listen-count", headers={"Authorization": f"Token {token}"}
    )
    return json.load(urllib.request.urlopen(request))["payload"]["count"]


def drive_submit(endpoint, token, user, began):
    """listenbrainz-submit knows one host, by TLS: its constant is set to a tunnel of our own."""
    server, certificate = tls_tunnel.start(endpoint)
    listenbrainz_submit.HOST_NAME = f"localhost:{server.server_port}"
    trust = ssl.create_default_context(cafile=certificate)
    quiet = logging.getLogger("quiet")
    quiet.setLevel(logging.CRITICAL)
    client = listenbrainz_submit.ListenBrainzClient(token, logger=quiet, ssl_context=trust)
    track = listenbrainz_submit.Track("Nina Simone", "Feeling Good", None, {"duration_ms": 174000})
    before = count(endpoint, token, user)
    for again in ("", ", again"):
        answer = client.listen(began, track).status
        show(f"listenbrainz-submit listen{again}", answer, answer == 200)
    answer = client.import_tracks([(began + 300 * number, track) for number in range(3)]).status
    show("listenbrainz-submit import_tracks", answer, answer == 200)
    answer = client.playing_now(track).status
    show("listenbrainz-submit playing_now", answer, answer == 200)
    answer = count(endpoint, token, user) - before
    show("listenbrainz-submit each play counts once", answer, answer == 3)
    wrong = listenbrainz_submit.ListenBrainzClient("wrong", logger=quiet, ssl_context=trust)
    answer = wrong.listen(began, track).status
    show("listenbrainz-submit listen with a wrong token", answer, answer == 401)
    answer = client.listen(0, track).status
    show("listenbrainz-submit listen of 1970", answer, answer == 400)
    server.shutdown()


def main():
    endpoint, token, user = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
    # Runs shall not find the plays of runs before them.
    began = int(time.time()) - 40_000
    drive(liblistenbrainz, "liblistenbrainz", endpoint, token, user, began)
    drive(pylistenbrainz, "pylistenbrainz", endpoint, token, user, began - 20_000)
    drive_submit(endpoint, token, user, began - 40_000)
    print(f"{failures} failed")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
