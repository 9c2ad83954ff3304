// Value: order and serialised form.
#include "data/value.h"

#include <cmath>

namespace penstock {

namespace {
template <typename T>
int Order(const T& a, const T& b) {
  return a < b ? -1 : b < a ? 1 : 0;
}

int OrderDoubles(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return Order(std::isnan(a), std::isnan(b));
  return Order(a, b);
}
}  // namespace

int Value::Compare(const Value& a, const Value& b) {
  if (a.rep_.index() != b.rep_.index()) return Order(a.rep_.index(), b.rep_.index());
  switch (a.rep_.index()) {
    case 0: return 0;
    case 1: return Order(a.as_bool(), b.as_bool());
    case 2: return Order(a.as_int(), b.as_int());
    case 3: return OrderDoubles(a.as_double(), b.as_double());
    case 4: return Order(a.as_int128(), b.as_int128());
    case 5: return a.as_string().compare(b.as_string());
    default: break;
  }
  const ValueList& x = a.as_list();
  const ValueList& y = b.as_list();
  for (size_t i = 0; i < x.size() && i < y.size(); ++i) {
    if (int order = Compare(x[i], y[i]); order != 0) return order;
  }
  return Order(x.size(), y.size());
}

void Value::Write(ByteWriter& out) const {
  out.Fixed(static_cast<uint8_t>(rep_.index()));
  switch (rep_.index()) {
    case 0: return;
    case 1: return out.Bool(as_bool());
    case 2: return out.Fixed(as_int());
    case 3: return out.Fixed(as_double());
    case 4: return out.Fixed(as_int128());
    case 5: return out.String(as_string());
    default: break;
  }
  out.Varint(as_list().size());
  for (const Value& child : as_list()) child.Write(out);
}

Value Value::Read(ByteReader& in) {
  switch (in.Fixed<uint8_t>()) {
    case 1: return Bool(in.Bool());
    case 2: return Int(in.Fixed<int64_t>());
    case 3: return Double(in.Fixed<double>());
    case 4: return Int128(in.Fixed<int128_t>());
    case 5: return String(std::string(in.String()));
    case 6: {
      ValueList list;
      for (uint64_t i = 0, count = in.Count(); i < count; ++i) list.push_back(Read(in));
      return List(std::move(list));
    }
    default: return Null();
  }
}

}  // namespace penstock
