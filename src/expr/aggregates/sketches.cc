// Aggregates that build sketches (expr/sketch) and unite sketches that were kept as BYTES:
// APPROX_COUNT_DISTINCT, HLL_SKETCH_AGG, COUNT_MIN_SKETCH_AGG, BLOOM_FILTER_AGG and the .._UNION_AGG forms.
// What a group has of a sketch lies in blocks of a view, so that a row rewrites a block and not the whole,
// and a group with few values is small.
#include "expr/sketch/sketch_bytes.h"

#include <algorithm>

#include "expr/aggregates/register.h"
#include "expr/aggregates/sketch_arguments.h"
#include "expr/aggregates/view_kernel.h"
#include "expr/signature.h"
#include "expr/sketch/bloom_filter.h"
#include "expr/sketch/count_min.h"
#include "expr/sketch/hyper_log_log.h"

namespace penstock {

namespace {

constexpr const char* kDistinct = "APPROX_COUNT_DISTINCT";
constexpr const char* kHll = "HLL_SKETCH_AGG";
constexpr const char* kCountMin = "COUNT_MIN_SKETCH_AGG";
constexpr const char* kBloom = "BLOOM_FILTER_AGG";

using Made = Result<std::unique_ptr<AggregateKernel>>;

std::string BlockName(size_t block) {
  return {static_cast<char>(block >> 16), static_cast<char>(block >> 8), static_cast<char>(block)};
}
size_t BlockNumber(std::string_view name) {
  size_t block = 0;
  for (char c : name) block = block << 8 | static_cast<uint8_t>(c);
  return block;
}

// Blocks of registers in view 0; inline: how many registers have which rank, out of which the estimate is
// made without a look at them.
class HyperLogLogKernel : public ViewKernel {
 public:
  HyperLogLogKernel(const DataType& type, int precision, bool estimate)
      : ViewKernel(RankCount(precision) * sizeof(uint16_t)),
        hasher_(type),
        precision_(precision),
        block_(std::min<size_t>(128, size_t{1} << precision)),
        estimate_(estimate) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t* state) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    HyperLogLogSlot slot = SlotOf(hasher_.Hash(in.args[0], row), precision_);
    std::string_view group = in.groups[static_cast<size_t>(row)];
    std::string name = BlockName(slot.index / block_);
    std::optional<std::string_view> stored = view(0)->Get(group, name);
    size_t at = slot.index % block_;
    auto before = stored ? static_cast<uint8_t>((*stored)[at]) : uint8_t{0};
    if (before >= slot.rank) return Status::Ok();
    scratch_.assign(stored ? *stored : std::string_view());
    scratch_.resize(block_);
    scratch_[at] = static_cast<char>(slot.rank);
    Move(state, before, slot.rank);
    view(0)->Put(group, name, scratch_);
    return Status::Ok();
  }

  Status Write(const uint8_t* state, std::string_view group, ColumnBuilder* out) const override {
    std::span ranks(reinterpret_cast<const uint16_t*>(state), RankCount(precision_));
    if (estimate_) {
      out->Append(EstimateDistinct(ranks, precision_));
      return Status::Ok();
    }
    HyperLogLog sketch(precision_);
    bool empty = true;
    view(0)->ForEach(group, [&](std::string_view name, std::string_view registers) {
      empty = false;
      auto first = static_cast<uint32_t>(BlockNumber(name) * block_);
      for (uint32_t i = 0; i < registers.size(); ++i)
        sketch.Raise({first + i, static_cast<uint8_t>(registers[i])});
      return true;
    });
    if (empty) {
      out->AppendNull();
    } else {
      out->AppendString(sketch.Serialize());
    }
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view registers) override {
    if (registers.size() != block_) return Status::Corruption("a block of a HyperLogLog has the wrong size");
    std::optional<std::string_view> stored = view(0)->Get(at.group, at.element);
    scratch_.assign(stored ? *stored : std::string_view());
    scratch_.resize(block_);
    for (size_t i = 0; i < block_; ++i) {
      auto before = static_cast<uint8_t>(scratch_[i]), rank = static_cast<uint8_t>(registers[i]);
      if (rank <= before) continue;
      Move(at.state, before, rank);
      scratch_[i] = registers[i];
    }
    view(0)->Put(at.group, at.element, scratch_);
    return Status::Ok();
  }

