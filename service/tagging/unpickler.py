"""Reads what `joblib.dump` writes of numeric arrays, numbers and strings, nothing else.

A pickle is a program. This reader knows only the opcodes that such a file needs, and
where one of them calls something it says what may be called with what. Refusing by
name alone is not enough: `numpy.ndarray`, which the files do name, makes objects of
whatever bytes it is given.
"""

import pickle
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from joblib.numpy_pickle import (
    NUMPY_ARRAY_ALIGNMENT_BYTES,
    NumpyArrayWrapper,
    NumpyUnpickler,
)

ALIGNMENT = 64  # bytes of a line of the processor's cache, where our arrays begin

_NAMES = {
    ("joblib.numpy_pickle", "NumpyArrayWrapper"): NumpyArrayWrapper,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}
_OPCODES = (
    *(pickle.PROTO, pickle.FRAME, pickle.STOP, pickle.MARK),
    *(pickle.MEMOIZE, pickle.BINGET, pickle.LONG_BINGET),
    *(pickle.NONE, pickle.NEWTRUE, pickle.NEWFALSE),
    *(pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.BINFLOAT),
    *(pickle.SHORT_BINUNICODE, pickle.BINUNICODE),
    *(pickle.EMPTY_LIST, pickle.APPEND, pickle.APPENDS),
    *(pickle.EMPTY_DICT, pickle.SETITEM, pickle.SETITEMS),
    *(pickle.EMPTY_TUPLE, pickle.TUPLE1, pickle.TUPLE2, pickle.TUPLE3, pickle.TUPLE),
    *(pickle.STACK_GLOBAL, pickle.NEWOBJ, pickle.REDUCE, pickle.BUILD),
)
_NUMBERS = ("u1", "u2", "u4", "u8", "i4", "f8")
_WRAPPER_STATE = {
    "subclass",
    "shape",
    "order",
    "dtype",
    "allow_mmap",
    "numpy_array_alignment_bytes",
}


def read_mapped(path: Path) -> dict[str, Any]:
    """Read a dict from a file, its arrays mapped from disk.

    Raises:
        UnpicklingError: The file asks for what no such file needs; bytes that are
            merely damaged may raise nearly anything.
    """
    with path.open("rb") as file:
        content = _ArraysOnly(str(path), file, False, mmap_mode="r").load()
    if not isinstance(content, dict):
        raise pickle.UnpicklingError("it is not a model")
    return content


class _ArraysOnly(NumpyUnpickler):  # type: ignore[misc]  # joblib has no types
    """The opcodes that need no watching are joblib's; the others are below."""

    stack: list[Any]
    dispatch: ClassVar = {
        opcode[0]: NumpyUnpickler.dispatch[opcode[0]] for opcode in _OPCODES
    }

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # a class
        if (module, name) not in _NAMES:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _NAMES[module, name]

    def load_reduce(self) -> None:
        function, arguments = self.stack[-2:]
        number, *others = arguments
        if (
            function is not np.dtype
            or number not in _NUMBERS
            or others != [False, True]
        ):
            raise pickle.UnpicklingError("it calls more than types of numbers")
        super().load_reduce()

    def load_newobj(self) -> None:
        if self.stack[-2] is not NumpyArrayWrapper or self.stack[-1] != ():
            raise pickle.UnpicklingError("it makes an object that is not an array")
        super().load_newobj()

    def load_build(self) -> None:
        target, state = self.stack[-2:]
        if isinstance(target, np.dtype):
            plain = state == target.__reduce__()[2]
        else:
            plain = isinstance(target, NumpyArrayWrapper) and _is_plain(state)
        if not plain:
            raise pickle.UnpicklingError("it holds an array that is not of numbers")
        super().load_build()

    def load_setitem(self) -> None:
        _refuse_odd_keys(self.stack[-2:-1])
        super().load_setitem()

    def load_setitems(self) -> None:
        _refuse_odd_keys(self.stack[::2])
        super().load_setitems()

    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems


def _refuse_odd_keys(keys: Iterable[object]) -> None:
    """Hashing tuples nested a million deep overflows the stack of the process."""
    if not all(isinstance(key, str) for key in keys):
        raise pickle.UnpicklingError("it holds a key that is not a string")


def _is_plain(state: object) -> bool:
    """Whether an array's description is one that `joblib.dump` writes of numbers."""
    return (
        isinstance(state, dict)
        and set(state) == _WRAPPER_STATE
        and state["subclass"] is np.ndarray
        and isinstance(state["dtype"], np.dtype)
        and isinstance(state["shape"], tuple)
        and all(isinstance(size, int) and size >= 0 for size in state["shape"])
        and state["order"] in ("C", "F")
        and state["allow_mmap"] is True
        and state["numpy_array_alignment_bytes"]
        in (NUMPY_ARRAY_ALIGNMENT_BYTES, ALIGNMENT)
    )
