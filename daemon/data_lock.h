#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace waxwing {

// data_dir/lock: whoever holds it is the only process that writes there. It goes with the process,
// however that ends.
class DataLock {
 public:
  // AlreadyExists when another process has it.
  static Result<DataLock> take(const std::string& data_dir);

 private:
  explicit DataLock(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace waxwing
