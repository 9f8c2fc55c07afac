#include "auth/authentication_results.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "protocols/mail/address.h"
#include "protocols/mail/encoded_word.h"

namespace waxwing {
namespace {

constexpr std::size_t kMaxValue = 320;  // of an address: 64 + 1 + 255
constexpr std::size_t kMaxLine = 76;
constexpr std::size_t kMaxMethods = 100;

bool is_token(std::string_view text) {
  constexpr std::string_view kSpecials = "()<>@,;:\\\"/[]?=";  // RFC 2045 section 5.1
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return c > ' ' && c < 127 && kSpecials.find(c) == std::string_view::npos;
  });
}

// [[local-part] "@"] domain-name, without quotes around anything.
bool is_plain_address(std::string_view text) {
  const auto at = text.find('@');
  return at != std::string_view::npos && (at == 0 || is_token(text.substr(0, at))) &&
         is_token(text.substr(at + 1));
}

std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string printed(std::string_view value) {
  std::string clean(value.substr(0, kMaxValue));
  std::ranges::replace_if(
      clean, [](char c) { return c < ' ' || c > '~'; }, '?');
  return is_token(clean) || is_plain_address(clean) ? clean : quoted(clean);
}

// Takes the comments out, each for a space; nothing where one, or a quoted string, has no end.  RFC
// 5322 section 3.2.2
std::optional<std::string> without_comments(std::string_view text) {
  std::string kept;
  int depth = 0;
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_pair = c == '\\' && (is_quoted || depth > 0);
    if (is_pair && i + 1 == text.size()) return std::nullopt;
    if (depth == 0) {
      if (c == '(' && !is_quoted) {
        depth = 1;
        kept += ' ';
        continue;
      }
      if (c == '"') is_quoted = !is_quoted;
      kept += c;
      if (is_pair) kept += text[++i];
      continue;
    }
    if (is_pair) ++i;
    if (c == '(') ++depth;
    if (c == ')') --depth;
  }
  if (depth > 0 || is_quoted) return std::nullopt;
  return kept;
}

// Reads what is left of a field without comments, from left to right.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  void skip_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size()));
  }
  bool is_at_end() {
    skip_space();
    return rest_.empty();
  }
  bool take(char c) {
    skip_space();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Up to white space or one of these; empty when there is nothing.
  std::string word(std::string_view ends) {
    skip_space();
    const auto end = rest_.find_first_of(" \t\r\n" + std::string(ends));
    std::string word(rest_.substr(0, end));
    rest_.remove_prefix(word.size());
    return word;
  }
  // A value: a quoted string, which without_comments() has found whole, or a word; with a quoted
  // local part it is both.
  std::string value() {
    skip_space();
    std::string value;
    while (!rest_.empty()) {
      if (rest_.front() != '"') {
        const auto end = rest_.find_first_of(" \t\r\n;\"");
        const auto piece = rest_.substr(0, end);
        if (piece.empty()) break;
        value += piece;
        rest_.remove_prefix(piece.size());
        continue;
      }
      rest_.remove_prefix(1);
      while (!rest_.empty() && rest_.front() != '"') {
        if (rest_.front() == '\\' && rest_.size() > 1) rest_.remove_prefix(1);
        value += rest_.front();
        rest_.remove_prefix(1);
      }
      rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
    }
    return value;
  }

 private:
  std::string_view rest_;
};

// "spf" of "spf = pass", "smtp.mailfrom" of "smtp . mailfrom=...", and behind the "=".
std::optional<std::string> read_name(Reader& reader) {
  std::string name = reader.word("=.;/");
  for (const char separator : {'.', '/'}) {
    if (!reader.take(separator)) continue;
    const std::string more = reader.word("=;");
    if (more.empty()) return std::nullopt;
    if (separator == '.') name += "." + more;  // a method's version says nothing
  }
  if (name.empty() || !reader.take('=')) return std::nullopt;
  return to_lower(name);
}

