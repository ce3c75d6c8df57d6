// Dissects a capture's frames in a given order, as a window does in which somebody clicks while the
// file is still being read: a frame's first place in the list is its first pass, all others are
// clicks. Prints the tree of each click under a line "== NUMBER".
//
//   click_while_reading FILE 1 2 1 3 2 …     frames appear for the first time in ascending order
//
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>

#include "tests/tools/dissection.h"

#include <epan/print.h>

namespace {

void dissect(mep::tools::Capture& capture, mep::tools::Frame& frame, print_stream_t* out) {
  const bool clicked = frame.data.visited;
  epan_dissect_t* dissection = epan_dissect_new(capture.session(), clicked, clicked);
  capture.dissect(frame, dissection);
  if (clicked) {
    std::printf("== %u\n", frame.data.num);
    proto_tree_print(print_dissections_expanded, FALSE, dissection, nullptr, out);
  }
  epan_dissect_free(dissection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  if (!mep::tools::start_wireshark(argv[0])) return 1;
  mep::tools::Capture capture(argv[1]);
  print_stream_t* out = print_stream_text_stdio_new(stdout);
  for (int i = 2; i < argc; ++i) {
    const auto number = static_cast<std::size_t>(std::strtoul(argv[i], nullptr, 10));
    while (capture.frames().size() < number)
      if (!capture.read()) return 1;
    dissect(capture, *capture.frames()[number - 1], out);
  }
  std::fflush(stdout);
  std::_Exit(0);
}
