// A message of a stranger, and the key record that is published: the first line is the record, the
// rest the message. Verification ends with verdicts that can be shown, the same however the message
// is cut into pieces, and so does that of an ARC chain; and what is signed here verifies.

#include <algorithm>
#include <cstdint>
#include <string>

#include "auth/arc.h"
#include "auth/dkim_sign.h"
#include "auth/dkim_verify.h"
#include "tests/fuzz/one_text_resolver.h"

namespace {

using namespace waxwing;

std::vector<dkim::Verdict> verify(OneTextResolver& dns, std::string_view message,
                                  std::size_t piece) {
  dkim::Verifier verifier;
  for (std::size_t i = 0; i < message.size(); i += piece) verifier.feed(message.substr(i, piece));
  return verifier.finish(dns, FakeClock());
}

arc::Verdict validate(OneTextResolver& dns, std::string_view message, std::size_t piece) {
  arc::Verifier verifier;
  for (std::size_t i = 0; i < message.size(); i += piece) verifier.feed(message.substr(i, piece));
  return verifier.finish(dns, FakeClock());
}

bool is_printable(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 127; });
}

const dkim::SigningKey& key() {
  static const dkim::SigningKey kKey = {"s", dkim::PrivateKey::generate(dkim::KeyType::Ed25519)};
  return kKey;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto end = std::min(input.find('\n'), input.size());
  OneTextResolver dns(input.substr(0, end));
  const std::string_view message = input.substr(std::min(end + 1, input.size()));

  const auto verdicts = verify(dns, message, std::max<std::size_t>(message.size(), 1));
  const auto again = verify(dns, message, 1 + size % 7);
  must(verdicts.size() <= 8 && verdicts.size() == again.size());
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    must(verdicts[i].result == again[i].result && verdicts[i].reason == again[i].reason);
    must(!verdicts[i].reason.empty() && is_printable(verdicts[i].reason));
  }

  const arc::Verdict chain = validate(dns, message, std::max<std::size_t>(message.size(), 1));
  const arc::Verdict chain_again = validate(dns, message, 1 + size % 7);
  must(chain.result == chain_again.result && chain.reason == chain_again.reason);
  must(chain.seals.size() <= arc::kMaxSets && is_printable(chain.reason));

  dkim::Signer signer("example.com", {key()});
  signer.feed(message);
  const std::string field = signer.finish(FakeClock());
  if (field.empty()) return 0;
  OneTextResolver own(key().key.record());
  const auto signed_here = verify(own, field + std::string(message), 11);
  must(!signed_here.empty() && signed_here[0].result == AuthResult::Pass);
  return 0;
}
