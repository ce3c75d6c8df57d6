// Text that is put together piece by piece and handed to Wireshark in one: to Wireshark each piece
// is a label or a column to be made anew.
//
// Plugin, showing. To be added here: another kind of piece.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string_view>

#include "plugin/wireshark.h"

namespace mep::plugin {

// Without a destructor: wherever Wireshark may leave. What does not fit is cut off, as Wireshark
// does it.
template <std::size_t capacity>
class Text {
 public:
  Text() { text_[0] = '\0'; }

  Text& add(std::string_view piece) {
    const std::size_t size = std::min(piece.size(), capacity - 1 - used_);
    std::copy_n(piece.data(), size, text_ + used_);
    used_ += size;
    text_[used_] = '\0';
    return *this;
  }
  template <std::integral Number>
  Text& add(Number number) {
    char digits[24];
    return add(std::string_view(digits, std::to_chars(digits, std::end(digits), number).ptr));
  }
  // As printf's "%.*f" has it.
  Text& add(double number, int decimals) {
    char digits[340];  // of the largest double there is
    const auto end =
        std::to_chars(digits, std::end(digits), number, std::chars_format::fixed, decimals).ptr;
    return add(std::string_view(digits, end));
  }
  // As printf's "%0*x" has it.
  Text& add_hex(std::uint32_t number, std::size_t width) {
    char digits[8];
    const auto end = std::to_chars(digits, std::end(digits), number, 16).ptr;
    const std::string_view made(digits, end);
    for (std::size_t size = made.size(); size < width; ++size) add("0");
    return add(made);
  }
  void clear() {
    used_ = 0;
    text_[0] = '\0';
  }

  bool empty() const { return used_ == 0; }
  std::size_t size() const { return used_; }
  const char* c_str() const { return text_; }
  std::string_view view() const { return {text_, used_}; }

 private:
  std::size_t used_ = 0;
  char text_[capacity];
};

// As long as Wireshark's: of a line in the tree, and of the Info column.
using LabelText = Text<ITEM_LABEL_LENGTH>;
using InfoText = Text<COL_MAX_INFO_LEN>;

// Whether somebody reads the line.
inline bool is_shown(const proto_item* item) {
  return item && PTREE_DATA(item)->visible;
}
// The whole line, in place of what Wireshark would make of the field.
inline void set_label(proto_item* item, const LabelText& label) {
  proto_item_set_text(item, "%s", label.c_str());
}
// What stands behind a line's text, put there in one.
inline void put_behind(proto_item* item, const LabelText& tail) {
  if (!tail.empty() && is_shown(item)) proto_item_append_text(item, "%s", tail.c_str());
}

}  // namespace mep::plugin
