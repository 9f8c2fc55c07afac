#include "protocols/dns/resolver.h"

#include <atomic>
#include <future>
#include <memory>

namespace waxwing::dns {

Answer resolve_now(Resolver& resolver, const Question& question) {
  // Shared, because set_value() may still be at work when the waiting has ended.
  const auto promise = std::make_shared<std::promise<Answer>>();
  auto answer = promise->get_future();
  resolver.resolve(question, [promise](Answer given) { promise->set_value(std::move(given)); });
  return answer.get();
}

void resolve_all(Resolver& resolver, const std::vector<Question>& questions,
                 std::function<void(std::vector<Answer>)> answered) {
  if (questions.empty()) return answered({});
  // Each callback has a slot of its own; who brings the last answer sees all the others.
  struct Join {
    std::vector<Answer> answers;
    std::atomic<std::size_t> missing;
    std::function<void(std::vector<Answer>)> answered;
  };
  const auto join = std::make_shared<Join>();
  join->answers.resize(questions.size());
  join->missing = questions.size();
  join->answered = std::move(answered);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    resolver.resolve(questions[i], [join, i](Answer answer) {
      join->answers[i] = std::move(answer);
      if (--join->missing == 0) join->answered(std::move(join->answers));
    });
  }
}

}  // namespace waxwing::dns
