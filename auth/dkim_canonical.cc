#include "auth/dkim_canonical.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"
#include "protocols/mail/header.h"

namespace waxwing::dkim {
namespace {

constexpr std::size_t kBuffer = 16384;

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

void must_succeed(int status) {
  if (status != 1) std::abort();
}

std::string relaxed_field(std::string_view raw) {
  const auto colon = raw.find(':');
  std::string field = to_lower(trim(raw.substr(0, colon)));
  if (colon == std::string_view::npos) return field + "\r\n";
  field += ':';
  bool has_space = false;
  const std::size_t start = field.size();
  for (const char c : raw.substr(colon + 1)) {
    if (c == '\r' || c == '\n') continue;
    if (is_blank(c)) {
      has_space = true;
      continue;
    }
    if (has_space && field.size() > start) field += ' ';
    has_space = false;
    field += c;
  }
  return field + "\r\n";
}

}  // namespace

std::string canonical_field(std::string_view raw, Canonicalization form) {
  if (form == Canonicalization::Relaxed) return relaxed_field(raw);
  if (raw.ends_with("\r\n")) return std::string(raw);
  if (raw.ends_with('\n')) raw.remove_suffix(1);
  return std::string(raw) + "\r\n";
}

void BodyHash::Free::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

BodyHash::BodyHash(Canonicalization form, std::optional<std::uint64_t> length)
    : context_(EVP_MD_CTX_new()), form_(form), length_(length) {
  must_succeed(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
  buffer_.reserve(kBuffer);
}

BodyHash::~BodyHash() = default;
BodyHash::BodyHash(BodyHash&&) noexcept = default;

void BodyHash::update(std::string_view bytes) {
  const std::string_view stops = form_ == Canonicalization::Relaxed ? "\r \t" : "\r";
  while (!bytes.empty()) {
    const char c = bytes[0];
    if (has_cr_) {
      has_cr_ = false;
      if (c == '\n') {
        has_space_ = false;
        ++line_ends_;
        bytes.remove_prefix(1);
      } else {
        text("\r");
      }
      continue;
    }
    const std::size_t run = std::min(bytes.find_first_of(stops), bytes.size());
    if (run > 0) {
      text(bytes.substr(0, run));
    } else if (c == '\r') {
      has_cr_ = true;
    } else {
      has_space_ = true;
    }
    bytes.remove_prefix(std::max<std::size_t>(run, 1));
  }
}

// What is not white space: whatever was put off before it is part of the body.
void BodyHash::text(std::string_view run) {
  for (; line_ends_ > 0; --line_ends_) put("\r\n");
  if (has_space_) put(" ");
  has_space_ = false;
  put(run);
}

void BodyHash::put(std::string_view bytes) {
  const std::uint64_t before = size_;
  size_ += bytes.size();
  if (length_) {
    if (before >= *length_) return;
    bytes = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), *length_ - before));
  }
  if (buffer_.size() + bytes.size() > kBuffer) flush();
  if (bytes.size() > kBuffer / 2) {
    must_succeed(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()));
  } else {
    buffer_ += bytes;
  }
}

void BodyHash::flush() {
  must_succeed(EVP_DigestUpdate(context_.get(), buffer_.data(), buffer_.size()));
  buffer_.clear();
}

std::string BodyHash::finish() {
  if (has_cr_) text("\r");
  if (size_ > 0 || form_ == Canonicalization::Simple) put("\r\n");
  flush();
  std::string digest(32, '\0');
  must_succeed(
      EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(digest.data()), nullptr));
  return digest;
}

std::string_view HeaderReader::feed(std::string_view bytes) {
  if (is_complete_) return bytes;
  const std::size_t before = header_.size();
  const std::size_t taken = std::min(bytes.size(), max_ - before);
  header_ += bytes.substr(0, taken);
  // The empty line may have begun in an earlier piece.
  std::size_t end = std::string::npos;
  if (header_.starts_with("\r\n")) end = 2;
  if (header_.starts_with('\n')) end = 1;
  for (std::size_t at = header_.find('\n', before > 2 ? before - 2 : 0);
       at != std::string::npos && end == std::string::npos; at = header_.find('\n', at + 1)) {
    const std::string_view next = std::string_view(header_).substr(at + 1);
    if (next.starts_with("\r\n")) end = at + 3;
    if (next.starts_with('\n')) end = at + 2;
  }
  if (end == std::string::npos) {
    is_too_large_ = is_too_large_ || taken < bytes.size();
    return {};
  }
  is_complete_ = true;
  header_.resize(end);
  return bytes.substr(end - before);
}

Fields::Fields(std::string_view header) {
  for (mail::HeaderWalker walker(header); const auto field = walker.next();)
    if (!field->name.empty()) fields_[to_lower(field->name)].push_back(field->raw);
}

const std::vector<std::string_view>& Fields::all(std::string_view name) const {
  static const std::vector<std::string_view> kNone;
  const auto found = fields_.find(to_lower(name));
  return found == fields_.end() ? kNone : found->second;
}

std::string Fields::canonical(const std::vector<std::string>& names, Canonicalization form) const {
  std::string text;
  std::unordered_map<std::string, std::size_t> taken;
  for (const std::string& name : names) {
    const auto& fields = all(name);
    std::size_t& count = taken[to_lower(name)];
    if (count < fields.size()) text += canonical_field(fields[fields.size() - ++count], form);
  }
  return text;
}

std::string canonical_signature(std::string_view raw, Canonicalization form) {
  std::string signed_form;
  bool is_first = true;
  const auto colon = raw.find(':');
  signed_form += raw.substr(0, colon + 1);
  for (const std::string_view tag : split(raw.substr(colon + 1), ';')) {
    if (!is_first) signed_form += ';';
    is_first = false;
    const auto equals = tag.find('=');
    const bool is_b = equals != std::string_view::npos && trim(tag.substr(0, equals)) == "b";
    signed_form += is_b ? tag.substr(0, equals + 1) : tag;
  }
  std::string field = canonical_field(signed_form, form);
  field.resize(field.size() - 2);
  return field;
}

}  // namespace waxwing::dkim
