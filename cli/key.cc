// stemma key: make, show, use, rotate and revoke the keys that sign a log.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>

#include "archive/archive_writer.h"
#include "archive/durable_file.h"
#include "archive/event_line.h"
#include "archive/keys.h"
#include "archive/log_file.h"
#include "archive/package_key.h"
#include "archive/signing.h"
#include "cli/capture_now.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "cli/sign_archive.h"
#include "core/ascii.h"
#include "core/base64.h"
#include "hash/sha256.h"

namespace stemma::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct KeyOptions {
  std::string name, file, vkey, reason, recovery, tsa_ca, package;
  KeyChoice key, next;
  std::vector<std::string> timestamp, calendar;
  bool encrypt = false, witness = false;
};

std::string FileNameFor(const std::string& name) {
  std::string file;
  for (const char c : name) {
    const bool plain = IsAlnum(c) || c == '.' || c == '-';
    file += plain ? c : '_';
  }
  return file + ".key";
}

// What the log calls itself, to name its key after it.
std::string OriginOf(const fs::path& archive) {
  auto log = LogFile::Open(archive / "manifest" / "events.jsonl");
  if (!log || log->lines() == 0) return {};
  const Result<std::string> first = log->Line(0);
  EventView view;
  if (!first || !view.Read(*first)) return {};
  return std::string(view.Text("origin").value_or(""));
}

Json KeyJson(const VerifierKey& key) {
  const std::string vkey = key.Text();
  const std::size_t plus = vkey.find('+');
  return {{"name", key.name},
          {"id", vkey.substr(plus + 1, 8)},
          {"kind", key.kind == KeyKind::kLog ? "log" : "witness"},
          {"vkey", vkey},
          {"pem", PublicKeyPem(key)}};
}

void PrintKey(const Session& session, const VerifierKey& key,
              const std::string& file) {
  Json json = KeyJson(key);
  if (session.json) {
    json["file"] = file;
    *session.out << json.dump() << "\n";
    return;
  }
  *session.out << key.Text() << "\n";
  session.Note("key file: " + file);
}

Result<std::string> NewPassphrase() {
  if (const char* given = std::getenv("STEMMA_KEY_PASSPHRASE")) {
    return std::string(given);
  }
  return Error(ErrorCode::kInvalidArgument,
               "--encrypt needs the passphrase in STEMMA_KEY_PASSPHRASE");
}

// A key for WACZ packages; it has no name of its own.
int CreateForPackages(const KeyOptions& options, const Session& session,
                      const std::string& passphrase) {
  const fs::path file = options.file.empty()
                            ? KeyFolder() / FileNameFor("package")
                            : fs::path(options.file);
  const Result<PackageKey> key = CreatePackageKey(
      file, passphrase,
      options.package == "p256" ? PackageCurve::kP256 : PackageCurve::kP384);
  if (!key) return session.Fail(key.error());
  if (session.json) {
    *session.out << Json{{"kind", "package"},
                         {"curve", options.package},
                         {"sha256", key->fingerprint},
                         {"file", file.string()}}
                        .dump()
                 << "\n";
    return kDone;
  }
  *session.out << "sha256:" << key->fingerprint << "\n";
  session.Note("key file: " + file.string());
  return kDone;
}

int Create(const KeyOptions& options, const Session& session) {
  std::string passphrase;
  if (options.encrypt) {
    Result<std::string> secret = NewPassphrase();
    if (!secret) return session.Fail(secret.error());
    passphrase = *std::move(secret);
  }
  if (!options.package.empty()) {
    return CreateForPackages(options, session, passphrase);
  }
  const std::string name =
      options.name.empty() ? OriginOf(session.ArchiveDir()) : options.name;
  if (name.empty()) {
    return session.Fail(
        Error(ErrorCode::kInvalidArgument,
              "name the key after the log it will sign, such as "
              "example.org/archive (there is no archive to take it from)"));
  }
  const fs::path file = options.file.empty() ? KeyFolder() / FileNameFor(name)
                                             : fs::path(options.file);
  const Result<SigningKey> key =
      CreateKey(file, name, passphrase,
                options.witness ? KeyKind::kWitness : KeyKind::kLog);
  if (!key) return session.Fail(key.error());
  PrintKey(session, key->verifier, file.string());
  session.Note(
      "keep a copy of the line above on paper: it is what strangers "
      "check with");
  return kDone;
}

int Show(const KeyOptions& options, const Session& session) {
  // The public half is enough, and needs no passphrase.
  Result<std::string> text =
      options.file.ends_with(".vkey")
          ? ReadRegularFile(options.file, 64 << 10)
          : ReadRegularFile(options.file + ".vkey", 64 << 10);
  if (!text) return session.Fail(text.error());
  const Result<VerifierKey> key = ParseVerifierKey(*text);
  if (!key) return session.Fail(key.error());
  if (session.json) {
    PrintKey(session, *key, options.file);
    return kDone;
  }
  *session.out << key->Text() << "\n" << PublicKeyPem(*key);
  return kDone;
}

