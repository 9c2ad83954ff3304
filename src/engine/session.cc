// Execution of statements.
#include "engine/session.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/strings.h"
#include "data/column_builder.h"
#include "engine/connector_list.h"
#include "engine/output/terminal_connector.h"
#include "engine/jobs/running_job.h"
#include "engine/rerun/rerun.h"
#include "expr/aggregate.h"
#include "expr/user_functions.h"
#include "operators/register.h"
#include "sql/syntax/lexer.h"
#include "sql/logical/rules.h"
#include "sql/binder/statement_binder.h"

namespace penstock {

const char* PhaseName(StatementPhase phase) {
  static const char* const kNames[] = {"parse", "validation", "runtime", "unsupported"};
  return kNames[static_cast<size_t>(phase)];
}

// Where the rows of the SELECT that starts now go.
struct Session::Collector {
  int statement = 0;
  ResultHandler* handler = nullptr;
};

namespace {

class CollectWriter : public SinkWriter {
 public:
  CollectWriter(int statement, ResultHandler* handler) : statement_(statement), handler_(handler) {}
  Status Write(const Batch& batch) override {
    handler_->OnRows(statement_, batch);
    return handler_->status();
  }
  bool full() const override { return handler_->full(); }
  Status Poll() override { return handler_->status(); }
  int64_t poll_interval_ms() const override { return handler_->status_interval_ms(); }

 private:
  int statement_;
  ResultHandler* handler_;
};

class CollectSink : public Sink {
 public:
  CollectSink(int statement, ResultHandler* handler) : statement_(statement), handler_(handler) {}
  Result<std::unique_ptr<SinkWriter>> MakeWriter(const SinkContext& context) override {
    handler_->set_wake_up(context.wake_up);
    return std::unique_ptr<SinkWriter>(new CollectWriter(statement_, handler_));
  }

 private:
  int statement_;
  ResultHandler* handler_;
};

// Statements that start a job.
bool IsQuery(const sql::AstStatement& statement) {
  return std::holds_alternative<sql::AstSelectStatement>(statement.body) ||
         std::holds_alternative<sql::AstInsert>(statement.body) ||
         std::holds_alternative<sql::AstStatementSet>(statement.body);
}

// Scalar functions and aggregates, in lower case; without operators, whose names are no identifiers.
std::vector<std::string> FunctionNames() {
  std::set<std::string> names;
  for (const auto& group :
       {FunctionRegistry::BuiltIn().Names(), AggregateRegistry::BuiltIn().Names(), UserFunctionNames()}) {
    for (const std::string& name : group) {
      bool plain = std::all_of(name.begin(), name.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
      });
      if (plain) names.insert(ToLowerAscii(name));
    }
  }
  return {names.begin(), names.end()};
}

}  // namespace

Session::Session(SessionOptions options, const Clock* clock, FileSystem* files)
    : options_(std::move(options)),
      clock_(clock),
      files_(files),
      random_state_(options_.seed ? *options_.seed : EntropySeed()),
      process_jobs_(clock),
      live_tables_(new LiveTables()),
      collector_(new Collector()) {
  RegisterConnectors(&connectors_, &registry_);
  connectors_.Add(std::make_unique<TerminalConnector>());
  TerminalConnector::Register(&registry_, live_tables_.get());
  RegisterOperators(&registry_);
  registry_.AddSink(sql::kCollectSink, [this](std::string_view) -> Result<std::unique_ptr<Sink>> {
    return std::unique_ptr<Sink>(new CollectSink(collector_->statement, collector_->handler));
  });
  if (options_.rerun != nullptr) RegisterRerunSink(&registry_, options_.rerun);
  eval_.now_micros = [this] { return clock_->NowMicros(); };
  eval_.random = [this] { return Random::Mix(random_state_.fetch_add(Random::kStep) + Random::kStep); };
}

ObjectStores* Session::objects() {
  return options_.objects != nullptr ? options_.objects : object_stores_.Of(config_);
}

Session::~Session() {
  CancelAll();
  for (auto& job : running_) job->thread.Join();
  if (options_.driven) (void)RunUntilQuiet();
}

void Session::CancelAll() {
  std::lock_guard lock(jobs_mutex_);
  for (auto& running : running_) running->job->Cancel();
}

