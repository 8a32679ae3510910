"""A reply as one binary frame: a header of JSON and the arrays it names, which a browser reads in place."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_ALIGNED = 8  # bytes: a Float64Array may begin only at a multiple of its element's size


def pack(header: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> bytes:
    r"""The frame of a reply.

        uint32, little-endian: bytes of JSON | JSON, with "buffers": [bytes of each] | each buffer

    JSON and buffers are each followed by zeros up to a multiple of 8 from the frame's start. The JSON is
    ASCII, so that no text can make it unreadable.

    Errors: ValueError for a NaN in the header, which JSON lacks (null stands for it), TypeError for what
    is no JSON at all.

    >>> pack({"a": 1}, [b"xyz"])
    b'\x15\x00\x00\x00{"a":1,"buffers":[3]}\x00\x00\x00\x00\x00\x00\x00xyz\x00\x00\x00\x00\x00'
    """
    told = {**header, "buffers": [len(buffer) for buffer in buffers]}
    text = json.dumps(told, allow_nan=False, separators=(",", ":")).encode("ascii")
    return b"".join(map(_padded, (len(text).to_bytes(4, "little") + text, *buffers)))


def _padded(part: bytes) -> bytes:
    return part + bytes(-len(part) % _ALIGNED)
