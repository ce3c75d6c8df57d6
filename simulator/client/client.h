// A MEP client: asks, waits, repeats, as pages 11, 17, 20 and 21 want it from one. What it asks is
// a script's, a coroutine that reads like a list of steps:
//
//   Task<> read_clock(Client& client) {
//     while (true) {
//       const Outcome clock = co_await client.read(BT(52), 0, 7);
//       co_await client.pause(10s);
//     }
//   }
//
// Simulator/client. To be added here: what every client does; what one story does is a script's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <coroutine>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/dimensions.h"
#include "protocol/frame.h"
#include "protocol/message.h"
#include "simulator/channels/station.h"
#include "simulator/client/task.h"
#include "simulator/security/rc4_security.h"
#include "simulator/security/tls_end.h"

namespace mep::simulator {

enum class Security : std::uint8_t { plain, rc4, tls };

// Page 21: how long a client waits for an answer, and what it does then.
inline constexpr Instant answer_timeout = std::chrono::milliseconds(500);

struct ClientOptions {
  Security security = Security::plain;
  Key key = factory_default_key;
  AccessLevel access = AccessLevel::advanced;  // which of the meter's keys that is: TLS has to say
  // The meter's MBK, for scripts that show what it does not permit.
  Key mbk = factory_default_key;
  std::uint16_t number = 1;          // in TLS's identity, page 18
  std::uint32_t first_sequence = 1;  // a client does not know the meter's
  unsigned tries = 3;                // how often a frame is sent before it gives up
  Instant between_requests = std::chrono::milliseconds(100);  // at least, page 21
  // What TLS draws from; must outlive the client.
  TlsRandom* tls_random = nullptr;
  TlsOptions tls;
};

// What came of a request.
struct Outcome {
  std::optional<std::uint8_t> code;  // ResponseCode; nothing: no answer, or none that could be read
  std::vector<std::uint8_t> data;    // table bytes of a read
  bool is(ResponseCode expected) const { return code == static_cast<std::uint8_t>(expected); }
  bool ok() const { return is(ResponseCode::ok); }
};

// What came of a procedure, from BT08, ET59 or ET85.
struct CallOutcome {
  std::optional<std::uint8_t> initiated;  // the code that the write to BT07 was answered with
  std::optional<std::uint8_t> result;     // nothing: the result could not be read
  std::vector<std::uint8_t> data;
};

// A request and its answer as the client understood them, without security.
struct Exchanged {
  Instant asked_at;
  Instant answered_at;
  std::vector<std::uint8_t> request;  // messages without trailers
  std::vector<std::uint8_t> answer;   // empty: none
};

class Client : public Station {
 public:
  explicit Client(ClientOptions options);

  // Begins a script, which lives until the client does. It runs as time is told to the client.
  void run(const std::function<Task<>(Client&)>& script);
  // The script has come to its end. Throws what it threw.
  bool finished() const;

  // Hears of every exchange.
  void observe(std::function<void(const Exchanged&)> observer) { observer_ = std::move(observer); }

  // --- Steps of a script

  Task<Outcome> read(std::uint16_t table, std::uint32_t offset, std::uint16_t count);
  // A read of 0x30, which asks for the whole table.
  Task<Outcome> read_all(std::uint16_t table, std::uint16_t count);
  // More than one answer can carry, piece by piece; what could be read of it.
  Task<std::vector<std::uint8_t>> read_long(std::uint16_t table, std::uint32_t offset,
                                            std::uint32_t count);
  Task<Outcome> write(std::uint16_t table, std::uint32_t offset, std::vector<std::uint8_t> data);
  // Writes to BT07 and reads the result in `results` (BT08, ET59 or ET85), page 52.
  Task<CallOutcome> call(std::uint16_t procedure, std::vector<std::uint8_t> parameters,
                         std::uint16_t results);
  // Any request message, under the client's security.
  Task<Outcome> exchange(std::vector<std::uint8_t> request);

  // Begin and end a TLS session, pages 8 and 9. Requests begin one by themselves. False: it failed.
  Task<bool> begin_tls();
  Task<> end_tls();

