// Requests and their answers: time, sequence numbers, keys.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdlib>

#include "plugin/analysis_watch.h"
#include "protocol/evidence.h"

namespace mep::plugin {
namespace {

// --- What can be found ---------------------------------------------------------------------------

const NotedField hf_unanswered(
    "Not answered: the request in", "mep.analysis.unanswered", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "No answer came before the next request", PI_SEQUENCE,
    PI_WARN,
    "The request before this one was never answered: the meter is busy, off or did not get it "
    "whole (speed, wiring, a pause within the frame), or the tap missed the answer");
const NotedField hf_answer_lost(
    "Not readable: the answer to", "mep.analysis.answer_lost", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "Something came in place of an answer", PI_SEQUENCE,
    PI_WARN, "The answer to the request before this one was damaged or cut short");
const NotedField hf_request_while_open(
    "Did not wait for the answer to", "mep.analysis.request_while_open", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "The request in this frame had no answer yet", PI_SEQUENCE,
    PI_WARN,
    "A request while another is open: the client did not wait for the answer (the guide: 500 ms "
    "from the last byte), and a meter may drop either");
const NotedField hf_late(
    "Late", "mep.analysis.late", FT_RELATIVE_TIME, BASE_NONE, nullptr,
    "From the last byte of the request to the first byte of the answer", PI_SEQUENCE, PI_WARN,
    "The answer came late: a client that waits for 500 ms has given up by then");
const NotedField hf_misfit("Does not fit the request in", "mep.analysis.misfit", FT_FRAMENUM,
                           BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST),
                           "An answer that the open request cannot have", PI_SEQUENCE, PI_WARN,
                           "This answers another request than the open one: one was lost, or two "
                           "clients share the line");
const NotedField hf_spacing(
    "Since the request before", "mep.analysis.too_soon", FT_RELATIVE_TIME, BASE_NONE, nullptr,
    "From the beginning of the request before to that of this one", PI_SEQUENCE, PI_CHAT,
    "Requests close together: the guide's meters take one each 100 ms and delay the answers");
const NotedField hf_gap(
    "Pauses in the frame", "mep.analysis.gap", FT_RELATIVE_TIME, BASE_NONE, nullptr,
    "The frame's duration beyond that of its bytes", PI_SEQUENCE, PI_WARN,
    "Pauses within a request: the guide's meters drop one that pauses for more than 50 ms. The "
    "client writes its frame in pieces; it should write it as a whole");

const NotedField hf_jumped(
    "Sequence number jumped by", "mep.analysis.sequence_jumped", FT_INT32, BASE_DEC, nullptr,
    "Of the number in the request before", PI_SEQUENCE, PI_NOTE,
    "The sequence number jumped: a meter accepts numbers up to 8 ahead. The client started anew, "
    "lost count, or several clients share the line");
const NotedField hf_repeated(
    "Sequence number as in", "mep.analysis.sequence_repeated", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "A request with the same number and other bytes",
    PI_SEQUENCE, PI_WARN,
    "The sequence number of the request before, in another request: the client did not count on, "
    "and a meter answers 0x0C");
const NotedField hf_not_corrected(
    "Number not corrected after", "mep.analysis.sequence_not_corrected", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_NONE), "The answer 0x0C that told the meter's number", PI_SEQUENCE,
    PI_WARN,
    "The meter has told the number that it expects, and the client does not use it: it cannot read "
    "the answer 0x0C, or takes the bytes in the wrong order");
const NotedField hf_wrong_order(
    "Sent after the next one, in", "mep.analysis.wrong_order", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), "The request with the number behind this one's",
    PI_SEQUENCE, PI_WARN,
    "Two requests in the wrong order: their numbers were given in one order and they were sent in "
    "the other, as by a client whose queue wrapped around");
const NotedField hf_rejected(
    "Sequence number off by", "mep.analysis.sequence_invalid", FT_INT32, BASE_DEC, nullptr,
    "Behind the number that the meter tells; negative: ahead of it", PI_SEQUENCE, PI_NOTE,
    "The meter expected another sequence number: usual for a client's first request, and after the "
    "meter or the client started anew");
const NotedField hf_rejected_again(
    "Rejected again after", "mep.analysis.sequence_rejected_again", FT_FRAMENUM, BASE_NONE,
    FRAMENUM_TYPE(FT_FRAMENUM_NONE), "The request that used the number as it was told", PI_SEQUENCE,
    PI_WARN,
    "Rejected again although the client used the number that the meter told: the request is not "
    "what the meter takes it for, for instance a wrong digest, or somebody else is counting on");
const NotedField hf_tables_changed(
    "Meter jumped ahead by", "mep.analysis.tables_changed", FT_INT32, BASE_DEC, nullptr,
    "Of the number that it accepted last", PI_SEQUENCE, PI_NOTE,
    "The meter's number jumped by 25: its tables have changed. Read the IDT Version (ET04) and, "
    "if that changed, ET42 and the dimensions anew");

