#!/usr/bin/env python3
"""What somebody can make a frame cost: a client that is stuck, a packet full of the smallest frames, and
keys that fit nothing. Instructions, counted with callgrind: with twice and four times as many frames,
those of one frame stay the same.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse
import struct

import bench_paths  # noqa: F401: lets the modules below be found
import capture_file
import instructions
import oma_digest
import rc4_frames
import traffic
from capture_file import CLIENT_TO_METER, METER_TO_CLIENT, Frame
from keys_speed import rows

PORT = 24078
TLS_HEADER = b"\x17\x03\x03\x00\x20"
STRANGER = b"a-key-for-nobody"


def one_request_many_answers(exchanges):
    """TLS: the same request over and over, and each time another answer."""
    hello = b"\x58\x16\x03\x03\x00\x04\x00\x00\x00\x00"
    request = b"\x80" + TLS_HEADER + bytes(32)
    frames = [Frame(oma_digest.frame(hello), CLIENT_TO_METER, 100_000)]
    for number in range(exchanges):
        answer = b"\0" + TLS_HEADER + struct.pack(">I", number) * 8
        frames += [Frame(oma_digest.frame(request), CLIENT_TO_METER, 100_000),
                   Frame(oma_digest.frame(answer), METER_TO_CLIENT, 20_000)]
    return frames


def alerts_in_one_segment(alerts):
    """The smallest frames, in one packet."""
    payload = b"\0\0" * alerts
    return [Frame(payload, METER_TO_CLIENT,
                  record=traffic.segment(payload, False, [1000, 7000], PORT))]


def nobodys(frames, encrypted):
    """Reads and answers under a key that is in no table."""
    result = []
    for sequence in range(frames // 2):
        request = oma_digest.read(0x17, 44, 0, sequence, STRANGER)
        answer = oma_digest.read_answer(request, bytes(44), STRANGER)
        if encrypted:
            answer = rc4_frames.encrypted_answer(request, answer, STRANGER)
            request = rc4_frames.encrypted_request(request, STRANGER)
        result += [Frame(request, CLIENT_TO_METER, 100_000), Frame(answer, METER_TO_CLIENT, 20_000)]
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--few", type=int, default=1_000, help="the least number of frames")
    few = parser.parse_args().few
    user = instructions.somebody()
    try:
        counter = instructions.Counter(user)

        def ask(name, frames, options, link=capture_file.LINK_TAP):
            path = user.folder() / "hostile.pcapng"
            capture_file.write(path, frames, link=link)
            user.own(path)
            counter.ask(name, path, options, link)

        times = (1, 2, 4)
        decode_as = ["-d", f"tcp.port=={PORT},mep"]
        for many in times:
            ask(("tls", many), one_request_many_answers(few * many), [])
            ask(("alerts", many), alerts_in_one_segment(5 * few * many), decode_as,
                traffic.ETHERNET)
        numbers = (1, 10, 50)
        kinds = {"in clear": nobodys(few, False), "RC4": nobodys(few, True)}
        no_default = ["-o", "mep.try_default_key:FALSE"]
        for kind, frames in kinds.items():
            for keys in numbers:
                ask((kind, keys), frames, no_default + rows(range(keys)))

        for name, what, frames in (
                ("tls", "a TLS request answered differently each time, per exchange", few),
                ("alerts", "alerts in one TCP segment, per alert", 5 * few)):
            each = [counter.result((name, many)) / frames / many for many in times]
            print(f"{what}: " + ", ".join(f"{one:,.0f} at {frames * many:,}"
                                          for one, many in zip(each, times)), flush=True)
        for kind in kinds:
            each = [counter.result((kind, keys)) / few for keys in numbers]
            print(f"requests that no key opens, {kind}, per frame: " +
                  ", ".join(f"{one:,.0f} with {keys} ({one / each[0]:.2f} times)"
                            for one, keys in zip(each, numbers)), flush=True)
    finally:
        user.remove()


if __name__ == "__main__":
    main()