void Session::StopAll() {
  stopping_ = true;
  std::lock_guard lock(jobs_mutex_);
  for (auto& running : running_) running->job->Stop();
}

sql::BindContext Session::bind_context() { return {&catalog_, &config_, &eval_}; }

Status Session::UpdateTimeZone() {
  ASSIGN_OR_RETURN(eval_.zone, config_.time_zone());
  eval_.legacy_cast = EqualsIgnoreCase(config_.GetString("table.exec.legacy-cast-behaviour"), "ENABLED");
  return Status::Ok();
}

bool Session::ExecuteScript(std::string_view script, ResultHandler* handler) {
  bool all_ok = true;
  for (const sql::StatementText& text : sql::SplitStatements(script)) {
    if (stopping_) break;
    int number = ++statements_;
    at_run_time_ = false;
    Result<sql::AstStatement> parsed = sql::ParseStatement(text.text, text.position);
    StatementPhase phase = StatementPhase::kParse;
    Status status;
    if (!parsed) {
      status = parsed.error();
    } else {
      notices_ = handler;
      status = Execute(*parsed, number, handler);
      notices_ = nullptr;
      phase = at_run_time_ ? StatementPhase::kRuntime : StatementPhase::kValidation;
    }
    if (status.ok()) handler->OnOk(number);
    if (Status output = handler->status(); !output.ok())
      return all_ok && output.code() == StatusCode::kCancelled;
    if (status.ok()) continue;
    if (status.code() == StatusCode::kUnsupported) phase = StatementPhase::kUnsupported;
    handler->OnError(number, phase, std::move(status).At(text.position));
    all_ok = false;
    any_left_ = true;
    if (!options_.continue_on_error) break;
  }
  return all_ok;
}

Status Session::Execute(const sql::AstStatement& statement, int number, ResultHandler* handler) {
  if (options_.explain_only && IsQuery(statement))
    return ReportPlan(statement, {"CHANGELOG_MODE"}, number, handler);
  if (const auto* s = std::get_if<sql::AstSelectStatement>(&statement.body))
    return options_.rerun != nullptr ? Status::Ok() : ExecuteBody(*s, number, handler);
  if (const auto* s = std::get_if<sql::AstInsert>(&statement.body)) return ExecuteInserts({*s}, number);
  if (const auto* s = std::get_if<sql::AstStatementSet>(&statement.body))
    return ExecuteInserts(s->inserts, number);
  if (const auto* s = std::get_if<sql::AstCreateTable>(&statement.body)) {
    ASSIGN_OR_RETURN(TablePtr table, sql::BindCreateTable(bind_context(), *s));
    if (s->if_not_exists && catalog_.FindTable(table->path)) return Status::Ok();
    return catalog_.AddTable(std::move(table), s->or_replace);
  }
  if (const auto* s = std::get_if<sql::AstCreateView>(&statement.body)) {
    ASSIGN_OR_RETURN(sql::PlanPtr checked, sql::BindQuery(bind_context(), s->query));
    auto view = std::make_shared<View>();
    ASSIGN_OR_RETURN(view->path, catalog_.Resolve(s->name));
    if (s->if_not_exists && catalog_.FindView(view->path)) return Status::Ok();
    if (!s->columns.empty() && static_cast<int>(s->columns.size()) != checked->schema.size()) {
      return SqlError(ErrorNumber::kColumnCount, statement.position,
                      "the view names another number of columns than its query has");
    }
    view->columns = s->columns;
    view->query_text = s->query_text;
    view->temporary = s->temporary;
    return catalog_.AddView(std::move(view), s->or_replace);
  }
  if (const auto* s = std::get_if<sql::AstDrop>(&statement.body)) return ExecuteDrop(*s);
  if (const auto* s = std::get_if<sql::AstSet>(&statement.body)) return ExecuteSet(*s, number, handler);
  if (const auto* s = std::get_if<sql::AstReset>(&statement.body)) {
    if (s->key.empty())
      config_.ResetAll();
    else
      config_.Reset(s->key);
    return UpdateTimeZone();
  }
  if (const auto* s = std::get_if<sql::AstUse>(&statement.body)) {
    return s->catalog ? catalog_.UseCatalog(s->name.back()) : catalog_.UseDatabase(s->name);
  }
  if (const auto* s = std::get_if<sql::AstCreateNamespace>(&statement.body)) {
    return s->catalog ? catalog_.CreateCatalog(s->name.back(), s->if_not_exists)
                      : catalog_.CreateDatabase(s->name, s->if_not_exists);
  }
  if (const auto* s = std::get_if<sql::AstShow>(&statement.body)) return ExecuteShow(*s, number, handler);
  if (const auto* s = std::get_if<sql::AstDescribe>(&statement.body))
    return ExecuteDescribe(s->name, number, handler);
  if (const auto* s = std::get_if<sql::AstExplain>(&statement.body))
    return ReportPlan(*s->statement, s->details, number, handler);
  const auto& unsupported = std::get<sql::AstUnsupported>(statement.body);
  return SqlError(ErrorNumber::kUnsupported, statement.position, unsupported.what + " is not supported");
}

