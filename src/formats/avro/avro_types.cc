// Columns to schemas.
#include "formats/avro/avro_types.h"

namespace penstock {

namespace {

class SchemaMaker {
 public:
  SchemaMaker(AvroTimestamps timestamps, AvroSchema* schema) : timestamps_(timestamps), schema_(*schema) {}

  Result<int> MakeRecord(const std::vector<Field>& fields, const std::string& name) {
    AvroType record;
    record.kind = AvroKind::kRecord;
    record.name = name;
    int index = schema_.Add(record);
    for (const Field& field : fields) {
      if (!IsAvroName(field.name)) {
        return SqlError(ErrorNumber::kTypeMismatch, {}, "Avro has no field named '" + field.name + "'",
                        "names have letters, digits and _ only; rename the column");
      }
      AvroField made;
      made.name = field.name;
      Result<int> type = Make(field.type, name + "_" + field.name);
      if (!type) return std::move(type.status()).WithContext("column '" + field.name + "'");
      made.type = *type;
      if (field.type.nullable()) made.default_json = "null";
      record.fields.push_back(std::move(made));
    }
    schema_.Replace(index, std::move(record));
    return index;
  }

 private:
  Result<int> Make(const DataType& type, const std::string& name) {
    int null = type.nullable() ? Primitive(AvroKind::kNull) : -1;
    ASSIGN_OR_RETURN(int value, MakeValue(type, name));
    if (null < 0) return value;
    AvroType either;
    either.kind = AvroKind::kUnion;
    either.children = {null, value};
    return schema_.Add(std::move(either));
  }

  int Primitive(AvroKind kind, AvroLogical logical = AvroLogical::kNone) {
    AvroType type;
    type.kind = kind;
    type.logical = logical;
    return schema_.Add(std::move(type));
  }

  static Status NoForm(const DataType& type, const std::string& hint = "") {
    return SqlError(ErrorNumber::kTypeMismatch, {}, "Avro has no form for " + type.ToString(), hint);
  }

  Result<int> MakeTimestamp(const DataType& type) {
    bool local = type.is(TypeKind::kTimestamp);
    bool legacy = timestamps_ == AvroTimestamps::kLegacy;
    int most = legacy ? 3 : 6;
    if (legacy && !local)
      return NoForm(type, "set the format's option 'timestamp_mapping.legacy' to 'false'");
    if (type.precision() > most) {
      return NoForm(type, "the most precise is " + std::to_string(most) + " digits" +
                              (legacy ? ", or 6 with the option 'timestamp_mapping.legacy' = 'false'" : ""));
    }
    if (type.precision() <= 3)
      return Primitive(AvroKind::kLong,
                       local && !legacy ? AvroLogical::kLocalTimestampMillis : AvroLogical::kTimestampMillis);
    return Primitive(AvroKind::kLong,
                     local ? AvroLogical::kLocalTimestampMicros : AvroLogical::kTimestampMicros);
  }

  Result<int> MakeList(AvroKind kind, const DataType& element, const std::string& name) {
    AvroType list;
    list.kind = kind;
    ASSIGN_OR_RETURN(int child, Make(element, name));
    list.children = {child};
    return schema_.Add(std::move(list));
  }

  Result<int> MakeMap(const DataType& key, const DataType& value, const DataType& type,
                      const std::string& name) {
    if (key.is_character()) return MakeList(AvroKind::kMap, value, name);
    return SqlError(ErrorNumber::kTypeMismatch, {},
                    "Avro format doesn't support non-string as key type of map. The key type of " +
                        type.ToString() + " is " + key.ToString());
  }

  Result<int> MakeValue(const DataType& type, const std::string& name) {
    switch (type.kind()) {
      case TypeKind::kBoolean: return Primitive(AvroKind::kBoolean);
      case TypeKind::kTinyInt:
      case TypeKind::kSmallInt:
      case TypeKind::kInt: return Primitive(AvroKind::kInt);
      case TypeKind::kBigInt: return Primitive(AvroKind::kLong);
      case TypeKind::kFloat: return Primitive(AvroKind::kFloat);
      case TypeKind::kDouble: return Primitive(AvroKind::kDouble);
      case TypeKind::kChar:
      case TypeKind::kVarChar: return Primitive(AvroKind::kString);
      case TypeKind::kBinary:
      case TypeKind::kVarBinary: return Primitive(AvroKind::kBytes);
      case TypeKind::kDate: return Primitive(AvroKind::kInt, AvroLogical::kDate);
      case TypeKind::kTime:
        if (type.precision() > 3) return NoForm(type, "the most precise is TIME(3)");
        return Primitive(AvroKind::kInt, AvroLogical::kTimeMillis);
      case TypeKind::kTimestamp:
      case TypeKind::kTimestampLtz: return MakeTimestamp(type);
      case TypeKind::kDecimal: {
        AvroType decimal;
        decimal.kind = AvroKind::kBytes;
        decimal.logical = AvroLogical::kDecimal;
        decimal.precision = type.precision();
        decimal.scale = type.scale();
        return schema_.Add(std::move(decimal));
      }
      case TypeKind::kArray: return MakeList(AvroKind::kArray, type.element(), name);
      case TypeKind::kMap: return MakeMap(type.map_key(), type.map_value(), type, name);
      case TypeKind::kMultiset: return MakeMap(type.element(), DataType::Int().NotNull(), type, name);
      case TypeKind::kRow: return MakeRecord(type.fields(), name);
      default: return NoForm(type);
    }
  }

  AvroTimestamps timestamps_;
  AvroSchema& schema_;
};

}  // namespace

Result<AvroSchemaPtr> AvroSchemaOf(const std::vector<Field>& columns, AvroTimestamps timestamps,
                                   const std::string& name) {
  auto schema = std::make_shared<AvroSchema>();
  ASSIGN_OR_RETURN(int root, SchemaMaker(timestamps, schema.get()).MakeRecord(columns, name));
  schema->SetRoot(root);
  return AvroSchemaPtr(std::move(schema));
}

}  // namespace penstock
