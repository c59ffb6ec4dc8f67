// RTCP packet types, feedback formats and symbols, shared by parser and builders. Private to rtc.
#pragma once

#include <cstdint>

namespace parlour::rtc {

constexpr std::size_t kRtcpHeaderSize = 4;

constexpr std::uint8_t kRtcpSenderReport = 200;
constexpr std::uint8_t kRtcpReceiverReport = 201;
constexpr std::uint8_t kRtcpSourceDescription = 202;
constexpr std::uint8_t kRtcpBye = 203;
constexpr std::uint8_t kRtcpTransportFeedback = 205;
constexpr std::uint8_t kRtcpPayloadFeedback = 206;

constexpr std::uint8_t kFeedbackNack = 1;          // of 205
constexpr std::uint8_t kFeedbackTransportCc = 15;  // of 205
constexpr std::uint8_t kFeedbackPictureLoss = 1;   // of 206
constexpr std::uint8_t kFeedbackFullIntra = 4;     // of 206

constexpr std::uint8_t kSdesCname = 1;

// Packet status symbols of transport-cc feedback.
constexpr std::uint8_t kFeedbackNotReceived = 0;
constexpr std::uint8_t kFeedbackSmallDelta = 1;  // 0..255 · 250 µs
constexpr std::uint8_t kFeedbackLargeDelta = 2;  // −32,768..32,767 · 250 µs

}  // namespace parlour::rtc
