// The table is small: rows are kept as values and as columns, the index maps encoded keys to row numbers.
#include "connectors/values/values_lookup.h"

#include <algorithm>
#include <unordered_map>

#include "base/strings.h"
#include "data/key_codec.h"
#include "data/row_codec.h"
#include "formats/json/changelog_row.h"

namespace penstock {

namespace {

class ValuesLookup : public LookupReader {
 public:
  ValuesLookup(LookupSpec spec, const LookupContext& context)
      : spec_(std::move(spec)), files_(context.files), codec_(KeyTypes(spec_)) {}

  Status Lookup(const std::vector<ColumnPtr>& keys, int64_t rows, std::span<ColumnBuilder> out,
                std::vector<int32_t>* key_rows) override {
    if (!loaded_) RETURN_IF_ERROR(Load());
    std::string key;
    for (int64_t row = 0; row < rows; ++row) {
      if (std::any_of(keys.begin(), keys.end(), [&](const ColumnPtr& c) { return c->IsNull(row); })) continue;
      key.clear();
      codec_.EncodeRow(keys, row, &key);
      auto found = index_.find(key);
      if (found == index_.end()) continue;
      for (int32_t match : found->second) {
        for (size_t c = 0; c < out.size(); ++c) out[c].AppendFrom(*columns_[c], match);
        key_rows->push_back(static_cast<int32_t>(row));
      }
    }
    return Status::Ok();
  }

 private:
  static std::vector<DataType> KeyTypes(const LookupSpec& spec) {
    std::vector<DataType> types;
    for (int key : spec.keys) types.push_back(spec.table.columns[static_cast<size_t>(key)].type);
    return types;
  }

  // Takes the first kept row out that equals `row` on the primary key, or as a whole where there is none.
  static void Remove(const ValueRow& row, const std::vector<size_t>& primary_key,
                     std::vector<ValueRow>* rows) {
    auto same = [&](const ValueRow& other) {
      if (primary_key.empty()) return std::equal(row.begin(), row.end(), other.begin());
      return std::all_of(primary_key.begin(), primary_key.end(),
                         [&](size_t k) { return row[k] == other[k]; });
    };
    auto found = std::find_if(rows->begin(), rows->end(), same);
    if (found != rows->end()) rows->erase(found);
  }

  Result<std::vector<ValueRow>> ReadRows(const std::vector<size_t>& primary_key) {
    ASSIGN_OR_RETURN(std::string text, ReadFile(*files_, spec_.table.option("path")));
    std::vector<DataType> types;
    for (const TableSpecColumn& column : spec_.table.stored) types.push_back(column.type);
    ChangelogRowParser parser(types);
    std::vector<ValueRow> rows;
    for (size_t at = 0; at < text.size();) {
      size_t end = std::min(text.find('\n', at), text.size());
      std::string_view line = TrimSpace(std::string_view(text).substr(at, end - at));
      at = end + 1;
      if (line.empty()) continue;
      Result<ChangelogRow> row = parser.Parse(line);
      if (!row) return Status(row.error()).WithContext(spec_.table.option("path"));
      bool replaces = row->kind == RowKind::kUpdateAfter && !primary_key.empty();
      if (!IsAdd(row->kind) || replaces) Remove(row->values, primary_key, &rows);
      if (IsAdd(row->kind)) rows.push_back(std::move(row->values));
    }
    return rows;
  }

  Status Load() {
    loaded_ = true;
    std::vector<size_t> stored;  // of each column
    std::vector<DataType> types;
    for (const TableSpecColumn& column : spec_.table.columns) {
      types.push_back(column.type);
      for (size_t i = 0; i < spec_.table.stored.size(); ++i) {
        if (spec_.table.stored[i].name == column.name) stored.push_back(i);
      }
    }
    std::vector<size_t> primary_key;
    for (int key : spec_.table.primary_key) primary_key.push_back(stored[static_cast<size_t>(key)]);
    ASSIGN_OR_RETURN(std::vector<ValueRow> rows, ReadRows(primary_key));
    std::vector<ColumnBuilder> builders = MakeBuilders(types);
    for (const ValueRow& row : rows) {
      for (size_t c = 0; c < builders.size(); ++c) builders[c].AppendValue(row[stored[c]]);
    }
    columns_ = FinishBuilders(builders);
    std::vector<ColumnPtr> keys;
    for (int key : spec_.keys) keys.push_back(columns_[static_cast<size_t>(key)]);
    for (size_t i = 0; i < rows.size(); ++i) {
      std::string key;
      codec_.EncodeRow(keys, static_cast<int64_t>(i), &key);
      index_[key].push_back(static_cast<int32_t>(i));
    }
    return Status::Ok();
  }

  LookupSpec spec_;
  FileSystem* files_;
  KeyCodec codec_;
  bool loaded_ = false;
  std::vector<ColumnPtr> columns_;
  std::unordered_map<std::string, std::vector<int32_t>> index_;
};

}  // namespace

Result<std::unique_ptr<LookupReader>> MakeValuesLookup(const LookupSpec& spec, const LookupContext& context) {
  return std::unique_ptr<LookupReader>(new ValuesLookup(spec, context));
}

}  // namespace penstock
