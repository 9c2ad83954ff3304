// KafkaRowDecoder: records to rows: the value through its format, the key through its own where columns come
// from it, and metadata. Step 1 of a record's way hands bytes over here. Owned by one reader.
#pragma once

#include <memory>

#include "connectors/kafka/kafka_row_layout.h"
#include "data/datetime.h"

namespace penstock {

class KafkaRowDecoder {
 public:
  static Result<std::unique_ptr<KafkaRowDecoder>> Make(const TableSpec& spec, const KafkaOptions& options,
                                                       const TimeZone* zone);

  // Decodes messages [0, count) of a fetch of `partition`; the rows are in Take().
  Status Decode(const KafkaFetch& fetch, size_t count, const KafkaPartition& partition);
  int64_t rows() const { return value_rows_.rows; }
  Batch Take();
  // Bad records so far, and the rows kept of them since the last call.
  int64_t bad_count() const { return value_rows_.bad.count() + key_rows_.bad.count(); }
  int64_t bad_fields() const { return value_rows_.bad.fields() + key_rows_.bad.fields(); }
  Batch TakeBadRows() {
    Batch bad = value_rows_.bad.Take();
    return bad.rows > 0 ? bad : key_rows_.bad.Take();
  }

 private:
  KafkaRowDecoder(KafkaRowLayout layout, const KafkaOptions& options, bool keep_bad, const TimeZone* zone);
  Status DecodeMessage(const KafkaFetch& fetch, size_t index, const KafkaPartition& partition);
  // Appends one row of key columns; false where the record has none.
  Result<bool> DecodeKey(const KafkaMessage& message);
  Status DecodeValue(const KafkaMessage& message);
  void AppendMetadata(const KafkaColumn& column, const KafkaFetch& fetch, size_t index,
                      const KafkaPartition& partition, ColumnBuilder* to);
  std::string_view Padded(std::string_view bytes);

  KafkaRowLayout layout_;
  bool has_key_;  // the table declares a key: records without one are skipped, as in Flink
  bool upsert_;   // records set or, without a value, delete their key
  const TimeZone* zone_;
  std::unique_ptr<Decoder> value_decoder_, key_decoder_;
  DecodedRows value_rows_, key_rows_;
  std::vector<RowKind> kinds_;           // of upserts
  std::vector<ColumnBuilder> metadata_;  // by column, unused ones stay empty
  std::string scratch_;
};

}  // namespace penstock
