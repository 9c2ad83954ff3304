// The ceiling of the queries over JSON files: simdjson alone over the same file, nothing kept. Prints one
// line of JSON per loop with core seconds and events. `fields`: one record per parse, every field of every
// record is read, as a row decoder must; `batched`: simdjson's stream of documents, three fields of the bids.
// usage: penstock_bench_json FILE RUNS
#include <simdjson.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "env/files/file_system.h"

namespace {

namespace ondemand = simdjson::ondemand;

struct Sums {
  int64_t events = 0;
  uint64_t check = 0;  // what was read must be used
};

void Visit(ondemand::value value, Sums* sums) {
  switch (value.type().value()) {
    case ondemand::json_type::object:
      for (auto field : value.get_object()) {
        sums->check += field.unescaped_key().value().size();
        Visit(field.value(), sums);
      }
      break;
    case ondemand::json_type::array:
      for (auto element : value.get_array()) Visit(element.value(), sums);
      break;
    case ondemand::json_type::number: sums->check += static_cast<uint64_t>(value.get_int64().value()); break;
    case ondemand::json_type::string: sums->check += value.get_string().value().size(); break;
    default: ++sums->check; break;
  }
}

Sums EveryField(const simdjson::padded_string& text) {
  Sums sums;
  ondemand::parser parser;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at < end) {
    const auto* line = static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (line == nullptr) line = end;
    auto length = static_cast<size_t>(line - at);
    auto room = static_cast<size_t>(end - at) + simdjson::SIMDJSON_PADDING;
    ondemand::document record = parser.iterate(at, length, room);
    for (auto field : record.get_object()) {
      sums.check += field.unescaped_key().value().size();
      Visit(field.value(), &sums);
    }
    ++sums.events;
    at = line + 1;
  }
  return sums;
}

Sums ThreeFields(const simdjson::padded_string& text) {
  Sums sums;
  ondemand::parser parser;
  ondemand::document_stream records = parser.iterate_many(text, 1 << 20);
  for (auto record : records) {
    ++sums.events;
    if (record["event_type"].get_int64().value() != 2) continue;
    ondemand::object bid = record["bid"].get_object();
    sums.check += static_cast<uint64_t>(bid["auction"].get_int64().value());
    sums.check += static_cast<uint64_t>(bid["price"].get_int64().value());
    sums.check += bid["dateTime"].get_string().value().size();
  }
  return sums;
}

double CoreSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

template <typename Loop>
void Measure(const char* name, int run, const simdjson::padded_string& text, Loop loop) {
  double began = CoreSeconds();
  Sums sums = loop(text);
  std::printf("{\"loop\": \"%s\", \"run\": %d, \"core_s\": %.4f, \"events\": %lld, \"check\": %llu}\n", name,
              run, CoreSeconds() - began, static_cast<long long>(sums.events),
              static_cast<unsigned long long>(sums.check));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s FILE RUNS\n", argv[0]);
    return 2;
  }
  penstock::LocalFileSystem files;
  penstock::Result<std::string> bytes = penstock::ReadFile(files, argv[1]);
  if (!bytes) {
    std::fprintf(stderr, "cannot read %s\n", argv[1]);
    return 2;
  }
  simdjson::padded_string text(*bytes);
  bytes = std::string();
  for (int run = 0; run < std::atoi(argv[2]); ++run) {
    Measure("fields", run, text, EveryField);
    Measure("batched", run, text, ThreeFields);
  }
  return 0;
}