const NotedField hf_no_key_fits(
    "Requests that no key fits", "mep.analysis.no_key_fits", FT_UINT32, BASE_DEC, nullptr,
    "One after the other, this one included", PI_SECURITY, PI_WARN,
    "None of the keys in the key table has fitted so far: they are another meter's, have a typing "
    "error, or are for the other access level");
const NotedField hf_key_changed(
    "The key that fitted before", "mep.analysis.key_changed", FT_BOOLEAN, BASE_NONE, nullptr,
    "Does not fit any more", PI_SECURITY, PI_WARN,
    "A key fitted before, and none fits now: the key was changed, the client uses another, or "
    "frames arrive damaged");
const NotedField hf_answers_bad(
    "Answers with a bad digest", "mep.analysis.answers_bad", FT_UINT32, BASE_DEC, nullptr,
    "One after the other, this one included", PI_SECURITY, PI_WARN,
    "The key fits requests but not their answers: they come from something that does not have the "
    "key, or are damaged on their way");

constexpr std::int64_t us_in_ms = 1000;
constexpr unsigned telling_strangers = 5;
constexpr unsigned telling_bad_answers = 2;
constexpr std::int32_t counted_from_one_start = 1000;

// --- Time ----------------------------------------------------------------------------------------

// What is to be said of the request before this one.
void analyse_previous(const Analysed& in) {
  const Exchange* previous = in.bus.recent[1];
  if (!previous || previous->answer_frame != 0) return;
  const std::uint32_t frame = previous->request_frame;
  const std::int64_t waited = microseconds(end_of_request(*previous), in.time());
  if (in.watch.unreadable_frame != 0) {
    found(in, hf_answer_lost, frame,
          "The answer to the request in frame %u came damaged or cut short (frame %u)", frame,
          in.watch.unreadable_frame);
  } else if (waited < thresholds.answer_ms * us_in_ms) {
    found(in, hf_request_while_open, frame);
  } else {
    found(in, hf_unanswered, frame);
  }
}

void analyse_pace(const Analysed& in) {
  if (in.watch.last_of_client == 0) return;
  const std::int64_t since = microseconds(in.watch.last_of_client_time, in.time());
  if (since >= 0 && since < thresholds.spacing_ms * us_in_ms)
    found(in, hf_spacing, as_value(since));
}

// As far as the carrier tells how long the frame took, and at which speed.
void analyse_gap(const Analysed& in) {
  constexpr std::uint64_t bits_in_byte = 10;  // with start and stop
  constexpr std::uint64_t us_in_s = 1000000;
  if (in.frame.duration_us == 0 || in.frame.baud_rate == 0) return;
  const std::uint64_t needed = (in.size - 1) * bits_in_byte * us_in_s / in.frame.baud_rate;
  const std::int64_t gap = std::int64_t{in.frame.duration_us} - static_cast<std::int64_t>(needed);
  if (gap > thresholds.gap_ms * us_in_ms) found(in, hf_gap, as_value(gap));
}

// --- Sequence numbers ----------------------------------------------------------------------------

// Behind a 0x0C that told `told`; the request before it had `before`.
void analyse_correction(const Analysed& in, std::uint32_t number, std::uint32_t told,
                        std::optional<std::uint32_t> before) {
  in.watch.skipped = 0;
  // The guide's texts say that it is the next to be used, its example that it is the last.
  if (number == told || number == told + 1) {
    in.watch.corrected = in.facts.exchange->request_frame;
    return;
  }
  const std::uint32_t telling = in.bus.recent[1] ? in.bus.recent[1]->answer_frame : 0;
  if (number == before) {
    found(in, hf_not_corrected, telling);
  } else {
    found(
        in, hf_not_corrected, telling,
        "The meter expects 0x%08x, and the client uses 0x%08x: it cannot read the answer 0x0C, or "
        "takes the bytes in the wrong order",
        told, number);
  }
}

void analyse_counting(const Analysed& in, std::uint32_t number, std::uint32_t before) {
  const auto ahead = static_cast<std::int32_t>(number - before);
  const std::uint32_t skipped = std::exchange(in.watch.skipped, 0);
  if (ahead == 0) {
    if (in.bus.recent[1]) found(in, hf_repeated, in.bus.recent[1]->request_frame);
  } else if (ahead == -1 && skipped != 0) {
    found(in, hf_wrong_order, skipped);
  } else if (ahead < 0 || ahead > static_cast<std::int32_t>(thresholds.window)) {
    found(in, hf_jumped, static_cast<std::uint32_t>(ahead));
  } else if (ahead == 2) {
    in.watch.skipped = in.facts.exchange->request_frame;
  }
}

