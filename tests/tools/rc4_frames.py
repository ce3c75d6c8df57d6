"""Encrypts MEP frames with RC4, independently of the code under test.

The guide's Appendix B (pages 256 and 257): the key of an exchange is a constant run through RC4
under the meter's key, its first eight bytes XORed with the digest of the clear request. Request and
response share one keystream, in which the response goes on where the request ended. Encrypted is a
message up to its digest; an answer 0x0B stays in clear.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import dataclasses

from capture_file import CLIENT_TO_METER
from oma_digest import DIGEST_SIZE, FACTORY_DEFAULT_KEY, frame

CONSTANT = bytes.fromhex("388B8FBC36A8558587AFC90FB23A3B99")
STAYS_CLEAR = 0x0B


def keystream(key):
    """RC4's, byte by byte and without end."""
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    i = j = 0
    while True:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        yield state[(state[i] + state[j]) % 256]


def rc4(key, data, skip=0):
    """Encrypts or decrypts, from `skip` bytes into the keystream on."""
    stream = keystream(key)
    for _ in range(skip):
        next(stream)
    return bytes(byte ^ next(stream) for byte in data)


def exchange_key(key, digest):
    """The key of the exchange whose request has this digest."""
    mixed = rc4(key, CONSTANT)
    return bytes(byte ^ stirred for byte, stirred in zip(mixed, digest)) + mixed[len(digest):]


def _parts(clear):
    return clear[2:-DIGEST_SIZE], clear[-DIGEST_SIZE:]


def encrypted_request(clear, key=FACTORY_DEFAULT_KEY):
    """The frame of an authenticated clear request, encrypted."""
    message, digest = _parts(clear)
    return frame(rc4(exchange_key(key, digest), message) + digest)


def encrypted_answer(clear_request, clear, key=FACTORY_DEFAULT_KEY):
    """The frame of an authenticated clear answer, encrypted as the meter answers an encrypted
    request."""
    message, digest = _parts(clear)
    if message[0] == STAYS_CLEAR:
        return clear
    request, request_digest = _parts(clear_request)
    return frame(rc4(exchange_key(key, request_digest), message, len(request)) + digest)


def encrypted(frames, key=FACTORY_DEFAULT_KEY):
    """The same conversation encrypted: capture_file.Frame objects, in which each answer follows its
    request."""
    result = []
    request = None
    for clear in frames:
        if clear.direction == CLIENT_TO_METER:
            request = clear.data
            data = encrypted_request(request, key)
        else:
            data = encrypted_answer(request, clear.data, key)
        result.append(dataclasses.replace(clear, data=data))
    return result
