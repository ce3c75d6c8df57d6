// SPDX-License-Identifier: GPL-2.0-or-later
#include "plugin/readings_of_table.h"

#include <algorithm>
#include <array>

#include "plugin/findings.h"
#include "plugin/interval_view.h"
#include "plugin/mbus_tree.h"
#include "protocol/device_source.h"
#include "protocol/times.h"

namespace mep::plugin {
namespace {

struct Naming {
  std::string name;
  std::string unit;
  bool energy = false;
};

// As the tree calls it.
Naming naming_of(const Found& found) {
  const Node& node = *found.node;
  if (found.source < 0) {
    if (node.kind() != Kind::registers) return {node.name, std::string(node.field().unit_text)};
    return {node.name + " " + std::to_string(found.index), ""};
  }
  const auto id = static_cast<std::uint16_t>(found.source);
  const Source* source = find_source(id);
  const bool energy = source && source->measure == Measure::energy;
  if (const SourceName* own = node.registers()->own_name(id))
    return {std::string(own->name), std::string(own->unit), energy};
  if (source) return {std::string(source->name), std::string(source->unit), energy};
  return {"Source " + std::to_string(id), ""};
}

class Reader {
 public:
  Reader(wmem_allocator_t* pool, const Table& table, const Stretch& stretch,
         const Dimensions& dimensions)
      : stretch_(stretch),
        dimensions_(dimensions),
        findings_(find(pool, table.root, stretch, dimensions)),
        profile_(profile_place(table.root, dimensions)) {
    if (profile_) intervals_ = seen_intervals(pool, *profile_, findings_, stretch);
    result_.last_element = stretch.offset;
    result_.of_the_moment =
        (table.story == Story::energies || table.story == Story::powers) && !table.past;
    if (profile_) result_.interval = interval_seconds(dimensions, profile_->set);
  }

  TableReadings read() {
    for (unsigned i = 0; i < findings_.count(); ++i) {
      const Found& found = findings_[i];
      switch (found.what) {
        case Found::What::enter:
          enter(found);
          break;
        case Found::What::leave:
          leave(found);
          break;
        case Found::What::leaf:
          leaf(found);
          break;
        case Found::What::undecoded:
          break;
      }
    }
    return std::move(result_);
  }

 private:
  struct Step {
    const Node* node;
    std::int32_t index;
    std::uint64_t position;
  };

  void enter(const Found& found) {
    device_.enter(found);
    const bool outermost =
        std::none_of(path_.begin(), path_.end(), [](const Step& step) { return step.index >= 0; });
    if (outermost && found.index >= 0) result_.last_element = found.position;
    path_.push_back({found.node, found.index, found.position});
    if (!profile_ || found.index < 0) return;
    if (is_interval(found)) {
      profile_->now = static_cast<const SeenInterval*>(wmem_array_index(intervals_, next_++));
      interval_ = found.position;
      first_of_interval_ = result_.readings.size();
      status_ = {};
      interval_note_.clear();
    }
    profile_->enter(*found.node, static_cast<std::uint32_t>(found.index));
  }

  void leave(const Found& found) {
    if (profile_ && profile_->now && found.node->role == Role::interval) {
      for (std::size_t i = first_of_interval_; i < result_.readings.size(); ++i) {
        result_.readings[i].begin = interval_;
        result_.readings[i].end = interval_end_;
      }
      profile_->now = nullptr;
    }
    if (!path_.empty()) path_.pop_back();
    if (path_.size() >= moment_depth_) return;
    moment_.reset();
    never_ = false;
  }

  void leaf(const Found& found) {
    device_.leaf(found, stretch_);
    interval_end_ = found.position + found.size;
    if (holds_records(found)) records(found);
    if (!found.complete) return;
    if (profile_) profile_->leaf(found, bytes_of(found, stretch_));
    if (profile_ && profile_->now) statuses(found);
    if (found.node->role == Role::moment) moment(found);
    const bool is_number = found.node->kind() == Kind::registers || found.unit_of >= 0;
    if (!is_number || !found.has_value || found.unused) return;
    if (profile_ && profile_->now) {
      interval_value(found);
    } else {
      add(found, register_reading(found));
    }
  }

  void moment(const Found& found) {
    moment_.reset();
    moment_depth_ = path_.size();
    moment_position_ = found.position;
    const auto when = parse_date_time(bytes_of(found, stretch_));
    never_ = !when;
    if (when) moment_ = Moment{seconds_since_1970(*when), found.node->field().clock};
  }

  // What tells this register from others of its name: the elements around it, down from the one
  // that has the time.
  std::string place() const {
    std::string text;
    const std::size_t from = moment_ ? moment_depth_ : 0;
    for (std::size_t i = from; i < path_.size(); ++i) {
      const Step& step = path_[i];
      if (step.index < 0) continue;
      std::string called = step.node->array()->element_name(static_cast<unsigned>(step.index));
      if (called.empty()) called = step.node->name + " " + std::to_string(step.index);
      text += text.empty() ? called : ", " + called;
    }
    return text;
  }

