#include "tests/dns/fake_resolver.h"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "base/ip.h"
#include "base/text.h"
#include "protocols/dns/records.h"

namespace waxwing::test {
namespace {

using Status = dns::Answer::Status;

constexpr int kMaxAliases = 8;

// In lower case, without the last dot.
std::string plain(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return to_lower(name);
}

bool is_below(const std::string& name, const std::string& top) {
  return name == top || top.empty() || name.ends_with("." + top);
}

std::string address_bytes(const std::string& text, bool is_v4) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v4() != is_v4) throw std::invalid_argument("no address: " + text);
  return std::string(address->bytes());
}

}  // namespace

std::string wire_name(const std::string& name) {
  std::string wire;
  const std::string text = plain(name);
  if (!text.empty())
    for (const auto label : split(text, '.'))
      wire.append(1, static_cast<char>(label.size())) += label;
  return wire + '\0';
}

FakeResolver& FakeResolver::record(const std::string& name, dns::Type type,
                                   const std::string& rdata) {
  const std::lock_guard lock(mutex_);
  zone_[{plain(name), type}].push_back(rdata);
  return *this;
}

FakeResolver& FakeResolver::a(const std::string& name, const std::string& address) {
  return record(name, dns::Type::A, address_bytes(address, true));
}

FakeResolver& FakeResolver::aaaa(const std::string& name, const std::string& address) {
  return record(name, dns::Type::Aaaa, address_bytes(address, false));
}

FakeResolver& FakeResolver::mx(const std::string& name, int preference, const std::string& host) {
  const std::string rdata{static_cast<char>(preference >> 8), static_cast<char>(preference)};
  return record(name, dns::Type::Mx, rdata + wire_name(host));
}

FakeResolver& FakeResolver::txt(const std::string& name, const std::string& text) {
  std::string rdata;
  for (std::size_t i = 0; i == 0 || i < text.size(); i += 255) {
    const auto piece = text.substr(i, 255);
    rdata.append(1, static_cast<char>(piece.size())) += piece;
  }
  return record(name, dns::Type::Txt, rdata);
}

FakeResolver& FakeResolver::tlsa(const std::string& name, int usage, int selector, int matching,
                                 const std::string& data) {
  const std::string rdata{static_cast<char>(usage), static_cast<char>(selector),
                          static_cast<char>(matching)};
  return record(name, dns::Type::Tlsa, rdata + data);
}

FakeResolver& FakeResolver::cname(const std::string& name, const std::string& target) {
  return record(name, dns::Type::Cname, wire_name(target));
}

FakeResolver& FakeResolver::ptr(const std::string& name, const std::string& target) {
  return record(name, dns::Type::Ptr, wire_name(target));
}

FakeResolver& FakeResolver::sign(const std::string& name) {
  const std::lock_guard lock(mutex_);
  signed_.push_back(plain(name));
  return *this;
}

FakeResolver& FakeResolver::fail(const std::string& name, dns::Type type,
                                 const std::string& trouble) {
  dns::Answer answer;
  answer.trouble = trouble;
  return set(name, type, std::move(answer));
}

FakeResolver& FakeResolver::set(const std::string& name, dns::Type type, dns::Answer answer) {
  const std::lock_guard lock(mutex_);
  set_[{plain(name), type}] = std::move(answer);
  return *this;
}

void FakeResolver::hold() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void FakeResolver::release(Order order, Then then) {
  std::vector<std::function<void()>> held;
  {
    const std::lock_guard lock(mutex_);
    holding_ = then == Then::Hold;
    held.swap(held_);
  }
  if (order == Order::Newest) std::reverse(held.begin(), held.end());
  for (const auto& answer : held) answer();
}

std::size_t FakeResolver::count() const {
  const std::lock_guard lock(mutex_);
  return std::accumulate(asked_.begin(), asked_.end(), std::size_t{0},
                         [](std::size_t sum, const auto& asked) { return sum + asked.second; });
}

std::size_t FakeResolver::count(const std::string& name, dns::Type type) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find({plain(name), type});
  return found == asked_.end() ? 0 : found->second;
}

void FakeResolver::resolve(const dns::Question& question,
                           std::function<void(dns::Answer)> answered) {
  std::function<void()> give;
  {
    const std::lock_guard lock(mutex_);
    ++asked_[{plain(question.name), question.type}];
    give = [answer = look_up(question), answered = std::move(answered)] { answered(answer); };
    if (holding_) return held_.push_back(std::move(give));
  }
  give();
}

dns::Answer FakeResolver::look_up(const dns::Question& question) const {
  dns::Answer answer;
  answer.ttl = std::chrono::seconds(300);
  answer.is_secure = true;
  std::string name = plain(question.name);
  for (int aliases = 0; aliases <= kMaxAliases; ++aliases) {
    if (const auto set = set_.find({name, question.type}); set != set_.end()) {
      auto given = set->second;
      given.is_secure = given.is_secure && answer.is_secure;
      return given;
    }
    answer.is_secure = answer.is_secure && is_signed(name);
    if (const auto found = zone_.find({name, question.type}); found != zone_.end()) {
      answer.status = Status::Found;
      answer.canonical_name = name;
      answer.records = found->second;
      return answer;
    }
    const auto alias = zone_.find({name, dns::Type::Cname});
    if (alias == zone_.end()) {
      answer.status = is_name(name) ? Status::NoData : Status::NoName;
      return answer;
    }
    name = dns::decode_name(alias->second.front()).value();
  }
  answer = {};
  answer.trouble = "CNAMEs without end";
  return answer;
}

bool FakeResolver::is_signed(const std::string& name) const {
  return std::ranges::any_of(signed_, [&](const auto& top) { return is_below(name, top); });
}

bool FakeResolver::is_name(const std::string& name) const {
  const auto below = [&](const auto& entry) { return is_below(entry.first.first, name); };
  return std::ranges::any_of(zone_, below) || std::ranges::any_of(set_, below);
}

}  // namespace waxwing::test
