// Three mail programs and a postman do at random what such do, against the real store. Each program
// keeps its copy of a mailbox by what it is told and nothing else, and whenever it has been told
// everything its copy is the mailbox.
//   model_test STEPS [SEED]

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <random>

#include "base/log.h"
#include "base/text.h"
#include "tests/imap/session_world.h"
#include "tests/model/client_model.h"

namespace waxwing::imap {
namespace {

constexpr std::size_t kMostMessages = 40;
const std::vector<std::string> kNames = {"INBOX", "Work", "Work/Deep", "Play", "Trash"};

struct Wrong {
  std::string text;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed) {
    for (std::size_t k = 0; k < 3; ++k) programs_.emplace_back().kind = static_cast<Kind>(k);
    for (auto& program : programs_) connect(program);
  }

  void step() {
    Program& program = programs_[below(programs_.size())];
    if (program.is_idling && below(3) != 0) return done_idling(program);
    if (program.is_idling) return postman();
    if (below(6) == 0) return postman();
    if (!program.model.is_open()) return below(5) == 0 ? names(program) : select(program);
    if (program.kind == Kind::Resynchronising && below(12) == 0) return drop(program);
    switch (below(15)) {
      case 14: return annotate(program);
      case 0: return append(program);
      case 1:
      case 2:
      case 3: return store(program);
      case 4: return expunge(program);
      case 5: return copy_or_move(program);
      case 6: return names(program);
      case 7: return leave(program);
      case 8: return idle(program);
      case 9: return read(program);
      case 10: return search(program);
      default: return check(program);
    }
  }

  void finish() {
    for (auto& program : programs_) {
      if (program.is_idling) done_idling(program);
      if (program.model.is_open()) check(program);
    }
  }

  const std::deque<std::string>& history() const { return history_; }

 private:
  enum class Kind { Plain, Counting, Resynchronising };
  struct Program {
    Kind kind = Kind::Plain;
    std::unique_ptr<SessionWorld::Client> client;
    ClientModel model;
    std::map<std::string, ClientModel::Remembered> kept;
    bool is_idling = false;
  };
  using Expunges = ClientModel::Expunges;

  std::size_t below(std::size_t bound) { return random_() % bound; }
  const std::string& any_name() { return kNames[below(kNames.size())]; }
  char letter(const Program& program) const {
    return static_cast<char>('A' + (&program - programs_.data()));
  }
  void note(std::string line) {
    history_.push_back(std::move(line));
    if (history_.size() > 200) history_.pop_front();
  }
  void insist(bool is_right, const std::string& what) {
    if (!is_right) throw Wrong{what};
  }

  void connect(Program& program) {
    program.client = world_.sign_in();
    program.model = ClientModel();
    program.is_idling = false;
    if (program.kind == Kind::Resynchronising) program.client->say("e ENABLE QRESYNC");
    if (program.kind == Kind::Counting) program.client->say("e ENABLE CONDSTORE");
  }

  void hear(Program& program, const std::string& answer, Expunges expunges = Expunges::Allowed) {
    for (const auto line : split(answer, '\n')) {
      if (!line.empty()) note(std::string(1, letter(program)) + " < " + std::string(trim(line)));
    }
    if (auto wrong = program.model.take(answer, expunges); !wrong.empty()) throw Wrong{wrong};
    if (!program.model.is_disconnected) return;
    connect(program);
  }

  std::string say(Program& program, const std::string& line,
                  Expunges expunges = Expunges::Allowed) {
    note(std::string(1, letter(program)) + " > " + line);
    const std::string answer = program.client->say("t " + line);
    hear(program, answer, expunges);
    return answer;
  }

  bool is_ok(const std::string& answer) { return answer.find("t OK") != std::string::npos; }

  // --- What programs do. ---

  void select(Program& program) {
    const std::string name = any_name();
    const auto kept = program.kept.find(name);
    const bool resynchronises = program.kind == Kind::Resynchronising && kept != program.kept.end();
    std::string line = (below(5) == 0 ? "EXAMINE " : "SELECT ") + name;
    // The others go by mod-sequences.
    if (program.kind == Kind::Plain) line += " (ANNOTATE)";
    if (resynchronises) {
      line += " (QRESYNC (" + std::to_string(kept->second.uid_validity) + " " +
              std::to_string(kept->second.highest_modseq) + "))";
    }
    program.model.open(name, resynchronises ? &kept->second : nullptr);
    if (!is_ok(say(program, line))) program.model.leave();
    if (program.model.is_open()) check(program);
  }

