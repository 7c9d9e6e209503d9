"""Token ids from CLIP's reference tokenizer (SimpleTokenizer of open_clip)."""
import json
import pathlib

from open_clip.tokenizer import SimpleTokenizer

OUT = pathlib.Path(__file__).parents[2] / "crates/aio-tokenize/tests/golden/bpe.json"
# No caption contains a special token: open_clip writes it <start_of_text>, OpenAI <|startoftext|>.
CAPTIONS = [
    "",
    " ",
    "A man wearing a red t-shirt, with black trousers.",
    "The woman is wearing a dark blue overcoat over a silver top, carrying a crimson rucksack.",
    "She's the girl who'd worn it; they're hers & I've seen 'em, we'll see.",
    "UPPER case, MiXeD CaSe",
    "numbers 1234567890 and 3.14159, a 4x4, 2024-05-08",
    "punctuation!!! ... --- ??? (parentheses) [brackets] {braces} <tags> #hash @at ~tilde ^caret",
    "multiple   spaces\tand\ttabs   here",
    "accents: café naïve Zürich Ångström señor São Paulo łódź",
    "decomposed: cafe\u0301 nai\u0308ve",
    "emoji: 👨‍👩‍👧 wearing 🧥 and 👟 😀😀",
    "CJK: 一个穿红色外套的男人 赤いコートを着た男性 빨간 코트",
    "Cyrillic: мужчина в красной куртке; Greek: άνδρας; Arabic: رجل; Hebrew: איש; Hindi: लाल",
    "entities: black &amp; white, &lt;b&gt;bold&lt;/b&gt;, caf&eacute;, 5 &gt; 3, &quot;quoted&quot;",
    "double escaped: black &amp;amp; white",
    "don't can't won't it's I'M YOU'RE",
    "a" * 200,
    "word " * 100,
    "a jellybean jekyll hyde",
    "hyphen-ated words-and_underscores/slashes\\backslashes",
    "currency $5 €6 £7 ¥8, fractions ½ ¼, degrees 20°C, superscript x²",
    "soft\u00adhyphen zero\u200bwidth no\u00a0break",
    "the person carries a tote, sneakers: white; hair in a bun.",
]
tokenizer = SimpleTokenizer()
rows = [{"caption": c, "ids": tokenizer([c])[0].tolist()} for c in CAPTIONS]
OUT.write_text(json.dumps(rows, ensure_ascii=False, indent=0) + "\n")
print(len(rows))
