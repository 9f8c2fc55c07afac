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
  Result<std::string> read(std::uint64_t offset, std::size_t size) const override;

  // Writes `prefix` and the whole message.
  Outcome copy_to(const Fd& file, std::string_view prefix) const;
  // What the index keeps of the message behind `prefix`. Call after finish().
  Parsed parsed(std::string_view prefix) const;

 private:
  Outcome spill();

  Disk& disk_;
  std::string path_;
  std::uint64_t limit_;
  std::uint64_t size_ = 0;
  std::string memory_;
  Fd file_;
  std::optional<Error> failed_;  // what was lost stays lost
  mail::Parser parser_;
  std::optional<mail::Message> message_;
};

}  // namespace waxwing
