#pragma once

#include <memory>

#include "auth/directory.h"
#include "base/clock.h"
#include "config/settings.h"
#include "storage/store.h"

namespace waxwing {

// What lies in data_dir, opened. Whoever opens it holds the lock.
struct Stores {
  static Result<std::unique_ptr<Stores>> open(const Settings& settings);
  ~Stores();

  SystemClock clock;
  SystemDisk disk;
  std::unique_ptr<Directory> directory;
  std::unique_ptr<Store> store;
};

}  // namespace waxwing
