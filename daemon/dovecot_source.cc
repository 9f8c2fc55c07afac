// Dovecot's files beside a Maildir: dovecot-uidlist, dovecot-keywords, subscriptions.
#include <algorithm>
#include <map>

#include "base/text.h"
#include "daemon/mail_source.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

// Of a file of Dovecot's own: a list of a million messages is smaller.
constexpr std::uint64_t kMaxList = 256 << 20;

// Nothing where there is no such file, or one that we do not follow or read.
std::optional<std::vector<std::string>> lines_of(FoundMail& mail, const std::string& file) {
  const auto text = mail.files.text(file, kMaxList);
  if (!text) {
    if (text.error().code != Error::Code::NotFound) {
      mail.left_out.add("a file of Dovecot's that is no plain file or cannot be read",
                        mail.files.path_of(file));
    }
    return std::nullopt;
  }
  std::vector<std::string> lines;
  for (std::string_view line : split(*text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
  }
  if (lines.back().empty()) lines.pop_back();
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
Result<UidList> read_uid_list(const std::vector<std::string>& lines, const std::string& path) {
  UidList list;
  if (lines.empty()) return fail(Error::Code::Invalid, path + " is empty");
  const auto head = words(lines[0]);
  for (const auto word : head) {
    if (!word.starts_with('V')) continue;
    list.uid_validity =
        static_cast<std::uint32_t>(parse_number(word.substr(1), UINT32_MAX).value_or(0));
  }
  if (head.empty() || head[0] != "3" || list.uid_validity == 0) {
    return fail(Error::Code::Invalid, path + ":1: this is no dovecot-uidlist of version 3");
  }
  for (std::size_t n = 1; n < lines.size(); ++n) {
    const std::string_view line = lines[n];
    const auto colon = line.find(" :");
    const auto fields = words(line.substr(0, colon));
    const auto uid = fields.empty() ? std::nullopt : parse_number(fields[0], UINT32_MAX - 1);
    if (colon == line.npos || !uid || *uid == 0) {
      return fail(Error::Code::Invalid,
                  path + ":" + std::to_string(n + 1) + ": cannot be understood");
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
std::map<char, std::string> read_keywords(const std::vector<std::string>& lines) {
  std::map<char, std::string> keywords;
  for (const auto& line : lines) {
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

Outcome add_what_dovecot_knows(FoundMail& mail, FoundMailbox& mailbox) {
  const std::string folder = mailbox.folder.empty() ? "" : mailbox.folder + "/";
  const auto lines = lines_of(mail, folder + "dovecot-uidlist");
  if (!lines) return {};  // nobody has opened it yet
  const auto list = read_uid_list(*lines, mail.files.path_of(folder + "dovecot-uidlist"));
  if (!list) return fail(list.error());
  const auto keywords = read_keywords(
      lines_of(mail, folder + "dovecot-keywords").value_or(std::vector<std::string>()));
  mailbox.uid_validity = list->uid_validity;
  for (FoundMessage& message : mailbox.messages) {
    const std::string name = message.file.substr(message.file.rfind('/') + 1);
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

// Old programs had everything below INBOX, and Dovecot serves it so still where a namespace has the
// prefix "INBOX.": the folders have no such level, and their subscriptions have.
std::string without_prefix(const FoundMail& mail, const std::string& name) {
  constexpr std::string_view kPrefix = "INBOX/";
  const bool is_a_folder = std::ranges::any_of(
      mail.mailboxes, [&](const auto& mailbox) { return mailbox.name == name; });
  if (is_a_folder || !name.starts_with(kPrefix)) return name;
  return name.substr(kPrefix.size());
}

// As an export of ours abbreviates it, or as it is.
std::optional<std::string> name_of_subscription(const FoundMail& mail, const std::string& line) {
  const std::string folder = "." + line;
  if (!is_abbreviated(folder)) return name_of_folder(folder);
  const auto found = std::ranges::find(mail.mailboxes, folder, &FoundMailbox::folder);
  return found == mail.mailboxes.end() ? std::nullopt : std::optional(found->name);
}

// One name on a line, in modified UTF-7 with "." between levels; since version 2, behind a line
// that says so, with a tab.
std::optional<std::vector<std::string>> read_subscriptions(FoundMail& mail) {
  auto lines = lines_of(mail, "subscriptions");
  if (!lines) return std::nullopt;
  std::vector<std::string> names;
  for (std::string& line : *lines) {
    if (line.empty() || line.starts_with("V\t")) continue;
    std::replace(line.begin(), line.end(), '\t', '.');
    if (equals_ignoring_case(line, "INBOX")) {
      names.emplace_back("INBOX");
    } else if (const auto name = name_of_subscription(mail, line)) {
      names.push_back(without_prefix(mail, *name));
    }
  }
  return names;
}

}  // namespace

Result<FoundMail> find_in_dovecot(const std::string& path) {
  auto mail = find_in_maildir(path);
  if (!mail) return mail;
  for (FoundMailbox& mailbox : mail->mailboxes) {
    if (auto done = add_what_dovecot_knows(*mail, mailbox); !done) return fail(done.error());
  }
  mail->subscriptions = read_subscriptions(*mail);
  return mail;
}

}  // namespace waxwing
