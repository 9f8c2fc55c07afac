#include "tests/transcripts/scratch.h"

#include <argon2.h>
#include <pwd.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "auth/directory.h"
#include "base/clock.h"
#include "storage/store.h"

namespace waxwing::transcripts {
namespace {

namespace fs = std::filesystem;

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// In memory where there is room: a conversation waits for a hundred fsyncs, and what they are good
// for is the matter of other tests.
fs::path make_root() {
  std::error_code unknown;
  const auto space = fs::space("/dev/shm", unknown);
  const bool has_room = !unknown && space.available > (1u << 30) && access("/dev/shm", W_OK) == 0;
  std::string name =
      ((has_room ? fs::path("/dev/shm") : fs::temp_directory_path()) / "waxwing-transcript-XXXXXX")
          .string();
  if (!mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
  return name;
}

void execute(const fs::path& database, const std::string& sql) {
  sqlite3* opened = nullptr;
  sqlite3_open(database.c_str(), &opened);
  const int result = sqlite3_exec(opened, sql.c_str(), nullptr, nullptr, nullptr);
  sqlite3_close(opened);
  if (result != SQLITE_OK) throw std::runtime_error("the directory cannot be changed");
}

// The cheapest hash that argon2 makes, in place of the one that is there: each of a thousand
// conversations signs in, and none is about what a hash costs.
void make_cheap(const fs::path& database, const std::string& address, const std::string& password) {
  std::string hash(200, '\0');
  const std::string salt = "a salt of a test";
  if (argon2id_hash_encoded(1, 8, 1, password.data(), password.size(), salt.data(), salt.size(), 32,
                            hash.data(), hash.size()) != ARGON2_OK) {
    throw std::runtime_error("argon2 failed");
  }
  hash.resize(hash.find('\0'));
  execute(database, "UPDATE credentials SET hash = '" + hash +
                        "' WHERE account = (SELECT id FROM accounts WHERE address = '" + address +
                        "')");
}

// All that the directory knows of an account, once more under another name.
void copy_account(const fs::path& database, const std::string& from, const std::string& to) {
  execute(database,
          "CREATE TEMP TABLE account AS SELECT * FROM accounts WHERE address = '" + from +
              "'; CREATE TEMP TABLE credential AS SELECT * FROM credentials WHERE account = "
              "(SELECT id FROM account);"
              "UPDATE account SET id = NULL, address = '" +
              to +
              "'; INSERT INTO accounts SELECT * FROM account;"
              "UPDATE credential SET account = last_insert_rowid();"
              "INSERT INTO credentials SELECT * FROM credential");
}

// The directory is the same for all, so it is made once.
const fs::path& directory_template() {
  static const struct Template {
    Template() : root(make_root()) {
      {
        const SystemClock clock;
        const auto directory = must(Directory::open(root / "directory.sqlite", clock));
        must(directory->add_domain("example.test"));
        must(directory->add_account("alice@example.test", "secret-alice"));
        must(directory->add_account("bob@example.test", "secret-bob"));
      }
      make_cheap(root / "directory.sqlite", "alice@example.test", "secret-alice");
      make_cheap(root / "directory.sqlite", "bob@example.test", "secret-bob");
    }
    ~Template() { fs::remove_all(root); }
    fs::path root;
  } instance;
  return instance.root;
}

using AddressOf = std::function<std::string(const std::string& user)>;

void put_mail(Store& store, FakeClock& clock, const Transcript& transcript,
              const AddressOf& address_of) {
  for (const auto& mail : transcript.mails) {
    const auto account = must(store.account(address_of(mail.user)));
    const auto opened = account->mailbox(mail.mailbox);
    const auto mailbox = opened ? *opened : must(account->create(mail.mailbox));
    const auto staged = must(store.stage());
    must(staged->append(message_text(mail.message)));
    must(mailbox->append(*staged, {}));
    clock.advance(std::chrono::minutes(1));
  }
  // The mail of each conversation is as old as if there were no other.
  clock.advance(-std::chrono::minutes(transcript.mails.size()));
}

std::unique_ptr<Store> open_store(const std::string& data_dir, Disk& disk, const Clock& clock) {
  return must(Store::open({.data_dir = data_dir, .hostname = "mail.example.test"}, disk, clock));
}

// The daemon does not serve as root: started by root it becomes this user.
void give_to(const passwd& user, const fs::path& root) {
  fs::permissions(root, fs::perms::owner_all | fs::perms::others_exec | fs::perms::group_exec);
  const auto give = [&](const fs::path& path) {
    if (lchown(path.c_str(), user.pw_uid, user.pw_gid) != 0)
      throw std::runtime_error("cannot give away " + path.string());
  };
  give(root / "data");
  for (const auto& entry : fs::recursive_directory_iterator(root / "data")) give(entry.path());
}

}  // namespace

Scratch::Scratch(fs::path root) : root_(std::move(root)) {
  fs::create_directory(data_dir());
  for (const auto& entry : fs::directory_iterator(directory_template()))
    fs::copy(entry.path(), data_dir());
}

Scratch::Scratch(const Transcript& transcript, int port_offset) : Scratch(make_root()) {
  if (!transcript.administrators.empty() || !transcript.referrals.empty()) {
    const SystemClock clock;
    const auto directory = must(Directory::open(data_dir() + "/directory.sqlite", clock));
    for (const auto& user : transcript.administrators)
      must(directory->set_administrator(user + "@example.test", true));
    for (const auto& [user, url] : transcript.referrals)
      must(directory->set_referral(user + "@example.test", url));
  }
  if (!transcript.mails.empty()) {
    FakeClock clock;
    SystemDisk disk;
    const auto store = open_store(data_dir(), disk, clock);
    put_mail(*store, clock, transcript, [](const auto& user) { return user + "@example.test"; });
    store->close();
  }
  write_config(transcript.config, port_offset);
}

Scratch::Scratch(const std::vector<Transcript>& all, int port_offset) : Scratch(make_root()) {
  FakeClock clock;
  SystemDisk disk;
  const auto store = open_store(data_dir(), disk, clock);
  const fs::path directory = data_dir() + "/directory.sqlite";
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const char* user : {"alice", "bob"})
      copy_account(directory, std::string(user) + "@example.test", parked(user, i));
    put_mail(*store, clock, all[i], [&](const auto& user) { return parked(user, i); });
  }
  store->close();
  execute(directory,
          "DELETE FROM accounts WHERE address IN ('alice@example.test', 'bob@example.test')");
  write_config({}, port_offset);
}

