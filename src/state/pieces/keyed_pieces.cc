// Pieces and their index.
#include "state/pieces/keyed_pieces.h"

#include <map>

#include "data/key_codec.h"
#include "state/pieces/slices.h"

namespace penstock {

namespace {

// The size of the index and its checksum.
constexpr uint64_t kTail = 2 * sizeof(uint64_t);

std::string Head() {
  ByteWriter head;
  head.Raw(kKeyedMark);
  head.Fixed(kKeyedPieces);
  return head.Take();
}

struct Piece {
  uint32_t slice = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;
};
using Pieces = std::map<int, std::vector<Piece>>;  // by key group; slices ascending

void WriteIndexOf(const KeyedStateInfo& state, const Pieces& groups, ByteWriter& index) {
  WriteStateName(state, index);
  index.Varint(state.dropped.size());
  for (int64_t name_space : state.dropped) index.Fixed(name_space);
  index.Varint(static_cast<uint64_t>(state.slice_bits));
  index.Varint(groups.size());
  for (const auto& [group, pieces] : groups) {
    index.Varint(static_cast<uint64_t>(group));
    index.Varint(pieces.size());
    for (const Piece& piece : pieces) {
      index.Varint(piece.slice);
      index.Varint(piece.size);
      index.Fixed(piece.checksum);
    }
  }
}

class PiecesSource : public KeyedSource {
 public:
  PiecesSource(std::string name, uint64_t size, ReadBytes read)
      : name_(std::move(name)), size_(size), read_(std::move(read)) {}

  Status Open() {
    if (size_ < kPiecesHead + kTail) return Damaged("is cut short");
    ASSIGN_OR_RETURN(std::string head, read_(0, kPiecesHead));
    if (!IsPieces(head)) return Damaged("has no pieces of keyed state");
    ASSIGN_OR_RETURN(std::string tail, read_(size_ - kTail, kTail));
    ByteReader in(tail);
    auto index_size = in.Fixed<uint64_t>();
    if (index_size > size_ - kPiecesHead - kTail) return Damaged("is cut short");
    ASSIGN_OR_RETURN(std::string index, read_(size_ - kTail - index_size, index_size));
    if (in.Fixed<uint64_t>() != HashKey(index)) return Damaged("does not match the checksum of its index");
    ByteReader states(index);
    if (!ReadIndex(states) || end_ != size_ - kTail - index_size) return Damaged("has a damaged index");
    return Status::Ok();
  }

  Result<std::string> Slice(size_t state, int group, uint32_t slice) override {
    auto pieces = pieces_[state].find(group);
    if (pieces == pieces_[state].end()) return std::string();
    auto before = [](const Piece& piece, uint32_t wanted) { return piece.slice < wanted; };
    auto piece = std::lower_bound(pieces->second.begin(), pieces->second.end(), slice, before);
    if (piece == pieces->second.end() || piece->slice != slice) return std::string();
    ASSIGN_OR_RETURN(std::string bytes, read_(piece->offset, piece->size));
    if (HashKey(bytes) != piece->checksum) return Damaged("does not match the checksum of a piece of state");
    return bytes;
  }

 private:
  Status Damaged(const char* what) const { return Status::Corruption("'" + name_ + "' " + what); }

  bool ReadIndex(ByteReader& in) {
    delta_ = in.Bool();
    max_parallelism_ = in.Varint();
    for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
      if (!ReadState(in)) return false;
    }
    return in.ok() && in.at_end();
  }