  TableReading register_reading(const Found& found) const {
    TableReading reading{};
    Naming naming = naming_of(found);
    if (found.unit_of >= 0) {
      const Source* source = find_source(static_cast<std::uint16_t>(found.unit_of));
      if (source) naming.unit = source->unit;
      if (source) naming.energy = source->measure == Measure::energy;
    }
    const std::int64_t scale = naming.energy ? dimensions_.get(Dim::energy_register_unit) : 1;
    const std::string where = place();
    reading.name = where.empty() ? naming.name : naming.name + " (" + where + ")";
    reading.value = std::to_string(value_of(found, stretch_) * std::max<std::int64_t>(scale, 1));
    reading.unit = naming.unit;
    return reading;
  }

  // --- Load profiles

  // What the bits say that belong to the interval, and those of its channels.
  void statuses(const Found& found) {
    for (const BitField& field : found.node->bit_fields()) {
      const std::int64_t value = bits_value(field, value_of(found, stretch_));
      const auto channel = profile_->channel_of(field);
      if (channel && *channel < channels_per_set) {
        const auto name = name_of_value(field.values, value);
        status_[*channel] = value == 0 ? std::string()
                            : name     ? std::string(*name)
                                       : "status " + std::to_string(value);
      } else if (!channel && field.single() && value != 0 && field.role != Role::summer_time) {
        interval_note_ += (interval_note_.empty() ? "" : ", ") + field.name;
      }
    }
  }

  void interval_value(const Found& found) {
    if (!profile_->values_are_readings() || found.index < 0) return;
    const auto channel = static_cast<std::uint32_t>(found.index);
    TableReading reading{};
    const Naming naming = naming_of(found);
    reading.name = naming.name;
    reading.unit = naming.unit;
    const auto read = found.source >= 0 && found.visible_size == channel_value_size
                          ? channel_value(static_cast<std::uint16_t>(found.source),
                                          bytes_of(found, stretch_), dimensions_)
                          : std::nullopt;
    if (read) {
      reading.name = read->channel;
      if (!read->quantity.empty() && read->channel.find(read->quantity) == std::string::npos)
        reading.name += ": " + read->quantity;
      reading.unit = read->unit;
    }
    if (channel < channels_per_set) reading.note = status_[channel];
    if (!interval_note_.empty())
      reading.note += (reading.note.empty() ? "" : ", ") + interval_note_;
    if (profile_->has_value(channel)) {
      const std::int64_t scale = naming.energy ? dimensions_.get(Dim::energy_register_unit) : 1;
      reading.value =
          read ? read->value.text
               : std::to_string(value_of(found, stretch_) * std::max<std::int64_t>(scale, 1));
    }
    if (profile_->now->end) reading.when = Moment{*profile_->now->end, Clock::utc};
    reading.order = channel;
    result_.readings.push_back(std::move(reading));
    TableReading& added = result_.readings.back();
    added.position = added.begin = found.position;
    added.size = found.size;
    added.end = found.position + found.size;
  }

  // --- M-Bus

  void records(const Found& found) {
    std::uint64_t number = 0;
    for (DeviceReading& record : device_readings(found, stretch_, device_)) {
      TableReading reading{};
      reading.name = std::move(record.name);
      reading.value = std::move(record.value);
      reading.unit = std::move(record.unit);
      add(found, std::move(reading), number++);
    }
  }

  void add(const Found& found, TableReading reading, std::uint64_t number = 0) {
    if (never_) return;
    reading.when = moment_;
    reading.position = reading.begin = found.position;
    reading.size = found.size;
    reading.end = found.position + found.size;
    reading.order = number + (moment_ ? found.position - moment_position_ : found.position);
    result_.readings.push_back(std::move(reading));
  }

  const Stretch& stretch_;
  const Dimensions& dimensions_;
  Findings findings_;
  std::optional<ProfilePlace> profile_;
  wmem_array_t* intervals_ = nullptr;
  unsigned next_ = 0;
  DevicePlace device_;
  std::vector<Step> path_;
  std::optional<Moment> moment_;
  bool never_ = false;  // the time stands there, and is none: the entry was never made
  std::size_t moment_depth_ = 0;
  std::uint64_t moment_position_ = 0;
  std::uint64_t interval_ = 0;
  std::uint64_t interval_end_ = 0;
  std::size_t first_of_interval_ = 0;
  std::array<std::string, channels_per_set> status_;
  std::string interval_note_;
  TableReadings result_;
};

}  // namespace

TableReadings readings_of(wmem_allocator_t* pool, const Table& table, const Stretch& stretch,
                          const Dimensions& dimensions) {
  return Reader(pool, table, stretch, dimensions).read();
}

}  // namespace mep::plugin
