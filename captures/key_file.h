// Keys from files: Wireshark's own table of them, or a list.
//
// Captures. To be added here: another place in which Wireshark's users keep keys.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "protocol/access.h"
#include "protocol/types.h"

namespace mep::captures {

struct KnownKey {
  AccessLevel kind = AccessLevel::advanced;
  Key key{};
  std::string text;  // as it stood in the file: it must be in no capture either
};

// Reads a file of keys. A line is one of Wireshark's table (mep_keys: "label","MBK","key","TRUE"),
// or MBK or MAK, a blank and the key (as for mep-sim), or a key alone, which may be either. Empty
// lines and those that begin with # are none. Throws a Problem that names file and line, never the
// key.
std::vector<KnownKey> read_key_file(const std::string& path);
// The same of the text of a file. `name` is for messages.
std::vector<KnownKey> parse_keys(const std::string& text, const std::string& name);

// The file in which Wireshark keeps its table, of the user who runs this; empty: there is none.
std::string wireshark_key_file();

}  // namespace mep::captures