std::string Scratch::parked(const std::string& user, std::size_t conversation) {
  return user + "-" + std::to_string(conversation) + "@example.test";
}

void Scratch::write_config(const std::vector<std::string>& lines, int port_offset) {
  std::ofstream config_file(config());
  config_file << "hostname: mail.example.test\n"
              << "queue: {hold: ['*']}\n"            // nothing leaves this machine
              << "sender_policy: {verify: false}\n"  // and there is no DNS to ask
              << "data_dir: " << data_dir() << "\n"
              << "listen: {addresses: [127.0.0.1], port_offset: " << port_offset << "}\n";
  if (geteuid() == 0) {
    if (const passwd* nobody = getpwnam("nobody")) give_to(*nobody, root_);
    config_file << "user: nobody\n";
  }
  bool has_limits = false;
  for (const auto& line : lines) {
    config_file << line << "\n";
    has_limits = has_limits || line.starts_with("limits:");
  }
  if (!has_limits) config_file << "limits: {free_space: 1MiB}\n";
}

Scratch::~Scratch() {
  fs::remove_all(root_);
}

std::string message_text(std::string_view name) {
  const fs::path path =
      fs::path(WAXWING_SOURCE_DIR) / "tests/transcripts/messages" / (std::string(name) + ".eml");
  std::ifstream file(path);
  if (!file) throw std::runtime_error("there is no message " + path.string());
  std::string text;
  for (std::string line; std::getline(file, line);) text += line + "\r\n";
  return text;
}

}  // namespace waxwing::transcripts
