"""Compares the package with the program, and runs the examples of README.md and docs/python.md: just test-python.

The features, results and scores of the package must be those of the program named by AIO_PROGRAM, to the last bit.
"""

import ast
import collections
import contextlib
import csv
import datetime
import inspect
import io
import json
import os
import re
import signal
import struct
import subprocess
import tempfile
import threading
import types
import unittest
import zlib
from pathlib import Path

import numpy as np

import aio_reid
from aio_reid import Extractor, Gallery, __version__, score

repository = Path(__file__).resolve().parents[3]
PROGRAM = Path(os.environ.get("AIO_PROGRAM", repository / "target/quick/aio")).resolve()
VISUAL = ("rgb", "infrared", "sketch", "colour-pencil")


def png(path, pixels):
    """Writes pixels `[height, width, 3]` or `[height, width]` without loss."""
    height, width = pixels.shape[:2]
    lines = np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)]).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if pixels.ndim == 3 else 0, 0, 0, 0)
    parts = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")):
        parts += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    Path(path).write_bytes(parts)


def pixels(seed, height=96, width=40):
    """A picture with large patches, another one for every seed."""
    patches = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return patches.repeat(8, axis=0).repeat(8, axis=1)


def program(*words):
    """What the program prints as JSON."""
    words = [str(word) for word in words]
    return json.loads(subprocess.run([PROGRAM, *words, "--quiet", "--json"], check=True, stdout=subprocess.PIPE, text=True).stdout)


def safetensors(path):
    data = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    about = json.loads(data[8 : 8 + length])["features"]
    start, end = about["data_offsets"]
    return np.frombuffer(data[8 + length :][start:end], "<f4").reshape(about["shape"])


