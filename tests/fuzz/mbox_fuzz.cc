// An mbox of a stranger: its messages lie in the file, in their order and apart from one another,
// and none is cut by a From line of its own. Its bytes as a compressed message, and as a file's
// name, come to an end as well.

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/text.h"
#include "daemon/mbox_file.h"
#include "daemon/mbox_name.h"
#include "daemon/packed_message.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace waxwing;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Fd file(memfd_create("mbox", MFD_CLOEXEC));
  must(::write(file.get(), text.data(), size) == static_cast<ssize_t>(size));
  if (const auto contents = read_mbox(file)) {
    must(text.empty() || contents->messages.empty() || text.find("From ") != text.npos);
    std::uint64_t end = 0;
    for (const auto& message : contents->messages) {
      must(message.offset > end && message.offset + message.size <= size);
      must(text[message.offset - 1] == '\n' || message.offset == size);
      end = message.offset + message.size;
    }
  }
  if (const auto unpacked = unpack_message(text)) must(unpacked->size() <= kMaxImported);
  const auto first = text.substr(0, text.find('\n'));
  std::vector<std::string> path;
  for (const auto level : split(first, '/')) path.emplace_back(level);
  if (const auto name = mailbox_of_mbox_path(path)) {
    must(mailbox_of_mbox_path(mbox_path_of(*name)) == name);
  }
  return 0;
}
