#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "daemon/compression.h"

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_session_st SSL_SESSION;

namespace waxwing::test {

// A mail client on a blocking socket, which gives up after ten seconds.
class Client {
 public:
  explicit Client(std::uint16_t port, const std::string& from = "127.0.0.1");
  // By a Unix socket.
  explicit Client(const std::string& path);
  ~Client();

  struct Tls {
    std::string server_name;
    std::string alpn;
    bool only_1_2 = false;
    SSL_SESSION* session = nullptr;  // to resume
  };
  // True when the handshake succeeds.
  bool start_tls(const Tls& tls);
  bool start_tls() { return start_tls(Tls{}); }

  // From here on both sides compress.
  void compress();
  // The last that is compressed, and `rest` behind it, which is not.
  void end_compression(std::string_view last, std::string_view rest);

  void send(std::string_view bytes);
  // A line without CRLF; "<closed>" at the end, "<timeout>" after ten seconds.
  std::string line();
  std::string say(std::string_view text) {
    send(std::string(text) + "\r\n");
    return line();
  }
  // So many bytes, or fewer when the server closes.
  std::string bytes(std::size_t count);
  void half_close();
  // Until the server has closed, whatever it says.
  void await_end();

  // What another connection can resume; after the first answer.
  std::shared_ptr<SSL_SESSION> session() const;
  bool is_resumed() const;
  // Something arrives within so many milliseconds.
  bool hears_within(int milliseconds) const;
  std::string tls_version() const;
  std::string certificate_name() const;  // its subject's common name
  std::string certificate() const;       // its bytes
  std::string exporter() const;
  int fd() const { return socket_.get(); }

 private:
  // Bytes read; 0 at the end, -1 after the time-out.
  long read_some();
  void inflate(std::string_view some);

  Fd socket_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string unread_;
  std::unique_ptr<Deflater> deflater_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace waxwing::test
