// The updating join. A batch is worked through in chunks of rows whose candidates fit a batch.
#include "operators/joins/regular_join.h"

#include <algorithm>

namespace penstock {

std::string RegularJoinSpec::Serialize() const {
  ByteWriter out;
  join.Write(out);
  for (const JoinStateSpec& state : states) state.Write(out);
  return out.Take();
}

Result<RegularJoinSpec> RegularJoinSpec::Parse(std::string_view bytes) {
  ByteReader in(bytes);
  RegularJoinSpec spec;
  ASSIGN_OR_RETURN(spec.join, JoinSpec::Read(in));
  for (JoinStateSpec& state : spec.states) state = JoinStateSpec::Read(in);
  return spec;
}

Status RegularJoin::Open(OperatorContext* context) {
  RETURN_IF_ERROR(Operator::Open(context));
  RETURN_IF_ERROR(condition_.Open(spec_.join, context->eval));
  for (size_t side : {kLeftSide, kRightSide}) {
    RETURN_IF_ERROR(states_[side].Open(side == kLeftSide ? "left-records" : "right-records",
                                       spec_.states[side], spec_.join.sides[side].types, context->state));
    builders_[side] = MakeBuilders(spec_.join.sides[side].types);
  }
  output_types_ = spec_.join.output_types();
  return Status::Ok();
}

// Whether the rows of a side know how many rows they are joined with.
bool RegularJoin::counted(size_t side) const {
  return spec_.join.outer(side) || (spec_.join.left_only() && side == kLeftSide);
}

struct RegularJoin::Matches {
  std::vector<ColumnPtr> columns;     // of the other side, one row per distinct match
  std::vector<int32_t> row;           // of the batch
  std::vector<int32_t> other;         // of `columns`
  std::vector<int32_t> copies;        // of equal rows
  std::vector<std::string> elements;  // only where associations are counted

