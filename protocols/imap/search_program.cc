#include "protocols/imap/search_program.h"

#include <algorithm>

#include "base/text.h"
#include "protocols/imap/object_id.h"
#include "protocols/mail/charset.h"
#include "storage/keywords.h"

namespace waxwing::imap {
namespace {

using Kind = SearchKey::Kind;
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
constexpr int kWord = 70;
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

const char* field_of(Kind kind) {
  switch (kind) {
    case Kind::Bcc: return "bcc";
    case Kind::Cc: return "cc";
    case Kind::From: return "from";
    case Kind::Subject: return "subject";
    case Kind::To: return "to";
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
    case Kind::All:
    case Kind::Flag:
    case Kind::NoFlag:
    case Kind::Recent:
    case Kind::Old:
    case Kind::New:
    case Kind::ModSeq:
    case Kind::UidAfter:
    case Kind::UidBefore:
    case Kind::Larger:
    case Kind::Smaller:
    case Kind::Older:
    case Kind::Younger:
    case Kind::Before:
    case Kind::On:
    case Kind::Since:
    case Kind::SavedBefore:
    case Kind::SavedOn:
    case Kind::SavedSince: break;
    case Kind::Keyword:
    case Kind::NoKeyword: node.mask = keyword_bit(view.keywords(), key.text); break;
    case Kind::SentBefore:
    case Kind::SentOn:
    case Kind::SentSince:
      node.cost = Cost::Header;
      add_column(node, HeaderColumn::SentDay);
      break;
    case Kind::Numbers:
      node.is_saved = key.set.is_saved();
      node.ranges = key.set.normalised(static_cast<std::uint32_t>(view.size()));
      break;
    case Kind::ThreadId:
      node.cost = Cost::Header;
      node.text = key.text;
      [[fallthrough]];
    case Kind::EmailId:
    case Kind::Annotation:
    case Kind::Uids:
      node.is_saved = key.set.is_saved();
      node.ranges = key.set.normalised(view.size() == 0 ? 0 : view[view.size() - 1].uid);
      break;
    case Kind::Header:
    case Kind::Bcc:
    case Kind::Cc:
    case Kind::From:
    case Kind::Subject:
    case Kind::To:
    case Kind::Body:
    case Kind::Text:
      if (auto compiled = compile_text(key, charset, matching, node); !compiled) {
        return fail(compiled.error());
      }
      break;
    case Kind::Filter: return fail(Error::Code::Invalid, "a filter was not put in place");
    case Kind::Fuzzy: return compile(key.keys[0], charset, view, Matching::Fuzzy);
    case Kind::Not:
    case Kind::Or:
    case Kind::And:
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
  if (key.kind != Kind::Body && key.kind != Kind::Text) {
    node.cost = Cost::Header;
    node.field = key.kind == Kind::Header ? to_lower(key.field) : field_of(key.kind);
    const auto column = texts_column(node.field);
    // A NUL is between two of its texts.
    if (column && !node.is_fuzzy && node.text.find('\0') == node.text.npos) {
      add_column(node, *column);
    }
    add_text_key(node);
    return {};
  }
  if (node.text.empty()) {
    node.kind = Kind::All;
    return {};
  }
  node.cost = Cost::Body;
  add_text_key(node);
  const bool in_part_headers = key.kind == Kind::Text;
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
  key.where = node.kind == Kind::Text   ? TextKey::Where::Anywhere
              : node.kind == Kind::Body ? TextKey::Where::Body
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
    case Kind::All: return Verdict::Yes;
    case Kind::Flag: return verdict(row.flags.has(node.mask));
    case Kind::NoFlag: return verdict(!row.flags.has(node.mask));
    case Kind::Keyword: return verdict((row.flags.bits & node.mask) != 0);
    case Kind::NoKeyword: return verdict((row.flags.bits & node.mask) == 0);
    case Kind::Recent: return verdict(is_recent);
    case Kind::Old: return verdict(!is_recent);
    case Kind::New: return verdict(is_recent && !row.flags.has(Flags::kSeen));
    case Kind::ModSeq: return verdict(row.modseq >= node.number);
    case Kind::UidAfter: return verdict(row.uid > node.number);
    case Kind::UidBefore: return verdict(row.uid < node.number);
    case Kind::Larger: return verdict(row.size > node.number);
    case Kind::Smaller: return verdict(row.size < node.number);
    case Kind::Older:
      return verdict(row.internal_date <= scope_.now - static_cast<std::int64_t>(node.number));
    case Kind::Younger:
      return verdict(row.internal_date >= scope_.now - static_cast<std::int64_t>(node.number));
    case Kind::Before: return verdict(day_of(row.internal_date) < node.days);
    case Kind::On: return verdict(day_of(row.internal_date) == node.days);
    case Kind::Since: return verdict(day_of(row.internal_date) >= node.days);
    case Kind::SavedBefore: return verdict(day_of(row.save_date) < node.days);
    case Kind::SavedOn: return verdict(day_of(row.save_date) == node.days);
    case Kind::SavedSince: return verdict(day_of(row.save_date) >= node.days);
    case Kind::Annotation:
    case Kind::EmailId: return verdict(holds(node.ranges, row.uid));
    case Kind::Numbers:
    case Kind::Uids:
      if (node.is_saved) {
        return verdict(std::binary_search(scope_.saved.begin(), scope_.saved.end(), row.uid));
      }
      return verdict(holds(node.ranges, node.kind == Kind::Uids ? row.uid : evidence.index + 1));
    case Kind::SentBefore:
    case Kind::SentOn:
    case Kind::SentSince:
    case Kind::Header:
    case Kind::Bcc:
    case Kind::Cc:
    case Kind::From:
    case Kind::Subject:
    case Kind::ThreadId:
    case Kind::To: return test_header(node, evidence);
    case Kind::Body:
    case Kind::Text: return test_body(node, evidence);
    case Kind::Filter:
    case Kind::Fuzzy: break;  // what stands behind it is compiled in its place
    case Kind::Not: {
      Verdict inner = test(node.nodes[0], evidence);
      return inner == Verdict::Unknown ? inner : verdict(inner == Verdict::No);
    }
    case Kind::Or: return test_any(node, evidence);
    case Kind::And: return test_all(node, evidence);
  }
  return Verdict::No;
}

Verdict SearchProgram::test_header(const Node& node, const Evidence& evidence) const {
  if (node.column && !evidence.columns.empty()) {
    return test_column(node, evidence.columns[*node.column]);
  }
  if (const Verdict known = test_index(node, evidence); known != Verdict::Unknown) return known;
  if (!evidence.header) return Verdict::Unknown;
  if (node.kind == Kind::ThreadId) {
    const std::string id = thread_id(evidence.header->block());
    return verdict(id.empty() ? holds(node.ranges, evidence.row.uid) : id == node.text);
  }
  bool asks_for_date =
      node.kind == Kind::SentBefore || node.kind == Kind::SentOn || node.kind == Kind::SentSince;
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
  if (node.kind == Kind::SentOn) return verdict(*day == node.days);
  return verdict(node.kind == Kind::SentBefore ? *day < node.days : *day >= node.days);
}

Verdict SearchProgram::test_body(const Node& node, const Evidence& evidence) const {
  if (const Verdict known = test_index(node, evidence); known != Verdict::Unknown) return known;
  if (node.kind == Kind::Text && evidence.header) {
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
  if (node.kind == Kind::And || node.kind == Kind::Or) {
    for (const Node& child : node.nodes) {
      const auto one = this->score(child, evidence);
      if (!one) continue;
      score = node.kind == Kind::Or ? std::max(score, *one) : score + *one;
      count = node.kind == Kind::Or ? 1 : count + 1;
    }
  } else if (node.is_fuzzy) {
    count = 1;
    const bool is_body = node.cost == Cost::Body;
    if (is_body && evidence.bodies) score = score_body(node, *evidence.bodies);
    if (node.kind != Kind::Body && evidence.header) {
      score = std::max(score, score_header(node, *evidence.header));
    }
  }
  if (score == 0) return std::nullopt;
  return score / count;
}

// The whole text counts most, then each word as it is, then words that are near; where a word is
// missing it does not match.
int SearchProgram::score_header(const Node& node, SearchedHeader& header) const {
  const bool is_anywhere = node.kind == Kind::Text;
  const auto contains = [&](std::string_view text) {
    return is_anywhere ? header.contains(text) : header.contains(node.field, text);
  };
  if (contains(node.text)) return kWholeText;
  int sum = 0;
  for (const FuzzyWord& word : node.words) {
    if (contains(word.text())) {
      sum += kWord;
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
    sum += found[word] ? kWord : kNearWord;
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
    bool is_set = (node.kind == Kind::Uids || node.kind == Kind::Numbers) && !node.is_saved;
    if (root_.kind != Kind::And || !is_set) continue;
    if (node.kind == Kind::Uids) return resolve_uids(SequenceSet(node.ranges), view);
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
