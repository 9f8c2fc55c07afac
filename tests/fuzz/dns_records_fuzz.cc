// RDATA of any type, from anybody: what a record says is within its bounds, and a name can be shown
// and is what its octets are.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "protocols/dns/records.h"

namespace {

void must(bool so) {
  if (!so) std::abort();
}

// The wire form of a name in text.
std::string to_wire(std::string_view name) {
  std::string wire, label;
  const auto end_label = [&] {
    wire += static_cast<char>(label.size());
    wire += label;
    label.clear();
  };
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '.') {
      end_label();
    } else if (name[i] == '\\') {
      label += static_cast<char>((name[i + 1] - '0') * 100 + (name[i + 2] - '0') * 10 +
                                 (name[i + 3] - '0'));
      i += 3;
    } else {
      label += name[i];
    }
  }
  if (!name.empty()) end_label();
  return wire + '\0';
}

void check_name(std::string_view name, std::string_view wire) {
  must(std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; }));
  must(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
  const std::string again = to_wire(name);
  must(again.size() == wire.size());
  must(waxwing::dns::decode_name(again) == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing::dns;
  const std::string_view rdata(reinterpret_cast<const char*>(data), size);
  if (const auto name = decode_name(rdata)) check_name(*name, rdata);
  if (const auto mx = decode_mx(rdata)) check_name(mx->host, rdata.substr(2));
  if (const auto srv = decode_srv(rdata)) check_name(srv->host, rdata.substr(6));
  if (const auto text = decode_txt(rdata)) must(text->size() < size);
  if (const auto tlsa = decode_tlsa(rdata)) must(tlsa->data == rdata.substr(3));
  if (const auto address = decode_a(rdata)) must(address->bytes() == rdata);
  must(decode_aaaa(rdata).has_value() == (size == 16));
  return 0;
}
