// The in-memory catalog of a session.
#include "table/catalog.h"

#include <algorithm>

namespace penstock {

namespace {
Status Unknown(const char* what, const std::string& name) {
  return SqlError(ErrorNumber::kUnknownTable, {}, std::string(what) + " '" + name + "' does not exist");
}
}  // namespace

Catalog::Catalog() { databases_[catalog_].insert(database_); }

Result<ObjectPath> Catalog::Resolve(const std::vector<std::string>& parts) const {
  switch (parts.size()) {
    case 1: return ObjectPath{catalog_, database_, parts[0]};
    case 2: return ObjectPath{catalog_, parts[0], parts[1]};
    case 3: return ObjectPath{parts[0], parts[1], parts[2]};
    default: return SqlError(ErrorNumber::kUnknownTable, {}, "a name has at most three parts");
  }
}

template <typename T>
std::shared_ptr<const T> Catalog::Find(const std::map<Key, std::shared_ptr<const T>>& objects,
                                       const ObjectPath& path) {
  for (bool temporary : {true, false}) {
    if (auto it = objects.find({path, temporary}); it != objects.end()) return it->second;
  }
  return nullptr;
}

TablePtr Catalog::FindTable(const ObjectPath& path) const { return Find(tables_, path); }
ViewPtr Catalog::FindView(const ObjectPath& path) const { return Find(views_, path); }

Status Catalog::AddTable(TablePtr table, bool replace) {
  Key key{table->path, table->temporary};
  auto catalog = databases_.find(table->path.catalog);
  if (catalog == databases_.end()) return Unknown("catalog", table->path.catalog);
  if (!catalog->second.contains(table->path.database)) return Unknown("database", table->path.database);
  if (!replace && Exists(key)) {
    return SqlError(ErrorNumber::kTableExists, {}, "table '" + table->path.ToString() + "' already exists",
                    "use CREATE TABLE IF NOT EXISTS, or drop it first");
  }
  tables_[key] = std::move(table);
  return Status::Ok();
}

Status Catalog::AddView(ViewPtr view, bool replace) {
  Key key{view->path, view->temporary};
  if (!replace && Exists(key)) {
    return SqlError(ErrorNumber::kTableExists, {}, "'" + view->path.ToString() + "' already exists");
  }
  views_[key] = std::move(view);
  return Status::Ok();
}

Status Catalog::DropTable(const ObjectPath& path, bool temporary) {
  if (tables_.erase({path, temporary}) > 0 || (!temporary && tables_.erase({path, true}) > 0))
    return Status::Ok();
  return Unknown("table", path.ToString());
}

Status Catalog::DropView(const ObjectPath& path, bool temporary) {
  if (views_.erase({path, temporary}) > 0 || (!temporary && views_.erase({path, true}) > 0))
    return Status::Ok();
  return Unknown("view", path.ToString());
}

Status Catalog::CreateCatalog(const std::string& name, bool if_not_exists) {
  if (databases_.contains(name) && !if_not_exists) {
    return SqlError(ErrorNumber::kTableExists, {}, "catalog '" + name + "' already exists");
  }
  databases_[name].insert("default");
  return Status::Ok();
}

Status Catalog::CreateDatabase(const std::vector<std::string>& parts, bool if_not_exists) {
  const std::string& catalog = parts.size() > 1 ? parts[0] : catalog_;
  if (!databases_.contains(catalog)) return Unknown("catalog", catalog);
  if (!databases_[catalog].insert(parts.back()).second && !if_not_exists) {
    return SqlError(ErrorNumber::kTableExists, {}, "database '" + parts.back() + "' already exists");
  }
  return Status::Ok();
}

Status Catalog::DropCatalog(const std::string& name, bool if_exists) {
  if (name == catalog_)
    return SqlError(ErrorNumber::kInvalidPlan, {}, "the current catalog cannot be dropped");
  return databases_.erase(name) > 0 || if_exists ? Status::Ok() : Unknown("catalog", name);
}

Status Catalog::DropDatabase(const std::vector<std::string>& parts, bool if_exists) {
  const std::string& catalog = parts.size() > 1 ? parts[0] : catalog_;
  if (!databases_.contains(catalog)) return if_exists ? Status::Ok() : Unknown("catalog", catalog);
  bool dropped = databases_[catalog].erase(parts.back()) > 0;
  return dropped || if_exists ? Status::Ok() : Unknown("database", parts.back());
}

Status Catalog::UseCatalog(const std::string& name) {
  auto it = databases_.find(name);
  if (it == databases_.end()) return Unknown("catalog", name);
  catalog_ = name;
  database_ = it->second.contains("default_database") ? "default_database"
              : it->second.empty()                    ? ""
                                                      : *it->second.begin();
  return Status::Ok();
}

Status Catalog::UseDatabase(const std::vector<std::string>& parts) {
  const std::string& catalog = parts.size() > 1 ? parts[0] : catalog_;
  auto it = databases_.find(catalog);
  if (it == databases_.end()) return Unknown("catalog", catalog);
  if (!it->second.contains(parts.back())) return Unknown("database", parts.back());
  catalog_ = catalog;
  database_ = parts.back();
  return Status::Ok();
}

std::vector<std::string> Catalog::Catalogs() const {
  std::vector<std::string> names;
  for (const auto& [name, databases] : databases_) names.push_back(name);
  return names;
}

std::vector<std::string> Catalog::Databases() const {
  auto it = databases_.find(catalog_);
  if (it == databases_.end()) return {};
  return {it->second.begin(), it->second.end()};
}

std::vector<std::string> Catalog::Tables() const {
  std::set<std::string> names;
  for (const auto& [key, table] : tables_) {
    if (key.path.catalog == catalog_ && key.path.database == database_) names.insert(key.path.object);
  }
  for (const std::string& view : Views()) names.insert(view);
  return {names.begin(), names.end()};
}

std::vector<std::string> Catalog::Views() const {
  std::set<std::string> names;
  for (const auto& [key, view] : views_) {
    if (key.path.catalog == catalog_ && key.path.database == database_) names.insert(key.path.object);
  }
  return {names.begin(), names.end()};
}

}  // namespace penstock
