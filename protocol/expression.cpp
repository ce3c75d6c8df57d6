// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/expression.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace mep {

struct Expr::Operation {
  enum class Kind : std::uint8_t { dimension, index, field, binary };
  Kind kind;
  char op = 0;
  Dim dim{};
  bool has_slot = false;  // of a dimension: `left`
  unsigned level = 0;     // of an index
  Expr left = 0, right = 0;
  std::string name;  // of a field

  std::optional<std::int64_t> evaluate(const Scope& scope) const;
  std::string text() const;
};

namespace {

using Kind = Expr::Operation::Kind;

std::shared_ptr<Expr::Operation> make(Kind kind) {
  auto operation = std::make_shared<Expr::Operation>();
  operation->kind = kind;
  return operation;
}

std::int64_t apply(char op, std::int64_t a, std::int64_t b) {
  switch (op) {
    case '+':
      return a + b;
    case '-':
      return a - b;
    case '*':
      return a * b;
    case '/':
      return b == 0 ? 0 : a / b;
    case '=':
      return a == b;
    case '!':
      return a != b;
    case '<':
      return a < b;
    case '&':
      return a != 0 && b != 0;
    case '|':
      return a != 0 || b != 0;
    default:
      return 0;
  }
}

// Two limited operands never overflow 64 bits.
std::int64_t limited(std::int64_t value) {
  return std::clamp<std::int64_t>(value, std::numeric_limits<std::int32_t>::min(),
                                  std::numeric_limits<std::int32_t>::max());
}

std::string_view operator_text(char op) {
  switch (op) {
    case '=':
      return "==";
    case '!':
      return "!=";
    case '&':
      return "and";
    case '|':
      return "or";
    case '+':
      return "+";
    case '-':
      return "-";
    case '*':
      return "*";
    case '/':
      return "/";
    default:
      return "<";
  }
}

}  // namespace

std::optional<std::int64_t> Expr::Operation::evaluate(const Scope& scope) const {
  switch (kind) {
    case Kind::index:
      return scope.index(level);
    case Kind::field:
      return scope.field(name);
    case Kind::dimension: {
      if (!has_slot) return scope.dimension(dim, 0);
      const auto slot = left.evaluate(scope);
      if (!slot) return std::nullopt;
      return *slot < 0 ? 0 : scope.dimension(dim, static_cast<std::size_t>(*slot));
    }
    case Kind::binary: {
      const auto a = left.evaluate(scope);
      if (!a) return std::nullopt;
      if (op == '&' && *a == 0) return 0;
      if (op == '|' && *a != 0) return 1;
      const auto b = right.evaluate(scope);
      if (!b) return std::nullopt;
      return limited(apply(op, limited(*a), limited(*b)));
    }
  }
  return std::nullopt;
}

std::string Expr::Operation::text() const {
  switch (kind) {
    case Kind::index:
      return level == 0 ? "index" : "outer index";
    case Kind::field:
      return name;
    case Kind::dimension: {
      std::string origin(dim_info(dim).origin);
      return has_slot ? origin + "[" + left.text() + "]" : origin;
    }
    case Kind::binary: {
      const auto inner = [](const Expr& operand) {
        const bool nests = operand.operation_ && operand.operation_->kind == Kind::binary;
        return nests ? "(" + operand.text() + ")" : operand.text();
      };
      return inner(left) + " " + std::string(operator_text(op)) + " " + inner(right);
    }
  }
  return {};
}

Expr::Expr(std::shared_ptr<const Operation> operation) : operation_(std::move(operation)) {}

Expr::Expr(Dim dim) {
  auto operation = make(Kind::dimension);
  operation->dim = dim;
  operation_ = operation;
}

std::optional<std::int64_t> Expr::evaluated(const Scope& scope) const {
  return operation_->evaluate(scope);
}

std::optional<std::int64_t> Expr::constant() const {
  if (!operation_) return constant_;
  if (operation_->kind != Kind::binary) return std::nullopt;
  if (!operation_->left.constant() || !operation_->right.constant()) return std::nullopt;
  struct Nowhere : Scope {
    std::int64_t dimension(Dim, std::size_t) const override { return 0; }
    std::int64_t index(unsigned) const override { return 0; }
    std::optional<std::int64_t> field(std::string_view) const override { return std::nullopt; }
  };
  return evaluate(Nowhere());
}

bool Expr::uses_field() const {
  if (!operation_) return false;
  return operation_->kind == Kind::field || operation_->left.uses_field() ||
         operation_->right.uses_field();
}

std::uint32_t Expr::index_levels() const {
  if (!operation_) return 0;
  const std::uint32_t own = operation_->kind == Kind::index ? 1U << operation_->level : 0;
  return own | operation_->left.index_levels() | operation_->right.index_levels();
}

std::string Expr::text() const {
  return operation_ ? operation_->text() : std::to_string(constant_);
}

Expr slot_of(Dim dim, const Expr& slot) {
  auto operation = make(Kind::dimension);
  operation->dim = dim;
  operation->has_slot = true;
  operation->left = slot;
  return Expr(std::move(operation));
}

Expr index_of(unsigned level) {
  auto operation = make(Kind::index);
  operation->level = level;
  return Expr(std::move(operation));
}

Expr field(std::string_view name) {
  auto operation = make(Kind::field);
  operation->name = name;
  return Expr(std::move(operation));
}

Expr binary(char op, const Expr& left, const Expr& right) {
  auto operation = make(Kind::binary);
  operation->op = op;
  operation->left = left;
  operation->right = right;
  return Expr(std::move(operation));
}

}  // namespace mep
