// Dovecot's files beside a Maildir: dovecot-uidlist, dovecot-keywords, subscriptions.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/text.h"
#include "daemon/mail_source.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) {
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

struct ListedMessage {
  std::uint32_t uid = 0;
  std::string uidl;
};
struct UidList {
  std::uint32_t uid_validity = 0;
  std::map<std::string, ListedMessage> messages;  // by the name in front of ":2,"
};

// "3 V1275660208 N22 G3085f01b7f11094c501100008c4a11c1"
// "25006 P1234 :1276528487.M364837P9451.kurkku,S=1355,W=1394:2,"
Result<UidList> read_uid_list(const fs::path& path) {
  UidList list;
  const auto lines = lines_of(path);
  if (lines.empty()) return fail(Error::Code::NotFound, path.string() + " is missing or empty");
  const auto head = words(lines[0]);
  for (const auto word : head) {
    if (!word.starts_with('V')) continue;
    list.uid_validity =
        static_cast<std::uint32_t>(parse_number(word.substr(1), UINT32_MAX).value_or(0));
  }
  if (head.empty() || head[0] != "3" || list.uid_validity == 0) {
    return fail(Error::Code::Invalid,
                path.string() + ":1: this is no dovecot-uidlist of version 3");
  }
  for (std::size_t n = 1; n < lines.size(); ++n) {
    const std::string_view line = lines[n];
    const auto colon = line.find(" :");
    const auto fields = words(line.substr(0, colon));
    const auto uid = fields.empty() ? std::nullopt : parse_number(fields[0], UINT32_MAX - 1);
    if (colon == line.npos || !uid || *uid == 0) {
      return fail(Error::Code::Invalid,
                  path.string() + ":" + std::to_string(n + 1) + ": cannot be understood");
    }
    ListedMessage message{static_cast<std::uint32_t>(*uid), {}};
    for (const auto field : fields) {
      if (field.starts_with('P')) message.uidl = field.substr(1);
    }
    const std::string_view name = line.substr(colon + 2);
    list.messages[std::string(name.substr(0, name.find(":2,")))] = std::move(message);
  }
  return list;
}

// "0 $Forwarded": the letter a.
std::map<char, std::string> read_keywords(const fs::path& path) {
  std::map<char, std::string> keywords;
  for (const auto& line : lines_of(path)) {
    const auto fields = words(line);
    const auto index = fields.size() == 2 ? parse_number(fields[0], 25) : std::nullopt;
    if (index) keywords[static_cast<char>('a' + *index)] = fields[1];
  }
  return keywords;
}

// What POP3 clients know a message by where no other is listed: Dovecot's "%08Xu%08Xv".
std::string usual_uidl(std::uint32_t uid, std::uint32_t uid_validity) {
  char text[20];
  std::snprintf(text, sizeof text, "%08x%08x", uid, uid_validity);
  return text;
}

Outcome add_what_dovecot_knows(const fs::path& folder, FoundMailbox& mailbox) {
  if (!fs::exists(folder / "dovecot-uidlist")) return {};  // nobody has opened it yet
  auto list = read_uid_list(folder / "dovecot-uidlist");
  if (!list) return fail(list.error());
  const auto keywords = read_keywords(folder / "dovecot-keywords");
  mailbox.uid_validity = list->uid_validity;
  for (FoundMessage& message : mailbox.messages) {
    const std::string name = fs::path(message.file).filename().string();
    const auto info = name.find(":2,");
    if (info != std::string::npos) {
      for (const char letter : name.substr(info + 3)) {
        if (const auto known = keywords.find(letter); known != keywords.end()) {
          message.flags.push_back(known->second);
        }
      }
    }
    const auto listed = list->messages.find(name.substr(0, info));
    if (listed == list->messages.end()) continue;
    message.uid = listed->second.uid;
    message.uidl = listed->second.uidl.empty() ? usual_uidl(*message.uid, list->uid_validity)
                                               : listed->second.uidl;
  }
  // Those that Dovecot has not numbered yet come after all that it has.
  std::stable_sort(mailbox.messages.begin(), mailbox.messages.end(),
                   [](const FoundMessage& a, const FoundMessage& b) {
                     return a.uid.value_or(UINT32_MAX) < b.uid.value_or(UINT32_MAX);
                   });
  return {};
}

// One name on a line, in modified UTF-7 with "." between levels; since version 2, behind a line
// that says so, with a tab.
std::optional<std::vector<std::string>> read_subscriptions(const fs::path& path) {
  if (!fs::exists(path)) return std::nullopt;
  std::vector<std::string> names;
  for (std::string line : lines_of(path)) {
    if (line.empty() || line.starts_with("V\t")) continue;
    std::replace(line.begin(), line.end(), '\t', '.');
    if (equals_ignoring_case(line, "INBOX")) {
      names.emplace_back("INBOX");
    } else if (const auto name = name_of_folder("." + line)) {
      names.push_back(*name);
    }
  }
  return names;
}

}  // namespace

Result<FoundMail> find_in_dovecot(const std::string& path) {
  auto mail = find_in_maildir(path);
  if (!mail) return mail;
  for (FoundMailbox& mailbox : mail->mailboxes) {
    const auto folder = folder_of(mailbox.name);
    if (!folder) return fail(folder.error());
    const fs::path place = folder->empty() ? fs::path(path) : fs::path(path) / *folder;
    if (auto done = add_what_dovecot_knows(place, mailbox); !done) return fail(done.error());
  }
  mail->subscriptions = read_subscriptions(fs::path(path) / "subscriptions");
  return mail;
}

}  // namespace waxwing
