#include "daemon/sendmail.h"

#include <pwd.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/text.h"
#include "daemon/ports.h"
#include "daemon/sendmail_line.h"
#include "daemon/sendmail_order.h"
#include "daemon/sendmail_text.h"
#include "protocols/mail/address.h"

namespace waxwing {
namespace {

// What is understood of a message stays in memory; what is behind goes to a file at once.
constexpr std::size_t kMaxSentHeader = 1 << 20;
// The header is put before the text once it is complete: so much room is left for it.
constexpr std::uint64_t kRoom = 16 << 20;

constexpr const char* kHelp =
    "usage: sendmail [-t] [-i] [-f SENDER] [-F NAME] [-N NOTIFY] [-R full|hdrs] [-V ENVID]\n"
    "                [--socket PATH] [--] [RECIPIENT...]\n"
    "Takes a message from standard input and hands it to the server on this machine.\n"
    "-t takes the recipients of To, Cc and Bcc; without -i a line with a dot alone is the end.\n"
    "Other options of Sendmail are passed over where they change nothing here.\n";

struct Trouble {
  int status;
  std::string text;
};

int say(const Trouble& trouble) {
  std::fprintf(stderr, "sendmail: %s\n", trouble.text.c_str());
  return trouble.status;
}

// Who writes to us shall not die of SIGPIPE because we cannot help him.
void drain_input() {
  std::array<char, 65536> space;
  while (read(STDIN_FILENO, space.data(), space.size()) > 0) {
  }
}

struct User {
  std::string name, full_name;
};

User this_user() {
  User user;
  if (const passwd* entry = getpwuid(getuid())) {
    user.name = entry->pw_name;
    const std::string_view gecos(entry->pw_gecos ? entry->pw_gecos : "");
    user.full_name = gecos.substr(0, gecos.find(','));
  }
  if (user.name.empty()) user.name = "user-" + std::to_string(getuid());
  return user;
}

// The message as it came, with CRLF: its first part in memory, the rest behind kRoom of a file.
struct Text {
  std::string head;
  std::shared_ptr<Fd> file;
  std::uint64_t rest = 0;
  bool is_seven_bit = true;
};

bool write_at(const Fd& file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const auto written = pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return true;
}

Result<Text> read_text(bool dot_ends, std::uint64_t most) {
  Text text;
  std::FILE* file = std::tmpfile();
  if (file == nullptr) return fail(Error::Code::NoSpace, "no file for the message can be made");
  text.file = std::make_shared<Fd>(dup(fileno(file)));
  std::fclose(file);
  LineEnds ends(dot_ends);
  std::array<char, 65536> space;
  std::string made;
  for (bool more = true; more;) {
    const auto got = ends.ended() ? 0 : read(STDIN_FILENO, space.data(), space.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Error::Code::Temporary, "the message cannot be read");
    more = got > 0;
    if (more) ends.pass({space.data(), static_cast<std::size_t>(got)}, made);
    if (!more) ends.finish(made);
    text.is_seven_bit = text.is_seven_bit && is_ascii(made);
    const auto room = std::min(made.size(), kMaxSentHeader - text.head.size());
    text.head.append(made, 0, room);
    made.erase(0, room);
    if (!write_at(*text.file, made, kRoom + text.rest))
      return fail(Error::Code::NoSpace, "there is no room for the message in the temporary folder");
    text.rest += made.size();
    made.clear();
    if (most > 0 && text.head.size() + text.rest > most)
      return fail(Error::Code::TooLarge, "the message is larger than the " + std::to_string(most) +
                                             " octets that the server takes");
  }
  return text;
}

int status_for(const Error& error) {
  switch (error.code) {
    case Error::Code::Invalid: return EX_DATAERR;
    case Error::Code::TooLarge: return EX_UNAVAILABLE;
    case Error::Code::Denied: return EX_NOPERM;
    default: return EX_TEMPFAIL;
  }
}

int status_for(const smtp::Reply& reply) {
  if (reply.code / 100 == 2) return EX_OK;
  if (reply.code / 100 != 5) return EX_TEMPFAIL;
  if (reply.enhanced.starts_with("5.6.")) return EX_DATAERR;
  return reply.enhanced.starts_with("5.7.") ? EX_NOPERM : EX_UNAVAILABLE;
}

// "root" becomes "root@host"; what is no address is said.
Result<std::vector<std::string>> addresses(const std::vector<std::string>& written,
                                           const std::string& host) {
  std::vector<std::string> all;
  for (const auto& each : written) {
    const auto found = addresses_in(each, host);
    if (found.empty())
      return fail(Error::Code::Invalid, "\"" + printable(each) + "\" is not an address");
    for (const auto& address : found) {
      if (!mail::parse_address(address))
        return fail(Error::Code::Invalid, "\"" + printable(each) + "\" is not an address");
      if (std::find(all.begin(), all.end(), address) == all.end()) all.push_back(address);
    }
  }
  return all;
}

// From the order and the text to what the server is told.
Result<smtp::Consignment> consign(const SendmailOrder& order, Text text, const std::string& host) {
  const User user = this_user();
  smtp::Consignment consignment;
  if (!order.sender || !order.sender->empty()) {
    auto sender = addresses({order.sender.value_or(user.name)}, host);
    if (!sender) return fail(sender.error());
    consignment.sender = sender->front();
  }
  const auto length = header_length(text.head);
  if (length == kMaxSentHeader) return fail(Error::Code::Invalid, "the header is too large");
  const std::string address =
      consignment.sender.empty() ? user.name + "@" + host : consignment.sender;
  const std::string name = !order.full_name.empty() ? order.full_name : user.full_name;
  const std::string author = name.empty() ? address : display_name(name) + " <" + address + ">";
  const auto header = complete_header(std::string_view(text.head).substr(0, length), host, author);

  std::vector<std::string> written = order.recipients;
  if (order.recipients_in_header)
    written.insert(written.end(), header.recipients.begin(), header.recipients.end());
  const auto recipients = addresses(written, host);
  if (!recipients) return fail(recipients.error());
  if (recipients->empty())
    return fail(Error::Code::Invalid, "the header names no recipients (-t): nobody to send to");
  bool is_ascii_throughout = is_ascii(header.text) && is_ascii(consignment.sender);
  for (const auto& each : *recipients) {
    QueuedRecipient recipient;
    recipient.address = each;
    recipient.notify = order.notify;
    consignment.recipients.push_back(std::move(recipient));
    is_ascii_throughout = is_ascii_throughout && is_ascii(each);
  }
  auto rest = std::string_view(text.head).substr(length);
  const std::string head =
      header.text + (rest.starts_with("\r\n") ? "" : "\r\n") + std::string(rest);
  if (head.size() > kRoom) return fail(Error::Code::Invalid, "the header is too large");
  consignment.offset = kRoom - head.size();
  consignment.size = head.size() + text.rest;
  if (!write_at(*text.file, head, consignment.offset))
    return fail(Error::Code::NoSpace, "there is no room for the message in the temporary folder");
  consignment.file = std::move(text.file);
  consignment.smtp_utf8 = !is_ascii_throughout;
  consignment.body = text.is_seven_bit ? Envelope::Body::SevenBit : Envelope::Body::EightBitMime;
  consignment.ret = order.ret;
  consignment.envelope_id = order.envelope_id;
  return consignment;
}

// What the server said of each recipient, and the status that comes of it.
class Report {
 public:
  void take(const smtp::Consignment& sent,
            const std::vector<std::optional<smtp::Client::Result>>& results) {
    for (std::size_t i = 0; i < sent.recipients.size(); ++i) {
      const smtp::Reply silence{451, "4.4.2", "the server said nothing"};
      const auto& reply = i < results.size() && results[i] ? results[i]->reply : silence;
      const int status = status_for(reply);
      if (status == EX_OK) continue;
      (status == EX_TEMPFAIL ? for_now_ : for_good_) = status;
      say({status, sent.recipients[i].address + ": " + std::to_string(reply.code) + " " +
                       reply.enhanced + " " + printable(reply.text)});
    }
  }
  // What is refused for good comes before what may be tried again: who tries again sends it once
  // more to those who have it.
  int status() const { return for_good_ != EX_OK ? for_good_ : for_now_; }

