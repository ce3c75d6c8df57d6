// Captures of a serial line that others made: SEL's RTAC and SerialPCAP (DLT 250), raw bytes, USB
// traffic of the adapter (usbmon).
//
// Captures. To be added here: another link type that carries a serial line's bytes.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "captures/capture_reader.h"
#include "captures/log_reader.h"

namespace mep::captures {

// The bytes of all records that have some; the record's number stands as the line. What is of no
// use is in `unused`.
LogContents serial_bytes(const CaptureFile& capture);

// A stream of bytes as a file has it, all of one direction.
LogContents raw_bytes(Bytes file, Direction direction);

}  // namespace mep::captures
