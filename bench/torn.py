"""What a power loss would have left of a folder: images from the notes that `torn.c` wrote.

A write counts as kept for certain once its file was flushed; until then it may be kept, dropped, or
torn at the sectors of a disk, in any order. Names (new, renamed and removed files) are kept in the
order in which they were made, as journaling file systems do: up to the last that a flush of the
file or of its folder has made durable for certain, and a random number of those behind it.
"""

import os
import struct
from dataclasses import dataclass

SECTOR = 512
HEAD = struct.Struct("<cQQQII")

MODES = ["dropped", "shuffled", "torn", "kept"]


@dataclass
class Note:
    kind: str
    time: int
    inode: int
    offset: int
    path: str
    data: bytes


def read_notes(path):
    notes, content, at = [], path.read_bytes(), 0
    while at + HEAD.size <= len(content):
        kind, time, inode, offset, path_bytes, data_bytes = HEAD.unpack_from(content, at)
        at += HEAD.size
        path_end, end = at + path_bytes, at + path_bytes + data_bytes
        if end > len(content):
            break
        notes.append(
            Note(
                kind.decode(),
                time,
                inode,
                offset,
                os.fsdecode(content[at:path_end]),
                content[path_end:end],
            )
        )
        at = end
    return notes


class Disk:
    """Files as they are for certain, and what is under way to them."""

    def __init__(self, home):
        self.home, self.names, self.folders = str(home), {}, set()
        self.content, self.pending, self.pending_names = {}, {}, []
        for folder, _, files in os.walk(home):
            self.folders.add(folder)
            for name in files:
                path = os.path.join(folder, name)
                inode = os.stat(path).st_ino
                self.names[path] = inode
                with open(path, "rb") as file:
                    self.content[inode] = bytearray(file.read())

    def note(self, note):
        if note.kind in "wt":
            self.pending.setdefault(note.inode, []).append(note)
        elif note.kind == "s":
            self.flush(note)
        else:
            if note.kind == "c":
                # An inode that was another file's before.
                self.content[note.inode], self.pending[note.inode] = bytearray(), []
            self.pending_names.append(note)

    def flush(self, note):
        for change in self.pending.pop(note.inode, []):
            apply(self.content.setdefault(note.inode, bytearray()), change)
        last = max(
            (n for n, change in enumerate(self.pending_names) if concerns(change, note)),
            default=-1,
        )
        for change in self.pending_names[: last + 1]:
            rename(self.names, self.folders, change)
        del self.pending_names[: last + 1]

    def image(self, mode, rng):
        """The files of one image, and its folders."""
        names, folders = dict(self.names), set(self.folders)
        count = {"dropped": 0, "kept": len(self.pending_names)}.get(
            mode, rng.randint(0, len(self.pending_names))
        )
        for change in self.pending_names[:count]:
            rename(names, folders, change)
        files = {}
        for path, inode in names.items():
            content = bytearray(self.content.get(inode, b""))
            for change in some(self.pending.get(inode, []), mode, rng):
                apply(content, change)
            files[path] = bytes(content)
        return files, folders


def concerns(change, flushed):
    """Whether a flush of a file or folder makes a change of names durable."""
    if change.kind == "c" and change.inode == flushed.inode:
        return True
    paths = [change.path] + ([os.fsdecode(change.data)] if change.kind == "r" else [])
    return any(flushed.path in (path, os.path.dirname(path)) for path in paths)


def rename(names, folders, change):
    path = change.path
    if change.kind == "c":
        names[path] = change.inode
    elif change.kind == "m":
        folders.add(path)
    elif change.kind == "u":
        names.pop(path, None)
    elif change.kind == "d":
        folders.discard(path)
    elif change.kind == "r":
        to = os.fsdecode(change.data)
        for found in [name for name in names if name == path or name.startswith(path + "/")]:
            names[to + found[len(path) :]] = names.pop(found)
        for found in [name for name in folders if name == path or name.startswith(path + "/")]:
            folders.discard(found)
            folders.add(to + found[len(path) :])


def apply(content, change):
    if change.kind == "t":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset : change.offset + len(change.data)] = change.data


def some(changes, mode, rng):
    """Which of the changes that nobody flushed are on the disk."""
    if mode == "dropped":
        return []
    if mode == "kept":
        return changes
    kept = []
    for change in changes:
        if mode == "torn" and change.kind == "w" and rng.random() < 0.5:
            kept.extend(sectors(change, rng))
        elif rng.random() < 0.5:
            kept.append(change)
    return kept


def sectors(change, rng):
    """Some of the sectors that a write touches."""
    at, end = change.offset, change.offset + len(change.data)
    while at < end:
        border = min(end, (at // SECTOR + 1) * SECTOR)
        if rng.random() < 0.5:
            part = change.data[at - change.offset : border - change.offset]
            yield Note("w", change.time, change.inode, at, change.path, part)
        at = border


def write_image(files, folders, home, to):
    """Writes an image of `home` elsewhere."""
    for folder in sorted(folders):
        os.makedirs(str(to) + folder[len(str(home)) :], exist_ok=True)
    for path, content in files.items():
        target = str(to) + path[len(str(home)) :]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
