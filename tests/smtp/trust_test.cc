// Clients of trusted networks, and of this machine's Unix socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/smtp/world.h"

namespace waxwing::smtp {
namespace {

const std::string kAway = "MAIL FROM:<cron@lan.example>\r\nRCPT TO:<x@far.example>\r\n";

std::function<void(World&)> trusting(const char* network) {
  return [network](World& world) {
    world.settings.trusted_networks = {*IpNetwork::parse("10.0.0.0/8"), *IpNetwork::parse(network)};
  };
}

TEST(Trust, ANetworkMaySendAwayWithoutSigningIn) {
  EXPECT_EQ(codes(kHello + kAway, {.prepare = trusting("192.0.2.0/24")}), "250 250 250");
}

TEST(Trust, NobodyElseMay) {
  EXPECT_EQ(codes(kHello + kAway), "250 250 550");
  EXPECT_EQ(codes(kHello + kAway, {.prepare = trusting("192.0.3.0/24")}), "250 250 550");
}

TEST(Trust, IsForTheServiceSmtpOnly) {
  const auto on_submission = [](World& world) {
    trusting("192.0.2.0/24")(world);
    world.tls_first = true;
    world.peer.service = Service::Submission;
  };
  EXPECT_EQ(codes(kHello + kAway, {.prepare = on_submission}), "250 530 530");
}

TEST(Trust, StaysWhenTlsComes) {
  World world;
  trusting("192.0.2.0/24")(world);
  Talker client(world, Chunks::Whole);
  client.say(kHello + "STARTTLS\r\n");
  client.start_tls();
  EXPECT_EQ(codes_of(client.say(kHello + kAway)), "250 250 250");
}

TEST(Trust, HasNoLimitsForStrangers) {
  const auto prepare = [](World& world) {
    trusting("192.0.2.7")(world);
    world.settings.limits.messages_per_minute = 1;
    world.settings.limits.unknown_recipients_per_minute = 1;
  };
  std::string many = kHello;
  for (int i = 0; i < 3; ++i) many += "MAIL FROM:<>\r\nRCPT TO:<nobody@example.test>\r\nRSET\r\n";
  EXPECT_EQ(codes(many, {.prepare = prepare}), "250 250 550 250 250 550 250 250 550 250");
}

TEST(Trust, APeerOfTheUnixSocketIsTrusted) {
  const auto prepare = [](World& world) { world.peer.user_id = 1000; };
  EXPECT_EQ(codes(kHello + kAway, {.prepare = prepare}), "250 250 250");
  Peer peer;
  peer.user_id = 1000;
  EXPECT_EQ(peer.shown_address(), "unix:1000");
}

}  // namespace
}  // namespace waxwing::smtp