  // The connection breaks at any moment, and what it knows has to do.
  void drop(Program& program) {
    if (program.model.has_unknown()) return;
    note(std::string(1, letter(program)) + " is cut off");
    program.kept[program.model.mailbox()] = program.model.remember();
    connect(program);
  }

  void leave(Program& program) {
    check(program);
    if (!program.model.is_open()) return;
    if (program.kind == Kind::Resynchronising) {
      program.kept[program.model.mailbox()] = program.model.remember();
    }
    // CLOSE may expunge, and says nothing of it: what is kept is from before.
    say(program, below(3) == 0 ? "CLOSE" : "UNSELECT");
    program.model.leave();
  }

  // Told everything, a program knows the mailbox as it is.
  void check(Program& program) {
    say(program, "NOOP");
    complete(program);
    if (!program.model.is_open()) return;
    say(program, "NOOP");
    ask_comments(program);
    if (program.model.has_unknown() || !program.model.is_open()) return;
    const auto mailbox = world_.mailbox(program.model.mailbox());
    const auto view = mailbox->view();
    const auto& messages = program.model.messages();
    insist(mailbox->uid_validity() == program.model.uid_validity(), "UIDVALIDITY is another");
    insist(messages.size() == view->size(), "it has " + std::to_string(messages.size()) +
                                                " messages, there are " +
                                                std::to_string(view->size()));
    for (std::size_t n = 0; n < messages.size(); ++n) {
      const MessageRow& row = (*view)[n];
      insist(messages[n].uid == row.uid,
             "number " + std::to_string(n + 1) + " is UID " + std::to_string(row.uid));
      insist(messages[n].flags == flags_of(row, *view),
             "the flags of UID " + std::to_string(row.uid) + " are others");
      insist(program.kind == Kind::Plain || messages[n].modseq == 0 ||
                 messages[n].modseq == row.modseq,
             "the mod-sequence of UID " + std::to_string(row.uid) + " is another");
    }
    check_comments(messages, *mailbox);
  }

  void check_comments(const std::vector<ClientModel::Message>& messages, Mailbox& mailbox) {
    std::vector<Uid> uids;
    for (const auto& message : messages) uids.push_back(*message.uid);
    AnnotationQuery query;
    query.is_private = false;
    query.wants = [](std::string_view entry) { return entry == "/comment"; };
    std::map<Uid, std::string> comments;
    const auto read = mailbox.read_annotations(
        uids, query, [&](Uid uid, std::span<const MessageAnnotation> annotations) {
          comments[uid] = "\"" + annotations.front().value + "\"";
          return true;
        });
    insist(read.has_value(), "annotations cannot be read");
    for (const auto& message : messages) {
      const auto found = comments.find(*message.uid);
      const std::string comment = found == comments.end() ? "NIL" : found->second;
      insist(message.comment == comment, "the comment of UID " + std::to_string(*message.uid) +
                                             " is " + comment + ", not " +
                                             message.comment.value_or("known"));
    }
  }

  static std::set<std::string> flags_of(const MessageRow& row, const View& view) {
    std::set<std::string> flags;
    const std::pair<std::uint64_t, const char*> system[] = {{Flags::kSeen, "\\Seen"},
                                                            {Flags::kAnswered, "\\Answered"},
                                                            {Flags::kFlagged, "\\Flagged"},
                                                            {Flags::kDeleted, "\\Deleted"},
                                                            {Flags::kDraft, "\\Draft"}};
    for (const auto& [bit, name] : system) {
      if (row.flags.has(bit)) flags.emplace(name);
    }
    for (std::size_t k = 0; k < view.keywords().size(); ++k) {
      if (row.flags.has_keyword(static_cast<int>(k))) flags.emplace(view.keywords()[k]);
    }
    return flags;
  }

  // Asks for what it does not know of new messages.
  void complete(Program& program) {
    const auto& messages = program.model.messages();
    for (std::size_t n = 0; n < messages.size(); ++n) {
      if (messages[n].uid && messages[n].flags) continue;
      say(program,
          "FETCH " + std::to_string(n + 1) + ":" + std::to_string(messages.size()) + " (UID FLAGS" +
              (program.kind == Kind::Plain ? ")" : " MODSEQ)"),
          Expunges::Forbidden);
      return;
    }
  }

  std::string some_numbers(const Program& program) {
    const std::size_t size = program.model.messages().size();
    const std::size_t first = 1 + below(size);
    return std::to_string(first) + ":" + std::to_string(first + below(size - first + 1));
  }

