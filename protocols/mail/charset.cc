#include "protocols/mail/charset.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/ucnv.h>
#include <unicode/unistr.h>

#include <memory>

#include "base/text.h"

namespace waxwing::mail {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

Converter open_converter(std::string_view charset) {
  if (charset.empty() || charset.size() > 60 || !is_ascii(charset)) return nullptr;
  // Not from mail: ICU reads options from a name ("...,swaplfnl") and falls back to a default.
  if (charset.find_first_of(",= \t") != std::string_view::npos) return nullptr;
  UErrorCode status = U_ZERO_ERROR;
  Converter converter(ucnv_open(std::string(charset).c_str(), &status));
  if (U_FAILURE(status)) return nullptr;
  return converter;
}

bool is_utf8_name(std::string_view charset) {
  return equals_ignoring_case(charset, "utf-8") || equals_ignoring_case(charset, "utf8");
}

bool is_ascii_name(std::string_view charset) {
  return equals_ignoring_case(charset, "us-ascii") || equals_ignoring_case(charset, "ascii");
}

// Charsets in which every byte below 128 is ASCII and needs no conversion.
bool is_ascii_superset(std::string_view charset) {
  return is_utf8_name(charset) || is_ascii_name(charset) ||
         starts_with_ignoring_case(charset, "iso-8859-") ||
         starts_with_ignoring_case(charset, "windows-125");
}

std::string from_unicode(const icu::UnicodeString& text) {
  std::string utf8;
  text.toUTF8String(utf8);
  return utf8;
}

icu::UnicodeString to_unicode(std::string_view utf8) {
  return icu::UnicodeString::fromUTF8(
      icu::StringPiece(utf8.data(), static_cast<std::int32_t>(utf8.size())));
}

std::optional<std::string> convert(std::string_view bytes, std::string_view charset) {
  // ICU counts in 32 bits; nobody converts so much at once, but a hostile size must not wrap.
  if (bytes.size() > (1u << 29)) bytes = bytes.substr(0, 1u << 29);
  const Converter converter = open_converter(charset);
  if (!converter) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  const icu::UnicodeString text(bytes.data(), static_cast<std::int32_t>(bytes.size()),
                                converter.get(), status);
  if (U_FAILURE(status)) return std::nullopt;
  return from_unicode(text);
}

std::string fold_case(std::string_view utf8) {
  if (is_ascii(utf8)) return to_lower(utf8);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKCCasefoldInstance(status);
  if (U_FAILURE(status)) return to_lower(utf8);
  const icu::UnicodeString folded = normalizer->normalize(to_unicode(utf8), status);
  return U_FAILURE(status) ? to_lower(utf8) : from_unicode(folded);
}

}  // namespace

std::optional<std::string> to_utf8(std::string_view bytes, std::string_view charset) {
  if (is_ascii_superset(charset) && is_ascii(bytes)) return std::string(bytes);
  if (is_utf8_name(charset)) {
    if (is_utf8(bytes)) return std::string(bytes);
    return convert(bytes, "utf-8");
  }
  if (is_ascii_name(charset)) return guess_utf8(bytes);
  if (equals_ignoring_case(charset, "iso-8859-1")) return convert(bytes, "windows-1252");
  return convert(bytes, charset);
}

std::string guess_utf8(std::string_view bytes, std::string_view charset) {
  if (!charset.empty()) {
    if (auto text = to_utf8(bytes, charset)) return *std::move(text);
  }
  if (is_utf8(bytes)) return std::string(bytes);
  return convert(bytes, "windows-1252").value_or(std::string());
}

bool is_known_charset(std::string_view charset) {
  return is_utf8_name(charset) || is_ascii_name(charset) || open_converter(charset) != nullptr;
}

std::string fold_for_search(std::string_view utf8) {
  return with_single_blanks(fold_case(utf8));
}

std::string with_single_blanks(std::string text) {
  std::size_t end = 0;
  for (char c : text) {
    if (c == '\t') c = ' ';
    if (c != ' ' || end == 0 || text[end - 1] != ' ') text[end++] = c;
  }
  text.resize(end);
  return text;
}

std::string casemap_key(std::string_view utf8) {
  if (is_ascii(utf8)) return to_upper(utf8);
  icu::UnicodeString title;
  const icu::UnicodeString text = to_unicode(utf8);
  for (std::int32_t at = 0; at < text.length(); at = text.moveIndex32(at, 1)) {
    title.append(u_totitle(text.char32At(at)));
  }
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFKDInstance(status);
  if (U_FAILURE(status)) return from_unicode(title);
  const icu::UnicodeString decomposed = normalizer->normalize(title, status);
  return from_unicode(U_FAILURE(status) ? title : decomposed);
}

std::optional<std::string> to_nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return std::string(utf8);
  if (!is_utf8(utf8)) return std::nullopt;
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFCInstance(status);
  if (U_FAILURE(status)) return std::nullopt;
  const icu::UnicodeString composed = normalizer->normalize(to_unicode(utf8), status);
  if (U_FAILURE(status)) return std::nullopt;
  return from_unicode(composed);
}

std::optional<std::string> to_folded_nfc(std::string_view utf8) {
  if (is_ascii(utf8)) return to_lower(utf8);
  if (!is_utf8(utf8)) return std::nullopt;
  return to_nfc(from_unicode(to_unicode(utf8).foldCase()));
}

std::optional<std::string> to_lower_utf8(std::string_view utf8) {
  if (is_ascii(utf8)) return to_lower(utf8);
  if (!is_utf8(utf8)) return std::nullopt;
  return from_unicode(to_unicode(utf8).toLower(icu::Locale::getRoot()));
}

std::string_view first_characters(std::string_view utf8, std::size_t count) {
  std::size_t at = 0;
  for (; at < utf8.size(); ++at) {
    const bool continues = (static_cast<unsigned char>(utf8[at]) & 0xc0) == 0x80;
    if (!continues && count-- == 0) break;
  }
  return utf8.substr(0, at);
}

char32_t next_character(std::string_view utf8, std::size_t& position) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(utf8[i]); };
  const char32_t first = byte(position++);
  if (first < 0x80) return first;
  int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
  char32_t character = first & (0x3fu >> more);
  while (more-- > 0 && position < utf8.size()) {
    character = character << 6 | (byte(position++) & 0x3fu);
  }
  return character;
}

void append_utf8(std::string& text, char32_t character) {
  if (character > 0x10ffff || (character >= 0xd800 && character < 0xe000)) character = 0xfffd;
  const auto tail = [&](int shift) {
    text += static_cast<char>(0x80 | (character >> shift & 0x3f));
  };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xc0 | character >> 6);
    tail(0);
  } else if (character < 0x10000) {
    text += static_cast<char>(0xe0 | character >> 12);
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | character >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace waxwing::mail
