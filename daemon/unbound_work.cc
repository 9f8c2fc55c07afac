#include "daemon/unbound_work.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/log.h"

namespace waxwing {
namespace {

// More than all that a server does at a time asks; beyond that it is a flood.
constexpr std::size_t kMaxQuestions = 20000;
constexpr int kSoa = 6;

Steady now() {
  return std::chrono::steady_clock::now();
}

}  // namespace

Result<std::unique_ptr<UnboundResolver::Work>> UnboundResolver::Work::open(Parts parts) {
  auto context = UnboundContext::open(parts.unbound);
  if (!context) return fail(context.error());
  Fd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail(Error::Code::Temporary, std::string("eventfd: ") + std::strerror(errno));
  return std::unique_ptr<Work>(new Work(std::move(parts), std::move(*context), std::move(wake)));
}

UnboundResolver::Work::Work(Parts parts, std::unique_ptr<UnboundContext> context, Fd wake)
    : parts_(std::move(parts)),
      validation_(parts_.validation),
      context_(std::move(context)),
      wake_(std::move(wake)),
      thread_([this] { run(); }) {}

UnboundResolver::Work::~Work() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_.get(), 1);
  thread_.join();
  asked_.splice(asked_.end(), new_);
  for (Asked& asked : asked_)
    if (asked.answered) answer(asked, failed_answer("the server stops"));
}

void UnboundResolver::Work::resolve(const dns::Question& question, Answered answered) {
  std::list<Asked> one;
  one.push_back({this, question, std::move(answered), static_cast<int>(question.type)});
  const char* trouble = nullptr;
  if (question.name.find('\0') != std::string::npos) {
    trouble = "a name with NUL in it";
  } else if (count_ >= kMaxQuestions) {
    trouble = "too many questions at a time";
  } else {
    const std::lock_guard lock(mutex_);
    if (stopping_) {
      trouble = "the server stops";
    } else {
      ++count_;
      one.back().deadline = now() + parts_.deadline;
      new_.splice(new_.end(), one);
    }
  }
  if (trouble != nullptr) return one.back().answered(failed_answer(trouble));
  eventfd_write(wake_.get(), 1);
}

void UnboundResolver::Work::run() {
  if (validation_ == Validation::Unknown) probe();
  while (take_new()) {
    wait();
    context_->process();
    if (plain_) plain_->process();
    end_late();
  }
}

// False when it is time to stop.
bool UnboundResolver::Work::take_new() {
  std::list<Asked> taken;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    taken.swap(new_);
  }
  while (!taken.empty()) {
    Asked& asked = enter(taken);
    ask(validation_ == Validation::Off && plain_ ? *plain_ : *context_, asked);
  }
  return true;
}

void UnboundResolver::Work::wait() {
  int timeout = -1;
  if (!deadlines_.empty()) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadlines_.begin()->first - now());
    timeout = static_cast<int>(std::max(left.count(), std::chrono::milliseconds::rep{0}));
  }
  pollfd fds[] = {{wake_.get(), POLLIN, 0},
                  {context_->fd(), POLLIN, 0},
                  {plain_ ? plain_->fd() : -1, POLLIN, 0}};
  poll(fds, std::size(fds), timeout);
  eventfd_t ignored;
  if (fds[0].revents != 0) eventfd_read(wake_.get(), &ignored);
}

void UnboundResolver::Work::end_late() {
  const auto time = now();
  while (!deadlines_.empty() && deadlines_.begin()->first <= time) {
    Asked& asked = *deadlines_.begin()->second;
    if (&asked == probe_) {
      probed(false);
      continue;
    }
    std::erase(held_, &asked);
    answer(asked, failed_answer(asked.failure.trouble.empty() ? "no answer within the time"
                                                              : asked.failure.trouble));
    if (asked.out == nullptr) forget(asked);
  }
}

// The first of `from` is one of ours now.
UnboundResolver::Work::Asked& UnboundResolver::Work::enter(std::list<Asked>& from) {
  asked_.splice(asked_.begin(), from, from.begin());
  Asked& asked = asked_.front();
  asked.here = asked_.begin();
  deadlines_.emplace(asked.deadline, &asked);
  return asked;
}

