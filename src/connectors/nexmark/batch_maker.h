// NexmarkBatchMaker: columns of Nexmark events, only those (and of the rows only those fields) that the plan
// reads. The schema is that of the public suite: event_type INT and the nullable rows person, auction and
// bid, of which exactly one is not null.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "connectors/nexmark/event_text.h"
#include "data/batch.h"
#include "data/column_builder.h"

namespace penstock {

class NexmarkBatchMaker {
 public:
  // Fails with a numbered error where a column is none of Nexmark's or has another type. A row may leave out
  // fields and have them in any order.
  static Status Check(const std::vector<Field>& columns);
  // The same check first.
  static Result<NexmarkBatchMaker> Make(const NexmarkOptions& options, const std::vector<Field>& columns);

  // Events [begin, begin + count) of a split. From any thread.
  Batch MakeBatch(const NexmarkSplit& split, int64_t begin, int64_t count) const;

  // The fields of a row column; public for the file's own tables.
  enum class Attribute : uint8_t {
    kId,
    kName,
    kEmail,
    kCreditCard,
    kCity,
    kState,  // of people
    kDescription,
    kInitialBid,
    kReserve,
    kExpires,
    kSeller,
    kCategory,  // of auctions
    kAuction,
    kBidder,
    kPrice,
    kChannel,
    kUrl,  // of bids
    kDateTime,
    kExtra,
  };

 private:
  struct WantedColumn {
    bool event_type = false;
    NexmarkKind kind = NexmarkKind::kBid;  // of a row
    std::vector<Attribute> fields;
  };
  // An event with its numbers; of the three only the one of its kind is set.
  struct Made {
    NexmarkEvent event;
    NexmarkPerson person;
    NexmarkAuction auction;
    NexmarkBid bid;
    std::string text;  // scratch
  };

  static Result<WantedColumn> Resolve(const Field& column);
  void AppendField(Attribute field, Made& made, ColumnBuilder* out) const;
  void AppendPersonField(Attribute field, Made& made, ColumnBuilder* out) const;
  void AppendAuctionField(Attribute field, Made& made, ColumnBuilder* out) const;
  void AppendBidField(Attribute field, const Made& made, ColumnBuilder* out) const;

  NexmarkOptions options_;
  std::vector<DataType> types_;
  std::vector<WantedColumn> wanted_;
  std::shared_ptr<const NexmarkVocabulary> vocabulary_;
};

}  // namespace penstock
