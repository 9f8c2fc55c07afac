#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "protocols/imap/search_program.h"
#include "storage/mailbox.h"
#include "storage/view.h"

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

 private:
  Mailbox& mailbox_;
};

// One search under way. Rows first, then what an index of texts knows of those that may still
// match, then the headers of the rest, then bodies. It stops where it is asked to and goes on with
// the next step(), so that a long search, also one through a long message, shares its lane. Held by
// one thread at a time.
class SearchRun {
 public:
  SearchRun(SearchProgram program, View::Version view);

  // True when all is done. `is_time_up` is asked between pieces of work of a few milliseconds. An
  // error ends the search.
  Result<bool> step(SearchSource& source, const std::function<bool()>& is_time_up);
  // Of candidates, so many are decided.
  std::size_t decided() const;
  std::size_t candidates() const { return candidates_.size(); }
  // Indexes into the view, ascending; all of them once step() said true.
  const std::vector<std::size_t>& found() const { return found_; }
  // Of a fuzzy search: the score of each, 1 to 100.
  const std::vector<int>& scores() const { return scores_; }

 private:
  // A message of which the body has to be read; the header is a view of the block.
  struct OpenMessage {
    std::size_t index;
    std::string block;
    SearchedHeader header;
    BodySearch search;
  };

  void add(const SearchProgram::Evidence& evidence);
  // Of what the index has said, if it was asked and has.
  const TextAnswers* texts() const;
  void finish();
  void test_rows();
  void look_up(SearchSource& source);
  void test_texts();
  Outcome test_headers(SearchSource& source, const std::function<bool()>& is_time_up);
  Outcome open_message(SearchSource& source, std::size_t index);
  Outcome test_body();

  SearchProgram program_;
  View::Version view_;
  std::vector<std::size_t> candidates_;
  std::size_t next_candidate_ = 0;
  std::vector<std::size_t> wants_header_;
  std::size_t next_header_ = 0;
  bool is_looked_up_ = false;
  std::unique_ptr<TextLookup> lookup_;
  std::vector<std::size_t> wants_body_;
  std::unique_ptr<OpenMessage> open_;
  std::vector<std::pair<std::size_t, int>> hits_;  // index and score, in any order
  std::vector<std::size_t> found_;
  std::vector<int> scores_;
};

}  // namespace waxwing::imap
