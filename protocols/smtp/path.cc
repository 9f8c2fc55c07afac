#include "protocols/smtp/path.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/text.h"
#include "protocols/mail/address.h"

namespace waxwing::smtp {
namespace {

using Failed = tl::unexpected<Reply>;

Failed syntax(std::string_view what) {
  return Failed(Reply{501, "5.5.4", "Syntax: " + std::string(what)});
}

// "<path> parameters" behind "FROM:" or "TO:".
struct Pieces {
  std::string_view path;                                        // without the brackets
  std::vector<std::pair<std::string, std::string>> parameters;  // names in upper case
};

// Where the bracket closes; one inside a quoted local part does not.
std::size_t end_of_path(std::string_view text) {
  bool quoted = false;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '>' && !quoted) {
      return i;
    }
  }
  return std::string_view::npos;
}

// Blanks behind the colon are against the grammar and sent by Outlook.
std::optional<Pieces> take_apart(std::string_view argument, std::string_view keyword) {
  if (!starts_with_ignoring_case(argument, keyword)) return std::nullopt;
  const auto text = trim(argument.substr(keyword.size()));
  if (text.empty() || text.front() != '<') return std::nullopt;
  const auto end = end_of_path(text);
  if (end == std::string_view::npos) return std::nullopt;

  Pieces pieces{text.substr(1, end - 1), {}};
  const auto rest = text.substr(end + 1);
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') return std::nullopt;
  for (const auto word : words(rest)) {
    const auto equals = word.find('=');
    const auto value =
        equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    if (equals != std::string_view::npos && value.empty()) return std::nullopt;
    auto name = to_upper(word.substr(0, equals));
    if (std::any_of(pieces.parameters.begin(), pieces.parameters.end(),
                    [&](const auto& each) { return each.first == name; })) {
      return std::nullopt;
    }
    pieces.parameters.emplace_back(std::move(name), std::string(value));
  }
  return pieces;
}

// "@a,@b:user@c" is user@c.  RFC 5321 appendix C
std::optional<std::string_view> without_route(std::string_view path) {
  if (path.empty() || path.front() != '@') return path;
  const auto colon = path.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  for (const auto hop : split(path.substr(0, colon), ',')) {
    if (hop.size() < 2 || hop.front() != '@' || hop.find('@', 1) != std::string_view::npos)
      return std::nullopt;
  }
  return path.substr(colon + 1);
}

tl::expected<std::string, Reply> parse_path(std::string_view path, bool smtp_utf8,
                                            const char* bad_address) {
  const auto target = without_route(path);
  const auto address = target ? mail::parse_address(*target) : std::nullopt;
  if (!address)
    return Failed(Reply{553, bad_address, "Not a valid address: " + printable(path, 100)});
  // RFC 6531 section 3.2: only who asked for SMTPUTF8 may use such an address.
  if (!address->is_ascii() && !smtp_utf8) {
    return Failed(Reply{553, "5.6.7", "An address that is not ASCII needs SMTPUTF8"});
  }
  return address->to_string();
}

// RFC 3461 section 4.1: NEVER stands alone.
std::optional<unsigned> parse_notify(std::string_view value) {
  unsigned notify = 0;
  for (const auto word : split(value, ',')) {
    unsigned bit = 0;
    if (equals_ignoring_case(word, "NEVER")) bit = QueuedRecipient::kNever;
    if (equals_ignoring_case(word, "SUCCESS")) bit = QueuedRecipient::kSuccess;
    if (equals_ignoring_case(word, "FAILURE")) bit = QueuedRecipient::kFailure;
    if (equals_ignoring_case(word, "DELAY")) bit = QueuedRecipient::kDelay;
    if (bit == 0 || (notify & bit)) return std::nullopt;
    notify |= bit;
  }
  if ((notify & QueuedRecipient::kNever) && notify != QueuedRecipient::kNever) return std::nullopt;
  return notify;
}

// "rfc822;xtext", or "utf-8;..." of RFC 6533 section 3.
bool is_original_recipient(std::string_view value) {
  const auto semicolon = value.find(';');
  if (semicolon == std::string_view::npos || semicolon == 0 || value.size() > 500) return false;
  const auto type = value.substr(0, semicolon);
  if (!std::all_of(type.begin(), type.end(), [](char c) { return is_alnum(c) || c == '-'; }))
    return false;
  const auto address = value.substr(semicolon + 1);
  if (equals_ignoring_case(type, "utf-8")) return !address.empty() && is_utf8(address);
  return !address.empty() && is_xtext(address);
}

}  // namespace

