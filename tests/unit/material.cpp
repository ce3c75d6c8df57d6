// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/material.h"

#include <json-glib/json-glib.h>

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

namespace mep::test {
namespace {

using Json = std::unique_ptr<JsonNode, decltype(&json_node_unref)>;

GuideFrame guide_frame(JsonObject* json) {
  const auto text = [json](const char* member) -> std::string_view {
    return json_object_get_string_member(json, member);
  };
  GuideFrame frame;
  frame.direction = text("dir") == "c2m" ? Direction::client_to_meter : Direction::meter_to_client;
  frame.bytes = hex(text("hex"));
  frame.page = static_cast<std::uint16_t>(json_object_get_int_member(json, "page"));
  frame.tls = text("kind") == "tls";
  frame.default_key = text("digest") == "good";
  if (json_object_has_member(json, "pairs_with"))
    frame.pairs_with = static_cast<std::size_t>(json_object_get_int_member(json, "pairs_with"));
  return frame;
}

std::vector<GuideFrame> read_guide_frames() {
  std::vector<GuideFrame> frames;
  std::ifstream file(MEP_GUIDE_FRAMES);
  for (std::string line; std::getline(file, line);) {
    const Json json(json_from_string(line.c_str(), nullptr), json_node_unref);
    if (json) frames.push_back(guide_frame(json_node_get_object(json.get())));
  }
  if (frames.empty()) {
    std::fprintf(stderr, "no frames in %s\n", MEP_GUIDE_FRAMES);
    std::exit(1);
  }
  return frames;
}

}  // namespace

Buffer hex(std::string_view text) {
  Buffer bytes;
  std::string digits;
  for (const char character : text) {
    if (std::isspace(static_cast<unsigned char>(character))) continue;
    digits += character;
    if (digits.size() < 2) continue;
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(digits, nullptr, 16)));
    digits.clear();
  }
  return bytes;
}

const std::vector<GuideFrame>& guide_frames() {
  static const std::vector<GuideFrame> frames = read_guide_frames();
  return frames;
}

}  // namespace mep::test
