#include "protocols/policy.h"

namespace waxwing {

bool may_send_password(const Settings& settings, const Peer& peer, bool encrypted) {
  if (encrypted) return true;
  if (peer.service == Service::Submission || peer.only_starttls) return false;
  switch (settings.plaintext_auth) {
    case Settings::PlaintextAuth::Never: return false;
    case Settings::PlaintextAuth::Loopback: return peer.address.is_loopback();
    case Settings::PlaintextAuth::Always: return true;
  }
  return false;
}

}  // namespace waxwing
