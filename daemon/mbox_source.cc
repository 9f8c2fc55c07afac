// Mailboxes in mbox files.
#include <ctime>

#include "base/text.h"
#include "daemon/mail_source.h"
#include "daemon/mbox_file.h"
#include "daemon/mbox_name.h"
#include "storage/mailbox_name.h"

namespace waxwing {
namespace {

// A level of a name has an octet and a slash; deeper is no folder of mailboxes.
constexpr std::size_t kMaxFolderDepth = kMaxMailboxName / 2;

Outcome add_mbox(FoundMail& mail, const std::string& file, const std::string& name) {
  const auto opened = mail.files.file(file);
  if (!opened) return fail(opened.error());
  const auto contents = read_mbox(opened->file);
  if (!contents) return fail(contents.error());
  FoundMailbox mailbox{name, file};
  for (const MboxMessage& found : contents->messages) {
    FoundMessage message;
    message.file = file;
    message.offset = found.offset;
    message.size = found.size;
    message.is_mbox = true;
    message.flags = found.flags;
    message.date = found.date.value_or(std::time(nullptr));
    mailbox.messages.push_back(std::move(message));
  }
  for (std::uint64_t n = 0; n < contents->expunged; ++n) {
    mail.left_out.add("deleted by a mail program that has not compacted the file",
                      mail.files.path_of(file));
  }
  mail.mailboxes.push_back(std::move(mailbox));
  return {};
}

// `path`: the levels of `folder`.
Outcome add_folder(FoundMail& mail, const std::string& folder, std::vector<std::string> path) {
  const auto entries = mail.files.list(folder);
  if (!entries) return fail(entries.error());
  path.emplace_back();
  for (const auto& entry : *entries) {
    const std::string inside = path_in(folder, entry.name);
    const std::string shown = mail.files.path_of(inside);
    path.back() = entry.name;
    if (entry.kind == SourceFiles::Kind::Other) {
      mail.left_out.add(kNoPlainFile, shown);
    } else if (entry.name.starts_with('.')) {
      mail.left_out.add("hidden", shown);
    } else if (entry.kind == SourceFiles::Kind::Folder) {
      if (path.size() > kMaxFolderDepth) return fail(Error::Code::Limit, shown + " lies too deep");
      if (auto done = add_folder(mail, inside, path); !done) return done;
    } else if (const auto name = mailbox_of_mbox_path(path); !name) {
      mail.left_out.add("a file whose name no mailbox can have, rename it", shown);
    } else if (auto done = add_mbox(mail, inside, *name); !done) {
      mail.left_out.add(done.error().text, shown);
    }
  }
  return {};
}

}  // namespace

Result<FoundMail> find_in_mbox(const std::string& path, const std::string& name) {
  auto files = SourceFiles::open(path);
  if (!files) return fail(files.error());
  FoundMail mail{std::move(*files)};
  if (mail.files.is_folder()) {
    if (auto done = add_folder(mail, "", {}); !done) return fail(done.error());
    return mail;
  }
  if (auto done = add_mbox(mail, "", name); !done) {
    return fail(done.error().code, path + ": " + done.error().text);
  }
  return mail;
}

}  // namespace waxwing
