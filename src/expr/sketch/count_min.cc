// Counters of Count-Min sketches and their bytes.
#include "expr/sketch/count_min.h"

#include <algorithm>
#include <cmath>

#include "expr/sketch/sketch_bytes.h"

namespace penstock {

namespace {

constexpr const char* kName = "Count-Min sketch";
constexpr size_t kMaxCells = size_t{1} << 24;

struct Header {
  CountMinShape shape;
  size_t width;  // bytes of a counter
};

Result<Header> ReadHeader(ByteReader* in) {
  RETURN_IF_ERROR(ReadSketchHeader(SketchKind::kCountMin, kName, in));
  Header header{};
  header.shape.depth = in->Fixed<uint32_t>();
  header.shape.width = in->Fixed<uint32_t>();
  header.width = in->Fixed<uint8_t>();
  bool width_ok = header.width == 1 || header.width == 2 || header.width == 4 || header.width == 8;
  bool shape_ok = header.shape.depth > 0 && header.shape.depth <= 64 && header.shape.width > 0 &&
                  header.shape.cells() <= kMaxCells;
  if (!in->ok() || !width_ok || !shape_ok || in->rest().size() != header.shape.cells() * header.width)
    return DamagedSketch(kName);
  return header;
}

int64_t CounterAt(std::string_view counters, size_t width, size_t cell) {
  const char* at = counters.data() + cell * width;
  int8_t one = 0;
  int16_t two = 0;
  int32_t four = 0;
  int64_t eight = 0;
  switch (width) {
    case 1: std::memcpy(&one, at, 1); return one;
    case 2: std::memcpy(&two, at, 2); return two;
    case 4: std::memcpy(&four, at, 4); return four;
    default: std::memcpy(&eight, at, 8); return eight;
  }
}

uint8_t WidthFor(int64_t least, int64_t greatest) {
  if (least >= INT8_MIN && greatest <= INT8_MAX) return 1;
  if (least >= INT16_MIN && greatest <= INT16_MAX) return 2;
  return least >= INT32_MIN && greatest <= INT32_MAX ? 4 : 8;
}

}  // namespace

CountMinShape CountMinShape::For(double epsilon, double confidence) {
  return {static_cast<uint32_t>(std::max(1.0, std::ceil(std::log(1 / (1 - confidence))))),
          static_cast<uint32_t>(std::ceil(std::exp(1.0) / epsilon))};
}

int64_t CountMin::Estimate(uint64_t hash) const {
  int64_t least = INT64_MAX;
  for (uint32_t row = 0; row < shape_.depth; ++row)
    least = std::min(least, counters_[shape_.Cell(hash, row)]);
  return least;
}

std::string CountMin::Serialize() const {
  auto [least, greatest] = std::minmax_element(counters_.begin(), counters_.end());
  uint8_t width = WidthFor(*least, *greatest);
  ByteWriter out;
  WriteSketchHeader(SketchKind::kCountMin, &out);
  out.Fixed(shape_.depth);
  out.Fixed(shape_.width);
  out.Fixed(width);
  for (int64_t counter : counters_) out.Raw({reinterpret_cast<const char*>(&counter), width});
  return out.Take();
}

Result<CountMin> CountMin::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(Header header, ReadHeader(&in));
  CountMin sketch(header.shape);
  for (size_t cell = 0; cell < sketch.counters_.size(); ++cell)
    sketch.counters_[cell] = CounterAt(in.rest(), header.width, cell);
  return sketch;
}

Result<int64_t> CountMin::EstimateIn(std::string_view bytes, uint64_t hash) {
  ByteReader in(bytes);
  ASSIGN_OR_RETURN(Header header, ReadHeader(&in));
  int64_t least = INT64_MAX;
  for (uint32_t row = 0; row < header.shape.depth; ++row)
    least = std::min(least, CounterAt(in.rest(), header.width, header.shape.Cell(hash, row)));
  return least;
}

}  // namespace penstock
