// JsonWalker: the fast reader of the JSON decoder: it walks the tokens of well-formed lines
// (json_structure.h) and appends the wanted fields to their builders; what nobody wants is stepped over
// without being looked at. It only ever succeeds where the careful reader (json_decoder.cc) gives the same
// row; whatever is unusual (another kind of value, a key twice, bad text) it leaves to that one. Used on the
// decoder's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/column_builder.h"
#include "formats/json/json_fields.h"
#include "formats/json/json_format.h"
#include "formats/json/json_structure.h"

namespace penstock {

// Whether a text is a number as JSON's grammar has it.
bool IsJsonNumber(std::string_view text);

class JsonWalker {
 public:
  // REQUIRES: both outlive the walker.
  JsonWalker(const JsonOptions* options, JsonFields* root) : options_(*options), root_(*root) {}

  // Whether it can read values of all these columns.
  static bool CanRead(const JsonFields& root);

  // Takes whole lines to read from; false when only the careful reader can tell what is wrong with them.
  // REQUIRES: 64 readable bytes behind the text, which outlives the reading.
  bool Start(std::string_view lines);
  // Reads the object that the line [begin, end) of that text consists of into one more value for each
  // builder. False: builders may hold a part of the row. Lines are read in order, none twice.
  // Settle(builders) comes before the builders are used otherwise.
  bool ReadLine(size_t begin, size_t end, std::vector<ColumnBuilder>& builders);
  // Appends the NULLs that wait: of a stream of rows of several types, all columns but one are NULL in every
  // row, and get them in one go.
  void Settle(std::vector<ColumnBuilder>& builders);

 private:
  char Peek() const { return at_ < count_ ? text_[tokens_[at_]] : '\0'; }
  char Take() { return at_ < count_ ? text_[tokens_[at_++]] : '\0'; }
  // The token at the cursor up to the next one, without the blanks between them. REQUIRES: at_ < count_.
  std::string_view Token() const;

  template <typename BuilderAt>
  bool ReadObject(JsonFields& node, const BuilderAt& builder_at);
  int FindChild(JsonFields& node, size_t position);
  bool SkipValue();
  bool ReadValue(JsonFields& node, ColumnBuilder& to);
  bool ReadRow(JsonFields& node, ColumnBuilder& to);
  void SettleNode(JsonFields& node, ColumnBuilder& to) const;
  bool ReadArray(JsonFields& node, ColumnBuilder& to);
  bool ReadString(const JsonFields& node, std::string_view text, ColumnBuilder& to);
  bool ReadTimestamp(const DataType& type, std::string_view text, ColumnBuilder& to);
  bool ReadBare(const JsonFields& node, std::string_view token, ColumnBuilder& to);

  const JsonOptions& options_;
  JsonFields& root_;
  JsonStructure structure_;
  const char* text_ = nullptr;
  const uint32_t* tokens_ = nullptr;
  size_t count_ = 0;
  size_t at_ = 0;
  std::string scratch_;
  ColumnPtr null_ = Column::Constant(DataType::Boolean(), Value::Null(), 1);
  char date_[10] = {};  // the date parsed last, and its first microsecond
  int64_t date_micros_ = 0;
};

}  // namespace penstock
