#include "protocols/imap/search_program.h"

#include <algorithm>

#include "base/text.h"
#include "protocols/imap/object_id.h"
#include "protocols/mail/charset.h"
#include "storage/keywords.h"

namespace waxwing::imap {
namespace {

using Key = SearchKey::Kind;
using Verdict = SearchProgram::Verdict;

constexpr std::int64_t kDay = 86400;

// Every text is looked for in every message. Clients ask for hundreds of Message-IDs at once, but
// nobody for so much in bodies.
constexpr std::size_t kMaxText = 1000;
constexpr std::size_t kMaxTexts = 1000;
constexpr std::size_t kMaxBodyTexts = 100;
constexpr std::size_t kMaxFuzzyWords = 16;
// Beyond so many texts one look at each message is cheaper than the index.
constexpr std::size_t kMaxTextKeys = 16;

// How relevant it is that a text was found so; in a body it is less.
constexpr int kWholeText = 100;
constexpr int kWholeWord = 70;
constexpr int kNearWord = 20;
constexpr int kBodyPercent = 80;

Verdict verdict(bool is_match) {
  return is_match ? Verdict::Yes : Verdict::No;
}

// INTERNALDATE counts in the server's zone, which is UTC.
std::int64_t day_of(std::int64_t unix_seconds) {
  std::int64_t day = unix_seconds / kDay;
  return unix_seconds % kDay < 0 ? day - 1 : day;
}

bool holds(const std::vector<SequenceSet::Range>& ranges, std::uint64_t number) {
  auto after = std::upper_bound(ranges.begin(), ranges.end(), number,
                                [](std::uint64_t n, const auto& range) { return n < range.first; });
  return after != ranges.begin() && number <= std::prev(after)->last;
}

const char* field_of(Key kind) {
  switch (kind) {
    case Key::Bcc: return "bcc";
    case Key::Cc: return "cc";
    case Key::From: return "from";
    case Key::Subject: return "subject";
    case Key::To: return "to";
    default: return "";
  }
}

std::string longest_ascii(std::string_view text) {
  std::string_view longest;
  for (std::size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    const auto is_ascii_at = [&](std::size_t i) {
      return static_cast<unsigned char>(text[i]) < 0x80;
    };
    for (end = begin; end < text.size() && is_ascii_at(end);) ++end;
    if (end - begin > longest.size()) longest = text.substr(begin, end - begin);
  }
  return std::string(longest);
}

Result<std::string> to_utf8(std::string_view text, std::string_view charset) {
  if (charset.empty()) return mail::guess_utf8(text);
  auto utf8 = mail::to_utf8(text, charset);
  if (!utf8) return fail(Error::Code::NotFound, "unknown charset");
  return std::move(*utf8);
}

}  // namespace

std::string SearchProgram::bad_charset() {
  return "BADCHARSET (US-ASCII UTF-8 ISO-8859-1 ISO-8859-15 WINDOWS-1252 ISO-2022-JP KOI8-R)";
}

Result<SearchProgram> SearchProgram::compile(const SearchKey& key, std::string_view charset,
                                             const View& view, Scope scope) {
  if (!charset.empty() && !mail::is_known_charset(charset)) {
    return fail(Error::Code::NotFound, "unknown charset");
  }
  SearchProgram program;
  program.scope_ = std::move(scope);
  auto root = program.compile(key, charset, view, Matching::Exact);
  if (!root) return fail(root.error());
  program.root_ = std::move(*root);
  return program;
}

Result<SearchProgram::Node> SearchProgram::compile(const SearchKey& key, std::string_view charset,
                                                   const View& view, Matching matching) {
  Node node;
  node.kind = key.kind;
  node.mask = key.mask;
  node.number = key.number;
  node.days = key.days;
  switch (key.kind) {
    case Key::All:
    case Key::Flag:
    case Key::NoFlag:
    case Key::Recent:
    case Key::Old:
    case Key::New:
    case Key::ModSeq:
    case Key::UidAfter:
    case Key::UidBefore:
    case Key::Larger:
    case Key::Smaller:
    case Key::Older:
    case Key::Younger:
    case Key::Before:
    case Key::On:
    case Key::Since:
    case Key::SavedBefore:
    case Key::SavedOn:
    case Key::SavedSince: break;
    case Key::Keyword:
    case Key::NoKeyword: node.mask = keyword_bit(view.keywords(), key.text); break;
    case Key::SentBefore:
    case Key::SentOn:
    case Key::SentSince:
      node.cost = Cost::Header;
      add_column(node, HeaderColumn::SentDay);
      break;
    case Key::Numbers:
      node.is_saved = key.set.is_saved();
      node.ranges = key.set.normalised(static_cast<std::uint32_t>(view.size()));
      break;
    case Key::ThreadId:
      node.cost = Cost::Header;
      node.text = key.text;
      [[fallthrough]];
    case Key::EmailId:
    case Key::Annotation:
    case Key::Uids:
      node.is_saved = key.set.is_saved();
      node.ranges = key.set.normalised(view.size() == 0 ? 0 : view[view.size() - 1].uid);
      break;
    case Key::Header:
    case Key::Bcc:
    case Key::Cc:
    case Key::From:
    case Key::Subject:
    case Key::To:
    case Key::Body:
    case Key::Text:
      if (auto compiled = compile_text(key, charset, matching, node); !compiled) {
        return fail(compiled.error());
      }
      break;
    case Key::Filter: return fail(Error::Code::Invalid, "a filter was not put in place");
    case Key::Fuzzy: return compile(key.keys[0], charset, view, Matching::Fuzzy);
    case Key::Not:
    case Key::Or:
    case Key::And:
      for (const auto& child : key.keys) {
        auto compiled = compile(child, charset, view, matching);
        if (!compiled) return compiled;
        node.cost = std::max(node.cost, compiled->cost);
        node.nodes.push_back(std::move(*compiled));
      }
      std::stable_sort(node.nodes.begin(), node.nodes.end(),
                       [](const Node& a, const Node& b) { return a.cost < b.cost; });
      break;
  }
  return node;
}

Outcome SearchProgram::compile_text(const SearchKey& key, std::string_view charset,
                                    Matching matching, Node& node) {
  if (key.text.size() > kMaxText) return fail(Error::Code::Limit, "a text is too long");
  if (++texts_ > kMaxTexts) return fail(Error::Code::Limit, "too many texts");
  const auto text = to_utf8(key.text, charset);
  if (!text) return fail(text.error());
  node.text = fold(scope_.collation, *text);
  if (matching == Matching::Fuzzy) {
    for (const std::string_view word : fuzzy_words(node.text)) {
      if (node.words.size() == kMaxFuzzyWords) return fail(Error::Code::Limit, "too many words");
      node.words.emplace_back(word);
    }
    node.is_fuzzy = !node.words.empty();
    is_scored_ = is_scored_ || node.is_fuzzy;
  }
  if (key.kind != Key::Body && key.kind != Key::Text) {
    node.cost = Cost::Header;
    node.field = key.kind == Key::Header ? to_lower(key.field) : field_of(key.kind);
    const auto column = texts_column(node.field);
    // A NUL is between two of its texts.
    if (column && !node.is_fuzzy && node.text.find('\0') == node.text.npos) {
      add_column(node, *column);
    }
    add_text_key(node);
    return {};
  }
  if (node.text.empty()) {
    node.kind = Key::All;
    return {};
  }
  node.cost = Cost::Body;
  add_text_key(node);
  const bool in_part_headers = key.kind == Key::Text;
  const Needle needle{node.text, in_part_headers};
  const auto known = node.is_fuzzy ? needles_.end() : std::ranges::find(needles_, needle);
  node.needle = static_cast<std::size_t>(known - needles_.begin());
  if (known != needles_.end()) return {};
  needles_.push_back(needle);
  for (const FuzzyWord& word : node.words) {
    needles_.push_back({word.text(), in_part_headers});
    needles_.push_back({word.text(), in_part_headers, word});
  }
  if (needles_.size() > kMaxBodyTexts) return fail(Error::Code::Limit, "too many texts");
  return {};
}

void SearchProgram::add_column(Node& node, HeaderColumn column) {
  const auto known = std::ranges::find(columns_, column);
  node.column = static_cast<std::size_t>(known - columns_.begin());
  if (known == columns_.end()) columns_.push_back(column);
}

// The index has texts as i;unicode-casemap folds them. By i;ascii-casemap less is equal, and of
// what is found so, a run of ASCII is in the index as well; but for its last character, which may
// have become another one with an accent that follows it in the message.
void SearchProgram::add_text_key(Node& node) {
  if (node.is_fuzzy || node.text.empty() || text_keys_.size() == kMaxTextKeys) return;
  TextKey key;
  key.where = node.kind == Key::Text   ? TextKey::Where::Anywhere
              : node.kind == Key::Body ? TextKey::Where::Body
                                       : TextKey::Where::Header;
  // Of a field it is not asked whether the header has the text, but whether that field has.
  key.is_all = scope_.collation == Collation::UnicodeCasemap && node.cost == Cost::Body;
  key.text = node.text;
  if (scope_.collation == Collation::AsciiCasemap) {
    key.text = longest_ascii(node.text);
    if (!key.text.empty()) key.text.pop_back();
  }
  node.text_key = text_keys_.size();
  text_keys_.push_back(std::move(key));
}

Verdict SearchProgram::test_index(const Node& node, const Evidence& evidence) const {
  if (!evidence.texts || !node.text_key) return Verdict::Unknown;
  switch (evidence.texts->of(evidence.row.uid, *node.text_key)) {
    case TextAnswers::Answer::No: return Verdict::No;
    case TextAnswers::Answer::Yes: return Verdict::Yes;
    case TextAnswers::Answer::Unknown: break;
  }
  return Verdict::Unknown;
}

Verdict SearchProgram::test(const Node& node, const Evidence& evidence) const {
  const MessageRow& row = evidence.row;
  bool is_recent = row.uid >= scope_.recent_from;
  switch (node.kind) {
    case Key::All: return Verdict::Yes;
    case Key::Flag: return verdict(row.flags.has(node.mask));
    case Key::NoFlag: return verdict(!row.flags.has(node.mask));
    case Key::Keyword: return verdict((row.flags.bits & node.mask) != 0);
    case Key::NoKeyword: return verdict((row.flags.bits & node.mask) == 0);
    case Key::Recent: return verdict(is_recent);
    case Key::Old: return verdict(!is_recent);
    case Key::New: return verdict(is_recent && !row.flags.has(Flags::kSeen));
    case Key::ModSeq: return verdict(row.modseq >= node.number);
    case Key::UidAfter: return verdict(row.uid > node.number);
    case Key::UidBefore: return verdict(row.uid < node.number);
    case Key::Larger: return verdict(row.size > node.number);
    case Key::Smaller: return verdict(row.size < node.number);
    case Key::Older:
      return verdict(row.internal_date <= scope_.now - static_cast<std::int64_t>(node.number));
    case Key::Younger:
      return verdict(row.internal_date >= scope_.now - static_cast<std::int64_t>(node.number));
    case Key::Before: return verdict(day_of(row.internal_date) < node.days);
    case Key::On: return verdict(day_of(row.internal_date) == node.days);
    case Key::Since: return verdict(day_of(row.internal_date) >= node.days);
    case Key::SavedBefore: return verdict(day_of(row.save_date) < node.days);
    case Key::SavedOn: return verdict(day_of(row.save_date) == node.days);
    case Key::SavedSince: return verdict(day_of(row.save_date) >= node.days);
    case Key::Annotation:
    case Key::EmailId: return verdict(holds(node.ranges, row.uid));
    case Key::Numbers:
    case Key::Uids:
      if (node.is_saved) {
        return verdict(std::binary_search(scope_.saved.begin(), scope_.saved.end(), row.uid));
      }
      return verdict(holds(node.ranges, node.kind == Key::Uids ? row.uid : evidence.index + 1));
    case Key::SentBefore:
    case Key::SentOn:
    case Key::SentSince:
    case Key::Header:
    case Key::Bcc:
    case Key::Cc:
    case Key::From:
    case Key::Subject:
    case Key::ThreadId:
    case Key::To: return test_header(node, evidence);
    case Key::Body:
    case Key::Text: return test_body(node, evidence);
    case Key::Filter:
    case Key::Fuzzy: break;  // what stands behind it is compiled in its place
    case Key::Not: {
      Verdict inner = test(node.nodes[0], evidence);
      return inner == Verdict::Unknown ? inner : verdict(inner == Verdict::No);
    }
    case Key::Or: return test_any(node, evidence);
    case Key::And: return test_all(node, evidence);
  }
  return Verdict::No;
}

Verdict SearchProgram::test_header(const Node& node, const Evidence& evidence) const {
  if (node.column && !evidence.columns.empty()) {
    return test_column(node, evidence.columns[*node.column]);
  }
  if (const Verdict known = test_index(node, evidence); known != Verdict::Unknown) return known;
  if (!evidence.header) return Verdict::Unknown;
  if (node.kind == Key::ThreadId) {
    const std::string id = thread_id(evidence.header->block());
    return verdict(id.empty() ? holds(node.ranges, evidence.row.uid) : id == node.text);
  }
  bool asks_for_date =
      node.kind == Key::SentBefore || node.kind == Key::SentOn || node.kind == Key::SentSince;
  if (node.is_fuzzy) return verdict(score_header(node, *evidence.header) > 0);
  if (!asks_for_date) return verdict(evidence.header->contains(node.field, node.text));
  return test_day(node, evidence.header->sent_day());
}

Verdict SearchProgram::test_column(const Node& node, std::string_view value) const {
  if (columns_[*node.column] == HeaderColumn::SentDay)
    return test_day(node, number_of_value(value));
  if (node.text.empty()) return verdict(!value.empty());
  return verdict(holds(value, node.text));
}

Verdict SearchProgram::test_day(const Node& node, std::optional<std::int64_t> day) const {
  if (!day) return Verdict::No;
  if (node.kind == Key::SentOn) return verdict(*day == node.days);
  return verdict(node.kind == Key::SentBefore ? *day < node.days : *day >= node.days);
}

Verdict SearchProgram::test_body(const Node& node, const Evidence& evidence) const {
  if (const Verdict known = test_index(node, evidence); known != Verdict::Unknown) return known;
  if (node.kind == Key::Text && evidence.header) {
    const bool in_header = node.is_fuzzy ? score_header(node, *evidence.header) > 0
                                         : evidence.header->contains(node.text);
    if (in_header) return Verdict::Yes;
  }
  if (!evidence.bodies) return Verdict::Unknown;
  if (node.is_fuzzy) return verdict(score_body(node, *evidence.bodies) > 0);
  return verdict((*evidence.bodies)[node.needle]);
}

int SearchProgram::score(const Evidence& evidence) const {
  return score(root_, evidence).value_or(kWholeText);
}

// Nothing where there is no text that was matched fuzzily.
std::optional<int> SearchProgram::score(const Node& node, const Evidence& evidence) const {
  int score = 0, count = 0;
  if (node.kind == Key::And || node.kind == Key::Or) {
    for (const Node& child : node.nodes) {
      const auto one = this->score(child, evidence);
      if (!one) continue;
      score = node.kind == Key::Or ? std::max(score, *one) : score + *one;
      count = node.kind == Key::Or ? 1 : count + 1;
    }
  } else if (node.is_fuzzy) {
    count = 1;
    const bool is_body = node.cost == Cost::Body;
    if (is_body && evidence.bodies) score = score_body(node, *evidence.bodies);
    if (node.kind != Key::Body && evidence.header) {
      score = std::max(score, score_header(node, *evidence.header));
    }
  }
  if (score == 0) return std::nullopt;
  return score / count;
}

// The whole text counts most, then each word as it is, then words that are near; where a word is
// missing it does not match.
int SearchProgram::score_header(const Node& node, SearchedHeader& header) const {
  const bool is_anywhere = node.kind == Key::Text;
  const auto contains = [&](std::string_view text) {
    return is_anywhere ? header.contains(text) : header.contains(node.field, text);
  };
  if (contains(node.text)) return kWholeText;
  int sum = 0;
  for (const FuzzyWord& word : node.words) {
    if (contains(word.text())) {
      sum += kWholeWord;
    } else if (is_anywhere ? header.is_near(word) : header.is_near(node.field, word)) {
      sum += kNearWord;
    } else {
      return 0;
    }
  }
  return sum / static_cast<int>(node.words.size());
}

int SearchProgram::score_body(const Node& node, const std::vector<bool>& found) const {
  if (found[node.needle]) return kWholeText * kBodyPercent / 100;
  int sum = 0;
  for (std::size_t i = 0; i < node.words.size(); ++i) {
    const std::size_t word = node.needle + 1 + 2 * i;
    if (!found[word] && !found[word + 1]) return 0;
    sum += found[word] ? kWholeWord : kNearWord;
  }
  return sum * kBodyPercent / 100 / static_cast<int>(node.words.size());
}

// Yes and No may be found before everything is known.
Verdict SearchProgram::test_all(const Node& node, const Evidence& evidence) const {
  Verdict all = Verdict::Yes;
  for (const Node& child : node.nodes) {
    Verdict one = test(child, evidence);
    if (one == Verdict::No) return one;
    if (one == Verdict::Unknown) all = one;
  }
  return all;
}

Verdict SearchProgram::test_any(const Node& node, const Evidence& evidence) const {
  Verdict any = Verdict::No;
  for (const Node& child : node.nodes) {
    Verdict one = test(child, evidence);
    if (one == Verdict::Yes) return one;
    if (one == Verdict::Unknown) any = one;
  }
  return any;
}

std::vector<std::size_t> SearchProgram::candidates(const View& view) const {
  std::vector<std::size_t> indexes;
  for (const Node& node : root_.nodes) {
    bool is_set = (node.kind == Key::Uids || node.kind == Key::Numbers) && !node.is_saved;
    if (root_.kind != Key::And || !is_set) continue;
    if (node.kind == Key::Uids) return resolve_uids(SequenceSet(node.ranges), view);
    for (auto range : node.ranges) {
      std::size_t last = std::min<std::size_t>(range.last, view.size());
      for (std::size_t i = range.first; i <= last; ++i) indexes.push_back(i - 1);
    }
    return indexes;
  }
  indexes.resize(view.size());
  for (std::size_t i = 0; i < indexes.size(); ++i) indexes[i] = i;
  return indexes;
}

}  // namespace waxwing::imap