 private:
  static void Move(uint8_t* state, uint8_t before, uint8_t rank) {
    auto* ranks = reinterpret_cast<uint16_t*>(state);
    if (before > 0) --ranks[before];
    ++ranks[rank];
  }
  ValueHasher hasher_;
  int precision_;
  size_t block_;
  bool estimate_;
  std::string scratch_;
};

// Blocks of 16 counters. Linear, so rows can be taken back.
class CountMinKernel : public ViewKernel {
 public:
  CountMinKernel(const DataType& type, CountMinShape shape) : hasher_(type), shape_(shape) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    auto i = static_cast<size_t>(row);
    uint64_t hash = hasher_.Hash(in.args[0], row);
    for (uint32_t line = 0; line < shape_.depth; ++line) {
      size_t cell = shape_.Cell(hash, line);
      Block block{};
      block[cell % kCells] = in.signs[i];
      AddBlock(in.groups[i], BlockName(cell / kCells), block);
    }
    return Status::Ok();
  }

  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    CountMin sketch(shape_);
    bool empty = true;
    view(0)->ForEach(group, [&](std::string_view name, std::string_view cells) {
      empty = false;
      Block block = BlockOf(cells);
      size_t first = BlockNumber(name) * kCells;
      for (size_t c = 0; c < kCells && first + c < shape_.cells(); ++c)
        sketch.counters()[first + c] = block[c];
      return true;
    });
    if (empty) {
      out->AppendNull();
    } else {
      out->AppendString(sketch.Serialize());
    }
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view cells) override {
    if (cells.size() != sizeof(Block))
      return Status::Corruption("a block of a Count-Min sketch has the wrong size");
    AddBlock(at.group, at.element, BlockOf(cells));
    return Status::Ok();
  }

 private:
  static constexpr size_t kCells = 16;
  using Block = std::array<int64_t, kCells>;
  static Block BlockOf(std::string_view cells) {
    Block block{};
    std::memcpy(block.data(), cells.data(), sizeof(block));
    return block;
  }
  // A block of zeros is no entry, so that a group all of whose rows were taken back keeps nothing.
  void AddBlock(std::string_view group, std::string_view name, Block block) {
    if (std::optional<std::string_view> stored = view(0)->Get(group, name)) {
      Block before = BlockOf(*stored);
      for (size_t c = 0; c < kCells; ++c) block[c] += before[c];
    }
    if (block == Block{}) return view(0)->Erase(group, name);
    view(0)->Put(group, name, {reinterpret_cast<const char*>(block.data()), sizeof(block)});
  }
  ValueHasher hasher_;
  CountMinShape shape_;
};

