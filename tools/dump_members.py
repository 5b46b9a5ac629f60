#!/usr/bin/env python3
"""Which bytes of a tar on a web server hold its last members.

A dump of listens is one tar of hundreds of gigabytes, not packed, with members in the order of
time. A server that sends parts of a file lets us read the 512 bytes of each header and nothing
else. Prints the command that fetches the last members, which are a tar by themselves.
"""

import argparse
import sys
import urllib.request

BLOCK = 512


def fetch(url, start, length):
    """Some bytes of a file on a server."""
    wanted = {"Range": f"bytes={start}-{start + length - 1}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=wanted)) as answer:
        if answer.status != 206:
            sys.exit(f"{url}: the server sends no parts of a file")
        return answer.read(), int(answer.headers["Content-Range"].rsplit("/", 1)[1])


def members(url):
    """Name, first byte and length, header included, of each member."""
    start, size = 0, None
    while size is None or start + BLOCK <= size:
        header, size = fetch(url, start, BLOCK)
        if header == bytes(BLOCK):
            return
        if header[257:262] != b"ustar":
            sys.exit(f"{url}: no header of a tar at byte {start}")
        field = header[124:136]
        # Lengths beyond eight gigabytes are written as a number, others as octal text.
        binary = field[0] & 0x80
        length = int.from_bytes(field[1:], "big") if binary else int(field.rstrip(b" \0"), 8)
        blocks = BLOCK + -(-length // BLOCK) * BLOCK
        yield header[:100].rstrip(b"\0").decode(), start, blocks
        start += blocks


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="the address of the tar")
    parser.add_argument("--last", type=int, default=23, help="how many members [default: 23]")
    parser.add_argument("--list", action="store_true", help="print all members as well")
    options = parser.parse_args()
    found = []
    for name, start, length in members(options.url):
        found.append((start, length))
        if options.list:
            print(name, start, length)
        elif sys.stderr.isatty():
            print(f"\r{len(found)} members", end="", file=sys.stderr)
    if not found:
        sys.exit(f"{options.url}: no members")
    first, end = found[-options.last :][0][0], sum(found[-1])
    print(f"curl --fail -C - -o listens.tar -r {first}-{end - 1} {options.url}")


if __name__ == "__main__":
    main()
