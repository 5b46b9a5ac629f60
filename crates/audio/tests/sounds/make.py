#!/usr/bin/env python3
"""Makes the sound files beside it: twelve notes at 120 a minute, packed by every codec that is
read.

    python3 make.py        # needs FFmpeg (made with Debian's 5.1.9)

The same notes are made in `../it/containers.rs`, which holds what is decoded to them. They are soon
over, of 8 kHz and of six bits, so that every file stays below 8 kB; the wave file holds the first
second.
"""
import array
import math
import pathlib
import subprocess
import tempfile
import wave

RATE_HZ = 8_000
NOTES = [60, 64, 67, 72, 69, 65, 67, 62, 59, 67, 64, 60]  # C major

HERE = pathlib.Path(__file__).parent
PACKED = {
    "notes.flac": ["-c:a", "flac", "-compression_level", "12", "-metadata_header_padding", "0"],
    "notes.alac.m4a": ["-c:a", "alac"],
    "notes.aac.m4a": ["-c:a", "aac", "-q:a", "0.15"],
    "notes.aac": ["-c:a", "aac", "-q:a", "0.15", "-f", "adts"],
    "notes.mp3": ["-c:a", "libmp3lame", "-b:a", "8k"],
    "notes.ogg": ["-c:a", "libvorbis", "-q:a", "0"],
    "notes.opus": ["-c:a", "libopus", "-b:a", "8k"],
}


def sample(i):
    """Six bits of a note that dies away."""
    beat, t = divmod(i / RATE_HZ, 0.5)
    if t >= 0.043:
        return 0
    hertz = 440.0 * 2.0 ** ((NOTES[int(beat)] - 69) / 12.0)
    tone = math.sin(2 * math.pi * hertz * t) + 0.5 * math.sin(4 * math.pi * hertz * t)
    return round(20 * tone * (1.0 - t / 0.043)) * 1_024


def main():
    samples = array.array("h", (sample(i) for i in range(len(NOTES) * RATE_HZ // 2)))
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "notes.wav"
        with wave.open(str(source), "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", "not compressed"))
            file.writeframes(samples.tobytes())
        quiet = ["-hide_banner", "-loglevel", "error", "-y", "-bitexact"]
        for name, options in PACKED.items():
            packed = ["-map_metadata", "-1", "-fflags", "+bitexact", *options, str(HERE / name)]
            subprocess.run(["ffmpeg", *quiet, "-i", str(source), *packed], check=True)
        # A second of eight bits.
        first = ["-t", "0.98", "-c:a", "pcm_u8", "-map_metadata", "-1", str(HERE / "notes.wav")]
        subprocess.run(["ffmpeg", *quiet, "-i", str(source), *first], check=True)


if __name__ == "__main__":
    main()
