#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace waxwing::mail {

// Turns HTML into the text that its reader sees. Takes any bytes and never fails: what is broken is
// read as browsers read it (the tokenizer of https://html.spec.whatwg.org/multipage/parsing.html),
// so an unfinished tag, comment or <script> hides what follows. It knows no styles: what they hide
// is text here. The state is some dozen octets, whatever comes in, and the text is never longer
// than the HTML. Held by one thread at a time.
//
// A tag leaves a blank, but for those inside of words ("<b>bold</b>er"); line ends and tabs are
// blanks, and of a row of blanks all may remain. UTF-8 stays well-formed, if pieces end with whole
// characters.
class HtmlText {
 public:
  // Not in the text itself, but readers see them too: the <title>, and what stands for an image.
  enum class Extras { Without, With };
  explicit HtmlText(Extras extras) : extras_(extras) {}

  // Appends what this piece shows.
  void feed(std::string_view html, std::string& out);
  // No more follows.
  void finish(std::string& out);

 private:
  enum class State : std::uint8_t {
    Text,
    TagOpen,     // behind "<"
    EndTagOpen,  // behind "</"
    TagName,
    BeforeAttribute,
    AttributeName,
    AfterAttribute,
    BeforeValue,
    Value,
    Markup,   // behind "<!"
    Comment,  // in "<!--"
    Bogus,    // to the next ">"
    Raw,      // in <script>, <style> and <title>
    RawEnd,   // behind "<" there
  };

  enum class Tag : std::uint8_t { Opening, Closing };

  // Each takes some of `rest`, or only changes the state, and says how much it took.
  std::size_t step(std::string_view rest, std::string& out);
  std::size_t text(std::string_view rest, std::string& out);
  std::size_t reference(std::string_view rest, std::string& out);
  std::size_t number(char c, std::string& out);
  std::size_t tag_open(char c, std::string& out);
  std::size_t end_tag_open(char c);
  std::size_t tag_name(std::string_view rest, std::string& out);
  std::size_t before_attribute(std::string_view rest, std::string& out);
  std::size_t attribute_name(std::string_view rest);
  std::size_t after_attribute(std::string_view rest);
  std::size_t before_value(std::string_view rest, std::string& out);
  std::size_t value(std::string_view rest, std::string& out);
  std::size_t markup(char c);
  std::size_t comment(std::string_view rest);
  std::size_t bogus(std::string_view rest);
  std::size_t raw(std::string_view rest, std::string& out);
  std::size_t raw_end(char c, std::string& out);

  std::size_t run(std::string_view text, std::string& out);
  void begin_tag(Tag kind);
  void end_tag(std::string& out);
  void end_reference(std::string& out);
  void show(std::string_view text, std::string& out) const;

  Extras extras_;
  State state_ = State::Text;
  Tag kind_ = Tag::Opening;
  bool is_in_head_ = false;    // where no text is shown
  bool is_alternate_ = false;  // the value is what is shown instead of an image
  bool is_shown_ = false;      // what is in a Raw element
  char quote_ = '\0';          // of the value; NUL: none
  int matched_ = 0;            // of what begins or ends a comment
  std::string tag_;            // its name, or the beginning of a long one
  std::string name_;           // of the attribute; or what may end a Raw element
  std::string reference_;      // "&..." that is not complete; empty: in none
  char32_t number_ = 0;        // of "&#..."
};

}  // namespace waxwing::mail
