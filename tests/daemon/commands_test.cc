#include "daemon/commands.h"

#include <gtest/gtest.h>

#include <map>

#include "auth/credentials.h"
#include "auth/directory.h"
#include "auth/domain_keys.h"
#include "auth/password_hash.h"
#include "tests/daemon/house.h"

namespace waxwing::test {
namespace {

// Remembers what was done to it.
class StoreWithoutMail final : public Store {
 public:
  Result<std::shared_ptr<Account>> account(std::string_view) override {
    return fail(Error::Code::Temporary, "no mail here");
  }
  Outcome remove_account(std::string_view address) override {
    if (address.starts_with("nobody")) return fail(Error::Code::NotFound, "no folder");
    done += "remove " + std::string(address) + "\n";
    return {};
  }
  Outcome rename_account(std::string_view from, std::string_view to) override {
    if (refuses_rename) return fail(Error::Code::NoSpace, "the disk is full");
    done += "rename " + std::string(from) + " " + std::string(to) + "\n";
    return {};
  }
  Result<std::unique_ptr<Staged>> stage(std::uint64_t) override {
    return fail(Error::Code::Temporary, "no mail here");
  }
  Outcome check_space() override { return {}; }
  bool knows_space() const override { return false; }
  Outcome check_room(std::string_view, std::uint64_t) override { return {}; }
  Result<std::vector<Delivered>> deliver(Staged&, std::string_view, std::span<const Target>,
                                         Outgoing*) override {
    return fail(Error::Code::Temporary, "no mail here");
  }
  Result<Verdict> verify(std::string_view) override { return Verdict{3, findings}; }
  Outcome rebuild(std::string_view address) override {
    done += "rebuild " + std::string(address) + "\n";
    return {};
  }
  void close() override {}

  std::string done;
  std::vector<std::string> findings;
  bool refuses_rename = false;
};

class Commands : public ::testing::Test {
 protected:
  Commands() {
    auto opened = Directory::open(folder_.path("directory.sqlite"), clock_);
    if (opened) directory_ = std::move(*opened);
  }
  Answer run(Request request) {
    World world{*directory_, store_, *queue_, nullptr, who_, kick_, destinations_};
    world.settings = settings_;
    return run_command(world, request);
  }
  std::string text(Request request) { return run(std::move(request)).text; }
  void add_alice() {
    run({{"command", "domain add"}, {"domain", "example.test"}});
    run({{"command", "account add"}, {"address", "alice@example.test"}, {"password", "secret"}});
  }

  bool is_password(const std::string& address, std::string_view password) {
    const auto known = directory_->credentials().find(address);
    return known && matches(known->hash, password).value_or(false);
  }

  static std::shared_ptr<const Settings> make_settings(const Folder& folder) {
    auto settings = std::make_shared<Settings>();
    settings->hostname = "mail.example.test";
    settings->data_dir = folder.path();
    return settings;
  }

