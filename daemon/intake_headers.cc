#include "daemon/intake_headers.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "auth/authentication_results.h"
#include "base/crypto.h"
#include "base/encoding.h"
#include "base/text.h"
#include "daemon/intake_outgoing.h"
#include "protocols/mail/address.h"
#include "protocols/mail/date.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

// "from client (address)". A client may call itself anything, so only what cannot change the
// meaning of the field is written down.
std::string received_from(const smtp::Origin& origin) {
  const auto literal = origin.peer.address.to_literal();
  const bool is_name =
      !origin.helo.empty() && std::all_of(origin.helo.begin(), origin.helo.end(), [](char c) {
        return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == ':' || c == '[' || c == ']';
      });
  const auto place =
      origin.peer.user_id ? "user id " + std::to_string(*origin.peer.user_id) : literal;
  return "from " + (is_name ? origin.helo : literal) + " (" + place + ")";
}

// RFC 3848; RFC 6531 section 4.3
std::string protocol(const smtp::Origin& origin, const smtp::MailEnvelope& envelope) {
  const bool tls = !origin.tls_version.empty();
  if (!origin.esmtp && !tls && !origin.identity) return "SMTP";
  std::string name = envelope.smtp_utf8 ? "UTF8SMTP" : "ESMTP";
  if (origin.peer.service == Service::Lmtp) name = envelope.smtp_utf8 ? "UTF8LMTP" : "LMTP";
  if (tls) name += "S";
  if (origin.identity) name += "A";
  return name;
}

std::string received(const Stamp& stamp) {
  const auto& origin = stamp.origin;
  std::string field = "Received: ";
  // Where a user sits is nobody's business.
  const bool hidden = origin.identity && stamp.settings.smtp.hide_client_address;
  if (!hidden) field += received_from(origin) + "\r\n ";
  field += "by " + stamp.settings.hostname + " with " + protocol(origin, stamp.envelope);
  if (!origin.tls_version.empty()) {
    field += " (" + origin.tls_version + " " + origin.tls_cipher + ")";
  }
  field += "\r\n id " + stamp.id;
  // With several, it would tell each of the others.  RFC 5321 section 7.2
  if (stamp.envelope.recipients.size() == 1) {
    field += "\r\n for <" + stamp.envelope.recipients.front().address + ">";
  }
  return field + ";\r\n " + mail::print_date(unix_seconds(stamp.now)) + "\r\n";
}

std::string message_id(const Stamp& stamp) {
  const auto& identity = stamp.origin.identity;
  const auto address = mail::parse_address(identity ? identity->address : "");
  return "<" + hex(random_bytes(16)) + "@" + (address ? address->domain : stamp.settings.hostname) +
         ">";
}

bool has(const mail::Message& message, std::string_view field) {
  return mail::find_field(message.header, field).has_value();
}

// Does the message start as a message must: with a header field, or with the empty line that says
// that there is none.
bool starts_well(std::string_view header) {
  if (header.empty() || header.starts_with("\r\n")) return true;
  const auto first = mail::HeaderWalker(header).next();
  return first && !first->name.empty() && header.front() != ' ' && header.front() != '\t';
}

std::string_view without_mbox_line(std::string_view header) {
  if (!header.starts_with("From ") && !header.starts_with(">From ")) return header;
  const auto end = header.find("\r\n");
  return end == std::string_view::npos ? header : header.substr(end + 2);
}

// Is it Authentication-Results that a reader may take for ours? Some find a field's colon on its
// second line.
bool is_our_result(const mail::HeaderField& field, const std::string& hostname) {
  constexpr std::string_view kName = "Authentication-Results";
  if (!field.name.empty())
    return equals_ignoring_case(field.name, kName) && may_be_results_of(hostname, field.value);
  const std::string line = mail::unfold(field.raw);
  const auto colon = line.find(':');
  return colon != std::string::npos &&
         equals_ignoring_case(trim(std::string_view(line).substr(0, colon)), kName) &&
         may_be_results_of(hostname, std::string_view(line).substr(colon + 1));
}

std::string without_our_results(std::string header, const std::string& hostname) {
  std::string kept;
  mail::HeaderWalker walker(header);
  while (const auto field = walker.next())
    if (!is_our_result(*field, hostname)) kept += field->raw;
  return kept.append(walker.rest());
}

Result<std::unique_ptr<Staged>> rewritten(Store& store, const Staged& message,
                                          std::string_view header, std::uint64_t old_header_size) {
  constexpr std::size_t kPiece = 64 * 1024;
  auto copy = store.stage(message.size());
  if (!copy) return fail(copy.error());
  if (const auto written = (*copy)->append(header); !written) return fail(written.error());
  for (std::uint64_t offset = old_header_size; offset < message.size();) {
    const auto size = std::min<std::uint64_t>(kPiece, message.size() - offset);
    const auto bytes = message.read(offset, static_cast<std::size_t>(size));
    if (!bytes) return fail(bytes.error());
    if (bytes->empty())
      return fail(Error::Code::Corrupt, "staged message is shorter than its size");
    if (const auto written = (*copy)->append(*bytes); !written) return fail(written.error());
    offset += bytes->size();
  }
  return copy;
}

}  // namespace

std::string added_fields(const Stamp& stamp, const mail::Message& message) {
  std::string fields = "Return-Path: <" + stamp.envelope.sender + ">\r\n";
  // By it a forwarding loop is noticed. With several recipients it would tell each of the others.
  const auto& recipients = stamp.envelope.recipients;
  if (recipients.size() == 1 && leads_out(recipients.front()))
    fields += "Delivered-To: " + recipients.front().address + "\r\n";
  fields += stamp.found;
  fields += received(stamp);
  if (!stamp.origin.may_relay()) return fields;
  // Only of who has signed in it is known who wrote it.
  if (stamp.origin.identity && !has(message, "From"))
    fields += "From: <" + stamp.origin.identity->address + ">\r\n";
  if (!has(message, "Date"))
    fields += "Date: " + mail::print_date(unix_seconds(stamp.now)) + "\r\n";
  if (!has(message, "Message-ID")) fields += "Message-ID: " + message_id(stamp) + "\r\n";
  return fields;
}

Result<std::unique_ptr<Staged>> without_unwanted_fields(Store& store, Staged& message,
                                                        const std::string& hostname,
                                                        bool submitted) {
  const auto& parsed = message.finish();
  // What lies beyond the largest header that is looked at, is left alone.
  if (!parsed.header_is_whole) return nullptr;
  std::vector<std::string> unwanted = {"Return-Path"};
  if (submitted) unwanted.insert(unwanted.end(), {"Bcc", "Resent-Bcc"});
  auto header = without_our_results(
      mail::filter_header(without_mbox_line(parsed.header), mail::Keep::Except, unwanted),
      hostname);
  if (!starts_well(header)) header.insert(0, "\r\n");
  if (header == parsed.header) return nullptr;
  return rewritten(store, message, header, parsed.header.size());
}

}  // namespace waxwing
