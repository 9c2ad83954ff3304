// Nested projection: of a ROW column only the fields that some plan reads stay in its scan's type, where the
// connector can read rows with fewer fields (SourceAbilities::nested_projection). The accesses above are
// renumbered. As with whole columns that nobody reads, what stands in the other fields is not looked at.
#include <algorithm>
#include <map>

#include "sql/logical/rules.h"

namespace penstock::sql {

namespace {

// What is read of a value: all of it, or some fields of a ROW. Neither: nothing is known, so all of it.
struct FieldUse {
  bool whole = false;
  std::map<int, FieldUse> fields;

  static FieldUse Whole() { return {true, {}}; }
  bool narrow() const { return !whole && !fields.empty(); }
  void Merge(const FieldUse& other) {
    whole = whole || !other.narrow();
    for (const auto& [field, use] : other.fields) fields[field].Merge(use);
  }
};
using Uses = std::vector<FieldUse>;

// An input column or a field of one: FIELD(FIELD(input, a), b) is column input, steps a, b.
struct FieldPath {
  int column = -1;
  std::vector<int> steps;
};

std::optional<FieldPath> PathOf(const ExprPtr& expr) {
  if (expr->is_input()) return FieldPath{expr->index(), {}};
  if (!expr->is_call("FIELD") || !expr->arg(1)->is_literal()) return std::nullopt;
  std::optional<FieldPath> path = PathOf(expr->arg(0));
  if (path) path->steps.push_back(static_cast<int>(expr->arg(1)->literal().as_int()));
  return path;
}

void AddUses(const ExprPtr& expr, const FieldUse& use, Uses* uses) {
  if (!expr) return;
  if (std::optional<FieldPath> path = PathOf(expr)) {
    FieldUse* at = &(*uses)[static_cast<size_t>(path->column)];
    for (int step : path->steps) at = &at->fields[step];
    at->whole = at->whole || !use.narrow();
    for (const auto& [field, inner] : use.fields) at->fields[field].Merge(inner);
    return;
  }
  for (const ExprPtr& arg : expr->args()) AddUses(arg, FieldUse::Whole(), uses);
}

DataType NarrowType(const DataType& type, const FieldUse& use) {
  if (!use.narrow() || !type.is(TypeKind::kRow)) return type;
  std::vector<Field> fields;
  for (const auto& [field, inner] : use.fields) {
    const Field& kept = type.fields()[static_cast<size_t>(field)];
    fields.push_back({kept.name, NarrowType(kept.type, inner)});
  }
  return DataType::Row(std::move(fields)).WithNullable(type.nullable());
}

// The use of what an expression gives, null where that is a whole value.
const FieldUse* UseOf(const ExprPtr& expr, const std::vector<const FieldUse*>& inputs) {
  std::optional<FieldPath> path = PathOf(expr);
  if (!path) return nullptr;
  const FieldUse* use = inputs[static_cast<size_t>(path->column)];
  for (int step : path->steps) {
    if (use == nullptr || !use->narrow()) return nullptr;
    use = &use->fields.at(step);
  }
  return use != nullptr && use->narrow() ? use : nullptr;
}

// The expression over narrower inputs.
ExprPtr Renumber(const ExprPtr& expr, const std::vector<const FieldUse*>& inputs) {
  if (expr->args().empty() && !expr->is_input()) return expr;
  DataType type = expr->type();
  if (const FieldUse* use = UseOf(expr, inputs)) type = NarrowType(type, *use);
  if (expr->is_input()) return Expr::Input(expr->index(), type);
  std::vector<ExprPtr> args;
  for (const ExprPtr& arg : expr->args()) args.push_back(Renumber(arg, inputs));
  const FieldUse* row = PathOf(expr) ? UseOf(expr->arg(0), inputs) : nullptr;
  if (row != nullptr) {
    auto kept = row->fields.find(static_cast<int>(expr->arg(1)->literal().as_int()));
    args[1] = Expr::Literal(Value::Int(std::distance(row->fields.begin(), kept)), args[1]->type());
  }
  return expr->kind() == ExprKind::kCall ? Expr::Call(&expr->function(), std::move(args), type)
                                         : Expr::Special(expr->kind(), std::move(args), type);
}

// "column.field" of everything that is left of a column.
void AddNames(const Field& field, const std::string& prefix, std::vector<std::string>* names) {
  if (!field.type.is(TypeKind::kRow)) return names->push_back(prefix + field.name);
  for (const Field& inner : field.type.fields()) AddNames(inner, prefix + field.name + ".", names);
}

class FieldPruner {
 public:
  explicit FieldPruner(const ConnectorCatalog& connectors) : connectors_(connectors) {}

  Status Collect(const PlanPtr& plan) {
    return Walk(plan, Uses(static_cast<size_t>(plan->schema.size()), FieldUse::Whole()));
  }
  bool anything() const {
    for (const auto& [table, uses] : read_) {
      if (std::any_of(uses.begin(), uses.end(), [](const FieldUse& use) { return use.narrow(); }))
        return true;
    }
    return false;
  }
  PlanPtr Rewrite(const PlanPtr& plan) {
    std::vector<const FieldUse*> ignored;
    return Apply(plan, &ignored);
  }

