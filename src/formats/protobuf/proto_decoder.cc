// Messages to builders. Occurrences of wanted fields lie on one stack that nested messages share, so that
// nothing is allocated a record. Step 2 of a record's way (docs/ARCHITECTURE.md).
#include "formats/protobuf/proto_decoder.h"

#include <algorithm>
#include <bit>

#include "base/utf8.h"
#include "formats/protobuf/proto_wire.h"
#include "formats/text_values.h"

namespace penstock {

class ProtoDecoder::Reader {
 public:
  const std::string& problem() const { return problem_; }
  void Reset() {
    items_.clear();
    ends_.clear();
  }

  // One more value for each child of `step`, from the message in `bytes`.
  template <typename BuilderAt>
  bool ReadMessage(const ProtoStep& step, std::string_view bytes, const BuilderAt& builder_at) {
    size_t first_item = items_.size(), first_end = ends_.size();
    ends_.resize(first_end + step.children.size());
    if (!Gather(step, bytes, first_end)) return false;
    for (size_t i = 0; i < step.children.size(); ++i) {
      if (!ReadField(step.children[i], ends_[first_end + i].first, builder_at(i))) return false;
    }
    items_.resize(first_item);
    ends_.resize(first_end);
    return true;
  }

 private:
  static constexpr int kNone = -1;
  struct Occurrence {
    ProtoItem item;
    int next = kNone;  // of the same field
  };
  struct Ends {
    int first = kNone, last = kNone;
  };

  bool Fail(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }

  static int SlotOf(const ProtoStep& step, uint32_t number) {
    if (number < step.slots.size()) return step.slots[number];
    auto found = std::lower_bound(step.far_slots.begin(), step.far_slots.end(), std::make_pair(number, 0));
    return found != step.far_slots.end() && found->first == number ? found->second : kNone;
  }

  // Notes where the wanted fields stand.
  bool Gather(const ProtoStep& step, std::string_view bytes, size_t first_end) {
    ProtoInput in(bytes);
    while (!in.at_end()) {
      Occurrence occurrence;
      if (!in.Next(&occurrence.item)) return Fail(in.problem());
      int slot = SlotOf(step, occurrence.item.number);
      if (slot == kNone) continue;
      auto index = static_cast<int>(items_.size());
      Ends& ends = ends_[first_end + static_cast<size_t>(slot)];
      (ends.last == kNone ? ends.first : items_[static_cast<size_t>(ends.last)].next) = index;
      ends.last = index;
      items_.push_back(occurrence);
    }
    return true;
  }

  bool ReadField(const ProtoStep& step, int first, ColumnBuilder& to) {
    switch (step.shape) {
      case ProtoStep::Shape::kList: return ReadList(step, first, to);
      case ProtoStep::Shape::kMap: return ReadMap(step, first, to);
      case ProtoStep::Shape::kOne: break;
    }
    if (first == kNone) return ReadMissing(step, to);
    bool several = items_[static_cast<size_t>(first)].next != kNone;
    if (step.type.is(TypeKind::kRow) && several) return ReadMerged(step, first, to);
    while (items_[static_cast<size_t>(first)].next != kNone) first = items_[static_cast<size_t>(first)].next;
    return ReadValue(step, items_[static_cast<size_t>(first)].item, to);
  }

  // A message that comes in parts is one: their bytes one after the other.
  bool ReadMerged(const ProtoStep& step, int first, ColumnBuilder& to) {
    std::string whole;
    for (int i = first; i != kNone; i = items_[static_cast<size_t>(i)].next) {
      const ProtoItem& item = items_[static_cast<size_t>(i)].item;
      if (!HasWire(step, item)) return WrongWire(step);
      whole += item.bytes;
    }
    ProtoItem merged = items_[static_cast<size_t>(first)].item;
    merged.bytes = whole;
    return ReadValue(step, merged, to);
  }

