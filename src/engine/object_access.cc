// Object stores by options.
#include "engine/object_access.h"

#include "base/strings.h"

namespace penstock {

// S3 with the options of one moment, or the error that they are.
class SessionObjectStores::Stores : public ObjectStores {
 public:
  explicit Stores(Result<S3Options> options)
      : options_(std::move(options)), stores_(options_ ? *options_ : S3Options()) {}
  Result<ObjectStore*> Open(const std::string& bucket) override {
    RETURN_IF_ERROR(options_.status());
    return stores_.Open(bucket);
  }
  bool HasOptions(const Result<S3Options>& options) const {
    return options && options_ && *options == *options_;
  }

 private:
  Result<S3Options> options_;
  S3Stores stores_;
};

bool IsSecretOption(const std::string& key) {
  std::string name = ToLowerAscii(key);
  for (const char* part : {"password", "secret", "access-key", "token", "apikey", "api-key", "jaas"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

ObjectStores* SessionObjectStores::Of(const sql::Config& config) {
  Result<S3Options> options =
      S3Options::Read([&](const std::string& name) { return config.GetString(name); }, EnvironmentVariable);
  if (stores_.empty() || !stores_.back()->HasOptions(options))
    stores_.push_back(std::make_shared<Stores>(std::move(options)));
  return stores_.back().get();
}

}  // namespace penstock
