#pragma once

#include <climits>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "auth/timed_lookup.h"
#include "protocols/dns/resolver.h"

namespace waxwing {

inline void must(bool so) {
  if (!so) std::abort();
}

// A DNS that has one text for whatever it is asked. Aborts where a name is asked for that is none,
// or more than `most` questions are asked.
class OneTextResolver final : public dns::Resolver {
 public:
  explicit OneTextResolver(std::string_view text, int most = INT_MAX) : most_(most) {
    for (std::size_t i = 0; i == 0 || i < text.size(); i += 255) {
      const auto piece = text.substr(i, 255);
      rdata_.append(1, static_cast<char>(piece.size())) += piece;
    }
  }
  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override {
    must(++count_ <= most_);
    must(question.type == dns::Type::Txt && is_dns_name(question.name));
    dns::Answer answer;
    answer.status = dns::Answer::Status::Found;
    answer.records = {rdata_};
    answered(std::move(answer));
  }

 private:
  std::string rdata_;
  const int most_;
  int count_ = 0;
};

}  // namespace waxwing
