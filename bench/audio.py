#!/usr/bin/env python3
"""Holds what `crates/audio` hears against music whose tempo and key are known from its score.

    cargo build --release -p segue-audio --example describe
    python3 bench/audio.py tempo FOLDER      # plays each MIDI file, and asks for its tempo
    python3 bench/audio.py encodings FILE…   # the same pieces packed by other codecs
    python3 bench/audio.py neighbours FILE…  # named GROUP__PIECE: is the nearest of the same group?
    cargo build --release -p segue-audio --example stages
    python3 bench/audio.py speed --onnx msd.onnx FILE…   # one thread, beside librosa, onnxruntime

It needs ffmpeg and, for `tempo`, fluidsynth, a sound font (`--font`) and the package `mido`; from
Debian: ffmpeg fluidsynth timgm6mb-soundfont openttd-openmsx (for its MIDI files). `speed` needs the
packages `librosa` and `onnxruntime`, and MusiCNN as ONNX with one patch of [187, 96] as `mel`.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

DESCRIBE = "target/release/examples/describe"
STAGES = "target/release/examples/stages"
PATCHES, PATCH_FRAMES = 8, 187
ROUNDS = 5
FONT = "/usr/share/sounds/sf2/TimGM6mb.sf2"
SECONDS = 70
ENCODINGS = {
    "64.mp3": ["-b:a", "64k"],
    "128.mp3": ["-b:a", "128k"],
    "320.mp3": ["-b:a", "320k"],
    "ogg": ["-c:a", "libvorbis", "-q:a", "4"],
    "opus": ["-c:a", "libopus", "-b:a", "96k"],
    "aac.m4a": ["-c:a", "aac", "-b:a", "128k"],
    "alac.m4a": ["-c:a", "alac"],
    "flac": ["-c:a", "flac"],
}


def analyses(files):
    """What is known of each file that can be read, in order."""
    command = [DESCRIBE, "--json", *map(str, files)]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = map(json.loads, lines.splitlines())
    return {pathlib.Path(one["file"]).name: one["analysis"] for one in found}


def written_tempo(path):
    """The tempo that holds longest, and for which share of the piece."""
    import mido

    tempo, seconds = 500_000, {}
    for message in mido.MidiFile(path):
        seconds[tempo] = seconds.get(tempo, 0) + message.time
        tempo = message.tempo if message.type == "set_tempo" else tempo
    longest = max(seconds, key=seconds.get)
    return 60e6 / longest, seconds[longest] / sum(seconds.values())


def play(midi, out, font):
    """A MIDI file as Vorbis, without reverb and chorus."""
    synth = "fluidsynth -niq -R0 -C0 -g 0.5 -r 44100 -T raw -O s16 -F -".split()
    packer = "ffmpeg -v error -y -f s16le -ar 44100 -ac 2 -i -".split()
    with subprocess.Popen([*synth, font, midi], stdout=subprocess.PIPE) as player:
        packed = [*packer, "-t", str(SECONDS), "-q:a", "5", out]
        subprocess.run(packed, stdin=player.stdout, check=True)
        player.stdout.close()


def tempo(options):
    """Accuracy 1 within 4 %; accuracy 2 allows factors of two and three."""
    asked = right = octaves = either = 0
    with tempfile.TemporaryDirectory() as folder:
        truth = {}
        for midi in sorted(pathlib.Path(options.files[0]).glob("*.mid")):
            bpm, share = written_tempo(midi)
            if share >= 0.9:
                out = pathlib.Path(folder) / f"{midi.stem}.ogg"
                play(midi, out, options.font)
                truth[out.name] = (out, bpm)
        found = analyses(out for out, _ in truth.values())
    for name, (_, bpm) in truth.items():
        heard = (found[name]["rhythm"] or {}).get("tempo")
        near = lambda x, factor=1: heard is not None and abs(x / bpm / factor - 1) <= 0.04
        asked += 1
        if heard:
            right += near(heard["bpm"])
            octaves += any(near(heard["bpm"], factor) for factor in (1, 2, 3, 1 / 2, 1 / 3))
            either += near(heard["bpm"]) or near(heard["alternative_bpm"])
    print(f"{asked} pieces, accuracy 1 {right}, accuracy 2 {octaves}, or the alternative {either}")


def directions(found):
    """Embeddings without their mean, as unit vectors."""
    rows = {name: one["embedding"]["numbers"] for name, one in found.items() if one["embedding"]}
    mean = [sum(column) / len(rows) for column in zip(*rows.values())]
    moved = {name: [x - m for x, m in zip(row, mean)] for name, row in rows.items()}
    return {name: [x / math.hypot(*row) for x in row] for name, row in moved.items()}


def nearest(name, rows, among):
    """The one of those that lies nearest, by cosine."""
    return max(among, key=lambda other: sum(a * b for a, b in zip(rows[name], rows[other])))


def neighbours(options):
    """How many have their nearest in their own group."""
    rows = directions(analyses(options.files))
    group = lambda name: name.split("__")[0]
    own = [name for name in rows if group(nearest(name, rows, set(rows) - {name})) == group(name)]
    print(f"{len(own)} of {len(rows)} have their nearest in their own group")


def likeness(a, b):
    """`AudioPrint::likeness`, written again."""
    best = 0.0
    for shift in range(-40, 41):
        pairs = list(zip(a[max(shift, 0) :], b[max(-shift, 0) :]))
        if len(pairs) >= 40:
            differing = sum((x ^ y).bit_count() for x, y in pairs) / (32 * len(pairs))
            best = max(best, 1 - 2 * differing)
    return best


def encodings(options):
    """Does each encoding of a piece lie nearest to that piece, and how alike are their prints?"""
    with tempfile.TemporaryDirectory() as folder:
        made = []
        for path in map(pathlib.Path, options.files):
            for name, arguments in ENCODINGS.items():
                made.append(pathlib.Path(folder) / f"{path.stem}.{name}")
                command = ["ffmpeg", "-v", "error", "-y", "-i", path, "-map", "0:a", "-ar", "44100"]
                subprocess.run([*command, *arguments, made[-1]], check=True)
        found = analyses(made)
    originals = {name for name in found if name.endswith(".flac")}
    rows = directions(found)
    for kind in ENCODINGS:
        named = [(f"{original[:-5]}.{kind}", original) for original in sorted(originals)]
        pairs = [(name, original) for name, original in named if name in rows]
        itself = sum(nearest(name, rows, originals) == original for name, original in pairs)
        alike = [likeness(found[a]["print"]["items"], found[b]["print"]["items"]) for a, b in pairs]
        least = min(alike, default=0.0)
        print(f"{kind:9} nearest is itself: {itself} of {len(pairs)}, prints alike: {least:.2f}")


def ours(binary, path):
    """Milliseconds of processor time of a file by stage, measured by the program itself."""
    told = subprocess.run([binary, path], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in told.splitlines()[2:]]
    spent = {" ".join(row[1:-2]): float(row[-2]) for row in rows if row[-1] != "patch"}
    return {
        "mel": spent["mel"],
        "network": spent["network"],
        "descriptors": spent["spectral descriptors"],
    }


def timed(run):
    """What something gives, and the milliseconds of processor time that it took."""
    began = time.process_time()
    made = run()
    return made, 1_000 * (time.process_time() - began)


def mel_frames(samples):
    """The front end of MusiCNN, by librosa."""
    import librosa
    import numpy

    power = librosa.feature.melspectrogram(
        y=samples, sr=16_000, n_fft=512, hop_length=256, n_mels=96, power=2.0
    )
    return numpy.log10(10_000 * power.T + 1).astype(numpy.float32)


def heard(session, frames):
    """What the network says of eight patches, spread evenly."""
    count = len(frames) // PATCH_FRAMES
    chosen = [i * count // min(count, PATCHES) for i in range(min(count, PATCHES))]
    for patch in chosen:
        part = frames[None, patch * PATCH_FRAMES : (patch + 1) * PATCH_FRAMES]
        session.run(None, {"mel": part})


def descriptors(samples):
    """What `SpectralMeter` measures, as far as librosa has it: one spectrum for all of it."""
    import librosa
    import numpy

    rate, spectrum = 22_050, numpy.abs(librosa.stft(samples, n_fft=2_048, hop_length=512))
    power = spectrum**2
    mel = librosa.feature.melspectrogram(S=power, sr=rate, n_mels=128)
    decibels = librosa.power_to_db(mel)
    onsets = librosa.onset.onset_strength(S=decibels, sr=rate)
    librosa.onset.onset_detect(onset_envelope=onsets, sr=rate)
    librosa.feature.tempo(onset_envelope=onsets, sr=rate)
    tuning = librosa.estimate_tuning(S=spectrum, sr=rate)
    librosa.feature.chroma_stft(S=power, sr=rate, tuning=tuning).mean(axis=1)
    librosa.feature.mfcc(S=decibels, sr=rate, n_mfcc=13)
    librosa.feature.spectral_centroid(S=spectrum, sr=rate)
    librosa.feature.spectral_rolloff(S=spectrum, sr=rate)
    librosa.feature.spectral_flatness(S=mel, power=1.0)


def theirs(session, at_16k, at_22k):
    """Milliseconds of processor time of the same stages."""
    frames, mel = timed(lambda: mel_frames(at_16k))
    _, network = timed(lambda: heard(session, frames))
    _, described = timed(lambda: descriptors(at_22k))
    return {"mel": mel, "network": network, "descriptors": described}


def speed(options):
    """Both on one thread, file by file in turns: processor time, medians over rounds."""
    for name in ("OMP", "OPENBLAS", "MKL", "NUMBA"):
        os.environ[f"{name}_NUM_THREADS"] = "1"
    import librosa
    import onnxruntime

    threads = onnxruntime.SessionOptions()
    threads.intra_op_num_threads = threads.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(options.onnx, threads)
    loaded = [
        [librosa.load(path, sr=rate)[0] for rate in (16_000, 22_050)] for path in options.files
    ]
    theirs(session, *loaded[0])  # compiles what librosa compiles when it is used first
    rounds = []
    for _ in range(ROUNDS):
        spent = [(ours(options.stages, path), theirs(session, *sound))
                 for path, sound in zip(options.files, loaded)]
        rounds.append(spent)
    sound_s = sum(len(at_16k) for at_16k, _ in loaded) / 16_000
    print(f"{len(loaded)} files, {sound_s / len(loaded):.0f} s each; {ROUNDS} rounds; ms a file")
    for stage in ("mel", "network", "descriptors"):
        of = lambda side: [
            sum(pair[side][stage] for pair in spent) / len(spent) for spent in rounds
        ]
        told = [f"{statistics.median(of(side)):7.1f} [{min(of(side)):.1f}, {max(of(side)):.1f}]"
                for side in (0, 1)]
        ratios = [b / a for a, b in zip(of(0), of(1))]
        print(f"{stage:12} {told[0]}  {told[1]}  times {statistics.median(ratios):.1f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("tempo", "encodings", "neighbours", "speed"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--font", default=FONT)
    parser.add_argument("--onnx", help="MusiCNN as ONNX")
    parser.add_argument("--stages", default=STAGES, help="the built example `stages`")
    options = parser.parse_args()
    runs = {"tempo": tempo, "encodings": encodings, "neighbours": neighbours, "speed": speed}
    runs[options.what](options)


if __name__ == "__main__":
    main()
