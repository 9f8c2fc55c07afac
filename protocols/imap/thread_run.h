#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "protocols/imap/collation.h"
#include "protocols/imap/column_pass.h"
#include "protocols/imap/command.h"
#include "protocols/imap/forest.h"
#include "protocols/imap/threading.h"

namespace waxwing::imap {

// One THREAD under way: headers are read, each once, then threads are made of them and put in
// order. It stops where it is asked to, like SearchRun. Held by one thread at a time.
class ThreadRun {
 public:
  // `found`: indexes into the view, ascending.
  ThreadRun(Thread::Algorithm algorithm, View::Version view, std::vector<std::size_t> found,
            Collation collation = Collation::UnicodeCasemap);

  // True when all is done. An error ends it.
  Result<bool> step(SearchSource& source, const std::function<bool()>& is_time_up);
  // How far it is.
  const ColumnPass& headers() const { return headers_; }
  // "(2)(3 6 (4 23)(44 7 96))", once step() said true. The numbers are those of indexes.
  std::string threads(const std::function<std::uint32_t(std::size_t index)>& number_of) const;

 private:
  ColumnPass headers_;
  ThreadMember member_;
  std::unique_ptr<Threading> threading_;
  std::optional<Forest> forest_;
};

}  // namespace waxwing::imap