  // A frame as it is; the answer's message as it is, or nothing within the time. Sends once.
  Task<std::optional<std::vector<std::uint8_t>>> send_frame(std::vector<std::uint8_t> frame);

  // Lets time pass.
  auto pause(Instant duration) { return Waiting{*this, Wait::time, now_ + duration}; }
  // Waits for an alert, which may have come since the last request. False: none came in time.
  auto alert(Instant timeout) { return Waiting{*this, Wait::alert, now_ + timeout}; }
  // The frame that exchange() would send for a request; it takes the next sequence number. Under
  // TLS: nothing without a session, or where it does not fit into one frame; the session is of no
  // more use afterwards unless the answer is read, which is why a script ends it then.
  std::optional<std::vector<std::uint8_t>> sealed(Bytes request);
  // Puts bytes on the line and does not wait.
  void put(Bytes bytes) { send(bytes, baud_rate_); }

  // --- What a script knows

  Instant now() const { return now_; }
  const ClientOptions& options() const { return options_; }
  // What the tables that were read have told of the others.
  const Dimensions& dimensions() const { return dimensions_; }
  unsigned alerts() const { return alerts_; }

  // --- What a script can do on purpose, or by mistake

  // The number of the next request.
  std::uint32_t next_sequence() const { return sequence_; }
  void set_next_sequence(std::uint32_t sequence) { sequence_ = sequence; }
  // A TLS session goes on with the key that it has begun with.
  void set_key(const Key& key, AccessLevel access = AccessLevel::advanced) {
    options_.key = key;
    options_.access = access;
  }
  void set_security(Security security) { options_.security = security; }
  // From now on. For after a write to ET13 that the meter accepted, page 20.
  void set_baud_rate(unsigned baud_rate) { baud_rate_ = baud_rate; }

  void receive(Bytes bytes, Instant now) override;
  void advance(Instant now) override;
  std::optional<Instant> deadline() const override;
  unsigned baud_rate() const override { return baud_rate_; }

 private:
  enum class Wait : std::uint8_t { nothing, time, answer, alert };

  // Suspends the script until something happens, or the time is over.
  struct Waiting {
    Client& client;
    Wait what;
    Instant until;
    bool await_ready() const noexcept { return what == Wait::alert && client.unseen_alert_; }
    void await_suspend(std::coroutine_handle<> script) const noexcept {
      client.waits_for_ = what;
      client.until_ = until;
      client.script_ = script;
    }
    // Whether it happened in time.
    bool await_resume() const noexcept {
      const bool happened = what == Wait::alert ? client.unseen_alert_ : client.answer_.has_value();
      if (what == Wait::alert) client.unseen_alert_ = false;
      return happened;
    }
  };

  Task<std::optional<std::vector<std::uint8_t>>> send_and_repeat(std::vector<std::uint8_t> frame);
  Task<std::optional<std::vector<std::uint8_t>>> exchange_rc4(Bytes request);
  Task<std::optional<std::vector<std::uint8_t>>> exchange_tls(Bytes request);
  Task<std::optional<std::uint8_t>> carry_tls(RequestCode first, RequestCode next);
  void take(const LineRecord& record);
  void go_on();
  void learn_from(Bytes request, const Outcome& outcome);

  ClientOptions options_;
  FrameSplitter splitter_;
  Instant now_{0};
  unsigned baud_rate_ = default_baud_rate;
  std::uint32_t sequence_;
  std::uint8_t procedure_sequence_ = 4;  // 5 to 9, page 52
  Dimensions dimensions_;
  std::unique_ptr<TlsEnd> tls_;
  std::function<void(const Exchanged&)> observer_;
  Instant may_ask_at_{0};

  Wait waits_for_ = Wait::nothing;
  Instant until_{0};
  std::coroutine_handle<> script_;
  std::optional<std::vector<std::uint8_t>> answer_;
  unsigned alerts_ = 0;
  bool unseen_alert_ = false;
  // Last, so that what it waits in is still there when it is destroyed.
  std::function<Task<>(Client&)> source_;
  std::optional<Task<>> task_;
};

}  // namespace mep::simulator
