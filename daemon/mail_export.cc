#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <memory>

#include "base/encoding.h"
#include "base/text.h"
#include "daemon/administer.h"
#include "daemon/mail_transport.h"
#include "daemon/mbox_flags.h"
#include "daemon/mbox_name.h"
#include "daemon/output_folder.h"
#include "daemon/progress_bar.h"
#include "storage/file_name.h"
#include "storage/mailbox_name.h"

namespace waxwing {

namespace {

using nlohmann::json;

constexpr std::size_t kMostKeywords = 26;

std::string without_cr(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] == '\r' && n + 1 < text.size() && text[n + 1] == '\n') continue;
    result += text[n];
  }
  return result;
}

bool has_flag(const json& message, std::string_view flag) {
  const auto& flags = message["flags"];
  return std::find(flags.begin(), flags.end(), flag) != flags.end();
}

// Where the messages of one mailbox go.
class Writer {
 public:
  virtual ~Writer() = default;
  virtual Outcome write(const json& message, const std::string& text) = 0;
  virtual Outcome finish(std::uint32_t uid_validity, std::uint32_t uid_next) = 0;
};

// A folder of a Maildir++, with the files in which Dovecot finds UIDs and keywords.
class MaildirWriter final : public Writer {
 public:
  static Result<std::unique_ptr<Writer>> make(const OutputFolder& root,
                                              const std::string& mailbox) {
    const auto name = folder_of(mailbox);
    if (!name) return fail(name.error());
    if (name->empty()) return in(root);
    const auto folder = root.folder(*name);
    if (!folder) return fail(folder.error());
    const std::string_view mark = is_abbreviated(*name) ? std::string_view(mailbox) : "";
    if (auto made = folder->new_file(kFolderMark, mark); !made) return fail(made.error());
    return in(*folder);
  }

  Outcome write(const json& message, const std::string& text) override {
    const auto date = message["date"].get<std::int64_t>();
    const std::string base = std::to_string(date) + "." + message["uid"].dump() +
                             ".waxwing,S=" + std::to_string(text.size());
    const std::string name = base + ":2," + letters(message);
    const auto file = cur_.new_file(name);
    if (!file) return fail(file.error());
    if (auto done = write_all(*file, text, cur_.path() + "/" + name); !done) return done;
    const timespec times[2] = {{date, 0}, {date, 0}};
    (void)::futimens(file->get(), times);
    list_ += message["uid"].dump();
    // What POP3 clients know it by: Dovecot would make another id of the UID.
    const std::string uidl = message.value("uidl", std::string());
    if (!uidl.empty()) list_ += " P" + uidl;
    list_ += " :" + base + "\n";
    return {};
  }

  Outcome finish(std::uint32_t uid_validity, std::uint32_t uid_next) override {
    const std::string head =
        "3 V" + std::to_string(uid_validity) + " N" + std::to_string(uid_next) + "\n";
    auto done = folder_.new_file("dovecot-uidlist", head + list_);
    if (!done || keywords_.empty()) return done;
    std::string names;
    for (std::size_t n = 0; n < keywords_.size(); ++n) {
      names += std::to_string(n) + " " + keywords_[n] + "\n";
    }
    return folder_.new_file("dovecot-keywords", names);
  }

 private:
  MaildirWriter(OutputFolder folder, OutputFolder cur)
      : folder_(std::move(folder)), cur_(std::move(cur)) {}

  static Result<std::unique_ptr<Writer>> in(const OutputFolder& parent) {
    for (const char* part : {"new", "tmp"}) {
      if (auto made = parent.folder(part); !made) return fail(made.error());
    }
    const auto cur = parent.folder("cur");
    if (!cur) return fail(cur.error());
    return std::unique_ptr<Writer>(new MaildirWriter(parent, *cur));
  }

  std::string letters(const json& message) {
    Flags flags;
    for (const auto& [name, bit] : kSystemFlags) {
      if (has_flag(message, name)) flags.bits |= bit;
    }
    for (const auto& flag : message["flags"]) {
      const auto name = flag.get<std::string>();
      if (name.starts_with('\\')) continue;
      auto known = std::find(keywords_.begin(), keywords_.end(), name);
      if (known == keywords_.end() && keywords_.size() < kMostKeywords) {
        known = keywords_.insert(keywords_.end(), name);
      }
      if (known == keywords_.end()) continue;
      flags.bits |= std::uint64_t{1} << (Flags::kFirstKeyword + (known - keywords_.begin()));
    }
    return flag_letters(flags);
  }

  OutputFolder folder_, cur_;
  std::string list_;
  std::vector<std::string> keywords_;
};

// One file, messages behind "From " lines.  RFC 4155
class MboxWriter final : public Writer {
 public:
  static Result<std::unique_ptr<Writer>> make(const OutputFolder& root,
                                              const std::string& mailbox) {
    const auto path = mbox_path_of(mailbox);
    const OutputFolder* folder = &root;
    std::optional<OutputFolder> last;
    for (std::size_t n = 0; n + 1 < path.size(); ++n) {
      auto next = folder->folder(path[n]);
      if (!next) return fail(next.error());
      last.emplace(std::move(*next));
      folder = &*last;
    }
    auto file = folder->new_file(path.back());
    if (!file) return fail(file.error());
    return std::unique_ptr<Writer>(
        new MboxWriter(std::move(*file), folder->path() + "/" + path.back()));
  }