Result<std::unique_ptr<ArchiveWriter>> OpenArchive(const Session& session) {
  const fs::path dir = session.ArchiveDir();
  std::error_code failed;
  if (!fs::exists(dir / "manifest" / "events.jsonl", failed)) {
    return Error(ErrorCode::kInvalidArgument,
                 dir.string() + ": there is no archive here (--archive DIR)");
  }
  ArchiveOptions how;
  how.clock = session.clock;
  how.free_space_floor = 0;
  return ArchiveWriter::Open(dir, how);
}

void PrintCheckpoint(const Session& session, const Checkpoint& checkpoint,
                     const SigningReport& report) {
  if (session.json) {
    *session.out << Json{{"origin", checkpoint.origin},
                         {"size", checkpoint.size},
                         {"root", Base64Of(BytesOf(checkpoint.root))},
                         {"timestamps", report.tokens},
                         {"promised", report.promised},
                         {"upgraded", report.upgraded}}
                        .dump()
                 << "\n";
    return;
  }
  *session.out << fmt::format("{}: {} events signed, {} timestamps{}\n",
                              ForTerminal(checkpoint.origin), checkpoint.size,
                              report.tokens, WordsForCalendars(report));
}

int Sign(const KeyOptions& options, const Session& session) {
  Result<SigningKey> key = OpenKey(options.key);
  if (!key) return session.Fail(key.error());
  SignWith how;
  how.keys = {*std::move(key)};
  how.recovery_vkey = options.recovery;
  how.timestamp_urls = options.timestamp;
  how.calendar_urls = options.calendar;
  how.policy = PolicyOf(session);
  if (!options.tsa_ca.empty()) {
    Result<std::string> pem = ReadRegularFile(options.tsa_ca, 1 << 20);
    if (!pem) return session.Fail(pem.error());
    how.tsa_ca_pem = *std::move(pem);
  }
  if (!options.recovery.empty() && !ParseVerifierKey(options.recovery)) {
    return session.Fail(
        Error(ErrorCode::kInvalidArgument, "--recovery is no verifier key"));
  }
  Result<std::unique_ptr<ArchiveWriter>> writer = OpenArchive(session);
  if (!writer) return session.Fail(writer.error());
  if (Status sealed = (*writer)->Seal(); !sealed) {
    return session.Fail(sealed.error());
  }
  const Result<SigningReport> report = SignNow(session, **writer, how);
  if (!report) return session.Fail(report.error());
  if (!report->checkpoint) {
    session.Note("nothing new since the newest checkpoint");
    return kDone;
  }
  PrintCheckpoint(session, *report->checkpoint, *report);
  const bool all =
      report->tokens == static_cast<int>(options.timestamp.size()) &&
      report->promised == static_cast<int>(options.calendar.size());
  return all ? kDone : kTrouble;
}

int Rotate(const KeyOptions& options, const Session& session) {
  const Result<SigningKey> old = OpenKey(options.key);
  if (!old) return session.Fail(old.error());
  const Result<SigningKey> next = OpenKey(options.next);
  if (!next) return session.Fail(next.error());
  Result<std::unique_ptr<ArchiveWriter>> writer = OpenArchive(session);
  if (!writer) return session.Fail(writer.error());
  const Result<Checkpoint> checkpoint =
      RotateKey(**writer, *old, *next, options.reason);
  if (!checkpoint) return session.Fail(checkpoint.error());
  PrintCheckpoint(session, *checkpoint, {});
  return kDone;
}

int Revoke(const KeyOptions& options, const Session& session) {
  const Result<VerifierKey> revoked = ParseVerifierKey(options.vkey);
  if (!revoked) return session.Fail(revoked.error());
  const Result<SigningKey> by = OpenKey(options.key);
  if (!by) return session.Fail(by.error());
  Result<std::unique_ptr<ArchiveWriter>> writer = OpenArchive(session);
  if (!writer) return session.Fail(writer.error());
  const Status done = RevokeKey(**writer, *revoked, *by, options.reason);
  if (!done) return session.Fail(done.error());
  *session.out << fmt::format("revoked {}\n", revoked->Text());
  session.Note("sign the log again with a key that counts: stemma key sign");
  return kDone;
}

// --key FILE, or a command that signs with the key it names.
void AddKeyChoice(CLI::App& command, KeyChoice& choice, const std::string& name,
                  const std::string& about) {
  CLI::Option* file =
      command.add_option("--" + name, choice.file, about)->type_name("FILE");
  CLI::Option* by = command
                        .add_option("--" + name + "-command", choice.command,
                                    "or: a command that signs with it")
                        ->type_name("CMD")
                        ->excludes(file);
  CLI::Option* vkey = command
                          .add_option("--" + name + "-vkey", choice.vkey,
                                      "verifier key of that command")
                          ->type_name("VKEY");
  by->needs(vkey);
}

using Action = int (*)(const KeyOptions&, const Session&);

