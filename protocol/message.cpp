// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/message.h"

#include "protocol/bytes.h"

namespace mep {
namespace {

constexpr std::size_t trailer_size(Trailer trailer, std::size_t size) {
  return trailer == Trailer::present ? size : 0;
}

constexpr Extent extent(std::size_t offset, std::size_t size) {
  return {static_cast<std::uint16_t>(offset), static_cast<std::uint16_t>(size)};
}

bool is_negotiate(std::uint8_t code) {
  return (code & 0xF0) == static_cast<std::uint8_t>(RequestCode::negotiate);
}

// Goes through a message field by field; a field that does not fit is left out, and so are all
// after it.
class Reader {
 public:
  Reader(Bytes bytes, std::size_t end) : bytes_(bytes), end_(end) {}

  std::size_t position() const { return position_; }
  std::size_t remaining() const { return end_ - position_; }

  std::optional<std::uint32_t> take(std::size_t size) {
    if (remaining() < size) {
      position_ = end_;
      return std::nullopt;
    }
    const auto value = static_cast<std::uint32_t>(read_be(bytes_, position_, size));
    position_ += size;
    return value;
  }

 private:
  Bytes bytes_;
  std::size_t end_;
  std::size_t position_ = 0;
};

template <typename T>
void note(T& message, Problem problem) {
  if (message.problem == Problem::none) message.problem = problem;
}

// The table bytes behind a count field. Fewer bytes than counted, or more, are a problem, and the
// bytes that are there are what there is.
template <typename T>
void take_counted_data(T& message, const Reader& reader) {
  const std::size_t counted = message.count.value_or(0);
  if (reader.remaining() < counted) note(message, Problem::count_mismatch);
  if (reader.remaining() > counted) note(message, Problem::excess);
  message.data = extent(reader.position(), std::min(counted, reader.remaining()));
}

}  // namespace

std::string_view request_name(std::uint8_t code) {
  if (is_negotiate(code)) return "Negotiate";
  switch (static_cast<RequestCode>(code)) {
    case RequestCode::identify:
      return "Identify";
    case RequestCode::terminate:
      return "Terminate";
    case RequestCode::default_read:
      return "Default Table Read";
    case RequestCode::log_on:
      return "Log On";
    case RequestCode::security:
      return "Security";
    case RequestCode::log_off:
      return "Log Off";
    case RequestCode::negotiate:
      break;
    case RequestCode::wait:
      return "Wait";
    case RequestCode::full_read:
      return "Full Table Read";
    case RequestCode::partial_read:
      return "Partial Table Read";
    case RequestCode::full_write:
      return "Full Table Write";
    case RequestCode::partial_write:
      return "Partial Table Write";
    case RequestCode::tls_terminate:
      return "TLS Terminate";
    case RequestCode::tls_handshake:
      return "TLS Handshake";
    case RequestCode::tls_handshake_cont:
      return "TLS Handshake Continuation";
    case RequestCode::tls_table:
      return "TLS Table";
  }
  return {};
}

std::string_view response_name(std::uint8_t code) {
  switch (static_cast<ResponseCode>(code)) {
    case ResponseCode::ok:
      return "OK";
    case ResponseCode::unrecognized_request:
      return "Unrecognized request";
    case ResponseCode::unsupported_request:
      return "Unsupported request";
    case ResponseCode::no_permission:
      return "No permission for specified request";
    case ResponseCode::operation_not_possible:
      return "Requested operation not possible";
    case ResponseCode::table_operation_not_possible:
      return "Table operation not possible";
    case ResponseCode::device_busy:
      return "Device busy";
    case ResponseCode::data_not_ready:
      return "Data not ready";
    case ResponseCode::data_locked:
      return "Data locked";
    case ResponseCode::renegotiate_request:
      return "Renegotiate request";
    case ResponseCode::invalid_service_sequence_state:
      return "Invalid service sequence state";
    case ResponseCode::authentication_failure:
      return "Authentication failure";
    case ResponseCode::invalid_sequence_number:
      return "Invalid sequence number";
  }
  return {};
}

std::string_view tls_response_name(std::uint8_t code) {
  switch (code) {
    case 0x01:
      return "TLS error";
    case 0x03:
      return "Invalid identity or key";
    default:
      return response_name(code);
  }
}

std::string_view describe(Problem problem) {
  switch (problem) {
    case Problem::none:
      return "";
    case Problem::empty:
      return "Message without a code";
    case Problem::unknown_code:
      return "Unknown code";
    case Problem::too_short:
      return "Message ends before its fixed fields do";
    case Problem::no_trailer:
      return "Message too short for its sequence number and digest";
    case Problem::count_mismatch:
      return "Fewer table bytes than the count field says";
    case Problem::excess:
      return "More bytes than the count field says";
  }
  return "";
}

Request parse_request(Bytes message, Trailer trailer) {
  Request request;
  if (message.empty()) {
    request.problem = Problem::empty;
    return request;
  }
  request.code = message[0];
  const auto code = static_cast<RequestCode>(request.code);
  if (request_name(request.code).empty()) note(request, Problem::unknown_code);
  if (is_tls(code)) {
    request.data = extent(1, message.size() - 1);
    return request;
  }

  // The trailer is found from the end: counts can lie, the frame's length cannot.
  std::size_t end = message.size();
  const std::size_t trailing = trailer_size(trailer, sequence_size + digest_size);
  if (end < 1 + trailing) {
    note(request, Problem::no_trailer);
  } else if (trailing > 0) {
    end -= trailing;
    request.sequence = static_cast<std::uint32_t>(read_be(message, end, sequence_size));
    request.digest = extent(end + sequence_size, digest_size);
  }

  if (!is_read(code) && !is_write(code)) {
    request.data = extent(1, end - 1);
    return request;
  }

  Reader reader(message, end);
  reader.take(1);
  if (const auto table = reader.take(2)) request.table = static_cast<std::uint16_t>(*table);
  if (code == RequestCode::partial_read || code == RequestCode::partial_write) {
    const auto offset = reader.take(3);
    if (!offset) note(request, Problem::too_short);
    request.offset = offset.value_or(0);
  }
  const bool count_is_optional = code == RequestCode::full_read && reader.remaining() == 0;
  if (!request.table) note(request, Problem::too_short);
  if (const auto count = reader.take(2)) {
    request.count = static_cast<std::uint16_t>(*count);
  } else if (!count_is_optional) {
    note(request, Problem::too_short);
  }
  if (is_write(code)) {
    take_counted_data(request, reader);
  } else if (reader.remaining() > 0) {
    note(request, Problem::excess);
  }
  return request;
}

Response parse_response(Bytes message, Answers answers, Trailer trailer) {
  Response response;
  if (message.empty()) {
    response.problem = Problem::empty;
    return response;
  }
  response.code = message[0];
  if (response_name(response.code).empty()) {
    response.problem = Problem::unknown_code;
    response.data = extent(1, message.size() - 1);
    return response;
  }
  const bool tls = answers == Answers::tls ||
                   (answers == Answers::unknown && looks_like_tls_record(message.subspan(1)));
  if (tls) {
    response.data = extent(1, message.size() - 1);
    return response;
  }

  std::size_t end = message.size();
  const std::size_t trailing = trailer_size(trailer, digest_size);
  // An error may come as its bare code, when the meter had no request to continue a digest from.
  const bool bare_error = message.size() == 1 && !response.is(ResponseCode::ok);
  if (end < 1 + trailing) {
    if (!bare_error) note(response, Problem::no_trailer);
  } else if (trailing > 0) {
    end -= trailing;
    response.digest = extent(end, digest_size);
  }

  Reader reader(message, end);
  reader.take(1);
  if (response.is(ResponseCode::ok)) {
    if (answers == Answers::read || (answers == Answers::unknown && reader.remaining() > 0)) {
      if (const auto count = reader.take(2)) {
        response.count = static_cast<std::uint16_t>(*count);
        take_counted_data(response, reader);
      } else {
        note(response, Problem::too_short);
      }
      return response;
    }
  } else if (response.is(ResponseCode::invalid_sequence_number)) {
    response.sequence = reader.take(sequence_size);
    if (!response.sequence) note(response, Problem::too_short);
  }
  if (reader.remaining() > 0) {
    note(response, Problem::excess);
    response.data = extent(reader.position(), reader.remaining());
  }
  return response;
}

bool looks_like_tls_record(Bytes bytes) {
  // ContentType change_cipher_spec(20) to application_data(23), version 3.x.
  return bytes.size() >= 3 && bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3 && bytes[2] <= 4;
}

namespace {

Fit exactly(bool agrees) {
  return agrees ? Fit::yes : Fit::no;
}

// `fixed` bytes of code, table, offset and count, then as many as the count at the end of those
// says, then `trailing`.
Fit counted(Bytes available, std::size_t size, std::size_t fixed, std::size_t trailing) {
  if (size < fixed + trailing) return Fit::no;
  if (available.size() < fixed) return Fit::prefix;
  return exactly(size == fixed + trailing + read_be(available, fixed - 2, 2));
}

Fit tls_record_follows(Bytes available, std::size_t size) {
  if (size < 1 + 5) return Fit::no;
  if (available.size() < 4) return Fit::prefix;
  return exactly(looks_like_tls_record(available.subspan(1)));
}

// What TLS_TERMINATE carries does not matter (page 8), so its length says something only while it
// is short.
constexpr std::size_t largest_terminate = 16;

Fit fits_request(Bytes available, std::size_t size) {
  constexpr std::size_t trailing = sequence_size + digest_size;
  if (is_negotiate(available[0]))  // packet size, number of packets, baud rates
    return exactly(size == 1 + 3 + (available[0] & 0x0FU) + trailing);
  switch (static_cast<RequestCode>(available[0])) {
    case RequestCode::identify:
    case RequestCode::terminate:
    case RequestCode::default_read:
    case RequestCode::log_off:
      return exactly(size == 1 + trailing);
    case RequestCode::log_on:  // user ID, user
      return exactly(size == 1 + 2 + 10 + trailing);
    case RequestCode::security:  // password
      return exactly(size == 1 + 20 + trailing);
    case RequestCode::wait:
      return exactly(size == 1 + 1 + trailing);
    case RequestCode::negotiate:
      break;
    case RequestCode::full_read:
      return exactly(size == 3 + trailing || size == 5 + trailing);
    case RequestCode::partial_read:
      return exactly(size == 8 + trailing);
    case RequestCode::full_write:
      return counted(available, size, 5, trailing);
    case RequestCode::partial_write:
      return counted(available, size, 8, trailing);
    case RequestCode::tls_terminate:
      return exactly(size >= 2 && size <= largest_terminate);
    case RequestCode::tls_handshake:
    case RequestCode::tls_handshake_cont:
    case RequestCode::tls_table:
      return tls_record_follows(available, size);
  }
  return Fit::no;
}

Fit fits_response(Bytes available, std::size_t size) {
  if (response_name(available[0]).empty()) return Fit::no;
  const bool bare = size == 1 || size == 1 + digest_size;
  switch (static_cast<ResponseCode>(available[0])) {
    case ResponseCode::ok: {
      if (bare) return Fit::yes;
      const Fit read = counted(available, size, 3, digest_size);
      return read == Fit::no ? tls_record_follows(available, size) : read;
    }
    case ResponseCode::invalid_sequence_number:
      return exactly(size == 1 + sequence_size + digest_size);
    default:
      return exactly(bare);
  }
}

}  // namespace

Fit fits(Bytes available, std::size_t size, Direction direction) {
  if (size == 0) return Fit::no;
  if (available.empty()) return Fit::prefix;
  const Fit request =
      direction == Direction::meter_to_client ? Fit::no : fits_request(available, size);
  if (request != Fit::no) return request;
  return direction == Direction::client_to_meter ? Fit::no : fits_response(available, size);
}

std::vector<std::uint8_t> encode_request(RequestCode code, std::uint16_t table,
                                         std::uint32_t offset, std::uint16_t count, Bytes data) {
  std::array<std::uint8_t, 8> head{static_cast<std::uint8_t>(code)};
  std::size_t size = 1;
  const auto append = [&](std::uint64_t value, std::size_t bytes) {
    write_be(head, size, bytes, value);
    size += bytes;
  };
  if (is_read(code) || is_write(code)) {
    append(table, 2);
    if (code == RequestCode::partial_read || code == RequestCode::partial_write) append(offset, 3);
    append(count, 2);
  }
  std::vector<std::uint8_t> message(head.begin(), head.begin() + size);
  if (!is_read(code)) message.insert(message.end(), data.begin(), data.end());
  return message;
}

std::vector<std::uint8_t> frame(Bytes message) {
  std::vector<std::uint8_t> bytes(length_field_size);
  write_be(bytes, 0, length_field_size, message.size());
  bytes.insert(bytes.end(), message.begin(), message.end());
  return bytes;
}

}  // namespace mep
