// Requests and responses: nothing outside of the message, and what is encoded again is the same.
// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/message.h"
#include "tests/fuzz/fuzz.h"

namespace mep {

namespace {

void inside(Extent extent, std::size_t size) {
  fuzz::must(std::size_t{extent.offset} + extent.size <= size, "a field lies within the message");
}

void look_at_request(Bytes message, Trailer trailer) {
  const Request request = parse_request(message, trailer);
  inside(request.data, message.size());
  if (request.digest) inside(*request.digest, message.size());
  const auto code = static_cast<RequestCode>(request.code);
  if (request.problem != Problem::none || !request.table || !request.count) return;
  if (!is_read(code) && !is_write(code)) return;
  const fuzz::Buffer again = encode_request(code, *request.table, request.offset, *request.count,
                                            request.data.of(message));
  const std::size_t behind = trailer == Trailer::present ? sequence_size + digest_size : 0;
  fuzz::must(fuzz::same(again, message.first(message.size() - behind)),
             "a request is encoded as it was");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::Buffer message(data, data + std::min<std::size_t>(size, 2048));
  for (const Trailer trailer : {Trailer::absent, Trailer::present}) {
    look_at_request(message, trailer);
    for (const Answers answers : {Answers::unknown, Answers::read, Answers::write, Answers::tls}) {
      const Response response = parse_response(message, answers, trailer);
      inside(response.data, message.size());
      if (response.digest) inside(*response.digest, message.size());
    }
  }
  for (const Direction direction :
       {Direction::unknown, Direction::client_to_meter, Direction::meter_to_client}) {
    if (fits(message, message.size(), direction) != Fit::yes) continue;
    for (std::size_t seen = 0; seen < message.size(); ++seen)
      fuzz::must(fits(Bytes(message).first(seen), message.size(), direction) != Fit::no,
                 "the beginning of what fits may fit");
  }
  fuzz::must(fuzz::same(Bytes(frame(message)).subspan(length_field_size), message),
             "a frame is a length and the message");
  return 0;
}

}  // namespace mep
