#include "fetch/retry.h"

#include <gtest/gtest.h>

namespace stemma {
namespace {

using std::chrono::milliseconds;

FetchOutcome WithStatus(int status) {
  FetchOutcome outcome;
  outcome.exchange.status = status;
  return outcome;
}
FetchOutcome WithFailure(ErrorCode code) {
  FetchOutcome outcome;
  outcome.failure = Error(code, "x");
  return outcome;
}

TEST(Retry, TellsTroubleFromAnswers) {
  EXPECT_EQ(Classify(WithStatus(200)), Trouble::kNone);
  EXPECT_EQ(Classify(WithStatus(404)), Trouble::kNone);
  EXPECT_EQ(Classify(WithStatus(429)), Trouble::kOverloaded);
  EXPECT_EQ(Classify(WithStatus(503)), Trouble::kOverloaded);
  EXPECT_EQ(Classify(WithStatus(500)), Trouble::kServerError);
  EXPECT_EQ(Classify(WithFailure(ErrorCode::kNetwork)), Trouble::kTransient);
  EXPECT_EQ(Classify(WithFailure(ErrorCode::kRefused)), Trouble::kPermanent);
  EXPECT_EQ(Classify(WithFailure(ErrorCode::kMalformed)), Trouble::kPermanent);
  FetchOutcome cut = WithStatus(200);
  cut.exchange.truncated = Truncation::kDisconnect;
  EXPECT_EQ(Classify(cut), Trouble::kTransient);
  cut.exchange.truncated = Truncation::kLength;
  EXPECT_EQ(Classify(cut), Trouble::kNone);
  FetchOutcome stranger = WithFailure(ErrorCode::kNetwork);
  stranger.exchange.connection.tls_verify = "certificate has expired";
  EXPECT_EQ(Classify(stranger), Trouble::kPermanent);
  FetchOutcome mute = WithFailure(ErrorCode::kNetwork);
  mute.exchange.finished = mute.exchange.started + std::chrono::seconds(15);
  EXPECT_EQ(Classify(mute), Trouble::kPermanent);
}

TEST(Retry, WaitsLongerEachTimeAndThenGivesUp) {
  RetryPolicy policy;
  policy.max_attempts = 4;
  policy.first_wait = milliseconds(1000);
  const auto wait = [&](int attempt, double jitter) {
    return NextTry(policy, Trouble::kTransient, attempt, std::nullopt, jitter);
  };
  EXPECT_EQ(wait(1, 0.0), milliseconds(500));
  EXPECT_EQ(wait(1, 1.0), milliseconds(1000));
  EXPECT_EQ(wait(2, 1.0), milliseconds(2000));
  EXPECT_EQ(wait(3, 1.0), milliseconds(4000));
  EXPECT_EQ(wait(4, 1.0), std::nullopt);
  EXPECT_EQ(NextTry(policy, Trouble::kPermanent, 1, std::nullopt, 0),
            std::nullopt);
  EXPECT_EQ(NextTry(policy, Trouble::kNone, 1, std::nullopt, 0), std::nullopt);
}

TEST(Retry, IsCappedEvenAfterAbsurdlyManyAttempts) {
  RetryPolicy policy;
  policy.max_attempts = 1 << 30;
  EXPECT_EQ(NextTry(policy, Trouble::kTransient, 1'000'000, std::nullopt, 1.0),
            policy.max_wait);
}

TEST(Retry, NeverShortensWhatTheServerAsksFor) {
  const RetryPolicy policy;
  EXPECT_EQ(
      NextTry(policy, Trouble::kOverloaded, 1, milliseconds(120'000), 0.0),
      milliseconds(120'000));
  EXPECT_EQ(NextTry(policy, Trouble::kOverloaded, 1, milliseconds(0), 0.0),
            milliseconds(250));
  EXPECT_EQ(NextTry(policy, Trouble::kOverloaded, 1,
                    policy.max_retry_after + milliseconds(1), 0.0),
            std::nullopt);
}

}  // namespace
}  // namespace stemma