 private:
  int for_good_ = EX_OK, for_now_ = EX_OK;
};

// As many recipients at once as the server takes.
int send_all(SendmailLine& line, const smtp::Consignment& whole) {
  Report report;
  const std::size_t most = line.client().extensions().max_recipients;
  for (std::size_t begin = 0; begin < whole.recipients.size(); begin += most) {
    smtp::Consignment part = whole;
    const auto first = whole.recipients.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto count = std::min(most, whole.recipients.size() - begin);
    part.recipients.assign(first, first + static_cast<std::ptrdiff_t>(count));
    // Of a conversation that breaks off, those have it of whom the server has said so.
    const auto sent = line.send(part);
    if (!sent) say({EX_TEMPFAIL, sent.error().text});
    report.take(part, line.client().results());
    if (!sent) return report.status();
  }
  return report.status();
}

int hand_in(const SendmailOrder& order) {
  const std::string path = order.socket.empty() ? kSubmitSocket : order.socket;
  // Asked first, and on a connection of its own: a text may be long in coming.
  std::string host;
  std::uint64_t most = 0;
  {
    auto line = SendmailLine::open(path);
    if (!line) {
      drain_input();
      return say({status_for(line.error()), line.error().text});
    }
    host = line->client().extensions().name;
    most = line->client().extensions().max_size;
    line->close();
  }
  auto text = read_text(order.dot_ends, most);
  if (!text) {
    drain_input();
    return say({status_for(text.error()), text.error().text});
  }
  auto consignment = consign(order, *std::move(text), host);
  if (!consignment) return say({status_for(consignment.error()), consignment.error().text});
  auto line = SendmailLine::open(path);
  if (!line) return say({status_for(line.error()), line.error().text});
  if (const auto unfit = line->client().unfit(*consignment))
    return say({status_for(*unfit), unfit->text});
  const int status = send_all(*line, *consignment);
  line->close();
  return status;
}

}  // namespace

int run_sendmail(const std::vector<std::string>& words) {
  signal(SIGPIPE, SIG_IGN);
  if (words.size() == 1 && words[0] == "--help") {
    std::fputs(kHelp, stdout);
    return EX_OK;
  }
  const auto order = read_sendmail_order(words);
  if (!order) return say({EX_USAGE, order.error().text});
  if (order->task == SendmailOrder::Task::Nothing) return EX_OK;
  return hand_in(*order);
}

}  // namespace waxwing
