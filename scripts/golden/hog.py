"""Hand-made descriptors of three generated pictures: HOG of scikit-image 0.26.0, and the colour histogram in NumPy.

    python scripts/golden/hog.py crates/aio-data/tests/golden/descriptors.json

The pictures are made by integer formulas, which crates/aio-data/src/descriptor/tests.rs repeats. Of a colour histogram, the bins that are not zero
are written.
"""

import json
import sys

import numpy as np
import skimage
from skimage.feature import hog

assert skimage.__version__ == "0.26.0", skimage.__version__
HEIGHT, WIDTH = 128, 64
y, x, c = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), np.arange(3), indexing="ij")


def waves():
    """Smooth ramps of all directions."""
    phase = np.choose(c, [9 * x + 5 * y, 700 + 11 * y - 4 * x, x * y // 4])
    return np.minimum(np.abs(phase % 512 - 256), 255)


def lines():
    """Dark lines on paper, a coloured rectangle, and specks that differ by 1 in blue: blocks without gradients and with gradients near epsilon."""
    ink = (y < 64) & (((x + 2 * y) % 23 == 0) | ((200 + 3 * x - y) % 37 == 0))
    picture = np.where(ink, 20, 250)
    inside = (y >= 70) & (y < 90) & (x >= 10) & (x < 40)
    picture = np.where(inside, np.choose(c, [200, 60, 40]), picture)
    speck = (y >= 100) & (c == 2) & ((x * x + x * y + 3 * y * y) % 23 == 1)
    return np.where(speck, 249, picture)


def noise():
    seed = (x + 1) * 7919 + (y + 1) * 104729 + c * 1299709
    return seed * seed % 65521 % 256


def luminance(picture):
    """Rec. 601 in float32, as the program computes it."""
    red, green, blue = np.moveaxis(picture.astype(np.float32), 2, 0)
    weights = np.array([0.2989, 0.5870, 0.1140], np.float32)
    return (weights[0] * red + weights[1] * green + weights[2] * blue) / np.float32(255)


def histogram(picture):
    """Six stripes of 8 x 8 x 8 colours, square roots of fractions, length 1."""
    stripes = np.split(picture, np.round(np.arange(1, 6) * HEIGHT / 6).astype(int))
    counts = [np.histogramdd(stripe.reshape(-1, 3), bins=8, range=[(0, 256)] * 3)[0].ravel() / (stripe.size / 3) for stripe in stripes]
    values = np.sqrt(np.concatenate(counts))
    return values / np.linalg.norm(values)


cases = {}
for make in (waves, lines, noise):
    picture = make()
    gradients = hog(luminance(picture), orientations=9, pixels_per_cell=(8, 8), cells_per_block=(2, 2), block_norm="L2-Hys", channel_axis=None)
    colours = histogram(picture)
    bins = np.flatnonzero(colours)
    cases[make.__name__] = {
        "hog": [round(float(v), 6) for v in gradients],
        "bins": bins.tolist(),
        "histogram": [round(float(v), 6) for v in colours[bins]],
    }
    print(make.__name__, gradients.shape, gradients.sum(), (gradients == 0).sum(), len(bins))
with open(sys.argv[1], "w") as file:
    json.dump(cases, file, separators=(",", ":"))
    file.write("\n")
