// A loopback server that says exactly what a test tells it, byte by byte. Each
// path has a script; a connection serves requests until a script closes it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace stemma {

struct Script {
  std::string bytes;         // sent as they are
  bool close = false;        // then FIN
  bool reset = false;        // then RST
  bool hold = false;         // then nothing, until the server ends
  std::string forever = {};  // sent again and again until the peer goes
};

class ScriptedServer {
 public:
  explicit ScriptedServer(std::map<std::string, std::vector<Script>> scripts)
      : scripts_(std::move(scripts)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 64);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Accept(); });
  }
  ~ScriptedServer() {
    stop_ = true;
    thread_.join();
    for (std::thread& t : connections_) t.join();
    ::close(listener_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  std::string Endpoint() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string UrlOf(std::string_view path) const {
    return "http://" + Endpoint() + std::string(path);
  }
  std::vector<std::string> Requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  int Connections() const { return accepted_; }

 private:
  bool Readable(int fd) const {
    while (!stop_) {
      pollfd p{fd, POLLIN, 0};
      if (::poll(&p, 1, 20) > 0) return true;
    }
    return false;
  }
  void Accept() {
    while (Readable(listener_)) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      ++accepted_;
      connections_.emplace_back([this, fd] { Serve(fd); });
    }
  }
  void Serve(int fd) {
    std::string in;
    while (Readable(fd)) {
      char piece[4096];
      const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
      if (got <= 0) break;
      in.append(piece, static_cast<std::size_t>(got));
      bool open = true;
      for (std::size_t end; open && (end = in.find("\r\n\r\n")) != in.npos;) {
        const std::string request = in.substr(0, end + 4);
        in.erase(0, end + 4);
        open = Answer(fd, request);
      }
      if (!open) break;
    }
    ::close(fd);
  }
  bool Answer(int fd, const std::string& request) {
    const std::size_t begin = request.find(' ') + 1;
    const std::string path =
        request.substr(begin, request.find(' ', begin) - begin);
    Script script;
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      const auto found = scripts_.find(path);
      if (found != scripts_.end() && !found->second.empty()) {
        script = found->second.front();
        if (found->second.size() > 1)
          found->second.erase(found->second.begin());
      } else {
        script.bytes = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
      }
    }
    Send(fd, script.bytes);
    while (!script.forever.empty() && !stop_ && Send(fd, script.forever)) {
    }
    if (script.reset) {
      const linger hard{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
      return false;
    }
    while (script.hold && Readable(fd)) {
      char byte;
      if (::recv(fd, &byte, 1, 0) <= 0) return false;
    }
    return !script.close;
  }
  static bool Send(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Script>> scripts_;
  std::vector<std::string> requests_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> accepted_ = 0;
  int listener_ = -1, port_ = 0;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

}  // namespace stemma
