#include "daemon/mail_source.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "storage/file_name.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

// The letters behind ":2,".
std::vector<std::string> flags_of_name(const std::string& name) {
  std::vector<std::string> flags;
  const auto info = name.rfind(":2,");
  if (info == std::string::npos) return flags;
  const Flags known = flags_of_letters(std::string_view(name).substr(info + 3));
  for (const auto& [flag, bit] : kSystemFlags) {
    if (known.has(bit)) flags.emplace_back(flag);
  }
  return flags;
}

// Where an mbox keeps flags; they are no part of the message.
bool is_mbox_field(std::string_view line) {
  const auto name = line.substr(0, line.find(':'));
  return equals_ignoring_case(name, "Status") || equals_ignoring_case(name, "X-Status") ||
         equals_ignoring_case(name, "X-Keywords");
}

Outcome add_messages(const fs::path& folder, std::vector<FoundMessage>& messages) {
  std::error_code error;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.starts_with('.')) continue;
    struct stat stat {};
    if (::stat(entry->path().c_str(), &stat) != 0 || !S_ISREG(stat.st_mode)) continue;
    FoundMessage message;
    message.file = entry->path().string();
    message.size = static_cast<std::uint64_t>(stat.st_size);
    message.date = stat.st_mtim.tv_sec;
    message.flags = flags_of_name(name);
    messages.push_back(std::move(message));
  }
  if (error) return fail(Error::Code::Denied, folder.string() + ": " + error.message());
  // Names begin with the time of arrival.
  std::sort(messages.begin(), messages.end(), [](const auto& a, const auto& b) {
    return std::pair(a.date, a.file) < std::pair(b.date, b.file);
  });
  return {};
}

Result<FoundMailbox> find_mailbox(const fs::path& folder, std::string name) {
  FoundMailbox mailbox;
  mailbox.name = std::move(name);
  for (const char* part : {"cur", "new"}) {
    if (!fs::is_directory(folder / part)) continue;
    if (auto done = add_messages(folder / part, mailbox.messages); !done) return fail(done.error());
  }
  return mailbox;
}

}  // namespace

Result<FoundMail> find_in_maildir(const std::string& path) {
  const fs::path root(path);
  if (!fs::is_directory(root / "cur")) {
    return fail(Error::Code::NotFound, path + " is no Maildir: there is no folder cur in it");
  }
  FoundMail mail;
  auto inbox = find_mailbox(root, "INBOX");
  if (!inbox) return fail(inbox.error());
  mail.mailboxes.push_back(std::move(*inbox));
  std::error_code error;
  std::vector<fs::path> folders;
  for (fs::directory_iterator entry(root, error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.size() > 1 && name.starts_with('.') && fs::is_directory(entry->path() / "cur")) {
      folders.push_back(entry->path());
    }
  }
  if (error) return fail(Error::Code::Denied, path + ": " + error.message());
  std::sort(folders.begin(), folders.end());
  for (const auto& folder : folders) {
    const auto name = name_of_folder(folder.filename().string());
    if (!name) {
      return fail(Error::Code::Invalid,
                  folder.string() + ": the folder's name is no mailbox name; rename it");
    }
    auto mailbox = find_mailbox(folder, *name);
    if (!mailbox) return fail(mailbox.error());
    mail.mailboxes.push_back(std::move(*mailbox));
  }
  return mail;
}

Result<std::string> read_message(const FoundMessage& message) {
  std::ifstream file(message.file, std::ios::binary);
  std::string raw(static_cast<std::size_t>(message.size), '\0');
  file.seekg(static_cast<std::streamoff>(message.offset));
  if (!file || !file.read(raw.data(), static_cast<std::streamsize>(raw.size()))) {
    return fail(Error::Code::Temporary, message.file + ": cannot be read");
  }
  std::string text;
  text.reserve(raw.size() + raw.size() / 32);
  bool is_header = true;
  for (std::string_view rest = raw; !rest.empty();) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const auto first = line.find_first_not_of('>');
    is_header = is_header && !line.empty();
    if (message.is_mbox && is_header && is_mbox_field(line)) {
      if (end == rest.npos) break;
      rest.remove_prefix(end + 1);
      continue;
    }
    if (message.is_mbox && first != line.npos && first > 0 &&
        line.substr(first).starts_with("From ")) {
      line.remove_prefix(1);
    }
    text += line;
    if (end == rest.npos) break;
    text += "\r\n";
    rest.remove_prefix(end + 1);
  }
  return text;
}

}  // namespace waxwing
