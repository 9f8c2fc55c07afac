#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing::imap {

// The language of what is said to people: the text of responses, never their names, codes and data.
// RFC 5255 section 3
enum class Language { Default, English, German };  // "i-default" (RFC 2277) is English too

// Its tag: "de".
std::string_view name_of(Language language);
std::vector<Language> all_languages();

// A language range, or the word "default": subtags of letters and digits.  RFC 4647 section 2.1
bool is_language_range(std::string_view range);
// The language that such a range means: its own, or the one that is left when subtags are taken
// from its end ("de-AT" is "de"). "default" and "*" are Language::Default. Nothing: there is none.
// RFC 4647 section 3.4
std::optional<Language> find_language(std::string_view range);

// A text of ours in this language, in UTF-8; the same text where it is not translated.
std::string_view translated(std::string_view text, Language language);
// The same for the text of a whole status response, with or without a code, without tag and line
// end: "NO [NONEXISTENT] There is no such mailbox".
std::string translated_response(std::string_view response, Language language);

}  // namespace waxwing::imap
