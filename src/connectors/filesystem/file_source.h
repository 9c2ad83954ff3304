// FileSource: a table over files, one split a file. The position of a split is exact: a byte offset of the
// (decompressed) file, or row group and row of a bulk format.
#pragma once

#include "stream/source.h"
#include "stream/table_spec.h"

namespace penstock {

class FileSource : public Source {
 public:
  explicit FileSource(TableSpec spec) : spec_(std::move(spec)) {}
  Result<std::unique_ptr<SplitEnumerator>> MakeEnumerator(const SourceContext& context) override;
  Result<std::unique_ptr<SplitReader>> MakeReader(const SourceContext& context) override;

 private:
  TableSpec spec_;
};

}  // namespace penstock
