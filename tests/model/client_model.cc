#include "tests/model/client_model.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace waxwing::imap {
namespace {

std::uint64_t number_in(std::string_view text, std::string_view before) {
  const auto at = text.find(before);
  if (at == text.npos) return 0;
  std::string_view rest = text.substr(at + before.size());
  return parse_number(rest.substr(0, rest.find_first_not_of("0123456789"))).value_or(0);
}

// The next response as one line; of literals, which nobody here looks at, nothing is left.
std::string take_response(std::string_view& answer) {
  std::string text;
  while (true) {
    const auto end = std::min(answer.find("\r\n"), answer.size());
    text += answer.substr(0, end);
    answer.remove_prefix(std::min(end + 2, answer.size()));
    if (!text.ends_with('}') || answer.empty()) return text;
    const auto size = number_in(text.substr(text.rfind('{')), "{");
    answer.remove_prefix(std::min<std::size_t>(size, answer.size()));
  }
}

}  // namespace

std::string ClientModel::take(std::string_view answer, Expunges expunges) {
  std::uint64_t highest_seen = 0;
  is_told_highest_ = false;
  for (Message& message : messages_) message.is_fresh = false;
  while (!answer.empty()) {
    const std::string text = take_response(answer);
    if (!text.starts_with("* ")) {
      if (text.find(" OK [HIGHESTMODSEQ ") == text.npos) continue;
      if (auto wrong = note_highest(text); !wrong.empty()) return wrong + ": " + text;
      continue;
    }
    if (auto wrong = take_line(std::string_view(text).substr(2), expunges); !wrong.empty()) {
      return wrong + ": " + text;
    }
  }
  if (auto wrong = place_remembered(); !wrong.empty()) return wrong;
  // What it has seen counts only where the server does not say otherwise.  RFC 7162 section 6
  for (const Message& message : messages_) {
    if (message.is_fresh) highest_seen = std::max(highest_seen, message.modseq);
  }
  if (!is_told_highest_) highest_modseq_ = std::max(highest_modseq_, highest_seen);
  return "";
}

std::string ClientModel::take_line(std::string_view line, Expunges expunges) {
  if (line.starts_with("BYE")) {
    is_disconnected = true;
    return "";
  }
  if (line.starts_with("OK [CLOSED]")) {
    // What comes now is of the next mailbox.
    messages_.clear();
    return "";
  }
  if (line.starts_with("OK [UIDVALIDITY ")) {
    uid_validity_ = static_cast<std::uint32_t>(number_in(line, "UIDVALIDITY "));
    return "";
  }
  if (line.starts_with("OK [HIGHESTMODSEQ ")) {
    return note_highest(line);
  }
  if (line.starts_with("VANISHED (EARLIER) ")) return take_vanished(line.substr(19), true);
  if (line.starts_with("VANISHED ")) {
    if (expunges == Expunges::Forbidden) return "expunged too early";
    return take_vanished(line.substr(9), false);
  }
  const auto space = line.find(' ');
  const auto number = parse_number(line.substr(0, space));
  if (!number || space == line.npos) return "";
  const std::string_view rest = line.substr(space + 1);
  if (rest == "EXISTS") {
    if (*number < messages_.size()) return "EXISTS took messages away";
    messages_.resize(static_cast<std::size_t>(*number));
    return "";
  }
  if (rest == "EXPUNGE") {
    if (expunges == Expunges::Forbidden) return "expunged too early";
    if (*number == 0 || *number > messages_.size()) return "there is no such number";
    messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(*number) - 1);
    return "";
  }
  if (rest.starts_with("FETCH (")) return take_fetch(static_cast<std::size_t>(*number), rest);
  return "";
}

std::string ClientModel::note_highest(std::string_view line) {
  const auto highest = number_in(line, "HIGHESTMODSEQ ");
  if (highest < highest_modseq_) return "HIGHESTMODSEQ went back";
  highest_modseq_ = highest;
  is_told_highest_ = true;
  return "";
}