void analyse_sequence(const Analysed& in) {
  const Exchange& exchange = *in.facts.exchange;
  const Request* request = asked(&exchange);
  in.watch.corrected = 0;
  if (!request || request->problem != Problem::none || !request->sequence) {
    if (!request) in.watch.sent.reset();  // what is encrypted counts on unseen
    in.watch.told.reset();
    return;
  }
  const std::uint32_t number = *request->sequence;
  const auto told = std::exchange(in.watch.told, std::nullopt);
  const auto before = std::exchange(in.watch.sent, number);
  if (told) {
    analyse_correction(in, number, *told, before);
  } else if (before && !exchange.repeats) {
    analyse_counting(in, number, *before);
  }
}

void analyse_rejection(const Analysed& in, const Exchange& exchange, std::uint32_t told) {
  in.watch.told = told;
  const Request* request = asked(&exchange);
  if (!request || !request->sequence) return;
  const std::uint32_t number = *request->sequence;
  const auto behind = static_cast<std::int32_t>(told - number);
  if (in.watch.accepted) {
    // Page 55: by 25 from the last, or from the next.
    constexpr std::int32_t jump = 25;
    const auto jumped = static_cast<std::int32_t>(told - *in.watch.accepted);
    if (jumped == jump || jumped == jump + 1) {
      found(in, hf_tables_changed, jump);
      return;
    }
  }
  if (in.watch.corrected == exchange.request_frame) {
    found(in, hf_rejected_again, in.watch.corrected);
  } else if (behind == 0) {
    found(in, hf_rejected, 0,
          "The meter rejects 0x%08x and tells the same number: it was used before, or skipped",
          told);
  } else if (std::abs(std::int64_t{behind}) <= counted_from_one_start) {
    found(in, hf_rejected, static_cast<std::uint32_t>(behind),
          "The meter expects 0x%08x, the client sent 0x%08x, %d %s: it lost count, or its requests "
          "did not all arrive",
          told, number, std::abs(behind), behind < 0 ? "ahead" : "behind");
  } else {
    found(in, hf_rejected, static_cast<std::uint32_t>(behind));
  }
}

// --- Keys ----------------------------------------------------------------------------------------

bool has_own_keys() {
  const auto keys = active_keys();
  return std::any_of(keys.begin(), keys.end(),
                     [](const KeyEntry& key) { return !is_published(key.key); });
}

void analyse_key(const Analysed& in) {
  const Exchange& exchange = *in.facts.exchange;
  if (exchange.size < smallest_secured_request) return;
  const Request* request = asked(&exchange);
  if (request && !request->digest) return;  // TLS, or without any
  if (exchange.key) {
    in.watch.strangers = 0;
    in.watch.key_told = false;
    return;
  }
  ++in.watch.strangers;
  if (in.watch.key_told) return;
  if (in.bus.last_key) {
    in.watch.key_told = true;
    found(in, hf_key_changed, 1);
  } else if (in.watch.strangers >= telling_strangers && has_own_keys()) {
    in.watch.key_told = true;
    found(in, hf_no_key_fits, in.watch.strangers);
  }
}

}  // namespace

void analyse_request(const Analysed& in) {
  analyse_previous(in);
  analyse_pace(in);
  analyse_gap(in);
  analyse_sequence(in);
  analyse_key(in);
  in.watch.unreadable_frame = 0;
}

void analyse_answer(const Analysed& in) {
  const Exchange* exchange = in.facts.exchange;
  if (!exchange) {
    const Exchange* open = in.bus.recent[0];
    if (open && open->answer_frame == 0) found(in, hf_misfit, open->request_frame);
    in.watch.unreadable_frame = in.pinfo()->num;
    return;
  }
  if (in.facts.misfit)
    found(in, hf_misfit, exchange->request_frame, "An answer of more bytes than were asked for");
  if (exchange == in.bus.recent[0]) {
    const std::int64_t waited = microseconds(end_of_request(*exchange), in.time());
    if (waited > thresholds.answer_ms * us_in_ms)
      found(in, hf_late, as_value(waited),
            "The answer came %.3f s after the request: a client that waits for 500 ms has given up "
            "by then",
            in_seconds(waited));
  }
  if (in.facts.digest == DigestStatus::bad) {
    if (++in.watch.bad_answers == telling_bad_answers)
      found(in, hf_answers_bad, in.watch.bad_answers);
    return;
  }
  if (in.facts.digest == DigestStatus::good) in.watch.bad_answers = 0;
  if (in.facts.cover == Cover::sealed) return;
  const Request* request = asked(exchange);
  if (in.facts.rejected) {
    analyse_rejection(in, *exchange, in.facts.rejected_with);
  } else if (request && request->sequence) {
    in.watch.accepted = request->sequence;
  }
}

}  // namespace mep::plugin
