"""Drives an unchanged gorse client from PyPI through everything that it can call, against a running
`segue serve`.

    pip install PyGorse
    segue demo --keep demo && segue --home demo/home serve
    python bench/gorse_client.py http://127.0.0.1:8080 [KEY]

Prints what was called and what came back. Ends with 1 if an answer is not what gorse's would be.
"""

import asyncio
import sys

from gorse import AsyncGorse, Gorse, GorseException

USER = "gorse-client"
failures = 0


def show(call, answer, holds):
    global failures
    failures += not holds
    text = str(answer)
    print(
        f"{'ok  ' if holds else 'FAIL'} {call:<58} "
        f"{text if len(text) < 110 else text[:107] + '...'}"
    )


def refused(call, action, status):
    try:
        show(call, action(), False)
    except GorseException as error:
        show(call, f"{error.status_code} {error.message}", error.status_code == status)


def main():
    endpoint, key = sys.argv[1], (sys.argv[2] if len(sys.argv) > 2 else "")
    client = Gorse(endpoint, key, timeout=30)
    one = {"RowAffected": 1}

    answer = client.insert_user({"UserId": USER, "Labels": ["a", "b"], "Comment": "not kept"})
    show("insert_user", answer, answer == one)
    answer = client.insert_users([{"UserId": USER + "-2"}, {"UserId": USER + "-3"}])
    show("insert_users", answer, answer == {"RowAffected": 2})
    answer = client.get_user(USER)
    show("get_user", answer, answer["UserId"] == USER)
    users, cursor = client.get_users(2)
    show("get_users(2)", (users, cursor), len(users) == 2 and cursor != "")
    more, _ = client.get_users(1000, cursor)
    show("get_users(1000, cursor)", f"{len(more)} more", all(user not in users for user in more))

    item = {
        "ItemId": "gorse:1",
        "IsHidden": False,
        "Categories": ["made-up"],
        "Timestamp": "2022-11-20T13:55:27Z",
        "Labels": ["title:A Song", "artist:Somebody", "year:1999", "energy:0.4"],
        "Comment": "",
    }
    answer = client.insert_item(item)
    show("insert_item", answer, answer == one)
    answer = client.get_item("gorse:1")
    show(
        "get_item",
        answer,
        answer["Categories"] == ["made-up"] and "artist:Somebody" in answer["Labels"],
    )
    answer = client.update_item("gorse:1", labels=["album:An Album"])
    show("update_item(labels)", answer, answer["RowAffected"] in (0, 1))
    refused(
        "update_item(is_hidden=True)", lambda: client.update_item("gorse:1", is_hidden=True), 501
    )
    refused("delete_item", lambda: client.delete_item("gorse:1"), 501)
    items, cursor = client.get_items(40)
    show(
        "get_items(40)", f"{len(items)} items, cursor {cursor!r}", len(items) == 40 and cursor != ""
    )
    found = client.search_items(items[0]["Comment"], 3)
    show(
        f"search_items({items[0]['Comment']!r})", [each["ItemId"] for each in found], len(found) > 0
    )
    known = [each["ItemId"] for each in items if not each["ItemId"].startswith("gorse:")]

    answer = client.insert_feedback("star", USER, known[0], "2026-02-24", 1)
    show("insert_feedback(star)", answer, answer == one)
    rows = [
        {
            "FeedbackType": kind,
            "UserId": USER,
            "ItemId": item,
            "Timestamp": f"2026-02-24T10:{minute:02}:00Z",
        }
        for minute, (kind, item) in enumerate(
            zip(["play", "finish", "skip", "like", "read", "dislike"], known[1:])
        )
    ]
    for _ in range(2):
        answer = client.insert_feedbacks(rows)
        show("insert_feedbacks(6), each of them sent twice", answer, answer == {"RowAffected": 6})
    answer = client.list_feedbacks("star", USER)
    show(
        "list_feedbacks(star)",
        answer,
        [row["ItemId"] for row in answer if row["FeedbackType"] == "star"].count(known[0]) == 1,
    )
    answer = client.list_feedbacks("play", USER)
    show("list_feedbacks(play)", answer, len(answer) == 1)
    answer, cursor = client.get_feedbacks(5)
    show(
        "get_feedbacks(5)",
        f"{len(answer)} rows, cursor {cursor!r}",
        len(answer) == 5 and cursor != "",
    )
    again, _ = client.get_feedbacks(5, cursor)
    show("get_feedbacks(5, cursor)", f"{len(again)} rows", all(row not in answer for row in again))
    answer = client.delete_feedback(USER, known[4])
    show("delete_feedback", answer, answer == one)
    answer = client.list_feedbacks("like", USER)
    show(
        "list_feedbacks(like), which was deleted",
        answer,
        known[4] not in [row["ItemId"] for row in answer],
    )
    refused(
        "insert_feedback(wiggle)",
        lambda: client.insert_feedback("wiggle", USER, known[0], "2026-02-24"),
        400,
    )

    answer = client.get_recommend(USER, n=5)
    show(
        "get_recommend(n=5)", [(each.id, round(each.score, 3)) for each in answer], len(answer) == 5
    )
    first = {each.id for each in answer}
    answer = client.get_recommend(USER, n=5, offset=5)
    show(
        "get_recommend(n=5, offset=5)",
        [each.id for each in answer],
        len(answer) == 5 and not first & {each.id for each in answer},
    )
    answer = client.get_recommend(USER, n=5, write_back_type="read", write_back_delay="0h1m0s")
    show("get_recommend(write_back_type=read)", [each.id for each in answer], len(answer) == 5)
    answer = client.get_recommend(USER, category="no such category")
    show("get_recommend(category)", answer, answer == [])
    answer = client.session_recommend(rows, n=4)
    show("session_recommend(n=4)", answer, len(answer) == 4)
    answer = client.get_neighbors(known[0], n=3)
    show("get_neighbors(n=3)", answer, len(answer) == 3)

    answer = asyncio.run(AsyncGorse(endpoint, key).get_recommend(USER, n=3))
    show("AsyncGorse.get_recommend(n=3)", [each.id for each in answer], len(answer) == 3)
    for user in [USER, USER + "-2", USER + "-3"]:
        answer = client.delete_user(user)
        show(f"delete_user({user})", answer, answer == one)
    refused("get_user, who was deleted", lambda: client.get_user(USER), 404)
    refused(
        "get_recommend(write_back_type=wiggle)",
        lambda: client.get_recommend(USER, write_back_type="wiggle"),
        400,
    )
    print(
        f"{failures} of the answers were not as expected"
        if failures
        else "all answers were as expected"
    )
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
