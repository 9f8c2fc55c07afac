#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/domain_keys.h"
#include "auth/read_cache.h"
#include "auth/sqlite.h"
#include "base/clock.h"

namespace waxwing {

// DomainKeys over directory.sqlite. Any thread. Keys that sign are parsed once, and kept until
// something is written.
class SqliteKeys final : public DomainKeys {
 public:
  // They outlive it.
  SqliteKeys(directory_sql::Pool& pool, const Clock& clock) : pool_(pool), clock_(clock) {}
  // After somebody else has written to the database.
  void forget() { signing_.forget(); }

  Result<std::vector<dkim::SigningKey>> signing(const std::string& domain) override;
  Result<std::vector<DomainKey>> list(std::string_view domain) override;
  Outcome provide(std::string_view domain) override;
  Outcome prepare(std::string_view domain) override;
  Outcome activate(std::string_view domain) override;
  Outcome remove(std::string_view domain, std::string_view selector) override;
  Outcome import(std::string_view domain, std::string_view selector, std::string_view pem) override;

 private:
  using Change = std::function<Outcome(directory_sql::Database&, const std::string& domain)>;
  // Runs `change` in a transaction of its own; `domain` is local, and goes in canonical.
  Outcome write(std::string_view domain, const Change& change);
  Outcome insert(directory_sql::Database& database, const std::string& domain,
                 const std::string& selector, const dkim::PrivateKey& key, DomainKey::State state);
  Outcome add_generation(std::string_view domain, DomainKey::State state);

  directory_sql::Pool& pool_;
  const Clock& clock_;
  ReadCache<std::vector<dkim::SigningKey>> signing_{10'000};
};

}  // namespace waxwing
