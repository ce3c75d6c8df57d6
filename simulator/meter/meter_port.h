// One MEP port of a simulated meter: frames, timing and security, pages 8 to 21.
//
// Simulator/meter. To be added here: frames, timing and security of a meter's port.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/frame.h"
#include "simulator/channels/station.h"
#include "simulator/meter/faults.h"
#include "simulator/meter/meter.h"
#include "simulator/security/rc4_security.h"
#include "simulator/security/tls_end.h"

namespace mep::simulator {

// Timing of page 21.
inline constexpr Instant answer_delay = std::chrono::milliseconds(20);
inline constexpr Instant between_answers = std::chrono::milliseconds(100);
inline constexpr std::size_t segment_size = 117;
inline constexpr Instant between_segments = std::chrono::milliseconds(25);
inline constexpr Instant client_silence = std::chrono::milliseconds(50);
inline constexpr Instant alert_period = std::chrono::seconds(1);

struct PortOptions {
  std::uint32_t last_sequence = 0x2A00;  // the number that a client used last
  bool tls_only = false;                 // RC4 is refused, page 8
  // What TLS draws from; must outlive the port. Null: TLS requests are refused.
  TlsRandom* tls_random = nullptr;
  TlsOptions tls;
  FaultOptions faults;
  std::uint64_t fault_seed = 1;
};

// A request that the meter executed, as it was inside its security.
struct Executed {
  Instant at;
  unsigned client;
  Caller caller;
  std::vector<std::uint8_t> request;  // messages without trailers
  std::vector<std::uint8_t> answer;
};

// Bytes from the client that get no answer.
struct Dropped {
  std::vector<std::uint8_t> bytes;  // as they came, with their length field
  std::string reason;               // "another request is being answered"
};

// What went wrong on purpose with the last request.
struct Suffered {
  std::vector<std::uint8_t> lost;  // the frame that never leaves; empty: it does
  std::string what;                // "answer late by 800 ms"
};

class MeterPort : public Station {
 public:
  // `meter` must outlive the port. `client`: 0 for MEP client 1.
  MeterPort(Meter& meter, unsigned client, PortOptions options);

  // Hears of everything that the meter executes for this port.
  void observe(std::function<void(const Executed&)> observer) { observer_ = std::move(observer); }

  // Hears of everything that gets no answer.
  void observe_dropped(std::function<void(const Dropped&)> observer) {
    dropped_ = std::move(observer);
  }
  // Hears of faults, each when the meter answers the request that suffers it.
  void observe_faults(std::function<void(const Suffered&)> observer) {
    suffered_ = std::move(observer);
  }

  void receive(Bytes bytes, Instant now) override;
  void advance(Instant now) override;
  std::optional<Instant> deadline() const override;
  unsigned baud_rate() const override { return baud_rate_; }

 private:
  // An answer on its way out: what has not been sent of it, and when it goes on.
  struct Outgoing {
    std::vector<std::uint8_t> frame;
    std::size_t sent = 0;
    Instant next;
  };

  void take(const LineRecord& record);
  // Why a record gets no answer; empty: it does.
  std::string reason_to_drop(const LineRecord& record) const;
  void spoil(Outgoing& answer, const Fault& fault);
  void tell_fault(std::string what, Bytes lost = {}) const;
  std::vector<std::uint8_t> answer_to(Bytes message);
  std::vector<std::uint8_t> answer_rc4(Bytes message);
  std::vector<std::uint8_t> answer_tls(RequestCode code, Bytes bytes);
  std::vector<std::uint8_t> shake_hands(Bytes bytes);
  std::vector<std::uint8_t> open_table(Bytes bytes);
  std::vector<std::uint8_t> tls_answer(ResponseCode code);
  std::vector<std::uint8_t> execute(Bytes request, const Caller& caller);
  void send_next_segment();
  void alert_if_due();

  Meter& meter_;
  unsigned client_;
  PortOptions options_;
  FrameSplitter splitter_;
  SequenceWindow sequence_;
  Faults faults_;
  bool digested_ = false;  // the answer that is being made ends with a digest
  std::unique_ptr<TlsEnd> tls_;
  std::function<void(const Executed&)> observer_;
  std::function<void(const Dropped&)> dropped_;
  std::function<void(const Suffered&)> suffered_;
  Instant now_{0};
  unsigned baud_rate_ = default_baud_rate;
  std::optional<Outgoing> outgoing_;
  std::optional<Instant> last_answer_;
  Instant alert_at_;
  std::optional<Instant> demand_at_;  // when the client is asked for data on purpose
};

}  // namespace mep::simulator