Status Session::ExecuteSet(const sql::AstSet& set, int number, ResultHandler* handler) {
  if (set.show) {
    std::vector<std::string> lines;
    for (const auto& [key, value] : config_.values())
      lines.push_back(QuoteLiteral(key) + " = " + QuoteLiteral(IsSecretOption(key) ? "******" : value));
    ReportTexts(number, "options", lines, handler);
    return Status::Ok();
  }
  return SetOption(set.key, set.value);
}

Status Session::SetOption(const std::string& key, const std::string& value) {
  RETURN_IF_ERROR(sql::Config::Check(key, value));
  std::string before = config_.GetString(key);
  bool had = config_.values().contains(key);
  config_.Set(key, value);
  Status status = UpdateTimeZone();
  if (status.ok()) return status;
  if (had)
    config_.Set(key, before);
  else
    config_.Reset(key);
  return std::move(status).WithNumber(ErrorNumber::kBadOption);
}

Status Session::ExecuteDrop(const sql::AstDrop& drop) {
  if (drop.what == "CATALOG") return catalog_.DropCatalog(drop.name.back(), drop.if_exists);
  if (drop.what == "DATABASE") return catalog_.DropDatabase(drop.name, drop.if_exists);
  ASSIGN_OR_RETURN(ObjectPath path, catalog_.Resolve(drop.name));
  if (drop.what == "TABLE") {
    if (drop.if_exists && !catalog_.FindTable(path)) return Status::Ok();
    return catalog_.DropTable(path, drop.temporary);
  }
  if (drop.what == "VIEW") {
    if (drop.if_exists && !catalog_.FindView(path)) return Status::Ok();
    return catalog_.DropView(path, drop.temporary);
  }
  return SqlError(ErrorNumber::kUnsupported, {}, "DROP " + drop.what + " is not supported");
}

void Session::ReportTexts(int number, const std::string& column, const std::vector<std::string>& values,
                          ResultHandler* handler) {
  handler->OnColumns(number, Schema{{column, DataType::String().NotNull()}});
  ColumnBuilder builder(DataType::String());
  for (const std::string& value : values) builder.AppendString(value);
  handler->OnRows(number, Batch(static_cast<int64_t>(values.size()), {builder.Finish()}));
}

Status Session::ExecuteShow(const sql::AstShow& show, int number, ResultHandler* handler) {
  auto report = [&](const char* column, const std::vector<std::string>& values) {
    ReportTexts(number, column, values, handler);
    return Status::Ok();
  };
  if (show.what == "TABLES") return report("table name", catalog_.Tables());
  if (show.what == "VIEWS") return report("view name", catalog_.Views());
  if (show.what == "CATALOGS") return report("catalog name", catalog_.Catalogs());
  if (show.what == "DATABASES") return report("database name", catalog_.Databases());
  if (show.what == "CURRENT CATALOG") return report("current catalog name", {catalog_.current_catalog()});
  if (show.what == "CURRENT DATABASE") return report("current database name", {catalog_.current_database()});
  if (show.what == "FUNCTIONS") {
    std::vector<std::string> names = FunctionNames();
    return report("function name", names);
  }
  if (show.what == "JOBS") {
    std::vector<std::string> names;
    for (const auto& job : running_) names.push_back("job-" + std::to_string(job->number));
    return report("job id", names);
  }
  if (show.what == "COLUMNS") return ExecuteDescribe(show.name, number, handler);
  if (show.what == "CREATE TABLE" || show.what == "CREATE VIEW") {
    ASSIGN_OR_RETURN(ObjectPath path, catalog_.Resolve(show.name));
    if (TablePtr table = catalog_.FindTable(path)) return report("result", {sql::CreateTableText(*table)});
    if (ViewPtr view = catalog_.FindView(path)) {
      return report("result", {"CREATE VIEW " + QuoteIdentifier(path.object) + " AS\n" + view->query_text});
    }
    return SqlError(ErrorNumber::kUnknownTable, {}, "'" + path.ToString() + "' not found");
  }
  return SqlError(ErrorNumber::kUnsupported, {}, "SHOW " + show.what + " is not supported");
}

