#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/section.h"
#include "protocols/mail/message.h"
#include "storage/mailbox.h"

namespace waxwing::imap {

// Where a search reads what the view does not know.
class SearchSource {
 public:
  virtual ~SearchSource() = default;
  // Calls `visit` in UID order for each of these messages that still exists, with its header
  // block; `is_whole` is false when that is only its beginning. It returns false to stop.
  using Visit = std::function<bool(Uid, std::string_view header, bool is_whole)>;
  virtual Outcome headers(std::span<const Uid> uids, const Visit& visit) = 0;
  // NotFound when the message is gone.
  struct Opened {
    mail::Message message;
    ReadRange read;
  };
  virtual Result<Opened> open(Uid uid) = 0;
  // As Mailbox::read_annotations().
  virtual Outcome annotations(std::span<const Uid>, const AnnotationQuery&,
                              const VisitAnnotations&) {
    return {};
  }
  // What an index knows of these keys; nullptr where there is none.
  virtual std::unique_ptr<TextLookup> look_up(const std::vector<TextKey>&) { return nullptr; }
  // Mailbox::extracts and keep_extracts, where something is kept.
  virtual Result<std::vector<Extract>> extracts(int, Uid, Uid) { return std::vector<Extract>(); }
  virtual void keep_extracts(int, std::span<const Extract>) {}
};

// The messages of a mailbox.
class MailboxSource final : public SearchSource {
 public:
  explicit MailboxSource(Mailbox& mailbox) : mailbox_(mailbox) {}
  Outcome headers(std::span<const Uid> uids, const Visit& visit) override;
  Result<Opened> open(Uid uid) override;
  Outcome annotations(std::span<const Uid> uids, const AnnotationQuery& query,
                      const VisitAnnotations& visit) override {
    return mailbox_.read_annotations(uids, query, visit);
  }
  std::unique_ptr<TextLookup> look_up(const std::vector<TextKey>& keys) override {
    return mailbox_.look_up_texts(keys);
  }
  Result<std::vector<Extract>> extracts(int kind, Uid first, Uid last) override {
    return mailbox_.extracts(kind, first, last);
  }
  void keep_extracts(int kind, std::span<const Extract> extracts) override {
    (void)mailbox_.keep_extracts(kind, extracts);
  }

 private:
  Mailbox& mailbox_;
};

}  // namespace waxwing::imap