  Folder folder_;
  SystemClock clock_;
  std::shared_ptr<const Settings> settings_ = make_settings(folder_);
  std::unique_ptr<Directory> directory_;
  std::unique_ptr<Queue> queue_ = make_queue(folder_, clock_);
  StoreWithoutMail store_;
  std::function<std::vector<SessionSummary>()> who_;
  std::function<std::size_t(const std::string&)> kick_;
  std::function<std::vector<Destination::Summary>()> destinations_;
};

TEST_F(Commands, KeepDomains) {
  EXPECT_EQ(run({{"command", "domain add"}, {"domain", "example.test"}}).status, 0);
  EXPECT_EQ(text({{"command", "domain list"}}), "example.test");
  EXPECT_EQ(run({{"command", "domain list"}}).result, nlohmann::json({"example.test"}));
  EXPECT_EQ(run({{"command", "domain remove"}, {"domain", "example.test"}}).status, 0);
  EXPECT_EQ(text({{"command", "domain list"}}), "");
}

TEST_F(Commands, MakeKeysWithADomain) {
  run({{"command", "domain add"}, {"domain", "example.test"}});
  const auto keys = run({{"command", "domain keys"}, {"domain", "EXAMPLE.test"}});
  ASSERT_EQ(keys.result.size(), 2u) << keys.text;
  EXPECT_EQ(keys.result[0]["algorithm"], "ed25519-sha256");
  EXPECT_EQ(keys.result[1]["algorithm"], "rsa-sha256");
  const auto selector = keys.result[0]["selector"].get<std::string>();
  EXPECT_EQ(keys.result[0]["name"], selector + "._domainkey.example.test");
  EXPECT_EQ(keys.result[0]["state"], "active");
  EXPECT_NE(keys.text.find(selector + "  ed25519-sha256  active"), std::string::npos) << keys.text;
}

TEST_F(Commands, GiveKeysToADomainThatIsOlderThanThey) {
  ASSERT_TRUE(directory_->add_domain("old.test"));
  EXPECT_TRUE(directory_->keys().signing("old.test")->empty());
  EXPECT_EQ(run({{"command", "domain keys"}, {"domain", "old.test"}}).result.size(), 2u);
  EXPECT_EQ(directory_->keys().signing("old.test")->size(), 2u);
}

TEST_F(Commands, RotateKeys) {
  run({{"command", "domain add"}, {"domain", "example.test"}});
  const auto ask = [&](const std::string& what, const std::string& selector = "") {
    return run(
        {{"command", "domain keys" + what}, {"domain", "example.test"}, {"selector", selector}});
  };
  const auto first = ask("").result[1]["selector"].get<std::string>();
  EXPECT_EQ(ask(" activate").text,
            "example.test has no next keys: `waxwing domain keys example.test rotate` makes some");
  const auto rotated = ask(" rotate");
  EXPECT_EQ(rotated.status, 0);
  ASSERT_EQ(rotated.result.size(), 2u);
  for (const auto& key : rotated.result) {
    EXPECT_EQ(key["state"], "next");
    EXPECT_NE(rotated.text.find(key["name"].get<std::string>() + ". 3600 IN TXT \"v=DKIM1;"),
              std::string::npos)
        << rotated.text;
  }
  EXPECT_EQ(ask(" rotate").status, 1);
  EXPECT_EQ(ask(" remove", first).status, 1) << "it signs";
  const auto activated = ask(" activate");
  EXPECT_EQ(activated.status, 0);
  EXPECT_EQ(activated.result.size(), 4u);
  EXPECT_EQ(ask(" remove", first).text, "the key " + first + " is gone: take " + first +
                                            "._domainkey.example.test out of the DNS");
  EXPECT_EQ(ask("").result.size(), 3u);
}

TEST_F(Commands, TakeKeysOver) {
  run({{"command", "domain add"}, {"domain", "example.test"}});
  const auto key = dkim::PrivateKey::generate(dkim::KeyType::Rsa);
  Request request = {{"command", "domain keys import"},
                     {"domain", "example.test"},
                     {"selector", "default"},
                     {"pem", key.to_pem()}};
  const auto answer = run(request);
  EXPECT_EQ(answer.status, 0) << answer.text;
  EXPECT_EQ(answer.result[0]["record"], key.record());
  EXPECT_EQ(answer.text.find("PRIVATE"), std::string::npos);
  EXPECT_EQ(answer.result.dump().find("PRIVATE"), std::string::npos);
  EXPECT_EQ(text(request),
            "example.test has a key default: remove it first, or choose another selector");
  request["pem"] = "nothing";
  EXPECT_EQ(text(request), "this is no private key in PEM");
}

TEST_F(Commands, PrintRecordsForADomain) {
  run({{"command", "domain add"}, {"domain", "example.test"}});
  const auto answer = run({{"command", "domain dns"}, {"domain", "example.test"}});
  EXPECT_EQ(answer.status, 0) << answer.text;
  EXPECT_NE(answer.text.find("\nexample.test. 3600 IN MX 10 mail.example.test.\n"),
            std::string::npos);
  std::map<std::string, int> types;
  for (const auto& record : answer.result) ++types[record["type"].get<std::string>()];
  EXPECT_EQ(types, (std::map<std::string, int>{{"MX", 1}, {"SRV", 6}, {"TLSA", 1}, {"TXT", 7}}));
  EXPECT_EQ(text({{"command", "domain dns"}, {"domain", "far.test"}}),
            "there is no domain far.test here: `waxwing domain list` shows those that there are");
}

TEST_F(Commands, SayWhatToDoAboutAMistake) {
  EXPECT_EQ(text({{"command", "domain remove"}, {"domain", "none.test"}}),
            "there is no domain none.test: `waxwing domain list` shows those that there are");
  const Answer lonely =
      run({{"command", "account add"}, {"address", "a@none.test"}, {"password", "secret"}});
  EXPECT_EQ(lonely.status, 1);
  EXPECT_EQ(lonely.text,
            "there is no domain none.test here: add it first with `waxwing domain add`");
  add_alice();
  EXPECT_EQ(text({{"command", "domain remove"}, {"domain", "example.test"}}),
            "example.test still has accounts or aliases: remove these first");
  EXPECT_EQ(text({{"command", "account passwd"}, {"address", "bob@example.test"}}).find("secret"),
            std::string::npos);
}

TEST_F(Commands, KeepAccounts) {
  add_alice();
  EXPECT_EQ(text({{"command", "account list"}}), "alice@example.test  enabled  pop3=on");
  EXPECT_EQ(run({{"command", "account disable"}, {"address", "alice@example.test"}}).status, 0);
  EXPECT_EQ(
      run({{"command", "account pop3"}, {"address", "alice@example.test"}, {"policy", "keep"}})
          .status,
      0);
  EXPECT_EQ(run({{"command", "account quota"}, {"address", "alice@example.test"}, {"size", "2GiB"}})
                .status,
            0);
  const auto all = run({{"command", "account list"}}).result;
  EXPECT_EQ(all[0]["enabled"], false);
  EXPECT_EQ(all[0]["pop3"], "keep");
  EXPECT_EQ(all[0]["quota"], 2ull << 30);
  EXPECT_EQ(all[0]["quota_messages"], 0);
  EXPECT_EQ(
      run({{"command", "account quota"}, {"address", "alice@example.test"}, {"size", "2 cows"}})
          .status,
      2);
  const auto refer = [&](const char* url) {
    return run({{"command", "account referral"}, {"address", "alice@example.test"}, {"url", url}});
  };
  EXPECT_EQ(refer("imap://alice@mail.example.net").result["referral"],
            "imap://alice@mail.example.net/");
  EXPECT_NE(refer("mail.example.net").status, 0);
  EXPECT_EQ(text({{"command", "account referral"}, {"address", "alice@example.test"}}),
            "IMAP clients of alice@example.test are sent to imap://alice@mail.example.net/");
  EXPECT_EQ(refer("none").result["referral"], "");
  EXPECT_EQ(run({{"command", "account remove"}, {"address", "Alice@Example.TEST"}}).status, 0);
  EXPECT_EQ(store_.done, "remove alice@example.test\n");
  EXPECT_EQ(text({{"command", "account list"}}), "");
}

TEST_F(Commands, RemoveMailThatAnEarlierRemovalLeft) {
  EXPECT_EQ(run({{"command", "account remove"}, {"address", "Left@Example.TEST"}}).status, 0);
  EXPECT_EQ(store_.done, "remove left@example.test\n");
  EXPECT_NE(run({{"command", "account remove"}, {"address", "nobody@example.test"}}).status, 0);
}

TEST_F(Commands, RenameMailAndAccountTogetherOrNeither) {
  add_alice();
  const Request rename = {{"command", "account rename"},
                          {"address", "alice@example.test"},
                          {"to", "anna@example.test"}};
  store_.refuses_rename = true;
  EXPECT_EQ(text(rename), "the disk is full");
  EXPECT_TRUE(directory_->account("alice@example.test"));
  store_.refuses_rename = false;
  EXPECT_EQ(run(rename).status, 0);
  EXPECT_EQ(store_.done, "rename alice@example.test anna@example.test\n");
  EXPECT_TRUE(directory_->account("anna@example.test"));
}

TEST_F(Commands, ImportManyAccountsAndNameTheLinesLeftOut) {
  run({{"command", "domain add"}, {"domain", "example.test"}});
  const Answer answer = run({{"command", "account import"},
                             {"lines",
                              "# people\nalice@example.test:{PLAIN}with:colon\n\n"
                              "bob@example.test\ncarol@example.test:{ROT13}frperg:1000:1000\n"}});
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.result["added"], 1);
  ASSERT_EQ(answer.result["troubles"].size(), 2u);
  EXPECT_EQ(answer.result["troubles"][0], "line 4: there is no colon between address and password");
  EXPECT_EQ(std::string(answer.result["troubles"][1]).find("line 5: "), 0u);
}

TEST_F(Commands, ImportThePasswordOfAPasswdFilesLineAlone) {
  run({{"command", "domain add"}, {"domain", "example.test"}});
  const Answer answer =
      run({{"command", "account import"},
           {"lines",
            "alice@example.test:{PLAIN}secret:5000:5000::/var/mail/alice::userdb_quota=1G\n"
            "bob@example.test:{PLAIN}secret::::::\n"
            "carol@example.test:{PLAIN}se:cr:et:1:2\n"}});
  EXPECT_EQ(answer.result["added"], 3);
  EXPECT_TRUE(is_password("alice@example.test", "secret"));
  EXPECT_TRUE(is_password("bob@example.test", "secret"));
  EXPECT_TRUE(is_password("carol@example.test", "se:cr:et:1:2"));
}

TEST_F(Commands, SayWhichAliasesLeadToNobody) {
  add_alice();
  const Answer added = run({{"command", "alias add"},
                            {"address", "info@example.test"},
                            {"targets", {"alice@example.test", "nobody@example.test"}}});
  EXPECT_EQ(added.status, 0);
  EXPECT_NE(added.text.find("\nnobody@example.test is nobody here"), std::string::npos);
  EXPECT_EQ(added.text.find("\nalice@example.test"), std::string::npos);
  EXPECT_NE(text({{"command", "account remove"}, {"address", "alice@example.test"}})
                .find("\nthe alias info@example.test still leads to alice@example.test, which is "
                      "nobody from now on"),
            std::string::npos);
  const Answer star = run({{"command", "alias add"},
                           {"address", "*@example.test"},
                           {"targets", {"alice@example.test"}}});
  EXPECT_EQ(star.status, 2);
  EXPECT_NE(star.text.find("write @example.test"), std::string::npos);
}

TEST_F(Commands, SayHowARenamedAccountKeepsItsMail) {
  add_alice();
  run({{"command", "alias add"},
       {"address", "info@example.test"},
       {"targets", {"alice@example.test"}}});
  const Request rename = {{"command", "account rename"},
                          {"address", "alice@example.test"},
                          {"to", "anna@example.test"}};
  EXPECT_EQ(text(rename),
            "account alice@example.test is now anna@example.test\n"
            "the alias info@example.test still leads to alice@example.test, which is nobody from "
            "now on\n"
            "mail to alice@example.test is refused from now on: `waxwing alias add "
            "alice@example.test anna@example.test` keeps it");
  run({{"command", "alias add"}, {"address", "@example.test"}, {"targets", {"anna@example.test"}}});
  const Request again = {
      {"command", "account rename"}, {"address", "anna@example.test"}, {"to", "anne@example.test"}};
  EXPECT_EQ(text(again).find("is refused"), text(again).npos);
}

TEST_F(Commands, SayWhereAnAliasLedBefore) {
  add_alice();
  const auto lead_to = [&](const char* target) {
    return text(
        {{"command", "alias add"}, {"address", "Info@example.test"}, {"targets", {target}}});
  };
  EXPECT_EQ(lead_to("else@where.test"), "alias Info@example.test leads to else@where.test");
  EXPECT_EQ(lead_to("alice@example.test"),
            "alias Info@example.test leads to alice@example.test and no longer to what it led to "
            "before, else@where.test");
  EXPECT_EQ(lead_to("alice@example.test"), "alias Info@example.test leads to alice@example.test");
}

TEST_F(Commands, TellALoopOfAliasesFromAnAddressThatIsMissing) {
  add_alice();
  const auto add = [&](const char* address, const char* target) {
    return text({{"command", "alias add"}, {"address", address}, {"targets", {target}}});
  };
  add("loop1@example.test", "loop2@example.test");
  EXPECT_EQ(add("loop2@example.test", "loop1@example.test"),
            "alias loop2@example.test leads to loop1@example.test\nloop1@example.test and "
            "loop2@example.test lead to each other and to nobody, so nothing arrives there");
  EXPECT_EQ(add("other@example.test", "loop1@example.test"),
            "alias other@example.test leads to loop1@example.test\nloop1@example.test is an alias "
            "that leads to nobody, so nothing arrives there");
  EXPECT_EQ(add("self@example.test", "self@example.test"),
            "alias self@example.test leads to self@example.test\nself@example.test leads to itself "
            "and to nobody, so nothing arrives there");
}

TEST_F(Commands, ShowHabitsThatTheyAreNotAskedToChange) {
  add_alice();
  const auto ask = [&](const char* command, const char* key, const char* value) {
    Request request = {{"command", command}, {"address", "alice@example.test"}};
    if (*key != 0) request[key] = value;
    return run(request);
  };
  const std::string never = "of alice@example.test, Trash is emptied never, Junk never";
  EXPECT_EQ(ask("account clean", "", "").text, never);
  EXPECT_EQ(ask("account clean", "trash", "30").text,
            "of alice@example.test, Trash is emptied after 30 days, Junk never");
  EXPECT_EQ(ask("account clean", "", "").result["trash_days"], 30);
  EXPECT_EQ(ask("account clean", "trash", "0").text, never);
  EXPECT_EQ(ask("account limits", "", "").text,
            "alice@example.test may write to as many recipients elsewhere as the server allows in "
            "an hour and to as many recipients elsewhere as the server allows in a day");
  EXPECT_EQ(ask("account limits", "day", "7").status, 0);
  EXPECT_EQ(ask("account limits", "hour", "none").text,
            "alice@example.test may write to any number of recipients elsewhere in an hour and to "
            "7 recipients elsewhere in a day");
  EXPECT_EQ(ask("account limits", "", "").result["sends_per_day"], 7);
}

TEST_F(Commands, HideOnlyCapabilitiesThatThereAre) {
  add_alice();
  const auto hide = [&](const char* names) {
    return run({{"command", "account hide"},
                {"address", "alice@example.test"},
                {"capabilities", names}})
        .status;
  };
  EXPECT_EQ(hide("NOTIFY,compress=deflate,AUTH=PLAIN,thread"), 0);
  EXPECT_EQ(hide("none"), 0);
  for (const char* wrong : {"NOTFY", "NOTIFY,", "NOTIFY MOVE", "IMAP4rev1", ""}) {
    EXPECT_EQ(hide(wrong), 2) << wrong;
  }
}

TEST_F(Commands, KeepAliases) {
  add_alice();
  EXPECT_EQ(run({{"command", "alias add"},
                 {"address", "info@example.test"},
                 {"targets", {"alice@example.test", "else@where.test"}}})
                .status,
            0);
  EXPECT_EQ(text({{"command", "alias list"}}),
            "info@example.test  alice@example.test, else@where.test");
  EXPECT_EQ(run({{"command", "alias remove"}, {"address", "info@example.test"}}).status, 0);
  EXPECT_EQ(run({{"command", "alias remove"}, {"address", "info@example.test"}}).status, 1);
}

TEST_F(Commands, TellWhatVerifyFound) {
  add_alice();
  const Request verify = {{"command", "mailbox verify"}, {"address", "alice@example.test"}};
  EXPECT_EQ(text(verify), "3 messages, all is well");
  store_.findings = {"INBOX: message 7 has no file"};
  const Answer answer = run(verify);
  EXPECT_EQ(answer.status, 1);
  EXPECT_EQ(answer.text, "3 messages, 1 findings:\nINBOX: message 7 has no file");
}

TEST_F(Commands, ShowAndEndSessions) {
  EXPECT_EQ(text({{"command", "who"}}), "the server is not running, so there are no sessions");
  who_ = [] {
    SessionSummary session;
    session.id = "7";
    session.service = "imap";
    session.address = "192.0.2.9";
    session.user = "alice@example.test";
    session.tls = "TLSv1.3";
    session.port = 993;
    return std::vector{session};
  };
  kick_ = [](const std::string& session) -> std::size_t { return session == "7" ? 1 : 0; };
  EXPECT_EQ(text({{"command", "who"}}),
            "SESSION  SINCE                 SERVICE  PORT  ADDRESS    TLS      ACCOUNT\n"
            "7        1970-01-01T00:00:00Z  imap     993   192.0.2.9  TLSv1.3  "
            "alice@example.test");
  EXPECT_EQ(run({{"command", "kick"}, {"session", "7"}}).status, 0);
  EXPECT_EQ(run({{"command", "kick"}, {"session", "8"}}).status, 1);
}

TEST_F(Commands, RefuseWhatTheyDoNotKnow) {
  for (const Request& request :
       {Request(), Request("text"), Request{{"command", 7}}, Request{{"command", "no such"}}})
    EXPECT_EQ(run(request).status, 2);
}

TEST(Answers, SurviveTheWayThroughTheSocket) {
  const Answer answer{1, "two\nlines", {{"a", 1}}};
  const std::string line = encode(answer);
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const Answer back = decode_answer(line);
  EXPECT_EQ(back.status, 1);
  EXPECT_EQ(back.text, answer.text);
  EXPECT_EQ(back.result, answer.result);
  EXPECT_EQ(decode_answer("half {").status, 1);
}

}  // namespace
}  // namespace waxwing::test
