#include <sys/stat.h>
#include <utime.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "base/encoding.h"
#include "base/text.h"
#include "daemon/administer.h"
#include "daemon/mail_transport.h"
#include "daemon/mbox_flags.h"
#include "daemon/progress_bar.h"
#include "storage/file_name.h"
#include "storage/mailbox_name.h"

namespace waxwing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::uint64_t kBatchBytes = 4 << 20;
constexpr std::size_t kMostKeywords = 26;

Outcome cannot_write(const fs::path& path) {
  return fail(Error::Code::Denied, path.string() + ": " + std::strerror(errno));
}

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
  static Result<std::unique_ptr<Writer>> make(const fs::path& root, const std::string& mailbox) {
    const auto folder = folder_of(mailbox);
    if (!folder) return fail(folder.error());
    const fs::path path = folder->empty() ? root : root / *folder;
    for (const char* part : {"cur", "new", "tmp"}) {
      std::error_code error;
      fs::create_directories(path / part, error);
      if (error) return fail(Error::Code::Denied, path.string() + ": " + error.message());
    }
    if (!folder->empty()) std::ofstream(path / "maildirfolder");
    return std::unique_ptr<Writer>(new MaildirWriter(path));
  }

  Outcome write(const json& message, const std::string& text) override {
    const auto date = message["date"].get<std::int64_t>();
    const std::string base = std::to_string(date) + "." + message["uid"].dump() +
                             ".waxwing,S=" + std::to_string(text.size());
    const fs::path path = path_ / "cur" / (base + ":2," + letters(message));
    std::ofstream file(path, std::ios::binary);
    file << text;
    if (!file.flush()) return cannot_write(path);
    file.close();
    const utimbuf times{date, date};
    utime(path.c_str(), &times);
    list_ += message["uid"].dump() + " :" + base + "\n";
    return {};
  }

  Outcome finish(std::uint32_t uid_validity, std::uint32_t uid_next) override {
    std::ofstream list(path_ / "dovecot-uidlist", std::ios::binary);
    list << "3 V" << uid_validity << " N" << uid_next << "\n" << list_;
    if (!list.flush()) return cannot_write(path_ / "dovecot-uidlist");
    if (keywords_.empty()) return {};
    std::ofstream names(path_ / "dovecot-keywords", std::ios::binary);
    for (std::size_t n = 0; n < keywords_.size(); ++n) names << n << " " << keywords_[n] << "\n";
    return names.flush() ? Outcome() : cannot_write(path_ / "dovecot-keywords");
  }

 private:
  explicit MaildirWriter(fs::path path) : path_(std::move(path)) {}

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

  fs::path path_;
  std::string list_;
  std::vector<std::string> keywords_;
};

// One file, messages behind "From " lines.  RFC 4155
class MboxWriter final : public Writer {
 public:
  static Result<std::unique_ptr<Writer>> make(const fs::path& root, const std::string& mailbox) {
    const fs::path path = root / (mailbox + ".mbox");
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    if (error) return fail(Error::Code::Denied, path.string() + ": " + error.message());
    std::unique_ptr<MboxWriter> writer(new MboxWriter(path));
    if (!writer->file_) return fail(cannot_write(path).error());
    return std::unique_ptr<Writer>(std::move(writer));
  }

  Outcome write(const json& message, const std::string& text) override {
    const std::time_t date = message["date"].get<std::int64_t>();
    char when[64];
    std::tm parts{};
    gmtime_r(&date, &parts);
    std::strftime(when, sizeof when, "%a %b %e %H:%M:%S %Y", &parts);
    file_ << "From MAILER-DAEMON " << when << "\n" << marks(message);
    for (std::string_view rest = text; !rest.empty();) {
      const auto end = rest.find('\n');
      const std::string_view line = rest.substr(0, end);
      const auto first = line.find_first_not_of('>');
      if (first != line.npos && line.substr(first).starts_with("From ")) file_ << '>';
      file_ << line << "\n";
      if (end == rest.npos) break;
      rest.remove_prefix(end + 1);
    }
    file_ << "\n";
    return file_ ? Outcome() : cannot_write(path_);
  }

  Outcome finish(std::uint32_t, std::uint32_t) override {
    return file_.flush() ? Outcome() : cannot_write(path_);
  }

 private:
  explicit MboxWriter(fs::path path)
      : path_(std::move(path)), file_(path_, std::ios::binary | std::ios::trunc) {}

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

  fs::path path_;
  std::ofstream file_;
};

Result<std::unique_ptr<Writer>> make_writer(const ExportOrder& order, const std::string& mailbox) {
  if (order.to == "maildir") return MaildirWriter::make(order.path, mailbox);
  return MboxWriter::make(order.path, mailbox);
}

Result<std::uint64_t> export_mailbox(Administration& administration, const ExportOrder& order,
                                     const std::string& name, ProgressBar& bar) {
  auto writer = make_writer(order, name);
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
  std::error_code error;
  if (fs::exists(order.path, error) && !fs::is_empty(order.path, error)) {
    return failed(order.path + " is there and not empty: choose another folder");
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
  std::uint64_t messages = 0, written = 0;
  for (const json& mailbox : list.result) messages += mailbox["messages"].get<std::uint64_t>();
  ProgressBar bar(messages);
  for (const json& mailbox : list.result) {
    const auto done =
        export_mailbox(*administration, order, mailbox["name"].get<std::string>(), bar);
    if (!done) return failed(done.error().text);
    written += *done;
  }
  if (order.to == "maildir") {
    std::ofstream file(fs::path(order.path) / "subscriptions", std::ios::binary);
    for (const json& name : subscribed.result) {
      const auto folder = folder_of(name.get<std::string>());
      if (folder) file << (folder->empty() ? "INBOX" : folder->substr(1)) << "\n";
    }
  }
  return done(std::to_string(written) + " messages of " + std::to_string(list.result.size()) +
                  " mailboxes written to " + order.path,
              {{"messages", written}, {"mailboxes", list.result.size()}});
}

}  // namespace waxwing
