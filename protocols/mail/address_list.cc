#include "protocols/mail/address_list.h"

#include <string>

#include "base/text.h"
#include "protocols/mail/lexer.h"

namespace waxwing::mail {
namespace {

constexpr std::string_view kSpecials = "<>@,:;\"([";
// Pieces of an obsolete route that are looked at; without a bound many broken ones cost the square.
constexpr int kMaxHops = 100;

class ListParser {
 public:
  explicit ListParser(std::string_view value) : lexer_(value) {}

  std::vector<EnvelopeAddress> parse() {
    while (list_.size() < kMaxAddresses) {
      lexer_.skip();
      if (lexer_.at_end()) break;
      if (lexer_.accept(',')) continue;
      if (lexer_.accept(';')) {
        end_group();
        continue;
      }
      parse_member();
    }
    if (!lexer_.at_end()) clean_ = false;
    end_group();
    return std::move(list_);
  }
  // Nothing was passed over or guessed to read it so.
  bool is_clean() const { return clean_ && !lexer_.is_unfinished(); }

 private:
  // One address, or a group's name with its colon.
  void parse_member() {
    lexer_.take_comment();
    words_.clear();
    for (;;) {
      lexer_.skip();
      const char c = lexer_.peek();
      if (lexer_.at_end() || c == ',' || c == ';') return add_without_domain();
      if (c == '<') return parse_angle(phrase());
      if (c == '@') return parse_domain_of_words();
      if (c == ':') {
        lexer_.advance();
        if (in_group_) {  // groups do not nest
          clean_ = false;
          continue;
        }
        in_group_ = true;
        list_.push_back({{}, words_.empty() ? std::string("group") : phrase(), {}});
        return;
      }
      read_word();
    }
  }

  void read_word() {
    if (lexer_.peek() == '"') {
      words_.push_back(lexer_.quoted_string());
      return;
    }
    const std::string_view word = lexer_.until(kSpecials);
    if (word.empty()) {
      lexer_.advance();  // a stray '>' or '['
      clean_ = false;
    } else {
      words_.emplace_back(word);
    }
  }

  std::string phrase() const {
    std::string text;
    for (const std::string& word : words_) {
      if (!text.empty()) text += ' ';
      text += word;
    }
    return text;
  }

  // Behind the words there is an "@": the last word, with what dots bind to it, is the local part.
  std::string take_local_part() {
    if (words_.empty()) return {};
    std::size_t first = words_.size() - 1;
    while (first > 0 && (words_[first].starts_with('.') || words_[first - 1].ends_with('.'))) {
      --first;
    }
    std::string local;
    for (std::size_t i = first; i < words_.size(); ++i) local += words_[i];
    words_.resize(first);
    return local;
  }

  std::string parse_domain() {
    lexer_.skip();
    if (lexer_.peek() == '[') return lexer_.domain_literal();
    std::string domain;
    for (;;) {
      lexer_.skip();
      const std::string_view word = lexer_.until(kSpecials);
      if (word.empty()) return domain;
      if (!domain.empty() && !domain.ends_with('.') && !word.starts_with('.')) {
        words_.emplace_back(word);  // text behind a complete domain: no part of it
        return domain;
      }
      domain += word;
    }
  }

  void parse_domain_of_words() {
    lexer_.advance();
    const std::string local = take_local_part();
    const std::string name = phrase();
    words_.clear();
    const std::string domain = parse_domain();
    lexer_.skip();
    // "me@example.org <me@example.org>", a name without its quotes.
    if (lexer_.peek() == '<') {
      parse_angle(local + "@" + domain);
      // Another reader may take the name for the address.
      const auto& last = list_.back();
      if (last.mailbox != local || !equals_ignoring_case(last.host, domain)) clean_ = false;
      return;
    }
    if (!words_.empty()) clean_ = false;
    add(name, local, domain);
    skip_to_separator();
  }

  void parse_angle(const std::string& name) {
    lexer_.advance();
    words_.clear();
    skip_route();
    std::string domain;
    for (;;) {
      lexer_.skip();
      const char c = lexer_.peek();
      if (lexer_.at_end() || c == '>' || c == ',' || c == ';') break;
      if (c == '@') {
        lexer_.advance();
        domain = parse_domain();
        break;
      }
      read_word();
    }
    const std::string local = take_local_part();
    lexer_.skip();
    if (!words_.empty() || !lexer_.accept('>')) clean_ = false;
    skip_to_separator();
    add(name, local, domain);
  }

  // "@a,@b:" before the address.  RFC 5322 section 4.4, obs-route
  void skip_route() {
    lexer_.skip();
    if (lexer_.peek() != '@') return;
    Lexer ahead = lexer_;
    for (int hops = 0; hops < kMaxHops && !ahead.at_end(); ++hops) {
      if (ahead.peek() == '>' || ahead.peek() == ';') return;
      if (ahead.accept(':')) {
        lexer_ = ahead;
        clean_ = false;
        return;
      }
      if (ahead.until("@,:>;").empty()) ahead.advance();
    }
  }

  void skip_to_separator() {
    for (;;) {
      lexer_.skip();
      const char c = lexer_.peek();
      if (lexer_.at_end() || c == ',' || c == ';') return;
      clean_ = false;
      if (c == '"') {
        lexer_.quoted_string();
      } else if (lexer_.until(",;(\"").empty()) {
        lexer_.advance();
      }
    }
  }

  void add_without_domain() {
    if (words_.empty()) return;
    if (words_.size() == 1) return add({}, words_[0], {});
    add(phrase(), {}, {});
  }

  void add(std::string name, std::string local, std::string domain) {
    const std::string comment = lexer_.take_comment();
    if (name.empty()) name = comment;
    if (name.empty() && local.empty() && domain.empty()) return;
    if (local.empty()) local = kMissingMailbox;
    if (domain.empty()) domain = kMissingHost;
    list_.push_back({std::move(name), std::move(local), std::move(domain)});
  }

  void end_group() {
    if (in_group_) list_.push_back({});
    in_group_ = false;
  }

  Lexer lexer_;
  std::vector<std::string> words_;
  std::vector<EnvelopeAddress> list_;
  bool in_group_ = false;
  bool clean_ = true;
};

}  // namespace

std::vector<EnvelopeAddress> parse_address_list(std::string_view value) {
  return ListParser(value).parse();
}

std::optional<std::vector<EnvelopeAddress>> parse_clean_address_list(std::string_view value) {
  ListParser parser(value);
  auto list = parser.parse();
  if (!parser.is_clean()) return std::nullopt;
  return list;
}

}  // namespace waxwing::mail
