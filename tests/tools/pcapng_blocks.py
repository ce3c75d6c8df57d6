"""Reads pcapng block by block, independently of Wireshark, also while it is being written.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

SECTION_HEADER = 0x0A0D0D0A
INTERFACE_DESCRIPTION = 1
INTERFACE_STATISTICS = 5
ENHANCED_PACKET = 6
DECRYPTION_SECRETS = 10

TAP_LINK_TYPE = 160  # DLT_USER13
TAP_HEADER_SIZE = 16


class Block:
    def __init__(self, kind, body):
        self.kind = kind
        self.body = body


class Interface:
    def __init__(self, link_type, options):
        self.link_type = link_type
        self.name = options.get(2, b"").decode()
        self.description = options.get(3, b"").decode()
        self.ticks_per_second = 10 ** options[9][0] if 9 in options else 10 ** 6
        self.filter = options[11][1:].decode() if 11 in options else None
        self.statistics = None


class Statistics:
    def __init__(self, options, ticks_per_second, comments=()):
        def moment(code):
            high, low = struct.unpack("<II", options[code])
            return (high << 32 | low) / ticks_per_second

        def count(code):
            return struct.unpack("<Q", options[code])[0] if code in options else None

        self.start = moment(2)
        self.end = moment(3) if 3 in options else None  # the capture has not ended yet
        self.received = count(4)
        self.dropped = count(5)
        self.accepted = count(6)
        self.comments = comments


class Packet:
    """A record with its tap header taken apart."""

    def __init__(self, interface, ticks, data, flags, comments=(), missed=0):
        self.interface = interface
        self.ticks = ticks
        self.flags = flags
        self.comments = comments
        self.missed = missed  # how many of its line were not written before it
        self.raw = data
        (self.version, header_size, self.direction, self.status, self.baud_rate,
         self.duration_us) = struct.unpack_from(">BBBBII", data)
        # Files from before there were tap numbers have headers of 12 bytes.
        self.tap = struct.unpack_from(">I", data, 12)[0] if header_size >= 16 else 0
        self.frame = data[header_size:]


def options_in(body):
    """The options in the rest of a block: the last value of each code."""
    return dict(all_options_in(body))


def comments_in(body):
    """The comments among them."""
    return [value.decode() for code, value in all_options_in(body) if code == 1]


def all_options_in(body):
    options = []
    while len(body) >= 4:
        code, length = struct.unpack_from("<HH", body)
        if code == 0:
            break
        options.append((code, body[4:4 + length]))
        body = body[4 + (length + 3) // 4 * 4:]
    return options


def read_block(stream):
    """The next block of a file or pipe; nothing at the end, or where a block is cut short."""
    head = stream.read(8)
    if len(head) < 8:
        return None
    kind, length = struct.unpack("<II", head)
    rest = stream.read(length - 8)
    if len(rest) < length - 8:
        return None
    assert struct.unpack("<I", rest[-4:])[0] == length, "a block's two lengths differ"
    return Block(kind, rest[:-4])


class Capture:
    """A whole capture. feed() it blocks, or read() a file."""

    def __init__(self):
        self.section_options = None
        self.interfaces = []
        self.packets = []

    @classmethod
    def read(cls, path):
        capture = cls()
        with open(path, "rb") as stream:
            while (block := read_block(stream)) is not None:
                capture.feed(block)
        return capture

    def feed(self, block):
        body = block.body
        if block.kind == SECTION_HEADER:
            assert struct.unpack_from("<I", body)[0] == 0x1A2B3C4D, "not in this byte order"
            assert self.section_options is None, "a second section"
            self.section_options = options_in(body[16:])
        elif block.kind == INTERFACE_DESCRIPTION:
            self.interfaces.append(Interface(struct.unpack_from("<H", body)[0],
                                             options_in(body[8:])))
        elif block.kind == ENHANCED_PACKET:
            number, high, low, captured, _ = struct.unpack_from("<IIIII", body)
            rest = body[20 + (captured + 3) // 4 * 4:]
            options = options_in(rest)
            flags = struct.unpack("<I", options[2])[0] if 2 in options else None
            missed = struct.unpack("<Q", options[4])[0] if 4 in options else 0
            self.packets.append(Packet(self.interfaces[number], high << 32 | low,
                                       body[20:20 + captured], flags, comments_in(rest), missed))
        elif block.kind == INTERFACE_STATISTICS:
            interface = self.interfaces[struct.unpack_from("<I", body)[0]]
            interface.statistics = Statistics(
                options_in(body[12:]), interface.ticks_per_second, comments_in(body[12:]))
        elif block.kind != DECRYPTION_SECRETS:
            raise AssertionError(f"a block of kind {block.kind:#x}")
