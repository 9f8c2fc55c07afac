// mbox: messages behind "From " lines, each after an empty line.  RFC 4155
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "daemon/mail_source.h"
#include "daemon/mbox_flags.h"
#include "daemon/mbox_name.h"
#include "protocols/mail/header.h"

namespace waxwing {
namespace {

namespace fs = std::filesystem;

// Flags are looked for in so much of a message.
constexpr std::uint64_t kMaxHeader = 64 * 1024;

// "From someone@example.com Thu Nov 26 10:00:00 2026"
std::optional<std::int64_t> date_of_from_line(std::string_view line) {
  const auto fields = words(line);
  if (fields.size() < 7) return std::nullopt;
  std::string text;
  for (std::size_t n = fields.size() - 5; n < fields.size(); ++n)
    text += std::string(fields[n]) + " ";
  std::tm parts{};
  if (strptime(text.c_str(), "%a %b %d %H:%M:%S %Y", &parts) == nullptr) return std::nullopt;
  return timegm(&parts);
}

// Status: R read, O not new; X-Status: A answered, F flagged, D deleted, T draft.
std::vector<std::string> flags_of_header(std::string_view header) {
  std::vector<std::string> flags;
  const std::string status = mail::find_field(header, "Status").value_or("");
  const std::string more = mail::find_field(header, "X-Status").value_or("");
  if (status.find('R') != std::string::npos) flags.emplace_back("\\Seen");
  for (const auto& [letter, flag] : kMboxFlags) {
    if (more.find(letter) != std::string::npos) flags.emplace_back(flag);
  }
  const std::string keywords = mail::find_field(header, "X-Keywords").value_or("");
  for (const auto keyword : words(keywords)) flags.emplace_back(keyword);
  return flags;
}

void end_message(std::vector<FoundMessage>& messages, std::uint64_t end, std::ifstream& file) {
  if (messages.empty()) return;
  FoundMessage& message = messages.back();
  message.size = end > message.offset ? end - message.offset : 0;
  std::string head(static_cast<std::size_t>(std::min(message.size, kMaxHeader)), '\0');
  const auto place = file.tellg();
  file.clear();
  file.seekg(static_cast<std::streamoff>(message.offset));
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  message.flags = flags_of_header(head);
  file.clear();
  if (place >= 0) file.seekg(place);
}

Result<FoundMailbox> read_mbox(const fs::path& path, std::string name) {
  FoundMailbox mailbox;
  mailbox.name = std::move(name);
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Error::Code::Denied, path.string() + ": cannot be read");
  std::uint64_t offset = 0, end_of_text = 0;
  bool was_empty = true;
  for (std::string line; std::getline(file, line);) {
    const std::uint64_t next = offset + line.size() + (file.eof() ? 0 : 1);
    if (line.ends_with('\r')) line.pop_back();
    if (was_empty && line.starts_with("From ")) {
      end_message(mailbox.messages, end_of_text, file);
      FoundMessage message;
      message.file = path.string();
      message.offset = next;
      message.is_mbox = true;
      message.date = date_of_from_line(line).value_or(std::time(nullptr));
      mailbox.messages.push_back(std::move(message));
    } else if (mailbox.messages.empty() && !line.empty()) {
      return fail(Error::Code::Invalid,
                  path.string() + " is no mbox: it does not begin with a From line");
    }
    // The empty line before a From line belongs to neither message.
    was_empty = line.empty();
    if (!was_empty) end_of_text = next;
    offset = next;
  }
  file.clear();
  end_message(mailbox.messages, end_of_text, file);
  return mailbox;
}

}  // namespace

Result<FoundMail> find_in_mbox(const std::string& path, const std::string& name) {
  FoundMail mail;
  if (!fs::is_directory(path)) {
    auto mailbox = read_mbox(path, name);
    if (!mailbox) return fail(mailbox.error());
    mail.mailboxes.push_back(std::move(*mailbox));
    return mail;
  }
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_regular_file()) files.push_back(entry->path());
  }
  if (error) return fail(Error::Code::Denied, path + ": " + error.message());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const fs::path own = fs::relative(file, path);
    const auto canonical = mailbox_of_mbox_path({own.begin(), own.end()});
    if (!canonical) {
      return fail(Error::Code::Invalid, file.string() + ": the file's name is no mailbox name");
    }
    auto mailbox = read_mbox(file, *canonical);
    if (!mailbox) return fail(mailbox.error());
    mail.mailboxes.push_back(std::move(*mailbox));
  }
  return mail;
}

}  // namespace waxwing
