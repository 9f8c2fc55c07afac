#include "storage/account.h"

namespace waxwing {

Result<std::optional<std::string>> Account::url_key(std::string_view, std::uint32_t) {
  return std::optional<std::string>();
}

Result<std::string> Account::make_url_key(std::string_view, std::uint32_t, UrlKey) {
  return fail(Error::Code::Denied, "no URLs are signed here");
}

Outcome Account::remove_url_keys() {
  return {};
}

std::uint64_t Account::url_key_changes(std::string_view) {
  return 0;
}

Result<Acl> Account::acl(std::string_view) {
  return fail(Error::Code::Denied, "nothing is shared here");
}

Outcome Account::change_acl(std::string_view, const std::string&, const RightsChange&) {
  return fail(Error::Code::Denied, "nothing is shared here");
}

Result<Rights> Account::rights(std::string_view) {
  return Rights::all();
}

Result<Account::OtherNamespaces> Account::other_namespaces() {
  return OtherNamespaces{};
}

Result<Account::QuotaRoot> Account::quota_root(std::string_view name) {
  if (name != address()) return fail(Error::Code::NotFound, "no such quota root");
  const auto limits = quota();
  if (!limits) return fail(limits.error());
  const auto used = usage();
  if (!used) return fail(used.error());
  return QuotaRoot{address(), *limits, *used};
}

Result<Account::QuotaRoot> Account::quota_root_of(std::string_view) {
  return quota_root(address());
}

Result<Account::QuotaRoot> Account::set_quota(std::string_view, const QuotaLimits&) {
  return fail(Error::Code::Denied, "only administrators set limits");
}

}  // namespace waxwing
