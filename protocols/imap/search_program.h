#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocols/imap/header_column.h"
#include "protocols/imap/search_key.h"
#include "protocols/imap/search_match.h"
#include "storage/text_lookup.h"
#include "storage/view.h"

namespace waxwing::imap {

// A search made ready to run over one view: texts converted from the command's charset and folded,
// sets and keywords looked up, cheap keys before expensive ones. Immutable; any thread.
class SearchProgram {
 public:
  // What the session knows and the view does not.
  struct Scope {
    Uid recent_from = UINT32_MAX;  // messages from this UID on are \Recent
    std::vector<Uid> saved;        // what "$" stands for; ascending
    std::int64_t now = 0;          // Unix seconds
    Collation collation = Collation::UnicodeCasemap;
  };
  // NotFound when the charset is unknown: NO [BADCHARSET]. Limit when texts are longer or more than
  // any client has use for. Message numbers that the view has not match nothing.
  static Result<SearchProgram> compile(const SearchKey& key, std::string_view charset,
                                       const View& view, Scope scope);
  // The response code: "BADCHARSET (US-ASCII UTF-8 ...)".
  static std::string bad_charset();

  // What is known of a message. The more, the fewer keys are Unknown.
  struct Evidence {
    const MessageRow& row;
    std::size_t index;
    std::span<const std::string_view> columns = {};  // the values of columns(); or none
    const TextAnswers* texts = nullptr;              // for text_keys()
    SearchedHeader* header = nullptr;
    const std::vector<bool>* bodies = nullptr;  // of BodySearch for body_needles()
  };
  enum class Verdict { No, Yes, Unknown };
  Verdict test(const Evidence& evidence) const { return test(root_, evidence); }
  // Something is searched for fuzzily.
  bool is_scored() const { return is_scored_; }
  // How well a message matches that does: 1 to 100, by what is known.  RFC 6203 section 4
  int score(const Evidence& evidence) const;

  // Indexes that may match, ascending: all, or those that a set in the outermost keys names.
  std::vector<std::size_t> candidates(const View& view) const;
  const std::vector<Needle>& body_needles() const { return needles_; }
  // What to ask an index of texts for; it may know enough.
  const std::vector<TextKey>& text_keys() const { return text_keys_; }
  // The columns that say all about a key.
  const std::vector<HeaderColumn>& columns() const { return columns_; }
  Collation collation() const { return scope_.collation; }

 private:
  enum class Cost { Row, Header, Body };
  struct Node {
    SearchKey::Kind kind = SearchKey::Kind::All;
    Cost cost = Cost::Row;
    std::uint64_t mask = 0;
    std::uint64_t number = 0;
    std::int64_t days = 0;
    bool is_saved = false;                   // Numbers, Uids: "$"
    std::vector<SequenceSet::Range> ranges;  // of sets, normalised
    std::string field;                       // lower case
    std::string text;                        // folded; ThreadId: as it is
    std::size_t needle = 0;                  // Body, Text: position in needles_
    std::optional<std::size_t> column;       // position in columns_
    std::optional<std::size_t> text_key;     // position in text_keys_
    bool is_fuzzy = false;
    std::vector<FuzzyWord> words;  // of text, where it is fuzzy; their needles come behind its own
    std::vector<Node> nodes;
  };
  enum class Matching { Exact, Fuzzy };

  Result<Node> compile(const SearchKey& key, std::string_view charset, const View& view,
                       Matching matching);
  Outcome compile_text(const SearchKey& key, std::string_view charset, Matching matching,
                       Node& node);
  void add_column(Node& node, HeaderColumn column);
  void add_text_key(Node& node);
  Verdict test_index(const Node& node, const Evidence& evidence) const;
  Verdict test(const Node& node, const Evidence& evidence) const;
  Verdict test_header(const Node& node, const Evidence& evidence) const;
  Verdict test_column(const Node& node, std::string_view value) const;
  Verdict test_day(const Node& node, std::optional<std::int64_t> day) const;
  Verdict test_body(const Node& node, const Evidence& evidence) const;
  int score_header(const Node& node, SearchedHeader& header) const;
  int score_body(const Node& node, const std::vector<bool>& found) const;
  std::optional<int> score(const Node& node, const Evidence& evidence) const;
  Verdict test_all(const Node& node, const Evidence& evidence) const;
  Verdict test_any(const Node& node, const Evidence& evidence) const;

  Node root_;
  Scope scope_;
  std::vector<Needle> needles_;
  std::vector<HeaderColumn> columns_;
  std::vector<TextKey> text_keys_;
  bool is_scored_ = false;
  std::size_t texts_ = 0;  // keys that have one
};

}  // namespace waxwing::imap
