// Catalog: the session's tables and views by path. Temporary objects shadow permanent ones of the same name.
// Owned by one session and used by its thread.
#pragma once

#include <map>
#include <set>

#include "base/status.h"
#include "table/table.h"

namespace penstock {

class Catalog {
 public:
  Catalog();

  // Completes a path of one to three parts with the current catalog and database.
  Result<ObjectPath> Resolve(const std::vector<std::string>& parts) const;

  // Null when there is none.
  TablePtr FindTable(const ObjectPath& path) const;
  ViewPtr FindView(const ObjectPath& path) const;

  Status AddTable(TablePtr table, bool replace);
  Status AddView(ViewPtr view, bool replace);
  Status DropTable(const ObjectPath& path, bool temporary);
  Status DropView(const ObjectPath& path, bool temporary);

  Status CreateCatalog(const std::string& name, bool if_not_exists);
  Status CreateDatabase(const std::vector<std::string>& parts, bool if_not_exists);
  Status DropCatalog(const std::string& name, bool if_exists);
  Status DropDatabase(const std::vector<std::string>& parts, bool if_exists);
  Status UseCatalog(const std::string& name);
  Status UseDatabase(const std::vector<std::string>& parts);

  const std::string& current_catalog() const { return catalog_; }
  const std::string& current_database() const { return database_; }
  std::vector<std::string> Catalogs() const;
  std::vector<std::string> Databases() const;  // of the current catalog
  // Names in the current database, sorted; tables and views.
  std::vector<std::string> Tables() const;
  std::vector<std::string> Views() const;

 private:
  struct Key {
    ObjectPath path;
    bool temporary;
    auto operator<=>(const Key&) const = default;
  };
  template <typename T>
  static std::shared_ptr<const T> Find(const std::map<Key, std::shared_ptr<const T>>& objects,
                                       const ObjectPath& path);
  bool Exists(const Key& key) const { return tables_.contains(key) || views_.contains(key); }

  std::string catalog_ = "default_catalog";
  std::string database_ = "default_database";
  std::map<std::string, std::set<std::string>> databases_;
  std::map<Key, TablePtr> tables_;
  std::map<Key, ViewPtr> views_;
};

}  // namespace penstock
