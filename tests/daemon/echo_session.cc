#include "tests/daemon/echo_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "base/encoding.h"

namespace waxwing::test {

void Stage::pass() {
  std::unique_lock lock(mutex_);
  ++arrivals_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return open_; });
}

void Stage::open() {
  const std::lock_guard lock(mutex_);
  open_ = true;
  changed_.notify_all();
}

void Stage::await_arrivals(int count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return arrivals_ >= count; });
}

void Stage::remember(std::weak_ptr<Watcher> watcher) {
  const std::lock_guard lock(mutex_);
  watchers_.push_back(std::move(watcher));
}

void Stage::moved(MailboxId mailbox) {
  const std::lock_guard lock(mutex_);
  for (const auto& watcher : watchers_)
    if (const auto alive = watcher.lock()) alive->moved(mailbox, 1);
}

void EchoSession::greet(Output& output) {
  output << "hello\r\n";
}

Next EchoSession::consume(Input& input, Output& output) {
  for (;;) {
    const auto end = input.view().find('\n');
    if (end == std::string_view::npos) return Next::bytes();
    std::string line(input.view().substr(0, end));
    if (!line.empty() && line.back() == '\r') line.pop_back();
    input.consume(end + 1);
    const Next next = answer(line, output);
    if (next.kind != Next::Kind::Bytes) return next;
  }
}

Next EchoSession::answer(const std::string& line, Output& output) {
  const std::string word = line.substr(0, line.find(' '));
  const std::string rest = word.size() < line.size() ? line.substr(word.size() + 1) : "";
  if (word == "QUIT") {
    output << "bye\r\n";
    return Next::close();
  }
  if (word == "STARTTLS") {
    output << "go\r\n";
    return Next::start_tls();
  }
  if (word == "COMPRESS") {
    output << "go\r\n";
    return Next::compress();
  }
  if (word == "PLAIN") {
    output << "done\r\n";
    return Next::plain();
  }
  if (word == "PAUSE") return Next::pause(std::chrono::milliseconds(5));
  if (word == "USER") {
    user_ = rest;
    output << "welcome\r\n";
    return Next::bytes();
  }
  if (word == "TLS") {
    output << (tls_.version.empty() ? "none" : tls_.version) << " " << tls_.server_name << " "
           << hex(tls_.exporter) << " " << hex(tls_.server_end_point) << "\r\n";
    return Next::bytes();
  }
  if (word == "PEER") {
    output << peer_.address.to_string() << (peer_.offers_starttls ? " offers" : " plain")
           << (peer_.only_starttls ? " only" : "") << "\r\n";
    return Next::bytes();
  }
  if (word == "WORK" || word == "BLOCK" || word == "SIGNIN" || word == "BIG" || word == "FILE") {
    work_ = word;
    if (word == "BIG") left_ = std::stoull(rest);
    if (word == "FILE" || word == "SIGNIN") argument_ = rest;
    return Next::work(Lane::Storage);
  }
  output << "you said " << line << "\r\n";
  return Next::bytes();
}

Progress EchoSession::run(Output& output) {
  if (work_ == "BLOCK" || work_ == "SIGNIN") stage_.pass();
  if (work_ == "SIGNIN") user_ = argument_;
  if (work_ == "BIG") {
    const std::string some(64 * 1024, 'x');
    while (left_ > 0 && !output.is_full()) {
      const auto now = std::min<std::uint64_t>(left_, some.size());
      output << std::string_view(some).substr(0, now);
      left_ -= now;
      stage_.made += now;
      stage_.most_ahead = std::max(stage_.most_ahead.load(), stage_.made - stage_.taken);
    }
    if (left_ > 0) return Progress::Again;
  }
  if (work_ == "FILE") {
    const auto file = std::make_shared<Fd>(open(argument_.c_str(), O_RDONLY | O_CLOEXEC));
    const off_t size = lseek(file->get(), 0, SEEK_END);
    output.write_file(file, 0, static_cast<std::uint64_t>(size));
  }
  output << "worked\r\n";
  return Progress::Done;
}

Next EchoSession::changed(MailboxId mailbox, Output& output) {
  output << "moved " << std::to_string(mailbox.value) << "\r\n";
  return Next::bytes();
}

Next EchoSession::tick(Output& output) {
  output << "tick\r\n";
  return Next::bytes();
}

void EchoSession::goodbye(std::string_view reason, Output& output) {
  output << "goodbye: " << reason << "\r\n";
}

Next EchoSession::overloaded(Output& output) {
  output << "too busy\r\n";
  return Next::bytes();
}

}  // namespace waxwing::test
