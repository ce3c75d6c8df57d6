// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/program/exchange_log.h"

#include <array>
#include <cctype>
#include <cstdio>
#include <string_view>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/times.h"
#include "simulator/security/rc4_security.h"

namespace mep::simulator {
namespace {

// The middle of a sentence.
std::string in_lower_case(std::string_view name) {
  std::string text(name);
  if (text.size() > 1 && std::islower(static_cast<unsigned char>(text[1])) != 0)
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

std::string verb(RequestCode code) {
  switch (code) {
    case RequestCode::full_read:
      return "full read";
    case RequestCode::partial_read:
      return "partial read";
    case RequestCode::full_write:
      return "full write";
    case RequestCode::partial_write:
      return "partial write";
    default:
      return std::string(request_name(static_cast<std::uint8_t>(code)));
  }
}

std::string code_text(std::string_view name, std::uint8_t code) {
  if (!name.empty()) return in_lower_case(name);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "code 0x%02X", code);
  return text.data();
}

std::string bytes_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " byte" : " bytes");
}

}  // namespace

std::string describe_request(Bytes message) {
  const Request request = parse_request(message, Trailer::absent);
  if (!request.table) return "request of " + bytes_text(message.size()) + " that is none";
  std::string text = verb(static_cast<RequestCode>(request.code)) + " " +
                     table_label(*request.table) + " offset " + std::to_string(request.offset);
  if (request.count) text += " count " + std::to_string(*request.count);
  const auto called = procedure::parse_number(request.data.of(message));
  if (request.table == BT(7) && called) text += " (" + procedure_label(*called) + ")";
  return text;
}

std::string describe_answer(Bytes message) {
  const Response answer = parse_response(message, Answers::unknown, Trailer::absent);
  std::string text = code_text(response_name(answer.code), answer.code);
  if (answer.is(ResponseCode::invalid_sequence_number) && answer.sequence)
    text += " (the last was " + std::to_string(*answer.sequence) + ")";
  return text;
}

std::string exchange_line(Instant at, const std::string& request, const std::string& answer) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto fraction = std::chrono::floor<std::chrono::milliseconds>(at - second);
  const DateTime when = date_time(second.count());
  std::array<char, 80> time{};
  std::snprintf(time.data(), time.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", when.year,
                when.month, when.day, when.hour, when.minute, when.second,
                static_cast<int>(fraction.count()));
  return time.data() + request + " -> " + answer;
}

ExchangeLog::ExchangeLog(const Meter& meter, Print print)
    : meter_(meter),
      print_(std::move(print)),
      requests_(Direction::client_to_meter, client_silence, [this](const LineRecord& record) {
        if (record.status != 0 || record.bytes.size() <= length_field_size) return;
        const Bytes message = record.bytes.subspan(length_field_size);
        request_.assign(message.begin(), message.end());
      }) {}

void ExchangeLog::hear_client(Bytes bytes, Instant now) {
  requests_.advance(now);
  for (const std::uint8_t byte : bytes) requests_.push(byte, now);
}

// What a meter sends begins with a frame and ends with one, however long it takes.
void ExchangeLog::hear_meter(Bytes bytes, Instant now) {
  for (const std::uint8_t byte : bytes) {
    sending_.push_back(byte);
    if (sending_.size() < length_field_size ||
        sending_.size() < length_field_size + read_be(sending_, 0, length_field_size))
      continue;
    sent(std::exchange(sending_, {}), now);
  }
}

void ExchangeLog::sent(Bytes frame, Instant now) {
  if (frame.size() == length_field_size)
    print_(exchange_line(now, "alert", "sent"));
  else
    answered(frame.subspan(length_field_size), now);
}

void ExchangeLog::answered(Bytes message, Instant now) {
  const auto executed = std::exchange(executed_, std::nullopt);
  if (executed) {
    print_(
        exchange_line(now, describe_request(executed->request), describe_answer(executed->answer)));
    return;
  }
  const MeterOptions& keys = meter_.state().options;
  if (const auto opened = open_request(request_, keys.mak, keys.mbk)) {
    const auto answer = open_answer(message, opened->exchange);
    print_(exchange_line(now, describe_request(opened->message),
                         answer ? describe_answer(*answer) : "an answer that cannot be read"));
    return;
  }
  const std::uint8_t code = message[0];
  if (!request_.empty() && is_tls(static_cast<RequestCode>(request_[0])))
    print_(exchange_line(now, std::string(request_name(request_[0])),
                         code_text(tls_response_name(code), code)));
  else
    print_(exchange_line(now, "request of " + bytes_text(request_.size()) + " that no key opens",
                         code_text(response_name(code), code)));
}

}  // namespace mep::simulator