std::string ClientModel::take_fetch(std::size_t number, std::string_view attributes) {
  // What a client kept can be put in its place once it knows what has vanished.
  if (auto wrong = place_remembered(); !wrong.empty()) return wrong;
  if (number == 0 || number > messages_.size()) return "there is no such number";
  Message& message = messages_[number - 1];
  if (const auto uid = static_cast<std::uint32_t>(number_in(attributes, "UID ")); uid != 0) {
    if (message.uid && *message.uid != uid) {
      return "this was UID " + std::to_string(*message.uid);
    }
    message.uid = uid;
    if (number > 1 && messages_[number - 2].uid && *messages_[number - 2].uid >= uid) {
      return "UIDs do not ascend";
    }
  }
  const auto before = message.modseq;
  if (const auto modseq = number_in(attributes, "MODSEQ ("); modseq != 0) {
    if (modseq < message.modseq) return "the mod-sequence went back";
    message.modseq = modseq;
    message.is_fresh = true;
  }
  take_comment(message, attributes, message.modseq != before);
  const auto at = attributes.find("FLAGS (");
  if (at == attributes.npos) return "";
  const std::string_view list = attributes.substr(at + 7, attributes.find(')', at) - at - 7);
  message.flags.emplace();
  for (const auto flag : words(list)) {
    if (flag != "\\Recent") message.flags->emplace(flag);
  }
  return "";
}

// Its value; or the name alone, or another mod-sequence, which say that the value may be another.
void ClientModel::take_comment(Message& message, std::string_view attributes, bool is_changed) {
  constexpr std::string_view kValue = "ANNOTATION (/comment (value.shared ";
  const auto at = attributes.find(kValue);
  if (at != attributes.npos) {
    const std::string_view value = attributes.substr(at + kValue.size());
    message.comment = value.substr(0, value.find(')'));
  } else if (is_changed || attributes.find("ANNOTATION (") != attributes.npos) {
    message.comment.reset();
  }
}

std::string ClientModel::take_vanished(std::string_view set, bool is_earlier) {
  for (const auto piece : split(set, ',')) {
    const auto colon = piece.find(':');
    const auto first = parse_number(piece.substr(0, colon), UINT32_MAX);
    const auto last =
        colon == piece.npos ? first : parse_number(piece.substr(colon + 1), UINT32_MAX);
    if (!first || !last || *first > *last) return "no set of UIDs";
    if (is_earlier) {
      if (!remembered_) continue;
      std::erase_if(remembered_->messages, [&](const auto& entry) {
        return entry.first >= *first && entry.first <= *last;
      });
      continue;
    }
    for (auto uid = *first; uid <= *last; ++uid) {
      auto found = std::ranges::find_if(messages_,
                                        [&](const Message& message) { return message.uid == uid; });
      // One of the new ones between those that it knows.
      if (found == messages_.end()) {
        const auto after =
            std::find_if(messages_.rbegin(), messages_.rend(),
                         [&](const Message& message) { return message.uid && *message.uid < uid; });
        found = after.base();
        if (found != messages_.end() && found->uid) found = messages_.end();
      }
      if (found == messages_.end()) {
        return "UID " + std::to_string(uid) + " was never there";
      }
      messages_.erase(found);
    }
  }
  return "";
}

// After EXISTS and VANISHED (EARLIER), what is left of what the client kept are the first messages.
std::string ClientModel::place_remembered() {
  if (!remembered_) return "";
  const Remembered kept = *std::exchange(remembered_, std::nullopt);
  if (kept.uid_validity != uid_validity_) return "";
  if (kept.messages.size() > messages_.size()) return "messages are missing after all";
  std::size_t number = 0;
  for (const auto& [uid, flags] : kept.messages) {
    messages_[number].uid = uid;
    messages_[number].flags = flags;
    ++number;
  }
  return "";
}

void ClientModel::open(std::string mailbox, const Remembered* remembered) {
  mailbox_ = std::move(mailbox);
  messages_.clear();
  uid_validity_ = 0;
  highest_modseq_ = 0;
  remembered_.reset();
  if (remembered) remembered_ = *remembered;
}

void ClientModel::leave() {
  mailbox_.clear();
  messages_.clear();
  remembered_.reset();
}

bool ClientModel::has_unknown() const {
  return std::ranges::any_of(messages_,
                             [](const Message& message) { return !message.uid || !message.flags; });
}

ClientModel::Remembered ClientModel::remember() const {
  Remembered kept{uid_validity_, highest_modseq_, {}};
  for (const Message& message : messages_) {
    kept.messages.emplace(*message.uid, *message.flags);
  }
  return kept;
}

}  // namespace waxwing::imap