 private:
  Status Walk(const PlanPtr& plan, Uses uses) {
    if (const auto* scan = plan->As<ScanNode>()) return NoteScan(plan, *scan, uses);
    Uses below(plan->inputs.empty() ? 0 : static_cast<size_t>(plan->input()->schema.size()));
    bool understood = true;
    if (const auto* project = plan->As<ProjectNode>()) {
      for (size_t i = 0; i < project->exprs.size(); ++i) AddUses(project->exprs[i], uses[i], &below);
    } else if (const auto* filter = plan->As<FilterNode>()) {
      below = std::move(uses);
      AddUses(filter->condition, FieldUse::Whole(), &below);
    } else if (const auto* watermark = plan->As<WatermarkNode>()) {
      below = std::move(uses);
      below[static_cast<size_t>(watermark->column)].whole = true;
      for (int column : watermark->kept_columns) below[static_cast<size_t>(column)].whole = true;
      AddUses(watermark->expr, FieldUse::Whole(), &below);
    } else if (const auto* window = plan->As<WindowTvfNode>()) {
      std::copy_n(uses.begin(), below.size(), below.begin());
      below[static_cast<size_t>(window->time_column)].whole = true;
      for (int key : window->window.partition_keys) below[static_cast<size_t>(key)].whole = true;
      for (int column : window->late_columns) below[static_cast<size_t>(column)].whole = true;
    } else {
      understood = false;
    }
    for (const PlanPtr& input : plan->inputs) {
      Uses all(static_cast<size_t>(input->schema.size()), FieldUse::Whole());
      RETURN_IF_ERROR(Walk(input, understood ? std::move(below) : std::move(all)));
    }
    return Status::Ok();
  }

  Status NoteScan(const PlanPtr& plan, const ScanNode& scan, const Uses& uses) {
    Uses& read = read_[scan.table.get()];
    if (read.empty()) read.resize(scan.table->columns.size());
    ASSIGN_OR_RETURN(const ConnectorDescriptor* connector, connectors_.Find(*scan.table));
    ASSIGN_OR_RETURN(SourceAbilities abilities, connector->DescribeSource(*scan.table));
    for (size_t i = 0; i < scan.columns.size(); ++i) {
      FieldUse& use = read[static_cast<size_t>(scan.columns[i])];
      bool row = plan->schema[static_cast<int>(i)].type.is(TypeKind::kRow);
      use.Merge(row && abilities.nested_projection ? uses[i] : FieldUse::Whole());
    }
    return Status::Ok();
  }

  // Fills in what the columns of the rewritten plan keep, null for all.
  PlanPtr Apply(const PlanPtr& plan, std::vector<const FieldUse*>* kept) {
    kept->clear();
    auto width = static_cast<size_t>(plan->schema.size());
    auto node = std::make_shared<PlanNode>(*plan);
    if (const auto* scan = plan->As<ScanNode>()) {
      const Uses& read = read_[scan->table.get()];
      kept->assign(width, nullptr);
      for (size_t i = 0; i < width; ++i) {
        const FieldUse& use = read[static_cast<size_t>(scan->columns[i])];
        if (use.narrow()) (*kept)[i] = &use;
      }
      node->schema = Narrowed(plan->schema, *kept);
      for (int i = 0; i < node->schema.size(); ++i) {
        if ((*kept)[static_cast<size_t>(i)] != nullptr)
          AddNames(node->schema[i], "", &std::get<ScanNode>(node->op).fields);
      }
      return node;
    }
    std::vector<const FieldUse*> below;
    for (PlanPtr& input : node->inputs) input = Apply(input, &below);
    if (auto* project = std::get_if<ProjectNode>(&node->op)) {
      kept->clear();
      for (ExprPtr& expr : project->exprs) {
        kept->push_back(UseOf(expr, below));
        expr = Renumber(expr, below);
      }
    } else if (auto* filter = std::get_if<FilterNode>(&node->op)) {
      filter->condition = Renumber(filter->condition, below);
      *kept = std::move(below);
    } else if (auto* watermark = std::get_if<WatermarkNode>(&node->op)) {
      if (watermark->expr) watermark->expr = Renumber(watermark->expr, below);
      *kept = std::move(below);
    } else if (plan->As<WindowTvfNode>() != nullptr) {
      *kept = std::move(below);
    }
    kept->resize(width, nullptr);
    node->schema = Narrowed(plan->schema, *kept);
    return node;
  }

  static Schema Narrowed(const Schema& schema, const std::vector<const FieldUse*>& kept) {
    Schema narrowed;
    for (int i = 0; i < schema.size(); ++i) {
      const FieldUse* use = kept[static_cast<size_t>(i)];
      narrowed.Add({schema[i].name, use == nullptr ? schema[i].type : NarrowType(schema[i].type, *use)});
    }
    return narrowed;
  }

  const ConnectorCatalog& connectors_;
  std::map<const Table*, Uses> read_;
};

}  // namespace

Status PruneFields(const ConnectorCatalog& connectors, std::vector<PlanPtr>* plans) {
  FieldPruner pruner(connectors);
  for (const PlanPtr& plan : *plans) RETURN_IF_ERROR(pruner.Collect(plan));
  if (!pruner.anything()) return Status::Ok();
  for (PlanPtr& plan : *plans) plan = pruner.Rewrite(plan);
  return Status::Ok();
}

}  // namespace penstock::sql