Status Session::ExecuteDescribe(const std::vector<std::string>& name, int number, ResultHandler* handler) {
  ASSIGN_OR_RETURN(ObjectPath path, catalog_.Resolve(name));
  TablePtr table = catalog_.FindTable(path);
  Schema columns;
  if (table) {
    columns = table->schema();
  } else if (catalog_.FindView(path)) {
    Result<sql::AstStatement> query =
        sql::ParseStatement("SELECT * FROM " + QuoteIdentifier(path.catalog) + "." +
                            QuoteIdentifier(path.database) + "." + QuoteIdentifier(path.object));
    if (!query) return query.error();
    ASSIGN_OR_RETURN(sql::PlanPtr plan,
                     sql::BindQuery(bind_context(), std::get<sql::AstSelectStatement>(query->body).query));
    columns = plan->schema;
  } else {
    return SqlError(ErrorNumber::kUnknownTable, {},
                    "Tables or views with the identifier '" + path.ToString() + "' doesn't exist.");
  }
  DataType text = DataType::String();
  handler->OnColumns(number, Schema{{"name", text},
                                    {"type", text},
                                    {"null", DataType::Boolean()},
                                    {"key", text},
                                    {"extras", text},
                                    {"watermark", text}});
  ColumnBuilder names(text), types(text), nulls(DataType::Boolean()), keys(text), extras(text),
      watermarks(text);
  for (int i = 0; i < columns.size(); ++i) {
    names.AppendString(columns[i].name);
    std::string type = columns[i].type.WithNullable(true).ToString();
    if (columns[i].type.is_rowtime()) type += " *ROWTIME*";
    if (columns[i].type.is_proctime()) type += " *PROCTIME*";
    types.AppendString(type);
    nulls.Append<uint8_t>(columns[i].type.nullable() ? 1 : 0);
    auto put = [](ColumnBuilder& builder, const std::string& value) {
      if (value.empty())
        builder.AppendNull();
      else
        builder.AppendString(value);
    };
    std::string key, extra, watermark;
    if (table) {
      const TableColumn& column = table->columns[static_cast<size_t>(i)];
      std::vector<std::string> key_names;
      for (int k : table->primary_key) key_names.push_back(table->columns[static_cast<size_t>(k)].name);
      if (std::find(table->primary_key.begin(), table->primary_key.end(), i) != table->primary_key.end()) {
        key = "PRI(" + Join(key_names, ", ") + ")";
      }
      if (column.kind == TableColumn::Kind::kComputed) extra = "AS " + column.expr_text;
      if (column.kind == TableColumn::Kind::kMetadata)
        extra = "METADATA FROM '" + column.metadata_key + "'" + (column.is_virtual ? " VIRTUAL" : "");
      if (table->watermark && table->watermark->column == i) watermark = table->watermark->expr_text;
    }
    put(keys, key);
    put(extras, extra);
    put(watermarks, watermark);
  }
  handler->OnRows(number, Batch(columns.size(), {names.Finish(), types.Finish(), nulls.Finish(),
                                                 keys.Finish(), extras.Finish(), watermarks.Finish()}));
  return Status::Ok();
}