std::optional<AuthenticationResults::Method> read_method(Reader& reader) {
  AuthenticationResults::Method method;
  auto name = read_name(reader);
  if (!name) return std::nullopt;
  method.name = *std::move(name);
  method.result = to_lower(reader.value());
  if (method.result.empty()) return std::nullopt;
  while (!reader.is_at_end() && !reader.take(';')) {
    name = read_name(reader);
    if (!name) return std::nullopt;
    if (*name == "reason") {
      method.reason = reader.value();
    } else {
      std::string value = reader.value();
      method.properties.push_back({*std::move(name), std::move(value)});
    }
  }
  return method;
}

bool is_name_character(char c) {
  return is_alnum(c) || c == '-' || c == '_' || c == '.' || static_cast<unsigned char>(c) >= 128;
}

// Does the host name stand there by itself? A last dot is no other name.
bool has_name(std::string_view text, std::string_view server) {
  const std::string lower = to_lower(text);
  for (auto at = lower.find(server); at != std::string::npos; at = lower.find(server, at + 1)) {
    const bool begins = at == 0 || !is_name_character(lower[at - 1]);
    std::size_t end = at + server.size();
    if (end < lower.size() && lower[end] == '.') ++end;
    if (begins && (end >= lower.size() || !is_name_character(lower[end]))) return true;
  }
  return false;
}

// What a reader may take for the name of the server: all before the results, as it stands, without
// quotes, without white space (obsolete syntax has it around dots), with U-labels made A-labels.
bool names(std::string_view head, std::string_view server) {
  std::string plain(head);
  std::erase_if(plain, [](char c) { return c == '"' || c == '\\'; });
  if (has_name(plain, server)) return true;
  for (const auto word : words(plain)) {
    const auto domain = is_ascii(word) ? std::nullopt : mail::canonical_domain(word);
    if (domain && *domain == server) return true;
  }
  std::erase_if(plain, [](char c) { return c == ' ' || c == '\t'; });
  const auto end = plain.find_last_not_of("0123456789/");  // a version may stand behind it
  return equals_ignoring_case(plain, server) ||
         (end != std::string::npos &&
          equals_ignoring_case(std::string_view(plain).substr(0, end + 1), server));
}

std::string_view before_semicolon(std::string_view text) {
  return text.substr(0, text.find(';'));
}

}  // namespace

std::string_view AuthenticationResults::Method::find(std::string_view property) const {
  for (const auto& each : properties)
    if (each.name == property) return each.value;
  return {};
}

std::string print(const AuthenticationResults& results) {
  std::string text = printed(results.server);
  if (results.methods.empty()) return text + "; none";
  for (const auto& method : results.methods) {
    std::string line = " " + method.name + "=" + method.result;
    text += ";\r\n";
    const auto add = [&](const std::string& piece) {
      if (line.size() + piece.size() > kMaxLine) text += std::exchange(line, "") + "\r\n";
      line += piece;
    };
    if (!method.reason.empty()) add(" reason=" + printed(method.reason));
    for (const auto& [name, value] : method.properties) add(" " + name + "=" + printed(value));
    text += line;
  }
  return text;
}

std::optional<AuthenticationResults> parse_authentication_results(std::string_view value) {
  const auto plain = without_comments(value);
  if (!plain) return std::nullopt;
  Reader reader(*plain);
  AuthenticationResults results;
  results.server = to_lower(reader.value());
  const std::string version = reader.word(";");
  const bool has_version = std::ranges::all_of(version, is_digit);
  if (results.server.empty() || !has_version || !reader.take(';')) return std::nullopt;
  Reader none = reader;
  if (equals_ignoring_case(none.word(";"), "none") && none.is_at_end()) return results;
  while (!reader.is_at_end()) {
    auto method = read_method(reader);
    if (!method || results.methods.size() == kMaxMethods) return std::nullopt;
    results.methods.push_back(*std::move(method));
  }
  return results;
}

bool may_be_results_of(std::string_view host, std::string_view value) {
  const std::string server = to_lower(host);
  std::string text = mail::decode_words(value);
  std::erase_if(text, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 127; });
  if (names(before_semicolon(text), server)) return true;
  const auto plain = without_comments(text);
  // Where a comment has no end, each reader finds another one.
  if (!plain) return has_name(text, server);
  const auto id = trim(before_semicolon(*plain));
  if (names(id, server)) return true;
  const std::string first = Reader(id).word("");
  return first.empty() || (first.find('=') != std::string::npos && !first.starts_with('"'));
}

}  // namespace waxwing
