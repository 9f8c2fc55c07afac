#include "storage/spooling.h"

#include "base/log.h"

namespace waxwing {

Spooling::Spooling(StoreContext& context, Store::Outgoing& outgoing)
    : context_(context),
      outgoing_(outgoing),
      message_path_(outgoing.queue.message_path(outgoing.envelope.id)),
      envelope_path_(outgoing.queue.envelope_path(outgoing.envelope.id)) {}

Spooling::~Spooling() {
  if (has_envelope_) (void)context_.disk.remove(envelope_path_);
  if (has_message_) (void)context_.disk.remove(message_path_);
}

void Spooling::describe(std::uint64_t own, std::uint64_t size) {
  outgoing_.envelope.skip = own + outgoing_.skip;
  outgoing_.envelope.size = size - outgoing_.skip;
}

Outcome Spooling::write_envelope() {
  const std::string path =
      context_.staging_folder() + "/" + context_.names.next(context_.clock.now());
  auto file = context_.disk.open(path, Disk::Mode::Create);
  if (!file) return fail(file.error());
  envelope_ = std::move(*file);
  auto done = context_.disk.write(envelope_, print_envelope(outgoing_.envelope));
  if (done) done = context_.disk.rename(path, envelope_path_);
  if (done) {
    has_envelope_ = true;
  } else {
    (void)context_.disk.remove(path);
  }
  return done;
}

Outcome Spooling::sync() {
  if (auto done = context_.disk.sync(envelope_); !done) return done;
  if (!context_.sync_directories) return {};
  return context_.disk.sync_directory(envelope_path_.substr(0, envelope_path_.rfind('/')));
}

void Spooling::publish() {
  has_message_ = has_envelope_ = false;
  if (auto done = outgoing_.queue.add(outgoing_.envelope); !done) {
    log.error("message waits for the next start",
              {{"id", outgoing_.envelope.id}, {"reason", done.error().text}});
  }
}

}  // namespace waxwing
