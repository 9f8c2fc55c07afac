#include "protocols/mail/transfer.h"

#include <array>
#include <cstdint>

#include "base/text.h"

namespace waxwing::mail {
namespace {

constexpr std::uint8_t kForeign = 255;
// White space that may trail a line is kept back at most this long.
constexpr std::size_t kMaxPending = 1024;

constexpr std::array<std::uint8_t, 256> make_sextets() {
  std::array<std::uint8_t, 256> table{};
  for (auto& value : table) value = kForeign;
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    table[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr std::array<std::uint8_t, 256> kSextets = make_sextets();

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

TransferDecoder::TransferDecoder(std::string_view encoding)
    : encoding_(equals_ignoring_case(encoding, "base64")             ? Encoding::Base64
                : equals_ignoring_case(encoding, "quoted-printable") ? Encoding::QuotedPrintable
                                                                     : Encoding::Identity) {}

void TransferDecoder::feed(std::string_view bytes, std::string& out) {
  switch (encoding_) {
    case Encoding::Identity: out.append(bytes); break;
    case Encoding::Base64: feed_base64(bytes, out); break;
    case Encoding::QuotedPrintable: feed_quoted_printable(bytes, out); break;
  }
}

void TransferDecoder::finish(std::string& out) {
  if (encoding_ == Encoding::QuotedPrintable) {
    // White space at the end of the last line goes, a cut escape stays as it is.
    if (pending_.starts_with('=')) out += pending_;
    pending_.clear();
  } else if (encoding_ == Encoding::Base64) {
    if (sextets_ >= 2) out += static_cast<char>(bits_ >> (6 * sextets_ - 8) & 0xff);
    if (sextets_ == 3) out += static_cast<char>(bits_ >> 2 & 0xff);
    sextets_ = 0;
    bits_ = 0;
  }
}

void TransferDecoder::feed_base64(std::string_view bytes, std::string& out) {
  for (const char c : bytes) {
    if (c == '=') {
      // The end of one encoded text; another may have been glued behind it.
      finish(out);
      continue;
    }
    const std::uint8_t value = kSextets[static_cast<unsigned char>(c)];
    if (value == kForeign) continue;
    bits_ = bits_ << 6 | value;
    if (++sextets_ < 4) continue;
    const char group[3] = {static_cast<char>(bits_ >> 16 & 0xff),
                           static_cast<char>(bits_ >> 8 & 0xff), static_cast<char>(bits_ & 0xff)};
    out.append(group, 3);
    sextets_ = 0;
    bits_ = 0;
  }
}

void TransferDecoder::feed_quoted_printable(std::string_view bytes, std::string& out) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (!pending_.empty() && pending_[0] == '=') {
      if (c == '\n') {  // soft line break, with what white space there was
        pending_.clear();
        continue;
      }
      const bool only_blanks = pending_.find_first_not_of(" \t\r", 1) == std::string::npos;
      if (only_blanks && (c == ' ' || c == '\t' || c == '\r') && pending_.size() < kMaxPending) {
        pending_ += c;
        continue;
      }
      if (pending_.size() == 1 && hex_digit(c) >= 0) {
        pending_ += c;
        continue;
      }
      if (pending_.size() == 2 && hex_digit(pending_[1]) >= 0 && hex_digit(c) >= 0) {
        out += static_cast<char>(hex_digit(pending_[1]) * 16 + hex_digit(c));
        pending_.clear();
        continue;
      }
      out += pending_;  // no escape after all
      pending_.clear();
    }
    if (c == ' ' || c == '\t' || c == '\r') {
      if (pending_.size() >= kMaxPending) {
        out += pending_;
        pending_.clear();
      }
      pending_ += c;
    } else if (c == '\n') {
      // White space before a line end was added on the way.  RFC 2045 section 6.7 (3)
      out += pending_.ends_with('\r') ? "\r\n" : "\n";
      pending_.clear();
    } else {
      if (!pending_.empty()) {
        out += pending_;
        pending_.clear();
      }
      if (c == '=') {
        pending_ = "=";
        continue;
      }
      const std::size_t end = bytes.find_first_of("= \t\r\n", i);
      const std::size_t stop = end == std::string_view::npos ? bytes.size() : end;
      out.append(bytes.substr(i, stop - i));
      i = stop - 1;
    }
  }
}

bool is_encoded(std::string_view encoding) {
  return equals_ignoring_case(encoding, "base64") ||
         equals_ignoring_case(encoding, "quoted-printable");
}

std::string decode_transfer(std::string_view encoding, std::string_view bytes) {
  TransferDecoder decoder(encoding);
  std::string out;
  out.reserve(bytes.size());
  decoder.feed(bytes, out);
  decoder.finish(out);
  return out;
}

}  // namespace waxwing::mail
