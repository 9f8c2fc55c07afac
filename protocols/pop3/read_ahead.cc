#include "protocols/pop3/read_ahead.h"

#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "protocols/pop3/message_writer.h"

namespace waxwing::pop3 {
namespace {

// What a message costs beside its octets.
constexpr std::size_t kOverhead = 64;

// The answer to RETR; nothing when it cannot be read: then RETR itself says why.
std::optional<std::string> read(const Maildrop::Opener& open) {
  auto message = open();
  if (!message || message->size > ReadAhead::kMaxBytes) return std::nullopt;
  Output output;
  output << "+OK " << std::to_string(message->size) << " octets\r\n";
  const auto progress = MessageWriter(std::move(*message), std::nullopt).write(output);
  if (!progress || *progress != Progress::Done) return std::nullopt;
  return output.drain();
}

}  // namespace

// Any thread.
struct ReadAhead::Shelf {
  struct Answer {
    std::size_t number;
    std::string text;
  };
  std::mutex mutex;            // guards all of it
  std::deque<Answer> answers;  // ascending
  std::size_t bytes = 0;       // of their texts
  bool is_being_filled = false;
  bool is_wanted = true;

  // False: it is full, or nobody wants it any more.
  bool put(std::size_t number, std::string text) {
    const std::lock_guard lock(mutex);
    if (!is_wanted || bytes + text.size() > kMaxBytes) return false;
    bytes += text.size();
    answers.push_back({number, std::move(text)});
    return true;
  }
  std::string pop() {
    std::string text = std::move(answers.front().text);
    answers.pop_front();
    bytes -= text.size();
    return text;
  }
  void drop_below(std::size_t number) {
    while (!answers.empty() && answers.front().number < number) pop();
  }
};

// The work of one worker. However it ends, and if it never begins, the next may follow.
struct ReadAhead::Filling {
  // A message that the worker shall read.
  struct Order {
    std::size_t number;
    Maildrop::Opener open;
  };

  ~Filling() {
    const std::lock_guard lock(shelf->mutex);
    shelf->is_being_filled = false;
  }
  void run() const {
    for (const Order& order : orders) {
      auto text = read(order.open);
      if (!text || !shelf->put(order.number, std::move(*text))) return;
    }
  }
  std::shared_ptr<Shelf> shelf;
  std::vector<Order> orders;
};

ReadAhead::ReadAhead(RunBeside run_beside)
    : run_beside_(std::move(run_beside)), shelf_(std::make_shared<Shelf>()) {}

ReadAhead::~ReadAhead() {
  forget();
}

void ReadAhead::forget() {
  const std::lock_guard lock(shelf_->mutex);
  shelf_->is_wanted = false;
}

// Half of the memory is filled while the client takes the other half.
void ReadAhead::sent(std::size_t number, const Maildrop& maildrop) {
  if (number != std::exchange(last_, number) + 1) {
    forget();
    shelf_ = std::make_shared<Shelf>();
    return;
  }
  if (!run_beside_) return;
  std::size_t bytes = 0, behind = number;
  {
    const std::lock_guard lock(shelf_->mutex);
    shelf_->drop_below(number + 1);
    bytes = shelf_->bytes;
    if (shelf_->is_being_filled || bytes > kMaxBytes / 2) return;
    if (!shelf_->answers.empty()) behind = shelf_->answers.back().number;
    shelf_->is_being_filled = true;
  }
  const std::shared_ptr<Filling> filling(new Filling{shelf_, {}});
  for (std::size_t next = behind + 1; next <= maildrop.size(); ++next) {
    bytes += maildrop.octets(next) + kOverhead;
    if (bytes > kMaxBytes || maildrop.is_deleted(next)) break;
    filling->orders.push_back({next, maildrop.opener(next)});
  }
  if (!filling->orders.empty()) run_beside_([filling] { filling->run(); });
}

std::optional<std::string> ReadAhead::take(std::size_t number, const Maildrop& maildrop) {
  std::optional<std::string> text;
  {
    const std::lock_guard lock(shelf_->mutex);
    shelf_->drop_below(number);
    const auto& answers = shelf_->answers;
    if (answers.empty() || answers.front().number != number) return std::nullopt;
    if (maildrop.is_deleted(number) || !maildrop.is_there(number)) return std::nullopt;
    text = shelf_->pop();
  }
  sent(number, maildrop);
  return text;
}

}  // namespace waxwing::pop3
