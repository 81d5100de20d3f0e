"""Whether a text is Persian, and otherwise in which language it is.

Nearly every article is Persian, and the compiled pass sees that at almost no cost: it
counts the words that are in `FREQUENT`. From `FAST_WORDS` of them on, and from
`FAST_SHARE` of all words on, the article is Persian; where the model knows nearly every
word, a smaller share will do. What is left (headlines, tables,
lists of names, other languages) is decided by `identify`, in plain Python, from the
letters and the frequent words of a window.
"""

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from service.tagging import text


def _canonical(words: str) -> frozenset[str]:
    return frozenset(map(text.canonical, words.split()))


_FREQUENT = _canonical(
    "این است را برای از با در یک شد شده شود می\u200cشود می\u200cکند می\u200cدهد"
    " می\u200cتواند کند کنند کرده کردند نیز گفت گفته دارد دارند داشت باشد هستند نیست"
    " بود بوده خواهد درباره همچنین برخی اینکه آنها داده دهد"
)
FREQUENT: tuple[str, ...] = tuple(sorted(_FREQUENT))
"""Canonical Persian words that its neighbours (Arabic, Urdu, Pashto, Kurdish, Azeri)
hardly write: «به، که، و، آن، باید، وی» are not among them."""

FAST_WORDS = 3
FAST_SHARE = 0.08
KNOWN_SHARE = 0.85
FAST_SHARE_IF_KNOWN = 0.03
"""Measured on 7,983 real articles: the median has 18 of these words in 100, and 98.4 %
of the articles pass, however non-joiners, yeh and kaf are typed. Texts in Arabic,
Urdu, Pashto, Panjabi, Uyghur and Malay have at most 1 in 100, so that what passes is
about half Persian or more. Of their words a model knows at most 0.7."""

_WINDOW = 1_000
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+|[\w.+-]{1,64}@[!-~]+|[@#][!-~]+")
_LETTER = re.compile(r"[^\W\d_]")
# Marks and joiners are part of a word; the canonical spelling drops them.
_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u064b-\u065f\u0670\u200c\u200d])+")
_NOT_LETTERS = re.compile(r"[\W_]+")
_FEWEST_POINTS = 2


@dataclass(frozen=True, slots=True)
class _Profile:
    """What speaks for a language, word by word.

    A word earns `points` for one of the letters or the shape, otherwise one for being
    listed. The language needs `least` points for each word of its script.
    """

    code: str
    words: frozenset[str]
    letters: frozenset[str] = frozenset()
    shape: re.Pattern[str] | None = None
    points: int = 2
    least: float = 0.25

    def score(self, words: Sequence[tuple[str, str]], met: frozenset[str]) -> int:
        """The points of words, each as it is typed and as it is canonically spelled.

        Args:
            words: The words.
            met: All letters that are typed in them.
        """
        listed = self.words
        if self.shape is None and self.letters.isdisjoint(met):
            return sum(spelled in listed for _, spelled in words)
        score = 0
        for typed, spelled in words:
            if not self.letters.isdisjoint(typed) or self._shaped(typed):
                score += self.points
            elif spelled in listed:
                score += 1
        return score

    def _shaped(self, typed: str) -> bool:
        return self.shape is not None and self.shape.match(typed) is not None


