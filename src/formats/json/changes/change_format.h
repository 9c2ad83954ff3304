// The formats canal-json, maxwell-json and ogg-json: changes of databases as the records of Canal, Maxwell
// and Oracle GoldenGate (docs/reference/formats/). They differ in names and in how an update tells the old
// row; ChangeDialect says how. Reading and writing are those of Flink's formats of these names.
#pragma once

#include "formats/json/json_format.h"

namespace penstock {

enum class ChangeTool : uint8_t { kCanal, kMaxwell, kOgg };

// How a piece of metadata is written in a record.
enum class ChangeMetadataKind : uint8_t {
  kText,       // a string
  kTexts,      // an array of strings
  kNumbers,    // an object of numbers: MAP<STRING, INT>
  kMillis,     // since 1970
  kSeconds,    // since 1970
  kTimestamp,  // "2020-05-13 13:39:35.766000", 'T' for the blank, UTC
};

struct ChangeMetadata {
  MetadataColumn column;
  std::string field;  // of the record
  ChangeMetadataKind kind;
};

struct ChangeDialect {
  ChangeTool tool;
  const char* name;       // of the format
  const char* operation;  // the field that says what happened
  const char *inserted, *updated, *deleted;
  std::vector<ChangeMetadata> metadata;

  static const ChangeDialect& Of(ChangeTool tool);
};

class ChangeFormat : public Format {
 public:
  explicit ChangeFormat(ChangeTool tool) : dialect_(ChangeDialect::Of(tool)) {}
  std::string name() const override { return dialect_.name; }
  std::vector<std::string> options() const override;
  Status Check(const FormatRequest& request) const override;
  ChangelogMode read_mode() const override { return ChangelogMode::All(); }
  ChangelogMode write_mode() const override { return ChangelogMode::All(); }
  bool nested_projection(const FormatRequest&) const override { return true; }
  std::vector<MetadataColumn> metadata() const override;
  Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const override;
  Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const override;

 private:
  const ChangeDialect& dialect_;
};

}  // namespace penstock
