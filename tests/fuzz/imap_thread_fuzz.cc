// Whatever stands in the headers of a mailbox, each message is in one thread, once, and all
// parentheses are closed.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "protocols/imap/base_subject.h"
#include "protocols/imap/sort_run.h"
#include "protocols/imap/thread_run.h"

using namespace waxwing;
using namespace waxwing::imap;

namespace {

// The pieces of the input are the headers of messages.
class Pieces final : public SearchSource {
 public:
  explicit Pieces(std::string_view input) {
    for (const std::string_view piece : split(input, '\0')) {
      headers_.push_back(piece);
      MessageRow row;
      row.uid = static_cast<Uid>(headers_.size());
      rows_.push_back(row);
    }
  }
  View::Version view() const { return View::make(rows_, UINT32_MAX, 1, {}); }
  std::vector<std::size_t> all() const {
    std::vector<std::size_t> indexes(rows_.size());
    std::iota(indexes.begin(), indexes.end(), 0);
    return indexes;
  }
  Outcome headers(std::span<const Uid> uids, const Visit& visit) override {
    for (const Uid uid : uids) {
      if (!visit(uid, headers_[uid - 1], true)) break;
    }
    return {};
  }
  Result<Opened> open(Uid) override { return fail(Error::Code::NotFound, "gone"); }

 private:
  std::vector<std::string_view> headers_;
  std::vector<MessageRow> rows_;
};

template <class Run>
void finish(Run& run, Pieces& pieces) {
  bool is_hurried = false;
  for (int steps = 0;; ++steps) {
    if (steps > 100'000) std::abort();
    const auto is_done = run.step(pieces, [&] { return is_hurried = !is_hurried; });
    if (!is_done) std::abort();
    if (*is_done) return;
  }
}

void check_threads(std::string_view text, std::size_t messages) {
  std::vector<bool> seen(messages);
  int depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth < 0) std::abort();
    if (!is_digit(text[at])) continue;
    const std::size_t end = text.find_first_not_of("0123456789", at);
    const auto number = parse_number(text.substr(at, end - at));
    if (!number || *number == 0 || *number > messages || seen[*number - 1]) std::abort();
    seen[*number - 1] = true;
    at = end - 1;
  }
  if (depth != 0 || !std::ranges::all_of(seen, [](bool one) { return one; })) std::abort();
}

// What is left of a subject has nothing left to take away.
void check_subject(std::string_view text) {
  const std::string base = base_subject(text).text;
  const bool has_words = base.find("=?") != base.npos;
  if (!has_words && base_subject(base).text != base) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(bytes), size);
  if (input.empty()) return 0;
  check_subject(input);
  Pieces pieces(input);
  const auto all = pieces.all();
  for (const auto algorithm : {Thread::Algorithm::References, Thread::Algorithm::Refs,
                               Thread::Algorithm::OrderedSubject}) {
    ThreadRun run(algorithm, pieces.view(), all);
    finish(run, pieces);
    check_threads(run.threads([](std::size_t i) { return static_cast<std::uint32_t>(i + 1); }),
                  all.size());
  }
  using Kind = SortKey::Kind;
  SortKeys keys;
  for (const Kind kind :
       {Kind::Subject, Kind::DisplayFrom, Kind::DisplayTo, Kind::Cc, Kind::Date}) {
    keys.push_back({kind, SortKey::Order::Descending});
  }
  SortRun run(keys, pieces.view(), all);
  finish(run, pieces);
  auto sorted = run.sorted();
  std::ranges::sort(sorted);
  if (sorted != all) std::abort();
  return 0;
}
