// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/procedure_tree.h"

#include <string>

#include "plugin/message_tree.h"
#include "plugin/registry.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/tables/procedures.h"

namespace mep::plugin {
namespace {

const Field hf_number("Procedure", "mep.procedure", FT_UINT16, BASE_HEX, nullptr, 0,
                      "Procedure number as on the wire: EP17 is 0x0811");
const Field hf_sequence("Procedure sequence number", "mep.procedure.sequence", FT_UINT8, BASE_DEC,
                        nullptr, 0, "Given by the caller, repeated in the result");
const Field hf_result("Result", "mep.procedure.result", FT_UINT8, BASE_DEC, nullptr, 0, nullptr);
const Field hf_call_in("Called in", "mep.procedure.call_in", FT_FRAMENUM, BASE_NONE,
                       FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
                       "The write to BT07 whose result this is");
const Field hf_result_in("Result in", "mep.procedure.result_in", FT_FRAMENUM, BASE_NONE,
                         FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0, "Where the result was read");
const Subtree ett_body;
const Note ei_failed("mep.procedure.failed", PI_RESPONSE_CODE, PI_WARN, "The procedure failed");

const char* title_of(packet_info* pinfo, std::uint16_t procedure) {
  return wmem_strdup(pinfo->pool, procedure_title(procedure).c_str());
}

const char* result_name(const Procedure* procedure, std::uint8_t code) {
  if (procedure) {
    for (const auto& [value, name] : procedure->results)
      if (value == code) return name.data();  // a literal
  }
  const std::string_view name = standard_result_name(code);
  return name.empty() ? "unknown result" : name.data();
}

void show_frame(const TableBytes& shown, const Field& hf, std::uint32_t frame) {
  if (frame != 0) add_generated(shown.tree, hf, shown.tvb, frame);
}

// Number and sequence number, as every header begins.
void show_header(const TableBytes& shown, std::uint16_t number) {
  proto_tree_add_uint_format_value(shown.tree, hf_number, shown.tvb, shown.offset,
                                   procedure::number_size, number, "%s (0x%04x)",
                                   title_of(shown.pinfo, number), number);
  proto_tree_add_item(shown.tree, hf_sequence, shown.tvb,
                      shown.offset + static_cast<int>(procedure::sequence_offset), 1, ENC_NA);
}

// What stands behind the header.
void show_body(const TableBytes& shown, std::size_t header, const Node& root,
               const Dimensions& dimensions) {
  const Bytes body = shown.stretch.bytes.subspan(header);
  if (body.empty()) return;
  const int at = shown.offset + static_cast<int>(header);
  proto_tree* tree =
      proto_tree_add_subtree(shown.tree, shown.tvb, at, static_cast<int>(body.size()), ett_body,
                             nullptr, root.name.c_str());
  show_table({shown.tvb, at, {0, body}, shown.pinfo, tree}, root, dimensions);
}

}  // namespace

void show_call(const TableBytes& shown, const Call* call, const Dimensions& dimensions) {
  const auto header = procedure::parse_call(shown.stretch.bytes);
  if (shown.stretch.offset != 0 || !header) return;
  const std::uint16_t number = header->number;
  tell(shown.pinfo, shown.top, ": call %s", title_of(shown.pinfo, number));
  show_header(shown, number);
  if (const Procedure* described = find_procedure(number))
    show_body(shown, procedure::call_header_size, described->parameters, dimensions);
  if (call) show_frame(shown, hf_result_in, call->result_frame);
}

void show_result(const TableBytes& shown, const Call* call, const Dimensions& dimensions,
                 bool believed) {
  const auto header = procedure::parse_result(shown.stretch.bytes);
  if (shown.stretch.offset == 0 && header) {
    const std::uint16_t number = header->number;
    const Procedure* described = find_procedure(number);
    const std::uint8_t code = header->code;
    const char* name = result_name(described, code);
    if (believed) tell(shown.pinfo, shown.top, ": %s, %s", title_of(shown.pinfo, number), name);
    show_header(shown, number);
    proto_item* result = proto_tree_add_uint_format_value(
        shown.tree, hf_result, shown.tvb, shown.offset + static_cast<int>(procedure::result_offset),
        1, code, "%s (%u)", name, code);
    if (code > 1) ei_failed.add(shown.pinfo, result, "The procedure failed: %s", name);
    if (described) show_body(shown, procedure::result_header_size, described->response, dimensions);
  }
  if (call) show_frame(shown, hf_call_in, call->call_frame);
}

}  // namespace mep::plugin