void Run(CLI::App& command, const std::shared_ptr<KeyOptions>& options,
         Session& session, Action action) {
  command.callback([options, &command, &session, action] {
    for (const char* name : {"--key", "--new"}) {
      const CLI::Option* file = command.get_option_no_throw(name);
      if (file == nullptr || *file ||
          *command.get_option(std::string(name) + "-command")) {
        continue;
      }
      *session.err << "stemma key: which key? " << name << " FILE, or " << name
                   << "-command CMD.\n";
      session.exit_code = kUsage;
      return;
    }
    session.exit_code = action(*options, session);
  });
}

void AddCreate(CLI::App& keys, const std::shared_ptr<KeyOptions>& options,
               Session& session) {
  CLI::App* command = keys.add_subcommand("create", "make a signing key");
  command->add_option("NAME", options->name,
                      "the log's name, as example.org/archive [the archive's]");
  command->add_option("--out", options->file, "key file [in ~/.config/stemma]");
  command->add_flag("--encrypt", options->encrypt,
                    "with the passphrase in STEMMA_KEY_PASSPHRASE");
  command->add_flag("--witness", options->witness,
                    "a key that cosigns other people's logs");
  command
      ->add_option("--package", options->package,
                   "a key for WACZ packages instead: p384, which replay tools "
                   "verify, or p256")
      ->type_name("CURVE")
      ->check(CLI::IsMember({"p384", "p256"}));
  command->footer(
      "examples:\n"
      "  stemma key create example.org/archive\n"
      "  stemma key create --package p384 --out wacz.key");
  Run(*command, options, session, Create);
}

void AddShow(CLI::App& keys, const std::shared_ptr<KeyOptions>& options,
             Session& session) {
  CLI::App* command =
      keys.add_subcommand("show", "the public half: verifier key and PEM");
  command->add_option("FILE", options->file, "a key file")->required();
  command->footer(
      "examples:\n"
      "  stemma key show stemma.key\n"
      "  stemma --json key show stemma.key");
  Run(*command, options, session, Show);
}

void AddSign(CLI::App& keys, const std::shared_ptr<KeyOptions>& options,
             Session& session) {
  CLI::App* command = keys.add_subcommand(
      "sign", "sign the archive's log now, with timestamps if wished");
  AddKeyChoice(*command, options->key, "key", "key file");
  command->add_option("--timestamp", options->timestamp,
                      "URL of an RFC 3161 authority; repeatable");
  command
      ->add_option("--calendar", options->calendar, std::string(kCalendarHelp))
      ->type_name("URL");
  command->add_option("--tsa-ca", options->tsa_ca,
                      "roots its answers must lead to (PEM)");
  command->add_option("--recovery", options->recovery,
                      "verifier key kept offline, announced with the first "
                      "signature");
  AddNetworkOptions(*command, session);
  command->footer(
      "exit: 0 signed, 3 an authority did not answer or the disk failed\n"
      "examples:\n"
      "  stemma key sign --key stemma.key\n"
      "  stemma key sign --key stemma.key --timestamp https://tsa.example.org");
  Run(*command, options, session, Sign);
}

void AddRotate(CLI::App& keys, const std::shared_ptr<KeyOptions>& options,
               Session& session) {
  CLI::App* command =
      keys.add_subcommand("rotate", "let another key sign from here on");
  AddKeyChoice(*command, options->key, "key", "the key so far");
  AddKeyChoice(*command, options->next, "new",
               "the next key, of the same name");
  command->add_option("--reason", options->reason, "for the log [scheduled]")
      ->default_val("scheduled");
  command->footer(
      "examples:\n"
      "  stemma key rotate --key 2025.key --new 2026.key\n"
      "  stemma key rotate --key a.key --new b.key --reason staff");
  Run(*command, options, session, Rotate);
}

void AddRevoke(CLI::App& keys, const std::shared_ptr<KeyOptions>& options,
               Session& session) {
  CLI::App* command = keys.add_subcommand(
      "revoke", "log that a key counts no more from here on");
  command->add_option("VKEY", options->vkey, "the verifier key to revoke")
      ->required();
  AddKeyChoice(*command, options->key, "key",
               "who vouches: the recovery key, or another of the log");
  command->add_option("--reason", options->reason, "for the log [compromised]")
      ->default_val("compromised");
  command->footer(
      "examples:\n"
      "  stemma key revoke \"$(cat old.key.vkey)\" --key recovery.key\n"
      "  stemma key revoke VKEY --key new.key --reason 'laptop stolen'");
  Run(*command, options, session, Revoke);
}

}  // namespace

void AddKey(CLI::App& root, Session& session) {
  const auto options = std::make_shared<KeyOptions>();
  CLI::App* keys =
      root.add_subcommand("key", "make, use, rotate and revoke signing keys");
  keys->require_subcommand(1);
  AddCreate(*keys, options, session);
  AddShow(*keys, options, session);
  AddSign(*keys, options, session);
  AddRotate(*keys, options, session);
  AddRevoke(*keys, options, session);
  keys->footer(
      "examples:\n"
      "  stemma key create example.org/archive\n"
      "  stemma key sign --key stemma.key");
}

}  // namespace stemma::cli
