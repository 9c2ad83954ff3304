// Names of the error numbers.
#include "base/error_catalog.h"

namespace penstock {

const char* ErrorName(ErrorNumber number) {
  switch (number) {
    case ErrorNumber::kNone: return "";
    case ErrorNumber::kSyntax: return "syntax error";
    case ErrorNumber::kUnterminated: return "unterminated text";
    case ErrorNumber::kBadLiteral: return "bad literal";
    case ErrorNumber::kTooDeep: return "nesting too deep";
    case ErrorNumber::kUnknownTable: return "unknown table";
    case ErrorNumber::kUnknownColumn: return "unknown column";
    case ErrorNumber::kAmbiguousColumn: return "ambiguous column";
    case ErrorNumber::kUnknownFunction: return "unknown function";
    case ErrorNumber::kBadArguments: return "invalid function arguments";
    case ErrorNumber::kTypeMismatch: return "type mismatch";
    case ErrorNumber::kBadCast: return "invalid cast";
    case ErrorNumber::kDuplicateName: return "duplicate name";
    case ErrorNumber::kBadAggregate: return "invalid aggregation";
    case ErrorNumber::kBadWindow: return "invalid window";
    case ErrorNumber::kUnknownType: return "unknown type";
    case ErrorNumber::kNotConstant: return "constant required";
    case ErrorNumber::kColumnCount: return "column count";
    case ErrorNumber::kUnsupported: return "unsupported";
    case ErrorNumber::kUpdatesNotAccepted: return "updates not accepted";
    case ErrorNumber::kNoTimeAttribute: return "no time attribute";
    case ErrorNumber::kBadWatermark: return "invalid watermark";
    case ErrorNumber::kUpsertKeyDiffers: return "upsert key differs from primary key";
    case ErrorNumber::kInvalidPlan: return "invalid plan";
    case ErrorNumber::kNotDecidedTogether: return "sinks cannot be decided together";
    case ErrorNumber::kNeedsCheckpoints: return "exactly-once needs checkpoints";
    case ErrorNumber::kTransactionTimeout: return "transactions would time out";
    case ErrorNumber::kUnknownConnector: return "unknown connector";
    case ErrorNumber::kMissingOption: return "missing option";
    case ErrorNumber::kBadOption: return "invalid option";
    case ErrorNumber::kTableExists: return "table exists";
    case ErrorNumber::kUnknownFormat: return "unknown format";
    case ErrorNumber::kReadOnly: return "not writable";
    case ErrorNumber::kRuntime: return "runtime error";
    case ErrorNumber::kNotNullViolated: return "NOT NULL violated";
    case ErrorNumber::kBadRecord: return "malformed record";
    case ErrorNumber::kNullRowtime: return "null rowtime";
    case ErrorNumber::kStateNotRestorable: return "state cannot be restored";
    case ErrorNumber::kCheckpointMissing: return "checkpoint missing";
    case ErrorNumber::kTakenOver: return "taken over by another process";
  }
  return "";
}

}  // namespace penstock
