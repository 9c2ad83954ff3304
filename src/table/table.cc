// Schemas derived from a table's columns.
#include "table/table.h"

namespace penstock {

Schema Table::schema() const {
  Schema schema;
  for (size_t i = 0; i < columns.size(); ++i) {
    DataType type = columns[i].type;
    if (watermark && watermark->column == static_cast<int>(i))
      type = type.WithTimeAttribute(TimeAttribute::kRowtime);
    schema.Add({columns[i].name, type});
  }
  return schema;
}

std::vector<int> Table::sink_columns() const {
  std::vector<int> indices;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].writable()) indices.push_back(static_cast<int>(i));
  }
  return indices;
}

Schema Table::sink_schema() const {
  Schema schema;
  for (int i : sink_columns()) {
    const TableColumn& column = columns[static_cast<size_t>(i)];
    schema.Add({column.name, column.type});
  }
  return schema;
}

std::string Table::option(const std::string& key, const std::string& fallback) const {
  auto it = options.find(key);
  return it == options.end() ? fallback : it->second;
}

}  // namespace penstock
