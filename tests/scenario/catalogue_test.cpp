// Every kind of entry that the writer's catalogue has is written by some scenario, or stands below with the
// reason why not. Looked at after all tests of this program, and only when all of them ran.
#include "audit/format/catalogue.h"
#include "world.h"

namespace parlour::scenario {
namespace {

const std::map<std::string_view, std::string_view> kNotByUseCases{
    {"server.started", "bin/parlour/serve.cpp writes it around the use cases; tests/e2e sees it"},
    {"server.stopped", "bin/parlour/serve.cpp, as above"},
    {"log.key", "bin/parlour/serve.cpp writes it when it first meets the vault's key"},
    {"recorder.key", "bin/parlour/serve.cpp writes it when it first meets the vault's key"},
    {"completeness.report", "reserved for the daily report"},
    {"config.changed", "reserved: there are no settings that can be changed while it runs"},
    {"participant.removed",
     "reserved: who leaves a Roster leaves; the removal by an adviser comes with its feature"},
    {"recording.exempted", "reserved: the exemption of a missing recording comes with its feature"},
};

class WholeCatalogue final : public ::testing::Environment {
 public:
  void TearDown() override {
    if (::testing::UnitTest::GetInstance()->test_to_run_count() <
        ::testing::UnitTest::GetInstance()->total_test_count())
      return;
    for (const audit::EventRule& rule : audit::event_catalogue()) {
      bool written = World::emitted().contains(std::string(rule.name));
      bool excused = kNotByUseCases.contains(rule.name);
      if (!written && !excused) ADD_FAILURE() << "no scenario writes " << rule.name;
      if (written && excused)
        ADD_FAILURE() << rule.name << " is written by a scenario: its excuse is out of date";
    }
    for (const auto& [name, reason] : kNotByUseCases)
      if (audit::find_event(name) == nullptr) ADD_FAILURE() << name << " is not in the catalogue any more";
  }
};

[[maybe_unused]] const auto* const kRegistered = ::testing::AddGlobalTestEnvironment(new WholeCatalogue);

}  // namespace
}  // namespace parlour::scenario