def write_safetensors(path, **tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        kind = {"float32": "F32", "int64": "I64"}[values.dtype.name]
        header[name] = {"dtype": kind, "shape": values.shape, "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def blocks(path):
    return re.findall(r"```python\n(.*?)\n```", (repository / path).read_text("utf-8"), re.DOTALL)


class InAFolder(unittest.TestCase):
    """Tests with a folder of their own as working directory."""

    @classmethod
    def setUpClass(cls):
        cls.extractor = Extractor()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def refused(self, error, *words):
        """A context that ends with this error, whose text has these words."""
        pattern = "(?s)" + ".*".join(re.escape(word) for word in words)
        return self.assertRaisesRegex(error, pattern)


class Embedding(InAFolder):
    def people(self):
        """Every modality alone, some mixes, and one with everything; pictures are files."""
        people = [{modality: f"{modality}.png"} for modality in VISUAL]
        for seed, modality in enumerate(VISUAL):
            png(f"{modality}.png", pixels(seed))
        people += [{"text": "a man in a red jacket"}, {"rgb": "rgb.png", "text": "boots"}, {"sketch": "sketch.png", "infrared": "infrared.png"}]
        return [*people, {**people[0], **people[1], **people[2], **people[3], "text": "a black backpack"}]

    def of_program(self, people, *options):
        with open("people.csv", "w", newline="") as file:
            table = csv.DictWriter(file, [*VISUAL, "text"])
            table.writeheader()
            table.writerows(people)
        program("embed", "--list", "people.csv", "--output", "people.safetensors", *options)
        return safetensors("people.safetensors")

    def test_features_are_those_of_the_program(self):
        people = self.people()
        expected = self.of_program(people)
        keywords = [{key.replace("-", "_"): value for key, value in person.items()} for person in people]
        many = self.extractor.embed_many(keywords)
        np.testing.assert_array_equal(many, expected)
        self.assertEqual((many.dtype, many.shape), (np.float32, (len(people), self.extractor.width)))
        for person, features in zip(keywords, expected):
            one = self.extractor.embed(**person)
            np.testing.assert_array_equal(one, features)
        self.assertEqual(one.shape, (self.extractor.width,))
        one[0] = 2  # an array of one's own

    def test_a_model_is_named_as_on_the_command_line(self):
        people = self.people()[:2]
        embedded = Extractor("embedded")
        self.assertEqual(embedded.modalities, ("rgb", "text"))
        np.testing.assert_array_equal(embedded.embed_many(people), self.of_program(people, "--model", "embedded"))

    def test_an_array_is_the_same_as_its_file(self):
        colour, grey = pixels(7), pixels(8)[:, :, 1]
        png("colour.png", colour)
        png("grey.png", grey)
        for array, file in ((colour, "colour.png"), (grey, Path("grey.png")), (np.asfortranarray(colour), "colour.png")):
            np.testing.assert_array_equal(self.extractor.embed(rgb=array), self.extractor.embed(rgb=file))
        strided = np.stack([colour, np.zeros_like(colour)], axis=2)[:, :, 0]
        self.assertFalse(strided.flags["C_CONTIGUOUS"])
        np.testing.assert_array_equal(self.extractor.embed(rgb=strided), self.extractor.embed(rgb=colour))
        self.assertFalse(np.array_equal(self.extractor.embed(rgb=colour), self.extractor.embed(rgb=colour[:, :, ::-1])))

    def test_more_people_than_a_block_are_taken_one_by_one(self):
        def people():
            for seed in range(260):
                yield {"rgb": pixels(seed, 16, 8), "text": None}

        features = self.extractor.embed_many(people())
        self.assertEqual(features.shape, (260, self.extractor.width))
        np.testing.assert_array_equal(features[259], self.extractor.embed(rgb=pixels(259, 16, 8)))
        self.assertEqual(self.extractor.embed_many([]).shape, (0, self.extractor.width))
        with self.refused(ValueError, "person 258: unknown key `photo`", "hint"):
            self.extractor.embed_many({"rgb" if n < 258 else "photo": pixels(n, 16, 8)} for n in range(260))

    def test_what_a_model_is(self):
        p = self.extractor.preprocessing
        self.assertEqual((len(p["mean"]), len(p["std"]), p["height"] > p["width"]), (3, 3, True))
        self.assertIn("sketch", self.extractor.modalities)
        self.assertEqual(repr(self.extractor), 'Extractor("default", device="cpu")')
        self.assertRegex(__version__, r"^\d+\.\d+\.\d+")

    def test_wrong_inputs_are_named(self):
        embed = self.extractor.embed
        with self.refused(FileNotFoundError, "cannot read absent.png"):
            embed(rgb="absent.png")
        Path("damaged.png").write_bytes(b"\x89PNG\r\n\x1a\nno picture")
        with self.refused(OSError, "damaged.png", "hint: the file is damaged"):
            embed(sketch="damaged.png")
        for wrong, found in (
            (pixels(0).astype(np.float64), "rgb: an array of float64 and shape [96, 40, 3]"),
            (np.zeros((4, 4, 4), np.uint8), "shape [4, 4, 4]"),
            (np.zeros((0, 4, 3), np.uint8), "shape [0, 4, 3]"),
            (7, "an array of int64 and shape []"),
        ):
            with self.refused(ValueError, found, "hint: give a path, or an array of uint8"):
                embed(rgb=wrong)
        for nothing in ({}, {"rgb": None}, {"text": " "}):
            with self.refused(ValueError, "nothing to embed", "hint"):
                embed(**nothing)
        with self.refused(ValueError, "text: found int"):
            embed(text=3)
        with self.refused(ValueError, "person 1: found str, expected a dictionary"):
            self.extractor.embed_many([{"text": "boots"}, "boots"])
        with self.refused(TypeError, "photo"):
            embed(photo="a.png")
        with self.refused(FileNotFoundError, "absent.safetensors"):
            Extractor("absent.safetensors")
        with self.refused(ValueError, "absent"):
            Extractor("absent")
        with self.refused(ValueError, "tpu", "hint: expected cpu"):
            Extractor(device="tpu")
        with self.refused(ValueError, "unknown variant `x`"):
            Extractor(normalisation="x")


class Galleries(InAFolder):
    def photographs(self, count):
        Path("photos").mkdir()
        for seed in range(count):
            png(f"photos/{seed:04}.png", pixels(seed))

    def test_a_gallery_is_that_of_the_program(self):
        self.photographs(6)
        made = Gallery.create("people", self.extractor, storage="int8")
        self.assertEqual(len(made), 0)
        added = made.add("photos", labels={"camera": "gate-2"})
        self.assertEqual((added["added"], added["known"], added["total"], added["skipped"]), (6, 0, 6, []))
        again = made.add(Path("photos"))
        self.assertEqual((again["known"], again["differing"]), (6, 0))
        again = made.add("photos", labels={"camera": "gate-3"})
        self.assertEqual((again["known"], again["differing"]), (6, 6))
        self.assertEqual({row["camera"] for row in made.rows()}, {"gate-2"})
        self.assertEqual((len(made), made.width, made.sha256), (6, self.extractor.width, self.extractor.sha256))
        query = {"rgb": "photos/0003.png", "text": "a man in a red jacket"}
        found = made.search(**query, top=4)
        words = [word for key, value in query.items() for word in (f"--{key}", value)]
        expected = program("search", "people", *words, "--top", 4)["results"]
        self.assertEqual([hit["rank"] for hit in found], [1, 2, 3, 4])
        for hit in expected:
            hit["similarity"] = float(np.float32(hit["similarity"]))
        self.assertEqual(found, expected)
        self.assertTrue(all(hit["camera"] == "gate-2" for hit in found))
        program("gallery", "verify", "people")

    def test_features_and_rows_stand_in_one_order(self):
        self.photographs(3)
        gallery = Gallery.create("people", self.extractor)
        gallery.add("photos")
        features, rows = gallery.features(), gallery.rows()
        self.assertEqual([row["path"] for row in rows], [f"photos/{n:04}.png" for n in range(3)])
        expected = self.extractor.embed_many({"rgb": row["path"]} for row in rows)
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(features, expected, rtol=0, atol=1e-6)
        (nearest,) = Gallery.open("people").search(features=features[1], top=1)
        self.assertEqual(nearest["row"], rows[1]["row"])
        self.assertAlmostEqual(nearest["similarity"], 1, places=6)

    def test_rows_of_one_s_own(self):
        self.photographs(4)
        gallery = Gallery.create("people", self.extractor)
        noon = datetime.datetime(2026, 11, 28, 12, tzinfo=datetime.timezone.utc)
        rows = [
            {"path": Path("photos/0000.png"), "identity": 7, "camera": "a", "time": noon, "floor": 2},
            {"rgb": "photos/0001.png", "text": "a red jacket", "identity": 7, "camera": None, "crop": (0, 8, 40, 64)},
            {"colour_pencil": "photos/0002.png", "camera": "b", "time": noon + datetime.timedelta(hours=1)},
        ]
        self.assertEqual(gallery.add([*rows, "photos/0003.png"])["added"], 4)
        known = {row.get("path"): row for row in gallery.rows()}
        self.assertEqual(known["photos/0000.png"]["time"], "2026-11-28T12:00:00Z")
        self.assertEqual(known["photos/0001.png"]["modality"], "rgb+text")
        self.assertEqual(known["photos/0001.png"]["crop"], {"left": 0.0, "top": 8.0, "height": 64.0, "width": 40.0})
        self.assertEqual(known["photos/0002.png"]["modality"], "colour-pencil")

        def paths(**terms):
            return sorted(hit["path"][-5] for hit in gallery.search(text="boots", **terms))

        self.assertEqual(paths(), ["0", "1", "2", "3"])
        self.assertEqual(paths(camera="a"), ["0"])
        self.assertEqual(paths(camera=["a", "b"]), ["0", "2"])
        self.assertEqual(paths(not_camera="a"), ["1", "2", "3"])
        self.assertEqual(paths(after=noon + datetime.timedelta(minutes=1)), ["2"])
        self.assertEqual(paths(before="2026-11-28T12:30:00Z"), ["0"])
        self.assertEqual(paths(where={"floor": 2}), ["0"])
        self.assertEqual(paths(where_not={"floor": 2, "identity": "8"}), ["1", "2", "3"])
        self.assertEqual(len(paths(group_by="identity")), 3)
        row = known["photos/0003.png"]["row"]
        self.assertNotIn(row, [hit["row"] for hit in gallery.search(like=[row])])
        self.assertEqual(gallery.remove([row]), 1)
        self.assertEqual((len(gallery), len(Gallery.open("people"))), (3, 3))

    def test_features_are_added_without_files(self):
        gallery = Gallery.create("people", self.extractor)
        crops = [pixels(seed) for seed in range(3)]
        features = self.extractor.embed_many({"rgb": crop} for crop in crops)
        rows = [{"camera": "gate", "frame": n, "modality": "rgb"} for n in range(3)]
        self.assertEqual(gallery.add_features(features, rows), 3)
        self.assertEqual(gallery.add_features(features, rows), 0)
        (nearest,) = gallery.search(rgb=crops[2], top=1)
        self.assertEqual((nearest["frame"], nearest["camera"], nearest["modality"]), ("2", "gate", "rgb"))
        with self.refused(ValueError, "2 rows for 3 features"):
            gallery.add_features(features, rows[:2])
        with self.refused(ValueError, "row 0", "`similarity`"):
            gallery.add_features(features[:1], [{"similarity": 1}])
        with self.refused(ValueError, "row 0", "3 values"):
            gallery.add_features(np.ones((1, 3)), [{}])
        broken = -np.ones((6, self.extractor.width), np.float32) * np.arange(1, 7)[:, None]
        broken[5, 2] = np.nan
        with self.refused(ValueError, "row 5", "NaN", "hint"):
            gallery.add_features(broken, [{}] * 6)
        self.assertEqual((len(gallery), len(Gallery.open("people"))), (3, 3))

    def test_filters_that_mean_nothing_are_refused_and_mappings_are_taken(self):
        gallery = Gallery.create("people", self.extractor)
        features = self.extractor.embed_many({"rgb": pixels(seed)} for seed in range(3))
        gallery.add_features(features, [{"camera": "gate", "identity": "7"}, {"camera": "door"}, {}])

        def found(**terms):
            return len(gallery.search(features=features[0], **terms))

        for terms, words in (
            ({"where": {"identity": None}}, ["where: 'identity' is None"]),
            ({"where_not": {"identity": None}}, ["where_not: 'identity' is None"]),
            ({"where": {"identity": ""}}, ["`identity` with an empty value"]),
            ({"where_not": {"identity": " "}}, ["`identity` with an empty value"]),
            ({"where": ["identity"]}, ["where: found list"]),
            ({"camera": []}, ["camera: no camera"]),
            ({"camera": ["gate", None]}, ["camera: one of them is None"]),
            ({"camera": ""}, ["`camera` with an empty value"]),
            ({"where": {"camera": ["gate", "door"]}}, ["where: 'camera' has several values", "`camera` takes a list"]),
            ({"where_not": {"identity": {"7"}}}, ["where_not: 'identity' has several values"]),
            ({"where": {"identity": float("nan")}}, ["where: `identity` is nan, which is no value"]),
            ({"after": 86400}, ["after: `86400` is not a time", "whole seconds have 9 digits or more"]),
        ):
            with self.refused(ValueError, *words):
                found(**terms)
        with self.refused(ValueError, "unknown modality `photo`"):
            found(where_not={"modality": "photo"})
        self.assertEqual(found(where={"crop": [1, 2, 3, 4]}), 0)
        self.assertEqual(found(not_camera=[]), 3)
        self.assertEqual(found(where=types.MappingProxyType({"identity": 7})), 1)
        self.assertEqual(found(where_not=collections.UserDict(camera="gate")), 2)
        labels = types.MappingProxyType({"floor": 2, "identity": None})
        self.assertEqual(gallery.add({"text": "boots"}, labels=labels)["added"], 1)
        self.assertEqual((found(where={"floor": 2}), gallery.rows()[3].get("identity")), (1, None))
        for missing in (float("nan"), np.float32("nan"), np.datetime64("NaT")):
            with self.refused(ValueError, "row 1: `identity` is", "which is no value", "give None"):
                gallery.add_features(-features[:2], [{}, {"identity": missing}])
        with self.refused(ValueError, "row 0", "the character NUL"):
            gallery.add_features(-features[:1], [{"camera": "a\0b"}])
        with self.refused(ValueError, "row 0", "the character NUL"):
            gallery.add([{"text": "a\0b"}])
        with self.assertRaises(OverflowError):
            found(top=-1)

    def test_ctrl_c_stops_an_addition_and_the_same_call_continues(self):
        self.photographs(600)
        gallery = Gallery.create("people", self.extractor)
        begun = threading.Event()

        def inputs():
            yield "photos"
            begun.set()

        def interrupt():
            # This thread runs again when the call gives Python's lock away.
            begun.wait()
            os.kill(os.getpid(), signal.SIGINT)

        thread = threading.Thread(target=interrupt)
        thread.start()
        with self.assertRaises(KeyboardInterrupt):
            gallery.add(inputs())
        thread.join()
        self.assertLess(len(gallery), 600)
        before = len(gallery)
        again = gallery.add("photos")
        self.assertEqual((again["known"], again["added"], again["total"]), (before, 600 - before, 600))

    def test_threads_change_a_gallery_one_after_the_other(self):
        first = Gallery.create("people", self.extractor)
        os.symlink("people", "linked")
        galleries = (first, first, Gallery.open("people"), Gallery.open("linked"))
        features = np.random.default_rng(0).normal(size=(len(galleries) * 10, first.width)).astype(np.float32)
        failed = []

        def work(number, gallery):
            try:
                for row in range(number * 10, number * 10 + 10):
                    gallery.add_features(features[row : row + 1], [{"frame": row}])
                gallery.remove([row["row"] for row in gallery.rows() if row["frame"] == str(number * 10)])
            except Exception as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=each) for each in enumerate(galleries)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failed, [])
        frames = sorted(int(row["frame"]) for row in Gallery.open("people").rows())
        self.assertEqual(frames, [row for row in range(len(features)) if row % 10])

    def test_of_threads_that_make_one_gallery_one_does(self):
        made, refused = [], []

        def make():
            try:
                made.append(Gallery.create("new/people", self.extractor))
            except ValueError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=make) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(made), len(refused)), (1, 2))
        self.assertIn("is a gallery already", refused[0])

    def test_ctrl_c_ends_the_wait_for_another_thread(self):
        self.photographs(600)
        gallery = Gallery.create("people", self.extractor)
        begun = threading.Event()
        added = []

        def inputs():
            yield "photos"
            begun.set()

        adding = threading.Thread(target=lambda: added.append(gallery.add(inputs())["added"]))
        adding.start()
        begun.wait()
        timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with self.assertRaises(KeyboardInterrupt):
            while adding.is_alive():
                gallery.remove([])
        self.assertTrue(adding.is_alive())
        adding.join()
        timer.join()
        self.assertEqual((added, len(gallery)), ([600], 600))

    def test_what_cannot_be_done_is_named(self):
        self.photographs(1)
        gallery = Gallery.create("people", self.extractor)
        with self.refused(ValueError, "is a gallery already"):
            Gallery.create("people", self.extractor)
        with self.refused(ValueError, "holds", "embedded"):
            Gallery.open("people", Extractor("embedded"))
        with self.refused(ValueError, "photos` is not a gallery", "hint"):
            Gallery.open("photos")
        without = Gallery.open("people")
        with self.refused(ValueError, "people: adding pictures needs the model", "Gallery.open(path, extractor)"):
            without.add("photos")
        with self.refused(ValueError, "needs the model"):
            without.search(text="boots")
        gallery.add("photos")
        with self.refused(ValueError, "nothing to look for"):
            gallery.search()
        with self.refused(ValueError, "features are a query of their own"):
            gallery.search(text="boots", features=np.ones(gallery.width))
        with self.refused(ValueError, "has no column `floor`"):
            gallery.search(text="boots", where={"floor": 1})
        with self.refused(ValueError, "calibrat"):
            gallery.search(text="boots", threshold=0.5)
        with self.refused(FileNotFoundError, "absent"):
            gallery.add("absent")
        with self.refused(ValueError, "row 0: holds neither a picture nor a text"):
            gallery.add([{"camera": "a"}])
        Path("photos/broken.png").write_bytes(b"no picture")
        skipped = gallery.add("photos", skip_unreadable=True)
        self.assertEqual((len(skipped["skipped"]), skipped["total"]), (1, 1))
        self.assertIn("broken.png", skipped["skipped"][0])


