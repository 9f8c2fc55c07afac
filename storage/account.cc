#include "storage/account.h"

namespace waxwing {

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
