// Transactions: the messages inside ET52 and ET53 (pages 43 to 50).
//
// Plugin, showing. To be added here: fields and notes of transactions.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "plugin/exchanges.h"
#include "plugin/message_tree.h"

namespace mep::plugin {

// Shows the inner messages of a transaction that the frame completes, each as if it had come
// alone. `at`: where its bytes lie in shown.tvb; pieces from several frames get a tvb of their own.
void show_transaction(const Shown& shown, int at, const Transaction& transaction,
                      const FrameFacts& facts);

}  // namespace mep::plugin
