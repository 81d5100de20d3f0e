"""How Persian is spelled: the one table of characters and the rules for words.

Every code point is mapped alone, so composed and decomposed text agree by
construction, and every rule here is data for the compiled pass in `kernel.py`.
Plain Python: what it builds is packed into arrays by `features.py`.
"""

import hashlib
import sys
import unicodedata
from collections.abc import Iterator

# What a code point is, where it does not stand for letters or digits.
SPACE = 0  # parts words; words on both sides may still belong together
NOTHING = 1  # is not there: non-joiner, tatweel, vowel signs, bidi marks
BREAK = 2  # parts words that never belong together: comma, bracket, dash
LINE = 3  # ends a line, hence a sentence
BAR = 4  # parts the items of a list: bar, bullet, emoji
STOP = 5  # ends a sentence and marks it as one: question mark, exclamation mark
POINT = 6  # ends and marks a sentence, unless inside a number or a Latin name
COMMA = 7  # is not there inside a number, otherwise a break
FIRST_LETTER = 48  # the code point of "0": from here on an entry is a character

_POINTS = ".\u06d4"
_COMMAS = ",\u066b\u066c\u060c"
_STOPS = "!?\u061f\u2026\u3002"
_BARS = "|\u061b;\u2022\u203a\u2039#"
_LINES = "\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_KEPT_SIGNS = "\u00b0\u00a9\u00ae\u2122"  # signs that do not begin a new item
_TATWEEL = "\u0640"
# What converting old texts leaves of a non-joiner or a joiner: the not sign of word
# processors, the bytes of Windows-1256.
_CONVERTED_JOINERS = "\u00ac\x9d\x9e"

# After compatibility decomposition (NFKD), which already spells out presentation
# forms and takes hamza and madda off their letters.
_LETTERS = {
    "\u064a": "\u06cc",  # Arabic yeh
    "\u0649": "\u06cc",  # alef maksura
    "\u06d0": "\u06cc",
    "\u06cd": "\u06cc",
    "\u06ce": "\u06cc",
    "\u06d2": "\u06cc",  # yeh barree
    "\u0643": "\u06a9",  # Arabic kaf
    "\u06aa": "\u06a9",
    "\u0629": "\u0647",  # teh marbuta
    "\u06c1": "\u0647",
    "\u06be": "\u0647",
    "\u06d5": "\u0647",
    "\u06c3": "\u0647",
    "\u0671": "\u0627",  # alef wasla
    "\u0672": "\u0627",
    "\u0673": "\u0627",
    "\u0621": "",  # hamza: انشاء and انشا are one word
    "\u0674": "",
}

# Affixes that are written apart, with a non-joiner or as one: می شود، تحریم های.
PREFIXES = ("می", "نمی")
MONTH = "ماه"  # "ماه می" is the month of May
SUFFIXES = (
    *("ها", "های", "هایی", "هایم", "هایت", "هایش", "هایمان", "هایتان", "هایشان"),
    *("تر", "ترین", "تری", "ترها", "ترهای"),
)
# Endings of words that end in heh or yeh: رفته ام، برنامه ای، زندگی اش.
ENDINGS = (
    *("ام", "ای", "ایم", "اید", "اند", "ی"),
    *("اش", "اشان", "اتان", "امان", "شان", "تان", "مان"),
)
# What begins a line of site furniture, or ends it in two words; the lines after it are
# furniture too, until one that is marked as a sentence.
MARKERS = (
    *("بیشتر بخوانید", "همچنین بخوانید", "این مطلب را هم بخوانید", "بخوانید"),
    *("این خبر را هم بخوانید", "این را هم بخوانید", "حتما بخوانید", "مطالعه بیشتر"),
    *("مطالب مرتبط", "مطلب مرتبط", "مطالب مشابه", "مطالب دیگر", "مطالب پیشنهادی"),
    *("اخبار مرتبط", "اخبار مشابه", "اخبار دیگر", "اخبار بیشتر", "اخبار داغ"),
    *("خبرهای مرتبط", "خبر مرتبط", "خبرهای مشابه", "خبرهای دیگر", "خبرهای مهم"),
    *("آخرین اخبار", "آخرین خبرها", "آخرین عناوین", "آخرین مطالب", "تازه ترین خبرها"),
    *("تازه ترین اخبار", "مهم ترین اخبار", "مهم ترین خبرها", "مهم ترین عناوین"),
    *("گزارش های مرتبط", "عناوین مرتبط", "عناوین دیگر", "نوشته های مرتبط", "مرتبط"),
    *("مقاله های مرتبط", "پرونده های مرتبط", "موضوعات مرتبط", "لینک های مرتبط"),
    *("در همین زمینه", "در همین باره", "در همین رابطه", "در این باره", "پیوندها"),
    *("پیشنهاد سردبیر", "پیشنهاد ما", "پیشنهاد ویژه", "از دست ندهید", "شاید بپسندید"),
    *("پربازدیدترین", "پربیننده ترین", "پربحث ترین", "داغ ترین", "پرخواننده ترین"),
    *("پر بازدید ترین", "پر بیننده ترین", "پربازدید ها", "پربیننده ها", "تیترهای دیگر"),
    *("برچسب ها", "برچسب", "کلیدواژه ها", "کلید واژه ها", "کلمات کلیدی", "تگ ها"),
    *("کلیدواژه", "کلید واژه", "هشتگ ها", "دسته بندی", "موضوعات", "سرویس"),
    *("انتهای پیام", "لینک کوتاه", "کد خبر", "شناسه خبر", "منبع", "نظر شما", "نظرات"),
    *("به کانال ما", "عضویت در کانال", "کانال ما", "ما را دنبال", "ما را در"),
    *("دنبال کنید", "کلیک کنید", "مشاهده کنید", "مراجعه کنید", "عضو شوید"),
    *(
        "ما بپیوندید",
        "کانال بپیوندید",
        "به اشتراک بگذارید",
        "اشتراک گذاری",
        "ارسال به دوستان",
        "کپی لینک",
    ),
    *("تزئینی است", "عکس تزئینی", "عکس آرشیوی", "شما اینجا هستید", "اینجا هستید"),
    *("عکاس", "عکس", "تصویر", "مترجم", "خبرنگار", "نویسنده", "دبیر", "گردآوری"),
    *("تمامی حقوق این", "کلیه حقوق این", "تمام حقوق این", "حقوق مادی و معنوی"),
    *("خبرنامه", "عضویت در خبرنامه", "ثبت نام در خبرنامه", "بازنشر مطالب"),
    *("خبرهای پیشنهادی", "اخبار پیشنهادی", "خواندنی ها", "پربازدید"),
    *("پر مخاطب ترین", "پرمخاطب ترین", "بیشتر ببینید", "ببینید", "این مطالب را هم"),
    *("کانال تلگرام", "عضو کانال"),
)


