#include "storage/staged_message.h"

#include <algorithm>

namespace waxwing {
namespace {
// Of what was learnt of a message that is put away; more is read again from its file.
constexpr std::size_t kMaxKept = 8 * 1024;
}  // namespace

StagedMessage::StagedMessage(Disk& disk, std::string path, std::uint64_t limit)
    : disk_(disk), path_(std::move(path)), limit_(limit) {}

StagedMessage::~StagedMessage() {
  if (has_file_) (void)disk_.remove(path_);
}

bool StagedMessage::fits_in_memory(std::size_t more) const {
  return !has_file_ && memory_.size() + more <= kInMemory;
}

Outcome StagedMessage::append(std::string_view bytes) {
  if (failed_) return fail(*failed_);
  if (size_ + bytes.size() > limit_) {
    failed_ = Error{Error::Code::TooLarge, "message is larger than the limit"};
    return fail(*failed_);
  }
  if (!fits_in_memory(bytes.size())) {
    Outcome done = has_file_ ? Outcome() : spill();
    if (done) done = disk_.write(file_, bytes);
    if (!done) {
      failed_ = done.error();
      return done;
    }
  } else {
    memory_ += bytes;
  }
  size_ += bytes.size();
  parser_->feed(bytes);
  return {};
}

Outcome StagedMessage::spill() {
  auto file = disk_.open(path_, Disk::Mode::Create);
  if (!file) return fail(file.error());
  file_ = std::move(*file);
  has_file_ = true;
  if (auto done = disk_.write(file_, memory_); !done) return done;
  std::string().swap(memory_);
  return {};
}

const mail::Message& StagedMessage::finish() {
  if (!message_) message_ = parser_->finish();
  return *message_;
}

Outcome StagedMessage::put_away() {
  if (is_put_away_) return {};
  if (auto file = open_file(); !file) return fail(file.error());
  Parsed all = parsed({});
  if (all.header.size() + all.message.size() <= kMaxKept) {
    kept_ = std::make_shared<const Parsed>(std::move(all));
  }
  message_.reset();
  parser_.reset();
  is_put_away_ = true;
  return {};
}

Result<Fd> StagedMessage::open_file() {
  if (failed_) return fail(*failed_);
  if (!is_put_away_) finish();
  if (!has_file_) {
    if (auto done = spill(); !done) {
      failed_ = done.error();
      return fail(done.error());
    }
  }
  if (file_) return std::move(file_);
  return disk_.open(path_, Disk::Mode::Read);
}

std::shared_ptr<const Parsed> StagedMessage::kept() {
  if (is_put_away_) return kept_;
  return std::make_shared<const Parsed>(parsed({}));
}

Result<std::string> StagedMessage::read(std::uint64_t offset, std::size_t size) const {
  if (failed_) return fail(*failed_);
  if (offset >= size_) return std::string();
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, size_ - offset));
  if (!has_file_) return memory_.substr(static_cast<std::size_t>(offset), size);
  return disk_.read(file_, offset, size);
}

Outcome StagedMessage::copy_to(const Fd& file, std::string_view prefix) const {
  if (failed_) return fail(*failed_);
  // One write for a message of usual size.
  if (!has_file_) return disk_.write(file, std::string(prefix) + memory_);
  Fd opened;
  if (!file_) {
    auto again = disk_.open(path_, Disk::Mode::Read);
    if (!again) return fail(again.error());
    opened = std::move(*again);
  }
  const Fd& from = file_ ? file_ : opened;
  if (auto done = disk_.write(file, prefix); !done) return done;
  for (std::uint64_t offset = 0; offset < size_;) {
    auto piece = disk_.read(from, offset, Disk::kPiece);
    if (!piece) return fail(piece.error());
    if (piece->empty()) return fail(Error::Code::Temporary, "staged message is cut short");
    if (auto done = disk_.write(file, *piece); !done) return done;
    offset += piece->size();
  }
  return {};
}

Parsed StagedMessage::parsed(std::string_view prefix) const {
  mail::Message copy = *message_;
  if (!prefix.empty()) mail::prepend(copy, prefix);
  Parsed result{{}, copy.header_is_whole, mail::encode(copy)};
  result.header = std::move(copy.header);
  return result;
}

}  // namespace waxwing
