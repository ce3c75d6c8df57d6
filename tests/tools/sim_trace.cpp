// Runs a script of the simulator and writes, one line of JSON for each answered read, what the
// meter meant by every field of the answer. Ends with an error where the client understood anything
// else. Options: SCRIPT SECURITY SEED START ROUNDS, the same that mepdump's mep-demo takes, so that
// a capture of it holds the same traffic. With "held" behind them: in place of that, of each
// interval that the meter's load profiles hold at the end when it ended, and each channel's source,
// status and value. SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "protocol/bytes.h"
#include "protocol/message.h"
#include "protocol/names.h"
#include "protocol/tables/tables.h"
#include "protocol/walker.h"
#include "simulator/client/readings.h"
#include "simulator/scripts/scenario.h"

namespace mep::simulator {
namespace {

constexpr Instant longest = std::chrono::hours(2);

struct MeantField {
  std::string field;
  std::uint64_t position;
  std::string text;
};

// A read that the meter has executed, and what it meant.
struct MeantAnswer {
  Executed executed;
  std::vector<MeantField> fields;
  Dimensions dimensions;
};

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || static_cast<unsigned char>(c) < ' ' ||
        static_cast<unsigned char>(c) > '~') {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned char>(c));
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + '"';
}

class Trace {
 public:
  explicit Trace(Scenario& scenario) : scenario_(scenario) {
    for (unsigned port = 0; port < scenario.ports(); ++port) {
      waiting_.emplace_back();
      scenario.port(port).observe(
          [this, port](const Executed& executed) { meant(port, executed); });
      scenario.client(port).observe(
          [this, port](const Exchanged& exchanged) { understood(port, exchanged); });
    }
  }

  unsigned reads = 0;
  unsigned fields = 0;

 private:
  // In the moment of execution: a little later the meter shows other numbers.
  void meant(unsigned port, const Executed& executed) {
    MeantAnswer answer{executed, {}, {}};
    const TableSpace& tables = scenario_.meter().state().tables;
    answer.dimensions = tables.dimensions();
    const Request request = parse_request(executed.request, Trailer::absent);
    const Response response = parse_response(executed.answer, Answers::read, Trailer::absent);
    const bool read = request.table && is_read(static_cast<RequestCode>(request.code));
    if (read && response.is(ResponseCode::ok)) {
      for (const TableSpace::Held& held :
           tables.held(*request.table, request.offset, response.data.size))
        if (!held.field.empty())
          answer.fields.push_back({std::string(held.field), held.position,
                                   reading_text(*held.node, held.bits, held.size, held.value)});
    }
    waiting_[port].push_back(std::move(answer));
  }

  void understood(unsigned port, const Exchanged& exchanged) {
    auto& waiting = waiting_[port];
    while (!waiting.empty() && (waiting.front().executed.request != exchanged.request ||
                                waiting.front().executed.answer != exchanged.answer))
      waiting.pop_front();
    if (waiting.empty()) return;
    compare(port, waiting.front(), exchanged);
    waiting.pop_front();
  }

  void compare(unsigned port, const MeantAnswer& meant, const Exchanged& exchanged) {
    if (meant.fields.empty()) return;
    const Request request = parse_request(exchanged.request, Trailer::absent);
    const Response response = parse_response(exchanged.answer, Answers::read, Trailer::absent);
    const Table& table = *find_table(*request.table);
    const Readings readings = read_fields(table, request.offset, response.data.of(exchanged.answer),
                                          scenario_.client(port).dimensions(), meant.dimensions);
    if (!readings.misled) check(table, request, meant, readings);
    ++reads;
    print(port, table, meant, readings.misled);
  }

