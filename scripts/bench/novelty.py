"""Makes the pictures with which `aio weights novelty --compare` was measured (docs/serve.md): novelty.py WORLD OUTPUT

WORLD is what `aio data synth` writes. One folder per kind, 100 pictures each; `parts of real photographs` has 10 parts of each of 18 photographs and scans that come
with Python packages, which needs: pip install scikit-learn==1.9.1 scikit-image==0.26.0 matplotlib==3.11.2
"""

import importlib.util
import random
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

world, output = map(Path, sys.argv[1:])
numbers, choice = np.random.default_rng(0), random.Random(0)
COUNT, HEIGHT, WIDTH = 100, 128, 64
y, x = np.mgrid[:HEIGHT, :WIDTH]


def save(kind, number, picture):
    folder = output / kind
    folder.mkdir(parents=True, exist_ok=True)
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    picture.convert("RGB").save(folder / f"{number:03}.png")


def colour():
    return numbers.integers(0, 256, 3)


def texture(number):
    """Stripes of any direction, or a chequerboard, of two colours."""
    period, angle = numbers.integers(3, 24), numbers.uniform(0, np.pi)
    stripes = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period) > 0
    squares = ((x // period) + (y // period)) % 2 == 0
    return np.where((stripes if number % 2 else squares)[..., None], colour(), colour())


def scan():
    """A page of random words."""
    page = Image.new("RGB", (512, 1024), "white")
    draw = ImageDraw.Draw(page)
    for line in range(40):
        words = ("".join(choice.choices("abcdefghijklmnopqrstuvwxyz", k=choice.randint(2, 9))) for _ in range(12))
        draw.text((20, 20 + 25 * line), " ".join(words), fill=(choice.randint(0, 60),) * 3)
    return page


for number in range(COUNT):
    save("noise, uniform", number, numbers.integers(0, 256, (HEIGHT, WIDTH, 3)))
    save("noise, normal", number, numbers.normal(128, numbers.uniform(10, 60), (HEIGHT, WIDTH, 3)))
    save("one colour", number, np.ones((HEIGHT, WIDTH, 3)) * colour())
    share = (y / HEIGHT)[..., None]
    save("colour gradient", number, colour() * (1 - share) + colour() * share)
    save("stripes and squares", number, texture(number))
    blobs = Image.fromarray(numbers.integers(0, 256, (8, 4, 3)).astype(np.uint8))
    save("soft blobs", number, blobs.resize((WIDTH, HEIGHT), Image.BICUBIC))
    save("page of text", number, scan())


def shuffled(picture):
    """Eight tiles in another order."""
    pixels = np.asarray(picture.resize((WIDTH, HEIGHT)))
    tiles = [pixels[row : row + 32, column : column + 32] for row in range(0, HEIGHT, 32) for column in (0, 32)]
    choice.shuffle(tiles)
    return np.vstack([np.hstack(tiles[2 * row : 2 * row + 2]) for row in range(4)])


people = sorted((world / "CUHK-PEDES/imgs").rglob("*.jpg"))
choice.shuffle(people)
for number, path in enumerate(people[:COUNT]):
    picture = Image.open(path).convert("RGB")
    save("rendered, upside down", number, picture.rotate(180))
    save("rendered, on the side", number, picture.rotate(90, expand=True))
    save("rendered, eight tiles shuffled", number, shuffled(picture))
    save("rendered, blurred", number, picture.filter(ImageFilter.GaussianBlur(picture.width / 10)))
    save("rendered, negative", number, 255 - np.asarray(picture))
    save("rendered, grey", number, picture.convert("L"))

NAMES = {
    "sklearn": ["china.jpg", "flower.jpg"],
    "matplotlib": ["grace_hopper.jpg"],
    "skimage": "astronaut brick camera chelsea coffee coins grass gravel moon motorcycle_left page text".split(),
    "skimage.data": ["hubble_deep_field.jpg", "retina.jpg", "rocket.jpg"],
}
number = 0
for package, names in NAMES.items():
    spec = importlib.util.find_spec(package.split(".")[0])
    for name in names:
        pattern = name if "." in name else f"{name}.png"
        (path,) = list(Path(spec.origin).parent.rglob(pattern))[:1]
        picture = Image.open(path).convert("RGB")
        for _ in range(10):
            height = choice.randint(min(picture.size) // 3, min(picture.height, 2 * picture.width))
            left = choice.randint(0, max(0, picture.width - height // 2))
            top = choice.randint(0, picture.height - height)
            save("parts of real photographs", number, picture.crop((left, top, left + height // 2, top + height)))
            number += 1
print(number, "parts of photographs")

OUTLINES = [
    [(120, 95), (80, 110), (70, 200), (75, 260), (165, 260), (170, 200), (160, 110), (120, 95)],
    [(80, 115), (50, 190), (55, 250)],
    [(160, 115), (190, 190), (185, 250)],
    [(80, 260), (85, 350), (90, 440), (115, 440), (118, 340), (120, 280)],
    [(165, 260), (160, 350), (150, 440), (126, 440), (122, 340), (120, 280)],
]
for number in range(COUNT):
    # A standing person in black lines, as with a mouse.
    page, width = Image.new("RGB", (240, 480), "white"), 2 + 2 * (number % 4)
    draw = ImageDraw.Draw(page)
    draw.ellipse([95, 30, 145, 95], outline=(0, 0, 0), width=width)
    for outline in OUTLINES:
        points = [(x + choice.gauss(0, 4), y + choice.gauss(0, 4)) for x, y in outline]
        draw.line(points, fill=(0, 0, 0), width=width, joint="curve")
    save("figures in clean lines", number, page)
