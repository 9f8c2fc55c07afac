#pragma once

namespace waxwing::imap {

// Which protocol the client has asked for: IMAP4rev2 after ENABLE.  RFC 9051 section 6.3.1
enum class Revision { Rev1, Rev2 };

}  // namespace waxwing::imap
