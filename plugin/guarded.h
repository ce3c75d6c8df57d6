// Wireshark's exceptions leave by longjmp: what has to be put back, whatever happens, is put back
// here.
//
// Plugin, all of it. To be added here: nothing that does not concern exceptions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/wireshark.h"

#include <epan/exceptions.h>

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

// Calls `inside` while the column takes nothing in.
template <typename Inside>
void with_column_closed(packet_info* pinfo, int column, Inside inside) {
  const auto writable = col_get_writable(pinfo->cinfo, column);
  col_set_writable(pinfo->cinfo, column, FALSE);
  guarded(inside, [&] { col_set_writable(pinfo->cinfo, column, writable); });
}

}  // namespace mep::plugin
