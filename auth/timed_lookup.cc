#include "auth/timed_lookup.h"

#include <algorithm>
#include <future>
#include <memory>
#include <utility>

#include "base/text.h"
#include "protocols/dns/records.h"

namespace waxwing {
namespace {

std::string_view without_last_dot(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

dns::Answer out_of_time() {
  dns::Answer answer;
  answer.trouble = "time is up";
  return answer;
}

}  // namespace

dns::Answer TimedLookup::ask(const std::string& name, dns::Type type) {
  const auto left = end_ - clock_.steady();
  if (left <= Steady::duration::zero()) return out_of_time();
  // Shared: an answer that comes too late must still have a place.
  const auto promise = std::make_shared<std::promise<dns::Answer>>();
  auto answer = promise->get_future();
  resolver_.resolve({name, type},
                    [promise](dns::Answer given) { promise->set_value(std::move(given)); });
  if (answer.wait_for(left) != std::future_status::ready) return out_of_time();
  return answer.get();
}

std::vector<std::string> texts_of(const dns::Answer& answer) {
  std::vector<std::string> texts;
  for (const auto& record : answer.records)
    if (auto text = dns::decode_txt(record)) texts.push_back(*std::move(text));
  return texts;
}

bool is_dns_name(std::string_view name) {
  name = without_last_dot(name);
  if (name.empty() || name.size() > 253) return false;
  if (!std::ranges::all_of(name, [](char c) { return c > ' ' && c < 127 && c != '\\'; }))
    return false;
  return std::ranges::all_of(split(name, '.'), [](std::string_view label) {
    return !label.empty() && label.size() <= 63;
  });
}

bool is_within(std::string_view name, std::string_view domain) {
  name = without_last_dot(name);
  domain = without_last_dot(domain);
  if (domain.empty() || name.size() < domain.size()) return false;
  const std::size_t more = name.size() - domain.size();
  return equals_ignoring_case(name.substr(more), domain) && (more == 0 || name[more - 1] == '.');
}

}  // namespace waxwing
