#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "storage/disk.h"

namespace waxwing {

// The real disk, until the n-th call from now: that one fails, or writes only half. With
// Then::Broken all calls after it fail too, as on a disk that died. Reading the free space never
// fails. Any thread.
class FaultyDisk final : public Disk {
 public:
  enum class Then { Recovered, Broken };

  // 0: none.
  void fail_call(int number, Error::Code code = Error::Code::Temporary,
                 Then then = Then::Recovered) {
    code_ = code;
    then_ = then;
    calls_ = 0;
    fail_at_ = number;
  }
  // Calls since then.
  int calls() const { return calls_; }
  // The name of the call that failed.
  const std::string& failed() const { return failed_; }
  // Called before each call, with its name and path.
  std::function<void(const std::string& call, const std::string& path)> before;

  Result<Fd> open(const std::string& path, Mode mode) override {
    if (auto fault = strike("open", path)) return fail(*fault);
    return disk_.open(path, mode);
  }
  Outcome write(const Fd& file, std::string_view bytes) override {
    if (auto fault = strike("write", "")) {
      // A short write: what a full disk leaves behind.
      (void)disk_.write(file, bytes.substr(0, bytes.size() / 2));
      return fail(*fault);
    }
    return disk_.write(file, bytes);
  }
  Result<std::string> read(const Fd& file, std::uint64_t offset, std::size_t size) override {
    if (auto fault = strike("read", "")) return fail(*fault);
    return disk_.read(file, offset, size);
  }
  Outcome sync(const Fd& file) override {
    if (auto fault = strike("sync", "")) return fail(*fault);
    return disk_.sync(file);
  }
  Outcome sync_directory(const std::string& path) override {
    if (auto fault = strike("sync_directory", path)) return fail(*fault);
    return disk_.sync_directory(path);
  }
  Outcome link(const std::string& from, const std::string& to) override {
    if (auto fault = strike("link", to)) return fail(*fault);
    return disk_.link(from, to);
  }
  Outcome rename(const std::string& from, const std::string& to) override {
    if (auto fault = strike("rename", from)) return fail(*fault);
    return disk_.rename(from, to);
  }
  Outcome remove(const std::string& path) override {
    if (auto fault = strike("remove", path)) return fail(*fault);
    return disk_.remove(path);
  }
  Outcome make_directory(const std::string& path) override {
    if (auto fault = strike("make_directory", path)) return fail(*fault);
    return disk_.make_directory(path);
  }
  Outcome remove_tree(const std::string& path) override {
    if (auto fault = strike("remove_tree", path)) return fail(*fault);
    return disk_.remove_tree(path);
  }
  Outcome set_time(const Fd& file, std::int64_t unix_seconds) override {
    if (auto fault = strike("set_time", "")) return fail(*fault);
    return disk_.set_time(file, unix_seconds);
  }
  Outcome list(const std::string& path, const std::function<void(const Entry&)>& visit) override {
    if (auto fault = strike("list", path)) return fail(*fault);
    return disk_.list(path, visit);
  }
  Result<Stat> stat(const std::string& path) override {
    if (auto fault = strike("stat", path)) return fail(*fault);
    return disk_.stat(path);
  }
  Result<bool> has_hole(const Fd& file) override {
    if (auto fault = strike("has_hole", "")) return fail(*fault);
    return disk_.has_hole(file);
  }
  Result<bool> is_being_written(const Fd& file) override {
    if (auto fault = strike("is_being_written", "")) return fail(*fault);
    return disk_.is_being_written(file);
  }
  Result<std::uint64_t> free_space(const std::string& path) override {
    return free_space_ ? Result<std::uint64_t>(*free_space_) : disk_.free_space(path);
  }
  Result<std::string> file_system(const std::string& path) override {
    return file_system_.empty() ? disk_.file_system(path) : Result<std::string>(file_system_);
  }

  void set_free_space(std::uint64_t bytes) { free_space_ = bytes; }
  void set_file_system(std::string name) { file_system_ = std::move(name); }

 private:
  std::optional<Error> strike(const std::string& call, const std::string& path) {
    if (before) before(call, path);
    const int number = ++calls_;
    const int at = fail_at_;
    if (at == 0 || number < at || (number > at && then_ == Then::Recovered)) return std::nullopt;
    if (number == at) failed_ = call + " " + path;
    return Error{code_, "injected: " + call + " " + path};
  }

  SystemDisk disk_;
  std::atomic<int> calls_{0}, fail_at_{0};
  Error::Code code_ = Error::Code::Temporary;
  Then then_ = Then::Recovered;
  std::string failed_;
  std::optional<std::uint64_t> free_space_;
  std::string file_system_;
};

}  // namespace waxwing
