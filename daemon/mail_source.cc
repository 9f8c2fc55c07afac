#include "daemon/mail_source.h"

#include <algorithm>

#include "base/text.h"
#include "daemon/packed_message.h"
#include "storage/file_name.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

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
constexpr std::string_view kFields[] = {"Status",           "X-Status",          "X-Keywords",
                                        "X-Mozilla-Status", "X-Mozilla-Status2", "X-Mozilla-Keys"};
bool is_mbox_field(std::string_view line) {
  const auto name = line.substr(0, line.find(':'));
  return std::ranges::any_of(kFields,
                             [&](auto field) { return equals_ignoring_case(name, field); });
}

Outcome add_messages(FoundMail& mail, const std::string& folder,
                     std::vector<FoundMessage>& messages) {
  const auto entries = mail.files.list(folder);
  if (!entries) return fail(entries.error());
  for (const auto& entry : *entries) {
    if (entry.name.starts_with('.')) continue;
    const std::string file = path_in(folder, entry.name);
    if (entry.kind != SourceFiles::Kind::File) {
      mail.left_out.add(kNoPlainFile, mail.files.path_of(file));
      continue;
    }
    FoundMessage message;
    message.file = file;
    message.size = entry.size;
    message.date = entry.changed;
    message.flags = flags_of_name(entry.name);
    messages.push_back(std::move(message));
  }
  // Names begin with the time of arrival.
  std::ranges::sort(messages, [](const auto& a, const auto& b) {
    return std::pair(a.date, a.file) < std::pair(b.date, b.file);
  });
  return {};
}

bool is_folder(const SourceFiles& files, const std::string& folder, const std::string& name) {
  const auto entries = files.list(folder);
  if (!entries) return false;
  return std::ranges::any_of(*entries, [&](const auto& entry) {
    return entry.name == name && entry.kind == SourceFiles::Kind::Folder;
  });
}

// `folder`: empty for the INBOX.
Outcome add_mailbox(FoundMail& mail, const std::string& folder, const std::string& name) {
  FoundMailbox mailbox{name, folder};
  for (const char* part : {"cur", "new"}) {
    if (!is_folder(mail.files, folder, part)) continue;
    if (auto done = add_messages(mail, path_in(folder, part), mailbox.messages); !done) return done;
  }
  mail.mailboxes.push_back(std::move(mailbox));
  return {};
}

// What an export of ours has abbreviated says its name itself.
std::optional<std::string> name_of(const SourceFiles& files, const std::string& folder) {
  if (!is_abbreviated(folder)) return name_of_folder(folder);
  const auto text = files.text(path_in(folder, kFolderMark), kMaxMailboxName);
  return text ? name_of_mark(folder, *text) : std::nullopt;
}

}  // namespace

Result<FoundMail> find_in_maildir(const std::string& path) {
  auto files = SourceFiles::open(path);
  if (files && !is_folder(*files, "", "cur")) {
    return fail(Error::Code::NotFound, path + " is no Maildir: there is no folder cur in it");
  }
  if (!files) return fail(files.error().code, "this is no Maildir: " + files.error().text);
  FoundMail mail{std::move(*files)};
  if (auto done = add_mailbox(mail, "", "INBOX"); !done) return fail(done.error());
  const auto entries = mail.files.list("");
  if (!entries) return fail(entries.error());
  for (const auto& entry : *entries) {
    if (entry.name.size() < 2 || !entry.name.starts_with('.')) continue;
    if (entry.kind != SourceFiles::Kind::Folder) {
      // Other programs keep files of their own here.
      if (entry.kind == SourceFiles::Kind::Other) {
        mail.left_out.add(kNoPlainFile, mail.files.path_of(entry.name));
      }
      continue;
    }
    if (!is_folder(mail.files, entry.name, "cur")) continue;
    const auto name = name_of(mail.files, entry.name);
    if (!name) {
      mail.left_out.add("a folder whose name no mailbox can have, rename it",
                        mail.files.path_of(entry.name));
      continue;
    }
    if (auto done = add_mailbox(mail, entry.name, *name); !done) return fail(done.error());
  }
  return mail;
}

Result<std::string> read_message(const SourceFiles& files, const FoundMessage& message) {
  if (message.size > kMaxImported) return fail(Error::Code::TooLarge, "larger than 180 MiB");
  const auto found = files.file(message.file);
  if (!found) return fail(found.error().code, "can no longer be read");
  std::string raw(static_cast<std::size_t>(message.size), '\0');
  if (read_at(found->file, message.offset, raw) != static_cast<ssize_t>(raw.size())) {
    return fail(Error::Code::Temporary, "can no longer be read");
  }
  if (!message.is_mbox) {
    auto unpacked = unpack_message(std::move(raw));
    if (!unpacked) return unpacked;
    raw = std::move(*unpacked);
  }
  std::string text;
  text.reserve(raw.size() + raw.size() / 32);
  bool is_header = true, is_left_out = false;
  for (std::string_view rest = raw; !rest.empty();) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    is_header = is_header && !line.empty();
    if (message.is_mbox && is_header) {
      const bool goes_on = line[0] == ' ' || line[0] == '\t';
      is_left_out = goes_on ? is_left_out : is_mbox_field(line);
      if (is_left_out) continue;
    }
    const auto first = line.find_first_not_of('>');
    if (message.is_mbox && first != line.npos && first > 0 &&
        line.substr(first).starts_with("From ")) {
      line.remove_prefix(1);
    }
    text += line;
    if (end != std::string_view::npos) text += "\r\n";
  }
  if (text.size() > kMaxImported) return fail(Error::Code::TooLarge, "larger than 180 MiB");
  return text;
}

}  // namespace waxwing
