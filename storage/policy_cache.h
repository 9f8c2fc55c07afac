#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "storage/sqlite.h"

namespace waxwing {

class Disk;

// Policies that other domains published, over restarts: data_dir/mta_sts.sqlite. What is lost there
// is asked for again; until then the domain is as unprotected as one never met (RFC 8461
// section 10). A policy of the last moment before a power cut may be missing. Any thread;
// may block.
class PolicyCache {
 public:
  struct Policy {
    std::string domain;
    std::string id;                         // of the TXT record when it was fetched
    std::string text;                       // as it was fetched
    std::int64_t fetched = 0, expires = 0;  // Unix seconds
  };
  static Result<std::unique_ptr<PolicyCache>> open(const std::string& data_dir, Disk& disk);

  // The newest first, at most `max`; older ones are removed.
  Result<std::vector<Policy>> all(std::size_t max);
  Outcome put(const Policy& policy);
  Outcome remove(const std::string& domain);

 private:
  explicit PolicyCache(sqlite::Database database) : database_(std::move(database)) {}

  std::mutex mutex_;  // guards the database
  sqlite::Database database_;
};

}  // namespace waxwing
