// The fields mep.reading.*: what was measured, in units that people use, whatever table and
// register it came from. What the meter kept from earlier is mep.reading.past.*: over the time of
// capture only the present values are a curve.
//
// Plugin, showing. To be added here: nothing: names and units are protocol/quantity's.
// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "plugin/registry.h"
#include "plugin/table_tree.h"
#include "plugin/wireshark.h"
#include "protocol/mbus_quantity.h"
#include "protocol/quantity.h"

namespace mep::plugin {

// To be called once, before fields are registered.
void make_reading_fields();

class ReadingField : public Field {
 public:
  ReadingField(const char* name, const char* abbrev, const char* unit, const char* blurb) noexcept
      : Field(name, abbrev, FT_DOUBLE, BASE_NONE, nullptr, 0, blurb), unit_(unit) {}
  // With a space before it; empty for ratios.
  const char* unit() const { return unit_; }

 private:
  const char* unit_;
};

// Of a register; null where it has none. `tier`: the element of BT23's tiers; -1: in total.
const ReadingField* reading_field(std::int32_t source, std::int32_t tier, Taken taken,
                                  Measured when);

// Adds `amount`, in the field's unit and as `text`, to `tree`, behind the line that shows the same
// as the meter has it. No text: that line has the same unit, so that nobody needs to see it twice:
// hidden. `behind`: at the end of the line.
void add_reading(proto_tree* tree, const ReadingField& field, tvbuff_t* tvb, double amount,
                 const char* text, const char* behind = "");
// Whether anybody asks for it.
bool is_asked_for(proto_tree* tree, const ReadingField& field);

// What a record of an M-Bus device says, as a field; null where it has none.
struct DeviceReadingField {
  const ReadingField* field = nullptr;
  double factor = 1;
  double offset = 0;
};
DeviceReadingField device_reading_field(const mbus::Quantity& quantity, Measured when);
// Adds `number`, in the record's unit. Nothing for a null field.
void add_device_reading(packet_info* pinfo, proto_tree* tree, const DeviceReadingField& reading,
                        tvbuff_t* tvb, double number);

}  // namespace mep::plugin
