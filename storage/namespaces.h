#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "storage/account.h"
#include "storage/acl.h"
#include "storage/mailbox_name.h"

namespace waxwing {

class ForeignWatch;
class MaildirAccount;
class Shares;

// A name below Users/ or Shared/, or of the level above: no new mailbox of the own account may have
// it.
bool is_namespace(std::string_view name);

// All mail that a user reaches, as one tree: the own account, what others share with him under
// Users/, and the domain's mailboxes under Shared/. Nothing of another account gets through without
// a right to it.
//
// Names below Users/ and Shared/ are others' even if the own account has such a level; a mailbox of
// the own account that had such a name before stays where it is. Subscriptions and the limits are
// the own account's; special uses, and annotations that are not /shared/, are seen by the owner
// alone. /shared/ annotations of the server itself are the domain's: all its users see them, and
// who administers it sets them.
class Namespaces final : public Account {
 public:
  // An account by its address; NotFound when it has no folder yet.
  using Find = std::function<Result<std::shared_ptr<MaildirAccount>>(const std::string& address)>;
  Namespaces(std::shared_ptr<MaildirAccount> own, User user, Shares& shares, Quotas* quotas,
             Find find);
  ~Namespaces() override;

  const std::string& address() const override { return user_.address; }
  void watch(std::weak_ptr<Watcher> watcher) override;
  Result<std::vector<MailboxInfo>> mailboxes() override;
  Result<std::shared_ptr<Mailbox>> mailbox(std::string_view name) override;
  Result<MailboxStatus> status(std::string_view name) override;
  Result<std::shared_ptr<Mailbox>> create(std::string_view name, SpecialUse use) override;
  Result<std::shared_ptr<Mailbox>> import_mailbox(std::string_view name,
                                                  std::uint32_t uid_validity) override;
  Outcome remove(std::string_view name) override;
  Outcome rename(std::string_view from, std::string_view to) override;
  Outcome subscribe(std::string_view name) override;
  Outcome unsubscribe(std::string_view name) override;
  Result<std::string> special(SpecialUse use) override;
  Result<Annotations> annotations(std::string_view mailbox) override;
  Result<std::uint64_t> annotate(std::string_view mailbox,
                                 const AnnotationChanges& changes) override;
  std::vector<Annotated> annotated_since(std::uint64_t number) override;
  std::uint64_t last_annotated() override;
  Outcome set_special_use(std::string_view mailbox, SpecialUse use) override;
  // In the own account, of whosever mailbox.
  Result<std::optional<std::string>> url_key(std::string_view mailbox,
                                             std::uint32_t uid_validity) override;
  Result<std::string> make_url_key(std::string_view mailbox, std::uint32_t uid_validity,
                                   UrlKey which) override;
  Outcome remove_url_keys() override;
  std::uint64_t url_key_changes(std::string_view mailbox) override;
  Result<Acl> acl(std::string_view mailbox) override;
  Outcome change_acl(std::string_view mailbox, const std::string& identifier,
                     const RightsChange& change) override;
  Result<Rights> rights(std::string_view mailbox) override;
  Result<OtherNamespaces> other_namespaces() override;
  Result<Usage> usage() override;
  Result<QuotaLimits> quota() override;
  Result<QuotaRoot> quota_root(std::string_view name) override;
  Result<QuotaRoot> quota_root_of(std::string_view mailbox) override;
  Result<QuotaRoot> set_quota(std::string_view root, const QuotaLimits& limits) override;

 private:
  // Where a name leads outside the own account.
  struct Place {
    std::shared_ptr<MaildirAccount> account;
    std::string prefix;  // "Users/bob@example.test/"
    std::string name;    // in that account
    Rights rights;
  };
  // Nothing: into the own account. `rights` are those of the mailbox, which must be there.
  Result<std::optional<Place>> find(std::string_view name);
  // The same for a name that need not be there, without rights.
  Result<std::optional<Place>> locate(std::string_view name);
  Result<std::optional<Place>> require(std::string_view name, Rights needed);
  Result<std::optional<Place>> annotated_place(std::string_view name);
  Result<Annotations> server_annotations();
  Result<std::uint64_t> annotate_server(const AnnotationChanges& changes);
  // RFC 4314 section 4: below the nearest mailbox above.
  Outcome may_create(const Place& place) const;
  Result<std::vector<Place>> owners();
  void follow(const std::vector<Place>& owners);
  std::shared_ptr<Mailbox> guard(const Place& place, std::shared_ptr<Mailbox> mailbox) const;

  const std::shared_ptr<MaildirAccount> own_;
  const User user_;
  Shares& shares_;
  Quotas* const quotas_;
  const Find find_;

  const std::shared_ptr<ForeignWatch> watch_;
  std::once_flag is_told_;  // of new shares
};

}  // namespace waxwing
