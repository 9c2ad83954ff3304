// The registry of connector descriptors and the check of option names.
#include "table/connector_descriptor.h"

#include <algorithm>

#include "base/strings.h"

namespace penstock {

void ConnectorCatalog::Add(std::unique_ptr<ConnectorDescriptor> descriptor) {
  std::string name = descriptor->name();
  descriptors_[name] = std::move(descriptor);
}

Result<const ConnectorDescriptor*> ConnectorCatalog::Find(const Table& table) const {
  std::string name = table.option("connector");
  if (name.empty()) {
    return SqlError(ErrorNumber::kMissingOption, {},
                    "table '" + table.path.ToString() + "' has no 'connector' option",
                    "one of: " + Join(Names(), ", "));
  }
  auto it = descriptors_.find(name);
  if (it == descriptors_.end()) {
    return SqlError(ErrorNumber::kUnknownConnector, {},
                    "unknown connector '" + name + "' of table '" + table.path.ToString() + "'",
                    "one of: " + Join(Names(), ", "));
  }
  return it->second.get();
}

std::vector<std::string> ConnectorCatalog::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, descriptor] : descriptors_) names.push_back(name);
  return names;
}

Status CheckOptions(const Table& table, const std::vector<std::string>& known) {
  for (const auto& [key, value] : table.options) {
    bool found =
        key == "connector" || std::any_of(known.begin(), known.end(), [&](const std::string& name) {
          return name.ends_with('*') ? key.starts_with(name.substr(0, name.size() - 1)) : key == name;
        });
    if (found) continue;
    std::string near = NearestName(key, known);
    return SqlError(ErrorNumber::kBadOption, {},
                    "unknown option '" + key + "' of table '" + table.path.ToString() + "'",
                    near.empty() ? "known options: " + Join(known, ", ") : "did you mean '" + near + "'?");
  }
  return Status::Ok();
}

}  // namespace penstock
