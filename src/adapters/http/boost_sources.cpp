// The sources of Asio and Beast, compiled once (their separate compilation); every other file sees
// declarations.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
