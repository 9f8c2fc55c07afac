#pragma once

#include <memory>
#include <optional>
#include <string>

#include "storage/disk.h"
#include "storage/mailbox.h"
#include "storage/staged.h"

namespace waxwing {

// The Staged of this store.
class StagedMessage final : public Staged {
 public:
  // `path`: a free name in staging/, used once the message outgrows memory.
  StagedMessage(Disk& disk, std::string path, std::uint64_t limit);
  ~StagedMessage() override;

  Outcome append(std::string_view bytes) override;
  std::uint64_t size() const override { return size_; }
  bool fits_in_memory(std::size_t more) const override;
  const mail::Message& finish() override;
  Outcome put_away() override;
  Result<std::string> read(std::uint64_t offset, std::size_t size) const override;

  // Writes `prefix` and the whole message.
  Outcome copy_to(const Fd& file, std::string_view prefix) const;
  // What the index keeps of the message behind `prefix`. Call after finish().
  Parsed parsed(std::string_view prefix) const;

  // For who makes the staged file the message itself: it is written, and opened, and lies at
  // path().
  Result<Fd> open_file();
  const std::string& path() const { return path_; }
  // It has another name now, which is not removed with this object.
  void has_moved() { has_file_ = false; }
  // As parsed(""), also after put_away(); null when that was too much to keep.
  std::shared_ptr<const Parsed> kept();

 private:
  Outcome spill();

  Disk& disk_;
  std::string path_;
  std::uint64_t limit_;
  std::uint64_t size_ = 0;
  std::string memory_;
  Fd file_;
  bool has_file_ = false;        // there is one at path_
  std::optional<Error> failed_;  // what was lost stays lost
  std::optional<mail::Parser> parser_{std::in_place};
  std::optional<mail::Message> message_;
  bool is_put_away_ = false;
  std::shared_ptr<const Parsed> kept_;
};

}  // namespace waxwing
