// The HTTP routes of contracts/openapi.yaml and the signalling socket: requests in, use cases on the app
// thread, answers out. It decodes and encodes; it decides nothing. Route functions run on the transport's
// threads and post.
#pragma once

#include <memory>
#include <string>

#include "app/accounts.h"
#include "app/audit_views.h"
#include "app/live_meetings.h"
#include "app/meetings.h"
#include "app/recordings.h"
#include "http/rate_limiter.h"
#include "http/router.h"
#include "runtime/executor.h"

namespace parlour::api {

struct UseCases {
  app::Context& context;
  app::Accounts& accounts;
  app::Meetings& meetings;
  app::Guests& guests;
  app::LiveMeetings& live;
  app::Recordings& recordings;
  app::AuditViews& audit;
  std::string version;
  std::string log_key;  // verifier key text
  std::string
      copy_page;  // the page that goes with a download, with a mark where the recording's facts belong
};

class Api {
 public:
  // Both outlive the server. `base_origin` as browsers write it.
  Api(UseCases cases, runtime::Executor& executor, std::string base_origin);
  ~Api();
  void add_routes(http::Router& router);
  void set_log_key(std::string log_key);  // app thread; known once the vault has said it

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace parlour::api
