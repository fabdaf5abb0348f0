// BlobText.swift — a purgatory in words
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

extension Blob {
  /// What a person needs at a glance, in lines.
  package var text: [String] {
    let info = info
    let relative = info.flags.contains(.relative)
    let address = { (value: UInt64) in relative ? "base \(signedHex(value))" : String(hex: value) }
    var rows: [(String, String)] = [
      ("format", format.words),
      ("load size", "\(loadRange.count.grouped) bytes"),
      ("memory size", "\(info.memorySize.grouped) bytes"),
      ("info", "version \(info.version) at \(String(hex: UInt64(infoOffset)))"),
      ("kernel entry", info.kernelEntry == 0 ? "none" : address(info.kernelEntry)),
      ("device tree", info.dtbAddress == 0 ? "x0 as the purgatory is entered" : address(info.dtbAddress)),
      ("flags", info.flags.names.isEmpty ? "none" : info.flags.names.joined(separator: ", ")),
      ("console", info.console?.text ?? "none"),
      (
        "on failure",
        info.onFailure.name + (info.onFailure.usesPSCI ? " (psci over \(info.psciConduit.name))" : "")
      ),
      ("status", info.status.name),
    ]
    if info.resultAddress != 0 { rows.append(("result", "stored at \(address(info.resultAddress))")) }
    for (index, region) in info.usedRegions {
      let end = region.base &+ region.size
      let digest = info.flags.contains(.verifyRegions) ? "  sha256 \(region.digest)" : ""
      rows.append(
        (
          "region \(index)",
          "\(address(region.base)) to \(address(end)), \(region.size.grouped) bytes\(digest)"
        ))
    }
    if info.flags.contains(.verifyCombined) { rows.append(("all regions", "sha256 \(info.combinedDigest)")) }
    rows.append(("ready", info.readiness))
    let width = rows.map(\.0.count).max() ?? 0
    return ["\(file):"] + rows.map { "  \($0)\(String(repeating: " ", count: width - $0.count))  \($1)" }
  }

  /// One line, after the blob was written to `path`.
  func summary(as path: String) -> String {
    let regions = info.usedRegions
    let bytes = regions.reduce(0 as UInt64) { $0 &+ $1.region.size }
    let size = format == .bundle ? contents.count : UInt64(loadRange.count)
    return
      "\(path): \(size.grouped) bytes, \(regions.count) region\(regions.count == 1 ? "" : "s") (\(bytes.grouped) bytes), "
      + (info.missing.isEmpty ? "ready" : "not ready: lacks \(info.missing.joined(separator: ", "))")
  }
}

extension PurgatoryInfo.Console {
  fileprivate var text: String {
    if isSilent { return name }
    let place = "\(name) at \(String(hex: base))"
    return name == "described" ? "\(place) (\(uart.fields))" : place
  }
}

extension Blob.Format {
  fileprivate var words: String {
    switch self {
    case .elf: "position-independent ELF"
    case .bin: "flat"
    case .ro: "object without relocations"
    case .bundle: "bundle: an arm64 Image with its kernel"
    }
  }
}

extension PurgatoryInfo {
  fileprivate var readiness: String {
    if !missing.isEmpty { return "no, lacks \(missing.joined(separator: ", "))" }
    if !findings().isEmpty { return "no, what it holds would be refused" }
    return skipChecks ? "yes, without verifying anything" : "yes"
  }
}

/// An offset modulo 2^64 as a person reads it: `+0x1000`, `-0x1000`.
func signedHex(_ value: UInt64) -> String {
  let signed = Int64(bitPattern: value)
  return (signed < 0 ? "-" : "+") + String(hex: signed.magnitude)
}
