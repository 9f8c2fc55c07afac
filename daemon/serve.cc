#include "daemon/serve.h"

#include <signal.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"
#include "config/load.h"
#include "daemon/capability_advice.h"
#include "daemon/commands.h"
#include "daemon/config_check.h"
#include "daemon/control.h"
#include "daemon/conversations.h"
#include "daemon/data_lock.h"
#include "daemon/dmarc_reporter.h"
#include "daemon/intake_sender.h"
#include "daemon/mail_cleaner.h"
#include "daemon/mail_router.h"
#include "daemon/outbound.h"
#include "daemon/sender_notices.h"
#include "daemon/server.h"
#include "daemon/service_user.h"
#include "daemon/systemd.h"
#include "daemon/tls_reporter.h"
#include "daemon/unbound_resolver.h"
#include "storage/disk.h"
#include "storage/shares.h"

namespace waxwing {

namespace {

constexpr std::chrono::minutes kReports{1};
constexpr std::chrono::minutes kFirstCleaning{1}, kCleaning{60};
// Messages whose senders are asked about at once; each may wait for seconds.
constexpr int kVerifiers = 32;

// A running daemon, its parts in the order in which they are made; they go in the opposite order.
class Daemon {
 public:
  explicit Daemon(std::string config) : config_(std::move(config)) {}
  ~Daemon();

  Outcome start();
  // Until a signal ends it. False when a command would not end.
  bool run();

 private:
  std::string run_line(std::string_view line);
  void reload();
  Outcome try_reload();
  Outcome start_outbound();
  Outcome start_verification();
  void stop();
  void watch();
  void look_for_reports();
  void clean();
  std::shared_ptr<const Settings> settings() const;
  void advise() const;

