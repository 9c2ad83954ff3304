// JoinState: the rows of one side of a regular join, by join key. Three layouts, from what is known of the
// side: at most one row per join key; rows by their unique key; or any rows, equal ones counted. Each row
// also carries the number of rows of the other side it is joined with, where an outer, semi or anti join
// needs that. An element's value is: copies (int32), associations (int32), and the row unless the element is
// the row itself.
#pragma once

#include <string>
#include <vector>

#include "data/batch.h"
#include "data/row_codec.h"
#include "operators/joins/join_spec.h"
#include "state/state_backend.h"

namespace penstock {

struct JoinStateSpec {
  bool has_unique_key = false;
  bool unique_in_join_key = false;  // the join key contains a unique key
  std::vector<int> unique_key;      // columns of the side; of has_unique_key
  int64_t ttl_ms = 0;
  void Write(ByteWriter& out) const;
  static JoinStateSpec Read(ByteReader& in);
};

class JoinState {
 public:
  Status Open(const std::string& name, const JoinStateSpec& spec, const std::vector<DataType>& types,
              StateBackend* backend);

  // Takes in rows [begin, end) of a batch: what is said of a row below is one of these.
  void Encode(const Batch& batch, int64_t begin, int64_t end);
  // The element of a row; valid until the next Encode.
  std::string_view ElementOf(int64_t row) const {
    if (!spec_.has_unique_key) return encoded_[row];
    return spec_.unique_in_join_key ? std::string_view() : unique_keys_[row];
  }
  // Whether a row with that identity is there: it would be replaced. Rows without unique key are never
  // replaced.
  bool Replaces(StateKey key, std::string_view element);
  // REQUIRES: `element` is that of the row.
  void Add(StateKey key, std::string_view element, int64_t row, int32_t associations);
  void Retract(StateKey key, std::string_view element);

  MapState& rows() { return *state_; }

  // Calls visit(element, copies, row bytes) for every row of the key; the state must not change meanwhile.
  template <typename Visit>
  void Scan(StateKey key, Visit visit) {
    state_->Scan(0, key, {}, [&](std::string_view element, std::string_view value) {
      visit(element, CopiesOf(value), spec_.has_unique_key ? value.substr(kHeader) : element);
      return true;
    });
  }
  void Decode(std::string_view row, std::span<ColumnBuilder> builders) const { codec_.Decode(row, builders); }
  int32_t Associations(StateKey key, std::string_view element);
  void SetAssociations(StateKey key, std::string_view element, int32_t associations);
  // The join key contains the unique key.
  bool single() const { return spec_.unique_in_join_key; }

 private:
  static constexpr size_t kHeader = 8;
  static int32_t CopiesOf(std::string_view value);
  void Put(StateKey key, std::string_view element, int32_t copies, int32_t associations,
           std::string_view row);

  JoinStateSpec spec_;
  RowCodec codec_{{}};
  RowCodec unique_codec_{{}};
  MapState* state_ = nullptr;
  RowBlock encoded_, unique_keys_;
  std::string value_;
};

}  // namespace penstock
