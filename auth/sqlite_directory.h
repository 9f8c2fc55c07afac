#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/credentials.h"
#include "auth/directory.h"
#include "auth/read_cache.h"
#include "auth/sqlite.h"
#include "auth/sqlite_keys.h"
#include "base/clock.h"

namespace waxwing {

// Makes argon2's companion for SCRAM, with a fresh salt.
ScramKeys scram_keys_for(std::string_view password);
// Inside the caller's transaction.
Outcome store_scram(directory_sql::Database& database, std::int64_t account, const ScramKeys& keys);

// Directory and Credentials over directory.sqlite. Any thread: every call borrows a connection of
// its own; passwords are hashed before a transaction starts, so a writer never waits for argon2.
// What each message and each sign-in asks for is remembered until something is written: who holds
// the lock of data_dir is the only writer.
class SqliteDirectory final : public Directory, public Credentials {
 public:
  SqliteDirectory(const std::string& path, const Clock& clock);
  // Creates or migrates the schema.
  Outcome prepare();

  void on_revoked(std::function<void(const std::string&)> observer) override;
  Credentials& credentials() override { return *this; }
  DomainKeys& keys() override { return keys_; }

  Outcome add_domain(std::string_view domain) override;
  Outcome add_domain_alias(std::string_view domain, std::string_view target) override;
  Outcome remove_domain(std::string_view domain) override;
  Result<std::vector<std::string>> domains() override;
  Result<std::string> domain_target(std::string_view domain) override;
  Result<bool> is_local_domain(std::string_view domain) override;

  Outcome add_account(std::string_view address, std::string_view password) override;
  Outcome import_account(std::string_view address, std::string_view secret) override;
  Outcome set_password(std::string_view address, std::string_view password) override;
  Outcome remove_account(std::string_view address) override;
  Outcome enable_account(std::string_view address) override;
  Outcome disable_account(std::string_view address) override;
  Outcome rename_account(std::string_view from, std::string_view to) override;
  Outcome set_quota(std::string_view address, std::uint64_t bytes, std::uint64_t messages) override;
  Outcome set_administrator(std::string_view address, bool is_administrator) override;
  Outcome set_hidden(std::string_view address,
                     const std::vector<std::string>& capabilities) override;
  Outcome set_referral(std::string_view address, std::string_view url) override;
  Outcome set_pop3(std::string_view address, PopPolicy policy) override;
  Outcome set_send_limits(std::string_view address, const SendLimits& limits) override;
  Outcome set_saves_sent(std::string_view address, bool saves) override;
  Outcome set_cleaning(std::string_view address, const Cleaning& cleaning) override;
  Result<AccountRecord> account(std::string_view address) override;
  Result<std::vector<AccountRecord>> accounts() override;

  Outcome add_alias(std::string_view address, const std::vector<std::string>& targets) override;
  Outcome remove_alias(std::string_view address) override;
  Result<std::vector<AliasRecord>> aliases() override;

  Result<Route> route(std::string_view address) override;
  Result<bool> may_send_as(std::string_view account, std::string_view address) override;

  Result<Credential> find(const std::string& account) override;
  Result<PasswordHash> decoy(const std::string& account) override;
  const std::string& secret() const override { return secret_; }
  bool has_scram_for_all() const override { return has_scram_for_all_; }
  Outcome adopt(const Credential& imported, std::string_view password) override;
  Result<bool> has_signed_in(std::int64_t account, const std::string& client) override;
  Outcome note_sign_in(std::int64_t account, const std::string& client) override;
  std::optional<Route> known_route(std::string_view address) const override {
    return routes_.find(address);
  }
  std::optional<AccountRecord> known_account(std::string_view canonical) const override {
    return records_.find(canonical);
  }

 private:
  using Change = std::function<Outcome(directory_sql::Database&)>;
  // Runs `change` in a transaction of its own.
  Outcome write(const Change& change);
  Outcome commit(directory_sql::Database& database, const Change& change);
  Outcome write_account(std::string_view address,
                        const std::function<Outcome(directory_sql::Database&, std::int64_t id,
                                                    const std::string& canonical)>& change);
  Outcome insert_account(std::string_view address, const PasswordHash& hash,
                         const std::optional<ScramKeys>& scram);
  Outcome set_enabled(std::string_view address, bool enabled);
  Result<std::optional<Credential>> read_credential(const std::string& account);
  Result<std::optional<std::int64_t>> last_sign_in(std::int64_t account, const std::string& client);
  Outcome refresh_scram_mark(directory_sql::Database& database);
  void revoke(const std::string& account) const;

  const Clock& clock_;
  directory_sql::Pool pool_;
  SqliteKeys keys_{pool_, clock_};
  // Of names without account as well, or the time would tell them from the others.
  ReadCache<std::optional<Credential>> credentials_{10'000};
  ReadCache<Route> routes_{10'000};
  ReadCache<AccountRecord> records_{10'000};
  ReadCache<std::int64_t> sign_ins_{100'000};  // when a client's last sign-in was written
  std::string secret_;
  std::mutex scram_mark_mutex_;
  std::atomic<bool> has_scram_for_all_{true};
  std::function<void(const std::string&)> revoked_;
};

}  // namespace waxwing
