"""Files that an attacker might hand us for a model, opcode by opcode.

Each would run `MARKER`, read memory that is not its own, or stop the process, were it
read by a trusting unpickler.
"""

import copyreg
import pickle
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import joblib
import numpy as np

MARKER = Path("hostile-file-was-run")
_START = pickle.PROTO + b"\x04"
_EXTENSION_CODE = 241


class Payload:
    """Makes `MARKER` when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
        return Path.touch, (MARKER,)


def string(text: str) -> bytes:
    return pickle.SHORT_BINUNICODE + bytes([len(text)]) + text.encode()


def name(module: str, attribute: str) -> bytes:
    return string(module) + string(attribute) + pickle.STACK_GLOBAL


def integer(number: int) -> bytes:
    encoded = pickle.encode_long(number)
    return pickle.LONG1 + bytes([len(encoded)]) + encoded


def wrapper(**changes: bytes) -> bytes:
    """An array of three bytes, its description changed."""
    state = {
        "subclass": name("numpy", "ndarray"),
        "shape": integer(3) + pickle.TUPLE1,
        "order": string("C"),
        "dtype": _dtype("u1"),
        "allow_mmap": pickle.NEWTRUE,
        "numpy_array_alignment_bytes": integer(16),
    } | changes
    items = b"".join(string(key) + value for key, value in state.items())
    return (
        name("joblib.numpy_pickle", "NumpyArrayWrapper")
        + (pickle.EMPTY_TUPLE + pickle.NEWOBJ + pickle.EMPTY_DICT)
        + (pickle.MARK + items + pickle.SETITEMS + pickle.BUILD)
        + b"\x03\xff\xff\xffabc"
    )


def _dtype(code: str) -> bytes:
    arguments = string(code) + pickle.NEWFALSE + pickle.NEWTRUE + pickle.TUPLE3
    return name("numpy", "dtype") + arguments + pickle.REDUCE


def _joblib(value: object, protocol: int = 4) -> bytes:
    file = BytesIO()
    joblib.dump(value, file, protocol=protocol)
    return file.getvalue()


def _laughs() -> bytes:
    """A list that holds itself 2^30 times, in 300 bytes."""
    steps = b"".join(
        (pickle.EMPTY_LIST + pickle.MEMOIZE + pickle.MARK)
        + (pickle.BINGET + bytes([step])) * 2
        + pickle.APPENDS
        for step in range(30)
    )
    return pickle.EMPTY_LIST + pickle.MEMOIZE + pickle.MARK + steps + pickle.APPENDS


def _dict(*items: bytes) -> bytes:
    content = b"".join(items)
    return _START + pickle.EMPTY_DICT + pickle.MARK + content + pickle.SETITEMS + b"."


_TOUCH = string(str(MARKER)) + pickle.TUPLE1 + pickle.REDUCE
_NDARRAY = name("numpy", "ndarray")
_WRAPPER = name("joblib.numpy_pickle", "NumpyArrayWrapper")
_DEEP = pickle.EMPTY_TUPLE + pickle.TUPLE1 * 200_000
_OBJECTS = (  # numpy.ndarray((3,), "O", an array that is mapped from the file)
    _NDARRAY
    + (pickle.MARK + integer(3) + pickle.TUPLE1 + string("O"))
    + (wrapper(shape=integer(24) + pickle.TUPLE1) + b"A" * 21)
    + (pickle.TUPLE + pickle.REDUCE)
)

PICKLES = {
    "reduce": pickle.dumps(Payload(), 4),
    "reduce in a dict": pickle.dumps({"format": Payload()}, 4),
    "global, protocol 0": b"cos\nsystem\n(S'touch hostile-file-was-run'\ntR.",
    "inst": _START + b"(" + string("touch x") + b"ios\nsystem\n.",
    "obj": _START + b"(" + _NDARRAY + integer(3) + b"o.",
    "extension": _START + pickle.EXT1 + bytes([_EXTENSION_CODE]) + b")R.",
    "persistent id": b"Phostile\n.",
    "builtin": _START + name("builtins", "open") + _TOUCH + b".",
    "dotted name": _START + name("os", "path.exists") + _TOUCH + b".",
    "dotted name of numpy": _START + name("numpy", "ndarray.tofile") + b".",
    "reader of a wrapper": (
        _START + name("joblib.numpy_pickle", "NumpyArrayWrapper.read") + b"."
    ),
    "old joblib": _START + name("joblib.numpy_pickle", "NDArrayWrapper") + b")\x81.",
    "object array": _joblib(np.array([Payload()], object)),
    "object array, protocol 2": _joblib(np.array([Payload()], object), 2),
    "object array in a dict": _joblib({"format": np.array([Payload()], object)}),
    "structure of objects": _joblib(np.array([(Payload(), 1)], "O,i4")),
    "subclass of an array": _joblib(np.rec.array([(1, 2)])),
    "scalar": _joblib(np.float64(1)),
    "pickle under an array": (
        _START + wrapper(dtype=_dtype("O")) + pickle.dumps(Payload(), 4)
    ),
    "objects at an address": _START + _NDARRAY + _OBJECTS + b"\x85R.",
    "array by its class": _START + _NDARRAY + integer(3) + b"\x85\x85\x81.",
    "array without end": _START + _NDARRAY + integer(2**40) + b"\x85\x85R.",
    "keywords": _START + _WRAPPER + b")}\x92.",
    "wrapper with arguments": _START + _WRAPPER + _NDARRAY + b"\x85\x81.",
    "dtype by its class": _START + name("numpy", "dtype") + string("O") + b"\x85\x81.",
    "dtype from a tuple": _START + name("numpy", "dtype") + string("O") + b"\x85\x85R.",
    "state for a dtype": _START + _dtype("f8") + string("\x03") + b"\x85b.",
    "slots": _START + _WRAPPER + b")\x81N}" + string("read") + b"K\x01s\x86b.",
    "method of a wrapper": _START + wrapper(read=name("numpy", "dtype")) + b".",
    "state for a class": _START + _WRAPPER + b"}" + string("read") + b"K\x01sb.",
    "state for a dict": _START + b"}}" + string("read") + b"K\x01sb.",
    "state for nothing": _START + b"}b.",
    "subclass": _START + wrapper(subclass=name("numpy", "dtype")) + b".",
    "huge shape": _START + wrapper(shape=integer(2**62) + pickle.TUPLE1) + b".",
    "overflowing shape": (
        _START + wrapper(shape=integer(2**32) * 2 + pickle.TUPLE2) + b"."
    ),
    "endless shape": _START + wrapper(shape=integer(2**700) + pickle.TUPLE1) + b".",
    "negative size": _START + wrapper(shape=integer(-1) + pickle.TUPLE1) + b".",
    "shape of strings": _START + wrapper(shape=string("u1") + pickle.TUPLE1) + b".",
    "shape of none": _START + wrapper(shape=pickle.NONE) + b".",
    "array past the end": _START + wrapper(shape=integer(99) + pickle.TUPLE1) + b".",
    "not mapped": _START + wrapper(allow_mmap=pickle.NEWFALSE) + b".",
    "unaligned": (_START + wrapper(numpy_array_alignment_bytes=pickle.NONE) + b"."),
    "order": _START + wrapper(order=string("X")) + b".",
    "deep tuple for a key": _dict(_DEEP, b"N"),
    "deep tuple for one key": _START + b"}" + _DEEP + b"Ns.",
    "deep list for a format": _dict(
        *(string("format"), b"]" * 200_000 + b"a" * 199_999),
        *(string("fingerprint"), string("")),
    ),
    "laughs": _START + _laughs() + b".",
    "laughs for a format": _dict(
        *(string("format"), _laughs()), *(string("fingerprint"), string(""))
    ),
    "array for a format": _joblib({"format": np.ones(3), "fingerprint": ""}),
    "array for a fingerprint": _joblib({"format": 1, "fingerprint": np.ones(3)}),
    "long number for a format": _joblib({"format": 2**1000, "fingerprint": ""}),
    "endless frame": _START + pickle.FRAME + b"\xff" * 8,
    "long frame": _START + pickle.FRAME + struct.pack("<Q", 2**40) + b"N.",
    "half a frame": _START + pickle.FRAME + b"\x01",
    "long string": _START + pickle.BINUNICODE + b"\xff\xff\xff\xffabc",
    "empty stack": _START + b".",
    "unknown opcode": _START + b"\xee.",
    "unknown memo": _START + b"h\x09.",
    "other protocol": pickle.PROTO + b"\x63N.",
    "list": pickle.dumps([1], 4),
    "empty dict": pickle.dumps({}, 4),
}


@contextmanager
def extension() -> Iterator[None]:
    """Makes `os.getcwd` known by a number, as a process might have done."""
    copyreg.add_extension("os", "getcwd", _EXTENSION_CODE)
    try:
        yield
    finally:
        copyreg.remove_extension("os", "getcwd", _EXTENSION_CODE)
