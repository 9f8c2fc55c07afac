// Whatever a client says in a SASL exchange, nobody who does not know a password gets in, every
// exchange ends, and what is read of an `account import` line can be checked against a password.
// The first byte chooses the mechanism, lines are the client's messages.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "auth/password_hash.h"
#include "auth/sasl_exchange.h"
#include "auth/saslprep.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/log.h"
#include "base/text.h"

using namespace waxwing;

namespace {

// A server with one account, whose password is 32 random bytes; hashing costs nothing.
class OneAccount final : public Credentials {
 public:
  Result<Credential> find(const std::string& account) override {
    if (account != "a@b.c") return fail(Error::Code::NotFound, "no such account");
    return Credential{{1, account, PopPolicy::On}, true, 1, {"!", true}, keys_};
  }
  Result<PasswordHash> decoy(const std::string&) override { return PasswordHash{"!", true}; }
  const std::string& secret() const override { return secret_; }
  bool has_scram_for_all() const override { return true; }
  Outcome adopt(const Credential&, std::string_view) override { return {}; }
  Result<bool> has_signed_in(std::int64_t, const std::string&) override { return true; }
  Outcome note_sign_in(std::int64_t, const std::string&) override { return {}; }

 private:
  const std::string secret_ = random_bytes(32);
  const ScramKeys keys_ = make_scram_keys(random_bytes(32), "salt", 1);
};

std::unique_ptr<SaslExchange> choose(SignIn& sign_in, unsigned choice) {
  SignInContext context;
  context.tls_exporter = "exporter";
  switch (choice % 4) {
    case 0: return make_plain(sign_in, context);
    case 1: return make_login(sign_in, context);
    case 2: return make_scram(sign_in, context, ScramServer::Variant::Plain, choice & 4);
    default: return make_scram(sign_in, context, ScramServer::Variant::Plus, true);
  }
}

void talk(unsigned choice, std::string_view text) {
  static OneAccount account;
  static const SystemClock clock;
  static SignIn sign_in(account, clock);
  const auto exchange = choose(sign_in, choice);
  int challenges = 0;
  for (const auto message : split(text, '\n')) {
    const auto step = exchange->respond(message);
    if (step.kind == SaslExchange::Step::Kind::Done) std::abort();
    if (step.kind == SaslExchange::Step::Kind::Challenge && ++challenges > 2) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  log.configure(Log::Level::Error, Log::Format::Text);
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  talk(data[0], text);

  const auto prepared = saslprep(text, SaslPrep::Query);
  if (prepared && (prepared->empty() || !is_utf8(*prepared))) std::abort();
  if (const auto secret = read_imported_secret(text); secret && secret->value.empty()) std::abort();
  return 0;
}
