// SPDX-License-Identifier: GPL-2.0-or-later
#include "protocol/expression.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace mep {

struct Expr::Operation {
  enum class Kind : std::uint8_t { constant, dimension, index, field, binary };
  Kind kind;
  char op = 0;
  std::int64_t number = 0;  // the constant, or the level of an index
  Dim dim{};
  std::string name;
  std::shared_ptr<const Operation> left, right;  // the slot of a dimension is its left

  std::optional<std::int64_t> evaluate(const Scope& scope) const;
  bool uses(Kind wanted) const {
    return kind == wanted || (left && left->uses(wanted)) || (right && right->uses(wanted));
  }
  bool uses_index(unsigned level) const {
    if (kind == Kind::index) return number == static_cast<std::int64_t>(level);
    return (left && left->uses_index(level)) || (right && right->uses_index(level));
  }
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
    case Kind::constant:
      return number;
    case Kind::index:
      return scope.index(static_cast<unsigned>(number));
    case Kind::field:
      return scope.field(name);
    case Kind::dimension: {
      std::size_t slot = 0;
      if (left) {
        const auto chosen = left->evaluate(scope);
        if (!chosen) return std::nullopt;
        if (*chosen < 0) return 0;
        slot = static_cast<std::size_t>(*chosen);
      }
      return scope.dimension(dim, slot);
    }
    case Kind::binary: {
      const auto a = left->evaluate(scope);
      if (!a) return std::nullopt;
      if (op == '&' && *a == 0) return 0;
      if (op == '|' && *a != 0) return 1;
      const auto b = right->evaluate(scope);
      if (!b) return std::nullopt;
      return limited(apply(op, limited(*a), limited(*b)));
    }
  }
  return std::nullopt;
}

std::string Expr::Operation::text() const {
  switch (kind) {
    case Kind::constant:
      return std::to_string(number);
    case Kind::index:
      return number == 0 ? "index" : "outer index";
    case Kind::field:
      return name;
    case Kind::dimension: {
      std::string origin(dim_info(dim).origin);
      return left ? origin + "[" + left->text() + "]" : origin;
    }
    case Kind::binary: {
      const auto inner = [](const Operation& operand) {
        return operand.kind == Kind::binary ? "(" + operand.text() + ")" : operand.text();
      };
      return inner(*left) + " " + std::string(operator_text(op)) + " " + inner(*right);
    }
  }
  return {};
}

Expr::Expr(std::shared_ptr<const Operation> operation) : operation_(std::move(operation)) {}

Expr::Expr(std::int64_t constant) {
  auto operation = make(Kind::constant);
  operation->number = constant;
  operation_ = operation;
}

Expr::Expr(Dim dim) {
  auto operation = make(Kind::dimension);
  operation->dim = dim;
  operation_ = operation;
}

std::optional<std::int64_t> Expr::evaluate(const Scope& scope) const {
  return operation_->evaluate(scope);
}

std::optional<std::int64_t> Expr::constant() const {
  struct Nowhere : Scope {
    std::int64_t dimension(Dim, std::size_t) const override { return 0; }
    std::int64_t index(unsigned) const override { return 0; }
    std::optional<std::int64_t> field(std::string_view) const override { return std::nullopt; }
  };
  if (operation_->uses(Kind::dimension) || uses_index() || uses_field()) return std::nullopt;
  return evaluate(Nowhere());
}

bool Expr::uses_field() const {
  return operation_->uses(Kind::field);
}
bool Expr::uses_index() const {
  return operation_->uses(Kind::index);
}
bool Expr::uses_index(unsigned level) const {
  return operation_->uses_index(level);
}
std::string Expr::text() const {
  return operation_->text();
}

Expr slot_of(Dim dim, const Expr& slot) {
  auto operation = make(Kind::dimension);
  operation->dim = dim;
  operation->left = slot.operation_;
  return Expr(std::move(operation));
}

Expr index_of(unsigned level) {
  auto operation = make(Kind::index);
  operation->number = level;
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
  operation->left = left.operation_;
  operation->right = right.operation_;
  return Expr(std::move(operation));
}

}  // namespace mep
