#include "protocols/imap/conversation.h"
#include "protocols/imap/handlers.h"

namespace waxwing::imap {

// Asks which languages there are, or says which it shall be: the first of those named that is here.
// RFC 5255 sections 3.2 and 3.3
Reply language(Conversation& conversation, LanguageCommand& command, Output& output) {
  if (command.ranges.empty()) {
    output << "* LANGUAGE (";
    std::string_view separator;
    for (const Language known : all_languages()) {
      output << separator << name_of(known);
      separator = " ";
    }
    output << ")\r\n";
    return Reply::ok("That is all");
  }
  for (const std::string& range : command.ranges) {
    const auto found = find_language(range);
    if (!found) continue;
    conversation.dialect.language = *found;
    output << "* LANGUAGE (" << name_of(*found) << ")\r\n";
    return Reply::ok("That is the language now");
  }
  return Reply::no("That language is not spoken here");
}

}  // namespace waxwing::imap