  bool ReadList(const ProtoStep& step, int first, ColumnBuilder& to) {
    if (first == kNone && !step.fills) {
      to.AppendNull();
      return true;
    }
    const ProtoStep& element = step.children[0];
    for (int i = first; i != kNone; i = items_[static_cast<size_t>(i)].next) {
      ProtoItem item = items_[static_cast<size_t>(i)].item;
      bool packed = step.packable && item.wire == ProtoWire::kBytes;
      if (packed ? !ReadPacked(element, item.bytes, to.child(0)) : !ReadValue(element, item, to.child(0)))
        return false;
    }
    to.CloseList();
    return true;
  }

  bool ReadPacked(const ProtoStep& step, std::string_view bytes, ColumnBuilder& to) {
    ProtoInput in(bytes);
    ProtoItem item;
    item.wire = WireOf(step.field.kind);
    while (!in.at_end()) {
      bool read = item.wire == ProtoWire::kVarint    ? in.Varint(&item.bits)
                  : item.wire == ProtoWire::kFixed64 ? in.Fixed<uint64_t>(&item.bits)
                                                     : in.Fixed<uint32_t>(&item.bits);
      if (!read) return Fail(in.problem());
      if (!ReadValue(step, item, to)) return false;
    }
    return true;
  }

  // Entries in the order of the message.
  bool ReadMap(const ProtoStep& step, int first, ColumnBuilder& to) {
    if (first == kNone && !step.fills) {
      to.AppendNull();
      return true;
    }
    for (int i = first; i != kNone; i = items_[static_cast<size_t>(i)].next) {
      ProtoItem item = items_[static_cast<size_t>(i)].item;
      if (item.wire != ProtoWire::kBytes) return WrongWire(step);
      if (!ReadMessage(step, item.bytes, [&to](size_t c) -> ColumnBuilder& { return to.child(c); }))
        return false;
    }
    to.CloseList();
    return true;
  }

  bool ReadMissing(const ProtoStep& step, ColumnBuilder& to) {
    if (!step.fills) {
      to.AppendNull();
      return true;
    }
    if (step.type.is(TypeKind::kRow)) return ReadRow(step, {}, to);
    if (step.type.is(TypeKind::kFloat)) {
      to.Append(static_cast<float>(step.missing_double));
    } else if (step.type.is(TypeKind::kDouble)) {
      to.Append(step.missing_double);
    } else if (step.names != nullptr) {
      return ReadEnum(step, step.missing_integer, to);
    } else if (step.type.is(TypeKind::kBoolean)) {
      to.Append<uint8_t>(step.missing_integer != 0 ? 1 : 0);
    } else if (step.type.is_integer()) {
      return ReadInteger(step, step.missing_integer, to);
    } else {
      to.AppendString(step.missing_string);
    }
    return true;
  }

  static ProtoWire WireOf(ProtoKind kind) {
    switch (kind) {
      case ProtoKind::kDouble:
      case ProtoKind::kFixed64:
      case ProtoKind::kSfixed64: return ProtoWire::kFixed64;
      case ProtoKind::kFloat:
      case ProtoKind::kFixed32:
      case ProtoKind::kSfixed32: return ProtoWire::kFixed32;
      case ProtoKind::kString:
      case ProtoKind::kBytes:
      case ProtoKind::kMessage: return ProtoWire::kBytes;
      case ProtoKind::kGroup: return ProtoWire::kGroup;
      default: return ProtoWire::kVarint;
    }
  }
  static bool HasWire(const ProtoStep& step, const ProtoItem& item) {
    return item.wire == WireOf(step.field.kind);
  }
  bool WrongWire(const ProtoStep& step) {
    return Fail("field '" + step.field.name + "' is written as another type than the descriptor's");
  }

  bool ReadRow(const ProtoStep& step, std::string_view bytes, ColumnBuilder& to) {
    if (!ReadMessage(step, bytes, [&to](size_t c) -> ColumnBuilder& { return to.child(c); })) return false;
    to.CloseRow();
    return true;
  }

