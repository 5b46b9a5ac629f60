"""Drives an unchanged pylast through what it can call, against a running `segue serve`.

    pip install pylast
    segue --home demo/home keys add player --listener ann     # prints the token
    segue --home demo/home serve
    python bench/lastfm_client.py http://127.0.0.1:8080 TOKEN ann

Prints what was called and what came back. Ends with 1 if an answer is not what Last.fm's would be.
"""

import json
import os
import sys
import time
import urllib.request

import tls_tunnel

failures = 0


def show(call, answer, holds):
    global failures
    failures += not holds
    text = str(answer)
    print(
        f"{'ok  ' if holds else 'FAIL'} {call:<44} {text if len(text) < 90 else text[:87] + '...'}"
    )


def asked(endpoint, token, path):
    headers = {"Authorization": f"Token {token}"}
    request = urllib.request.Request(f"{endpoint}/1/{path}", headers=headers)
    return json.load(urllib.request.urlopen(request))


def network(pylast, server, user, password):
    """A network of one's own, as that of Libre.fm is set up."""
    return pylast._Network(
        name="Segue",
        homepage="",
        ws_server=(f"localhost:{server.server_port}", "/2.0/"),
        api_key="any",
        api_secret="any",
        session_key="",
        username=user,
        password_hash=pylast.md5(password),
        domain_names={},
        urls={},
    )


def drive(pylast, server, endpoint, token, user):
    began = int(time.time()) - 40_000
    count = lambda: asked(endpoint, token, f"user/{user}/listen-count")["payload"]["count"]
    for name, password in ((user, "wrong"), ("nobody", token)):
        try:
            network(pylast, server, name, password)
            show("log in, wrong", "taken", False)
        except pylast.WSError as error:
            show("log in, wrong", error, str(error.get_id()) == "4")
    ours = network(pylast, server, user, token)
    show("log in", "a session key", len(ours.session_key) == 32)
    before = count()
    for again in ("", ", again"):
        ours.scrobble(
            "Nina Simone",
            "Sinnerman",
            began,
            album="Pastel Blues",
            duration=622,
            mbid="8f3471b5-7e6a-48da-86a9-c1c07a0f47ae",
            track_number=10,
        )
        show(f"scrobble{again}", count() - before, count() - before == 1)
    many = [
        dict(artist="Björk & Friends", title=f"Jóga {n}", timestamp=began + 300 + 300 * n)
        for n in range(120)
    ]
    ours.scrobble_many(many)
    show("scrobble_many, 120 in batches of 50", count() - before, count() - before == 121)
    ours.update_now_playing("Fela Kuti", "Zombie", album="Zombie", duration=745)
    now = asked(endpoint, token, f"user/{user}/playing-now")["payload"]["listens"]
    show("update_now_playing", now, now[0]["track_metadata"]["track_name"] == "Zombie")
    loved = lambda: asked(endpoint, token, f"feedback/user/{user}/get-feedback?score=1")[
        "total_count"
    ]
    stood = loved()
    song = ours.get_track("Somebody", "Never played here")
    song.love()
    show("love", loved() - stood, loved() - stood == 1)
    song.unlove()
    show("unlove", loved() - stood, loved() == stood)
    plays = ours.get_user(user).get_playcount()
    show("get_playcount", plays, plays == count())
    try:
        ours.get_track("A", "B").get_similar()
        show("get_similar", "answered", False)
    except pylast.WSError as error:
        show("get_similar", error, str(error.get_id()) == "3")
    again = network(pylast, server, user, token)
    show("log in again: the same session key", "", again.session_key == ours.session_key)


def main():
    endpoint, token, user = sys.argv[1].rstrip("/"), sys.argv[2], sys.argv[3]
    server, certificate = tls_tunnel.start(endpoint)
    # pylast speaks TLS only, and asks whom it may trust when it is loaded.
    os.environ["SSL_CERT_FILE"] = certificate
    import pylast

    print(f"pylast {pylast.__version__}")
    drive(pylast, server, endpoint, token, user)
    print(f"{failures} failed")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
