// SPDX-License-Identifier: Apache-2.0
#include "hardware/topology/fabric_fit.hpp"
#include "tests/hardware/topology/fabrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace flopcast {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using tests::machine;
using tests::rails;
using tests::torus;
using tests::tree;

TEST(Misfit, IsNoneWhereSwitchesServeWholeDomains) {
  EXPECT_THAT(misfit(tree({16, 4}), machine(8), 64), IsEmpty());
  EXPECT_THAT(misfit(tree({4, 4}), machine(8), 16), IsEmpty()); // two leaves serve a domain
  EXPECT_THAT(misfit(rails(8, {4, 16}), machine(8), 64), IsEmpty());
  EXPECT_THAT(misfit(rails(4, {4, 16}), machine(8), 64), IsEmpty()); // two GPUs of each on a rail
  EXPECT_THAT(misfit(torus({4, 4, 4}), machine(64), 64), IsEmpty());
  EXPECT_THAT(misfit(torus({4, 4}), machine(64), 16), IsEmpty()); // a part of the domain
  EXPECT_THAT(misfit(Fabric{}, machine(8), 8), IsEmpty());
}

TEST(Misfit, CountsTheGpusThatTheStructureHolds) {
  // 16 x 4 = 64.
  EXPECT_THAT(misfit(tree({16, 4}), machine(8), 65), HasSubstr("holds 64 GPUs"));
  EXPECT_THAT(misfit(torus({4, 4}), machine(64), 17), HasSubstr("holds 16 GPUs"));
}

TEST(Misfit, OfASingleDomainIsASecondOne) {
  EXPECT_THAT(misfit(Fabric{}, machine(8), 9), HasSubstr("no network"));
}

TEST(Misfit, IsALeafOrAPodThatCutsADomain) {
  EXPECT_THAT(misfit(tree({12, 4}), machine(8), 16), HasSubstr("12 GPUs below a leaf"));
  // Leaves of 4 lie in a domain of 8, pods of 3 of them do not.
  EXPECT_THAT(misfit(tree({4, 3, 2}), machine(8), 16), HasSubstr("12 GPUs in a pod"));
}

TEST(Misfit, IsARailThatSomeDomainsLack) {
  EXPECT_THAT(misfit(rails(8, {4, 16}), machine(4), 16), HasSubstr("8 rails"));
  EXPECT_THAT(misfit(rails(3, {8, 6}), machine(8), 16), HasSubstr("3 rails"));
}

TEST(Misfit, IsATorusOfChipsThatTheNodeDoesNotJoin) {
  EXPECT_THAT(misfit(torus({4, 4}), machine(8), 16), HasSubstr("torus of 16 chips"));
}

} // namespace
} // namespace flopcast
