// The catalogue of user-visible SQL errors: one number each, pinned by the tests and explained in
// docs/reference/errors.md. Numbers are never reused. 1xxx: parsing; 2xxx: binding and types; 3xxx: planning;
// 4xxx: connectors, formats and options; 5xxx: run time.
#pragma once

namespace penstock {

enum class ErrorNumber : int {
  kNone = 0,
  // 1xxx: the text is not SQL.
  kSyntax = 1001,
  kUnterminated = 1002,
  kBadLiteral = 1003,
  kTooDeep = 1004,
  // 2xxx: names and types.
  kUnknownTable = 2001,
  kUnknownColumn = 2002,
  kAmbiguousColumn = 2003,
  kUnknownFunction = 2004,
  kBadArguments = 2005,
  kTypeMismatch = 2006,
  kBadCast = 2007,
  kDuplicateName = 2008,
  kBadAggregate = 2009,
  kBadWindow = 2010,
  kUnknownType = 2011,
  kNotConstant = 2012,
  kColumnCount = 2013,
  // 3xxx: the statement is well typed but cannot become a job.
  kUnsupported = 3001,
  kUpdatesNotAccepted = 3002,
  kNoTimeAttribute = 3003,
  kBadWatermark = 3004,
  kUpsertKeyDiffers = 3005,
  kInvalidPlan = 3006,
  kNotDecidedTogether = 3601,  // sinks that cannot share a decision
  kNeedsCheckpoints = 3602,
  kTransactionTimeout = 3603,  // transactions that would not outlive a checkpoint
  // 4xxx: tables and options.
  kUnknownConnector = 4001,
  kMissingOption = 4002,
  kBadOption = 4003,
  kTableExists = 4004,
  kUnknownFormat = 4005,
  kReadOnly = 4006,
  // 5xxx: while a job runs.
  kRuntime = 5001,
  kNotNullViolated = 5002,
  kBadRecord = 5003,
  kNullRowtime = 5004,
  kStateNotRestorable = 5005,
  kCheckpointMissing = 5601,  // rows of a checkpoint that is not there
  kTakenOver = 5602,          // by another process
};

// Short name for docs and logs, such as "unknown table"; "" for kNone.
const char* ErrorName(ErrorNumber number);

}  // namespace penstock
