#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/fd.h"
#include "protocols/session.h"

typedef struct ssl_st SSL;

namespace waxwing {

class Certificates;

// The bytes of one connection: a non-blocking socket, in clear first, under TLS later. Loop thread
// only. OpenSSL works on the socket itself, without buffers between: an idle connection then costs
// what its SSL object costs.
class Transport {
 public:
  explicit Transport(Fd socket);
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  struct Moved {
    enum class Kind {
      Some,        // `count` bytes
      WaitToRead,  // nothing now
      WaitToWrite,
      Ended,  // the client closed its side
      Broken,
    };
    Kind kind;
    std::size_t count = 0;
  };
  Moved read(std::span<char> space);
  Moved write(std::string_view bytes);

  // While it is on, only full segments leave: for answers of many records.
  void cork(bool on);

  // The first bytes that wait in the socket, which stay there. In clear only.
  Moved peek(std::span<char> space);
  // Reads and forgets what has arrived in clear; false when there is suspiciously much.
  bool discard_arrived();

  // From now on the client must speak TLS. `service` is what ALPN may name.
  // False: there is no memory for it.
  [[nodiscard]] bool start_tls(std::shared_ptr<const Certificates> certificates, Service service);
  // The same as the one who asks for it; takes `ssl`, of TlsClient. False: there is no memory for
  // it.
  [[nodiscard]] bool start_client_tls(SSL* ssl);
  // Some: the handshake is finished. Ended: closed while shaking hands.
  Moved handshake();
  bool is_encrypted() const { return ssl_ != nullptr; }
  // After the handshake.
  TlsInfo tls_info() const;
  // Bytes that are decrypted or read already: no event will tell of them.
  bool has_pending() const;
  // Why the last operation was Broken, for the log.
  const char* trouble() const { return trouble_; }

  // The client's side has ended, as far as the socket knows now, or the connection is reset.
  bool is_client_gone() const;
  // Says that nothing follows; reading goes on.
  void finish_writing();

  int fd() const { return socket_.get(); }
  // Null in clear.
  const SSL* ssl() const { return ssl_; }

 private:
  Moved tls_result(int returned);

  Fd socket_;
  SSL* ssl_ = nullptr;
  bool has_sent_ticket_ = false;
  std::shared_ptr<const Certificates> certificates_;
  const char* trouble_ = "";
};

}  // namespace waxwing