_PERSIAN = _Profile(
    "fa",
    _FREQUENT | _canonical("به که می های ها هم آن"),
    frozenset("پچژگ"),
    points=1,
)
_ARABIC = (
    _Profile(
        "ar",
        _canonical(
            "في إلى التي الذي الذين هذا هذه ذلك عن مع عند لم لن قد وقد كان كانت أكد"
            " وأضاف هو هي وهو وهي منذ خلال حيث وكان قبل أيضا عبر لدى غير كما"
        ),
        frozenset("إة"),
        re.compile(
            r"أ|[وفب]ال(?![ايید])\w{4}|لل\w{3}"
            r"|ال(?!له|ملل|دین|سلام|حس|معارف|قاعد|جزیر|عظم|احمر|بته|هام|کتر|كتر|گو|زام|تماس|تهاب|ماس|برز)\w{3}"
        ),
        points=1,
        least=0.3,
    ),
    _Profile(
        "ur",
        _canonical("اور میں ہیں گیا گئی تھا تھے کیا کا کی کو"),
        frozenset("ٹڈڑےںہۂ"),
    ),
    _Profile(
        "ckb",
        _canonical("لە بۆ ئەم ئەو لەسەر بەڵام دەکات بوو هەروەها لەگەڵ"),
        frozenset("ەڕڵۆێڤ"),
    ),
    _Profile(
        "ps",
        _canonical("د په چې کې سره څخه یې شوي شوی"),
        frozenset("ټډړږښڼځڅېۍګ"),
    ),
    _Profile(
        "az",
        _canonical(
            "بو بیر ایکی ایله اوچون اولان اولدو اولاراق دئدی دئییر ائدیر ائتدی سونرا"
            " گؤره آراسیندا یئنی قارشی اؤز وار یوخ چوخ حاقیندا بوتون کیمی داها ایسه"
            " ائدیب لازیم اونون اونلار بونون"
        ),
        frozenset("ۇ"),
        re.compile(
            r"ائ(?!تلاف|م)|[گدیبکكچ]ئ|[گبدکكچا]ؤ"
            r"|\w\w+(?:لا?ر[یي]ن[یي]?|س[یي]ند[اه])$"
        ),
        least=0.15,
    ),
    # Uyghur, Sindhi, Malay: letters of their own, the rest shared.
    _Profile(
        "und",
        frozenset(),
        frozenset("ۈۋڭٻڄٿڳڻڙڦڇڀڏ۾۽ڠڽۏݨ"),
        points=8,
    ),
)
_LATIN = (
    _Profile(
        "en",
        _canonical(
            "the of and to that is was from by at has have had it its as be will said"
            " after over new for with he his they not are were in on an this or any all"
            " who their can would oil gas trade sanctions exports prices says"
        ),
        least=0.15,
    ),
    _Profile(
        "tr",
        _canonical(
            "ve bir bu için ile olarak daha çok göre kadar olan sonra olduğu en da de"
            " yeni geçen arasında ise gibi yıl dedi"
        ),
        frozenset("ığş"),
    ),
    _Profile(
        "az",
        _canonical("və bir bu üçün ilə qarşı olan sonra daha ki da də yeni arasında"),
        frozenset("ə"),
        points=5,
    ),
    _Profile(
        "ku",
        _canonical(
            "û ji bo li di de ku ev ew yên bi xwe bû nû dê her hat hatin ser got wê jî"
            " min dike"
        ),
        frozenset("êîû"),
    ),
    _Profile(
        "und",
        _canonical(
            "der die das und den von mit nicht ist le les des et est une dans du pour"
            " el los del por las una que il della che per não os uma het een van az és"
            " och att"
        ),
        frozenset("ñãõßäőåøèàáéóú"),
    ),
)
_CYRILLIC = (
    _Profile(
        "und",
        _canonical("та се са със ще бо дар ва аз ки ба және мен"),
        frozenset("іїєґўјљњћђџќѓѕқғҳҷӯӣәөүұңһ"),
        least=0.1,
    ),
)
_SCRIPTS = {"Arabic": _ARABIC, "Latin": _LATIN, "Cyrillic": _CYRILLIC, "other": ()}
_LETTERS_OF = (
    ("Latin", range(0x41, 0x250)),
    ("Latin", range(0x300, 0x370)),
    ("Cyrillic", range(0x400, 0x530)),
    ("Arabic", range(0x600, 0x780)),
    ("Arabic", range(0xFB50, 0xFE00)),
    ("Arabic", range(0xFE70, 0xFF00)),
)
_UNLESS_OTHERWISE = {"Arabic": "fa", "Cyrillic": "ru"}


def identify(title_and_text: str) -> str | None:
    """The language of a text, as a BCP 47 code, by the script of most letters.

    In Arabic script it is Persian unless something speaks for another language.

    Returns:
        "fa", "ar", "ur", "ckb", "ps", "az", "tr", "ku", "en", "ru", "und" for any
        other, or None where there is no letter.
    """
    first = _LETTER.search(title_and_text)
    if first is None:
        return None
    window = title_and_text[first.start() : first.start() + _WINDOW]
    words = _by_script(_ADDRESS.sub(" ", window))
    letters = {
        script: sum(len(spelled) for _, spelled in words[script]) for script in words
    }
    script = max(letters, key=letters.__getitem__)
    language = _best(words[script], _SCRIPTS[script])
    if script == "Latin" and not language and letters["Arabic"] * 4 > letters["Latin"]:
        # Names in Latin letters are of no language: «گوشی Galaxy S24 آمد» is Persian.
        script = "Arabic"
        language = _best(words[script], _ARABIC)
    if not letters[script]:  # addresses only
        return "und"
    return language or _UNLESS_OTHERWISE.get(script, "und")


def _by_script(window: str) -> dict[str, list[tuple[str, str]]]:
    """The words as they are typed and as they are spelled, Arabic script first."""
    spellings, scripts = _tables()
    words: dict[str, list[tuple[str, str]]] = {script: [] for script in _SCRIPTS}
    for found in _WORD.findall(window):
        typed = found if found.isalpha() else _NOT_LETTERS.sub("", found)
        typed = typed.lower()
        spelled = typed.translate(spellings)
        if spelled:
            words[scripts.get(ord(typed[0]), "other")].append((typed, spelled))
    return words


def _best(words: list[tuple[str, str]], profiles: tuple[_Profile, ...]) -> str | None:
    """The profile with most points, None where none has enough of them."""
    rival = 0
    met = frozenset().union(*(typed for typed, _ in words))
    if profiles is _ARABIC:
        rival = _PERSIAN.score(words, met) + sum(
            spelled in _FREQUENT for _, spelled in words
        )
    language = None
    for profile in profiles:
        score = profile.score(words, met)
        if score > rival and score >= max(_FEWEST_POINTS, profile.least * len(words)):
            rival, language = score, profile.code
    return language


@functools.cache
def _tables() -> tuple[dict[int, str], dict[int, str]]:
    """By code point: the canonical letters and the script."""
    scripts = {
        code_point: script
        for script, code_points in _LETTERS_OF
        for code_point in code_points
    }
    return {one: text.canonical(chr(one)) for one in scripts}, scripts
