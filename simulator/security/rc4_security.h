// RC4 security as both ends of the line practise it, pages 10 to 17: digest, sequence numbers,
// optional encryption.
//
// Simulator/security. To be added here: what both ends do; what one of them does is the client's or
// the port's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/access.h"
#include "protocol/digest.h"
#include "protocol/types.h"

namespace mep::simulator {

// How far a request's sequence number may be ahead of the one before, page 11.
inline constexpr std::uint32_t sequence_window = 8;

// What the answer to a request needs to know of it.
struct Rc4Exchange {
  Key key;
  DigestState digest;         // after the request
  std::optional<Key> cipher;  // of the exchange; nothing: in clear
  std::size_t encrypted = 0;  // bytes of keystream that the request took
};

// A sealed message, and what its answer will need.
struct Rc4Request {
  std::vector<std::uint8_t> message;  // with sequence number and digest
  Rc4Exchange exchange;
};

// --- The client's side

// Puts sequence number and digest behind `request`, and encrypts what is to be encrypted.
Rc4Request seal_request(Bytes request, std::uint32_t sequence, const Key& key, bool encrypt);

// The answer's message without its digest, decrypted; nothing where the digest does not fit.
// An answer 0x0B comes in clear and without a digest: it is given back as it is.
std::optional<std::vector<std::uint8_t>> open_answer(Bytes answer, const Rc4Exchange& exchange);

// --- The meter's side

// A request whose digest has proved its sender.
struct OpenedRequest {
  std::vector<std::uint8_t> message;  // without the trailer
  std::uint32_t sequence;
  AccessLevel access;
  Rc4Exchange exchange;
};

// Tries the MAK first, then the MBK (page 13), each in clear and then encrypted. Nothing where none
// of it fits.
std::optional<OpenedRequest> open_request(Bytes request, const Key& mak, const Key& mbk);

// The answer with its digest, encrypted if the request was.
std::vector<std::uint8_t> seal_answer(Bytes answer, const Rc4Exchange& exchange);

// The meter's sequence number, page 11.
class SequenceWindow {
 public:
  explicit SequenceWindow(std::uint32_t last) : last_(last) {}
  // The number to be used next, which an answer 0x0C tells.
  std::uint32_t next() const { return last_ + 1; }
  // Whether a request may have that number; if so it is the last from now on.
  bool accept(std::uint32_t sequence) {
    if (sequence - last_ - 1 >= sequence_window) return false;
    last_ = sequence;
    return true;
  }
  // So many numbers are used by somebody else.
  void skip(std::uint32_t count) { last_ += count; }

 private:
  std::uint32_t last_;
};

}  // namespace mep::simulator
