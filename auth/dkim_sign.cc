#include "auth/dkim_sign.h"

#include <array>
#include <utility>

#include "auth/folded_field.h"
#include "base/encoding.h"

namespace waxwing::dkim {
namespace {

constexpr std::size_t kMaxHeader = 256 * 1024;

// Signed, and once more than they are there.
constexpr std::array<std::string_view, 9> kOversigned = {
    "From",       "Subject",      "Date",         "To",      "Cc",
    "Message-ID", "Content-Type", "MIME-Version", "Reply-To"};
// Signed as often as they are there.
constexpr std::array<std::string_view, 13> kSigned = {"Sender",
                                                      "In-Reply-To",
                                                      "References",
                                                      "Content-Transfer-Encoding",
                                                      "Content-ID",
                                                      "Content-Description",
                                                      "List-Id",
                                                      "List-Help",
                                                      "List-Unsubscribe",
                                                      "List-Post",
                                                      "List-Subscribe",
                                                      "List-Owner",
                                                      "List-Unsubscribe-Post"};

}  // namespace

std::vector<std::string> names_to_sign(const Fields& fields) {
  std::vector<std::string> names;
  for (const auto name : kOversigned)
    names.insert(names.end(), fields.all(name).size() + 1, std::string(name));
  for (const auto name : kSigned)
    names.insert(names.end(), fields.all(name).size(), std::string(name));
  return names;
}

Signer::Signer(std::string domain, std::vector<SigningKey> keys)
    : domain_(std::move(domain)),
      keys_(std::move(keys)),
      reader_(kMaxHeader),
      body_(Canonicalization::Relaxed, std::nullopt) {}

void Signer::feed(std::string_view bytes) {
  body_.update(reader_.feed(bytes));
}

std::string Signer::finish(const Clock& clock) {
  const std::string body_hash = body_.finish();
  if (reader_.is_too_large()) return "";
  const Fields fields(reader_.header());
  std::string signatures;
  for (const SigningKey& one : keys_)
    signatures += signature_field("DKIM-Signature: v=1;", domain_, one, names_to_sign(fields),
                                  fields, body_hash, unix_seconds(clock.now()));
  return signatures;
}

std::string signature_field(std::string start, const std::string& domain, const SigningKey& one,
                            const std::vector<std::string>& names, const Fields& fields,
                            std::string_view body_hash, std::int64_t now) {
  FoldedField field(std::move(start));
  field.add(" a=" + std::string(to_string(one.key.algorithm())) + ";").add(" c=relaxed/relaxed;");
  field.add(" d=" + domain + ";").add(" s=" + one.selector + ";");
  field.add(" t=" + std::to_string(now) + ";");
  for (std::size_t i = 0; i < names.size(); ++i)
    field.add((i == 0 ? " h=" : ":") + names[i] + (i + 1 == names.size() ? ";" : ""));
  field.add(" bh=" + base64(body_hash) + ";").add(" b=");
  const std::string text = fields.canonical(names, Canonicalization::Relaxed) +
                           canonical_signature(field.text(), Canonicalization::Relaxed);
  return field.add_base64(base64(one.key.sign(text))).text() + "\r\n";
}

}  // namespace waxwing::dkim
