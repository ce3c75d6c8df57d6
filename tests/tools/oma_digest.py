"""Builds MEP frames that carry an authentication digest, independently of the code under test.

The digest (the guide's Appendix A, page 250) stirs eight bytes. A message goes in in runs of 192
bytes, the last one filled up with zeros: 24 key bytes (the key one and a half times) of eight bits
each, and bit b of a key byte has byte 7-b of the eight stirred. A response's digest is that of the
request's bytes followed by its own, each without its digest.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

FACTORY_DEFAULT_KEY = b"\x01" * 16
RUN = 192
DIGEST_SIZE = 8


def digest(message, key=FACTORY_DEFAULT_KEY, extra_run=False):
    """`extra_run`: the appendix's other reading, by which a message that ends with a run has a run
    of zeros after it."""
    filling = -len(message) % RUN
    if extra_run and filling == 0:
        filling = RUN
    ring = [0] * 8
    for index, byte in enumerate(message + bytes(filling)):
        key_byte, bit = divmod(index % RUN, 8)
        at = 7 - bit
        inverted = ~(ring[at] + at) & 0xFF
        if key[key_byte % 16] >> bit & 1:
            stirred = (inverted << 1 | inverted >> 7) & 0xFF
        else:
            stirred = -(inverted >> 1 | inverted << 7)
        ring[at] = (ring[(at + 1) % 8] + byte + stirred) & 0xFF
    return bytes(ring)


def frame(message):
    return struct.pack(">H", len(message)) + message


def seal(message, key=FACTORY_DEFAULT_KEY, before=b"", extra_run=False):
    """A frame of the message and its digest; `before`: the request's bytes."""
    return frame(message + digest(before + message, key, extra_run))


def authenticated(sealed):
    """The part of a sealed frame that its digest is over."""
    return sealed[2:-DIGEST_SIZE]


def read(table, count, offset=0, sequence=0x1000, key=FACTORY_DEFAULT_KEY):
    """A frame that asks for a part of a table."""
    message = struct.pack(">BH", 0x3F, table) + struct.pack(">I", offset)[1:]
    return seal(message + struct.pack(">HI", count, sequence), key)


def write(table, data, offset=0, sequence=0x1000, key=FACTORY_DEFAULT_KEY, extra_run=False):
    """A frame that writes a part of a table."""
    message = struct.pack(">BH", 0x4F, table) + struct.pack(">I", offset)[1:]
    message += struct.pack(">H", len(data)) + data + struct.pack(">I", sequence)
    return seal(message, key, extra_run=extra_run)


def answer(request, message=b"\x00", key=FACTORY_DEFAULT_KEY, extra_run=False):
    """The frame that answers the request's frame with this message."""
    return seal(message, key, authenticated(request), extra_run)


def read_answer(request, data, key=FACTORY_DEFAULT_KEY, extra_run=False):
    """The frame that answers a read with these table bytes."""
    return answer(request, struct.pack(">BH", 0, len(data)) + data, key, extra_run)