  void check(const Table& table, const Request& request, const MeantAnswer& meant,
             const Readings& readings) {
    std::multimap<std::pair<std::uint64_t, std::string>, std::string> expected;
    for (const MeantField& field : meant.fields)
      expected.emplace(std::pair(field.position, field.field), field.text);
    const auto fail = [&](const std::string& what) {
      throw std::runtime_error(table_label(table.number) + " at " + std::to_string(request.offset) +
                               ": " + what);
    };
    for (const Reading& reading : readings.fields) {
      const auto found = expected.find(std::pair(reading.position, std::string(reading.field)));
      if (found == expected.end())
        fail("the client saw " + std::string(reading.field) + " at " +
             std::to_string(reading.position) + ", which the meter does not have there");
      else if (found->second != reading.text)
        fail("the client saw " + std::string(reading.field) + " = " + reading.text +
             ", the meter meant " + found->second);
      else
        expected.erase(found);
      ++fields;
    }
    const bool everything = request.offset == 0 || size_of(table, meant.dimensions).has_value();
    if (everything && !expected.empty())
      fail("the client did not see " + expected.begin()->first.second + " at " +
           std::to_string(expected.begin()->first.first));
  }

  static void print(unsigned port, const Table& table, const MeantAnswer& meant, bool misled) {
    std::printf(R"({"port": %u, "table": %u, "answer": "%s", "misled": %s, "fields": [)", port,
                table.number, hex(meant.executed.answer).c_str(), misled ? "true" : "false");
    const char* comma = "";
    for (const MeantField& field : meant.fields) {
      std::printf("%s[%s, %s]", comma, json_string(field.field).c_str(),
                  json_string(field.text).c_str());
      comma = ", ";
    }
    std::printf("]}\n");
  }

  Scenario& scenario_;
  std::vector<std::deque<MeantAnswer>> waiting_;
};

Security security_named(const std::string& name) {
  if (name == "plain") return Security::plain;
  if (name == "rc4") return Security::rc4;
  if (name == "tls") return Security::tls;
  throw std::invalid_argument("no such security: " + name);
}

void print_interval(std::size_t set, const LoadProfileLog& log, std::uint16_t block,
                    std::uint16_t index) {
  const LoggedInterval interval = log.interval(block, index);
  if (!interval.processed) return;
  const std::int64_t after = *log.newest_interval(block) - index;
  const std::int64_t end = *log.end_time(block) - after * log.config().interval_seconds();
  std::printf(
      R"({"set": %zu, "block": %u, "per_block": %u, "interval": %u, "seconds": %lld, "end": %lld, )"
      R"("channels": [)",
      set, block, log.config().intervals_per_block, index,
      static_cast<long long>(log.config().interval_seconds()), static_cast<long long>(end));
  for (std::size_t channel = 0; channel < interval.values.size(); ++channel)
    std::printf("%s[%u, %u, %d]", channel == 0 ? "" : ", ", log.config().sources[channel],
                static_cast<unsigned>(interval.statuses[channel]), interval.values[channel]);
  std::printf("]}\n");
}

void print_held(const std::vector<LoadProfileLog>& logs) {
  for (std::size_t set = 0; set < logs.size(); ++set) {
    const LoadProfileLog& log = logs[set];
    for (std::uint16_t block = 0; block < log.valid_blocks(); ++block)
      for (std::uint16_t index = 0; index < log.config().intervals_per_block; ++index)
        print_interval(set, log, block, index);
  }
}

int run(std::vector<std::string> arguments) {
  const bool held = arguments.size() == 6 && arguments.back() == "held";
  if (held) arguments.pop_back();
  if (arguments.size() != 5) {
    std::fprintf(stderr, "Usage: sim_trace SCRIPT plain|rc4|tls SEED START_SECOND ROUNDS [held]\n");
    return 2;
  }
  ScenarioOptions options;
  options.script = arguments[0];
  options.security = security_named(arguments[1]);
  options.seed = std::stoull(arguments[2]);
  options.start = std::chrono::seconds(std::stoll(arguments[3]));
  options.steps.rounds = static_cast<unsigned>(std::stoul(arguments[4]));
  Scenario scenario(options, [](const TapRecord&) {});
  if (held) {
    scenario.run_to_end(scenario.now() + longest);
    print_held(scenario.meter().state().load_profiles);
    return 0;
  }
  Trace trace(scenario);
  scenario.run_to_end(scenario.now() + longest);
  if (!scenario.finished()) throw std::runtime_error("the script did not end");
  std::fprintf(stderr, "%u reads, %u fields\n", trace.reads, trace.fields);
  return 0;
}

}  // namespace
}  // namespace mep::simulator

int main(int argc, char** argv) {
  try {
    return mep::simulator::run({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "sim_trace: %s\n", failure.what());
    return 1;
  }
}
