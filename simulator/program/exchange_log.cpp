// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/program/exchange_log.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string_view>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/names.h"
#include "protocol/procedure.h"
#include "protocol/tables/procedures.h"
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

// As tshark shows it.
std::string sequence_text(std::uint32_t number) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%08x", static_cast<unsigned>(number));
  return text.data();
}

// "EP39: completed": the procedure's own reading of the code, or else that of page 53.
std::string result_text(std::uint16_t procedure, std::uint8_t code) {
  std::string_view name = standard_result_name(code);
  if (const Procedure* described = find_procedure(procedure))
    for (const auto& [value, own_name] : described->results)
      if (value == code) name = own_name;
  return procedure_label(procedure) + ": " + code_text(name, code);
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

std::string describe_answer(Bytes request, Bytes message) {
  const Request asked = parse_request(request, Trailer::absent);
  const Response answer = parse_response(message, Answers::unknown, Trailer::absent);
  std::string text = code_text(response_name(answer.code), answer.code);
  if (answer.is(ResponseCode::invalid_sequence_number) && answer.sequence)
    text += " (the meter expects " + sequence_text(*answer.sequence) + ")";
  constexpr std::array results = {BT(8), ET(59), ET(85)};
  const bool of_results = asked.table && std::ranges::find(results, *asked.table) != results.end();
  if (of_results && asked.offset == 0 && is_read(static_cast<RequestCode>(asked.code)))
    if (const auto result = procedure::parse_result(answer.data.of(message)))
      text += " (" + result_text(result->number, result->code) + ")";
  return text;
}

std::string exchange_line(Instant at, const std::string& exchange) {
  const auto second = std::chrono::floor<std::chrono::seconds>(at);
  const auto fraction = std::chrono::floor<std::chrono::milliseconds>(at - second);
  const DateTime when = date_time(second.count());
  std::array<char, 80> time{};
  std::snprintf(time.data(), time.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", when.year,
                when.month, when.day, when.hour, when.minute, when.second,
                static_cast<int>(fraction.count()));
  return time.data() + exchange;
}

ExchangeLog::ExchangeLog(const Meter& meter, Print print)
    : meter_(meter),
      print_(std::move(print)),
      requests_(Direction::client_to_meter, client_silence, [this](const LineRecord& record) {
        if (record.status != 0 || record.bytes.size() <= length_field_size) return;
        const Bytes message = record.bytes.subspan(length_field_size);
        previous_ = std::exchange(request_, {message.begin(), message.end()});
      }) {}

void ExchangeLog::hear_client(Bytes bytes, Instant now) {
  now_ = now;
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
    print_(exchange_line(now, "alert -> sent"));
  else
    answered(frame.subspan(length_field_size), now);
}

void ExchangeLog::hear(const Dropped& dropped) {
  const Bytes bytes = dropped.bytes;
  if (bytes.size() > length_field_size &&
      std::ranges::equal(bytes.subspan(length_field_size), request_))
    request_ = previous_;
  print_(
      exchange_line(now_, bytes_text(dropped.bytes.size()) + " -> no answer: " + dropped.reason));
}

void ExchangeLog::hear(const Suffered& suffered) {
  faults_ += ", " + suffered.what;
  if (!suffered.lost.empty()) answered(Bytes(suffered.lost).subspan(length_field_size), now_);
}

void ExchangeLog::answered(Bytes message, Instant now) {
  std::string line = exchanged(message);
  if (!faults_.empty()) line += " [fault: " + std::exchange(faults_, {}).substr(2) + "]";
  print_(exchange_line(now, line));
}

std::string ExchangeLog::exchanged(Bytes message) {
  if (const auto executed = std::exchange(executed_, std::nullopt)) {
    std::string text = describe_request(executed->request) + " -> " +
                       describe_answer(executed->request, executed->answer);
    const Request request = parse_request(executed->request, Trailer::absent);
    const bool called = request.table == BT(7) && is_write(static_cast<RequestCode>(request.code));
    if (called && executed->answer.front() == static_cast<std::uint8_t>(ResponseCode::ok)) {
      const ProcedureResult& result = meter_.state().results[executed->client];
      text += " (" + result_text(result.procedure, result.code) + ")";
    }
    return text;
  }
  const MeterOptions& keys = meter_.state().options;
  if (const auto opened = open_request(request_, keys.mak, keys.mbk)) {
    const auto answer = open_answer(message, opened->exchange);
    return describe_request(opened->message) + " -> " +
           (answer ? describe_answer(opened->message, *answer) : "an answer that cannot be read");
  }
  const std::uint8_t code = message[0];
  if (!request_.empty() && is_tls(static_cast<RequestCode>(request_[0])))
    return std::string(request_name(request_[0])) + " -> " +
           code_text(tls_response_name(code), code);
  return "request of " + bytes_text(request_.size()) + " that no key opens -> " +
         code_text(response_name(code), code);
}

}  // namespace mep::simulator
