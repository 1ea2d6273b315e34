#include "archive/note.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/checkpoint.h"
#include "hash/sha256.h"

namespace stemma {
namespace {

// golang.org/x/mod/sumdb/note's published example.
constexpr std::string_view kPeter =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
constexpr std::string_view kNote =
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "\xE2\x80\x94 PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdn"
    "gotpRZb6KE6RyyBwJnAM=\n";
// The log of the worked vectors (design/provenance.md 3.11).
constexpr std::string_view kLog =
    "stemma.example/dev-log+f05f2004+Ac+a3Tc9WAz9ypDGTQRUiOYeEFvUo5RZ0eeMqIY+"
    "t2GJ";
constexpr std::string_view kCheckpoint =
    "stemma.example/dev-log\n"
    "8\n"
    "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    "\n"
    "\xE2\x80\x94 stemma.example/dev-log "
    "8F8gBOv4dom9krpRjTqvjvC34Cmo+U3eKvLbVBQSbHhmc0NVlxVqAaqz/AAbfwBOJrYIAKDJ"
    "f3q2eeJ2b702+gdV2QU=\n";

std::vector<VerifierKey> Keys(std::string_view text) {
  return {*ParseVerifierKey(text)};
}

TEST(Note, ThePublishedExampleVerifies) {
  const Result<Note> note = ParseNote(kNote);
  ASSERT_TRUE(note) << note.error().message();
  const auto verified = VerifyNote(*note, Keys(kPeter));
  ASSERT_TRUE(verified) << verified.error().message();
  EXPECT_EQ(verified->at(0).key.name, "PeterNeumann");
  EXPECT_EQ(FormatNote(*note), kNote);
}

TEST(Note, KeysReadBackAsTheyWereWritten) {
  for (const std::string_view text : {kPeter, kLog}) {
    EXPECT_EQ(ParseVerifierKey(text)->Text(), text);
    EXPECT_TRUE(ParseVerifierKey(" " + std::string(text) + "\r\n"));
    for (std::size_t i = 0; i < text.size(); ++i) {
      std::string changed(text);
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      EXPECT_FALSE(ParseVerifierKey(changed)) << changed;
    }
  }
}

TEST(Note, GrammarIsHeld) {
  const auto with = [](std::string_view from, std::string_view to) {
    std::string note(kNote);
    const std::size_t at = note.find(from);
    return note.replace(at, from.size(), to);
  };
  EXPECT_FALSE(ParseNote(with("problem,\n", "problem,\r\n")));
  EXPECT_FALSE(ParseNote(with("problem,", "problem\x01")));
  EXPECT_FALSE(ParseNote(with("problem,", "problem\xC0\x80")));
  EXPECT_FALSE(ParseNote(with("problem,", "problem\xED\xA0\x80")));
  EXPECT_FALSE(ParseNote(with("PeterNeumann ", "Peter Neumann ")));
  EXPECT_FALSE(ParseNote(with("PeterNeumann ", "Peter\xC2\xA0Neumann ")));
  EXPECT_FALSE(ParseNote(with("PeterNeumann ", "Peter+Neumann ")));
  EXPECT_FALSE(ParseNote(with("\xE2\x80\x94 P", "- P")));
  EXPECT_FALSE(ParseNote(with("JnAM=\n", "JnAM=")));
  EXPECT_FALSE(ParseNote(with("JnAM=\n", "JnAN=\n"))) << "unused bits";
  EXPECT_FALSE(ParseNote(with("JnAM=\n", "JnAM=\njunk\n")));
  EXPECT_FALSE(ParseNote(with("\n\n", "\n")));
  EXPECT_FALSE(ParseNote(""));
  std::string many(kNote);
  const std::string line = many.substr(many.rfind("\xE2\x80\x94"));
  for (int i = 1; i < 100; ++i) many += line;
  EXPECT_TRUE(ParseNote(many));
  EXPECT_FALSE(ParseNote(many + line));
}

TEST(Note, AKnownKeyThatFailsRefusesTheWholeNote) {
  Note note = *ParseNote(kCheckpoint);
  NoteSignature bad = note.signatures[0];
  bad.blob[5] = static_cast<char>(bad.blob[5] ^ 1);
  note.signatures.push_back(bad);
  EXPECT_FALSE(VerifyNote(note, Keys(kLog)));
  note.signatures.back().key_id ^= 1;  // now nobody we know
  EXPECT_TRUE(VerifyNote(note, Keys(kLog)));
}

TEST(Checkpoint, OpensForItsLogAlone) {
  CheckpointFault fault;
  const auto opened =
      OpenCheckpoint(kCheckpoint, "stemma.example/dev-log", Keys(kLog), fault);
  ASSERT_TRUE(opened) << fault.why;
  EXPECT_EQ(opened->checkpoint.size, 8U);
  EXPECT_EQ(opened->checkpoint.root.Hex(),
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
  EXPECT_FALSE(
      OpenCheckpoint(kCheckpoint, "other.example/log", Keys(kLog), fault));
  EXPECT_EQ(fault.code, "wrong-origin");
  EXPECT_FALSE(OpenCheckpoint(kCheckpoint, "", Keys(kPeter), fault));
  EXPECT_EQ(fault.code, "signature-invalid");
}

TEST(Checkpoint, EveryChangedByteIsNoticed) {
  for (std::size_t i = 0; i < kCheckpoint.size(); ++i) {
    for (const int mask : {1, 2, 0x20, 0x80}) {
      std::string changed(kCheckpoint);
      changed[i] = static_cast<char>(changed[i] ^ mask);
      CheckpointFault fault;
      EXPECT_FALSE(
          OpenCheckpoint(changed, "stemma.example/dev-log", Keys(kLog), fault))
          << i << " " << changed;
    }
  }
}

TEST(Checkpoint, TextIsHeld) {
  const std::string root = "XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n";
  EXPECT_TRUE(ParseCheckpointText("o\n0\n" + root));
  EXPECT_TRUE(ParseCheckpointText("o\n8\n" + root + "extension\n"));
  for (const std::string& text :
       {"o\n08\n" + root, "o\n-1\n" + root, "o\n+1\n" + root, "o\n\n" + root,
        "\n8\n" + root, "o\n9223372036854775808\n" + root,
        std::string("o\n8\n"), std::string("o\n8\nAAAA\n"),
        "o\n8\n" + root.substr(0, 43) + "\n", "o\n8\n" + root + "\n"}) {
    EXPECT_FALSE(ParseCheckpointText(text)) << text;
  }
}

TEST(TlogProof, ReadsBackAndRefusesTheRest) {
  TlogProof proof;
  proof.index = 2;
  proof.hashes = {Sha256Of("a"), Sha256Of("b")};
  proof.checkpoint = kCheckpoint;
  const std::string text = FormatTlogProof(proof);
  const Result<TlogProof> read = ParseTlogProof(text);
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->index, 2U);
  EXPECT_EQ(read->hashes, proof.hashes);
  EXPECT_EQ(read->checkpoint, kCheckpoint);
  EXPECT_FALSE(ParseTlogProof(text.substr(1)));
  EXPECT_FALSE(ParseTlogProof("c2sp.org/tlog-proof@v1\nindex 02\n\nx\n"));
  EXPECT_FALSE(ParseTlogProof("c2sp.org/tlog-proof@v1\nindex 2\nAAAA\n\nx\n"));
  EXPECT_FALSE(ParseTlogProof("c2sp.org/tlog-proof@v1\nindex 2\n"));
}

}  // namespace
}  // namespace stemma