  bool ReadValue(const ProtoStep& step, ProtoItem item, ColumnBuilder& to) {
    if (!HasWire(step, item)) return WrongWire(step);
    switch (step.field.kind) {
      case ProtoKind::kDouble: to.Append(std::bit_cast<double>(item.bits)); return true;
      case ProtoKind::kFloat: {
        auto value = std::bit_cast<float>(static_cast<uint32_t>(item.bits));
        step.type.is(TypeKind::kFloat) ? to.Append(value) : to.Append(static_cast<double>(value));
        return true;
      }
      case ProtoKind::kBool: to.Append<uint8_t>(item.bits != 0 ? 1 : 0); return true;
      case ProtoKind::kString:
        if (!IsValidUtf8(item.bytes)) return Fail("field '" + step.field.name + "' is no UTF-8");
        to.AppendString(item.bytes);
        return true;
      case ProtoKind::kBytes: to.AppendString(item.bytes); return true;
      case ProtoKind::kMessage:
      case ProtoKind::kGroup: return ReadRow(step, item.bytes, to);
      case ProtoKind::kEnum: return ReadEnum(step, static_cast<int32_t>(item.bits), to);
      case ProtoKind::kInt32:
      case ProtoKind::kSfixed32: return ReadInteger(step, static_cast<int32_t>(item.bits), to);
      case ProtoKind::kUint32:
      case ProtoKind::kFixed32: return ReadInteger(step, static_cast<uint32_t>(item.bits), to);
      case ProtoKind::kSint32: return ReadInteger(step, ProtoUnzigzag(static_cast<uint32_t>(item.bits)), to);
      case ProtoKind::kSint64: return ReadInteger(step, ProtoUnzigzag(item.bits), to);
      case ProtoKind::kUint64:
      case ProtoKind::kFixed64:
        if (static_cast<int64_t>(item.bits) < 0)
          return Fail(std::to_string(item.bits) + " does not fit " + step.type.ToString());
        return ReadInteger(step, static_cast<int64_t>(item.bits), to);
      default: return ReadInteger(step, static_cast<int64_t>(item.bits), to);
    }
  }

  bool ReadInteger(const ProtoStep& step, int64_t value, ColumnBuilder& to) {
    return AppendInteger(value, &to) || Fail(std::to_string(value) + " does not fit " + step.type.ToString());
  }

  // A number that the descriptor does not name is its text.
  bool ReadEnum(const ProtoStep& step, int64_t number, ColumnBuilder& to) {
    if (!step.type.is_character()) return ReadInteger(step, number, to);
    const std::string* name = step.names->Find(number);
    name != nullptr ? to.AppendString(*name) : to.AppendString(std::to_string(number));
    return true;
  }

  std::vector<Occurrence> items_;
  std::vector<Ends> ends_;
  std::string problem_;
};

ProtoDecoder::ProtoDecoder(ProtoSchemaPtr schema, ProtoStep root, const ProtobufOptions& options,
                           OnBadRecord on_bad_record)
    : schema_(std::move(schema)),
      root_(std::move(root)),
      reader_(new Reader()),
      on_bad_record_(options.ignore_parse_errors ? OnBadRecord::kSkip : on_bad_record) {}
ProtoDecoder::~ProtoDecoder() = default;

Status ProtoDecoder::DecodeRecord(std::string_view record, size_t offset, DecodedRows* out) {
  reader_->Reset();
  if (reader_->ReadMessage(root_, record, [out](size_t i) -> ColumnBuilder& { return out->builders[i]; })) {
    out->AddRow();
    return Status::Ok();
  }
  out->DropUnfinishedRow();
  return ReportBadRecord(record, "bad protobuf message: " + reader_->problem(), offset, on_bad_record_, out);
}

}  // namespace penstock