bool is_xtext(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c < '!' || c > '~' || c == '=') return false;
    if (c != '+') continue;
    const auto digits = text.substr(i + 1, 2);
    const bool is_hex = digits.size() == 2 &&
                        digits.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
    if (!is_hex) return false;
    i += 2;
  }
  return true;
}

std::string from_xtext(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = text[i] == '+' ? from_hex(text.substr(i + 1, 2)) : std::nullopt;
    plain += octet ? *octet : std::string(1, text[i]);
    if (octet) i += 2;
  }
  return plain;
}

tl::expected<MailArgument, Reply> parse_mail(std::string_view argument) {
  const auto pieces = take_apart(argument, "FROM:");
  if (!pieces) return syntax("MAIL FROM:<address> [SIZE=n] [BODY=8BITMIME] [SMTPUTF8]");

  MailArgument mail;
  for (const auto& [name, value] : pieces->parameters) {
    if (name == "SIZE") {
      mail.size = parse_number(value);
      if (!mail.size || value.size() > 20) return syntax("SIZE=number");
    } else if (name == "BODY" && equals_ignoring_case(value, "7BIT")) {
      mail.body = MailEnvelope::Body::SevenBit;
    } else if (name == "BODY" && equals_ignoring_case(value, "8BITMIME")) {
      mail.body = MailEnvelope::Body::EightBitMime;
    } else if (name == "BODY") {
      return syntax("BODY=7BIT or BODY=8BITMIME");
    } else if (name == "SMTPUTF8" && value.empty()) {
      mail.smtp_utf8 = true;
    } else if (name == "RET" && equals_ignoring_case(value, "FULL")) {
      mail.ret = Envelope::Return::Full;
    } else if (name == "RET" && equals_ignoring_case(value, "HDRS")) {
      mail.ret = Envelope::Return::Headers;
    } else if (name == "RET") {
      return syntax("RET=FULL or RET=HDRS");
    } else if (name == "ENVID") {
      if (value.empty() || value.size() > 100 || !is_xtext(value)) return syntax("ENVID=xtext");
      mail.envelope_id = value;
    } else if (name == "REQUIRETLS" && value.empty()) {
      mail.require_tls = true;
    } else if (name == "AUTH" && !value.empty()) {
      // Who submitted it to the client first: this server trusts no such claim, so to it
      // everything comes from <>.  RFC 4954 section 5
    } else {
      return Failed(Reply{555, "5.5.4", "Unknown MAIL parameter: " + printable(name, 40)});
    }
  }
  if (pieces->path.empty()) return mail;
  auto sender = parse_path(pieces->path, mail.smtp_utf8, "5.1.7");
  if (!sender) return Failed(sender.error());
  mail.sender = std::move(*sender);
  return mail;
}

tl::expected<RcptArgument, Reply> parse_rcpt(std::string_view argument, bool smtp_utf8) {
  const auto pieces = take_apart(argument, "TO:");
  if (!pieces || pieces->path.empty()) return syntax("RCPT TO:<address>");
  RcptArgument rcpt;
  for (const auto& [name, value] : pieces->parameters) {
    if (name == "NOTIFY") {
      const auto notify = parse_notify(value);
      if (!notify) return syntax("NOTIFY=NEVER, or some of SUCCESS,FAILURE,DELAY");
      rcpt.notify = *notify;
    } else if (name == "ORCPT") {
      if (!is_original_recipient(value)) return syntax("ORCPT=type;xtext");
      rcpt.original = value;
    } else {
      return Failed(Reply{555, "5.5.4", "Unknown RCPT parameter: " + printable(name, 40)});
    }
  }
  if (equals_ignoring_case(pieces->path, "postmaster")) {
    rcpt.recipient = "postmaster";
    return rcpt;
  }
  auto path = parse_path(pieces->path, smtp_utf8, "5.1.3");
  if (!path) return Failed(path.error());
  rcpt.recipient = *std::move(path);
  return rcpt;
}

}  // namespace waxwing::smtp
