#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "protocols/smtp/intake.h"
#include "storage/store.h"

namespace waxwing {

// The address as the directory knows it: postmaster and abuse at our own address literal are the
// server's postmaster.  RFC 5321 sections 4.1.3 and 4.5.1
std::string local_name(std::string_view address, const IpAddress& our_address);

// Where the message goes: each mailbox once, however many recipients lead to it. "user+tag" goes to
// the folder of that name where the user has made one, otherwise to INBOX; folders with a special
// use (Sent, Trash ...) are not for strangers to write to. All copies are alike, so that they share
// one file, with one exception: who gets the message by another address than his own (an alias, a
// tag) finds that in Delivered-To.  RFC 9228
//
// `to_junk`, of each recipient: to Junk it goes, wherever else it would; empty: nobody's.
Result<std::vector<Store::Target>> routes(Store& store, const smtp::MailEnvelope& envelope,
                                          const std::vector<bool>& to_junk = {});

}  // namespace waxwing
