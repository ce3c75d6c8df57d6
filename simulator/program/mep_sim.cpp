// mep-sim: a simulated meter on a pseudo terminal, a TCP port or a serial port, or a client for
// somebody's meter.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "protocol/names.h"
#include "simulator/channels/channel.h"
#include "simulator/meter/meter.h"
#include "simulator/meter/meter_port.h"
#include "simulator/program/exchange_log.h"
#include "simulator/program/serve.h"
#include "simulator/program/sim_options.h"
#include "simulator/program/table_file.h"
#include "simulator/scripts/script.h"
#include "simulator/security/tls_end.h"
#include "system/event_loop.h"
#include "system/problem.h"
#include "system/text.h"

namespace mep::simulator {
namespace {

enum ExitStatus { exit_good = 0, exit_failed = 1 };

void say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
}

std::unique_ptr<Channel> open_channel(const SimOptions& options) {
  switch (options.channel) {
    case ChannelKind::tcp:
      return options.script ? open_tcp_client(options.place)
                            : open_tcp_server(options.place, [](const std::string& text) {
                                say("mep-sim: " + text);
                              });
    case ChannelKind::device:
      return open_device(options.place, default_baud_rate);
    default:
      return open_pty(options.link);
  }
}

// For whoever starts this and has to know where to turn to.
void announce(const Channel& channel) {
  const std::string address = channel.address();
  if (address.empty()) return;
  std::printf("%s\n", address.c_str());
  std::fflush(stdout);
}

// Passes everything on to a port, and lets a log hear it.
class LoggedPort : public Station {
 public:
  LoggedPort(MeterPort& port, ExchangeLog& log) : port_(port), log_(log) {
    port_.observe([this](const Executed& executed) { log_.hear(executed); });
    port_.observe_dropped([this](const Dropped& dropped) { log_.hear(dropped); });
    port_.observe_faults([this](const Suffered& suffered) { log_.hear(suffered); });
    port_.connect([this](Bytes bytes, unsigned baud_rate) {
      log_.hear_meter(bytes, now_);
      send(bytes, baud_rate);
    });
  }
  void receive(Bytes bytes, Instant now) override {
    now_ = now;
    log_.hear_client(bytes, now);
    port_.receive(bytes, now);
  }
  void advance(Instant now) override {
    now_ = now;
    port_.advance(now);
  }
  std::optional<Instant> deadline() const override { return port_.deadline(); }
  unsigned baud_rate() const override { return port_.baud_rate(); }

