// From events to columns.
#include "connectors/nexmark/batch_maker.h"

#include <algorithm>

#include "base/strings.h"
#include "data/row_codec.h"

namespace penstock {

namespace {

using Attribute = NexmarkBatchMaker::Attribute;

struct KnownField {
  const char* name;
  Attribute attribute;
  DataType type;
};

constexpr const char* kRowNames[] = {"person", "auction", "bid"};  // by NexmarkKind

// By NexmarkKind.
const std::vector<std::vector<KnownField>>& KnownFields() {
  static const DataType kNumber = DataType::BigInt(), kText = DataType::String(),
                        kTime = DataType::Timestamp(3);
  static const std::vector<KnownField> kPerson = {
      {"id", Attribute::kId, kNumber},
      {"name", Attribute::kName, kText},
      {"emailAddress", Attribute::kEmail, kText},
      {"creditCard", Attribute::kCreditCard, kText},
      {"city", Attribute::kCity, kText},
      {"state", Attribute::kState, kText},
      {"dateTime", Attribute::kDateTime, kTime},
      {"extra", Attribute::kExtra, kText},
  };
  static const std::vector<KnownField> kAuction = {
      {"id", Attribute::kId, kNumber},
      {"itemName", Attribute::kName, kText},
      {"description", Attribute::kDescription, kText},
      {"initialBid", Attribute::kInitialBid, kNumber},
      {"reserve", Attribute::kReserve, kNumber},
      {"dateTime", Attribute::kDateTime, kTime},
      {"expires", Attribute::kExpires, kTime},
      {"seller", Attribute::kSeller, kNumber},
      {"category", Attribute::kCategory, kNumber},
      {"extra", Attribute::kExtra, kText},
  };
  static const std::vector<KnownField> kBid = {
      {"auction", Attribute::kAuction, kNumber}, {"bidder", Attribute::kBidder, kNumber},
      {"price", Attribute::kPrice, kNumber},     {"channel", Attribute::kChannel, kText},
      {"url", Attribute::kUrl, kText},           {"dateTime", Attribute::kDateTime, kTime},
      {"extra", Attribute::kExtra, kText},
  };
  static const std::vector<std::vector<KnownField>> kAll = {kPerson, kAuction, kBid};
  return kAll;
}

Status WrongColumn(const std::string& name, const DataType& type, const std::vector<std::string>& expected) {
  return SqlError(ErrorNumber::kBadOption, {},
                  "connector 'nexmark' has no column '" + name + " " + type.ToString() + "'",
                  "it has " + Join(expected, ", "));
}

void AppendMillis(int64_t millis, ColumnBuilder* out) { out->Append<int64_t>(millis * 1000); }

}  // namespace

Result<NexmarkBatchMaker::WantedColumn> NexmarkBatchMaker::Resolve(const Field& column) {
  WantedColumn wanted;
  if (column.name == "event_type" && column.type.is(TypeKind::kInt)) {
    wanted.event_type = true;
    return wanted;
  }
  const auto* row = std::find(std::begin(kRowNames), std::end(kRowNames), column.name);
  if (row == std::end(kRowNames) || !column.type.is(TypeKind::kRow)) {
    return WrongColumn(column.name, column.type,
                       {"event_type INT", "person ROW<..>", "auction ROW<..>", "bid ROW<..>"});
  }
  wanted.kind = static_cast<NexmarkKind>(row - std::begin(kRowNames));
  for (const Field& field : column.type.fields()) {
    const std::vector<KnownField>& known = KnownFields()[static_cast<size_t>(wanted.kind)];
    auto found = std::find_if(known.begin(), known.end(), [&](const KnownField& k) {
      bool text = k.type.is_character() && field.type.is(TypeKind::kVarChar);
      return field.name == k.name && (text || k.type.SameAs(field.type));
    });
    if (found == known.end()) {
      std::vector<std::string> names;
      for (const KnownField& k : known) names.push_back(k.name + (" " + k.type.ToString()));
      return WrongColumn(column.name + "." + field.name, field.type, names);
    }
    wanted.fields.push_back(found->attribute);
  }
  return wanted;
}

Status NexmarkBatchMaker::Check(const std::vector<Field>& columns) {
  for (const Field& column : columns) RETURN_IF_ERROR(Resolve(column).status());
  return Status::Ok();
}

Result<NexmarkBatchMaker> NexmarkBatchMaker::Make(const NexmarkOptions& options,
                                                  const std::vector<Field>& columns) {
  NexmarkBatchMaker maker;
  maker.options_ = options;
  for (const Field& column : columns) {
    ASSIGN_OR_RETURN(WantedColumn wanted, Resolve(column));
    maker.types_.push_back(column.type);
    maker.wanted_.push_back(std::move(wanted));
  }
  maker.vocabulary_ = std::make_shared<NexmarkVocabulary>(options.seed);
  return maker;
}

Batch NexmarkBatchMaker::MakeBatch(const NexmarkSplit& split, int64_t begin, int64_t count) const {
  std::vector<ColumnBuilder> builders = MakeBuilders(types_);
  Made made;
  for (int64_t n = begin; n < begin + count; ++n) {
    made.event = split.At(n);
    switch (made.event.kind) {
      case NexmarkKind::kPerson: made.person = MakePerson(options_, made.event); break;
      case NexmarkKind::kAuction: made.auction = MakeAuction(options_, made.event); break;
      case NexmarkKind::kBid: made.bid = MakeBid(options_, made.event); break;
    }
    for (size_t c = 0; c < wanted_.size(); ++c) {
      const WantedColumn& column = wanted_[c];
      if (column.event_type) {
        builders[c].Append(static_cast<int32_t>(made.event.kind));
      } else if (column.kind != made.event.kind) {
        builders[c].AppendNull();
      } else {
        for (size_t f = 0; f < column.fields.size(); ++f)
          AppendField(column.fields[f], made, &builders[c].child(f));
        builders[c].CloseRow();
      }
    }
  }
  return Batch(count, FinishBuilders(builders));
}

void NexmarkBatchMaker::AppendField(Attribute field, Made& made, ColumnBuilder* out) const {
  const NexmarkEvent& event = made.event;
  if (field == Attribute::kDateTime) return AppendMillis(event.time_ms, out);
  made.text.clear();
  if (field == Attribute::kExtra) {
    AppendExtra(options_.seed, event, CountedSize(options_.seed, event, made.person), &made.text);
    return out->AppendString(made.text);
  }
  switch (event.kind) {
    case NexmarkKind::kPerson: return AppendPersonField(field, made, out);
    case NexmarkKind::kAuction: return AppendAuctionField(field, made, out);
    case NexmarkKind::kBid: return AppendBidField(field, made, out);
  }
}

void NexmarkBatchMaker::AppendPersonField(Attribute field, Made& made, ColumnBuilder* out) const {
  switch (field) {
    case Attribute::kId: return out->Append<int64_t>(made.person.id);
    case Attribute::kCity: return out->AppendString(PersonCity(made.person));
    case Attribute::kState: return out->AppendString(PersonState(made.person));
    case Attribute::kName: AppendPersonName(made.person, &made.text); break;
    case Attribute::kEmail: AppendEmail(options_.seed, made.event.id, &made.text); break;
    default: AppendCreditCard(options_.seed, made.event.id, &made.text); break;
  }
  out->AppendString(made.text);
}

void NexmarkBatchMaker::AppendAuctionField(Attribute field, Made& made, ColumnBuilder* out) const {
  const NexmarkAuction& auction = made.auction;
  switch (field) {
    case Attribute::kId: return out->Append<int64_t>(auction.id);
    case Attribute::kInitialBid: return out->Append<int64_t>(auction.initial_bid);
    case Attribute::kReserve: return out->Append<int64_t>(auction.reserve);
    case Attribute::kExpires: return AppendMillis(auction.expires_ms, out);
    case Attribute::kSeller: return out->Append<int64_t>(auction.seller);
    case Attribute::kCategory: return out->Append<int64_t>(auction.category);
    case Attribute::kName: AppendItemName(options_.seed, made.event.id, &made.text); break;
    default: AppendDescription(options_.seed, made.event.id, &made.text); break;
  }
  out->AppendString(made.text);
}

void NexmarkBatchMaker::AppendBidField(Attribute field, const Made& made, ColumnBuilder* out) const {
  switch (field) {
    case Attribute::kAuction: return out->Append<int64_t>(made.bid.auction);
    case Attribute::kBidder: return out->Append<int64_t>(made.bid.bidder);
    case Attribute::kPrice: return out->Append<int64_t>(made.bid.price);
    case Attribute::kChannel: return out->AppendString(vocabulary_->channel(made.bid.channel));
    default: return out->AppendString(vocabulary_->url(made.bid.channel));
  }
}

}  // namespace penstock
