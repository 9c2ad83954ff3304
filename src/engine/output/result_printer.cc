// The output formats.
#include "engine/output/result_printer.h"

#include <vector>

#include "base/strings.h"
#include "data/value_text.h"
#include "engine/output/live_table.h"
#include "engine/output/result_stream.h"
#include "engine/output/table_printer.h"

namespace penstock {

namespace {

void PrintNotice(int statement, const std::string& text, std::FILE* err) {
  std::string line = "note on statement " + std::to_string(statement) + ": " + text + "\n";
  std::fwrite(line.data(), 1, line.size(), err);
}

// The events of the driver contract.
class JsonPrinter : public ResultHandler {
 public:
  JsonPrinter(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}
  Status status() const override { return out_.status(); }
  int64_t status_interval_ms() const override { return kStatusMillis; }
  void OnColumns(int statement, const Schema& schema) override {
    types_ = schema.types();
    std::string line = "{\"statement\":" + std::to_string(statement) + ",\"columns\":[";
    for (int i = 0; i < schema.size(); ++i) {
      if (i > 0) line += ",";
      line += "{\"name\":" + QuoteJson(schema[i].name) + ",\"type\":" + QuoteJson(schema[i].type.ToString()) +
              "}";
    }
    out_.Write(line + "]}\n");
  }
  void OnRows(int, const Batch& batch) override {
    std::string lines;
    for (int64_t row = 0; row < batch.rows; ++row) {
      ValueRow values = batch.RowAt(row);
      lines += std::string("{\"kind\":\"") + RowKindText(batch.kind(row)) + "\",\"row\":[";
      for (size_t i = 0; i < values.size(); ++i) {
        if (i > 0) lines += ",";
        lines += ValueToJson(values[i], types_[i]);
      }
      lines += "]}\n";
    }
    out_.Write(lines);
    out_.Flush();
  }
  void OnOk(int statement) override {
    out_.Write("{\"statement\":" + std::to_string(statement) + ",\"status\":\"ok\"}\n");
    out_.Flush();
  }
  void OnError(int statement, StatementPhase phase, const Status& status) override {
    out_.Write("{\"statement\":" + std::to_string(statement) + ",\"status\":\"error\",\"phase\":\"" +
               PhaseName(phase) + "\",\"message\":" + QuoteJson(status.ToString()) + "}\n");
    out_.Flush();
  }

  void OnNotice(int statement, const std::string& text) override { PrintNotice(statement, text, err_); }

 private:
  ResultStream out_;
  std::FILE* err_;
  std::vector<DataType> types_;
};

// Shared by the text formats: errors on standard error.
class TextPrinter : public ResultHandler {
 public:
  TextPrinter(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}
  void OnColumns(int, const Schema& schema) override { schema_ = schema; }
  Status status() const override { return out_.status(); }
  int64_t status_interval_ms() const override { return kStatusMillis; }
  void OnOk(int) override { out_.Flush(); }
  void OnNotice(int statement, const std::string& text) override { PrintNotice(statement, text, err_); }
  void OnError(int statement, StatementPhase phase, const Status& status) override {
    out_.Flush();
    std::string text = ErrorLine(statement, phase, status);
    std::fwrite(text.data(), 1, text.size(), err_);
  }

 protected:
  std::vector<std::string> Cells(const Batch& batch, int64_t row) const {
    std::vector<std::string> cells;
    for (int i = 0; i < schema_.size(); ++i) {
      cells.push_back(CellText(batch.column(i)->ValueAt(row), schema_[i].type));
    }
    return cells;
  }
  ResultStream out_;
  std::FILE* err_;
  Schema schema_;
};

class CsvPrinter : public TextPrinter {
 public:
  using TextPrinter::TextPrinter;
  void OnColumns(int statement, const Schema& schema) override {
    TextPrinter::OnColumns(statement, schema);
    std::vector<std::string> names = {"op"};
    for (const Field& field : schema.fields()) names.push_back(Quote(field.name));
    out_.Write(Join(names, ",") + "\n");
  }
  void OnRows(int, const Batch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      std::vector<std::string> cells = {RowKindText(batch.kind(row))};
      for (int i = 0; i < schema_.size(); ++i) {
        Value value = batch.column(i)->ValueAt(row);
        bool bytes = schema_[i].type.is_binary();  // line ends in texts are kept
        cells.push_back(value.is_null() ? ""
                        : bytes         ? CellText(value, schema_[i].type)
                                        : Quote(ValueToText(value, schema_[i].type, TimeZone::Utc())));
      }
      out_.Write(Join(cells, ",") + "\n");
    }
    out_.Flush();
  }

 private:
  static std::string Quote(const std::string& text) {
    if (text.find_first_of(",\"\n\r") == std::string::npos && !text.empty()) return text;
    std::string out = "\"";
    for (char c : text) {
      if (c == '"') out.push_back('"');
      out.push_back(c);
    }
    return out + "\"";
  }
};

class ChangelogPrinter : public TextPrinter {
 public:
  using TextPrinter::TextPrinter;
  void OnColumns(int statement, const Schema& schema) override {
    TextPrinter::OnColumns(statement, schema);
    std::string header = "op";
    for (const Field& field : schema.fields()) header += " | " + field.name;
    out_.Write(header + "\n");
  }
  void OnRows(int, const Batch& batch) override {
    for (int64_t row = 0; row < batch.rows; ++row) {
      out_.Write(std::string(RowKindText(batch.kind(row))) + " | " + Join(Cells(batch, row), " | ") + "\n");
    }
    out_.Flush();
  }
};

}  // namespace

std::unique_ptr<ResultHandler> MakePrinter(const std::string& format, std::FILE* out, std::FILE* err) {
  if (format == "json") return std::make_unique<JsonPrinter>(out, err);
  if (format == "csv") return std::make_unique<CsvPrinter>(out, err);
  if (format == "changelog") return std::make_unique<ChangelogPrinter>(out, err);
  if (format == "table") return std::make_unique<TablePrinter>(out, err);
  return nullptr;
}

}  // namespace penstock