  // The matches [first, last) once more, for another row.
  void Repeat(size_t first, size_t last, int32_t another) {
    for (size_t i = first; i < last; ++i) {
      row.push_back(another);
      other.push_back(other[i]);
      copies.push_back(copies[i]);
      if (!elements.empty()) elements.push_back(elements[i]);
    }
  }
};

Result<Progress> RegularJoin::Process(int input, const Batch& batch, Output& out) {
  auto side = static_cast<size_t>(input);
  keys_[side].Encode(batch);
  int64_t done = 0;
  for (const Mark& mark : batch.marks) {
    RETURN_IF_ERROR(ProcessRows(side, batch, done, mark.offset));
    done = std::max<int64_t>(done, mark.offset);
    queue_.AddMark(mark, output_types_);
  }
  RETURN_IF_ERROR(ProcessRows(side, batch, done, batch.rows));
  return queue_.Flush(out);
}

Status RegularJoin::ProcessRows(size_t side, const Batch& batch, int64_t begin, int64_t end) {
  while (begin < end) {
    Matches matches;
    int64_t until = Collect(side, begin, end, &matches);
    RETURN_IF_ERROR(Test(side, batch, &matches));
    states_[side].Encode(batch, begin, until);
    size_t at = 0;
    for (int64_t row = begin; row < until; ++row) {
      keys_[side].Prefetch(states_[side].rows(), row, until);
      size_t first = at;
      while (at < matches.row.size() && matches.row[at] == row) ++at;
      if (spec_.join.left_only()) {
        SemiRow(side, batch, row, matches, first, at);
      } else {
        JoinRow(side, batch, row, matches, first, at);
      }
    }
    if (!result_.empty()) {
      bool left = side == kLeftSide;
      queue_.AddRows(result_.Take(spec_.join, left ? batch.columns : matches.columns,
                                  left ? matches.columns : batch.columns));
    }
    begin = until;
  }
  return Status::Ok();
}

// Looks up the other side for rows [begin, end) until there are enough candidates; returns where it stopped.
// Keys repeat: what was found for one is there for the next row that has it.
int64_t RegularJoin::Collect(size_t side, int64_t begin, int64_t end, Matches* matches) {
  constexpr size_t kCandidates = 8192;
  JoinState& other = states_[1 - side];
  bool keep_elements = counted(1 - side);
  std::vector<ColumnBuilder>& builders = builders_[1 - side];
  found_.resize(std::max(found_.size(), static_cast<size_t>(end)));
  ++collected_;
  int32_t decoded = 0;
  int64_t row = begin;
  for (; row < end && matches->row.size() < kCandidates; ++row) {
    keys_[side].Prefetch(other.rows(), row, end);
    if (keys_[side].never_matches(row)) continue;
    size_t first = matches->row.size();
    Found& known = found_[static_cast<size_t>(keys_[side].FirstWithKeyOf(row))];
    if (known.collected == collected_) {
      matches->Repeat(known.first, known.last, static_cast<int32_t>(row));
      continue;
    }
    other.Scan(keys_[side][row], [&](std::string_view element, int32_t copies, std::string_view bytes) {
      other.Decode(bytes, builders);
      matches->other.push_back(decoded++);
      matches->row.push_back(static_cast<int32_t>(row));
      matches->copies.push_back(copies);
      if (keep_elements) matches->elements.emplace_back(element);
    });
    known = {collected_, first, matches->row.size()};
  }
  matches->columns = FinishBuilders(builders);
  return row;
}

// Drops the candidates that the rest of the condition refuses.
Status RegularJoin::Test(size_t side, const Batch& batch, Matches* matches) {
  if (condition_.always() || matches->row.empty()) return Status::Ok();
  std::vector<uint8_t> keep;
  if (side == kLeftSide) {
    RETURN_IF_ERROR(
        condition_.Evaluate(batch.columns, matches->row, matches->columns, matches->other, &keep));
  } else {
    RETURN_IF_ERROR(
        condition_.Evaluate(matches->columns, matches->other, batch.columns, matches->row, &keep));
  }
  size_t kept = 0;
  for (size_t i = 0; i < keep.size(); ++i) {
    if (keep[i] == 0) continue;
    matches->row[kept] = matches->row[i];
    matches->other[kept] = matches->other[i];
    matches->copies[kept] = matches->copies[i];
    if (!matches->elements.empty() && kept != i) matches->elements[kept] = std::move(matches->elements[i]);
    ++kept;
  }
  matches->row.resize(kept);
  matches->other.resize(kept);
  matches->copies.resize(kept);
  if (!matches->elements.empty()) matches->elements.resize(kept);
  return Status::Ok();
}

void RegularJoin::Add(size_t side, int64_t row, int32_t other, RowKind kind) {
  auto own = static_cast<int32_t>(row);
  result_.Add(side == kLeftSide ? own : other, side == kLeftSide ? other : own, kind);
}

void RegularJoin::AddOther(size_t side, int32_t other, RowKind kind) {
  result_.Add(side == kLeftSide ? -1 : other, side == kLeftSide ? other : -1, kind);
}

void RegularJoin::JoinRow(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
                          size_t last) {
  if (IsAdd(batch.kind(row))) {
    Accumulate(side, batch, row, matches, first, last);
  } else {
    Retract(side, batch, row, matches, first, last);
  }
}

void RegularJoin::Accumulate(size_t side, const Batch& batch, int64_t row, const Matches& matches,
                             size_t first, size_t last) {
  bool own_outer = spec_.join.outer(side), other_outer = spec_.join.outer(1 - side);
  JoinState& own = states_[side];
  JoinState& other = states_[1 - side];
  StateKey key = keys_[side][row];
  bool stored = !keys_[side].never_matches(row);
  std::string_view element = stored ? own.ElementOf(row) : std::string_view();
  // A row that replaces one with the same unique key does not make its partners richer.
  bool additional = other_outer && stored && !own.single() && !own.Replaces(key, element);
  RowKind kind = own_outer || other_outer ? RowKind::kInsert : batch.kind(row);
  int32_t partners = 0;
  for (size_t m = first; m < last; ++m) {
    int32_t associations = other_outer ? other.Associations(key, matches.elements[m]) : 0;
    for (int32_t copy = 0; copy < matches.copies[m]; ++copy) {
      if (other_outer && associations == 0) AddOther(side, matches.other[m], RowKind::kDelete);
      Add(side, row, matches.other[m], kind);
      ++partners;
    }
    if (other_outer && (associations == 0 || additional)) {
      other.SetAssociations(key, matches.elements[m], associations + 1);
    }
  }
  if (own_outer && partners == 0) Add(side, row, -1, RowKind::kInsert);
  if (stored) own.Add(key, element, row, partners);
}

void RegularJoin::Retract(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
                          size_t last) {
  bool own_outer = spec_.join.outer(side), other_outer = spec_.join.outer(1 - side);
  StateKey key = keys_[side][row];
  if (!keys_[side].never_matches(row)) states_[side].Retract(key, states_[side].ElementOf(row));
  if (own_outer && first == last) Add(side, row, -1, RowKind::kDelete);
  RowKind kind = own_outer ? RowKind::kDelete : batch.kind(row);
  JoinState& other = states_[1 - side];
  for (size_t m = first; m < last; ++m) {
    int32_t associations = other_outer ? other.Associations(key, matches.elements[m]) : 0;
    for (int32_t copy = 0; copy < matches.copies[m]; ++copy) {
      Add(side, row, matches.other[m], kind);
      if (other_outer && associations == 1) AddOther(side, matches.other[m], RowKind::kInsert);
    }
    if (other_outer) other.SetAssociations(key, matches.elements[m], associations - 1);
  }
}

// Semi and anti joins emit left rows only: those that have (have no) partner.
void RegularJoin::SemiRow(size_t side, const Batch& batch, int64_t row, const Matches& matches, size_t first,
                          size_t last) {
  bool anti = spec_.join.type == JoinType::kAnti;
  bool accumulate = IsAdd(batch.kind(row));
  StateKey key = keys_[side][row];
  bool stored = !keys_[side].never_matches(row);
  if (side == kLeftSide) {
    if (anti == (first == last)) Add(side, row, -1, batch.kind(row));
    if (!stored) return;
    int32_t partners = 0;
    for (size_t m = first; m < last; ++m) partners += matches.copies[m];
    std::string_view element = states_[side].ElementOf(row);
    if (accumulate) return states_[side].Add(key, element, row, partners);
    return states_[side].Retract(key, element);
  }
  if (!stored) return;
  JoinState& own = states_[side];
  std::string_view element = own.ElementOf(row);
  bool additional = !accumulate || (!own.single() && !own.Replaces(key, element));
  if (accumulate) {
    own.Add(key, element, row, 0);
  } else {
    own.Retract(key, element);
  }
  JoinState& left = states_[kLeftSide];
  for (size_t m = first; m < last; ++m) {
    int32_t associations = left.Associations(key, matches.elements[m]);
    bool turns = associations == (accumulate ? 0 : 1);
    RowKind kind = !anti ? batch.kind(row) : accumulate ? RowKind::kDelete : RowKind::kInsert;
    for (int32_t copy = 0; turns && copy < matches.copies[m]; ++copy) {
      result_.Add(matches.other[m], -1, kind);
    }
    if (turns || additional) {
      left.SetAssociations(key, matches.elements[m], associations + (accumulate ? 1 : -1));
    }
  }
}

}  // namespace penstock
