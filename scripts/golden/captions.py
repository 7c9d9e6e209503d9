"""10,240 captions and their token ids from CLIP's reference tokenizer (SimpleTokenizer of open_clip, with ftfy).

    python scripts/golden/captions.py crates/aio-tokenize/tests/golden
"""

import gzip
import pathlib
import random
import sys

from open_clip.tokenizer import SimpleTokenizer

OUT = pathlib.Path(sys.argv[1])
COUNT = 10_240
rng = random.Random(77)
WORDS = """a the man woman boy girl person pedestrian lady gentleman wears wearing carries carrying holding with without and in on over under red crimson scarlet blue navy
green olive khaki grey gray black white beige turquoise pink purple striped plaid checked dotted plain jacket coat hoodie t-shirt shirt blouse sweater dress skirt trousers jeans
shorts leggings sneakers boots sandals backpack rucksack handbag tote briefcase umbrella hat cap beanie scarf glasses sunglasses ponytail bun bald beard mobile phone left right hand
looking walking standing turned away young old middle-aged slim tall short hair shoulder-length knee-high sleeves long-sleeved half-zipped unbuttoned trousers' man's it's they're
she'd we've I'm don't jellybean zipper 1 2 42 2024 3.5 50% #7 @home mid-calf v-neck polka-dot""".split()
ACCENTS = "café naïve Zürich Ångström señor São Paulo łódź crème brûlée jalapeño façade über größe smörgåsbord Đặng Škoda İstanbul ﬁne oﬃce cafe\u0301 nai\u0308ve A\u030a".split()
EMOJI = ["👟", "🧥", "👜", "😀", "👨‍👩‍👧", "👩🏽‍🦰", "🏃‍♀️", "🇩🇪", "❤️", "☂", "⌚️", "🕶️🕶️", "👍🏿"]
ENTITIES = ["&amp;", "&lt;b&gt;", "&quot;red&quot;", "caf&eacute;", "&#233;", "&#x1F45F;", "&nbsp;", "&amp;amp;", "5 &gt; 3", "R&D", "AT&T", "&copy; 2024", "a&b;c", "&hellip;"]
SCRIPTS = ["一个穿红色外套的男人", "赤いコートを着た男性", "빨간 코트를 입은 남자", "мужчина в красной куртке", "άνδρας με μπλε παντελόνι", "رجل يرتدي معطفا", "איש במעיל אדום", "लाल कोट वाला आदमी", "ผู้ชายใส่เสื้อแดง", "კაცი", "ひとりの女性が、赤い鞄を持つ。"]
MARKS = ["!!!", "...", "---", "(left)", "[sic]", "{x}", "<tag>", "/", "\\", "_under_", "~", "^", "“quoted”", "‘single’", "it’s", "«guillemets»", "– dash —", "…", "½", "20°C", "x²", "€5", "№ 3", "™", "ＦＵＬＬ　ｗｉｄｔｈ", "１２３", "\u00a0", "\u200b", "\u00ad", "\t", "  "]


def phrase(low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def caption(i):
    kind = i % 16
    if i % 512 == 3:
        return rng.choice(["", " ", "\t", "   "])
    if kind == 1:
        return phrase(90, 140)
    if kind == 2:
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 400)))
    parts = [phrase(3, 12)]
    for chance, pool in ((4, ACCENTS), (5, EMOJI), (6, ENTITIES), (7, SCRIPTS), (8, MARKS)):
        if kind == chance or rng.random() < 0.12:
            parts += [rng.choice(pool), phrase(1, 6)]
    if kind == 9:
        rng.shuffle(parts)
    if kind == 10:
        # Characters of several scripts in the basic plane. Line breaks, surrogates and private-use characters are left out.
        parts += ["".join(chr(rng.choice([rng.randint(0x21, 0x7E), rng.randint(0xA1, 0x24F), rng.randint(0x370, 0x52F), rng.randint(0x1E00, 0x1FFF), rng.randint(0x3041, 0x30FF), rng.randint(0x4E00, 0x9FFF)])) for _ in range(12))]
    text = rng.choice([" ", ", ", ". ", ""]).join(parts) + rng.choice(["", ".", "!", " ."])
    return rng.choice([str, str, str.upper, str.title, str.capitalize])(text)


tokenizer = SimpleTokenizer()
captions = [caption(i).replace("\n", " ").replace("\r", " ") for i in range(COUNT)]
rows = tokenizer(captions).tolist()


def keep(name, lines):
    with gzip.GzipFile(OUT / name, "wb", mtime=0) as file:
        file.write("".join(f"{line}\n" for line in lines).encode())


keep("captions.txt.gz", captions)
keep("captions.ids.gz", [" ".join(str(i) for i in row).rstrip("0 ") if row[-1] == 0 else " ".join(map(str, row)) for row in rows])
print(COUNT, sum(row[-1] == 49407 for row in rows), "full")