// A question about the root that nobody asked for.
UnboundResolver::Work::Asked& UnboundResolver::Work::enter_root() {
  std::list<Asked> one;
  one.push_back({this, {"."}, [](const dns::Answer&) {}, kSoa, now() + parts_.probe});
  ++count_;
  return enter(one);
}

void UnboundResolver::Work::ask(UnboundContext& context, Asked& asked) {
  asked.out = &context;
  if (auto sent = context.ask(asked.question.name, asked.type, &asked, &Work::heard); !sent)
    heard(asked, context, failed_answer(sent.error().text));
}

void UnboundResolver::Work::heard(void* mine, int error, ub_result* result) {
  Asked& asked = *static_cast<Asked*>(mine);
  asked.work->heard(asked, *asked.out, UnboundContext::to_answer(error, result));
}

void UnboundResolver::Work::heard(Asked& asked, UnboundContext& from, dns::Answer answer) {
  asked.out = nullptr;
  if (&asked == probe_) {
    probed(answer.is_secure);
    return forget(asked);
  }
  if (!asked.answered) return forget(asked);  // it comes too late
  if (&from == plain_.get()) return heard_plain(asked, std::move(answer));
  if (answer.status == dns::Answer::Status::Failed) return heard_failure(asked, std::move(answer));
  if (validation_ == Validation::Unknown && answer.is_secure) probed(true);
  this->answer(asked, std::move(answer));
  forget(asked);
}

// What is not proved counts only where nothing can be.
void UnboundResolver::Work::heard_plain(Asked& asked, dns::Answer answer) {
  const bool failed = answer.status == dns::Answer::Status::Failed;
  if (validation_ == Validation::Unknown && !failed) turn_off();
  const bool counts = validation_ == Validation::Off && !(failed && !asked.failure.trouble.empty());
  this->answer(asked, counts ? std::move(answer) : std::move(asked.failure));
  forget(asked);
}

void UnboundResolver::Work::heard_failure(Asked& asked, dns::Answer failure) {
  if (validation_ == Validation::Unknown) {
    asked.failure = std::move(failure);
    held_.push_back(&asked);
    probe();
  } else if (validation_ == Validation::Off && plain_) {
    asked.failure = std::move(failure);
    ask(*plain_, asked);  // it was on its way when that was decided
  } else {
    answer(asked, std::move(failure));
    forget(asked);
  }
}

void UnboundResolver::Work::answer(Asked& asked, dns::Answer answer) {
  deadlines_.erase({asked.deadline, &asked});
  std::exchange(asked.answered, nullptr)(std::move(answer));
}

void UnboundResolver::Work::forget(Asked& asked) {
  asked_.erase(asked.here);
  --count_;
}

void UnboundResolver::Work::probe() {
  if (probe_ != nullptr) return;
  probe_ = &enter_root();
  ask(*context_, *probe_);
}

// Whether the root can be proved. Where not, those who wait are asked for without proof; so is the
// root, that it be known early.
void UnboundResolver::Work::probed(bool is_secure) {
  if (Asked* probe = std::exchange(probe_, nullptr)) {
    deadlines_.erase({probe->deadline, probe});
    probe->answered = nullptr;
  }
  std::vector<Asked*> held;
  held.swap(held_);
  if (is_secure) {
    validation_ = Validation::On;
    for (Asked* asked : held) {
      answer(*asked, std::move(asked->failure));
      forget(*asked);
    }
    return;
  }
  if (!plain_) {
    auto options = parts_.unbound;
    options.anchor_file.clear();
    options.anchors.clear();
    auto opened = UnboundContext::open(options);
    if (opened) plain_ = std::move(*opened);
  }
  if (plain_) held.push_back(&enter_root());
  for (Asked* asked : held) {
    if (plain_) {
      ask(*plain_, *asked);
    } else {
      answer(*asked, std::move(asked->failure));
      forget(*asked);
    }
  }
}

void UnboundResolver::Work::turn_off() {
  validation_ = Validation::Off;
  log.warning("dns-not-validated",
              {{"servers", parts_.source},
               {"reason", "they answer, but without the signatures of DNSSEC"},
               {"effect", "no answer is proved, and DANE is not used, until the next start"},
               {"advice", "name a resolver that passes signatures on in dns.server"}});
}

}  // namespace waxwing
