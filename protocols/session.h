#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/ip.h"
#include "protocols/input.h"
#include "protocols/output.h"
#include "storage/types.h"

namespace waxwing {

// Where blocking work runs. Each lane is a bounded pool of threads; daemon/lanes.h.
enum class Lane {
  Storage,   // the disk, within milliseconds
  Search,    // long reads: sliced (Progress::Yield), cancelled when the client goes
  Password,  // argon2
  Network,   // DNS and scanners, every job with a deadline
};

// What a session waits for.
struct Next {
  enum class Kind {
    Bytes,     // more input
    Work,      // a worker shall call run()
    Pause,     // tick() after `time`; input stays unread until then
    StartTls,  // send what is queued, drop the unread input, start TLS, then call encrypted()
    Compress,  // send what is queued; from then on both sides compress, and so is the unread input
    Plain,     // send what is queued; from then on neither side compresses, nor is the unread input
    Close,     // send what is queued, then close
  };
  Kind kind = Kind::Bytes;
  Lane lane = Lane::Storage;
  std::chrono::milliseconds time{0};

  static Next bytes() { return {}; }
  static Next work(Lane lane) { return {Kind::Work, lane}; }
  static Next pause(std::chrono::milliseconds time) { return {Kind::Pause, Lane::Storage, time}; }
  static Next start_tls() { return {Kind::StartTls}; }
  static Next compress() { return {Kind::Compress}; }
  static Next plain() { return {Kind::Plain}; }
  static Next close() { return {Kind::Close}; }
};

// How far run() came.
enum class Progress {
  Done,   // the command is answered; consume() says what is next
  Again,  // the output is full: call run() again when the client has read most of it
  Yield,  // the time slice is used up: call run() again when it is this session's turn
};

enum class Service { Smtp, Submission, Lmtp, Pop3, Imap };
const char* to_string(Service service);  // "smtp", "submission", "lmtp", "pop3", "imap"

// The TLS of a connection, as far as a session may know it.
struct TlsInfo {
  std::string version;           // "TLSv1.3"
  std::string cipher;            // "TLS_AES_256_GCM_SHA384"
  std::string server_name;       // SNI, empty when the client sent none
  std::string exporter;          // channel binding tls-exporter, RFC 9266; empty when not there
  std::string server_end_point;  // channel binding tls-server-end-point, RFC 5929
};

// Who is at the other end. Fixed when the connection is accepted, or a balancer has named it.
struct Peer {
  std::string session_id;  // unique in this process' life; first field of every log line
  IpAddress address;
  std::uint16_t port = 0;  // the client's
  IpAddress local_address;
  std::uint16_t local_port = 0;  // ours, as clients see it: without port_offset
  // Whose process it is, as the kernel says, where it came by a Unix socket; then both addresses
  // are 127.0.0.1, and the ports 0.
  std::optional<std::uint32_t> user_id;
  Service service = Service::Smtp;
  bool offers_starttls = false;  // and there is a certificate to do it with
  bool only_starttls = false;  // in clear nothing but STARTTLS and QUIT: port 995 without TLS first

  // Where it is, for people: "192.0.2.1", or "unix:1000" with the user's number.
  std::string shown_address() const;
};

// One client's conversation. Pure: it sees bytes and answers with bytes; no file descriptor, no
// clock of its own, no event loop, no TLS library. Held by one thread at a time: the loop thread
// while it waits, one worker while run() runs.
//
// The connection calls greet() (after TLS is up where TLS comes first), then consume() whenever
// there may be something to do: after new input, after run() returned Done, after tick(). What
// consume() returns decides what happens next. While a Work or Pause is outstanding nothing else is
// called. consume() must not block; run() may.
class Session {
 public:
  virtual ~Session() = default;

  virtual void greet(Output& output) = 0;
  // Answers all it can from the input. Called again only as described above; with input.ended() it
  // may see a rest that will never be complete.
  virtual Next consume(Input& input, Output& output) = 0;
  // The pending command, on the lane that consume() named.
  virtual Progress run(Output& output) = 0;
  // Something in a watched mailbox moved on. Called on the loop thread while the session waits for
  // bytes; coalesced while a worker holds the session.
  virtual Next changed(MailboxId mailbox, Output& output) = 0;
  // The pause is over; or, while it waits for bytes, keep_alive() has passed without output.
  virtual Next tick(Output& output) = 0;
  // TLS is up: after StartTls, or before greet() on a port that speaks TLS first.
  virtual void encrypted(const TlsInfo& tls) = 0;
  // The daemon stops, or an administrator ends this session: writes the protocol's own goodbye
  // (421, * BYE, nothing in POP3). The connection closes after it.
  virtual void goodbye(std::string_view reason, Output& output) = 0;
  // The client is amid a message that it brings. A daemon that stops lets it come to its end, if it
  // comes soon: the answer to it says whose message it is now.
  virtual bool is_amid_message() const { return false; }
  // The client has been silent for too long; as goodbye().
  virtual void timed_out(Output& output) = 0;
  // The pending command waited too long for a worker and will not run: answers it with a temporary
  // error (451, NO [UNAVAILABLE], -ERR [SYS/TEMP]) and forgets it. The result is as of consume().
  // Who has nothing better says goodbye.
  virtual Next overloaded(Output& output) {
    goodbye("too busy, try again later", output);
    return Next::close();
  }

  // How long the client may stay silent now; depends on the state: RFC 5321 section 4.5.3.2,
  // RFC 9051 section 5.4, RFC 1939 section 3.
  virtual std::chrono::seconds idle_timeout() const = 0;
  // Zero, or after how much silence tick() is wanted: "* OK Still here" in IDLE.
  virtual std::chrono::seconds keep_alive() const { return std::chrono::seconds(0); }
  // The most unread input that the connection may gather before consume() makes room.
  virtual std::size_t input_limit() const { return 64 * 1024; }
  // Who has signed in; empty before.
  virtual const std::string& user() const = 0;
};

}  // namespace waxwing
