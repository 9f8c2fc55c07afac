// The text index of an account: when there is one, and who brings it up to date.
#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {

using Wish = Settings::TextIndex;

SearchDb::Generation generation(std::pair<std::string, std::int64_t> known) {
  return {std::move(known.first), known.second};
}

}  // namespace

// Under the lock, when the databases were opened. An index that was not finished goes on.
void MaildirAccount::find_texts() {
  const Wish wish = context_->options.text_index;
  const bool is_there = context_->disk.stat(path_ + "/search.sqlite").has_value();
  if (wish == Wish::Never) {
    if (is_there) (void)texts_->remove();
  } else if (is_there || wish == Wish::Always) {
    texts_->want();
    context_->text_indexing.request(weak_from_this());
  }
}

Outcome MaildirAccount::open_texts() {
  auto access = enter();
  if (!access) return fail(access.error());
  auto known = access->index.text_generation();
  if (!known) return fail(known.error());
  // Under the lock: nobody is about to close them.
  return texts_->open(generation(std::move(*known)));
}

Result<SearchDb::Generation> MaildirAccount::next_text_generation() {
  auto access = enter();
  if (!access) return fail(access.error());
  auto next = access->index.next_text_generation();
  if (!next) return fail(next.error());
  return generation(std::move(*next));
}

Result<std::vector<std::shared_ptr<MaildirMailbox>>> MaildirAccount::loaded_mailboxes() {
  auto access = enter();
  if (!access) return fail(access.error());
  std::vector<std::shared_ptr<MaildirMailbox>> result;
  for (const auto& [name, mailbox] : tree_.all(*access)) {
    if (auto done = mailbox->load(*access); !done) return fail(done.error());
    result.push_back(mailbox->shared());
  }
  return result;
}

std::unique_ptr<TextLookup> MaildirAccount::look_up_texts(MailboxId mailbox,
                                                          const std::vector<TextKey>& keys) {
  if (context_->options.text_index == Wish::Never || read_only_) return nullptr;
  // Who searches once will search again: from now on there is an index.
  texts_->want();
  context_->text_indexing.request(weak_from_this());
  if (auto done = open_texts(); !done) {
    log.warning("no text index", {{"account", address_}, {"reason", done.error().text}});
    return nullptr;
  }
  return texts_->look_up(mailbox, keys);
}

bool MaildirAccount::index_texts(Pace& pace) {
  const std::lock_guard lock(indexer_mutex_);
  if (!texts_->is_wanted() || read_only_) return true;
  const auto done = indexer_.work(pace, TextIndexer::Tail::Leave);
  if (done) return *done;
  if (done.error().code == Error::Code::Corrupt) {
    texts_->distrust();
    return false;
  }
  if (done.error().code != Error::Code::Cancelled && done.error().code != Error::Code::NotFound) {
    log.warning("texts not indexed", {{"account", address_}, {"reason", done.error().text}});
  }
  return true;
}

Outcome MaildirAccount::index_all_texts() {
  const std::lock_guard lock(indexer_mutex_);
  texts_->want();
  NoPause pace;
  while (true) {
    const auto done = indexer_.work(pace, TextIndexer::Tail::Take);
    if (!done) return fail(done.error());
    if (*done) return {};
  }
}

}  // namespace waxwing
