#pragma once

#include <string>
#include <string_view>

namespace waxwing::mail {

// Undoes a Content-Transfer-Encoding, in pieces of any size. Lenient, because mail is: foreign
// characters in base64 and broken escapes in quoted-printable never fail.  RFC 2045 section 6
class TransferDecoder {
 public:
  // 7bit, 8bit, binary and what is not known: bytes pass as they are.
  explicit TransferDecoder(std::string_view encoding);
  // Appends what these bytes mean.
  void feed(std::string_view bytes, std::string& out);
  // No more bytes follow.
  void finish(std::string& out);

 private:
  enum class Encoding { Identity, Base64, QuotedPrintable };
  void feed_base64(std::string_view bytes, std::string& out);
  void feed_quoted_printable(std::string_view bytes, std::string& out);

  Encoding encoding_;
  unsigned bits_ = 0;  // base64: sextets that wait for their group of four
  int sextets_ = 0;
  std::string pending_;  // quoted-printable: "=", "=X", or white space that may end the line
};

// True when the encoding changes bytes: base64 and quoted-printable.
bool is_encoded(std::string_view encoding);
std::string decode_transfer(std::string_view encoding, std::string_view bytes);

}  // namespace waxwing::mail
