#include "daemon/outbound.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <future>
#include <utility>

#include "base/log.h"
#include "daemon/retry_times.h"

namespace waxwing {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kFetch = 20;
constexpr std::size_t kSettle = 100;
constexpr milliseconds kOverdue{30'000};
constexpr milliseconds kLongestSleep{60'000};
constexpr milliseconds kOwnDisk{10'000};

// What a job takes; nothing when it cannot be read now.
std::unique_ptr<OutboundLoad> load_of(Queue& queue, const Queue::Job& job) {
  auto envelope = queue.envelope(job.message);
  if (!envelope) {
    log.error("queued message cannot be read",
              {{"id", job.message}, {"reason", envelope.error().text}});
    return nullptr;
  }
  auto load = std::make_unique<OutboundLoad>();
  load->job = job;
  load->envelope = std::move(*envelope);
  for (const auto number : job.recipients) {
    const bool is_open = number < load->envelope.recipients.size() &&
                         load->envelope.recipients[number].state == QueuedRecipient::State::Waiting;
    if (is_open) load->left.push_back(number);
  }
  return load;
}

}  // namespace

Outbound::Outbound(Parts parts)
    : parts_(std::move(parts)),
      settlement_(parts_.queue, parts_.notices, parts_.trace, parts_.clock),
      random_(std::random_device{}()),
      host_{loop_,
            parts_.clock,
            parts_.router,
            random_,
            [this] { return parts_.settings; },
            [this] { return parts_.tls; },
            [this](Destination& to) { fetch(to); },
            [this](Destination::Loads loads) { settle(std::move(loads)); },
            [this](const std::string& id) { return parts_.queue.message(id); },
            [this](Destination& to) { return may_connect(to); },
            [this] { disconnected(); },
            parts_.timing,
            parts_.tls_session},
      wake_timer_(loop_, [this] { wake(); }),
      overdue_timer_(loop_, [this] { look_at_overdue(); }) {
  parts_.queue.on_ready([this](const std::vector<std::string>& names) {
    loop_.post([this, names] {
      for (const auto& name : names) destination(name).notify();
      wake_timer_.add(milliseconds(1000));
    });
  });
  loop_.post([this] {
    const auto ready = parts_.queue.ready();
    if (!ready) log.error("queue cannot be read", {{"reason", ready.error().text}});
    if (ready) {
      for (const auto& [name, jobs] : *ready) destination(name).notify();
    }
    wake();
    overdue_timer_.add(milliseconds(1000));
  });
  thread_ = std::thread([this] {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    loop_.run();
  });
  pthread_setname_np(thread_.native_handle(), "outbound");
}

Outbound::~Outbound() {
  stop();
  join(milliseconds(0));
}

void Outbound::use(std::shared_ptr<const Settings> settings, std::shared_ptr<const TlsClient> tls) {
  loop_.post([this, settings = std::move(settings), tls = std::move(tls)] {
    parts_.settings = settings;
    parts_.tls = tls;
    for (const auto& [name, each] : destinations_) each->work();
  });
}

void Outbound::try_now(const std::string& destination) {
  loop_.post([this, destination] {
    for (const auto& [name, each] : destinations_) {
      if (destination.empty() || Queue::plain_destination(name) == destination) each->try_now();
    }
  });
}

std::vector<Destination::Summary> Outbound::destinations() {
  const auto answer = std::make_shared<std::promise<std::vector<Destination::Summary>>>();
  loop_.post([this, answer] {
    std::vector<Destination::Summary> all;
    for (const auto& [name, each] : destinations_) all.push_back(each->summary());
    answer->set_value(std::move(all));
  });
  return answer->get_future().get();
}

Destination& Outbound::destination(const std::string& name) {
  auto& known = destinations_[name];
  if (!known) known = std::make_unique<Destination>(host_, name);
  return *known;
}

void Outbound::run(std::function<void()> job, std::function<void()> then) {
  ++running_;
  const auto ended = [this, then = std::move(then)] {
    --running_;
    then();
    check_finished();
  };
  const auto ticket = parts_.lanes.submit(Lane::Storage, [this, job, ended] {
    job();
    loop_.post(ended);
  });
  if (ticket) return;
  // The lane is full, or stops: none of this may be dropped, and a moment of this thread is what is
  // left.
  job();
  loop_.post(ended);
}

void Outbound::fetch(Destination& to) {
  const std::string name = to.name();
  struct Fetched {
    Destination::Loads loads;
    bool all = true;
  };
  const auto fetched = std::make_shared<Fetched>();
  run(
      [this, name, fetched] {
        auto jobs = parts_.queue.take(name, kFetch);
        if (!jobs) {
          log.error("queue cannot be read", {{"reason", jobs.error().text}});
          return;
        }
        fetched->all = jobs->size() < kFetch;
        std::vector<Queue::Settlement> unreadable;
        for (const auto& job : *jobs) {
          if (auto load = load_of(parts_.queue, job)) {
            fetched->loads.push_back(std::move(load));
          } else {
            unreadable.push_back(
                {job, {}, unix_seconds(parts_.clock.now()) + kRetryOwnTrouble, false});
          }
        }
        if (!unreadable.empty()) (void)parts_.queue.settle(unreadable);
      },
      [this, name, fetched] {
        if (!is_stopping_) return destination(name).take(std::move(fetched->loads), fetched->all);
        for (auto& load : fetched->loads) load->give_back = true;
        settle(std::move(fetched->loads));
      });
}

void Outbound::settle(Destination::Loads loads) {
  for (auto& load : loads) finished_loads_.push_back(std::move(load));
  settle_next();
}

// One after another, each with all that has gathered meanwhile: one commit for many.
void Outbound::settle_next() {
  if (is_settling_ || finished_loads_.empty()) return;
  is_settling_ = true;
  const auto loads = std::make_shared<Destination::Loads>();
  while (!finished_loads_.empty() && loads->size() < kSettle) {
    loads->push_back(std::move(finished_loads_.front()));
    finished_loads_.pop_front();
  }
  run([this, loads,
       settings = parts_.settings] { settlement_.settle(*settings, std::move(*loads)); },
      [this] {
        is_settling_ = false;
        wake_timer_.add(milliseconds(1000));
        settle_next();
      });
}

// Jobs whose time has come become ready, and on_ready() hears of them.
void Outbound::wake() {
  if (is_stopping_) return;
  const auto next = std::make_shared<std::optional<std::int64_t>>();
  run(
      [this, next] {
        auto due = parts_.queue.wake();
        if (due) *next = *due;
        if (!due) log.error("queue cannot be read", {{"reason", due.error().text}});
      },
      [this, next] {
        if (is_stopping_) return;
        milliseconds sleep = kLongestSleep;
        if (*next) {
          const auto left = std::chrono::seconds(**next - unix_seconds(parts_.clock.now()));
          sleep = std::clamp<milliseconds>(left, milliseconds(200), kLongestSleep);
        }
        wake_timer_.add(sleep);
        forget_idle();
      });
}

void Outbound::look_at_overdue() {
  if (is_stopping_) return;
  run([this, settings = parts_.settings] { settlement_.look_at_overdue(*settings); },
      [this] {
        if (is_stopping_) return;
        const auto& queue = parts_.settings->queue;
        const milliseconds quarter = std::min(queue.delay_notice, queue.lifetime) / 4;
        overdue_timer_.add(std::clamp<milliseconds>(quarter, milliseconds(200), kOverdue));
      });
}

bool Outbound::may_connect(Destination& to) {
  // Servers that take mail are not to wait for those that do not answer.
  const auto most = parts_.settings->outbound.connections;
  if (connections_ < (to.has_worked() ? most : most - most / 4)) {
    ++connections_;
    return true;
  }
  if (std::find(wanting_.begin(), wanting_.end(), to.name()) == wanting_.end())
    wanting_.push_back(to.name());
  return false;
}

void Outbound::disconnected() {
  --connections_;
  check_finished();
  if (wanting_.empty() || is_stopping_) return;
  const std::string next = std::move(wanting_.front());
  wanting_.pop_front();
  loop_.post([this, next] { destination(next).work(); });
}

void Outbound::forget_idle() {
  std::erase_if(destinations_, [](const auto& each) { return each.second->is_idle(); });
}

bool Outbound::is_finished() const {
  return is_stopping_ && running_ == 0 && connections_ == 0 && finished_loads_.empty();
}

void Outbound::check_finished() {
  if (!is_finished()) return;
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  ended_.notify_all();
}

void Outbound::stop() {
  loop_.post([this] {
    if (std::exchange(is_stopping_, true)) return;
    wake_timer_.remove();
    overdue_timer_.remove();
    for (const auto& [name, each] : destinations_) each->stop();
    check_finished();
  });
}

bool Outbound::join(milliseconds patience) {
  if (has_joined_) return true;
  parts_.queue.on_ready(nullptr);
  std::unique_lock lock(mutex_);
  if (!ended_.wait_for(lock, patience, [this] { return is_over_; })) {
    loop_.post([this] {
      for (const auto& [name, each] : destinations_) each->abort();
      check_finished();
    });
    if (!ended_.wait_for(lock, kOwnDisk, [this] { return is_over_; })) return false;
  }
  lock.unlock();
  has_joined_ = true;
  loop_.stop();
  thread_.join();
  destinations_.clear();
  return true;
}

}  // namespace waxwing
