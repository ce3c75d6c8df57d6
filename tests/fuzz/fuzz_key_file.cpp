// Files of keys: a key or a sentence, which never has the key in it.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "captures/key_file.h"
#include "protocol/keys.h"
#include "system/problem.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::string reason;
  if (!parse_key(text, &reason)) fuzz::must(!reason.empty(), "a refusal has a reason");
  try {
    for (const auto& each : captures::parse_keys(text, "input"))
      fuzz::must(parse_key(each.text, nullptr) == each.key, "a key is what its text says");
  } catch (const system::Problem&) {
  }
  return 0;
}

}  // namespace mep
