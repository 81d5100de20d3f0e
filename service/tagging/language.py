"""Whether a text is Persian, and otherwise in which language it is.

Nearly every article is Persian, and the compiled pass sees that at almost no cost: it
counts the words that are in `FREQUENT`. From `FAST_WORDS` of them on, and from
`FAST_SHARE` of all words on, the article is Persian; where the model knows nearly every
word, a smaller share will do. What is left (headlines, tables,
lists of names, other languages) is decided by `identify`, in plain Python, from the
letters and the frequent words of a window: with string methods that take the window as
a whole where they can, because a word at a time costs several times as much.
"""

import functools
import itertools
import operator
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

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

_WINDOW = 500
_ADDRESS = re.compile(r"(?:https?://|www\.)[!-~]+|[\w.+-]{1,64}@[!-~]+|[@#][!-~]+")
_SIGNS_OF_ADDRESSES = ("@", "#", "://", "www.")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
# Marks and joiners are part of a word; the canonical spelling drops them.
_MARKS = re.compile(r"[\u0300-\u036f\u064b-\u065f\u0670\u200c\u200d]+")
_FEWEST_POINTS = 2


class _Words:
    """Words as they are typed, in lower case, and as they are canonically spelled.

    Attributes:
        typed: Without marks.
        spelled: The same words, in the same order.
        together: The typed words, a space before each.
        met: The letters in them that are spelled otherwise or belong to a profile;
            Persian's own are taken for met, as they nearly always are.
        listed: The spelled words that any profile lists.
    """

    def __init__(self, typed: Sequence[str]) -> None:
        tables = _tables()
        self.typed = typed
        self.together = f" {' '.join(typed)}"
        self.met = _PERSIAN.letters.union(tables.telling.findall(self.together))
        self.spelled = typed
        if otherwise := self.met & tables.spellings.keys():
            spelled = self.together[1:]
            for letter in otherwise:
                spelled = spelled.replace(letter, tables.spellings[letter])
            self.spelled = spelled.split(" ")
            if "" in self.spelled:  # nothing but letters that vanish
                self.typed = [*itertools.compress(typed, self.spelled)]
                self.spelled = [*filter(None, self.spelled)]
        self.listed = [*filter(tables.listed.__contains__, self.spelled)]


@dataclass(frozen=True, slots=True)
class _Profile:
    """What speaks for a language, word by word.

    A word earns `points` for one of the letters or the shape, otherwise one for being
    listed. The language needs `least` points for each word of its script. A word of
    the shape, with a space before it, has one of the `traces` in it.
    """

    code: str
    words: frozenset[str]
    letters: frozenset[str] = frozenset()
    shape: re.Pattern[str] | None = None
    traces: tuple[str, ...] = ()
    points: int = 2
    least: float = 0.25

    def score(self, words: _Words) -> int:
        """The points of words."""
        own = self._own(words)
        if not own:
            return sum(map(self.words.__contains__, words.listed))
        is_own = [*map(own.__contains__, words.typed)]
        others = itertools.compress(words.spelled, map(operator.not_, is_own))
        return self.points * sum(is_own) + sum(map(self.words.__contains__, others))

    def _own(self, words: _Words) -> set[str]:
        """The typed words that have one of the letters or the shape."""
        own: set[str] = set()
        if not self.letters.isdisjoint(words.met):
            own.update(itertools.filterfalse(self.letters.isdisjoint, words.typed))
        if self.shape and any(map(words.together.__contains__, self.traces)):
            own.update(filter(self.shape.match, words.typed))
        return own


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
        ("أ", " ال", " وال", " فال", " بال", " لل"),
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
        ("ئ", "ؤ", "رین", "رين", "سیند", "سيند"),
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
_FIRST = operator.itemgetter(0)
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
    words = _by_script(window)
    if not words:  # addresses only
        return "und"
    letters = {script: sum(map(len, found.spelled)) for script, found in words.items()}
    script = max(letters, key=letters.__getitem__)
    language = _best(words[script], _SCRIPTS[script])
    arabic = letters.get("Arabic", 0)
    if script == "Latin" and not language and arabic * 4 > letters["Latin"]:
        # Names in Latin letters are of no language: «گوشی Galaxy S24 آمد» is Persian.
        script = "Arabic"
        language = _best(words[script], _ARABIC)
    if not letters[script]:  # only such as vanish
        return "und"
    return language or _UNLESS_OTHERWISE.get(script, "und")


def _by_script(window: str) -> dict[str, _Words]:
    """The words of a window in the scripts that it has, Arabic script first."""
    tables = _tables()
    if any(map(window.__contains__, _SIGNS_OF_ADDRESSES)):
        window = _ADDRESS.sub(" ", window)
    found = _words_in(window.lower())
    if found and not tables.foreign.search(" ".join(found)):  # as nearly always
        return {"Arabic": _Words(found)}
    typed: dict[str, list[str]] = {script: [] for script in _SCRIPTS}
    for word in found:
        typed[tables.scripts.get(word[0], "other")].append(word)
    return {script: _Words(words) for script, words in typed.items() if words}


def _words_in(window: str) -> list[str]:
    """The words, those without marks and signs first."""
    words: list[str] = []
    others: list[str] = []
    for piece in window.split():
        (words if piece.isalpha() else others).append(piece)
    if others:
        words += _WORD.findall(_MARKS.sub("", " ".join(others)))
    return words


def _best(words: _Words, profiles: tuple[_Profile, ...]) -> str | None:
    """The profile with most points, None where none has enough of them."""
    n_words = len(words.typed)
    scored = [
        (score, profile.code)
        for profile in profiles
        if (score := profile.score(words))
        >= max(_FEWEST_POINTS, profile.least * n_words)
    ]
    rival = 0
    if scored and profiles is _ARABIC:
        rival = _PERSIAN.score(words)
        rival += sum(map(_FREQUENT.__contains__, words.spelled))
    best = max(scored, key=_FIRST, default=(0, None))
    return best[1] if best[0] > rival else None


class _Tables(NamedTuple):
    """What is looked up by letter and by word."""

    spellings: dict[str, str]  # canonical letters, where they are others
    scripts: dict[str, str]
    foreign: re.Pattern[str]  # a letter of no word in Arabic script
    telling: re.Pattern[str]  # a letter in `spellings` or another profile's own
    listed: frozenset[str]  # the words of all profiles


@functools.cache
def _tables() -> _Tables:
    profiles = [*itertools.chain(*_SCRIPTS.values())]
    scripts = {
        chr(code_point): script
        for script, code_points in _LETTERS_OF
        for code_point in code_points
    }
    canonical = {letter: text.canonical(letter) for letter in scripts}
    spellings = {one: other for one, other in canonical.items() if one != other}
    telling = spellings.keys() | frozenset().union(*(one.letters for one in profiles))
    arabic = (letter for letter, script in scripts.items() if script == "Arabic")
    return _Tables(
        spellings,
        scripts,
        re.compile(f"[^ {re.escape(''.join(arabic))}]"),
        re.compile(f"[{re.escape(''.join(sorted(telling)))}]"),
        _PERSIAN.words.union(*(one.words for one in profiles)),
    )