def spelling(character: str) -> str | int:
    """What one character stands for in a word.

    Returns:
        The canonical characters (one, several), or one of the kinds above.
    """
    kind = _kind_of_sign(character)
    if kind is not None:
        return kind
    decomposed = unicodedata.normalize("NFKD", character).casefold()
    letters = [
        _canonical(part)
        for part in unicodedata.normalize("NFKD", decomposed)
        if not _vanishes(part)
    ]
    if not letters:
        return NOTHING
    word = "".join(letters)
    return (word or NOTHING) if _is_word(word) or not word else BREAK


def _kind_of_sign(character: str) -> int | None:
    """The kind of a character that never stands for letters, None for others."""
    character = unicodedata.normalize("NFC", character)[0]  # the Greek question mark
    for signs, kind in (
        (_LINES, LINE),
        (_POINTS, POINT),
        (_COMMAS, COMMA),
        (_STOPS, STOP),
        (_BARS, BAR),
    ):
        if character in signs:
            return kind
    category = unicodedata.category(character)
    if category == "Zs" or character == "\t":
        return SPACE
    if category == "So" and character not in _KEPT_SIGNS:
        letters = unicodedata.normalize("NFKD", character)
        return None if letters.isalnum() else BAR
    if category[0] in "PSZ" or category in ("Cc", "Cs", "Co", "Cn"):
        return NOTHING if _vanishes(character) else BREAK
    return None


def _vanishes(character: str) -> bool:
    """Whether a character leaves no trace in a word."""
    return (
        character == _TATWEEL
        or character in _CONVERTED_JOINERS
        or unicodedata.category(character) in ("Mn", "Me", "Cf")
        or unicodedata.combining(character) != 0
    )


def _canonical(character: str) -> str:
    digit = unicodedata.digit(character, None)
    return _LETTERS.get(character, character) if digit is None else str(digit)


def _is_word(letters: str) -> bool:
    """Whether every character is a letter, a digit or a spacing vowel sign."""
    return all(
        unicodedata.category(letter)[0] in "LN" or unicodedata.category(letter) == "Mc"
        for letter in letters
    ) and all(ord(letter) >= FIRST_LETTER for letter in letters)


def alphabet() -> Iterator[tuple[int, str | int]]:
    """Every code point that is not a mere break, with its spelling."""
    for code_point in range(sys.maxunicode + 1):
        character = chr(code_point)
        if unicodedata.category(character) in ("Cn", "Co", "Cs"):
            continue
        entry = spelling(character)
        if entry != BREAK:
            yield code_point, entry


def canonical(text: str) -> str:
    """The canonical letters of one word, for lists that words are compared with."""
    entries = (spelling(character) for character in text)
    return "".join(entry for entry in entries if isinstance(entry, str))


def fingerprint() -> str:
    """A digest of the rules above, probed on every character Persian text may hold.

    A model file carries the digest of the code that wrote it; another digest means
    that its words are no longer the words that this code reads.
    """
    probe = [*range(0x250), *range(0x600, 0x780), *range(0x2000, 0x2070)]
    probe += [*range(0xFB50, 0xFE00), *range(0xFE70, 0xFF00)]
    rules = [spelling(chr(code_point)) for code_point in probe]
    words = [PREFIXES, MONTH, SUFFIXES, ENDINGS, MARKERS]
    return hashlib.sha256(repr((rules, words)).encode()).hexdigest()[:16]
