#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "protocols/dns/resolver.h"

namespace waxwing::test {

// A DNS that stands in the test. A name without records is NoName, unless some name below it has
// records; one with others than asked for is NoData. CNAMEs are followed. Any thread.
//
//   FakeResolver dns;
//   dns.mx("example.test", 10, "mx.example.test").a("mx.example.test", "192.0.2.1");
//   dns.sign("example.test").fail("broken.test", dns::Type::Mx);
class FakeResolver final : public dns::Resolver {
 public:
  FakeResolver& a(const std::string& name, const std::string& address);
  FakeResolver& aaaa(const std::string& name, const std::string& address);
  FakeResolver& mx(const std::string& name, int preference, const std::string& host);
  FakeResolver& txt(const std::string& name, const std::string& text);
  FakeResolver& tlsa(const std::string& name, int usage, int selector, int matching,
                     const std::string& data);
  FakeResolver& cname(const std::string& name, const std::string& target);
  FakeResolver& ptr(const std::string& name, const std::string& target);
  // Bytes as they are.
  FakeResolver& record(const std::string& name, dns::Type type, const std::string& rdata);
  // All that is asked at this name and below it is secure, also that there is nothing.
  FakeResolver& sign(const std::string& name);
  FakeResolver& fail(const std::string& name, dns::Type type,
                     const std::string& trouble = "the test wants it so");
  // This very answer, whatever the zone says.
  FakeResolver& set(const std::string& name, dns::Type type, dns::Answer answer);

  // From now on answers wait for release(), which gives those that wait; what is asked because of
  // them, and afterwards, is answered at once or held again.
  enum class Order { Oldest, Newest };
  enum class Then { Answer, Hold };
  void hold();
  void release(Order order = Order::Oldest, Then then = Then::Answer);

  std::size_t count() const;  // questions so far
  std::size_t count(const std::string& name, dns::Type type) const;

  void resolve(const dns::Question& question, std::function<void(dns::Answer)> answered) override;

 private:
  using Key = std::pair<std::string, dns::Type>;
  dns::Answer look_up(const dns::Question& question) const;
  bool is_signed(const std::string& name) const;
  bool is_name(const std::string& name) const;

  mutable std::mutex mutex_;
  std::map<Key, std::vector<std::string>> zone_;
  std::map<Key, dns::Answer> set_;
  std::vector<std::string> signed_;
  std::map<Key, std::size_t> asked_;
  bool holding_ = false;
  std::vector<std::function<void()>> held_;
};

// A name as on the wire.
std::string wire_name(const std::string& name);

}  // namespace waxwing::test
