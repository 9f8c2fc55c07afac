#include "protocols/imap/header_pass.h"

#include <algorithm>

namespace waxwing::imap {
namespace {

constexpr std::size_t kBatch = 256;

}  // namespace

Result<bool> HeaderPass::step(SearchSource& source, const std::function<bool()>& is_time_up,
                              const Visit& visit) {
  while (next_ < indexes_.size()) {
    if (const auto read = read_batch(source, is_time_up, visit); !read) return fail(read.error());
    if (next_ < indexes_.size() && is_time_up()) return false;
  }
  return true;
}

Outcome HeaderPass::read_batch(SearchSource& source, const std::function<bool()>& is_time_up,
                               const Visit& visit) {
  const std::size_t end = std::min(next_ + kBatch, indexes_.size());
  std::vector<Uid> uids;
  for (std::size_t position = next_; position < end; ++position) uids.push_back(row(position).uid);
  bool is_cut = false;
  const auto read = source.headers(uids, [&](Uid uid, std::string_view block, bool) {
    while (next_ < end && row(next_).uid < uid) visit(next_++, {});
    if (next_ < end && row(next_).uid == uid) visit(next_++, block);
    is_cut = is_time_up();
    return !is_cut;
  });
  if (!read) return read;
  while (!is_cut && next_ < end) visit(next_++, {});
  return {};
}

}  // namespace waxwing::imap
