// Writing messages straight from columns.
// Step 10 of a record's way (docs/ARCHITECTURE.md).
#include "formats/protobuf/proto_encoder.h"

#include <bit>

#include "formats/protobuf/proto_wire.h"
#include "formats/text_values.h"

namespace penstock {

namespace {

Status Wrong(const ProtoStep& step, const std::string& problem) {
  return SqlError(ErrorNumber::kRuntime, {},
                  "cannot write field '" + step.field.name + "' as protobuf: " + problem);
}

class MessageWriter {
 public:
  MessageWriter(const ProtobufOptions& options, std::string* out) : options_(options), out_(*out) {}

  template <typename ColumnAt>
  Status Write(const ProtoStep& step, const ColumnAt& column_at, int64_t row) {
    for (size_t i = 0; i < step.children.size(); ++i)
      RETURN_IF_ERROR(WriteField(step.children[i], column_at(i), row));
    return Status::Ok();
  }

 private:
  Status WriteField(const ProtoStep& step, const Column& column, int64_t row) {
    if (column.IsNull(row))
      return step.field.required ? Wrong(step, "NULL for a required field") : Status::Ok();
    switch (step.shape) {
      case ProtoStep::Shape::kList: return WriteList(step, column, row);
      case ProtoStep::Shape::kMap: return WriteMap(step, column, row);
      case ProtoStep::Shape::kOne: break;
    }
    size_t before = out_.size();
    WriteTag(step);
    size_t value = out_.size();
    RETURN_IF_ERROR(WriteValue(step, column, row));
    // The default of every kind is written as zeros, and nothing else is.
    bool zero = out_.find_first_not_of('\0', value) == std::string::npos;
    bool message = step.type.is(TypeKind::kRow);
    if (zero && !step.field.presence && !message) out_.resize(before);
    return Status::Ok();
  }

  void WriteTag(const ProtoStep& step) {
    ProtoWire wire = ProtoWire::kVarint;
    switch (step.field.kind) {
      case ProtoKind::kDouble:
      case ProtoKind::kFixed64:
      case ProtoKind::kSfixed64: wire = ProtoWire::kFixed64; break;
      case ProtoKind::kFloat:
      case ProtoKind::kFixed32:
      case ProtoKind::kSfixed32: wire = ProtoWire::kFixed32; break;
      case ProtoKind::kString:
      case ProtoKind::kBytes:
      case ProtoKind::kMessage: wire = ProtoWire::kBytes; break;
      case ProtoKind::kGroup: wire = ProtoWire::kGroup; break;
      default: break;
    }
    AppendProtoTag(step.field.number, wire, &out_);
  }

  Status WriteList(const ProtoStep& step, const Column& column, int64_t row) {
    const Column& items = *column.child(0);
    const ProtoStep& element = step.children[0];
    int32_t begin = column.ListBegin(row), end = column.ListEnd(row);
    if (begin == end) return Status::Ok();
    if (!step.field.packed) {
      for (int32_t i = begin; i < end; ++i) {
        WriteTag(element);
        RETURN_IF_ERROR(WriteElement(element, items, i));
      }
      return Status::Ok();
    }
    std::string packed;
    MessageWriter inner(options_, &packed);
    for (int32_t i = begin; i < end; ++i) RETURN_IF_ERROR(inner.WriteElement(element, items, i));
    AppendProtoTag(step.field.number, ProtoWire::kBytes, &out_);
    AppendProtoBytes(packed, &out_);
    return Status::Ok();
  }

  Status WriteMap(const ProtoStep& step, const Column& column, int64_t row) {
    std::string entry;
    for (int32_t i = column.ListBegin(row); i < column.ListEnd(row); ++i) {
      entry.clear();
      MessageWriter inner(options_, &entry);
      for (size_t part = 0; part < 2; ++part) {
        inner.WriteTag(step.children[part]);
        RETURN_IF_ERROR(inner.WriteElement(step.children[part], *column.child(part), i));
      }
      AppendProtoTag(step.field.number, ProtoWire::kBytes, &out_);
      AppendProtoBytes(entry, &out_);
    }
    return Status::Ok();
  }

