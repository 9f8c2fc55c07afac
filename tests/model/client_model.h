#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace waxwing::imap {

// A mail program that believes every word: it keeps its copy of a mailbox by untagged responses
// alone, as RFC 9051 section 7 and RFC 7162 say, and complains of what cannot be.
class ClientModel {
 public:
  struct Message {
    std::optional<std::uint32_t> uid;            // until the client has asked
    std::optional<std::set<std::string>> flags;  // without \Recent
    // The shared /comment, "NIL" for none; nothing when it does not know, or is told that it has
    // changed.  RFC 5257 section 4.4
    std::optional<std::string> comment;
    std::uint64_t modseq = 0;
    bool is_fresh = false;  // the mod-sequence came with the last answer
  };
  // What it keeps of a mailbox that it has left, for QRESYNC.
  struct Remembered {
    std::uint32_t uid_validity = 0;
    std::uint64_t highest_modseq = 0;
    std::map<std::uint32_t, std::set<std::string>> messages;
  };

  // Nothing may be expunged while the answer to a command of sequence numbers comes.
  enum class Expunges { Allowed, Forbidden };
  // All that came; empty, or what is wrong with it.
  std::string take(std::string_view answer, Expunges expunges);

  void open(std::string mailbox, const Remembered* remembered);
  void leave();
  void rename(std::string mailbox) { mailbox_ = std::move(mailbox); }
  const std::string& mailbox() const { return mailbox_; }
  bool is_open() const { return !mailbox_.empty(); }
  const std::vector<Message>& messages() const { return messages_; }
  std::uint32_t uid_validity() const { return uid_validity_; }
  bool has_unknown() const;
  // What it keeps when it leaves, or is cut off. It knows all of every message.
  Remembered remember() const;

  bool is_disconnected = false;  // "* BYE"

 private:
  std::string take_line(std::string_view line, Expunges expunges);
  std::string note_highest(std::string_view line);
  std::string take_fetch(std::size_t number, std::string_view attributes);
  static void take_comment(Message& message, std::string_view attributes, bool is_changed);
  std::string take_vanished(std::string_view set, bool is_earlier);
  std::string place_remembered();

  std::string mailbox_;
  std::vector<Message> messages_;
  std::uint32_t uid_validity_ = 0;
  std::uint64_t highest_modseq_ = 0;
  bool is_told_highest_ = false;          // by the last answer
  std::optional<Remembered> remembered_;  // and not yet placed
};

}  // namespace waxwing::imap
