// Prints all table fields, one a line: filter name, type, unit, page, the guide's name; tab
// separated. docs/fields.md is made from it. With --all also registers' fields for sources that the
// guide does not list for the table.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstring>

#include "protocol/catalog.h"

namespace {

const char* kind_text(const mep::FieldInfo& field) {
  switch (field.kind) {
    case mep::FieldKind::boolean:
      return "boolean";
    case mep::FieldKind::unsigned_int:
      return "unsigned integer";
    case mep::FieldKind::signed_int:
      return "signed integer";
    case mep::FieldKind::real:
      return "floating point";
    case mep::FieldKind::bytes:
      return "bytes";
    case mep::FieldKind::text:
      return "text";
    case mep::FieldKind::date_and_time:
      return "date and time";
  }
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  const bool all = argc > 1 && std::strcmp(argv[1], "--all") == 0;
  for (const mep::FieldInfo& field : mep::catalog().fields) {
    if (field.name.empty() || (field.unlisted_source && !all)) continue;
    std::printf("mep.%s\t%s\t%.*s\t%s\t%s\n", field.name.c_str(), kind_text(field),
                static_cast<int>(field.unit.size()), field.unit.data(),
                mep::page_text(field.page).c_str(), field.label.c_str());
  }
  return 0;
}
