// Prints what is sensitive in the tables, one field a line: filter name, what it is, page, the
// guide's name; tab separated. docs/sharing.md is made from it. With --undecided only the fields
// whose description has not decided: tests/unit/test_sensitive.cpp wants none.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstring>

#include "protocol/catalog.h"

int main(int argc, char** argv) {
  const bool undecided = argc > 1 && std::strcmp(argv[1], "--undecided") == 0;
  for (const mep::FieldInfo& field : mep::catalog().fields) {
    if (field.name.empty() || field.unlisted_source) continue;
    const mep::Sensitive what = field.node->sensitivity;
    if (undecided ? what != mep::Sensitive::undecided : what == mep::Sensitive::none) continue;
    if (field.node->type() == mep::Type::fill) continue;
    std::printf("mep.%s\t%s\t%s\t%s\n", field.name.c_str(), mep::sensitive_name(what).data(),
                mep::page_text(field.page).c_str(), field.label.c_str());
  }
  return 0;
}
