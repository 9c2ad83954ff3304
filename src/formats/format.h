// Format: what stands behind the option `format`: which options it takes, which columns it can carry, and its
// decoders and encoders. Connectors look formats up by name; a new format is one class and one line in
// format.cc.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "data/data_type.h"
#include "data/datetime.h"
#include "formats/bulk_format.h"
#include "formats/decoder.h"
#include "formats/encoder.h"
#include "table/changelog_mode.h"
#include "table/connector_descriptor.h"
#include "table/schema_registry.h"
#include "table/table.h"

namespace penstock {

// What a format needs to know of a table.
struct FormatRequest {
  std::string prefix;          // of its option keys as the user writes them: "json.", "value.json."
  Options options;             // without the prefix
  std::vector<Field> columns;  // wanted by the reader, or to be written, in the order of the rows
  std::vector<Field> stored;   // all columns that a record has, in declared order (positional formats)
  // Keys of the format's metadata that the last of `columns` are read from, in their order.
  std::vector<std::string> metadata_keys;
  const TimeZone* zone = &TimeZone::Utc();  // of the session: for metadata instants read as TIMESTAMP
  OnBadRecord on_bad_record = OnBadRecord::kFail;
  std::string file;                          // content of the file that Format::file_option() names
  std::shared_ptr<SchemaRegistry> registry;  // for decoders and encoders of formats that need one

  // How many of `columns` are no metadata.
  size_t physical_columns() const { return columns.size() - metadata_keys.size(); }
  std::string option(const std::string& key, const std::string& fallback = "") const;
  // Reads a boolean option; anything but true and false is an error that names the key.
  Result<bool> BoolOption(const std::string& key, bool fallback) const;
  // An error about one option: "option 'json.x' is a|b, not 'c'".
  Status BadOption(const std::string& key, const std::string& expected) const;
};

class Format {
 public:
  virtual ~Format() = default;
  // The value of the option `format`, also the prefix of its options.
  virtual std::string name() const = 0;
  // Keys of its options without the prefix.
  virtual std::vector<std::string> options() const = 0;
  // Checks values of options and types of columns; called when a statement is validated.
  virtual Status Check(const FormatRequest& request) const = 0;
  // Kinds of changes its records stand for when read, and takes when written.
  virtual ChangelogMode read_mode() const { return ChangelogMode::InsertOnly(); }
  virtual ChangelogMode write_mode() const { return ChangelogMode::InsertOnly(); }
  // Whether its decoder takes ROW columns whose types lack some of the fields that records have, at any
  // depth.
  virtual bool nested_projection(const FormatRequest&) const { return false; }
  // What its records tell besides the columns; connectors offer it as 'value.KEY'.
  virtual std::vector<MetadataColumn> metadata() const { return {}; }
  // True: files are read and written whole, by the two bulk methods.
  virtual bool bulk() const { return false; }
  // True: it has records that stand for themselves, such as messages; files too, unless it is bulk().
  virtual bool records() const { return !bulk(); }
  // False: its records cannot be told apart in a file.
  virtual bool files() const { return true; }
  // An option that names a local file whose content FormatRequest::file has to be; "" for none.
  virtual std::string file_option() const { return ""; }
  // True: FormatRequest::registry has to be set before a decoder or encoder is made.
  virtual bool needs_registry() const { return false; }

  virtual Result<std::unique_ptr<Decoder>> NewDecoder(const FormatRequest& request) const = 0;
  virtual Result<std::unique_ptr<Encoder>> NewEncoder(const FormatRequest& request) const = 0;
  // REQUIRES: bulk(). Source and sink outlive what is made.
  virtual Result<std::unique_ptr<BulkReader>> NewBulkReader(const FormatRequest&, ByteSource*) const;
  virtual Result<std::unique_ptr<BulkWriter>> NewBulkWriter(const FormatRequest&, ByteSink*) const;
};

// The format of that name, or a numbered error with the known names. Formats live as long as the process.
Result<const Format*> FindFormat(const std::string& name);
std::vector<std::string> FormatNames();

// The request for the format named by option `key` of a table ("format", "value.format", "key.format"): its
// options are those below "json.", "value.json.", ...; `format` is also found under "value.format" and the
// other way round. Columns are left empty.
FormatRequest RequestOf(const Options& options, const std::string& key, const Format& format);
// The keys a connector has to allow for that format: "json.fail-on-missing-field", ...
std::vector<std::string> FormatOptionKeys(const std::string& key, const Format& format);

}  // namespace penstock
