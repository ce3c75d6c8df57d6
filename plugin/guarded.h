// Wireshark's exceptions leave by longjmp: what has to be put back, whatever happens, is put back
// here.
//
// Plugin, all of it. To be added here: nothing that does not concern exceptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

#include <epan/exceptions.h>
// Without C++ guards in 4.0.
extern "C" {
#include <epan/show_exception.h>
}

namespace mep::plugin {

// Calls `inside`, and `afterwards` behind it, also where `inside` leaves by an exception, which
// goes on then. Nothing with a destructor may be alive in `inside` when it does.
template <typename Inside, typename Afterwards>
void guarded(Inside inside, Afterwards afterwards) {
  TRY {
    inside();
  }
  FINALLY {
    afterwards();
  }
  ENDTRY;
}

// Calls `inside`. That bytes are missing or wrong in it, it shows in `tree` as Wireshark does, and
// ends it: what stands behind the call goes on. Other exceptions (a packet captured in part, bugs,
// the end of memory) are not kept from anybody.
template <typename Inside>
void contained(tvbuff_t* tvb, packet_info* pinfo, proto_tree* tree, Inside inside) {
  TRY {
    inside();
  }
  CATCH_NONFATAL_ERRORS {
    show_exception(tvb, pinfo, tree, EXCEPT_CODE, GET_MESSAGE);
  }
  ENDTRY;
}

// What a dissector that is called changes in a packet, and changes back unless it leaves by an
// exception.
class PacketState {
 public:
  explicit PacketState(const packet_info& packet)
      : protocol_(packet.current_proto),
        layer_(packet.curr_layer_num),
        ptype_(packet.ptype),
        srcport_(packet.srcport),
        destport_(packet.destport),
        can_desegment_(packet.can_desegment),
        desegment_offset_(packet.desegment_offset),
        desegment_len_(packet.desegment_len) {}
  void restore(packet_info& packet) const {
    packet.current_proto = protocol_;
    packet.curr_layer_num = layer_;
    packet.ptype = ptype_;
    packet.srcport = srcport_;
    packet.destport = destport_;
    packet.can_desegment = can_desegment_;
    packet.desegment_offset = desegment_offset_;
    packet.desegment_len = desegment_len_;
  }

 private:
  decltype(packet_info::current_proto) protocol_;
  decltype(packet_info::curr_layer_num) layer_;
  decltype(packet_info::ptype) ptype_;
  decltype(packet_info::srcport) srcport_;
  decltype(packet_info::destport) destport_;
  decltype(packet_info::can_desegment) can_desegment_;
  decltype(packet_info::desegment_offset) desegment_offset_;
  decltype(packet_info::desegment_len) desegment_len_;
};

// Calls `inside` while the column takes nothing in, or everything.
template <typename Inside>
void with_column(packet_info* pinfo, int column, bool open, Inside inside) {
  const auto writable = col_get_writable(pinfo->cinfo, column);
  col_set_writable(pinfo->cinfo, column, open);
  guarded(inside, [&] { col_set_writable(pinfo->cinfo, column, writable); });
}
template <typename Inside>
void with_column_closed(packet_info* pinfo, int column, Inside inside) {
  with_column(pinfo, column, false, inside);
}
template <typename Inside>
void with_column_open(packet_info* pinfo, int column, Inside inside) {
  with_column(pinfo, column, true, inside);
}

}  // namespace mep::plugin
