#include "protocols/imap/filters.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/text.h"
#include "protocols/imap/framer.h"
#include "protocols/imap/lexer.h"
#include "protocols/imap/parser_parts.h"

namespace waxwing::imap {
namespace {

constexpr std::string_view kPrivate = "/private/filters/values/";
constexpr std::string_view kShared = "/shared/filters/values/";

// RFC 5466 section 3.1 wants three at least.
constexpr std::size_t kMaxNested = 16;

std::string_view name_of(std::string_view entry) {
  return entry.substr(entry.starts_with(kPrivate) ? kPrivate.size() : kShared.size());
}

// A value is the end of a command: with its literals it is cut as one.
std::optional<RawCommand> frame(std::string_view value) {
  Input input;
  input.append(value);
  input.append("\r\n");
  Framer framer(Framer::kSignedIn);
  while (true) {
    Framed framed = framer.next(input);
    switch (framed.kind) {
      case Framed::Kind::Literal: (void)framer.accept_in_memory(); break;
      case Framed::Kind::Command:
        if (!input.empty()) return std::nullopt;
        return std::move(framed.command);
      case Framed::Kind::NeedMore:
      case Framed::Kind::Data:
      case Framed::Kind::Rejected: return std::nullopt;
    }
  }
}

// Puts filters in place of their names, within the bounds of a command.
class Expansion {
 public:
  explicit Expansion(const Annotations& annotations) : annotations_(annotations) {}

  SearchKey expand(SearchKey key, int depth) {
    if (refusal_) return {};
    if (++count_ > kMaxSearchKeys || depth > kMaxSearchDepth) {
      refusal_ = Reply::no("With its filters the search is too large", "LIMIT");
      return {};
    }
    if (key.kind == SearchKey::Kind::Filter) return filter(key.text, depth);
    for (SearchKey& child : key.keys) child = expand(std::move(child), depth + 1);
    return key;
  }
  const std::optional<Reply>& refusal() const { return refusal_; }

 private:
  SearchKey filter(const std::string& name, int depth) {
    const std::string known_as = to_lower(name);
    const bool is_loop = std::ranges::count(within_, known_as) > 0;
    auto keys = is_loop || within_.size() == kMaxNested ? std::nullopt : find(known_as);
    if (!keys) {
      refusal_ = Reply::no("There is no such filter", "UNDEFINED-FILTER " + name);
      return {};
    }
    within_.push_back(known_as);
    SearchKey expanded = expand(std::move(*keys), depth + 1);
    within_.pop_back();
    return expanded;
  }

  std::optional<SearchKey> find(std::string_view name) const {
    for (const std::string_view root : {kPrivate, kShared}) {
      const auto found = annotations_.find(std::string(root) + std::string(name));
      if (found == annotations_.end()) continue;
      auto keys = parse_filter(found->first, found->second);
      return keys ? std::optional(std::move(*keys)) : std::nullopt;
    }
    return std::nullopt;
  }

  const Annotations& annotations_;
  std::vector<std::string> within_;  // the filters that lead here
  std::size_t count_ = 0;
  std::optional<Reply> refusal_;
};

}  // namespace

bool is_filter_entry(std::string_view entry) {
  return entry.starts_with(kPrivate) || entry.starts_with(kShared);
}

Result<SearchKey> parse_filter(std::string_view entry, std::string_view value) {
  const std::string_view name = name_of(entry);
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_atom_char(c) && c != '/';
  });
  if (!is_name) return fail(Error::Code::Invalid, "A filter's name is an atom without \"/\"");
  if (!is_utf8(value)) return fail(Error::Code::Invalid, "A filter is in UTF-8");
  const auto command = frame(value);
  if (!command) return fail(Error::Code::Invalid, "The value is no search");
  Lexer lexer(*command);
  SearchKey keys = parse_search_keys(lexer);
  lexer.end();
  if (!lexer.ok()) return fail(Error::Code::Invalid, "The value is no search: " + lexer.error());
  return keys;
}

tl::expected<SearchKey, Reply> expand_filters(const SearchKey& program,
                                              const Annotations& annotations) {
  Expansion expansion(annotations);
  SearchKey expanded = expansion.expand(program, 0);
  if (expansion.refusal()) return tl::unexpected<Reply>(*expansion.refusal());
  return expanded;
}

}  // namespace waxwing::imap
