"""mepdump at work, for tests and benchmarks: started on two pseudo terminals, its output read as it
comes.

SPDX-License-Identifier: GPL-2.0-or-later
"""
import contextlib
import os
import pathlib
import select
import signal
import subprocess
import threading
import time

import pytest

from pcapng_blocks import Capture, read_block

TIMEOUT = 20  # seconds, after which mepdump is taken to hang


def not_termios():
    """Whether mepdump is tried with libserialport: MEP_SERIAL says so."""
    return os.environ.get("MEP_SERIAL") == "libserialport"


def termios_alone(what):
    """Skips a test of what only Linux's own way to serial ports can do; docs/platforms.md names it."""
    import pytest  # which the benchmarks do without
    return pytest.mark.skipif(not_termios(), reason=f"libserialport {what}")


class Tap:
    """A running mepdump. Its output goes to a FIFO, which is read here as Wireshark would."""

    def __init__(self, mepdump, folder, player, *arguments, lines=("client", "meter"), prefix=()):
        self.fifo = pathlib.Path(folder) / "tap.fifo"
        os.mkfifo(self.fifo)
        self.fifo.chmod(0o666)
        self.capture = Capture()
        self.arrivals = []  # for each packet, when it could be read
        self._changed = threading.Condition()
        self._ended = False
        ports = []
        if "client" in lines:
            ports += ["--client-line", player.client_line.path]
        if "meter" in lines:
            ports += ["--meter-line", player.meter_line.path]
        self.process = subprocess.Popen(
            [*prefix, str(mepdump), "--capture", "--extcap-interface", "mep", "--fifo",
             str(self.fifo), *ports, *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._stream = None
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self.wait(lambda: len(self.capture.interfaces) == len(lines), "the header")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self._thread.join(TIMEOUT)

    def _read(self):
        # Non-blocking to open, so that a mepdump that never comes does not hang the test.
        descriptor = os.open(self.fifo, os.O_RDONLY | os.O_NONBLOCK)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        while not poll.poll(50) and self.process.poll() is None:
            pass
        os.set_blocking(descriptor, True)
        self._stream = os.fdopen(descriptor, "rb")
        try:
            while (block := read_block(self._stream)) is not None:
                now = time.monotonic()
                with self._changed:
                    self.capture.feed(block)
                    while len(self.arrivals) < len(self.capture.packets):
                        self.arrivals.append(now)
                    self._changed.notify_all()
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def wait(self, condition, what, timeout=TIMEOUT):
        """Waits until something is true of what has been read; `what` is said where it never is."""
        with self._changed:
            self._changed.wait_for(lambda: condition() or self._ended, timeout)
            if not condition():
                raise AssertionError(f"{what} did not come; there are "
                                     f"{len(self.capture.packets)} packets")

    def wait_for_packets(self, count, timeout=TIMEOUT):
        self.wait(lambda: len(self.capture.packets) >= count, f"packet {count}", timeout)
        return self.capture.packets

    def wait_for_end(self):
        """Waits until mepdump has ended: its exit status and what it said on standard error."""
        _, errors = self.process.communicate(timeout=TIMEOUT)
        self._thread.join(TIMEOUT)
        return self.process.returncode, errors

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.wait_for_end()

    @property
    def frames(self):
        return [packet.frame for packet in self.capture.packets]


def processes_of(tap):
    """mepdump, and what reads the lines for it, which comes first."""
    children = pathlib.Path(f"/proc/{tap.process.pid}/task/{tap.process.pid}/children")
    if not children.exists():
        pytest.skip("needs a kernel that tells of children")
    reader = children.read_text(encoding="ascii").split()
    assert len(reader) == 1
    return [int(reader[0]), tap.process.pid]


@contextlib.contextmanager
def stopped(*processes):
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
