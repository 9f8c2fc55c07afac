#pragma once

#include "base/result.h"
#include "storage/staged.h"

namespace waxwing::imap {

// NUL in a message reaches no client but in BINARY, and mail programs know nothing of it. So what a
// client appends as literal8 is kept as it is where it holds none; parts that do are put into
// base64, which BINARY undoes.  RFC 3516 sections 4.4 and 6
//
// Appends `message`, which is finished, to `target` with these parts encoded. Invalid: there is a
// NUL where no body part is, or in one that says it is encoded already.
Outcome encode_binary(Staged& message, Staged& target);

}  // namespace waxwing::imap
