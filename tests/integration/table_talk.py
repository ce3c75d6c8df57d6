"""Conversations about tables, and what tshark makes of them.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

import oma_digest
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame


def BT(number):
    return number


def ET(number):
    return 0x0800 | number


class Talk:
    """A client and a meter in turn. The methods return the number of the answer's frame; the
    request's is one less."""

    def __init__(self):
        self.frames = []
        self.sequence = 0x1000

    def _exchange(self, request, answer):
        self.sequence += 1
        self.frames.append(Frame(request, CLIENT_TO_METER, 100_000))
        self.frames.append(Frame(answer, METER_TO_CLIENT, 20_000))
        return len(self.frames)

    def read(self, table, data, offset=0):
        """The meter answers with `data`."""
        request = oma_digest.read(table, len(data), offset, self.sequence)
        return self._exchange(request, oma_digest.read_answer(request, data))

    def write(self, table, data, offset=0, code=0):
        """The meter answers OK, or with another code."""
        request = oma_digest.write(table, data, offset, self.sequence)
        return self._exchange(request, oma_digest.answer(request, bytes([code])))

    def rejected(self, table, count, code, offset=0):
        request = oma_digest.read(table, count, offset, self.sequence)
        return self._exchange(request, oma_digest.answer(request, bytes([code])))


class Element:
    """A field of a packet in PDML."""

    def __init__(self, xml):
        self.name = xml.get("name", "")
        self.label = xml.get("showname") or xml.get("show") or ""
        self.show = xml.get("show", "")
        self.position = int(xml.get("pos", "0"))
        self.size = int(xml.get("size", "0"))
        self.hidden = xml.get("hide") == "yes"
        self.children = [Element(child) for child in xml]

    def walk(self):
        yield self
        for child in self.children:
            yield from child.walk()

    def all(self, name):
        return [element for element in self.walk() if element.name == name]

    def one(self, name):
        found = self.all(name)
        assert len(found) == 1, f"{name} is there {len(found)} times"
        return found[0]

    def shows(self, name):
        return [element.show for element in self.all(name)]

    def labels(self):
        return [element.label for element in self.walk()]


def packets_of(pdml):
    """The mep layers of each packet, in one Element per packet."""
    return [Element(packet) for packet in pdml.iter("packet")]


def u16(*values):
    return struct.pack(f"<{len(values)}H", *values)


def i32(*values):
    return struct.pack(f"<{len(values)}i", *values)


# BT21 with the counts that matter, the flags of its first two bytes in front.
def bt21(flags=0, more_flags=0, self_reads=1, summations=11, demands=0, coincidents=0,
         occurrences=1, tiers=4, present_demands=0, present_values=84):
    return bytes([flags, more_flags, self_reads, summations, demands, coincidents, occurrences,
                  tiers, present_demands, present_values])


def bt61(*sets, flags=0):
    """Of each set: blocks, intervals, channels, minutes."""
    data = bytes(4) + u16(flags) + b"\x20"
    for blocks, intervals, channels, minutes in sets:
        data += struct.pack("<HHBB", blocks, intervals, channels, minutes)
    return data


def bt62(*sets):
    """Of each set: its channels' source IDs."""
    return b"".join(b"".join(bytes([0, source, 0]) for source in sources) + b"\x20"
                    for sources in sets)