  // Of a list or map: there is no NULL, so it becomes the option's text or the default.
  Status WriteElement(const ProtoStep& step, const Column& column, int64_t row) {
    if (!column.IsNull(row)) return WriteValue(step, column, row);
    switch (step.field.kind) {
      case ProtoKind::kString:
      case ProtoKind::kBytes: AppendProtoBytes(options_.null_string, &out_); break;
      case ProtoKind::kDouble:
      case ProtoKind::kFixed64:
      case ProtoKind::kSfixed64: AppendProtoFixed<uint64_t>(0, &out_); break;
      case ProtoKind::kFloat:
      case ProtoKind::kFixed32:
      case ProtoKind::kSfixed32: AppendProtoFixed<uint32_t>(0, &out_); break;
      case ProtoKind::kGroup: AppendProtoTag(step.field.number, ProtoWire::kEndGroup, &out_); break;
      default: AppendProtoVarint(0, &out_);
    }
    return Status::Ok();
  }

  Status WriteRow(const ProtoStep& step, const Column& column, int64_t row) {
    auto column_at = [&column](size_t i) -> const Column& { return *column.child(i); };
    if (step.field.kind == ProtoKind::kGroup) {
      RETURN_IF_ERROR(Write(step, column_at, column.position(row)));
      AppendProtoTag(step.field.number, ProtoWire::kEndGroup, &out_);
      return Status::Ok();
    }
    std::string message;
    RETURN_IF_ERROR(MessageWriter(options_, &message).Write(step, column_at, column.position(row)));
    AppendProtoBytes(message, &out_);
    return Status::Ok();
  }

  Status WriteValue(const ProtoStep& step, const Column& column, int64_t row) {
    switch (step.field.kind) {
      case ProtoKind::kDouble: AppendProtoFixed(column.At<double>(row), &out_); break;
      case ProtoKind::kFloat:
        AppendProtoFixed(step.type.is(TypeKind::kFloat) ? column.At<float>(row)
                                                        : static_cast<float>(column.At<double>(row)),
                         &out_);
        break;
      case ProtoKind::kBool: out_.push_back(column.At<uint8_t>(row) != 0 ? 1 : 0); break;
      case ProtoKind::kString:
      case ProtoKind::kBytes: AppendProtoBytes(column.StringAt(row), &out_); break;
      case ProtoKind::kMessage:
      case ProtoKind::kGroup: return WriteRow(step, column, row);
      case ProtoKind::kEnum: return WriteEnum(step, column, row);
      default: return WriteInteger(step, IntegerAt(column, row));
    }
    return Status::Ok();
  }

  Status WriteEnum(const ProtoStep& step, const Column& column, int64_t row) {
    if (!step.type.is_character()) return WriteInteger(step, IntegerAt(column, row));
    std::string_view text = column.StringAt(row);
    for (const auto& [number, name] : step.names->values) {
      if (name == text) return WriteInteger(step, number);
    }
    return Wrong(step, "enum '" + step.names->name + "' has no '" + std::string(text) + "'");
  }

  Status WriteInteger(const ProtoStep& step, int64_t value) {
    bool is_unsigned = step.field.kind == ProtoKind::kUint32 || step.field.kind == ProtoKind::kFixed32;
    bool narrow = step.field.kind == ProtoKind::kInt32 || step.field.kind == ProtoKind::kSint32 ||
                  step.field.kind == ProtoKind::kSfixed32 || step.field.kind == ProtoKind::kEnum;
    bool positive =
        is_unsigned || step.field.kind == ProtoKind::kUint64 || step.field.kind == ProtoKind::kFixed64;
    if ((narrow && value != static_cast<int32_t>(value)) || (is_unsigned && value > int64_t{UINT32_MAX}) ||
        (positive && value < 0)) {
      return Wrong(step, std::to_string(value) + " is out of its range");
    }
    switch (step.field.kind) {
      case ProtoKind::kFixed32:
      case ProtoKind::kSfixed32: AppendProtoFixed(static_cast<uint32_t>(value), &out_); break;
      case ProtoKind::kFixed64:
      case ProtoKind::kSfixed64: AppendProtoFixed(static_cast<uint64_t>(value), &out_); break;
      case ProtoKind::kSint32:
      case ProtoKind::kSint64: AppendProtoVarint(ProtoZigzag(value), &out_); break;
      default: AppendProtoVarint(static_cast<uint64_t>(value), &out_);
    }
    return Status::Ok();
  }

  const ProtobufOptions& options_;
  std::string& out_;
};

}  // namespace

Status ProtoEncoder::EncodeRow(const Batch& batch, int64_t row, std::string* out) {
  return MessageWriter(options_, out)
      .Write(
          root_, [&batch](size_t i) -> const Column& { return *batch.columns[i]; }, row);
}

}  // namespace penstock
