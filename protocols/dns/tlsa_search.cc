#include "protocols/dns/tlsa_search.h"

#include <memory>
#include <utility>

namespace waxwing::dns {
namespace {

// Whether we can compare a certificate with it. The usages of public authorities are not for
// SMTP.  RFC 7672 section 3.1, RFC 6698 section 2.1
bool is_usable(const Tlsa& tlsa) {
  if (tlsa.usage != 2 && tlsa.usage != 3) return false;
  if (tlsa.selector > 1) return false;
  switch (tlsa.matching) {
    case 0: return true;
    case 1: return tlsa.data.size() == 32;
    case 2: return tlsa.data.size() == 64;
    default: return false;
  }
}

class Search : public std::enable_shared_from_this<Search> {
 public:
  Search(Resolver& resolver, std::uint16_t port, std::function<void(std::vector<HostTlsa>)> found)
      : resolver_(resolver),
        prefix_("_" + std::to_string(port) + "._tcp."),
        found_(std::move(found)) {}

  void start(std::vector<TlsaTarget> targets);

 private:
  using Places = std::vector<std::size_t>;
  void aliases_answered(const Places& places, const std::vector<Answer>& answers);
  void next_round();
  void answered(const Places& places, const std::vector<Answer>& answers);
  void take(HostTlsa& host, std::string base, const Answer& answer);
  void fail(std::size_t place, const std::string& trouble);

  Resolver& resolver_;
  const std::string prefix_;
  std::function<void(std::vector<HostTlsa>)> found_;
  std::vector<TlsaTarget> targets_;
  std::vector<HostTlsa> hosts_;
  std::vector<std::vector<std::string>> bases_;  // still to be asked for, the next last
};

void Search::start(std::vector<TlsaTarget> targets) {
  targets_ = std::move(targets);
  hosts_.resize(targets_.size());
  bases_.resize(targets_.size());
  Places aliases;
  std::vector<Question> questions;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const TlsaTarget& target = targets_[i];
    const bool is_alias = target.canonical_name != target.name;
    if (target.is_secure) {
      bases_[i].push_back(target.name);
      if (is_alias) bases_[i].push_back(target.canonical_name);
    } else if (is_alias) {
      // What it leads to is not signed, but it may be itself ("Insecure CNAME").
      aliases.push_back(i);
      questions.push_back({target.name, Type::Cname});
    }
  }
  resolve_all(resolver_, questions,
              [self = shared_from_this(), aliases = std::move(aliases)](const auto& answers) {
                self->aliases_answered(aliases, answers);
              });
}

void Search::aliases_answered(const Places& places, const std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t place = places[i];
    if (answers[i].status == Answer::Status::Failed) fail(place, answers[i].trouble);
    if (answers[i].status == Answer::Status::Found && answers[i].is_secure)
      bases_[place].push_back(targets_[place].name);
  }
  next_round();
}

void Search::next_round() {
  Places places;
  std::vector<Question> questions;
  for (std::size_t i = 0; i < bases_.size(); ++i) {
    if (bases_[i].empty()) continue;
    places.push_back(i);
    questions.push_back({prefix_ + bases_[i].back(), Type::Tlsa});
  }
  if (places.empty()) return found_(std::move(hosts_));
  resolve_all(resolver_, questions,
              [self = shared_from_this(), places = std::move(places)](const auto& answers) {
                self->answered(places, answers);
              });
}

void Search::answered(const Places& places, const std::vector<Answer>& answers) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::size_t place = places[i];
    std::string base = std::move(bases_[place].back());
    bases_[place].pop_back();
    if (answers[i].status == Answer::Status::Failed) {
      fail(place, answers[i].trouble);
    } else if (answers[i].status == Answer::Status::Found && answers[i].is_secure) {
      take(hosts_[place], std::move(base), answers[i]);
      bases_[place].clear();
    }
  }
  next_round();
}

// What does not even decode is there all the same, and unusable.
void Search::take(HostTlsa& host, std::string base, const Answer& answer) {
  for (const auto& record : answer.records) {
    auto tlsa = decode_tlsa(record);
    if (tlsa && is_usable(*tlsa)) host.records.push_back(*std::move(tlsa));
  }
  host.base = std::move(base);
  host.dane = host.records.empty() ? Dane::Unusable : Dane::Usable;
}

void Search::fail(std::size_t place, const std::string& trouble) {
  hosts_[place].dane = Dane::Failed;
  hosts_[place].trouble = trouble;
  bases_[place].clear();
}

}  // namespace

void find_tlsa(Resolver& resolver, std::vector<TlsaTarget> targets, std::uint16_t port,
               std::function<void(std::vector<HostTlsa>)> found) {
  std::make_shared<Search>(resolver, port, std::move(found))->start(std::move(targets));
}

}  // namespace waxwing::dns