  bool ReadState(ByteReader& in) {
    KeyedStateInfo& state = states_.emplace_back();
    Pieces& groups = pieces_.emplace_back();
    state.kind = in.Fixed<StateKind>();
    if (state.kind < StateKind::kFixed || state.kind > StateKind::kTimers) return false;
    state.name = std::string(in.String());
    if (state.kind == StateKind::kFixed) {
      state.width = in.Varint();
      state.sub_keys = in.Bool();
    }
    for (uint64_t left = in.Count(); left > 0 && in.ok(); --left)
      state.dropped.push_back(in.Fixed<int64_t>());
    uint64_t bits = in.Varint();
    if (bits > static_cast<uint64_t>(state.kind == StateKind::kTimers ? 0 : kMostSliceBits)) return false;
    state.slice_bits = static_cast<int>(bits);
    for (uint64_t left = in.Count(); left > 0 && in.ok(); --left) {
      uint64_t group = in.Varint();
      if (group > INT32_MAX || (!groups.empty() && static_cast<int>(group) <= groups.rbegin()->first))
        return false;
      state.groups.push_back(static_cast<int>(group));
      std::vector<Piece>& pieces = groups[static_cast<int>(group)];
      for (uint64_t more = in.Count(); more > 0 && in.ok(); --more) {
        uint64_t slice = in.Varint(), size = in.Varint();
        if (slice >> bits != 0 || size > size_ - end_) return false;
        if (!pieces.empty() && slice <= pieces.back().slice) return false;
        pieces.push_back({static_cast<uint32_t>(slice), end_, size, in.Fixed<uint64_t>()});
        end_ += size;
        state.bytes += size;
      }
    }
    return in.ok();
  }

  const std::string name_;
  const uint64_t size_;
  ReadBytes read_;
  uint64_t end_ = kPiecesHead;  // of the pieces
  std::vector<Pieces> pieces_;  // by state
};

}  // namespace

bool IsPieces(std::string_view bytes) { return bytes.substr(0, kPiecesHead) == Head(); }

// Where a writer stands: at a slice of a group of a state.
class PiecesWriter::Progress {
 public:
  Progress(KeyedSource* source, AppendBytes append) : source_(source), append_(std::move(append)) {}

  Result<bool> Step() {
    if (!begun_) RETURN_IF_ERROR(Begin());
    while (state_ < source_->states().size() && group_ == source_->states()[state_].groups.size()) EndState();
    if (state_ == source_->states().size()) {
      RETURN_IF_ERROR(End());
      return false;
    }
    RETURN_IF_ERROR(WriteSlice());
    return true;
  }

 private:
  Status Begin() {
    begun_ = true;
    index_.Bool(source_->delta());
    index_.Varint(source_->max_parallelism());
    index_.Varint(source_->states().size());
    return append_(Head());
  }

  Status WriteSlice() {
    const KeyedStateInfo& state = source_->states()[state_];
    int group = state.groups[group_];
    uint32_t slice = slice_++;
    if (slice_ == uint32_t{1} << state.slice_bits) {
      slice_ = 0;
      ++group_;
    }
    ASSIGN_OR_RETURN(std::string piece, source_->Slice(state_, group, slice));
    if (piece.empty()) return Status::Ok();
    pieces_[group].push_back({slice, 0, piece.size(), HashKey(piece)});
    return append_(piece);
  }

  void EndState() {
    WriteIndexOf(source_->states()[state_], pieces_, index_);
    pieces_.clear();
    group_ = 0;
    ++state_;
  }

  Status End() {
    ByteWriter tail;
    tail.Fixed(uint64_t{index_.bytes().size()});
    tail.Fixed(HashKey(index_.bytes()));
    RETURN_IF_ERROR(append_(index_.bytes()));
    return append_(tail.bytes());
  }

  KeyedSource* source_;
  AppendBytes append_;
  bool begun_ = false;
  size_t state_ = 0, group_ = 0;  // numbers in the lists of the source
  uint32_t slice_ = 0;
  Pieces pieces_;  // of the state
  ByteWriter index_;
};

PiecesWriter::PiecesWriter(std::shared_ptr<KeyedSource> source, AppendBytes append)
    : source_(std::move(source)), progress_(std::make_unique<Progress>(source_.get(), std::move(append))) {}

PiecesWriter::~PiecesWriter() = default;

Result<bool> PiecesWriter::Step() { return progress_->Step(); }

Status WritePieces(KeyedSource& source, const AppendBytes& append) {
  // Not owned.
  PiecesWriter writer(std::shared_ptr<KeyedSource>(std::shared_ptr<void>(), &source), append);
  while (true) {
    ASSIGN_OR_RETURN(bool more, writer.Step());
    if (!more) return Status::Ok();
  }
}

Result<std::shared_ptr<KeyedSource>> OpenPieces(std::string name, uint64_t size, ReadBytes read) {
  auto source = std::make_shared<PiecesSource>(std::move(name), size, std::move(read));
  RETURN_IF_ERROR(source->Open());
  return std::shared_ptr<KeyedSource>(std::move(source));
}

}  // namespace penstock
