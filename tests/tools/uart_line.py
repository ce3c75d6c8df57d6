"""A pseudo terminal that has a speed: what a sender puts on it arrives as a UART at the port's speed,
as the capture tool has set it, would read it.

A driver marks bytes without a stop bit; a pseudo terminal cannot be made to, so here the bytes come
without marks.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import fcntl
import struct
import time

from line_player import BITS_PER_BYTE, Line

# ioctl(2)'s TCGETS2 and what it fills in: flags, characters, and the speeds as numbers.
TCGETS2, TERMIOS2 = 0x802C542A, struct.Struct("IIIIB19BII")


def read_at(data, sender, receiver):
    """What a receiver makes of bytes that are sent back to back at another speed, 8N1."""
    bits = []
    for byte in data:
        bits += [0, *(byte >> i & 1 for i in range(8)), 1]

    def line(moment):  # in bits of the receiver
        at = int(moment * sender // receiver)
        return bits[at] if at < len(bits) else 1

    end = len(bits) * receiver / sender
    seen = bytearray()
    moment = 0.0
    while moment < end:
        if line(moment) or line(moment + 0.5):
            moment += 1 / 16
            continue
        seen.append(sum(line(moment + 1.5 + i) << i for i in range(8)))
        moment += 9.5
        while not line(moment):  # no stop bit: it waits for the line
            moment += 1 / 16
    return bytes(seen)


class UartLine(Line):
    def port_speed(self):
        return TERMIOS2.unpack(fcntl.ioctl(self.master, TCGETS2, bytes(TERMIOS2.size)))[-1]

    def send(self, data, speed):
        """Takes as long as the bytes do; they are read at the speed that the port has at first."""
        port_speed = self.port_speed()
        time.sleep(len(data) * BITS_PER_BYTE / speed)
        self.write(data if port_speed == speed else read_at(data, speed, port_speed))
