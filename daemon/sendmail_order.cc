#include "daemon/sendmail_order.h"

#include <string_view>

#include "base/text.h"

namespace waxwing {
namespace {

// Options without a value, with one (behind them or as the next word), and with one that is only
// ever behind them. What this server has no use for is among them, and is passed over.
constexpr std::string_view kAlone = "timvnGUm", kWithValue = "frFoNRVBhLOpAbe", kAttached = "qd";

std::string xtext(std::string_view text) {  // RFC 3461 section 4
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    if (c > ' ' && c < 127 && c != '+' && c != '=') {
      result += c;
    } else {
      result += {'+', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
    }
  }
  return result;
}

tl::unexpected<Error> mistake(std::string text) {
  return fail(Error::Code::Invalid, std::move(text));
}

class OrderReader {
 public:
  explicit OrderReader(const std::vector<std::string>& words) : words_(words) {}

  Result<SendmailOrder> read() {
    for (; next_ < words_.size(); ++next_) {
      const std::string& word = words_[next_];
      if (word == "--") {
        ++next_;
        break;
      }
      if (word.size() < 2 || word[0] != '-') break;
      if (auto done = word[1] == '-' ? read_long(word) : read_short(word); !done)
        return fail(done.error());
    }
    // getopt(3) of the GNU library finds options behind recipients as well; Sendmail's does not.
    for (; next_ < words_.size(); ++next_) {
      for (const auto piece : split(words_[next_], ',')) {
        if (!trim(piece).empty()) order_.recipients.emplace_back(trim(piece));
      }
    }
    const bool has_task = order_.task == SendmailOrder::Task::Nothing;
    if (!has_task && order_.recipients.empty() && !order_.recipients_in_header)
      return mistake("nobody to send to: name recipients, or use -t to take those of the header");
    return std::move(order_);
  }

 private:
  Outcome read_long(const std::string& word) {
    constexpr std::string_view kSocket = "--socket=";
    if (word.starts_with(kSocket)) {
      order_.socket = word.substr(kSocket.size());
      return {};
    }
    if (word == "--socket" && next_ + 1 < words_.size()) {
      order_.socket = words_[++next_];
      return {};
    }
    return mistake("the option " + printable(word) + " is not known here");
  }

  // One word may hold several: -ti.
  Outcome read_short(const std::string& word) {
    for (std::size_t at = 1; at < word.size(); ++at) {
      const char letter = word[at];
      if (kAlone.find(letter) != std::string_view::npos) {
        if (letter == 't') order_.recipients_in_header = true;
        if (letter == 'i') order_.dot_ends = false;
        continue;
      }
      std::string value = word.substr(at + 1);
      if (kAttached.find(letter) != std::string_view::npos) {
        if (letter == 'q') order_.task = SendmailOrder::Task::Nothing;
        return {};
      }
      if (kWithValue.find(letter) == std::string_view::npos)
        return mistake(std::string("the option -") + printable({&letter, 1}) +
                       " is not known here");
      if (value.empty()) {
        if (next_ + 1 >= words_.size())
          return mistake(std::string("the option -") + letter + " needs a value");
        value = words_[++next_];
      }
      return take(letter, value);
    }
    return {};
  }

  Outcome take(char letter, const std::string& value) {
    switch (letter) {
      case 'f':
      case 'r': order_.sender = value == "<>" ? "" : value; return {};
      case 'F': order_.full_name = value; return {};
      case 'o':
        if (value == "i") order_.dot_ends = false;
        return {};
      case 'b': return take_mode(value);
      case 'N': return take_notify(value);
      case 'R':
        if (equals_ignoring_case(value, "full"))
          order_.ret = Envelope::Return::Full;
        else if (equals_ignoring_case(value, "hdrs"))
          order_.ret = Envelope::Return::Headers;
        else
          return mistake("-R takes full or hdrs");
        return {};
      case 'V':
        // RFC 3461 section 4.4
        if (value.empty() || value.size() > 100) return mistake("-V takes 1 to 100 characters");
        order_.envelope_id = xtext(value);
        return {};
      default: return {};
    }
  }

  Outcome take_mode(const std::string& mode) {
    if (mode == "m") return {};
    if (mode == "i") {
      order_.task = SendmailOrder::Task::Nothing;
      return {};
    }
    if (mode == "p") return mistake("-bp is not known here: `waxwing queue list` shows what waits");
    return mistake("-b" + printable(mode) +
                   " is not known here: this program only hands in one message (-bm)");
  }

  Outcome take_notify(const std::string& value) {
    for (const auto piece : split(value, ',')) {
      const std::string word = to_lower(trim(piece));
      if (word == "never")
        order_.notify |= QueuedRecipient::kNever;
      else if (word == "success")
        order_.notify |= QueuedRecipient::kSuccess;
      else if (word == "failure")
        order_.notify |= QueuedRecipient::kFailure;
      else if (word == "delay")
        order_.notify |= QueuedRecipient::kDelay;
      else
        return mistake("-N takes never, or some of success,failure,delay");
    }
    if ((order_.notify & QueuedRecipient::kNever) && order_.notify != QueuedRecipient::kNever)
      return mistake("-N takes never alone");
    return {};
  }

  const std::vector<std::string>& words_;
  std::size_t next_ = 0;
  SendmailOrder order_;
};

}  // namespace

Result<SendmailOrder> read_sendmail_order(const std::vector<std::string>& words) {
  return OrderReader(words).read();
}

}  // namespace waxwing