// Blocks of 64 bytes.
class BloomKernel : public ViewKernel {
 public:
  BloomKernel(const DataType& type, BloomShape shape) : hasher_(type), shape_(shape) {}

  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    uint64_t hash = hasher_.Hash(in.args[0], row);
    for (uint32_t i = 0; i < shape_.hashes; ++i) {
      uint32_t bit = shape_.Bit(hash, i);
      block_.assign(kBlock, '\0');
      block_[bit / 8 % kBlock] = static_cast<char>(1 << bit % 8);
      Unite(in.groups[static_cast<size_t>(row)], BlockName(bit / 8 / kBlock), block_);
    }
    return Status::Ok();
  }

  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    BloomFilter filter(shape_);
    bool empty = true;
    view(0)->ForEach(group, [&](std::string_view name, std::string_view bits) {
      empty = false;
      filter.bytes().replace(BlockNumber(name) * kBlock, kBlock, bits);
      return true;
    });
    if (empty) {
      out->AppendNull();
    } else {
      out->AppendString(filter.Serialize());
    }
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view bits) override {
    if (bits.size() != kBlock) return Status::Corruption("a block of a Bloom filter has the wrong size");
    Unite(at.group, at.element, bits);
    return Status::Ok();
  }

 private:
  static constexpr size_t kBlock = 64;
  void Unite(std::string_view group, std::string_view name, std::string_view bits) {
    std::optional<std::string_view> stored = view(0)->Get(group, name);
    scratch_.assign(stored ? *stored : std::string_view());
    scratch_.resize(kBlock);
    bool changed = !stored;
    for (size_t b = 0; b < kBlock; ++b) {
      auto both = static_cast<char>(scratch_[b] | bits[b]);
      changed = changed || both != scratch_[b];
      scratch_[b] = both;
    }
    if (changed) view(0)->Put(group, name, scratch_);
  }
  ValueHasher hasher_;
  BloomShape shape_;
  std::string block_, scratch_;
};

Status OtherShape(const char* name) {
  return Status::InvalidData(std::string("The sketches of ") + name + " have different shapes.")
      .WithNumber(ErrorNumber::kRuntime);
}

Status UniteSketches(HyperLogLog* into, const HyperLogLog& other, int) {
  into->Merge(other);
  return Status::Ok();
}
Status UniteSketches(CountMin* into, const CountMin& other, int sign) {
  if (into->shape() != other.shape()) return OtherShape("COUNT_MIN_UNION_AGG");
  for (size_t c = 0; c < other.counters().size(); ++c) into->counters()[c] += sign * other.counters()[c];
  return Status::Ok();
}
Status UniteSketches(BloomFilter* into, BloomFilter other, int) {
  if (into->shape() != other.shape()) return OtherShape("BLOOM_FILTER_UNION_AGG");
  for (size_t b = 0; b < other.bytes().size(); ++b)
    into->bytes()[b] = static_cast<char>(into->bytes()[b] | other.bytes()[b]);
  return Status::Ok();
}

// The union of sketches that come as BYTES: one entry.
template <typename Sketch>
class UnionKernel : public ViewKernel {
 public:
  Status Apply(const AggregateInput& in, int64_t row, uint8_t*) override {
    if (in.args[0]->IsNull(row)) return Status::Ok();
    auto i = static_cast<size_t>(row);
    return Unite(in.groups[i], in.args[0]->StringAt(row), in.signs[i]);
  }
  Status Write(const uint8_t*, std::string_view group, ColumnBuilder* out) const override {
    if (std::optional<std::string_view> stored = view(0)->Get(group, {})) {
      out->AppendString(*stored);
    } else {
      out->AppendNull();
    }
    return Status::Ok();
  }
  bool has_partials() const override { return true; }

 protected:
  Status MergeEntry(size_t, const EntryPlace& at, std::string_view bytes) override {
    return Unite(at.group, bytes, 1);
  }

 private:
  Status Unite(std::string_view group, std::string_view bytes, int sign) {
    ASSIGN_OR_RETURN(Sketch other, Sketch::Parse(bytes));
    std::optional<std::string_view> stored = view(0)->Get(group, {});
    Sketch sum(other);
    if (stored) {
      ASSIGN_OR_RETURN(sum, Sketch::Parse(*stored));
      RETURN_IF_ERROR(UniteSketches(&sum, other, sign));
    }
    view(0)->Put(group, {}, sum.Serialize());
    return Status::Ok();
  }
};

struct NumberRange {
  double least, greatest;
};

