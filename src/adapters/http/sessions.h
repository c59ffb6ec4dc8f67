// How the listener and the two kinds of session hand a connection on. Internal to adapters/http.
#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "state.h"
#include "stream.h"

namespace parlour::http {

using UpgradeRequest = boost::beast::http::request<boost::beast::http::string_body>;

// Takes over a connection whose TLS handshake is done. On the stream's strand.
void start_http_session(std::shared_ptr<ServerState> state, Ticket ticket, AnyStream stream,
                        PeerAddress peer);

// Takes over after a checked upgrade request. On the stream's strand.
void start_ws_session(std::shared_ptr<ServerState> state, Ticket ticket, AnyStream stream,
                      UpgradeRequest upgrade, Request request, WsHandler& handler);

}  // namespace parlour::http