  std::string some_uids(const Program& program) {
    const auto& messages = program.model.messages();
    const auto& message = messages[below(messages.size())];
    const std::uint32_t first = message.uid.value_or(1);
    return std::to_string(first) + ":" + std::to_string(first + below(5));
  }

  void append(Program& program) {
    const std::string name = any_name();
    note(std::string(1, letter(program)) + " > APPEND " + name);
    hear(program, program.client->send("t APPEND " + name +
                                       " (\\Seen Red) {17+}\r\n"
                                       "Subject: x\r\n\r\nx\r\n\r\n"));
  }

  void store(Program& program) {
    if (program.model.messages().empty()) return check(program);
    static const std::vector<std::string> kFlags = {"\\Seen",     "\\Deleted", "\\Flagged",
                                                    "\\Answered", "Red",       "Blue"};
    const bool by_uid = below(2) == 0;
    std::string line =
        by_uid ? "UID STORE " + some_uids(program) : "STORE " + some_numbers(program);
    if (program.kind != Kind::Plain && below(3) == 0) {
      line += " (UNCHANGEDSINCE " + std::to_string(1 + below(400)) + ")";
    }
    const char* modes[] = {" +FLAGS", " -FLAGS", " FLAGS"};
    line += modes[below(3)];
    if (below(2) == 0) line += ".SILENT";
    line += " (" + kFlags[below(kFlags.size())] + " " + kFlags[below(kFlags.size())] + ")";
    const bool is_silent = line.find(".SILENT") != std::string::npos;
    say(program, line, by_uid ? Expunges::Allowed : Expunges::Forbidden);
    if (is_silent && program.model.is_open()) ask_flags(program);
  }

  // Whoever changes flags silently knows them; this one asks.
  void ask_flags(Program& program) {
    if (!program.model.messages().empty()) {
      say(program,
          program.kind == Kind::Plain ? "FETCH 1:* (UID FLAGS)" : "FETCH 1:* (UID FLAGS MODSEQ)",
          Expunges::Forbidden);
    }
  }

  // Silently, as always: the program asks what it does not know any more.
  void annotate(Program& program) {
    if (program.model.messages().empty()) return check(program);
    const bool by_uid = below(2) == 0;
    std::string line =
        by_uid ? "UID STORE " + some_uids(program) : "STORE " + some_numbers(program);
    if (program.kind != Kind::Plain && below(3) == 0) {
      line += " (UNCHANGEDSINCE " + std::to_string(1 + below(400)) + ")";
    }
    const std::string value = below(4) == 0 ? "NIL" : "\"c" + std::to_string(below(5)) + "\"";
    say(program, line + " ANNOTATION (/comment (value.shared " + value + "))",
        by_uid ? Expunges::Allowed : Expunges::Forbidden);
    if (program.model.is_open()) ask_comments(program, Ask::All);
  }

  enum class Ask { Unknown, All };
  void ask_comments(Program& program, Ask which = Ask::Unknown) {
    const auto& messages = program.model.messages();
    const bool knows_all = std::ranges::all_of(
        messages, [](const auto& message) { return message.comment.has_value(); });
    if (messages.empty() || (knows_all && which == Ask::Unknown)) return;
    say(program, "FETCH 1:* (UID ANNOTATION (/comment value.shared))", Expunges::Forbidden);
  }

  void expunge(Program& program) {
    if (program.model.messages().empty() || below(2) == 0) {
      say(program, "EXPUNGE");
    } else {
      say(program, "UID EXPUNGE " + some_uids(program));
    }
  }

  void copy_or_move(Program& program) {
    if (program.model.messages().empty()) return check(program);
    const std::string verb = below(2) == 0 ? "COPY " : "MOVE ";
    if (below(2) == 0) {
      say(program, verb + some_numbers(program) + " " + any_name(),
          verb == "COPY " ? Expunges::Forbidden : Expunges::Allowed);
    } else {
      say(program, "UID " + verb + some_uids(program) + " " + any_name());
    }
  }

  void read(Program& program) {
    if (program.model.messages().empty()) return check(program);
    switch (below(3)) {
      case 0:
        say(program, "FETCH " + some_numbers(program) + " (BODY[HEADER.FIELDS (Subject)])",
            Expunges::Forbidden);
        break;
      case 1: say(program, "UID FETCH " + some_uids(program) + " (FLAGS)"); break;
      default:
        if (program.kind != Kind::Resynchronising) return check(program);
        // Its mod-sequence is old: what has vanished since is told again, as earlier.
        say(program,
            "UID FETCH 1:* (FLAGS) (CHANGEDSINCE " + std::to_string(1 + below(100)) + " VANISHED)");
    }
  }