class Scores(InAFolder):
    def test_scores_are_those_of_the_program(self):
        random = np.random.default_rng(0)
        sides = {}
        for name, rows in (("query", 40), ("gallery", 200)):
            ids = random.integers(0, 12, rows)
            features = random.normal(size=(rows, 16)).astype(np.float32) + np.eye(16, dtype=np.float32)[ids]
            sides[name] = {"features": features, "ids": ids, "cameras": random.integers(0, 5, rows), "images": random.integers(0, 90, rows), "clothes": random.integers(0, 30, rows)}
            write_safetensors(f"{name}.safetensors", **sides[name])
        query, gallery = sides["query"], sides["gallery"]
        for keywords, words in (
            ({"protocol": "market1501"}, ["--protocol", "market1501"]),
            ({"protocol": "sysu-mm01", "metric": "euclidean", "ranks": [1, 3]}, ["--protocol", "sysu-mm01", "--metric", "euclidean", "--ranks", "1,3"]),
            ({"protocol": "clothes-changing"}, ["--protocol", "clothes-changing"]),
            ({"protocol": "tri", "average_precision": "trapezoid", "ties": "pessimistic"}, ["--protocol", "tri", "--ap", "trapezoid", "--ties", "pessimistic"]),
            ({"protocol": "market1501", "rerank": True, "expand": 3}, ["--protocol", "market1501", "--rerank", "--expand", 3]),
            ({"protocol": "none", "rerank": {"k1": 9, "lambda": 0.5}}, ["--protocol", "none", "--rerank", "k1=9,lambda=0.5"]),
            ({"protocol": "none", "open_set": [0.01, 0.1]}, ["--protocol", "none", "--open-set", "0.01,0.1"]),
        ):
            found = score(
                query["features"].astype(np.float64),
                gallery["features"],
                query["ids"].astype(np.int32),
                gallery["ids"].tolist(),
                query_cameras=query["cameras"],
                gallery_cameras=gallery["cameras"],
                query_images=query["images"],
                gallery_images=gallery["images"],
                query_clothes=query["clothes"],
                gallery_clothes=gallery["clothes"],
                **keywords,
            )
            self.assertTrue(all(isinstance(rank, int) for rank in found["rank"]))
            expected = program("score", "--query", "query.safetensors", "--gallery", "gallery.safetensors", *words)
            self.assertEqual(json.loads(json.dumps(found)), expected, keywords)

    def test_a_score_that_is_computed_by_hand(self):
        # The match of the first query is its nearest, that of the second its second of two: 1 and 1/2.
        found = score([[1, 0], [1, 0.1]], [[1, 0], [0, 1]], [0, 1], [0, 1], protocol="none", ranks=[1, 2])
        self.assertEqual((found["map"], found["rank"], found["queries"]), (0.75, {1: 0.5, 2: 1.0}, 2))

    def test_the_largest_labels_are_labels(self):
        # Unsigned ones too, up to the largest that a signed one holds.
        ids = np.array([0, 2**63 - 1], np.uint64)
        found = score([[1, 0], [1, 0.1]], [[1, 0], [0, 1]], ids, ids, protocol="none")
        self.assertEqual((found["map"], found["queries"]), (0.75, 2))

    def test_what_cannot_be_scored_is_named(self):
        one = np.ones((2, 3), np.float32)
        for arguments, keywords, words in (
            ((one, one, [0, 1], [0, 1]), {"protocol": "market1501"}, ["query has no `cameras`", "`market1501`"]),
            ((one, one, [0], [0, 1]), {"protocol": "none"}, ["query has 1 `ids` for 2 rows"]),
            ((one, one, [0.0, 1.5], [0, 1]), {"protocol": "none"}, ["query_ids: an array of float64", "expected integers"]),
            ((one[0], one, [0, 1], [0, 1]), {"protocol": "none"}, ["query: an array of shape [3]"]),
            ((one, one * np.nan, [0, 1], [0, 1]), {"protocol": "none"}, ["gallery: row 0 holds NaN"]),
            ((one, one[:, :2], [0, 1], [0, 1]), {"protocol": "none"}, ["queries have width 3, the gallery has width 2"]),
            ((one[:0], one, [], [0, 1]), {"protocol": "none"}, ["query_ids"]),
            ((one, one, [0, 1], [0, 1]), {"protocol": "market"}, ["unknown protocol `market`", "market1501"]),
            ((one, one, [0, 1], [0, 1]), {"protocol": "none", "metric": "l1"}, ["metric", "unknown variant `l1`"]),
            ((one, one, [0, 1], [0, 1]), {"protocol": "none", "rerank": {"k3": 1}}, ["unknown key `k3`"]),
            ((one, one, [0, 1], [0, 1]), {"protocol": "none", "rerank": {"lambda": 2}}, ["lambda is 2"]),
            ((one, one, [0, 1], [0, 1]), {"protocol": "none", "rerank": {"k1": 3.0}}, ["k1 is 3.0", "a whole number"]),
            ((one, one, [0, 1], [0, 1]), {"protocol": "none", "rerank": {"lambda": "x"}}, ["lambda is x", "a number"]),
            ((one, one, np.array([0, 2**63], np.uint64), [0, 1]), {"protocol": "none"}, ["query_ids", "larger than 9223372036854775807"]),
            ((one, one, [0, 1], [2**63, 2**64 - 1]), {"protocol": "none"}, ["gallery_ids", "larger than"]),
        ):
            with self.refused(ValueError, *words):
                score(*arguments, **keywords)
        with self.refused(TypeError, "protocol"):
            score(one, one, [0, 1], [0, 1])


