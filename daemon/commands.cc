#include "daemon/commands.h"

#include <algorithm>
#include <ctime>
#include <utility>

namespace waxwing {

std::string encode(const Answer& answer) {
  const nlohmann::json line = {
      {"status", answer.status}, {"text", answer.text}, {"result", answer.result}};
  return line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Answer decode_answer(std::string_view line) {
  const auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object() || !json.value("status", nlohmann::json()).is_number_integer())
    return failed("the server's answer was cut off: look at its log");
  return {json["status"].get<int>(), json.value("text", std::string()),
          json.value("result", nlohmann::json())};
}

Answer run_command(World& world, const Request& request) {
  const std::string name = text_of(request, "command");
  for (const auto* commands : {&domain_commands(), &account_commands(), &alias_commands(),
                               &habit_commands(), &mailbox_commands(), &transport_commands(),
                               &session_commands(), &queue_commands(), &report_commands()})
    for (const Command& command : *commands)
      if (name == command.name) return command.run(world, request);
  return {2, "there is no command \"" + name + "\": is the server of another version?", nullptr};
}

Answer done(std::string text, nlohmann::json result) {
  return {0, std::move(text), std::move(result)};
}

Answer failed(std::string sentence) {
  return {1, std::move(sentence), nullptr};
}

Answer refused(const Error& error, std::string_view mend) {
  std::string sentence = error.text;
  if (!mend.empty() && (error.code == Error::Code::NotFound || error.code == Error::Code::Denied ||
                        error.code == Error::Code::AlreadyExists))
    sentence += ": " + std::string(mend);
  return failed(std::move(sentence));
}

std::string text_of(const Request& request, const char* key) {
  if (!request.is_object()) return {};
  const auto found = request.find(key);
  return found != request.end() && found->is_string() ? found->get<std::string>() : std::string();
}

nlohmann::json limit_json(const std::optional<std::uint64_t>& limit) {
  return limit ? nlohmann::json(*limit) : nlohmann::json(nullptr);
}

std::string utc(std::int64_t seconds) {
  const auto when = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&when, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], row[i].size());
    }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line += std::string(widths[i] - row[i].size() + 2, ' ');
    }
    text += line + "\n";
  }
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace waxwing
