// Arithmetic that tells how large, how many or whether: counts, sizes, offsets and conditions of
// table descriptions. "(BT61.9 + 7) / 8" is written (Dim::load_profile_intervals[set] + 7) / 8.
//
// An expression may ask for a dimension, for the index of an enclosing array's element, and for
// the value of a field that stands earlier in the same record.
//
// Protocol. To be added here: an operation that a description needs.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/dimensions.h"

namespace mep {

// What an expression can see where it is evaluated.
class Scope {
 public:
  virtual ~Scope() = default;
  virtual std::int64_t dimension(Dim dim, std::size_t slot) const = 0;
  // Index of the element of the enclosing array, 0 the innermost, 1 the one around it.
  virtual std::int64_t index(unsigned level) const = 0;
  // The value of the field of that name which was met last; nothing where it was not visible.
  virtual std::optional<std::int64_t> field(std::string_view name) const = 0;
};

// A value: cheap to copy, immutable.
class Expr {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): 4 is an expression
  Expr(std::int64_t constant) : constant_(constant) {}
  Expr(Dim dim);  // NOLINT: a dimension of one slot is, too

  // Nothing where a field is needed that is not visible. Division by zero gives 0. Results are
  // limited to 32 bits, so that hostile dimensions cannot overflow what is computed from them.
  std::optional<std::int64_t> evaluate(const Scope& scope) const {
    if (!operation_) return constant_;
    return evaluated(scope);
  }

  // The number itself, for expressions without any dimension, index or field.
  std::optional<std::int64_t> constant() const;
  bool uses_field() const;
  bool uses_index() const { return index_levels() != 0; }
  // Bit n: it asks for the index at level n.
  std::uint32_t index_levels() const;
  // "BT61.11 * 4", for the field reference.
  std::string text() const;

  struct Operation;

 private:
  explicit Expr(std::shared_ptr<const Operation> operation);
  std::optional<std::int64_t> evaluated(const Scope& scope) const;

  // Most expressions are numbers: without an operation this is one.
  std::int64_t constant_ = 0;
  std::shared_ptr<const Operation> operation_;

  friend Expr slot_of(Dim dim, const Expr& slot);
  friend Expr index_of(unsigned level);
  friend Expr field(std::string_view name);
  friend Expr binary(char op, const Expr& left, const Expr& right);
};

// One slot of a dimension that has several: slot_of(Dim::load_profile_channels, index_of(0)).
Expr slot_of(Dim dim, const Expr& slot);
// The index of the enclosing array's current element; level 1 is the array around that one.
Expr index_of(unsigned level = 0);
// The value of an earlier field of the same record, by its name in the description.
Expr field(std::string_view name);

// Operators: + - * / and comparisons (1 or 0), '&' and '|' for "both" and "either".
Expr binary(char op, const Expr& left, const Expr& right);
inline Expr operator+(const Expr& a, const Expr& b) {
  return binary('+', a, b);
}
inline Expr operator-(const Expr& a, const Expr& b) {
  return binary('-', a, b);
}
inline Expr operator*(const Expr& a, const Expr& b) {
  return binary('*', a, b);
}
inline Expr operator/(const Expr& a, const Expr& b) {
  return binary('/', a, b);
}
inline Expr operator==(const Expr& a, const Expr& b) {
  return binary('=', a, b);
}
inline Expr operator!=(const Expr& a, const Expr& b) {
  return binary('!', a, b);
}
inline Expr operator<(const Expr& a, const Expr& b) {
  return binary('<', a, b);
}
inline Expr operator>(const Expr& a, const Expr& b) {
  return binary('<', b, a);
}
inline Expr operator&&(const Expr& a, const Expr& b) {
  return binary('&', a, b);
}
inline Expr operator||(const Expr& a, const Expr& b) {
  return binary('|', a, b);
}

}  // namespace mep
