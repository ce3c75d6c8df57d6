// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/pieces.h"

#include <algorithm>

// Without C++ guards in 4.0.
extern "C" {
#include <epan/reassemble.h>
}

#include "plugin/dead_line.h"
#include "plugin/line_item.h"
#include "plugin/registry.h"
#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/pieces.h"
#include "protocol/tap.h"

namespace mep::plugin {

// A frame that came in more than one record, or whose rest never came. File scope.
struct PiecedFrame {
  std::uint32_t id;         // in the reassembly table
  std::uint32_t completed;  // the record that did it; 0: none yet
  std::uint32_t latest;     // record with a piece
  nstime_t latest_time;
  std::uint16_t latest_size;
  std::uint16_t come;
  Direction direction;  // as far as it is known
  std::uint8_t bytes[max_frame_size];
};

namespace {

const Field hf_part("Part of a frame", "mep.part", FT_BYTES, BASE_NONE, nullptr, 0,
                    "The rest of the frame is in other records");
const Field hf_fragments("Parts", "mep.fragments", FT_NONE, BASE_NONE, nullptr, 0,
                         "The records that the frame was put together from");
const Field hf_fragment("Part", "mep.fragment", FT_FRAMENUM, BASE_NONE, nullptr, 0, nullptr);
const Field hf_overlap("Part overlaps another", "mep.fragment.overlap", FT_BOOLEAN, BASE_NONE,
                       nullptr, 0, nullptr);
const Field hf_conflict("Part overlaps another with other bytes", "mep.fragment.overlap.conflicts",
                        FT_BOOLEAN, BASE_NONE, nullptr, 0, nullptr);
const Field hf_multiple_tails("More than one last part", "mep.fragment.multiple_tails", FT_BOOLEAN,
                              BASE_NONE, nullptr, 0, nullptr);
const Field hf_too_long("Part too long", "mep.fragment.too_long_fragment", FT_BOOLEAN, BASE_NONE,
                        nullptr, 0, nullptr);
const Field hf_error("Error in putting together", "mep.fragment.error", FT_FRAMENUM, BASE_NONE,
                     nullptr, 0, nullptr);
const Field hf_count("Number of parts", "mep.fragment.count", FT_UINT32, BASE_DEC, nullptr, 0,
                     nullptr);
const Field hf_reassembled_in("Reassembled in", "mep.reassembled.in", FT_FRAMENUM, BASE_NONE,
                              nullptr, 0, "The record that completes the frame");
const Field hf_reassembled_length("Reassembled length", "mep.reassembled.length", FT_UINT32,
                                  BASE_DEC, nullptr, 0, "Of the frame, its length field included");
const Subtree ett_fragment;
const Subtree ett_fragments;

enum class Is : std::uint8_t { frame, piece, held_line, noise };

// A part of a record, as the first pass understood it. File scope.
struct Understood {
  Is is;
  Zeros zeros;         // of a held line
  std::uint32_t at;    // in the record
  std::uint32_t size;  // of the part
  PiecedFrame* frame;  // of a piece
  std::uint16_t from;  // where in that frame the piece stands
};

struct Parts {
  unsigned count;
  Understood* parts;
};

reassembly_table reassembly;
std::uint32_t frames_in_pieces = 0;  // of this capture file

// Each frame in pieces has a number of its own, so that nothing else has to tell them apart: the
// addresses of a link without any are not set yet when its records are put together.
gpointer key_of(const packet_info*, const guint32 id, const void*) {
  return GUINT_TO_POINTER(id);
}
void no_key_to_free(gpointer) {}
const reassembly_table_functions by_number = {g_direct_hash, g_direct_equal, key_of,
                                              key_of,        no_key_to_free, no_key_to_free};

std::size_t size_of(const PiecedFrame& frame) {
  return frame.come < length_field_size
             ? 0
             : length_field_size + read_be(frame.bytes, 0, length_field_size);
}

// --- First pass: what a record is ----------------------------------------------------------------

std::chrono::nanoseconds moment(const nstime_t& time) {
  return std::chrono::seconds(time.secs) + std::chrono::nanoseconds(time.nsecs);
}

// What the part itself says where nobody else does.
Direction direction_of(const Arrived& record, const PiecedFrame& frame) {
  if (record.direction != Direction::unknown || frame.come <= length_field_size)
    return record.direction;
  const Bytes message = Bytes(frame.bytes, frame.come).subspan(length_field_size);
  const std::size_t size = size_of(frame) - length_field_size;
  const bool request = fits(message, size, Direction::client_to_meter) == Fit::yes;
  const bool response = fits(message, size, Direction::meter_to_client) == Fit::yes;
  if (request == response) return Direction::unknown;
  return request ? Direction::client_to_meter : Direction::meter_to_client;
}

// Takes what belongs to the frame from the beginning of `bytes`.
std::uint32_t take_piece(PiecedFrame& frame, const Arrived& record, Bytes bytes) {
  std::uint32_t taken = 0;
  while (taken < bytes.size() && (frame.come < length_field_size || frame.come < size_of(frame)))
    frame.bytes[frame.come++] = bytes[taken++];
  frame.latest = record.pinfo->num;
  frame.latest_time = record.pinfo->abs_ts;
  frame.latest_size = static_cast<std::uint16_t>(taken);
  if (frame.come >= length_field_size && frame.come == size_of(frame))
    frame.completed = record.pinfo->num;
  frame.direction = direction_of(record, frame);
  return taken;
}

PiecedFrame* new_frame() {
  PiecedFrame* frame = wmem_new0(wmem_file_scope(), PiecedFrame);
  frame->id = ++frames_in_pieces;
  return frame;
}

bool continues(const Line& line, const Arrived& record, Bytes bytes) {
  const PiecedFrame* waiting = line.waiting;
  if (!waiting) return false;
  const std::size_t piece = std::max<std::size_t>(waiting->latest_size, bytes.size());
  return !given_up(moment(waiting->latest_time), moment(record.pinfo->abs_ts),
                   std::min(piece, max_frame_size)) &&
         goes_on({waiting->bytes, waiting->come}, bytes, record.direction);
}

// The piece that goes on with the frame that waits.
Understood understand_rest(Line& line, const Arrived& record, Bytes bytes) {
  PiecedFrame* frame = line.waiting;
  Understood part{Is::piece, Zeros::alert, 0, 0, frame, frame->come};
  part.size = take_piece(*frame, record, bytes);
  if (!frame->completed) return part;
  line.waiting = nullptr;
  if (size_of(*frame) > length_field_size) {
    zeros_end(line);
    return part;
  }
  const Zeros zeros = judge_zeros(line, record.pinfo, length_field_size);
  if (zeros != Zeros::alert) return {Is::held_line, zeros, 0, part.size, frame, part.from};
  return part;
}

Understood understand_next(Line& line, const Arrived& record, Bytes bytes, std::uint32_t at) {
  const Bytes rest = bytes.subspan(at);
  const Part part = first_part(rest, at == 0, record.direction);
  Understood understood{Is::frame, Zeros::alert, at, static_cast<std::uint32_t>(part.size), nullptr,
                        0};
  const bool alert = part.kind == PartKind::frame && part.size == length_field_size;
  if (alert || part.kind == PartKind::zeros) {
    understood.zeros = judge_zeros(line, record.pinfo, part.size);
    if (understood.zeros != Zeros::alert) understood.is = Is::held_line;
    return understood;
  }
  // One zero byte may be the line's that is held as well as a length's.
  if (rest.size() > 1 || rest[0] != 0) zeros_end(line);
  if (part.kind == PartKind::noise) understood.is = Is::noise;
  if (part.kind == PartKind::beginning) {
    understood.is = Is::piece;
    understood.frame = new_frame();
    take_piece(*understood.frame, record, rest);
    line.waiting = understood.frame;
  }
  return understood;
}

Parts* understand(Line& line, const Arrived& record, Bytes bytes) {
  wmem_array_t* found = wmem_array_new(wmem_file_scope(), sizeof(Understood));
  std::uint32_t at = 0;
  if (continues(line, record, bytes)) {
    const Understood part = understand_rest(line, record, bytes);
    wmem_array_append_one(found, part);
    at = part.size;
  } else {
    line.waiting = nullptr;
  }
  while (at < bytes.size()) {
    const Understood part = understand_next(line, record, bytes, at);
    wmem_array_append_one(found, part);
    at += part.size;
  }
  Parts* parts = wmem_new0(wmem_file_scope(), Parts);
  parts->count = wmem_array_get_count(found);
  parts->parts = static_cast<Understood*>(wmem_array_get_raw(found));
  return parts;
}

// --- Every pass: showing it ----------------------------------------------------------------------

tvbuff_t* bytes_of(const Arrived& record, const Understood& part) {
  return tvb_new_subset_length(record.tvb, static_cast<int>(part.at), static_cast<int>(part.size));
}

Arrived arrived(const Arrived& record, tvbuff_t* tvb) {
  Arrived frame = record;
  frame.tvb = tvb;
  return frame;
}

bool completes(const Arrived& record, const Understood& part) {
  return part.frame->completed == record.pinfo->num;
}

// Wireshark's reassembly of a piece; null where it is not complete.
fragment_head* add_fragment(const Arrived& record, const Understood& part) {
  return fragment_add_seq_next(&reassembly, record.tvb, static_cast<int>(part.at), record.pinfo,
                               part.frame->id, nullptr, part.size, !completes(record, part));
}

const char* describe_part(const Arrived& record, const Understood& part) {
  const PiecedFrame& frame = *part.frame;
  wmem_allocator_t* pool = record.pinfo->pool;
  const char* which = part.size == 1
                          ? wmem_strdup_printf(pool, "byte %u", part.from + 1U)
                          : wmem_strdup_printf(pool, "bytes %u to %u", part.from + 1U,
                                               static_cast<unsigned>(part.from + part.size));
  const auto size = static_cast<unsigned>(size_of(frame));
  const char* of = size == 0 ? "" : wmem_strdup_printf(pool, " of %u", size);
  const char* where = "";
  if (frame.completed) {
    where = wmem_strdup_printf(pool, " [reassembled in frame %u]", frame.completed);
  } else if (frame.latest != record.pinfo->num) {
    where = wmem_strdup_printf(pool, " [cut short in frame %u]", frame.latest);
  }
  return wmem_strdup_printf(pool, "Part of a frame, %s%s%s", which, of, where);
}

const fragment_items& items() {
  static const fragment_items made = {ett_fragment.address(),
                                      ett_fragments.address(),
                                      hf_fragments.address(),
                                      hf_fragment.address(),
                                      hf_overlap.address(),
                                      hf_conflict.address(),
                                      hf_multiple_tails.address(),
                                      hf_too_long.address(),
                                      hf_error.address(),
                                      hf_count.address(),
                                      hf_reassembled_in.address(),
                                      hf_reassembled_length.address(),
                                      nullptr,
                                      "MEP parts"};
  return made;
}

void show_part(const Arrived& record, const Understood& part, fragment_head* head) {
  const char* text = describe_part(record, part);
  Arrived piece = arrived(record, bytes_of(record, part));
  piece.direction = part.frame->direction;
  proto_tree* tree = begin_item(piece, "Part of a frame", text);
  proto_tree_add_item(tree, hf_part, piece.tvb, 0, -1, ENC_NA);
  process_reassembled_data(record.tvb, static_cast<int>(part.at), record.pinfo,
                           "Reassembled MEP frame", head, &items(), nullptr, tree);
}

// The rest never came: what there is, as of a frame that the capture tool calls cut short.
void show_cut_short(const Arrived& record, const Understood& part) {
  const PiecedFrame& frame = *part.frame;
  tvbuff_t* tvb = bytes_of(record, part);
  if (part.from > 0) {
    tvb = tvb_new_child_real_data(record.tvb, frame.bytes, frame.come, frame.come);
    add_new_data_source(record.pinfo, tvb, "MEP frame cut short");
  }
  Arrived cut = arrived(record, tvb);
  cut.direction = frame.direction;
  cut.tap_status |= tap::truncated;
  dissect_frame(cut);
}

void show_piece(const Arrived& record, const Understood& part, fragment_head* head) {
  if (completes(record, part)) {
    tvbuff_t* whole =
        process_reassembled_data(record.tvb, static_cast<int>(part.at), record.pinfo,
                                 "Reassembled MEP frame", head, &items(), nullptr, record.tree);
    if (whole) {
      dissect_frame(arrived(record, whole));
      return;
    }
  }
  const PiecedFrame& frame = *part.frame;
  const bool rest_is_missing = record.pinfo->fd->visited && frame.completed == 0;
  if (rest_is_missing && frame.latest == record.pinfo->num) {
    show_cut_short(record, part);
  } else {
    show_part(record, part, head);
  }
}

void show(const Arrived& record, const Understood& part, fragment_head* head) {
  next_in_info(record.pinfo);
  switch (part.is) {
    case Is::frame:
      dissect_frame(arrived(record, bytes_of(record, part)));
      break;
    case Is::piece:
      show_piece(record, part, head);
      break;
    case Is::held_line:
      dissect_held_line(arrived(record, bytes_of(record, part)), part.zeros);
      break;
    case Is::noise:
      dissect_noise(arrived(record, bytes_of(record, part)));
      break;
  }
}

void forget() {
  frames_in_pieces = 0;
}

}  // namespace

int dissect_pieces(const Arrived& record, Line* (*line)(packet_info*, Direction)) {
  packet_info* pinfo = record.pinfo;
  const unsigned size = tvb_captured_length(record.tvb);
  auto* parts = static_cast<Parts*>(recall(record, Kept::parts));
  if (!parts && !pinfo->fd->visited) {
    Line& its = *line(pinfo, record.direction);
    if (size == 0 || size < tvb_reported_length(record.tvb)) {
      its.waiting = nullptr;  // bytes of this line are missing
      zeros_end(its);
    } else {
      parts = understand(its, record, captured_bytes(pinfo, record.tvb));
      keep(record, Kept::parts, parts);
    }
  }
  if (!parts) return dissect_frame(record);

  // First all of them, since showing a damaged one leaves by an exception.
  auto** heads = wmem_alloc0_array(pinfo->pool, fragment_head*, parts->count);
  for (unsigned i = 0; i < parts->count; ++i)
    if (parts->parts[i].is == Is::piece) heads[i] = add_fragment(record, parts->parts[i]);
  for (unsigned i = 0; i < parts->count; ++i) show(record, parts->parts[i], heads[i]);
  return static_cast<int>(size);
}

void register_pieces() {
  reassembly_table_register(&reassembly, &by_number);
  register_init_routine(forget);
}

}  // namespace mep::plugin
