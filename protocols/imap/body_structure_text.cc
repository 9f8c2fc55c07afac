#include "protocols/imap/body_structure_text.h"

#include "protocols/imap/envelope_text.h"
#include "protocols/imap/writer.h"

namespace waxwing::imap {
namespace {

std::string parameters(const mail::Parameters& all) {
  if (all.empty()) return "NIL";
  std::string text = "(";
  for (const auto& [name, value] : all) {
    if (text.size() > 1) text += ' ';
    text += to_string(name) + " " + to_string(value);
  }
  return text + ")";
}

// body-fld-dsp, body-fld-lang, body-fld-loc
std::string extensions(const mail::Part& part) {
  std::string text = part.disposition ? "(" + to_string(*part.disposition) + " " +
                                            parameters(part.disposition_parameters) + ")"
                                      : "NIL";
  text += ' ';
  if (part.languages.empty()) {
    text += "NIL";
  } else {
    text += '(';
    for (const auto& language : part.languages) {
      if (text.back() != '(') text += ' ';
      text += to_string(language);
    }
    text += ')';
  }
  return text + " " + to_nstring(part.location);
}

std::string multipart(const mail::Part& part, Detail detail, Revision revision) {
  std::string text = "(";
  for (const auto& child : part.parts) text += body_structure_text(child, detail, revision);
  // At least one body must stand here, even where the message has none.
  if (part.parts.empty()) text += body_structure_text(mail::Part{}, detail, revision);
  text += " " + to_string(part.subtype);
  if (detail == Detail::Extended)
    text += " " + parameters(part.parameters) + " " + extensions(part);
  return text + ")";
}

}  // namespace

std::string body_structure_text(const mail::Part& part, Detail detail, Revision revision) {
  if (part.is_multipart()) return multipart(part, detail, revision);
  std::string text = "(" + to_string(part.type) + " " + to_string(part.subtype) + " " +
                     parameters(part.parameters) + " " + to_nstring(part.id) + " " +
                     to_nstring(part.description) + " " + to_string(part.encoding) + " " +
                     std::to_string(part.body_size);
  // RFC 3501 has envelope and body of message/rfc822 alone; a client of its time would stumble over
  // them in a message/global.  RFC 9051 section 9, media-message
  if (part.is_message() && (part.subtype == "rfc822" || revision == Revision::Rev2)) {
    static const mail::Part kNoBody;
    static const mail::Envelope kNoEnvelope;
    text += " " + envelope_text(part.envelope ? *part.envelope : kNoEnvelope) + " " +
            body_structure_text(part.parts.empty() ? kNoBody : part.parts[0], detail, revision) +
            " " + std::to_string(part.lines);
  } else if (part.type == "text") {
    text += " " + std::to_string(part.lines);
  }
  if (detail == Detail::Extended) text += " " + to_nstring(part.md5) + " " + extensions(part);
  return text + ")";
}

}  // namespace waxwing::imap
