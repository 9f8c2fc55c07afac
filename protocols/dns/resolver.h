#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace waxwing::dns {

enum class Type : std::uint16_t {
  A = 1,
  Cname = 5,
  Ptr = 12,
  Mx = 15,
  Txt = 16,
  Aaaa = 28,
  Srv = 33,
  Tlsa = 52,
};

struct Question {
  std::string name;  // in A-labels, with or without the last dot
  Type type = Type::A;
};

struct Answer {
  enum class Status {
    Found,
    NoData,  // the name is there, but no record of that type
    NoName,  // NXDOMAIN
    Failed,  // nobody can tell now: time is up, servers fail, or the signatures are wrong
  };
  Status status = Status::Failed;
  bool is_secure = false;            // proved by DNSSEC, also that there is nothing
  std::string canonical_name;        // behind all CNAMEs; empty unless Found
  std::vector<std::string> records;  // RDATA as on the wire, names not compressed; records.h
  std::chrono::seconds ttl{0};
  std::string trouble;  // why it Failed, for the log
};

// Asks the DNS. Any thread.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // `answered` is called once, within seconds, on whatever thread has the answer: perhaps before
  // this returns. It must not block.
  virtual void resolve(const Question& question, std::function<void(Answer)> answered) = 0;
};

// The same for who may wait.
Answer resolve_now(Resolver& resolver, const Question& question);

// Several questions at once: `answered` is called once, when the last has its answer, with all
// answers in the order of the questions. Without questions it is called before this returns.
void resolve_all(Resolver& resolver, const std::vector<Question>& questions,
                 std::function<void(std::vector<Answer>)> answered);

}  // namespace waxwing::dns
