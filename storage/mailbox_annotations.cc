// Annotations of the messages of a mailbox.  RFC 5257
#include <algorithm>
#include <iterator>

#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {

// Of messages that are read at once, and of their values; the account's lock is open in between.
constexpr std::size_t kAnnotationSlice = 256;
constexpr std::size_t kAnnotationSliceBytes = 4 << 20;

}  // namespace

std::string MaildirMailbox::annotator(std::string_view address) const {
  const bool is_owner = address.empty() || address == account_.address();
  return std::string(is_owner ? AccountDb::kOwner : address);
}

Outcome MaildirMailbox::note_annotator(Access& access, const std::string& user) {
  if (user == AccountDb::kOwner) return {};
  auto known = access.db.annotators();
  if (!known) return fail(known.error());
  if (std::ranges::count(*known, user) > 0) return {};
  // When that user goes, this account is among those that are looked through.
  if (auto done = context_.shares->add(account_.address(), user); !done) return done;
  return access.db.add_annotator(user);
}

Outcome MaildirMailbox::read_annotations(std::span<const Uid> uids, const AnnotationQuery& query,
                                         const VisitAnnotations& visit) {
  return read_annotations_of(annotator(), uids, query, visit);
}

Outcome MaildirMailbox::read_annotations_of(const std::string& user, std::span<const Uid> uids,
                                            const AnnotationQuery& query,
                                            const VisitAnnotations& visit) {
  std::vector<Uid> ascending(uids.begin(), uids.end());
  std::ranges::sort(ascending);
  for (std::span<const Uid> rest = ascending; !rest.empty();) {
    std::span<const Uid> slice = rest.first(std::min(kAnnotationSlice, rest.size()));
    std::vector<std::pair<Uid, std::vector<MessageAnnotation>>> found;
    std::size_t bytes = 0;
    {
      auto access = enter();
      if (!access) return fail(access.error());
      const auto take = [&](Uid uid, std::span<const MessageAnnotation> annotations) {
        found.emplace_back(uid, std::vector(annotations.begin(), annotations.end()));
        for (const auto& each : annotations) bytes += each.entry.size() + each.value.size();
        return bytes < kAnnotationSliceBytes;
      };
      auto done = access->db.read_message_annotations(id_, slice, user, query, take);
      if (!done) return done;
    }
    // What was too much for one slice is the next one's.
    if (bytes >= kAnnotationSliceBytes) {
      const auto behind = std::ranges::upper_bound(slice, found.back().first);
      slice = slice.first(static_cast<std::size_t>(behind - slice.begin()));
    }
    const auto now = view();
    for (const auto& [uid, annotations] : found) {
      if (now->find(uid) && !visit(uid, annotations)) return {};
    }
    rest = rest.subspan(slice.size());
  }
  return {};
}

Result<Mailbox::FlagOutcome> MaildirMailbox::annotate(std::span<const Uid> uids,
                                                      std::span<const AnnotationChange> changes,
                                                      std::optional<ModSeq> unchanged_since) {
  return annotate_as(annotator(), uids, changes, unchanged_since);
}

// The index has the mod-sequence first, then account.sqlite all of it: a crash between the two
// leaves a change that is none. What a power cut takes from the index, recovery finds in
// account.sqlite.
Result<Mailbox::FlagOutcome> MaildirMailbox::annotate_as(const std::string& user,
                                                         std::span<const Uid> uids,
                                                         std::span<const AnnotationChange> changes,
                                                         std::optional<ModSeq> unchanged_since) {
  const auto room = account_.annotation_room();
  if (!room) return fail(room.error());
  auto access = enter_to_write();
  if (!access) return fail(access.error());
  const auto before = view();
  FlagOutcome outcome;
  outcome.modseq = before->highest_modseq();
  std::vector<Uid> ascending(uids.begin(), uids.end()), wanted;
  std::ranges::sort(ascending);
  ascending.erase(std::ranges::unique(ascending).begin(), ascending.end());
  for (const Uid uid : ascending) {
    const auto index = before->find(uid);
    if (!index) continue;
    const bool is_conflict = unchanged_since && (*before)[*index].modseq > *unchanged_since;
    (is_conflict ? outcome.conflicts : wanted).push_back(uid);
  }
  if (wanted.empty() || changes.empty()) return outcome;

  auto& publisher = account_.publisher();
  if (auto done = publisher.catch_up(*access); !done) return fail(done.error());
  if (auto done = publisher.reserve_modseqs(*access, 1); !done) return fail(done.error());
  if (concern(changes, Whose::Private)) {
    if (auto done = note_annotator(*access, user); !done) return fail(done.error());
  }
  const ModSeq modseq = publisher.take_modseq();
  std::vector<MessageRow> rows;
  const auto index = [&](const AccountDb::Annotated& annotated) -> Outcome {
    auto transaction = access->index.begin();
    for (const Uid uid : annotated.uids) {
      MessageRow row = (*before)[*before->find(uid)];
      row.modseq = modseq;
      if (auto done = access->index.set_flags(id_, uid, uid, row.flags, modseq); !done) return done;
      rows.push_back(row);
    }
    return transaction.commit();
  };
  auto annotated = access->db.annotate_messages(id_, wanted, user, changes, modseq, *room, index);
  if (!annotated) return fail(annotated.error());
  if (annotated->uids.empty()) return outcome;
  outcome.modseq = modseq;
  outcome.changed = annotated->uids;
  {
    // Nobody else has a use for it.
    const bool is_needed = is_watched();
    std::lock_guard lock(public_mutex_);
    if (is_needed) {
      annotated_.note(modseq, std::move(annotated->uids), user, annotated->changes);
    } else {
      annotated_.clear();
    }
  }
  show(*access, before->with_changed(rows, modseq));
  return outcome;
}

std::vector<AnnotatedMessages> MaildirMailbox::annotated_since(ModSeq modseq) const {
  return annotated_since_for(annotator(), modseq);
}

std::vector<AnnotatedMessages> MaildirMailbox::annotated_since_for(const std::string& user,
                                                                   ModSeq modseq) const {
  std::lock_guard lock(public_mutex_);
  return annotated_.since(modseq, user);
}

Outcome MaildirMailbox::annotate_new(Access& access, const std::string& user,
                                     std::span<const AccountDb::NewAnnotations> messages) {
  if (messages.empty()) return {};
  if (auto done = note_annotator(access, user); !done) return done;
  return access.db.add_message_annotations(id_, messages, user);
}

}  // namespace waxwing
