#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "protocols/dns/resolver.h"

struct ub_ctx;
struct ub_result;

namespace waxwing {

// Nobody knows, and why.
dns::Answer failed_answer(std::string trouble);

// One context of libunbound: its cache, its options and its thread in the background. Held by one
// thread at a time.
class UnboundContext {
 public:
  struct Options {
    std::vector<std::string> servers;  // ADDRESS@PORT; none: full recursion from the root servers
    // The servers are somebody's choice: what they say goes before what RFC 6303 and 6761 say of
    // private and special names.
    bool servers_know_all = false;
    // What signatures are proved from; neither: they are not looked at.
    std::string anchor_file;
    std::vector<std::string> anchors;  // DS or DNSKEY records as in a zone file
  };
  // Fails when an option, or what is in the file, makes no sense. Asks nobody yet.
  static Result<std::unique_ptr<UnboundContext>> open(const Options& options);
  // Ends the thread; questions that are open get no answer.
  ~UnboundContext();
  UnboundContext(const UnboundContext&) = delete;
  UnboundContext& operator=(const UnboundContext&) = delete;

  // `answered` is called with `mine` by a later process(), once, however long that takes.
  using Answered = void (*)(void* mine, int error, ub_result* result);
  Outcome ask(const std::string& name, int type, void* mine, Answered answered);
  // Readable when process() has something to do.
  int fd() const;
  void process();

  // What came of a question; `result` is freed.
  static dns::Answer to_answer(int error, ub_result* result);

 private:
  explicit UnboundContext(ub_ctx* context) : context_(context) {}
  Outcome configure(const Options& options);
  Outcome set(const char* option, const char* value);

  ub_ctx* context_;
};

}  // namespace waxwing
