#include <gmock/gmock.h>

#include "daemon/cli.h"

namespace waxwing::test {
namespace {

using ::testing::HasSubstr;

// The exit status, and what went to standard error.
std::string said(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  ::testing::internal::CaptureStderr();
  const int status = run_cli(static_cast<int>(arguments.size()), arguments.data());
  const std::string text = ::testing::internal::GetCapturedStderr();
  return std::to_string(status) + " " + text;
}

TEST(CommandLine, NamesAWordThatIsNoCommand) {
  EXPECT_EQ(said({"waxwing", "frob"}),
            "2 waxwing: there is no command \"waxwing frob\": `waxwing --help` shows those that "
            "there are\n");
  EXPECT_EQ(said({"waxwing", "account", "lsit"}),
            "2 waxwing: there is no command \"waxwing account lsit\"; did you mean \"waxwing "
            "account list\"?\n");
  EXPECT_THAT(said({"waxwing", "account"}), HasSubstr("subcommand"));
  EXPECT_THAT(said({"waxwing", "account", "show"}), HasSubstr("ADDRESS"));
}

}  // namespace
}  // namespace waxwing::test
