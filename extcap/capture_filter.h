// Capture filters: libpcap's language over tap records.
//
// Extcap. To be added here: nothing but libpcap's language.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "protocol/types.h"

struct bpf_program;

namespace mep::extcap {

// A filter sees the tap header and the frame after it: link[2] is the direction, link[3] the
// status, link[12:4] the tap, link[18] a message's code.
class CaptureFilter {
 public:
  // Throws a Problem with libpcap's complaint if it does not compile.
  explicit CaptureFilter(const std::string& text);

  bool accepts(Bytes record) const;

 private:
  struct Free {
    void operator()(bpf_program* program) const;
  };
  std::unique_ptr<bpf_program, Free> program_;
};

}  // namespace mep::extcap
