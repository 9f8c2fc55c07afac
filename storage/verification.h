#pragma once

#include "storage/store.h"

namespace waxwing {

class Access;
class MaildirAccount;
class MaildirMailbox;

// Compares the files and the index of an account both ways and changes nothing.
class Verification {
 public:
  explicit Verification(MaildirAccount& account) : account_(account) {}
  Result<Store::Verdict> run();

 private:
  Outcome check(Access& access, MaildirMailbox& mailbox);

  MaildirAccount& account_;
  Store::Verdict verdict_;
};

}  // namespace waxwing
