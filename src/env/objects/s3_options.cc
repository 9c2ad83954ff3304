// Options of object stores.
#include "env/objects/s3_options.h"

#include <cstdlib>
#include <initializer_list>

#include "base/strings.h"

namespace penstock {

namespace {

// The first that is set.
std::string FirstOf(const S3Options::Lookup& lookup, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (std::string value = lookup(name); !value.empty()) return value;
  }
  return "";
}

Status ReadEndpoint(const S3Options::Lookup& option, const S3Options::Lookup& environment,
                    S3Options* options) {
  options->endpoint = FirstOf(option, {"s3.endpoint"});
  if (options->endpoint.empty())
    options->endpoint = FirstOf(environment, {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  std::string style = FirstOf(option, {"s3.path.style.access", "s3.path-style-access"});
  // Only AWS's own endpoint surely has a host name for every bucket.
  options->path_style = style.empty() ? !options->endpoint.empty() : EqualsIgnoreCase(style, "true");
  if (options->endpoint.empty()) options->endpoint = "https://s3." + options->region + ".amazonaws.com";
  if (options->endpoint.find("://") == std::string::npos) options->endpoint = "https://" + options->endpoint;
  while (options->endpoint.ends_with('/')) options->endpoint.pop_back();
  bool http = options->endpoint.starts_with("http://") || options->endpoint.starts_with("https://");
  if (http && options->endpoint.find('@') == std::string::npos) return Status::Ok();
  return SqlError(ErrorNumber::kBadOption, {}, "option 's3.endpoint' is no address of a server",
                  "write 'https://host' or 'http://host:port'; keys go into s3.access-key and s3.secret-key");
}

}  // namespace

Result<S3Options> S3Options::Read(const Lookup& option, const Lookup& environment) {
  S3Options options;
  options.region = FirstOf(option, {"s3.region", "s3.endpoint.region"});
  if (options.region.empty()) options.region = FirstOf(environment, {"AWS_REGION", "AWS_DEFAULT_REGION"});
  if (options.region.empty()) options.region = "us-east-1";
  RETURN_IF_ERROR(ReadEndpoint(option, environment, &options));
  options.access_key = option("s3.access-key");
  options.secret_key = option("s3.secret-key");
  if (options.access_key.empty() != options.secret_key.empty()) {
    return SqlError(ErrorNumber::kBadOption, {}, "of 's3.access-key' and 's3.secret-key' only one is set",
                    "set both, or none");
  }
  if (!options.access_key.empty()) return options;
  options.access_key = environment("AWS_ACCESS_KEY_ID");
  options.secret_key = environment("AWS_SECRET_ACCESS_KEY");
  options.session_token = environment("AWS_SESSION_TOKEN");
  if (options.secret_key.empty()) options.access_key.clear();
  return options;
}

std::string EnvironmentVariable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

}  // namespace penstock
