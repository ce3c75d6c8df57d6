// Prints what the plugin registers beside the fields of tables, one a line, tab separated: "field",
// filter name, type, name, what it says of itself; or "note", filter name, severity, text.
// docs/filter-names.md is made from it.
// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>

#include "plugin/reading_fields.h"
#include "plugin/registry.h"

namespace {

const char* type_text(ftenum type) {
  switch (type) {
    case FT_NONE:
      return "label";
    case FT_BOOLEAN:
      return "boolean";
    case FT_UINT8:
    case FT_UINT16:
    case FT_UINT24:
    case FT_UINT32:
    case FT_UINT64:
      return "unsigned integer";
    case FT_INT32:
      return "signed integer";
    case FT_DOUBLE:
      return "real number";
    case FT_FRAMENUM:
      return "frame number";
    case FT_STRING:
      return "text";
    case FT_BYTES:
      return "bytes";
    case FT_ABSOLUTE_TIME:
      return "date and time";
    case FT_RELATIVE_TIME:
      return "time span";
    default:
      return "";  // the test of the documents says so
  }
}

const char* severity_text(int severity) {
  switch (severity) {
    case PI_CHAT:
      return "chat";
    case PI_NOTE:
      return "note";
    case PI_WARN:
      return "warning";
    case PI_ERROR:
      return "error";
    default:
      return "";
  }
}

}  // namespace

int main() {
  mep::plugin::make_reading_fields();
  mep::plugin::Field::for_each([](const mep::plugin::Field& field) {
    const header_field_info& info = field.info();
    std::printf("field\t%s\t%s\t%s\t%s\n", info.abbrev, type_text(info.type), info.name,
                info.blurb ? info.blurb : "");
  });
  mep::plugin::Note::for_each([](const mep::plugin::Note& note) {
    std::printf("note\t%s\t%s\t%s\n", note.abbrev(), severity_text(note.severity()), note.text());
  });
  return 0;
}
