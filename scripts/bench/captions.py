"""CLIP token ids of 200,000 captions with Hugging Face's `tokenizers`, beside those of this project: captions per second.

Usage: captions.py FILE [PROGRAM]
Writes the captions to FILE if it is not there. PROGRAM is the compiled crates/aio-tokenize/examples/captions.rs; both are timed in turn, on two
threads, and the number and the sum of their ids must be equal. Prints one JSON line with medians, also by
processor time, which other programs on the machine disturb less. Needs tokenizers (`pip install tokenizers`),
outside this repository.
"""

import gzip
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import time

THREADS = "2"
os.environ["RAYON_NUM_THREADS"] = THREADS
os.environ["TOKENIZERS_PARALLELISM"] = "true"

import tokenizers  # noqa: E402 (reads the number of threads)
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors  # noqa: E402

ROUNDS = 3
CAPTIONS = 200_000
CONTEXT = 77
MERGES = pathlib.Path(__file__).parents[2] / "crates/aio-tokenize/assets/bpe_simple_vocab_16e6.txt.gz"
# As Hugging Face converts CLIP's tokenizer.
PATTERN = r"""<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"""

COLOURS = "black white grey dark-blue light red green yellow beige brown pink purple striped plaid navy khaki".split()
CLOTHES = "jacket coat t-shirt shirt sweater hoodie dress skirt trousers jeans shorts leggings sneakers boots sandals scarf cap hat vest blazer".split()
THINGS = "backpack handbag umbrella phone suitcase briefcase tote bottle newspaper folder stroller bicycle".split()
PEOPLE = "man woman boy girl person lady gentleman pedestrian student teenager".split()
FIRST = ["The {p} has short {c} hair and wears a {c} {o}.", "A young {p} in a {c} {o}, a {c} {o} and {c} {o}.", "This {p}'s {o} is {c}; the {o} looks {c}."]
THEN = ["He's carrying a {c} {t} in his left hand.", "She wears {c} {o} with a zipper and {c} {o}.", "The {p} is walking away from the camera, holding a {t}.", "There's a logo with the number {n} on the {o}.", "They don't carry a {t}."]


def captions():
    choose = random.Random(11)
    fill = {"{p}": PEOPLE, "{c}": COLOURS, "{o}": CLOTHES, "{t}": THINGS, "{n}": [str(n) for n in range(100)]}
    for _ in range(CAPTIONS):
        text = " ".join([choose.choice(FIRST), *choose.sample(THEN, choose.randint(1, 3))])
        for mark, words in fill.items():
            while mark in text:
                text = text.replace(mark, choose.choice(words), 1)
        yield text


def symbols():
    """The printable stand-ins of all bytes, as in GPT-2, printable bytes first."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [*map(chr, printable), *(chr(256 + i) for i in range(256 - len(printable)))]


def clip():
    lines = gzip.decompress(MERGES.read_bytes()).decode().split("\n")[1 : 49_152 - 256 - 2 + 1]
    merges = [tuple(line.split()) for line in lines]
    pieces = [*symbols(), *(symbol + "</w>" for symbol in symbols()), *("".join(pair) for pair in merges)]
    pieces += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    model = models.BPE(vocab=vocabulary, merges=merges, end_of_word_suffix="</w>", fuse_unk=False, unk_token="<|endoftext|>")
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    split = pre_tokenizers.Split(Regex(PATTERN), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    start, end = (("<|startoftext|>", 49_406), ("<|endoftext|>", 49_407))
    tokenizer.post_processor = processors.RobertaProcessing(end, start, add_prefix_space=False, trim_offsets=False)
    tokenizer.enable_truncation(CONTEXT)
    return tokenizer


file = pathlib.Path(sys.argv[1])
if not file.exists():
    file.write_text("".join(f"{caption}\n" for caption in captions()))
lines = file.read_text().splitlines()
tokenizer = clip()
theirs, ours, processor, sums = [], [], {"tokenizers": [], "aio": []}, set()
for _ in range(ROUNDS):
    begun, used = time.perf_counter(), time.process_time()
    encoded = tokenizer.encode_batch(lines)
    theirs.append(time.perf_counter() - begun)
    processor["tokenizers"].append(time.process_time() - used)
    sums.add((sum(len(e.ids) for e in encoded), sum(sum(e.ids) for e in encoded)))
    del encoded
    if len(sys.argv) > 2:
        found = json.loads(subprocess.run([sys.argv[2], str(file)], check=True, capture_output=True).stdout)
        ours.append(found["seconds"])
        processor["aio"].append(found["processor_seconds"])
        sums.add((found["ids"], found["sum"]))
assert len(sums) == 1, f"different ids: {sums}"
rate = lambda seconds: round(len(lines) / statistics.median(seconds))  # noqa: E731
found = {"tokenizers": tokenizers.__version__, "captions": len(lines), "ids": sums.pop()[0], "tokenizers_per_second": rate(theirs)}
found |= {f"{name}_processor_seconds": round(statistics.median(values), 3) for name, values in processor.items() if values}
if ours:
    found |= {"aio_per_second": rate(ours), "ratio": round(rate(ours) / rate(theirs), 2)}
print(json.dumps(found))