// (value, literal numbers..): BYTES.
AggregateFunction::Resolve SketchOf(std::string name, std::string expected, std::vector<NumberRange> ranges) {
  return [=](std::span<const ArgInfo> args) -> Result<Signature> {
    bool fits = !args.empty() && args.size() <= ranges.size() + 1;
    Signature signature;
    for (size_t i = 1; fits && i < args.size(); ++i) {
      std::optional<double> number = LiteralNumber(args[i]);
      fits = number && *number >= ranges[i - 1].least && *number <= ranges[i - 1].greatest;
    }
    if (!fits) return BadArguments(name, expected);
    for (const ArgInfo& arg : args) signature.args.push_back(arg.type);
    signature.args[0] = SketchArgument(args[0].type);
    signature.result = DataType::Bytes();
    return signature;
  };
}

Made BindDistinct(const AggregateSite& site) {
  if (site.retracts) return MakeCountOfValues(site.args[0]);
  return std::unique_ptr<AggregateKernel>(new HyperLogLogKernel(site.args[0], kDefaultPrecision, true));
}

Made BindHll(const AggregateSite& site) {
  if (site.retracts)
    return CannotRetract(kHll, "APPROX_COUNT_DISTINCT counts exactly where rows are taken back");
  auto precision = static_cast<int>(ConstantNumber(site, 1).value_or(kDefaultPrecision));
  return std::unique_ptr<AggregateKernel>(new HyperLogLogKernel(site.args[0], precision, false));
}

Made BindCountMin(const AggregateSite& site) {
  CountMinShape shape =
      CountMinShape::For(ConstantNumber(site, 1).value_or(0.001), ConstantNumber(site, 2).value_or(0.99));
  return std::unique_ptr<AggregateKernel>(new CountMinKernel(site.args[0], shape));
}

Made BindBloom(const AggregateSite& site) {
  if (site.retracts) return CannotRetract(kBloom, "build it over the rows before they are updated");
  BloomShape shape =
      BloomShape::For(ConstantNumber(site, 1).value_or(10000), ConstantNumber(site, 2).value_or(0.01));
  return std::unique_ptr<AggregateKernel>(new BloomKernel(site.args[0], shape));
}

template <typename Sketch>
void AddUnion(AggregateRegistry* registry, const std::string& name, bool linear) {
  registry->Add(name, Fixed(name, {Family::kBinary}, DataType::Bytes(), Nullability::kAlways),
                [name, linear](const AggregateSite& site) -> Made {
                  if (site.retracts && !linear) return CannotRetract(name, "unite rows that are not updated");
                  return std::unique_ptr<AggregateKernel>(new UnionKernel<Sketch>());
                });
}

}  // namespace

void RegisterSketches(AggregateRegistry* registry) {
  registry->Add(
      kDistinct,
      [](std::span<const ArgInfo> args) -> Result<Signature> {
        if (args.size() != 1) return BadArguments(kDistinct, "<any>");
        return Signature{{SketchArgument(args[0].type)}, DataType::BigInt().NotNull()};
      },
      BindDistinct);
  registry->Add(kHll,
                SketchOf(kHll, "<any>[, precision <literal from 4 to 15>]", {{kMinPrecision, kMaxPrecision}}),
                BindHll);
  registry->Add(
      kCountMin,
      SketchOf(kCountMin,
               "<any>[, epsilon <literal from 0.00001 to 0.5>[, confidence <literal from 0.5 to 0.9999>]]",
               {{0.00001, 0.5}, {0.5, 0.9999}}),
      BindCountMin);
  registry->Add(
      kBloom,
      SketchOf(
          kBloom,
          "<any>[, expected <literal from 1 to 10000000>[, false positives <literal from 0.0001 to 0.5>]]",
          {{1, 10'000'000}, {0.0001, 0.5}}),
      BindBloom);
  AddUnion<HyperLogLog>(registry, "HLL_UNION_AGG", false);
  AddUnion<CountMin>(registry, "COUNT_MIN_UNION_AGG", true);
  AddUnion<BloomFilter>(registry, "BLOOM_FILTER_UNION_AGG", false);
}

}  // namespace penstock
