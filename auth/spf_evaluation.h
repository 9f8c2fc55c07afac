#pragma once

#include <optional>
#include <string>
#include <vector>

#include "auth/spf.h"
#include "auth/spf_record.h"
#include "auth/timed_lookup.h"

namespace waxwing::spf {

// One run of check_host() with all that its includes and redirects share: the limits. Use once, on
// one thread.
class Evaluation {
 public:
  struct Sender {
    std::string local;
    std::string domain;
  };
  Evaluation(dns::Resolver& resolver, const Clock& clock, const Client& client, Sender sender,
             const Limits& limits);

  // `domain` is a name that can be asked for.
  Verdict run(const std::string& domain);

 private:
  // What the record of a domain comes to.
  struct Finding {
    AuthResult result = AuthResult::None;
    std::string domain, record, mechanism, reason;
    std::optional<MacroString> explanation;
  };
  // What one directive comes to; `error` only when it has no answer.
  struct Match {
    bool is_match = false;
    std::optional<AuthResult> error;
    std::string reason;  // why it matches, or the error
  };

  Finding check(const std::string& domain);
  Finding evaluate(const Record& record, Finding finding);
  Finding redirect(const MacroString& target, Finding finding);
  Match match(const Directive& directive, const std::string& domain);
  Match match_include(const std::string& target);
  Match match_a(const Directive& directive, const std::string& target);
  Match match_mx(const Directive& directive, const std::string& target);
  Match match_ptr(const std::string& target);
  Match match_exists(const std::string& target);

  // One more term that asks the DNS; an error when that is one too many.
  std::optional<Match> count_term();
  // The first question of a term: too many that find nothing are an error.
  std::optional<Match> count_void(const dns::Answer& answer, const std::string& name);
  bool has_address(const Directive& directive, const dns::Answer& answer) const;
  dns::Type address_type() const;

  // The names of the client that lead back to it; asked for once.
  const std::vector<std::string>& validated_names();
  void find_names();
  std::string best_name(const std::string& domain);

  std::string expand_name(const MacroString& text, const std::string& domain);
  std::string value_of(char letter, const std::string& domain);
  std::string explain(const Finding& finding);

  TimedLookup lookup_;
  const Client& client_;
  Sender sender_;
  Limits limits_;
  int terms_ = 0;
  int void_lookups_ = 0;
  std::optional<std::vector<std::string>> names_;
  std::optional<dns::Answer> ptr_answer_;
};

}  // namespace waxwing::spf
