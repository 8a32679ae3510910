"""A frame is what its format says, byte by byte, and is read back as it was."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tabs import unpack

from normlab.explorer.host.wire import pack

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_a_frame_by_hand():
    """4 + 25 bytes of JSON and 3 zeros: 32; 3 bytes and 5 zeros: 40; none; 8 bytes: 48."""
    text = b'{"s":1,"buffers":[3,0,8]}'
    number = struct.pack("<d", 1.5)
    assert len(text) == 25
    by_hand = b"\x19\x00\x00\x00" + text + b"\x00" * 3 + b"abc" + b"\x00" * 5 + number
    assert pack({"s": 1}, [b"abc", b"", number]) == by_hand
    assert len(by_hand) == 32 + 8 + 8


@given(st.dictionaries(st.text().filter(lambda key: key != "buffers"), JSON), st.lists(st.binary()))
def test_what_is_packed_is_read_back(header, buffers):
    assert unpack(pack(header, buffers)) == (header, buffers)


@pytest.mark.parametrize("length", range(9))
def test_numbers_begin_where_an_array_of_them_may(length):
    """Whatever the JSON's length, and that of the buffer before: at a multiple of 8."""
    number = struct.pack("<d", math.pi)
    frame = pack({"text": "x" * length}, [b"\xff" * length, number])
    assert frame.index(number) % 8 == 0


def test_text_that_no_encoding_holds_is_packed():
    assert unpack(pack({"words": "\ud800 ε"}))[0] == {"words": "\ud800 ε"}


def test_a_number_that_json_lacks_is_refused():
    for number in (math.nan, math.inf):
        with pytest.raises(ValueError, match="not JSON compliant"):
            pack({"x": number})
