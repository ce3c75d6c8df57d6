// Dissects a capture's frames in a given order, as a window does in which somebody clicks while the
// file is still being read: a frame's first place in the list is its first pass, all others are
// clicks. Prints the tree of each click under a line "== NUMBER".
//
//   click_while_reading FILE 1 2 1 3 2 …     frames appear for the first time in ascending order
//
// For Wireshark 4.0, whose functions it calls: what the plugin keeps does not depend on the
// version. SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "compat/wireshark.h"

#include <epan/epan_dissect.h>
#include <epan/frame_data.h>
#include <epan/prefs.h>
#include <epan/print.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>

namespace {

struct Frame {
  frame_data data{};
  wtap_rec record{};
  Buffer bytes{};
};

// Of all frames that have been read; Wireshark asks back through packet_provider_funcs.
std::vector<std::unique_ptr<Frame>> frames;
wtap* file = nullptr;

const nstime_t* time_of(packet_provider_data*, guint32 number) {
  return number > 0 && number <= frames.size() ? &frames[number - 1]->data.abs_ts : nullptr;
}

const char* text_of_interface(unsigned number, unsigned option) {
  wtapng_iface_descriptions_t* all = wtap_file_get_idb_info(file);
  char* text = nullptr;
  if (number < all->interface_data->len) {
    auto* block = g_array_index(all->interface_data, wtap_block_t, number);
    if (wtap_block_get_string_option_value(block, option, &text) != WTAP_OPTTYPE_SUCCESS)
      text = nullptr;
  }
  g_free(all);
  return text;
}
const char* name_of(packet_provider_data*, guint32 number) {
  return text_of_interface(number, OPT_IDB_NAME);
}
const char* description_of(packet_provider_data*, guint32 number) {
  return text_of_interface(number, OPT_IDB_DESCRIPTION);
}

// The next frame of the file; false at its end.
bool read_frame() {
  auto frame = std::make_unique<Frame>();
  wtap_rec_init(&frame->record);
  ws_buffer_init(&frame->bytes, 1024);
  int error = 0;
  char* details = nullptr;
  gint64 offset = 0;
  if (!wtap_read(file, &frame->record, &frame->bytes, &error, &details, &offset)) return false;
  frame_data_init(&frame->data, static_cast<guint32>(frames.size() + 1), &frame->record, offset, 0);
  frames.push_back(std::move(frame));
  return true;
}

void dissect(epan_t* session, Frame& frame, print_stream_t* out) {
  static nstime_t elapsed;
  static const frame_data* reference = nullptr;
  static guint32 bytes = 0;
  const bool clicked = frame.data.visited;
  epan_dissect_t* dissection = epan_dissect_new(session, clicked, clicked);
  frame_data_set_before_dissect(&frame.data, &elapsed, &reference, nullptr);
  tvbuff_t* tvb = tvb_new_real_data(ws_buffer_start_ptr(&frame.bytes),
                                    frame.record.rec_header.packet_header.caplen,
                                    static_cast<int>(frame.record.rec_header.packet_header.len));
  epan_dissect_run(dissection, wtap_file_type_subtype(file), &frame.record, tvb, &frame.data,
                   nullptr);
  if (clicked) {
    std::printf("== %u\n", frame.data.num);
    proto_tree_print(print_dissections_expanded, FALSE, dissection, nullptr, out);
  } else {
    frame_data_set_after_dissect(&frame.data, &bytes);
  }
  epan_dissect_free(dissection);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  init_process_policies();
  g_free(configuration_init(argv[0], nullptr));
  wtap_init(TRUE);
  if (!epan_init(nullptr, nullptr, TRUE)) return 1;
  epan_load_settings();
  prefs_apply_all();
  int error = 0;
  char* details = nullptr;
  file = wtap_open_offline(argv[1], WTAP_TYPE_AUTO, &error, &details, FALSE);
  if (!file) return 1;
  const packet_provider_funcs functions{time_of, name_of, description_of, nullptr};
  epan_t* session = epan_new(nullptr, &functions);
  print_stream_t* out = print_stream_text_stdio_new(stdout);
  for (int i = 2; i < argc; ++i) {
    const auto number = static_cast<std::size_t>(std::strtoul(argv[i], nullptr, 10));
    while (frames.size() < number)
      if (!read_frame()) return 1;
    dissect(session, *frames[number - 1], out);
  }
  std::fflush(stdout);
  std::_Exit(0);
}