  void search(Program& program) {
    if (below(2) == 0) {
      say(program, "SEARCH NOT DELETED", Expunges::Forbidden);
    } else {
      say(program, "UID SEARCH 1:* SEEN", Expunges::Forbidden);
    }
  }

  void idle(Program& program) {
    complete(program);
    if (!program.model.is_open()) return;
    note(std::string(1, letter(program)) + " > IDLE");
    hear(program, program.client->say("t IDLE"));
    program.is_idling = true;
  }

  void done_idling(Program& program) {
    hear(program, program.client->hear());
    if (!program.is_idling) return;  // it was sent away
    program.is_idling = false;
    note(std::string(1, letter(program)) + " > DONE");
    hear(program, program.client->say("DONE"));
    if (program.model.is_open()) check(program);
  }

  // Names, under the feet of whoever works there.
  void names(Program& program) {
    const std::string name = kNames[1 + below(kNames.size() - 1)];
    switch (below(6)) {
      case 0: {
        const bool is_own = program.model.mailbox() == name;
        if (is_ok(say(program, "DELETE " + name)) && is_own) program.model.leave();
        break;
      }
      case 1: {
        const std::string to = kNames[1 + below(kNames.size() - 1)];
        if (!is_ok(say(program, "RENAME " + name + " " + to))) break;
        for (auto& other : programs_) follow(other, name, to);
        break;
      }
      case 2:
        if (below(4) == 0) say(program, "RENAME INBOX " + name);
        break;
      default: say(program, "CREATE " + name);
    }
  }

  // A selected mailbox stays selected when it gets another name.
  static void follow(Program& program, const std::string& from, const std::string& to) {
    const std::string& name = program.model.mailbox();
    if (name == from) program.model.rename(to);
    if (name.starts_with(from + "/")) program.model.rename(to + name.substr(from.size()));
    // What is kept is kept by name; the UIDVALIDITY tells that it is of another one.
  }

  void postman() {
    const std::string name = below(2) == 0 ? "INBOX" : any_name();
    const auto account = world_.store().account("alice@example.test");
    const auto status = (*account)->status(name);
    if (status && status->messages >= kMostMessages) return clear(name);
    if (!status) return;
    note("postman to " + name);
    world_.deliver("Subject: mail\r\n\r\nmail\r\n", name);
  }

  void clear(const std::string& name) {
    note("clears " + name);
    const auto mailbox = world_.mailbox(name);
    const auto view = mailbox->view();
    std::vector<Uid> uids;
    for (std::size_t n = 0; n < view->size(); n += 2) uids.push_back((*view)[n].uid);
    insist(mailbox->expunge(uids, Mailbox::Expunge::Any).has_value(), "cannot expunge");
  }

  SessionWorld world_;
  std::mt19937_64 random_;
  std::vector<Program> programs_;
  std::deque<std::string> history_;
};

int run(std::uint64_t steps, std::uint64_t seed) {
  std::cout << "seed " << seed << ", " << steps << " steps" << std::endl;
  log.configure(Log::Level::Error, Log::Format::Text);
  // A world grows slow with its log of expunged messages: many smaller ones meet more beginnings.
  constexpr std::uint64_t kStepsOfAWorld = 5000;
  for (std::uint64_t done = 0; done < steps;) {
    Simulation simulation(seed + done);
    std::uint64_t n = 0;
    try {
      for (; n < kStepsOfAWorld && done + n < steps; ++n) simulation.step();
      simulation.finish();
    } catch (const Wrong& wrong) {
      for (const auto& line : simulation.history()) std::cout << line << "\n";
      std::cout << "after " << n << " steps of world " << seed + done << ": " << wrong.text
                << std::endl;
      return 1;
    }
    done += n;
  }
  return 0;
}

}  // namespace
}  // namespace waxwing::imap

int main(int count, char** arguments) {
  const auto number = [&](int place) {
    return waxwing::parse_number(count > place ? arguments[place] : "");
  };
  const auto steps = number(1);
  if (!steps) {
    std::cerr << "model_test STEPS [SEED]\n";
    return 2;
  }
  return waxwing::imap::run(*steps, number(2).value_or(std::random_device{}()));
}
