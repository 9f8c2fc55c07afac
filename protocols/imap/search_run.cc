#include "protocols/imap/search_run.h"

#include <algorithm>

#include "protocols/imap/message_file.h"

namespace waxwing::imap {
namespace {

using Verdict = SearchProgram::Verdict;

constexpr std::size_t kRows = 8192;
constexpr std::size_t kHeaders = 64;
// For fewer messages the index is not asked: they are read in the time that takes.
constexpr std::size_t kWorthLookUp = 64;

}  // namespace

Outcome MailboxSource::headers(std::span<const Uid> uids, const Visit& visit) {
  return mailbox_.read(uids, Mailbox::Fields::Header, [&](Uid uid, const Parsed& parsed) {
    return visit(uid, parsed.header, parsed.header_is_whole);
  });
}

Result<SearchSource::Opened> MailboxSource::open(Uid uid) {
  auto file = mailbox_.open(uid);
  if (!file) return fail(file.error());
  std::optional<mail::Message> message;
  Uid uids[] = {uid};
  auto outcome = mailbox_.read(uids, Mailbox::Fields::All, [&](Uid, const Parsed& parsed) {
    message = mail::decode(parsed.message);
    return true;
  });
  if (!outcome) return fail(outcome.error());
  if (!message) {
    // The index is damaged, or of a later version; the file is all that is needed.
    auto parsed = parse_file(*file);
    if (!parsed) return fail(parsed.error());
    message = std::move(*parsed);
  }
  auto read = [file = *file](ByteRange range) { return read_range(file, range); };
  return Opened{std::move(*message), std::move(read)};
}

SearchRun::SearchRun(SearchProgram program, View::Version view)
    : program_(std::move(program)),
      view_(std::move(view)),
      candidates_(program_.candidates(*view_)) {}

Result<bool> SearchRun::step(SearchSource& source, const std::function<bool()>& is_time_up) {
  do {
    Outcome outcome;
    if (next_candidate_ < candidates_.size()) {
      test_rows();
    } else if (!is_looked_up_) {
      look_up(source);
    } else if (open_) {
      outcome = test_body();
    } else if (!wants_body_.empty()) {
      std::size_t index = wants_body_.back();
      wants_body_.pop_back();
      outcome = open_message(source, index);
    } else if (next_header_ < wants_header_.size()) {
      outcome = test_headers(source, is_time_up);
    } else {
      finish();
      return true;
    }
    if (!outcome) return fail(outcome.error());
  } while (!is_time_up());
  return false;
}

std::size_t SearchRun::decided() const {
  return next_candidate_ - (wants_header_.size() - next_header_) - wants_body_.size() -
         (open_ ? 1 : 0);
}

void SearchRun::add(const SearchProgram::Evidence& evidence) {
  hits_.emplace_back(evidence.index, program_.is_scored() ? program_.score(evidence) : 0);
}

void SearchRun::finish() {
  std::ranges::sort(hits_);
  for (const auto& [index, score] : hits_) {
    found_.push_back(index);
    if (program_.is_scored()) scores_.push_back(score);
  }
  hits_.clear();
}

void SearchRun::test_rows() {
  std::size_t end = std::min(next_candidate_ + kRows, candidates_.size());
  for (; next_candidate_ < end; ++next_candidate_) {
    std::size_t index = candidates_[next_candidate_];
    const SearchProgram::Evidence evidence{(*view_)[index], index};
    switch (program_.test(evidence)) {
      case Verdict::No: break;
      case Verdict::Yes: add(evidence); break;
      case Verdict::Unknown: wants_header_.push_back(index); break;
    }
  }
}

// A block of the index each time.
void SearchRun::look_up(SearchSource& source) {
  const auto& keys = program_.text_keys();
  if (!lookup_ && !keys.empty() && wants_header_.size() >= kWorthLookUp) {
    lookup_ = source.look_up(keys);
  }
  if (lookup_ && !lookup_->step()) return;
  is_looked_up_ = true;
  if (lookup_) test_texts();
}

void SearchRun::test_texts() {
  std::vector<std::size_t> undecided;
  for (const std::size_t index : wants_header_) {
    const SearchProgram::Evidence evidence{(*view_)[index], index, texts()};
    switch (program_.test(evidence)) {
      case Verdict::No: break;
      case Verdict::Yes: add(evidence); break;
      case Verdict::Unknown: undecided.push_back(index); break;
    }
  }
  wants_header_ = std::move(undecided);
}

const TextAnswers* SearchRun::texts() const {
  return lookup_ && is_looked_up_ ? &lookup_->answers() : nullptr;
}

Outcome SearchRun::test_headers(SearchSource& source, const std::function<bool()>& is_time_up) {
  const std::size_t first = next_header_;
  const std::size_t end = std::min(first + kHeaders, wants_header_.size());
  std::vector<Uid> uids;
  for (std::size_t i = first; i < end; ++i) uids.push_back((*view_)[wants_header_[i]].uid);
  next_header_ = end;
  return source.headers(uids, [&](Uid uid, std::string_view block, bool is_whole) {
    auto index = view_->find(uid);
    if (!index) return true;
    if (is_whole) {
      SearchedHeader header(block, program_.collation());
      const SearchProgram::Evidence evidence{(*view_)[*index], *index, texts(), &header};
      switch (program_.test(evidence)) {
        case Verdict::No: break;
        case Verdict::Yes: add(evidence); break;
        case Verdict::Unknown: wants_body_.push_back(*index); break;
      }
    } else {
      // The rest of a long header is in the file, which is read for the body anyway.
      wants_body_.push_back(*index);
    }
    if (!is_time_up()) return true;
    const auto behind = std::upper_bound(uids.begin(), uids.end(), uid);
    next_header_ = first + static_cast<std::size_t>(behind - uids.begin());
    return false;
  });
}

Outcome SearchRun::open_message(SearchSource& source, std::size_t index) {
  const MessageRow& row = (*view_)[index];
  auto opened = source.open(row.uid);
  if (!opened) {
    // Another session expunged it: it matches nothing any more.
    if (opened.error().code == Error::Code::NotFound) return {};
    return fail(opened.error());
  }
  auto block =
      opened->read({0, std::min(opened->message.root.body_offset, mail::kMaxSearchedHeader)});
  if (!block) return fail(block.error());
  SearchedHeader header(*block, program_.collation());
  const SearchProgram::Evidence evidence{row, index, texts(), &header};
  switch (program_.test(evidence)) {
    case Verdict::No: break;
    case Verdict::Yes: add(evidence); break;
    case Verdict::Unknown:
      open_.reset(new OpenMessage{index, std::move(*block), SearchedHeader({}),
                                  BodySearch(std::move(opened->message), std::move(opened->read),
                                             program_.body_needles(), program_.collation())});
      open_->header = SearchedHeader(open_->block, program_.collation());
      break;
  }
  return {};
}

Outcome SearchRun::test_body() {
  const auto is_over = open_->search.step();
  if (!is_over) return fail(is_over.error());
  if (!*is_over) return {};
  const std::size_t index = open_->index;
  const SearchProgram::Evidence evidence{(*view_)[index], index, texts(), &open_->header,
                                         &open_->search.found()};
  if (program_.test(evidence) == Verdict::Yes) add(evidence);
  open_.reset();
  return {};
}

}  // namespace waxwing::imap
