// How mail that waits for a destination leaves it unsent: nobody takes it, nobody can be reached,
// or this server stops.
#include <algorithm>
#include <utility>

#include "base/log.h"
#include "daemon/destination.h"
#include "daemon/retry_times.h"

namespace waxwing {

// No mail goes there, ever: said to all that is queued.  RFC 7505; RFC 5321 section 5.1
void Destination::settle_hopeless() {
  Loads failed;
  while (!loads_.empty()) {
    loads_.front()->note_rest(route_.trouble, "", now(), 0);
    failed.push_back(std::move(loads_.front()));
    loads_.pop_front();
  }
  host_.settle(std::move(failed));
  look_for_more();
}

// None of the servers has what these messages demand: it is over with them. The DNS is asked anew
// for the next.  RFC 8689 section 4.2.1
void Destination::refuse_all() {
  Loads all;
  while (!loads_.empty()) {
    loads_.front()->note_rest({550, "5.7.30", "REQUIRETLS support required: " + trouble_.text},
                              trouble_host_, now(), 0);
    all.push_back(std::move(loads_.front()));
    loads_.pop_front();
  }
  route_until_.reset();
  host_.settle(std::move(all));
  look_for_more();
}

// None of the servers can be reached.
void Destination::give_up() {
  const auto is_unfit = [](const Candidate& candidate) { return candidate.is_unfit; };
  if (!candidates_.empty() && std::all_of(candidates_.begin(), candidates_.end(), is_unfit))
    return refuse_all();
  const auto settings = host_.settings();
  ++failures_;
  const auto pause =
      retry_after(failures_, settings->queue.retry_min, settings->queue.retry_max, host_.random);
  down_until_ = Clock_::now() + pause;
  route_until_.reset();
  log.info("destination-down", {{"destination", name_},
                                {"host", trouble_host_},
                                {"reply", trouble_.text},
                                {"seconds", pause.count()}});
  Loads all;
  while (!loads_.empty()) {
    loads_.front()->note_rest(trouble_, trouble_host_, now(),
                              std::max(next_try(*loads_.front()), now() + pause.count()));
    all.push_back(std::move(loads_.front()));
    loads_.pop_front();
  }
  host_.settle(std::move(all));
  arm();
}

void Destination::stop() {
  is_stopping_ = true;
  Loads back;
  const auto give_back = [&](std::unique_ptr<OutboundLoad> load) {
    load->give_back = load->events.empty();
    // Who has had an answer keeps it.
    if (!load->give_back)
      load->note_rest({0, "4.3.2", "this server was stopped"}, "", now(), now());
    back.push_back(std::move(load));
  };
  while (!loads_.empty()) {
    give_back(std::move(loads_.front()));
    loads_.pop_front();
  }
  for (std::size_t i = lines_.size(); i-- > 0;) {
    Line& line = *lines_[i];
    const bool is_waited_for =
        line.state == Line::State::Busy && line.connection->client().is_in_doubt();
    if (is_waited_for || line.state == Line::State::Idle || line.state == Line::State::Quitting)
      continue;
    if (line.load) give_back(std::move(line.load));
    end(line);
  }
  quit_idle();
  host_.settle(std::move(back));
}

void Destination::abort() {
  Loads back;
  for (std::size_t i = lines_.size(); i-- > 0;) {
    Line& line = *lines_[i];
    if (line.load) {
      line.load->note_rest({0, "4.3.2", "this server was stopped"}, "", now(), now());
      back.push_back(std::move(line.load));
    }
    end(line);
  }
  host_.settle(std::move(back));
}

}  // namespace waxwing
