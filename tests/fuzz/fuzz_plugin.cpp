// The whole plugin inside of Wireshark, on frames behind a tap header, without one, or in TCP: read
// once as a list, then each frame opened, from the last to the first. Read again as another
// capture, the same is shown.
//
// Input: what the frames come by (1); then frames, each with its direction and line (1), tenths of
// a second since the one before (1), and size (2). With a tap header that is part of the frame.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <string>

#include <epan/column.h>
#include <epan/prefs.h>
#include <epan/print.h>

#include "tests/fuzz/fuzz.h"
#include "tests/tools/dissection.h"

extern "C" void plugin_register();

namespace mep {
namespace {

constexpr std::uint16_t port = 24078;

enum class Carrier : std::uint8_t { tap, raw, tcp };

struct Piece {
  bool from_client;
  std::uint32_t line;
  std::uint32_t tenths;
  fuzz::Buffer bytes;
};

struct Talk {
  Carrier carrier;
  std::vector<Piece> pieces;
};

Talk talk_of(fuzz::Feed feed) {
  constexpr std::size_t most = 60;
  Talk talk{static_cast<Carrier>(feed.byte() % 3), {}};
  while (!feed.empty() && talk.pieces.size() < most) {
    const std::uint8_t who = feed.byte();
    const std::uint32_t tenths = feed.byte();
    const auto size = static_cast<std::size_t>(feed.number(2)) & 0x3FFU;
    talk.pieces.push_back({(who & 1) == 0, who & 3U, tenths, fuzz::copy(feed.some(size))});
  }
  return talk;
}

void put(fuzz::Buffer& to, std::uint64_t number, unsigned size) {
  for (unsigned i = size; i-- > 0;) to.push_back(static_cast<std::uint8_t>(number >> (8 * i)));
}

// Ethernet, IPv4 and TCP around it. `sequence`: of client and server, is counted on.
fuzz::Buffer in_tcp(const Piece& piece, std::uint32_t (&sequence)[2]) {
  constexpr std::uint32_t client_port = 50000;
  constexpr std::uint32_t client = 0xC0000201;
  constexpr std::uint32_t server = 0xC0000202;
  const unsigned me = piece.from_client ? 0 : 1;
  fuzz::Buffer packet;
  put(packet, 0, 8);
  put(packet, 0, 4);
  put(packet, 0x0800, 2);
  put(packet, 0x4500, 2);
  put(packet, 40 + piece.bytes.size(), 2);
  put(packet, 0x00010000'40060000U, 8);
  put(packet, piece.from_client ? client : server, 4);
  put(packet, piece.from_client ? server : client, 4);
  put(packet, piece.from_client ? client_port : port, 2);
  put(packet, piece.from_client ? port : client_port, 2);
  put(packet, sequence[me], 4);
  put(packet, sequence[1 - me], 4);
  put(packet, 0x50182000'00000000U, 8);
  packet.insert(packet.end(), piece.bytes.begin(), piece.bytes.end());
  sequence[me] += static_cast<std::uint32_t>(piece.bytes.size());
  return packet;
}

void add_frames(tools::Capture& capture, const Talk& talk) {
  constexpr time_t begin = 1'700'000'000;
  std::uint32_t sequence[2] = {1000, 7000};
  std::uint32_t tenths = 0;
  for (const Piece& piece : talk.pieces) {
    tenths += piece.tenths;
    const nstime_t time{begin + tenths / 10, static_cast<int>(tenths % 10) * 100'000'000};
    if (talk.carrier == Carrier::tcp) {
      capture.add(in_tcp(piece, sequence), WTAP_ENCAP_ETHERNET, time, 0, 0);
    } else {
      const bool tap = talk.carrier == Carrier::tap;
      capture.add(piece.bytes, tap ? WTAP_ENCAP_USER13 : WTAP_ENCAP_USER14, time, piece.line,
                  tap ? 0 : 1U + (piece.from_client ? 1 : 0));
    }
  }
}

// All trees and lines of the capture, as they are printed.
std::string shown(const Talk& talk) {
  tools::Capture capture;
  add_frames(capture, talk);
  char* text = nullptr;
  std::size_t size = 0;
  FILE* out = open_memstream(&text, &size);
  print_stream_t* stream = print_stream_text_stdio_new(out);
  column_info columns{};
  build_column_format_array(&columns, prefs.num_cols, TRUE);
  const auto take = [&](tools::Frame& frame, bool opened) {
    epan_dissect_t* dissection = epan_dissect_new(capture.session(), opened, opened);
    capture.dissect(frame, dissection, &columns);
    epan_dissect_fill_in_columns(dissection, FALSE, TRUE);
    if (opened) {
      std::fprintf(out, "%s\n", get_column_text(&columns, columns.num_cols - 1));
      proto_tree_print(print_dissections_expanded, FALSE, dissection, nullptr, stream);
    }
    epan_dissect_free(dissection);
  };
  for (const auto& frame : capture.frames()) take(*frame, false);
  for (std::size_t i = capture.frames().size(); i-- > 0;) take(*capture.frames()[i], true);
  col_cleanup(&columns);
  std::fclose(out);
  std::string printed(text, size);
  std::free(text);
  return printed;
}

void start() {
  // Piece by piece from malloc: then every byte beyond one is noticed.
  setenv("WIRESHARK_DEBUG_WMEM_OVERRIDE", "simple", 0);
  // Nobody's own preferences and plugins.
  setenv("HOME", "/nonexistent", 1);
  plugin_register();
  fuzz::must(tools::start_wireshark("fuzz_plugin", false), "Wireshark starts");
  std::string key = R"(uat:mep_keys:"hall","MBK","k3y-from-the-grid-op","TRUE")";
  char* error = nullptr;
  fuzz::must(prefs_set_pref(key.data(), &error) == PREFS_SET_OK, "a key is taken");
  prefs_apply_all();
  dissector_change_uint("tcp.port", port, find_dissector("mep"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool started = (start(), true);
  const Talk talk = talk_of({data, size});
  if (!started || talk.pieces.empty()) return 0;
  fuzz::must(shown(talk) == shown(talk), "read again, a capture shows the same");
  return 0;
}

}  // namespace mep
