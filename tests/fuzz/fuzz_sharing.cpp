// Copies to be published: whatever the capture is, its copy is clean, and the copy of the copy,
// too. SPDX-License-Identifier: GPL-2.0-or-later
#include "captures/capture_writer.h"
#include "captures/sharing.h"
#include "protocol/keys.h"
#include "system/problem.h"
#include "tests/fuzz/fuzz.h"

namespace mep::captures {

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<KnownKey> keys = {
      {AccessLevel::basic, *parse_key("k3y-from-the-grid-op", nullptr), "k3y-from-the-grid-op"}};
  if (size == 0) return 0;
  SharingOptions options;
  options.drop_closed = (data[0] & 1U) != 0;
  options.cleaner.blur = (data[0] & 2U) != 0;
  options.cleaner.shift_days = (data[0] & 4U) != 0 ? -14 : 0;
  CaptureFile capture;
  try {
    capture = read_capture({data + 1, size - 1}, "input");
  } catch (const system::Problem&) {
    return 0;
  }
  Pseudonyms pseudonyms;
  const SharedClean made =
      share_clean(capture, keys, options, pseudonyms, [](const Shared& shared) {
        fuzz::Buffer file;
        write_shared(
            [&file](const auto& block) { file.insert(file.end(), block.begin(), block.end()); },
            shared);
        return file;
      });
  for (const Finding& each : made.found) std::fprintf(stderr, "%s\n", each.what.c_str());
  fuzz::must(made.found.empty(), "the copy is clean");
  fuzz::must(made.shared.records.size() <= capture.records.size(), "no record is made up");
  return 0;
}

}  // namespace mep::captures