 private:
  MeterPort& port_;
  ExchangeLog& log_;
  Instant now_{0};
};

std::uint32_t random_sequence() {
  std::random_device source;
  return std::uniform_int_distribution<std::uint32_t>(0x1000, 0x7FFFFFFF)(source);
}

MeterOptions meter_options(const SimOptions& options, const RealClock& clock) {
  return {options.generation, options.seed, clock.now(), options.mbk, options.mak, true};
}

// What the file says that --load names.
void load_tables(const SimOptions& options, Meter& meter) {
  try {
    std::vector<std::string> left_out;
    for (const std::uint16_t table : meter.load(options.tables))
      left_out.push_back(table_label(table));
    if (!left_out.empty())
      say("mep-sim: not in the file, and laid out otherwise by what is: " +
          system::listed(left_out) + "; the meter is without them");
  } catch (const std::invalid_argument& problem) {
    throw system::Problem(std::string("--load: ") + problem.what());
  }
}

int dump(const SimOptions& options, const RealClock& clock) {
  Meter meter(meter_options(options, clock));
  meter.advance(clock.now());
  load_tables(options, meter);
  std::fputs(table_file_text(meter).c_str(), stdout);
  return exit_good;
}

void be_a_meter(const SimOptions& options, const RealClock& clock, Channel& channel,
                TlsRandom* random, system::StopRequest& stop) {
  Meter meter(meter_options(options, clock));
  load_tables(options, meter);
  PortOptions port_options;
  port_options.last_sequence = random_sequence();
  port_options.tls_only = options.require_tls;
  port_options.tls_random = random;
  port_options.faults = options.faults;
  port_options.fault_seed = options.seed;
  MeterPort port(meter, options.port, port_options);

  std::optional<ExchangeLog> log;
  std::optional<LoggedPort> logged;
  Station* station = &port;
  if (options.verbose) {
    log.emplace(meter, say);
    station = &logged.emplace(port, *log);
  }
  Service service(*station, channel, clock, options.paced, stop);
  announce(channel);
  service.run();
}

// What came of a script's requests.
struct Result {
  unsigned unanswered = 0;
  bool answered = false;  // in a way that could be read
  bool accepted = false;  // with anything but a refusal of the key
};

// So many requests without a single byte in return, and it is no use going on.
constexpr unsigned patience = 3;

void be_a_client(const SimOptions& options, const RealClock& clock, Channel& channel,
                 TlsRandom* random, system::StopRequest& stop) {
  const Script& script = *find_script(*options.script);
  if (options.port >= script.clients.size())
    throw system::Problem("--mep-port 2: the script " + *options.script + " has one client only");
  // What a script lets the meter suffer from outside happens to this one, which nobody reads.
  Meter elsewhere({script.generation, 1, clock.now(), {}, {}});

  ClientOptions client_options;
  client_options.security = options.security;
  client_options.key = options.key;
  client_options.access = options.access;
  client_options.number = static_cast<std::uint16_t>(options.port + 1);
  client_options.tls_random = random;
  Client client(client_options);
  Result result;
  std::optional<Service> service;
  client.observe([&](const Exchanged& exchanged) {
    const bool answered = !exchanged.answer.empty();
    result.unanswered += answered ? 0 : 1;
    result.answered = result.answered || answered;
    result.accepted =
        result.accepted ||
        (answered &&
         exchanged.answer[0] != static_cast<std::uint8_t>(ResponseCode::authentication_failure));
    if (options.verbose)
      say(exchange_line(
          exchanged.answered_at,
          describe_request(exchanged.request) + " -> " +
              (answered ? describe_answer(exchanged.request, exchanged.answer) : "no answer")));
    if (result.unanswered >= patience && service->bytes_received() == 0)
      throw system::Problem("nothing answers; is there a meter, and is the line the right one?");
  });
  const Steps steps = script.clients[options.port];
  client.run([&](Client& each) { return steps(each, elsewhere, ScriptOptions{options.rounds}); });

  bool done = false;
  service.emplace(client, channel, clock, options.paced, stop, [&] {
    done = client.finished();
    if (done) stop.make();
  });
  announce(channel);
  service->run();
  if (!done || result.accepted) return;
  throw system::Problem(
      result.answered ? "the meter refused every request: it has another key"
                      : "no answer could be read; has the meter another key, or another security?");
}

int serve(const SimOptions& options) {
  if (options.help) {
    std::fputs(sim_help_text().c_str(), stdout);
    return exit_good;
  }
  if (options.version) {
    std::puts("mep-sim " MEP_VERSION);
    return exit_good;
  }
  // Somebody who goes away is an error of write(2) then, not the end of the process.
  signal(SIGPIPE, SIG_IGN);
  const RealClock clock;
  if (options.dump) return dump(options, clock);
  std::optional<TlsRandom> random;
  if (tls_available()) random.emplace();
  const std::unique_ptr<Channel> channel = open_channel(options);
  system::StopRequest stop;
  (options.script ? be_a_client : be_a_meter)(options, clock, *channel, random ? &*random : nullptr,
                                              stop);
  return exit_good;
}

}  // namespace
}  // namespace mep::simulator

int main(int argc, char** argv) {
  try {
    return mep::simulator::serve(mep::simulator::parse_sim_options(argc, argv));
  } catch (const std::exception& problem) {
    mep::simulator::say(std::string("mep-sim: ") + problem.what());
    return mep::simulator::exit_failed;
  }
}