class Types(unittest.TestCase):
    """The stub declares what there is."""

    def declared(self, parent):
        return {node.name: node for node in parent.body if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and node.name[0] != "_"}

    def same_arguments(self, function, stub):
        arguments = [argument.arg for argument in [*stub.args.args, *stub.args.kwonlyargs] if argument.arg != "self"]
        found = inspect.signature(function).parameters
        self.assertEqual([name for name in found if name != "self"], arguments, stub.name)

    def test_the_stub_has_every_name_and_argument(self):
        folder = Path(aio_reid.__file__).parent
        self.assertTrue((folder / "py.typed").is_file())
        stub = self.declared(ast.parse((folder / "__init__.pyi").read_text("utf-8")))
        self.assertEqual(sorted([*stub, "__version__"]), sorted(aio_reid.__all__))
        self.same_arguments(score, stub["score"])
        for kind in (Extractor, Gallery):
            members = self.declared(stub[kind.__name__])
            self.assertEqual(sorted(members), [name for name in sorted(dir(kind)) if name[0] != "_"])
            for name, member in members.items():
                if callable(getattr(kind, name)):
                    self.same_arguments(getattr(kind, name), member)


class Documentation(InAFolder):
    """Pictures of which the examples speak, whose names begin with the number of a person."""

    def setUp(self):
        super().setUp()
        Path("photos").mkdir()
        for seed in range(8):
            png(f"photos/{seed // 2:04}_{seed % 2}.png", pixels(seed))
        png("person.png", pixels(20))
        png("drawing.png", pixels(21))

    def run_blocks(self, path):
        printed, names = io.StringIO(), {}
        with contextlib.redirect_stdout(printed):
            for block in blocks(path):
                exec(compile(block, path, "exec"), names)
        return printed.getvalue().splitlines(), names

    def test_the_lines_of_the_readme(self):
        self.assertEqual([len(block.splitlines()) for block in blocks("README.md")], [10])
        printed, names = self.run_blocks("README.md")
        self.assertEqual(len(printed), 6)
        self.assertEqual(printed[:5], [f"{hit['rank']} {hit['path']} {hit['similarity']}" for hit in names["gallery"].search(sketch="drawing.png", text="a red jacket", top=5)])
        self.assertTrue(0 < float(printed[5]) <= 1)

    def test_the_examples_of_the_documentation(self):
        self.assertGreaterEqual(len(blocks("docs/python.md")), 3)
        printed, _ = self.run_blocks("docs/python.md")
        self.assertTrue(printed)


if __name__ == "__main__":
    unittest.main()