  Outcome write(const json& message, const std::string& text) override {
    const std::time_t date = message["date"].get<std::int64_t>();
    char when[64];
    std::tm parts{};
    gmtime_r(&date, &parts);
    std::strftime(when, sizeof when, "%a %b %e %H:%M:%S %Y", &parts);
    std::string entry = "From MAILER-DAEMON " + std::string(when) + "\n" + marks(message);
    entry.reserve(entry.size() + text.size() + 64);
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      const auto first = line.find_first_not_of('>');
      if (first != line.npos && line.substr(first).starts_with("From ")) entry += '>';
      entry += line;
      entry += '\n';
      if (end == rest.npos) break;
      rest.remove_prefix(end + 1);
    }
    entry += '\n';
    return write_all(file_, entry, path_);
  }

  Outcome finish(std::uint32_t, std::uint32_t) override { return {}; }

 private:
  MboxWriter(Fd file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  static std::string marks(const json& message) {
    std::string text = has_flag(message, "\\Seen") ? "Status: RO\n" : "Status: O\n";
    std::string more;
    for (const auto& [letter, flag] : kMboxFlags) {
      if (has_flag(message, flag)) more += letter;
    }
    if (!more.empty()) text += "X-Status: " + more + "\n";
    std::string keywords;
    for (const auto& flag : message["flags"]) {
      const auto name = flag.get<std::string>();
      if (!name.starts_with('\\')) keywords += " " + name;
    }
    if (!keywords.empty()) text += "X-Keywords:" + keywords + "\n";
    return text;
  }

  Fd file_;
  std::string path_;
};

Result<std::unique_ptr<Writer>> make_writer(const ExportOrder& order, const OutputFolder& root,
                                            const std::string& mailbox) {
  if (order.to == "maildir") return MaildirWriter::make(root, mailbox);
  return MboxWriter::make(root, mailbox);
}

Result<std::uint64_t> export_mailbox(Administration& administration, const ExportOrder& order,
                                     const OutputFolder& root, const std::string& name,
                                     ProgressBar& bar) {
  auto writer = make_writer(order, root, name);
  if (!writer) return fail(writer.error());
  std::uint64_t written = 0;
  for (std::uint32_t after = 0;;) {
    const Answer answer = administration.ask({{"command", "mailbox take"},
                                              {"address", order.address},
                                              {"mailbox", name},
                                              {"after", after},
                                              {"bytes", kBatchBytes}});
    if (answer.status != 0) return fail(Error::Code::Temporary, name + ": " + answer.text);
    const json& messages = answer.result["messages"];
    for (const json& message : messages) {
      const auto text = from_base64(message["text"].get<std::string>());
      if (!text) return fail(Error::Code::Temporary, "the server's answer was cut off");
      if (auto done = (*writer)->write(message, without_cr(*text)); !done)
        return fail(done.error());
      ++written;
    }
    bar.advance(messages.size(), name);
    const auto last = answer.result["last"].get<std::uint32_t>();
    if (last != after) {
      after = last;
      continue;
    }
    auto done = (*writer)->finish(answer.result["uid_validity"].get<std::uint32_t>(),
                                  answer.result["uid_next"].get<std::uint32_t>());
    if (!done) return fail(done.error());
    return written;
  }
}

}  // namespace

Answer export_mail(const ExportOrder& order) {
  if (order.to != "maildir" && order.to != "mbox") {
    return failed("--to " + order.to + ": choose maildir or mbox");
  }
  auto administration = Administration::open(order.config);
  if (!administration) return failed(administration.error().text);
  const Answer list =
      administration->ask({{"command", "mailbox list"}, {"address", order.address}});
  if (list.status != 0) return list;
  const Answer subscribed =
      administration->ask({{"command", "mailbox subscriptions"}, {"address", order.address}});
  if (subscribed.status != 0) return subscribed;
  // The mail is for the eyes of whoever typed the command.
  umask(077);
  const auto root = OutputFolder::open_empty(order.path);
  if (!root) return failed(root.error().text);
  std::uint64_t messages = 0, written = 0;
  for (const json& mailbox : list.result) messages += mailbox["messages"].get<std::uint64_t>();
  ProgressBar bar(messages);
  for (const json& mailbox : list.result) {
    const auto done =
        export_mailbox(*administration, order, *root, mailbox["name"].get<std::string>(), bar);
    if (!done) return failed(done.error().text);
    written += *done;
  }
  if (order.to == "maildir") {
    std::string names;
    for (const json& name : subscribed.result) {
      const auto folder = folder_of(name.get<std::string>());
      if (folder) names += (folder->empty() ? "INBOX" : folder->substr(1)) + "\n";
    }
    if (auto made = root->new_file("subscriptions", names); !made) return failed(made.error().text);
  }
  return done(std::to_string(written) + " messages of " + std::to_string(list.result.size()) +
                  " mailboxes written to " + order.path,
              {{"messages", written}, {"mailboxes", list.result.size()}});
}

}  // namespace waxwing
