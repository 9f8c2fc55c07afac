#include "config/settings.h"

namespace waxwing {

std::vector<Settings::Listener> Settings::default_ports() {
  using S = Listener::Service;
  using T = Listener::Tls;
  return {
      {25, S::Smtp, T::StartTls},        {26, S::Smtp, T::StartTls},
      {2025, S::Smtp, T::StartTls},      {2525, S::Smtp, T::StartTls},
      {587, S::Submission, T::StartTls}, {465, S::Submission, T::Implicit},
      {110, S::Pop3, T::StartTls},       {995, S::Pop3, T::Auto},
      {143, S::Imap, T::StartTls},       {993, S::Imap, T::Implicit},
  };
}

}  // namespace waxwing
