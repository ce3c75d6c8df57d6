// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/transaction_tree.h"

#include "plugin/guarded.h"
#include "plugin/registry.h"
#include "plugin/table_tree.h"
#include "protocol/bytes.h"
#include "protocol/names.h"
#include "protocol/transaction.h"

namespace mep::plugin {
namespace {

constexpr value_string types[] = {
    {static_cast<guint32>(TransactionType::requests), "requests"},
    {static_cast<guint32>(TransactionType::responses), "responses"},
    {static_cast<guint32>(TransactionType::partial_responses), "responses, partial"},
    {static_cast<guint32>(TransactionType::group_broadcast), "group broadcast request"},
    {static_cast<guint32>(TransactionType::group_broadcast_denied),
     "group broadcast request denied"},
    {0, nullptr}};

const Field hf_size("Size", "mep.transaction.size", FT_UINT16, BASE_DEC | BASE_UNIT_STRING,
                    unit("bytes"), 0, "Of the whole transaction");
const Field hf_type("Type", "mep.transaction.type", FT_UINT8, BASE_DEC, VALS(types), 0, nullptr);
const Field hf_number("Number", "mep.transaction.number", FT_UINT16, BASE_DEC, nullptr, 0, nullptr);
const Field hf_request_in("Requests in", "mep.transaction.request_in", FT_FRAMENUM, BASE_NONE,
                          FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
                          "The write to ET52 that this answers");
const Field hf_response_in("Responses in", "mep.transaction.response_in", FT_FRAMENUM, BASE_NONE,
                           FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0,
                           "The read of ET53 that answers this");
const Subtree ett_transaction;
const Subtree ett_message_inside;
const Note ei_broken("mep.transaction.broken", PI_MALFORMED, PI_ERROR,
                     "The records do not fill the transaction");
const Note ei_numbers_differ("mep.transaction.numbers_differ", PI_PROTOCOL, PI_WARN,
                             "The transaction's number is not repeated at its end");

// Where the transaction's bytes are shown.
struct Place {
  tvbuff_t* tvb;
  int at;
  Bytes bytes;
  proto_tree* tree;
  packet_info* pinfo;
  ReadInside* read;  // null: the Info column takes in nothing
};

// Where the partner of the transaction, and so of each message in it, is.
void show_partner(const Place& place, proto_tree* tree, const Transaction& transaction,
                  bool is_request) {
  if (!transaction.partner) return;
  const Field& hf = is_request ? hf_response_in : hf_request_in;
  add_generated(tree, hf, place.tvb, transaction.partner->frame);
}

// The request of the transaction with that index, as an exchange of its own (packet scope); null
// where it is not known. Its key is the one of the write to ET52: that controls what the request
// may do (page 130).
Exchange* inner_exchange(packet_info* pinfo, const Transaction* requests, unsigned index,
                         const Exchange* outer) {
  if (!requests) return nullptr;
  const Bytes asked(requests->bytes, requests->size);
  const auto at = transaction_record(asked, index);
  if (!at) return nullptr;
  auto* exchange = wmem_new0(pinfo->pool, Exchange);
  exchange->request = parse_request(at->of(asked), Trailer::absent);
  if (outer) exchange->key = outer->key;
  return exchange;
}

void show_one(const Place& place, const Transaction& transaction, const FrameFacts& facts,
              const Extent& at, unsigned index) {
  const bool is_request = facts.direction == Direction::client_to_meter;
  proto_tree* tree = proto_tree_add_subtree_format(place.tree, place.tvb, place.at + at.offset,
                                                   at.size, ett_message_inside, nullptr, "%s %u",
                                                   is_request ? "Request" : "Response", index + 1);
  const Shown inner{
      place.tvb, place.at + at.offset, at.of(place.bytes), tree, place.pinfo, Trailer::absent, true,
      place.read};
  FrameFacts inner_facts = facts;
  inner_facts.transaction = nullptr;
  inner_facts.exchange = inner_exchange(
      place.pinfo, is_request ? &transaction : transaction.partner, index, facts.exchange);
  if (inner_facts.exchange && transaction.calls)
    inner_facts.exchange->call = transaction.calls[index];
  if (is_request) {
    show_request(inner, inner_facts.exchange->request, inner_facts);
  } else {
    show_response(inner, inner_facts);
  }
  show_partner(place, tree, transaction, is_request);
}

// Counts: how many messages, and how many that were not answered with OK.
void tell_counts(packet_info* pinfo, proto_item* top, const Transaction& transaction,
                 bool is_request) {
  const Bytes bytes(transaction.bytes, transaction.size);
  TransactionRecords records(bytes);
  unsigned count = 0;
  unsigned failed = 0;
  while (const auto at = records.next()) {
    ++count;
    if (!is_request && at->size > 0 && bytes[at->offset] != 0) ++failed;
  }
  tell(pinfo, top, ": transaction %u, %u %s%s", transaction.number, count,
       is_request ? "request" : "response", count == 1 ? "" : "s");
  if (failed > 0) tell(pinfo, top, ", %u failed", failed);
}

}  // namespace

void show_transaction(const Shown& shown, int at, const Transaction& transaction,
                      const FrameFacts& facts) {
  const bool is_request = facts.direction == Direction::client_to_meter;
  tell_counts(shown.pinfo, top_of(shown), transaction, is_request);
  ReadInside read{top_of(shown), col_get_writable(shown.pinfo->cinfo, COL_INFO) != 0};
  Place place{shown.tvb,  at,          Bytes(transaction.bytes, transaction.size),
              shown.tree, shown.pinfo, is_told(shown.pinfo, top_of(shown)) ? &read : nullptr};
  if (transaction.in_pieces) {
    place.tvb =
        tvb_new_child_real_data(shown.tvb, transaction.bytes, transaction.size, transaction.size);
    place.at = 0;
    add_new_data_source(shown.pinfo, place.tvb, "Reassembled MEP transaction");
  }
  proto_item* item = nullptr;
  place.tree = proto_tree_add_subtree_format(
      shown.tree, place.tvb, place.at, transaction.size, ett_transaction, &item, "Transaction %u%s",
      transaction.number, transaction.in_pieces ? " (from several frames)" : "");
  proto_tree_add_item(place.tree, hf_size, place.tvb, place.at, 2, ENC_LITTLE_ENDIAN);
  proto_tree_add_item(place.tree, hf_type, place.tvb, place.at + 2, 1, ENC_NA);
  proto_tree_add_item(place.tree, hf_number, place.tvb, place.at + 3, 2, ENC_LITTLE_ENDIAN);
  show_partner(place, place.tree, transaction, is_request);

  // The inner messages must not tell their stories over the outer one's, but for what they read.
  TransactionRecords records(place.bytes);
  with_column_closed(shown.pinfo, COL_INFO, [&] {
    unsigned index = 0;
    while (const auto message = records.next()) {
      if (message->size > 0) show_one(place, transaction, facts, *message, index);
      ++index;
    }
  });
  if (read.left_out > 0) tell(shown.pinfo, top_of(shown), " and %u more", read.left_out);
  if (records.broken()) ei_broken.add(shown.pinfo, item);
  if (closing_transaction_number(place.bytes) != transaction.number)
    ei_numbers_differ.add(shown.pinfo, item);
}

}  // namespace mep::plugin
