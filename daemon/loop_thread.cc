#include "daemon/loop_thread.h"

#include <pthread.h>
#include <signal.h>

#include <future>
#include <utility>

namespace waxwing {

LoopThread::LoopThread(Shared shared)
    : host_{loop_,
            shared.lanes,
            shared.hellos,
            shared.timing,
            std::move(shared.certificates),
            std::move(shared.admit),
            [this](std::uint64_t number) {
              const auto found = connections_.find(number);
              if (found != connections_.end()) found->second->pump();
            },
            [this](std::uint64_t number) { close(number); }},
      left_(std::move(shared.left)),
      thread_([this] {
        // Signals are for the main thread; and OpenSSL writes without MSG_NOSIGNAL, so SIGPIPE must
        // not end the process here.
        sigset_t all;
        sigfillset(&all);
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        loop_.run();
      }) {
  pthread_setname_np(thread_.native_handle(), "loop");
}

LoopThread::~LoopThread() {
  loop_.stop();
  thread_.join();
}

void LoopThread::adopt(Connection::Accepted accepted) {
  ++count_;
  // std::function wants to copy what it holds, and a socket cannot be copied.
  auto held = std::make_shared<Connection::Accepted>(std::move(accepted));
  loop_.post([this, held] {
    const std::uint64_t number = held->number;
    auto connection = std::make_unique<Connection>(host_, std::move(*held));
    Connection& started = *connection;
    connections_.emplace(number, std::move(connection));
    started.start();
  });
}

// A connection closes from within its own functions: it is destroyed when they have returned.
void LoopThread::close(std::uint64_t number) {
  const auto found = connections_.find(number);
  if (found == connections_.end()) return;
  const std::string client = found->second->client();
  dead_.push_back(std::move(found->second));
  connections_.erase(found);
  loop_.post([this] { dead_.clear(); });
  --count_;
  left_(client);
}

template <class T>
T LoopThread::ask(const std::function<T()>& question) {
  // Shared: who waits may be gone while set_value() still works on what it woke.
  const auto answer = std::make_shared<std::promise<T>>();
  loop_.post([answer, &question] { answer->set_value(question()); });
  return answer->get_future().get();
}

std::vector<SessionSummary> LoopThread::sessions() {
  return ask<std::vector<SessionSummary>>([this] {
    std::vector<SessionSummary> all;
    for (const auto& [number, connection] : connections_) all.push_back(connection->summary());
    return all;
  });
}

std::size_t LoopThread::end_those(const Chooses& chooses, const std::string& reason,
                                  Connection::Ending ending) {
  std::vector<Connection*> chosen;  // ending one takes it out of connections_
  for (const auto& [number, connection] : connections_)
    if (chooses(*connection)) chosen.push_back(connection.get());
  for (Connection* connection : chosen) connection->end(reason, ending);
  return chosen.size();
}

bool LoopThread::has_turned() {
  if (!turned_.exchange(false)) return false;
  loop_.post([this] { turned_ = true; });
  return true;
}

void LoopThread::kick_user(const std::string& user, const std::string& reason) {
  loop_.post([this, user, reason] {
    std::vector<Connection*> all;  // ending one takes it out of connections_
    for (const auto& [number, connection] : connections_) all.push_back(connection.get());
    for (Connection* connection : all) connection->revoke(user, reason);
  });
}

std::size_t LoopThread::kick(const std::string& session_id, const std::string& reason) {
  return ask<std::size_t>([&] {
    return end_those([&](const Connection& one) { return one.summary().id == session_id; }, reason);
  });
}

std::size_t LoopThread::kick_all(const std::string& reason) {
  return ask<std::size_t>([&] {
    return end_those([](const Connection&) { return true; }, reason,
                     Connection::Ending::AfterMessage);
  });
}

void LoopThread::abort_all() {
  ask<bool>([this] {
    std::vector<Connection*> all;
    for (const auto& [number, connection] : connections_) all.push_back(connection.get());
    for (Connection* connection : all) connection->abort();
    return true;
  });
}

}  // namespace waxwing
