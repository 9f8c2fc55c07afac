#include "daemon/https_client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <memory>
#include <string_view>

#include "protocols/dns/records.h"

namespace waxwing {
namespace {

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

List one_entry(const std::string& text) {
  return List(curl_slist_append(nullptr, text.c_str()));
}

// "mta-sts.example.net:443:192.0.2.1,[2001:db8::1]": no other resolver is asked.
std::string known_addresses(const HttpsRequest& request) {
  std::string text = request.host + ":" + std::to_string(request.port) + ":";
  for (std::size_t i = 0; i < request.addresses.size(); ++i) {
    const auto& address = request.addresses[i];
    if (i > 0) text += ",";
    text += address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
  }
  return text;
}

struct Received {
  std::string content;
  std::size_t most = 0;
};

std::size_t receive(char* bytes, std::size_t one, std::size_t count, void* to) {
  auto& received = *static_cast<Received*>(to);
  const std::size_t size = one * count;
  if (size > received.most - received.content.size()) return CURL_WRITEFUNC_ERROR;
  received.content.append(bytes, size);
  return size;
}

int is_over(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::atomic<bool>*>(cancelled)->load() ? 1 : 0;
}

// The same authorities that TlsClient has, so that one configuration counts for all.
CURLcode trust(CURL*, void* context, void* request) {
  auto* ctx = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_default_verify_paths(ctx);
  const auto& file = static_cast<const HttpsRequest*>(request)->ca_file;
  const bool is_good = file.empty() || SSL_CTX_load_verify_file(ctx, file.c_str()) == 1;
  return is_good ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

void prepare(CURL* handle, const HttpsRequest& request, Received& received) {
  const std::string url =
      "https://" + request.host + ":" + std::to_string(request.port) + request.path;
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS,
                   static_cast<long>(std::chrono::milliseconds(request.deadline).count()));
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_FUNCTION, trust);
  curl_easy_setopt(handle, CURLOPT_SSL_CTX_DATA, &request);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "waxwing");
  if (request.is_cancelled == nullptr) return;
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, is_over);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, request.is_cancelled);
}

HttpsAnswer::Kind kind_of(CURLcode code) {
  using Kind = HttpsAnswer::Kind;
  switch (code) {
    case CURLE_OK: return Kind::Answered;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR: return Kind::Certificate;
    default: return Kind::Unreachable;
  }
}

}  // namespace

HttpsAnswer ask_by_https(const HttpsRequest& request) {
  static const CURLcode is_ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  HttpsAnswer answer;
  const std::unique_ptr<CURL, CloseHandle> handle(is_ready == CURLE_OK ? curl_easy_init()
                                                                       : nullptr);
  if (!handle) {
    answer.trouble = "no memory for a request";
    return answer;
  }
  Received received;
  received.most = request.most;
  prepare(handle.get(), request, received);
  const List addresses = one_entry(known_addresses(request));
  curl_easy_setopt(handle.get(), CURLOPT_RESOLVE, addresses.get());
  List fields;
  if (!request.content_type.empty()) {
    fields = one_entry("Content-Type: " + request.content_type);
    curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, fields.get());
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.content.size()));
    curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, request.content.data());
  }
  char why[CURL_ERROR_SIZE] = {};
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, why);
  const CURLcode code = curl_easy_perform(handle.get());
  answer.kind = kind_of(code);
  if (code != CURLE_OK) {
    answer.trouble = why[0] != '\0' ? why : curl_easy_strerror(code);
    if (code == CURLE_WRITE_ERROR) answer.trouble = "the answer is too long";
    return answer;
  }
  long status = 0;
  const char* type = nullptr;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_TYPE, &type);
  answer.status = static_cast<int>(status);
  if (type != nullptr) answer.content_type = type;
  answer.content = std::move(received.content);
  return answer;
}

std::vector<IpAddress> addresses_in(const std::vector<dns::Answer>& answers) {
  constexpr std::size_t kMostAddresses = 8;
  std::vector<IpAddress> all;
  for (const auto& answer : answers) {
    for (const auto& record : answer.records) {
      const auto address = record.size() == 4 ? dns::decode_a(record) : dns::decode_aaaa(record);
      if (address && all.size() < kMostAddresses) all.push_back(*address);
    }
  }
  return all;
}

}  // namespace waxwing
