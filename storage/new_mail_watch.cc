#include "storage/new_mail_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>
#include <set>

#include "base/log.h"
#include "storage/maildir_account.h"
#include "storage/maildir_mailbox.h"

namespace waxwing {
namespace {
// Programs link or rename a finished file into new/; some write it there.
constexpr std::uint32_t kEvents = IN_MOVED_TO | IN_CREATE | IN_CLOSE_WRITE | IN_ONLYDIR;
constexpr std::size_t kMaxPlaces = 4096;
}  // namespace

// A mailbox needs its account, and neither is kept alive here.
struct NewMailWatch::Place {
  std::weak_ptr<MaildirAccount> account;
  std::weak_ptr<MaildirMailbox> mailbox;

  std::shared_ptr<MaildirMailbox> lock() const {
    auto held = account.lock();
    auto found = held ? mailbox.lock() : nullptr;
    return found ? found->shared() : nullptr;
  }
};

NewMailWatch::NewMailWatch()
    : inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!inotify_ || !wake_) {
    log.warning("new mail of other programs is noticed at SELECT only");
    return;
  }
  thread_ = std::thread([this] { run(); });
}

NewMailWatch::~NewMailWatch() {
  stop();
}

void NewMailWatch::add(MaildirMailbox& mailbox) {
  auto place =
      std::make_shared<Place>(Place{mailbox.account().weak_from_this(), mailbox.weak_from_this()});
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || !thread_.joinable()) return;
    requests_.push_back(std::move(place));
  }
  wake();
}

void NewMailWatch::stop() {
  std::thread thread;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    thread = std::move(thread_);
  }
  if (!thread.joinable()) return;
  wake();
  thread.join();
}

void NewMailWatch::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] auto written = ::write(wake_.get(), &one, sizeof one);
}

void NewMailWatch::run() {
  for (;;) {
    pollfd ready[2] = {{inotify_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    if (ready[1].revents != 0) take_requests();
    if (ready[0].revents != 0) read_events();
  }
}

void NewMailWatch::take_requests() {
  std::uint64_t count = 0;
  [[maybe_unused]] auto drained = ::read(wake_.get(), &count, sizeof count);
  std::vector<std::shared_ptr<Place>> requests;
  {
    std::lock_guard lock(mutex_);
    requests.swap(requests_);
  }
  for (auto& place : requests) {
    auto mailbox = place->lock();
    if (!mailbox) continue;
    if (places_.size() >= kMaxPlaces) {
      std::erase_if(places_, [&](const auto& entry) {
        auto held = entry.second->lock();
        if (held && held->is_watched()) return false;
        ::inotify_rm_watch(inotify_.get(), entry.first);
        return true;
      });
      if (places_.size() >= kMaxPlaces) continue;
    }
    auto directory = mailbox->new_directory();
    if (!directory) continue;
    // The same directory has the same descriptor again.
    const int descriptor = ::inotify_add_watch(inotify_.get(), directory->c_str(), kEvents);
    if (descriptor >= 0) places_[descriptor] = std::move(place);
  }
}

void NewMailWatch::read_events() {
  std::set<int> changed;
  alignas(inotify_event) char buffer[16 * 1024];
  for (;;) {
    const ssize_t size = ::read(inotify_.get(), buffer, sizeof buffer);
    if (size <= 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if ((event->mask & IN_IGNORED) != 0) {
        places_.erase(event->wd);
      } else if (event->wd >= 0) {
        changed.insert(event->wd);
      }
    }
  }
  for (int descriptor : changed) {
    auto place = places_.find(descriptor);
    if (place == places_.end()) continue;
    auto mailbox = place->second->lock();
    if (!mailbox || !mailbox->is_watched()) {
      ::inotify_rm_watch(inotify_.get(), descriptor);
      places_.erase(place);
      continue;
    }
    if (auto done = mailbox->refresh(); !done) {
      log.warning("new mail stays in new/",
                  {{"mailbox", mailbox->name()}, {"reason", done.error().text}});
    }
  }
}

}  // namespace waxwing
