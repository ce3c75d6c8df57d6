// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/tools/dissection.h"

#include <utility>

#include <epan/prefs.h>
#include <epan/timestamp.h>
#include <wsutil/filesystem.h>
#include <wsutil/privileges.h>
#include <wsutil/wslog.h>

namespace mep::tools {
namespace {

const nstime_t* time_of(packet_provider_data* capture, guint32 number) {
  const auto& frames = capture->frames;
  return number > 0 && number <= frames.size() ? &frames[number - 1]->data.abs_ts : nullptr;
}

const char* text_of_interface(const packet_provider_data* capture, unsigned number,
                              unsigned option) {
  if (!capture->file) return nullptr;
  wtapng_iface_descriptions_t* all = wtap_file_get_idb_info(capture->file);
  char* text = nullptr;
  if (number < all->interface_data->len) {
    auto* block = g_array_index(all->interface_data, wtap_block_t, number);
    if (wtap_block_get_string_option_value(block, option, &text) != WTAP_OPTTYPE_SUCCESS)
      text = nullptr;
  }
  g_free(all);
  return text;
}
const char* name_of(packet_provider_data* capture, guint32 number) {
  return text_of_interface(capture, number, OPT_IDB_NAME);
}
const char* description_of(packet_provider_data* capture, guint32 number) {
  return text_of_interface(capture, number, OPT_IDB_DESCRIPTION);
}

constexpr packet_provider_funcs functions{time_of, name_of, description_of, nullptr};

}  // namespace

Frame::Frame() {
  constexpr gsize usual = 1024;
  wtap_rec_init(&record);
  ws_buffer_init(&bytes, usual);
}

Frame::~Frame() {
  frame_data_destroy(&data);
  ws_buffer_free(&bytes);
  wtap_rec_cleanup(&record);
}

bool start_wireshark(const char* program, bool with_plugins) {
  ws_log_init(program, nullptr);
  init_process_policies();
  // As tshark begins.
  timestamp_set_type(TS_RELATIVE);
  timestamp_set_precision(TS_PREC_AUTO);
  timestamp_set_seconds_type(TS_SECONDS_DEFAULT);
  g_free(configuration_init(program, nullptr));
  wtap_init(TRUE);
  if (!epan_init(nullptr, nullptr, with_plugins)) return false;
  epan_load_settings();
  prefs_apply_all();
  return true;
}

Capture::Capture() : session_(epan_new(&provider_, &functions)) {}

Capture::Capture(const char* path) : Capture() {
  int error = 0;
  char* details = nullptr;
  provider_.file = wtap_open_offline(path, WTAP_TYPE_AUTO, &error, &details, FALSE);
  g_free(details);
}

Capture::~Capture() {
  epan_free(session_);
  if (provider_.file) wtap_close(provider_.file);
}

void Capture::begin(std::unique_ptr<Frame> frame, std::int64_t offset) {
  const auto number = static_cast<guint32>(provider_.frames.size() + 1);
  frame_data_init(&frame->data, number, &frame->record, offset, bytes_so_far_);
  provider_.frames.push_back(std::move(frame));
}

bool Capture::read() {
  if (!provider_.file) return false;
  auto frame = std::make_unique<Frame>();
  int error = 0;
  char* details = nullptr;
  gint64 offset = 0;
  if (!wtap_read(provider_.file, &frame->record, &frame->bytes, &error, &details, &offset)) {
    g_free(details);
    return false;
  }
  begin(std::move(frame), offset);
  return true;
}

void Capture::add(std::span<const std::uint8_t> bytes, int encapsulation, const nstime_t& time,
                  std::uint32_t interface, std::uint32_t direction) {
  auto frame = std::make_unique<Frame>();
  wtap_rec& record = frame->record;
  record.rec_type = REC_TYPE_PACKET;
  record.presence_flags = WTAP_HAS_TS | WTAP_HAS_CAP_LEN | WTAP_HAS_INTERFACE_ID;
  record.ts = time;
  record.tsprec = WTAP_TSPREC_USEC;
  record.block = wtap_block_create(WTAP_BLOCK_PACKET);
  if (direction != 0) wtap_block_add_uint32_option(record.block, OPT_PKT_FLAGS, direction);
  wtap_packet_header& header = record.rec_header.packet_header;
  header.caplen = header.len = static_cast<guint32>(bytes.size());
  header.pkt_encap = encapsulation;
  header.interface_id = interface;
  ws_buffer_append(&frame->bytes, const_cast<guint8*>(bytes.data()), bytes.size());
  begin(std::move(frame), 0);
}

void Capture::dissect(Frame& frame, epan_dissect_t* dissection, column_info* columns) {
  const bool first = !frame.data.visited;
  frame_data_set_before_dissect(&frame.data, &elapsed_, &reference_, before_);
  const auto& header = frame.record.rec_header.packet_header;
  tvbuff_t* tvb = tvb_new_real_data(ws_buffer_start_ptr(&frame.bytes), header.caplen,
                                    static_cast<int>(header.len));
  const int type = provider_.file ? wtap_file_type_subtype(provider_.file) : 0;
  epan_dissect_run_with_taps(dissection, type, &frame.record, tvb, &frame.data, columns);
  if (!first) return;
  frame_data_set_after_dissect(&frame.data, &bytes_so_far_);
  before_ = &frame.data;
}

}  // namespace mep::tools
