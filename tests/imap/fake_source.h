#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "protocols/imap/search_run.h"
#include "protocols/mail/header.h"

namespace waxwing::imap {

constexpr std::int64_t kDay = 86400;  // in the dates of messages

// A mailbox of texts.
class FakeSource final : public SearchSource {
 public:
  Outcome headers(std::span<const Uid> uids, const Visit& visit) override {
    for (Uid uid : uids) {
      auto found = messages.find(uid);
      if (found == messages.end()) continue;
      ++headers_read;
      std::string_view bytes = found->second;
      std::string_view header = bytes.substr(0, mail::header_size(bytes));
      const bool is_whole = header.size() <= header_limit;
      if (!visit(uid, header.substr(0, header_limit), is_whole)) break;
    }
    return {};
  }
  Result<Opened> open(Uid uid) override {
    auto found = messages.find(uid);
    if (found == messages.end()) return fail(Error::Code::NotFound, "gone");
    ++opened;
    return Opened{mail::parse(found->second), [&bytes = found->second](ByteRange range) {
                    return Result<std::string>(bytes.substr(range.offset, range.size));
                  }};
  }

  std::map<Uid, std::string> messages;
  std::size_t header_limit = 1000;
  int headers_read = 0;
  int opened = 0;
};

}  // namespace waxwing::imap
