// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/evidence.h"

#include <algorithm>
#include <cstdlib>

#include "protocol/bytes.h"
#include "protocol/names.h"

namespace mep {
namespace {

// One byte of noise in 256 is a certain code: 8 bits.
constexpr int code_fits = 8;
// A code of 1 byte and a count of 2 that agree with the size.
constexpr int code_and_count_fit = 24;
// One of the guide's nine codes in a message of nine or thirteen bytes.
constexpr int one_of_the_codes_fits = 5;
// C12.18's that the guide leaves out: noise has one of them, with its size, more often than clients
// and meters do.
constexpr int rare_request_fits = -3;
constexpr int rare_response_fits = -2;
// A damaged message: one in some hundred on a bad line, against what noise is nearly always. An
// answer to a request that has been heard tells more.
constexpr int unknown_request_code = -9;
constexpr int unknown_response_code = -12;
constexpr int request_of_wrong_size = -8;
constexpr int response_of_wrong_size = -8;

// Some 150 of 65,536 numbers have a name, and nearly all requests are for those.
int table_bits(std::uint16_t table) {
  constexpr std::uint16_t meaningful = number_mask | manufacturer_flag | pending_flag;
  if ((table & ~meaningful) != 0) return -2;
  return table_name(table).empty() ? 0 : 7;
}

// No table is that large, except load profiles; noise is rarely that small.
int offset_bits(std::uint32_t offset) {
  constexpr std::uint32_t usual = 0x00FFFF;
  return offset <= usual ? 6 : -2;
}

// A count may ask for more than an answer holds: the commonest client asks for 512 always.
int count_bits(std::uint16_t count) {
  constexpr std::uint16_t usual = 1024;
  return count <= usual ? 5 : -1;
}

bool is_tables_or_tls(RequestCode code) {
  return is_read(code) || is_write(code) || is_tls(code);
}

// What C12.18's own requests carry: names and passwords of text, filled up with blanks or zeros; of
// a negotiation, codes of baud rates.
int service_bits(Bytes message) {
  const auto code = static_cast<RequestCode>(message[0]);
  const Request request = parse_request(message, Trailer::present);
  const Bytes body = request.data.of(message);
  if (code == RequestCode::log_on || code == RequestCode::security) {
    const auto is_text = [](std::uint8_t byte) {
      return byte == 0 || (byte >= 0x20 && byte < 0x7F);
    };
    const bool text =
        std::ranges::all_of(body.subspan(code == RequestCode::log_on ? 2 : 0), is_text);
    return text ? static_cast<int>(body.size()) : 0;
  }
  constexpr std::size_t before_rates = 3;
  constexpr std::uint8_t highest_rate = 0x0F;
  if (code == RequestCode::wait || body.size() <= before_rates) return 0;
  const Bytes rates = body.subspan(before_rates);
  const bool plausible =
      std::ranges::all_of(rates, [](std::uint8_t rate) { return rate <= highest_rate; });
  return plausible ? 4 * static_cast<int>(rates.size()) : 0;
}

int bits_of_code(Bytes message, Fit fit) {
  const auto code = static_cast<RequestCode>(message[0]);
  if (request_name(message[0]).empty()) return unknown_request_code;
  if (fit != Fit::yes) return is_tables_or_tls(code) ? request_of_wrong_size : unknown_request_code;
  // A table request can have the size of all others but the shortest.
  constexpr std::size_t smallest_table_request = smallest_secured_request + 2;
  if (!is_tables_or_tls(code))
    return message.size() < smallest_table_request ? code_fits
                                                   : rare_request_fits + service_bits(message);
  const bool counted = is_write(code) || (is_tls(code) && code != RequestCode::tls_terminate);
  return counted ? code_and_count_fit : code_fits;
}

bool is_one_of_the_guides(ResponseCode code) {
  return code <= ResponseCode::table_operation_not_possible ||
         code >= ResponseCode::invalid_service_sequence_state;
}

// What a response is that is neither OK nor a sequence number.
int refusal_bits(Bytes message) {
  const auto code = static_cast<ResponseCode>(message[0]);
  if (message.size() != smallest_secured_response) return response_of_wrong_size;
  if (code == ResponseCode::authentication_failure) return 0;
  return is_one_of_the_guides(code) ? one_of_the_codes_fits : rare_response_fits;
}

int ok_bits(Bytes message, const Request* question) {
  const bool bare = message.size() == smallest_secured_response;
  const bool fits_count =
      !bare && fits(message, message.size(), Direction::meter_to_client) == Fit::yes;
  const bool asks_for_data = question && is_read(static_cast<RequestCode>(question->code));
  const bool asks_for_none = question && is_write(static_cast<RequestCode>(question->code));
  const bool in_tls = question && is_tls(static_cast<RequestCode>(question->code));
  if (!fits_count && in_tls) return 0;  // a part of a record looks like anything
  if (fits_count) return asks_for_none ? code_fits : code_and_count_fit;
  return bare && !asks_for_data ? one_of_the_codes_fits : response_of_wrong_size;
}

}  // namespace

int clear_request_bits(Bytes message) {
  if (message.empty()) return 0;
  const Fit fit = fits(message, message.size(), Direction::client_to_meter);
  int bits = bits_of_code(message, fit);
  const Request request = parse_request(message, Trailer::present);
  if (request.problem == Problem::too_short || request.problem == Problem::no_trailer) return bits;
  if (request.table) bits += table_bits(*request.table);
  if (request.is(RequestCode::partial_read) || request.is(RequestCode::partial_write))
    bits += offset_bits(request.offset);
  if (request.is(RequestCode::full_read) || request.is(RequestCode::partial_read))
    bits += request.count ? count_bits(*request.count) : 0;
  return bits;
}

int clear_response_bits(Bytes message, const Request* question) {
  if (message.empty()) return 0;
  if (response_name(message[0]).empty()) return unknown_response_code;
  // Too short for a digest: nothing to be encrypted.
  if (message.size() < smallest_secured_response)
    return fits(message, message.size(), Direction::meter_to_client) == Fit::yes ? 0 : -3;
  switch (static_cast<ResponseCode>(message[0])) {
    case ResponseCode::ok:
      return ok_bits(message, question);
    case ResponseCode::invalid_sequence_number: {
      if (fits(message, message.size(), Direction::meter_to_client) != Fit::yes)
        return response_of_wrong_size;
      const auto expected = static_cast<std::uint32_t>(read_be(message, 1, sequence_size));
      const bool counted = question && question->sequence;
      if (!counted) return code_fits;
      // What is far off is most often what a client begins with; noise nearly always is.
      const int near = sequence_bits(*question->sequence, expected);
      return near > 0 ? code_fits + near : one_of_the_codes_fits;
    }
    default:
      return refusal_bits(message);
  }
}

int sequence_bits(std::uint32_t before, std::uint32_t after) {
  constexpr std::int64_t near = 64;  // the meter takes numbers up to 8 ahead (page 11)
  const auto apart = static_cast<std::int32_t>(after - before);
  return std::abs(static_cast<std::int64_t>(apart)) <= near ? 24 : 0;
}

}  // namespace mep