Status Session::ExecuteBody(const sql::AstSelectStatement& select, int number, ResultHandler* handler) {
  ASSIGN_OR_RETURN(sql::PlanPtr plan, sql::BindQuery(bind_context(), select.query));
  sql::PhysicalPlanner planner(bind_context(), connectors_);
  std::vector<sql::PlanPtr> plans = {plan};
  RETURN_IF_ERROR(sql::OptimizePlans(bind_context(), connectors_, &plans));
  RETURN_IF_ERROR(planner.Add(plans[0], sql::SinkTarget{}));
  handler->OnColumns(number, plan->schema);
  CollectFor(number, handler);
  bool bounded = planner.bounded();
  std::vector<std::string> notices = planner.HotKeyNotices();
  return RunJob({planner.Finish("SELECT"), bounded, {}, std::move(notices)}, handler_ == nullptr, number);
}

void Session::CollectFor(int statement, ResultHandler* handler) {
  collector_->statement = statement;
  collector_->handler = handler;
}

Status Session::ExecuteInserts(const std::vector<sql::AstInsert>& inserts, int number) {
  if (options_.rerun != nullptr) return RerunInserts(inserts, number);
  sql::PhysicalPlanner planner(bind_context(), connectors_);
  std::vector<std::string> sinks;
  std::vector<sql::PlanPtr> plans;
  std::vector<sql::SinkTarget> targets;
  for (const sql::AstInsert& insert : inserts) {
    ASSIGN_OR_RETURN(sql::BoundInsert bound, sql::BindInsert(bind_context(), insert));
    plans.push_back(bound.plan);
    targets.push_back(bound.sink);
    sinks.push_back(bound.sink.table->path.object);
  }
  RETURN_IF_ERROR(sql::OptimizePlans(bind_context(), connectors_, &plans));
  for (size_t i = 0; i < plans.size(); ++i) {
    Status status = planner.Add(plans[i], targets[i]);
    if (!status.ok()) return std::move(status).At(inserts[i].position);
  }
  JobPlan plan;
  plan.bounded = planner.bounded();
  bool wait = plan.bounded || config_.GetBool("table.dml-sync", false);
  for (const auto& sink : planner.SinkGuarantees()) {
    if (sink.guarantee == "exactly-once") plan.exactly_once_sinks.push_back(sink.table);
  }
  plan.notices = planner.HotKeyNotices();
  plan.graph = planner.Finish(config_.GetString("pipeline.name", "insert-into_" + Join(sinks, ",")));
  RETURN_IF_ERROR(CheckpointsOf(plan.graph, plan.bounded).status());
  return RunJob(std::move(plan), wait, number);
}

void Session::NoteUnknownTables(int number) {
  static const char* const kFamilies[] = {"penstock.late-rows.", "penstock.bad-rows.", "penstock.max-future.",
                                          "penstock.max-record-size."};
  for (const auto& [key, value] : config_.values()) {
    for (std::string_view family : kFamilies) {
      if (!key.starts_with(family)) continue;
      std::string name = key.substr(family.size());
      Result<ObjectPath> path = catalog_.Resolve(Split(name, '.'));
      if (path && catalog_.FindTable(*path)) continue;
      std::string near = NearestName(name, catalog_.Tables());
      if (notices_ != nullptr)
        notices_->OnNotice(
            number, "'" + key + "' names no table" + (near.empty() ? "" : "; did you mean '" + near + "'?"));
    }
  }
}

Result<int> Session::StartQuery(std::string_view statement, std::shared_ptr<ResultHandler> handler) {
  std::vector<sql::StatementText> texts = sql::SplitStatements(statement);
  if (texts.size() != 1) return SqlError(ErrorNumber::kSyntax, {}, "expected exactly one statement");
  ASSIGN_OR_RETURN(sql::AstStatement parsed, sql::ParseStatement(texts[0].text, texts[0].position));
  if (IsQuery(parsed) && !std::holds_alternative<sql::AstSelectStatement>(parsed.body))
    return SqlError(ErrorNumber::kUnsupported, parsed.position, "INSERT gives no rows to read");
  int number = ++statements_, before = jobs_;
  handler_ = handler;
  notices_ = handler.get();
  Status status = Execute(parsed, number, handler.get());
  notices_ = nullptr;
  handler_.reset();
  if (!status.ok()) return std::move(status).At(texts[0].position);
  if (jobs_ > before) return jobs_;
  handler->OnOk(number);
  return 0;
}

}  // namespace penstock
