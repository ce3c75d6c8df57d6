// SPDX-License-Identifier: GPL-2.0-or-later
#include "simulator/meter/meter_port.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/bytes.h"
#include "protocol/tap.h"

namespace mep::simulator {
namespace {

using Buffer = std::vector<std::uint8_t>;

// What an answer needs beside table bytes: code and count, page 12.
constexpr std::size_t answer_header_size = 3;
// And a TLS record around it: header, explicit nonce, tag (RFC 5288).
constexpr std::size_t tls_overhead = tls::record_header_size + 8 + 16;
constexpr std::size_t rc4_room = max_message_size - answer_header_size - digest_size;
constexpr std::size_t tls_room = max_message_size - 1 - tls_overhead - answer_header_size;
constexpr std::size_t tls_bytes_at_most = max_message_size - 1;
constexpr std::uint8_t advanced_key = 1;  // in a client's identity, page 18

Buffer bare(ResponseCode code) {
  return {static_cast<std::uint8_t>(code)};
}

// Page 12: the number to be used next. The example of page 16 counts it up first; public clients
// and frames of real meters say otherwise.
Buffer wrong_sequence(std::uint32_t next) {
  Buffer answer = bare(ResponseCode::invalid_sequence_number);
  for (int shift = 24; shift >= 0; shift -= 8)
    answer.push_back(static_cast<std::uint8_t>(next >> shift));
  return answer;
}

}  // namespace

MeterPort::MeterPort(Meter& meter, unsigned client, PortOptions options)
    : meter_(meter),
      client_(client),
      options_(std::move(options)),
      splitter_(Direction::client_to_meter, client_silence,
                [this](const LineRecord& record) { take(record); }),
      sequence_(options_.last_sequence),
      faults_(options_.faults, options_.fault_seed),
      now_(meter.state().now),
      alert_at_(now_ + alert_period) {
  baud_rate_ = meter.baud_rate(client);
  if (options_.faults.alert_period) demand_at_ = now_ + *options_.faults.alert_period;
}

void MeterPort::receive(Bytes bytes, Instant now) {
  now_ = std::max(now_, now);
  // After a frame, and while one comes in, there are no alerts for a second, page 21.
  alert_at_ = std::max(alert_at_, now_ + alert_period);
  for (const std::uint8_t byte : bytes) splitter_.push(byte, now_);
}

void MeterPort::advance(Instant now) {
  now_ = std::max(now_, now);
  splitter_.advance(now_);
  if (outgoing_ && outgoing_->next <= now_) send_next_segment();
  if (demand_at_ && *demand_at_ <= now_) {
    demand_at_ = now_ + *options_.faults.alert_period;
    meter_.advance(now_);
    meter_.ask_for_data(client_);
  }
  if (alert_at_ <= now_) alert_if_due();
}

std::optional<Instant> MeterPort::deadline() const {
  Instant due = alert_at_;
  if (const auto silence = splitter_.deadline()) due = std::min(due, *silence);
  if (outgoing_) due = std::min(due, outgoing_->next);
  if (demand_at_) due = std::min(due, *demand_at_);
  return due;
}

std::string MeterPort::reason_to_drop(const LineRecord& record) const {
  if (record.status & tap::truncated) {
    std::string reason = "cut short by a silence";
    if (record.bytes.size() >= length_field_size)
      reason += ": its length says " +
                std::to_string(length_field_size + read_be(record.bytes, 0, length_field_size)) +
                " bytes";
    return reason;
  }
  if (record.status & tap::noise) return "they form no frame";
  if (record.status != 0) return "trouble on the line";
  if (record.bytes.size() <= length_field_size) return "there is nothing in it";
  return outgoing_ ? "another request is being answered" : "";
}

void MeterPort::take(const LineRecord& record) {
  // Damaged requests get no answer; nor does one that comes while another is being answered.
  if (std::string reason = reason_to_drop(record); !reason.empty()) {
    if (dropped_) dropped_({{record.bytes.begin(), record.bytes.end()}, std::move(reason)});
    return;
  }
  const Fault fault = faults_.next();
  if (fault.jump != 0) {
    sequence_.skip(fault.jump);
    tell_fault("sequence number jumped by " + std::to_string(fault.jump));
  }
  meter_.advance(now_);
  digested_ = false;
  Outgoing answer{frame(answer_to(record.bytes.subspan(length_field_size))), 0,
                  now_ + answer_delay};
  if (fault.lost) return tell_fault("answer lost", answer.frame);
  spoil(answer, fault);
  if (last_answer_) answer.next = std::max(answer.next, *last_answer_ + between_answers);
  last_answer_ = answer.next;
  outgoing_ = std::move(answer);
}

void MeterPort::spoil(Outgoing& answer, const Fault& fault) {
  if (fault.late) {
    answer.next += options_.faults.late_by;
    tell_fault("answer late by " +
               std::to_string(
                   std::chrono::floor<std::chrono::milliseconds>(options_.faults.late_by).count()) +
               " ms");
  }
  if (fault.damaged) {
    constexpr unsigned bits = 8;
    const auto message = std::span(answer.frame).subspan(length_field_size);
    message[fault.position / bits % message.size()] ^=
        static_cast<std::uint8_t>(1 << fault.position % bits);
    tell_fault("answer damaged");
  }
  if (fault.digest && digested_) {
    for (std::uint8_t& byte : std::span(answer.frame).last(digest_size)) byte ^= 0xFF;
    tell_fault("wrong digest");
  }
}

void MeterPort::tell_fault(std::string what, Bytes lost) const {
  if (suffered_) suffered_({{lost.begin(), lost.end()}, std::move(what)});
}

void MeterPort::send_next_segment() {
  Outgoing& answer = *outgoing_;
  if (answer.sent == answer.frame.size()) {
    outgoing_.reset();
    // A new speed holds once the answer to the write has left, page 20.
    baud_rate_ = meter_.baud_rate(client_);
    return;
  }
  const Bytes segment =
      Bytes(answer.frame)
          .subspan(answer.sent, std::min(segment_size, answer.frame.size() - answer.sent));
  send(segment, baud_rate_);
  answer.sent += segment.size();
  answer.next = now_ + byte_time(baud_rate_) * segment.size();
  if (answer.sent < answer.frame.size()) answer.next += between_segments;
}

void MeterPort::alert_if_due() {
  alert_at_ = now_ + alert_period;
  if (outgoing_) return;
  meter_.advance(now_);
  constexpr std::array<std::uint8_t, length_field_size> alert{};
  if (meter_.alerts(client_)) send(alert, baud_rate_);
}

std::vector<std::uint8_t> MeterPort::execute(Bytes request, const Caller& caller) {
  Buffer answer = meter_.execute(request, caller);
  if (observer_) observer_({now_, client_, caller, {request.begin(), request.end()}, answer});
  return answer;
}

std::vector<std::uint8_t> MeterPort::answer_to(Bytes message) {
  const auto code = static_cast<RequestCode>(message[0]);
  // Encrypted messages begin with anything: what a key opens is no TLS.
  if (is_tls(code) &&
      !open_request(message, meter_.state().options.mak, meter_.state().options.mbk))
    return answer_tls(code, message.subspan(1));
  return answer_rc4(message);
}

// --- RC4, pages 10 to 17

std::vector<std::uint8_t> MeterPort::answer_rc4(Bytes message) {
  const MeterOptions& meter = meter_.state().options;
  const auto opened = open_request(message, meter.mak, meter.mbk);
  if (!opened) return bare(ResponseCode::authentication_failure);
  digested_ = true;
  const auto sealed = [&opened](Bytes answer) { return seal_answer(answer, opened->exchange); };
  // No RC4 while a TLS session lasts, page 8.
  if (options_.tls_only || tls_) return sealed(bare(ResponseCode::invalid_service_sequence_state));
  if (!sequence_.accept(opened->sequence)) return sealed(wrong_sequence(sequence_.next()));
  return sealed(execute(opened->message, {client_, opened->access, rc4_room}));
}

// --- TLS, pages 8, 9 and 18. The guide does not say how TLS bytes that are too many for one frame
// go on: here a request's go on in the next request, an answer's in the answer to a request without
// any.

std::vector<std::uint8_t> MeterPort::tls_answer(ResponseCode code) {
  if (!tls_) return bare(code);
  Buffer& bytes = tls_->outgoing;
  const std::size_t size = std::min(bytes.size(), tls_bytes_at_most);
  const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(size);
  Buffer answer(1 + size, static_cast<std::uint8_t>(code));
  std::copy(bytes.begin(), end, answer.begin() + 1);
  bytes.erase(bytes.begin(), end);
  return answer;
}

std::vector<std::uint8_t> MeterPort::answer_tls(RequestCode code, Bytes bytes) {
  if (!options_.tls_random || !tls_available()) return bare(ResponseCode::unsupported_request);
  if (code == RequestCode::tls_terminate) {
    tls_.reset();
    return bare(ResponseCode::ok);
  }
  if (code == RequestCode::tls_handshake)
    tls_ = std::make_unique<TlsEnd>(
        TlsMeterKeys{meter_.state().options.mbk, meter_.state().options.mak}, *options_.tls_random,
        options_.tls);
  if (!tls_ || (code == RequestCode::tls_table && !tls_->ready()))
    return bare(ResponseCode::invalid_service_sequence_state);
  return code == RequestCode::tls_table ? open_table(bytes) : shake_hands(bytes);
}

std::vector<std::uint8_t> MeterPort::shake_hands(Bytes bytes) {
  tls_->incoming.insert(tls_->incoming.end(), bytes.begin(), bytes.end());
  try {
    if (!tls_->ready()) tls_->shake_hands();
    return tls_answer(ResponseCode::ok);
  } catch (const TlsError&) {
    Buffer answer = tls_answer(tls_->identity_unknown() ? ResponseCode::no_permission
                                                        : ResponseCode::unrecognized_request);
    tls_.reset();
    return answer;
  }
}

std::vector<std::uint8_t> MeterPort::open_table(Bytes bytes) {
  tls_->incoming.insert(tls_->incoming.end(), bytes.begin(), bytes.end());
  const bool advanced = tls_->identity() && tls_->identity()->key == advanced_key;
  const Caller caller{client_, advanced ? AccessLevel::advanced : AccessLevel::basic, tls_room};
  try {
    while (const auto request = tls_->read()) tls_->write(execute(*request, caller));
    return tls_answer(ResponseCode::ok);
  } catch (const TlsError&) {
    // A damaged or repeated record: the session is of no more use.
    Buffer answer = tls_answer(ResponseCode::unrecognized_request);
    tls_.reset();
    return answer;
  }
}

}  // namespace mep::simulator
