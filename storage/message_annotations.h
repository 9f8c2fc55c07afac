#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "storage/types.h"

namespace waxwing {

// Annotations of messages: small texts beside a message, by the name of their entry ("/comment").
// RFC 5257. Those of mailboxes are Annotations (account.h).

// A value is everybody's who may read the mailbox, or one user's alone.
enum class Whose { Private, Shared };

// A value has no more octets than this; and a message no more annotations that are shared, nor of
// any one user.  RFC 5257 section 4.1
inline constexpr std::size_t kMaxAnnotationValue = 64 * 1024;
inline constexpr std::size_t kMaxMessageAnnotations = 32;

struct MessageAnnotation {
  std::string entry;
  Whose whose = Whose::Private;
  std::string value;  // any octets
};

struct AnnotationChange {
  std::string entry;
  Whose whose = Whose::Private;
  std::optional<std::string> value;  // nothing: it is removed
  bool operator==(const AnnotationChange&) const = default;
};
// None of these leads to more annotations on a message without any than it may have.
bool are_few(std::span<const AnnotationChange> changes);
bool concern(std::span<const AnnotationChange> changes, Whose whose);

// Which annotations to read.
struct AnnotationQuery {
  bool is_private = true;
  bool is_shared = true;
  std::function<bool(std::string_view entry)> wants;  // none: every entry
};
// Gets all that was asked for of one message; false stops.
using VisitAnnotations = std::function<bool(Uid, std::span<const MessageAnnotation>)>;

// What one change did: these entries, of all these messages.
struct AnnotatedMessages {
  ModSeq modseq = 0;
  std::shared_ptr<const std::vector<Uid>> uids;  // ascending
  std::vector<std::string> entries;
};

// The last changes of a mailbox's annotations, for those who have it open. In memory alone, and
// bounded: who comes later asks for the values. Held by one thread at a time.
class AnnotationLog {
 public:
  // `user`: whose the private ones among them are.
  void note(ModSeq modseq, std::vector<Uid> uids, std::string user,
            std::span<const AnnotationChange> changes);
  void clear();
  // Those of later changes that this user may know of, oldest first.
  std::vector<AnnotatedMessages> since(ModSeq modseq, std::string_view user) const;

 private:
  struct Record {
    ModSeq modseq = 0;
    std::shared_ptr<const std::vector<Uid>> uids;
    std::string user;
    std::vector<std::string> shared, own;  // entries
  };
  std::deque<Record> records_;
  std::size_t uids_ = 0;  // in all of them
};

}  // namespace waxwing
