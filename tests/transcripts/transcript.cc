#include "tests/transcripts/transcript.h"

#include <algorithm>
#include <fstream>

#include "base/encoding.h"
#include "base/text.h"

namespace waxwing::transcripts {
namespace {

namespace fs = std::filesystem;

// Undoes the escapes and repetitions of a client's line.
Result<std::string> client_bytes(std::string_view text) {
  std::string out;
  bool crlf = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '<') {
      // <N bytes of X>
      const auto end = text.find('>', i);
      const auto pieces = end == text.npos ? std::vector<std::string_view>{}
                                           : words(text.substr(i + 1, end - i - 1));
      const auto count = pieces.size() == 4 && pieces[1] == "bytes"
                             ? parse_number(pieces[0], 1 << 28)
                             : std::nullopt;
      if (count && pieces[3].size() == 1) {
        out.append(*count, pieces[3][0]);
        i = end;
        continue;
      }
    }
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char escape = text[++i];
    switch (escape) {
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case 't': out += '\t'; break;
      case '0': out += '\0'; break;
      case '\\': out += '\\'; break;
      case 'c': crlf = false; break;
      case 'x': {
        const auto byte = from_hex(text.substr(i + 1, 2));
        if (!byte || byte->empty())
          return fail(Error::Code::Invalid, "\\x wants two hexadecimal digits");
        out += *byte;
        i += 2;
        break;
      }
      default:  // IMAP's own \Seen
        out += '\\';
        out += escape;
    }
  }
  if (crlf) out += "\r\n";
  return out;
}

Outcome read_option(Transcript& transcript, std::string_view text) {
  const auto pieces = words(text);
  const auto wants = [&](std::size_t low, std::size_t high) {
    return pieces.size() >= low && pieces.size() <= high;
  };
  if (pieces.empty()) return fail(Error::Code::Invalid, "an option is missing");
  const std::string_view option = pieces[0];
  if (option == "port" && wants(2, 2)) {
    transcript.port = static_cast<std::uint16_t>(parse_number(pieces[1], 65535).value_or(0));
  } else if (option == "signed-in" && wants(2, 3)) {
    const int connection =
        pieces.size() == 3 ? static_cast<int>(parse_number(pieces[1], 99).value_or(0)) : 0;
    transcript.signed_in[connection] = pieces.back();
  } else if (option == "mail" && wants(3, 4)) {
    Transcript::Mail mail{std::string(pieces[1]), std::string(pieces[2])};
    if (pieces.size() == 4) mail.mailbox = pieces[3];
    transcript.mails.push_back(mail);
  } else if (option == "administrator" && wants(2, 2)) {
    transcript.administrators.emplace_back(pieces[1]);
  } else if (option == "referral" && wants(3, 3)) {
    transcript.referrals.emplace_back(pieces[1], pieces[2]);
  } else if (option == "config" && pieces.size() > 1) {
    transcript.config.emplace_back(trim(text.substr(text.find("config") + 6)));
  } else if (option == "clear-only" && wants(1, 1)) {
    transcript.clear_only = true;
  } else if (option == "from" && wants(2, 2)) {
    transcript.from = IpAddress::parse(pieces[1]);
  } else if (option == "slow" && wants(2, 2)) {
    transcript.drift = std::chrono::seconds(parse_number(pieces[1], 60).value_or(0));
  } else {
    return fail(Error::Code::Invalid, "unknown option: " + std::string(text));
  }
  return {};
}

Result<Step> read_step(std::string_view line) {
  Step step;
  const bool client = line[0] == 'C';
  std::size_t at = 1;
  while (at < line.size() && is_digit(line[at])) ++at;
  if (at > 1)
    step.connection = static_cast<int>(parse_number(line.substr(1, at - 1), 99).value_or(1));
  const bool maybe = !client && at < line.size() && line[at] == '?';
  if ((!client && line[0] != 'S') || at >= line.size() || (line[at] != ':' && !maybe)) {
    return fail(Error::Code::Invalid, "neither C:, S: nor a comment");
  }
  std::string_view text = line.substr(at + 1);
  if (text.starts_with(' ')) text.remove_prefix(1);
  if (client) {
    if (text == "<close>") {
      step.kind = Step::Kind::Close;
    } else if (text == "<starttls>") {
      step.kind = Step::Kind::StartTls;
    } else if (text == "<compress>") {
      step.kind = Step::Kind::Compress;
    } else {
      auto bytes = client_bytes(text);
      if (!bytes) return fail(bytes.error());
      step.text = std::move(*bytes);
    }
    return step;
  }
  step.kind = maybe                ? Step::Kind::Maybe
              : text == "..."      ? Step::Kind::Skip
              : text == "<closed>" ? Step::Kind::Closed
                                   : Step::Kind::Expect;
  step.text = text;
  return step;
}

std::uint16_t default_port(std::string_view folder) {
  if (folder == "pop3") return 110;
  return folder == "imap" ? 143 : 25;
}

}  // namespace

std::string Transcript::user_of(int connection) const {
  if (const auto own = signed_in.find(connection); own != signed_in.end()) return own->second;
  const auto all = signed_in.find(0);
  return all == signed_in.end() ? "" : all->second;
}

Result<Transcript> read_transcript(const fs::path& path) {
  Transcript transcript;
  const std::string folder = path.parent_path().filename();
  transcript.name = folder + "/" + path.stem().string();
  transcript.port = default_port(folder);
  std::ifstream file(path);
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    Outcome outcome;
    if (line.starts_with("#!")) {
      outcome = read_option(transcript, trim(std::string_view(line).substr(2)));
    } else if (!line.empty() && line[0] != '#') {
      auto step = read_step(line);
      if (step) {
        step->line = number;
        if (step->kind == Step::Kind::StartTls) transcript.clear_only = true;
        transcript.steps.push_back(std::move(*step));
      } else {
        outcome = fail(step.error());
      }
    }
    if (!outcome)
      return fail(Error::Code::Invalid,
                  path.string() + ":" + std::to_string(number) + ": " + outcome.error().text);
  }
  if (transcript.steps.empty())
    return fail(Error::Code::Invalid, path.string() + ": no conversation in it");
  return transcript;
}

std::vector<fs::path> all_transcripts() {
  std::vector<fs::path> paths;
  for (const char* folder : {"smtp", "pop3", "imap"}) {
    const fs::path root = fs::path(WAXWING_SOURCE_DIR) / "tests/transcripts" / folder;
    if (!fs::exists(root)) continue;
    for (const auto& entry : fs::directory_iterator(root)) {
      if (entry.path().extension() == ".txt") paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string test_name(const fs::path& path) {
  std::string name = path.parent_path().filename().string() + "_" + path.stem().string();
  for (char& c : name) {
    if (!is_alnum(c)) c = '_';
  }
  return name;
}

bool matches(std::string_view pattern, std::string_view line) {
  // The classic glob loop: on a mismatch the last star takes one character more.
  std::size_t p = 0, l = 0, star = pattern.npos, resume = 0;
  if (pattern.starts_with("* ")) {
    if (!line.starts_with("* ")) return false;
    p = l = 2;
  }
  while (l < line.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = l;
      continue;
    }
    const bool escaped = pattern.substr(p, 2) == "\\*";
    if (p < pattern.size() && line[l] == (escaped ? '*' : pattern[p])) {
      p += escaped ? 2 : 1;
      ++l;
      continue;
    }
    if (star == pattern.npos) return false;
    p = star + 1;
    l = ++resume;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace waxwing::transcripts
