#!/usr/bin/env python3
"""A MEP client to begin with: reads whole tables and prints them as mep-sim's --load takes them.

    python3 mep_client.py 127.0.0.1:24078 01010101010101010101010101010101 BT01 BT23 BT28
    python3 mep_client.py /dev/ttyUSB0 k3y-from-the-grid-op BT52 > meter.json

Page numbers are those of the MEP client guide, 078-0372-01BD.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import json
import os
import select
import socket
import struct
import sys
import termios
import tty


def digest(message, key):
    """Eight bytes over a message, page 250."""
    message += bytes(-len(message) % 192)  # 24 key bytes of 8 bits take a byte each
    ring = [0] * 8
    for index, byte in enumerate(message):
        at = 7 - index % 8
        inverted = ~(ring[at] + at) & 0xFF
        if key[index // 8 % 24 % 16] >> index % 8 & 1:
            turned = inverted << 1 | inverted >> 7
        else:
            turned = -(inverted >> 1 | inverted << 7)
        ring[at] = (ring[(at + 1) % 8] + byte + turned) & 0xFF
    return bytes(ring)


class Client:
    def __init__(self, place, key):
        if "/" in place:
            self.line = os.open(place, os.O_RDWR | os.O_NOCTTY)
            tty.setraw(self.line)
            attributes = termios.tcgetattr(self.line)
            attributes[4:6] = [termios.B9600] * 2  # page 20: 9600 bit/s, 8N1
            termios.tcsetattr(self.line, termios.TCSANOW, attributes)
        else:
            host, port = place.rsplit(":", 1)
            self.line = socket.create_connection((host, int(port))).detach()
        self.key = (bytes.fromhex(key) if len(key) >= 32 else key.encode())[:16]  # page 13
        self.sequence = 1  # the meter tells the right one

    def receive(self, size):
        received = b""
        while len(received) < size:
            if not select.select([self.line], [], [], 0.5)[0]:  # page 21
                raise TimeoutError
            received += os.read(self.line, size - len(received)) or sys.exit("the line was closed")
        return received

    def exchange(self, request):
        """The answer to a request: its code and what follows."""
        for _ in range(10):
            message = request + struct.pack(">I", self.sequence)  # pages 10 and 11
            self.sequence = (self.sequence + 1) & 0xFFFFFFFF
            sealed = message + digest(message, self.key)
            os.write(self.line, struct.pack(">H", len(sealed)) + sealed)
            try:
                while (size := int.from_bytes(self.receive(2), "big")) == 0:
                    pass  # an alert, page 17
                answer = self.receive(size)
            except TimeoutError:
                continue  # again, with a new number
            if answer == b"\x0b":
                sys.exit("the meter has another key")
            body, theirs = answer[:-8], answer[-8:]
            if theirs != digest(message + body, self.key):  # damaged, or late and of another request
                while select.select([self.line], [], [], 0.2)[0] and os.read(self.line, 4096):
                    pass
            elif body[0] == 0x0C:
                self.sequence = int.from_bytes(body[1:5], "big")  # to be used next, page 12
            else:
                return body
        sys.exit("the meter does not answer, or not so that it can be understood")

    def read(self, table):
        """All bytes of a table; none where it is not there."""
        body = self.exchange(struct.pack(">BHH", 0x30, table, 0x0200))  # page 12
        data, piece = (body[3:], 0) if body[0] == 0 else (b"", 440)  # too large for one frame?
        while piece:
            body = self.exchange(struct.pack(">BHBHH", 0x3F, table, len(data) >> 16,
                                             len(data) & 0xFFFF, piece))
            data += body[3:]
            piece = piece if body[0] == 0 else piece // 2
        return data


if __name__ == "__main__":
    client = Client(sys.argv[1], sys.argv[2])
    numbers = {label: int(label[2:]) + 0x800 * label.startswith("ET") for label in sys.argv[3:]}
    tables = {label: {"bytes": client.read(number).hex()} for label, number in numbers.items()}
    print(json.dumps({"tables": tables}, indent=2))
