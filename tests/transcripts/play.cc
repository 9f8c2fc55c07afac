#include <deque>
#include <map>

#include "base/encoding.h"
#include "base/text.h"
#include "tests/transcripts/wire.h"

namespace waxwing::transcripts {
namespace {

// Numbers that only the server knows: what "<name>" stands for once it was met, and hexadecimal
// ones, what "<hexname>" stands for.
class Names {
 public:
  std::string fill(std::string text) const {
    for (const auto& [name, value] : values_) {
      const std::string mark = "<" + name + ">";
      for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + value.size())) {
        text.replace(at, mark.size(), value);
      }
    }
    return text;
  }

  bool match(const std::string& pattern, std::string_view line) {
    const std::string filled = fill(pattern);
    const auto [begin, end] = unknown(filled);
    if (begin == end) return matches(filled, line);
    const std::string name = filled.substr(begin + 1, end - begin - 2);
    const auto is_part = [&](char c) {
      return is_digit(c) || (name.starts_with("hex") && c >= 'a' && c <= 'f');
    };
    for (std::size_t at = 0; at < line.size(); ++at) {
      if (!is_part(line[at])) continue;
      std::size_t last = at;
      while (last < line.size() && is_part(line[last])) ++last;
      const std::string number(line.substr(at, last - at));
      if (matches(filled.substr(0, begin) + number + filled.substr(end), line)) {
        values_[name] = number;
        return true;
      }
      at = last;
    }
    return false;
  }

 private:
  // Where "<name>" stands.
  static std::pair<std::size_t, std::size_t> unknown(const std::string& text) {
    for (auto begin = text.find('<'); begin != text.npos; begin = text.find('<', begin + 1)) {
      const auto end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz", begin + 1);
      if (end != text.npos && end > begin + 1 && text[end] == '>') return {begin, end + 1};
    }
    return {0, 0};
  }

  std::map<std::string, std::string> values_;
};

// One connection of the conversation, with a line of look-ahead for `S?` and `S: ...`.
class Talker {
 public:
  explicit Talker(std::unique_ptr<Wire> wire) : wire_(std::move(wire)) {}

  Wire& wire() { return *wire_; }
  const std::string* peek() {
    if (!next_) next_ = wire_->line();
    return next_ ? &*next_ : nullptr;
  }
  void pass() { next_.reset(); }
  // Reads until a line matches.
  bool skip_to(const std::string& pattern) {
    Names names;
    return skip_to(pattern, names);
  }
  bool skip_to(const std::string& pattern, Names& names) {
    while (const auto* line = peek()) {
      const bool found = names.match(pattern, *line);
      pass();
      if (found) return true;
    }
    return false;
  }

  bool skipping = false;

 private:
  std::unique_ptr<Wire> wire_;
  std::optional<std::string> next_;
};

// Signs in the way the service does; false when the server does not want to.
bool sign_in(Talker& talker, std::uint16_t port, const std::string& user) {
  const std::string address = user + "@example.test";
  const std::string password = "secret-" + user;
  if (port == 143 || port == 993) {
    talker.wire().send("login LOGIN " + address + " " + password + "\r\n");
    return talker.skip_to("login OK*");
  }
  if (port == 110 || port == 995) {
    talker.wire().send("USER " + address + "\r\n");
    if (!talker.skip_to("+OK*") || !talker.skip_to("+OK*"))
      return false;  // the greeting is the first
    talker.wire().send("PASS " + password + "\r\n");
    return talker.skip_to("+OK*");
  }
  talker.wire().send("EHLO client.test\r\n");
  if (!talker.skip_to("250 *")) return false;
  talker.wire().send("AUTH PLAIN " +
                     base64(std::string(1, '\0') + address + std::string(1, '\0') + password) +
                     "\r\n");
  return talker.skip_to("235 *");
}

std::string expect(Talker& talker, const Step& step, Names& names) {
  if (talker.skipping) {
    talker.skipping = false;
    return talker.skip_to(step.text, names) ? "" : "no such line came: " + step.text;
  }
  const auto* line = talker.peek();
  if (!line)
    return (talker.wire().is_closed() ? "closed, expected: " : "silence, expected: ") + step.text;
  if (!names.match(step.text, *line))
    return "expected: " + step.text + "\n     got: " + printable(*line, 400);
  talker.pass();
  return "";
}

}  // namespace

std::string play(const Transcript& transcript, Server& server) {
  std::map<int, Talker> talkers;
  Names names;
  for (const auto& step : transcript.steps) {
    const auto where = transcript.name + ".txt:" + std::to_string(step.line) + ": ";
    auto found = talkers.find(step.connection);
    if (found == talkers.end()) {
      found = talkers.emplace(step.connection, Talker(server.connect(transcript.port))).first;
      const std::string user = transcript.user_of(step.connection);
      if (!user.empty() && !sign_in(found->second, transcript.port, user))
        return where + "cannot sign in " + user;
    }
    Talker& talker = found->second;
    std::string trouble;
    switch (step.kind) {
      case Step::Kind::Send: talker.wire().send(names.fill(step.text)); break;
      case Step::Kind::Expect: trouble = expect(talker, step, names); break;
      case Step::Kind::Maybe:
        if (const auto* line = talker.peek(); line && names.match(step.text, *line)) talker.pass();
        break;
      case Step::Kind::Skip: talker.skipping = true; break;
      case Step::Kind::Closed:
        if (const auto* line = talker.peek(); line && !talker.skipping) {
          trouble = "expected the end, got: " + printable(*line, 400);
        } else if (!talker.wire().is_closed()) {
          trouble = "expected the end, but the connection is open";
        }
        break;
      case Step::Kind::Close: talker.wire().close(); break;
      case Step::Kind::StartTls: talker.wire().start_tls(); break;
      case Step::Kind::Compress: talker.wire().compress(); break;
    }
    if (!trouble.empty()) return where + trouble;
  }
  if (!server.answers_at_once()) return "";
  for (auto& [connection, talker] : talkers) {
    // What came last and nobody expected would hide a wrong answer.
    if (talker.skipping) continue;
    if (const auto* line = talker.peek()) {
      return transcript.name + ".txt: connection " + std::to_string(connection) +
             " got one line more: " + printable(*line, 400);
    }
  }
  return "";
}

}  // namespace waxwing::transcripts