  const std::string config_;
  Systemd systemd_;
  mutable std::mutex settings_mutex_;  // guards the pointer: commands run on threads of their own
  std::shared_ptr<const Settings> settings_;
  std::optional<DataLock> lock_;
  std::unique_ptr<Stores> stores_;
  std::unique_ptr<Conversations> conversations_;
  Loop main_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<dns::Resolver> resolver_;
  std::optional<StoppableResolver> sender_resolver_;
  std::optional<PublicSuffixes> suffixes_;
  std::unique_ptr<StsPolicies> policies_;
  std::unique_ptr<MailRouter> router_;
  std::unique_ptr<SenderNotices> notices_;
  std::unique_ptr<TlsReporter> reporter_;
  std::unique_ptr<MailCleaner> cleaner_;
  std::unique_ptr<DmarcReporter> dmarc_reporter_;
  std::unique_ptr<Outbound> outbound_;
  std::optional<ControlServer> control_;
  std::optional<Event> terminate_, interrupt_, hang_up_, watchdog_, report_timer_, cleaning_timer_;
  bool stopping_ = false;
  std::atomic<bool> is_cleaning_ = false;
};

// Databases say of a full disk what the system call said that met it, which is not always that.
tl::unexpected<Error> without_stores(const Error& error, const std::string& data_dir) {
  constexpr std::uint64_t kNothing = 1 << 20;
  SystemDisk disk;
  const auto free = disk.free_space(data_dir);
  if (!free || *free >= kNothing) return fail(error);
  return fail(Error::Code::NoSpace,
              "no space is left where " + data_dir + " is: make room there (" + error.text + ")");
}

// Without its accounts all mail would be refused for good, and who has sent it would hear so.
Outcome check_directory(Directory& directory, const std::string& data_dir) {
  const auto domains = directory.domains();
  if (!domains) return fail(domains.error());
  if (!domains->empty()) return {};
  SystemDisk disk;
  bool has_mail = false;
  const std::string accounts = data_dir + "/accounts";
  (void)disk.list(accounts, [&](const Disk::Entry& domain) {
    if (!domain.is_directory) return;
    (void)disk.list(accounts + "/" + domain.name, [&](const Disk::Entry& account) {
      // What a domain had for all of its accounts may be left of it.
      const std::string address = address_of_folder(domain.name, account.name);
      has_mail = has_mail || (account.is_directory && !address.starts_with('@'));
    });
  });
  if (!has_mail) return {};
  return fail(Error::Code::NotFound,
              data_dir + "/directory.sqlite knows no domain, and there is mail in " + accounts +
                  ": restore directory.sqlite from the backup, or move that folder away");
}

Outcome Daemon::start() {
  auto loaded_settings = load_settings(config_);
  if (!loaded_settings) return fail(loaded_settings.error());
  settings_ = std::move(*loaded_settings);
  log.configure(settings_->log.level, settings_->log.format);
  be_discreet();
  // A session needs one, its open message another, and databases some.
  if (const auto files = raise_file_limit(); files < settings_->limits.connections + 1000) {
    log.warning("few-file-descriptors",
                {{"limit", files},
                 {"connections", settings_->limits.connections},
                 {"advice",
                  "raise the limit of open files (LimitNOFILE=, ulimit -n), or lower "
                  "limits.connections"}});
  }

  // What only root can do comes first: ports, and keys that only root may read.
  const auto user = find_service_user(settings_->user);
  if (!user) return fail(user.error());
  auto ports = inherited_ports(*settings_);
  std::vector<const BoundPort*> inherited;
  for (const BoundPort& port : ports) inherited.push_back(&port);
  auto bound = bind_ports(*settings_, inherited);
  if (!bound) return fail(bound.error());
  auto sockets = bind_sockets(*settings_, inherited, *user);
  if (!sockets) return fail(sockets.error());
  for (BoundPort& port : *bound) ports.push_back(std::move(port));
  for (BoundPort& socket : *sockets) ports.push_back(std::move(socket));
  std::shared_ptr<const Certificates> certificates;
  const auto load_certificates = [&]() -> Outcome {
    auto loaded = Certificates::load(*settings_);
    if (!loaded) return fail(loaded.error());
    certificates = std::move(*loaded);
    return {};
  };
  if (!settings_->certificates.empty())
    if (auto loaded = load_certificates(); !loaded) return loaded;
  if (auto prepared = prepare_data_dir(settings_->data_dir, *user); !prepared) return prepared;
  if (auto became = become(*user); !became) return became;

  auto lock = DataLock::take(settings_->data_dir);
  if (!lock) return fail(lock.error());
  lock_ = std::move(*lock);
  if (!certificates)  // self-signed: made in data_dir, by the user whose it is
    if (auto loaded = load_certificates(); !loaded) return loaded;
  auto stores = Stores::open(settings_);
  if (!stores) return without_stores(stores.error(), settings_->data_dir);
  stores_ = std::move(*stores);
  if (auto checked = check_directory(*stores_->directory, settings_->data_dir); !checked) {
    return checked;
  }
  advise();
  if (const auto space = stores_->store->check_space(); !space)
    log.warning("no mail is taken", {{"reason", space.error().text}});

  conversations_ = std::make_unique<Conversations>(*settings_, *stores_);
  Server::Parts parts{settings_, certificates, std::move(ports), conversations_->maker()};
  parts.lanes.network = kVerifiers;
  server_ = std::make_unique<Server>(main_, std::move(parts));
  conversations_->work_beside(server_->lanes());
  stores_->directory->on_revoked(
      [this](const std::string& account) { server_->kick_user(account); });
  if (auto started = start_outbound(); !started) return started;
  if (auto started = start_verification(); !started) return started;
  cleaner_ = std::make_unique<MailCleaner>(*stores_->directory, *stores_->store, stores_->clock);
  cleaning_timer_.emplace(main_, [this] { clean(); });
  cleaning_timer_->add(kFirstCleaning);
  auto control = ControlServer::open(settings_->data_dir,
                                     [this](std::string_view line) { return run_line(line); });
  if (!control) return fail(control.error());
  control_.emplace(std::move(*control));

  signal(SIGPIPE, SIG_IGN);
  terminate_.emplace(main_, Event::Kind::Signal, SIGTERM, [this] { stop(); });
  interrupt_.emplace(main_, Event::Kind::Signal, SIGINT, [this] { stop(); });
  hang_up_.emplace(main_, Event::Kind::Signal, SIGHUP, [this] { reload(); });
  for (auto* event : {&terminate_, &interrupt_, &hang_up_}) (*event)->add();
  if (const auto every = systemd_.watchdog()) {
    watchdog_.emplace(main_, [this] { watch(); });
    watchdog_->add(*every);
  }
  return {};
}

Outcome Daemon::start_outbound() {
  auto tls = TlsClient::make(settings_->outbound.ca_file);
  if (!tls) return fail(tls.error());
  auto resolver = UnboundResolver::open(settings_->dns);
  if (!resolver) return fail(resolver.error());
  resolver_ = std::move(*resolver);
  policies_ = std::make_unique<StsPolicies>(settings_, *resolver_, server_->lanes(),
                                            *stores_->policies, stores_->clock);
  router_ = std::make_unique<MailRouter>(settings_, *resolver_, *policies_, server_->lanes());
  notices_ = std::make_unique<SenderNotices>(settings_, *stores_->queue, conversations_->intake(),
                                             stores_->clock);
  conversations_->intake().notify_by(*notices_);
  const auto mail = [this](const std::string& id, const std::string& to, std::string_view text) {
    return conversations_->intake().send_report(id, to, text);
  };
  reporter_ = std::make_unique<TlsReporter>(TlsReporter::Parts{
      settings_, *stores_->tls_sessions, *resolver_, server_->lanes(), stores_->clock, mail});
  outbound_ = std::make_unique<Outbound>(
      Outbound::Parts{settings_,
                      *stores_->queue,
                      *notices_,
                      *stores_->trace,
                      *router_,
                      server_->lanes(),
                      stores_->clock,
                      std::move(*tls),
                      {},
                      [this](TlsSession session) { reporter_->note(std::move(session)); }});
  report_timer_.emplace(main_, [this] { look_for_reports(); });
  report_timer_->add(kReports);
  return {};
}

Outcome Daemon::start_verification() {
  auto suffixes = PublicSuffixes::open();
  if (!suffixes) return fail(suffixes.error());
  suffixes_.emplace(*std::move(suffixes));
  sender_resolver_.emplace(*resolver_);
  const auto mail = [this](const std::string& id, const std::string& to, std::string_view text) {
    return conversations_->intake().send_report(id, to, text);
  };
  dmarc_reporter_ = std::make_unique<DmarcReporter>(
      DmarcReporter::Parts{settings_, *stores_->dmarc_counts, *sender_resolver_, *suffixes_,
                           server_->lanes(), stores_->clock, mail});
  const auto note = [this](const SentMessage& sent, const SenderVerdicts& found,
                           const SenderDecision& decision) {
    dmarc_reporter_->note(sent, found, decision);
  };
  conversations_->intake().add(sender_check({*sender_resolver_, stores_->clock, *suffixes_, note}));
  return {};
}

Daemon::~Daemon() {
  control_.reset();  // its commands use the server
  if (outbound_) {
    outbound_->stop();
    outbound_->join(std::chrono::milliseconds(0));
  }
  resolver_.reset();  // its last answers go by the router to the loop of the outbound
  outbound_.reset();
  server_.reset();
}

bool Daemon::run() {
  log.info("start", {{"hostname", settings_->hostname}, {"ports", settings_->ports.size()}});
  std::puts("ready");
  std::fflush(stdout);
  systemd_.ready("Serving mail for " + settings_->hostname);
  main_.run();
  control_.reset();
  // An answer that is not waited for means a message that goes out twice.
  const bool all_settled = outbound_->join(std::chrono::seconds(30));
  return server_->join(std::chrono::seconds(5)) && all_settled;
}

std::string Daemon::run_line(std::string_view line) {
  const auto request = nlohmann::json::parse(line, nullptr, false);
  World world{*stores_->directory,
              *stores_->store,
              *stores_->queue,
              stores_->trace.get(),
              [this] { return server_->sessions(); },
              [this](const std::string& session) { return server_->kick(session); },
              [this] { return outbound_->destinations(); },
              [this](const std::string& destination) { outbound_->try_now(destination); }};
  world.tls_sessions = stores_->tls_sessions.get();
  world.settings = settings();
  world.send_tls_report = [this](const std::string& domain) { return reporter_->send_now(domain); };
  world.dmarc_counts = stores_->dmarc_counts.get();
  world.send_dmarc_report = [this](const std::string& domain) {
    return dmarc_reporter_->send_now(domain);
  };
  const Answer answer = run_command(world, request);
  log.info("command", {{"command", text_of(request, "command")}, {"status", answer.status}});
  return encode(answer);
}

std::shared_ptr<const Settings> Daemon::settings() const {
  const std::lock_guard guard(settings_mutex_);
  return settings_;
}

void Daemon::reload() {
  if (stopping_) return;
  systemd_.reloading();
  if (auto reloaded = try_reload(); !reloaded) {
    log.error("reload-refused", {{"reason", reloaded.error().text}});
  } else {
    log.info("reloaded", {{"file", config_}});
  }
  systemd_.ready("Serving mail for " + settings_->hostname);
}

Outcome Daemon::try_reload() {
  auto loaded = load_settings(config_);
  if (!loaded) return fail(loaded.error());
  const std::shared_ptr<const Settings> settings = std::move(*loaded);
  const std::pair<const char*, bool> fixed[] = {
      {"data_dir", settings->data_dir == settings_->data_dir},
      {"user", settings->user == settings_->user},
      {"hostname", settings->hostname == settings_->hostname},
      {"durability", settings->durability == settings_->durability},
      {"limits.free_space", settings->limits.free_space == settings_->limits.free_space},
      {"limits.message_size", settings->limits.message_size == settings_->limits.message_size},
      {"search.index", settings->search.index == settings_->search.index},
      {"queue.delay_notice", settings->queue.delay_notice == settings_->queue.delay_notice},
      {"dns", settings->dns.servers == settings_->dns.servers &&
                  settings->dns.anchor == settings_->dns.anchor &&
                  settings->dns.anchor_file == settings_->dns.anchor_file}};
  for (const auto& [key, is_same] : fixed)
    if (!is_same)
      return fail(Error::Code::Invalid, config_ + ": " + key +
                                            " cannot change while the server runs: restart it, "
                                            "or put the old value back");
  auto tls = TlsClient::make(settings->outbound.ca_file);
  if (!tls) return fail(tls.error());
  if (auto outcome = server_->reload(settings); !outcome) return outcome;
  {
    const std::lock_guard guard(settings_mutex_);
    settings_ = settings;
  }
  log.configure(settings_->log.level, settings_->log.format);
  advise();
  conversations_->use(*settings_);
  policies_->use(settings_);
  router_->use(settings_);
  notices_->use(settings_);
  reporter_->use(settings_);
  dmarc_reporter_->use(settings_);
  outbound_->use(settings_, std::move(*tls));
  return stores_->queue->reroute(
      [settings](const std::string& address) { return next_hop(*settings, address); });
}

void Daemon::stop() {
  if (std::exchange(stopping_, true)) return;
  systemd_.stopping();
  log.info("stop", {{"sessions", server_->count()}});
  outbound_->stop();
  policies_->stop();
  reporter_->stop();
  cleaner_->stop();
  dmarc_reporter_->stop();
  sender_resolver_->stop();
  server_->stop([this] { main_.stop(); });
}

void Daemon::look_for_reports() {
  reporter_->look();
  dmarc_reporter_->look();
  report_timer_->add(kReports);
}

void Daemon::clean() {
  // One that is still at it, or lanes that are full, leave it to the next hour.
  if (!is_cleaning_.exchange(true)) {
    const bool begun = server_->lanes()
                           .submit(Lane::Storage,
                                   [this] {
                                     cleaner_->run();
                                     is_cleaning_ = false;
                                   })
                           .has_value();
    if (!begun) is_cleaning_ = false;
  }
  cleaning_timer_->add(kCleaning);
}

// A loop that no longer turns over serves nobody: then systemd hears nothing, and restarts us.
void Daemon::watch() {
  if (server_->is_alive()) systemd_.alive();
  watchdog_->add(*systemd_.watchdog());
}

// What is no mistake in itself, and hardly meant.
void Daemon::advise() const {
  for (const auto& each : all_advice_on(*settings_))
    log.warning("configuration", {{"advice", each}});
  for (const auto& each : unreadable_passwords(*settings_))
    log.warning("configuration", {{"advice", each}});
  for (const auto& relay : settings_->relay) {
    if (!relay.accept) continue;
    for (const auto& domain : relay.domains) {
      if (!stores_->directory->is_local_domain(domain).value_or(false)) continue;
      log.warning(
          "configuration",
          {{"advice", "relay: " + domain +
                          " is set up here as well, so its mail stays here and the relay "
                          "gets none: take it out of relay.domains, or remove the domain"}});
    }
  }
}

}  // namespace

int serve(const std::string& config) {
  Daemon daemon(config);
  if (auto started = daemon.start(); !started) {
    std::fprintf(stderr, "waxwing: %s\n", started.error().text.c_str());
    return 1;
  }
  if (daemon.run()) return 0;
  // A worker hangs in a system call. What was acknowledged is on the disk; waiting helps nobody.
  log.error("stop-forced");
  std::_Exit(1);
}

}  // namespace waxwing
